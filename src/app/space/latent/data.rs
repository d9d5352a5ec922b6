//! Where patches come from, for Train and Judge.

use std::path::PathBuf;

use egui::{DragValue, RichText, Ui};

use super::state::{Data, LatentSpace, NAME};
use crate::app::shared::Shared;
use crate::app::shared::ask::{ask_for_files, picture_filters};
use crate::app::shared::question::PathKind;
use crate::app::widgets::{heading, value};
use crate::job::{PatchSource, Train};
use crate::latent::{LatentSettings, Picture};

/// Asks for micrographs or folders of them.
pub fn ask_for_pictures(shared: &mut Shared, kind: PathKind) {
    ask_for_files(shared, NAME, kind, "A micrograph, or a folder of them", picture_filters(kind));
}

/// Why there are no patches yet, if there are none.
pub fn missing_data(space: &LatentSpace, shared: &Shared) -> Option<&'static str> {
    match space.page_data() {
        Data::Open if shared.document.is_none() => Some("Open a micrograph first, or choose other data."),
        Data::Files(files) if files.is_empty() => Some("Choose micrographs or a folder first, or drop them here."),
        _ => None,
    }
}

pub fn train_request(space: &LatentSpace, shared: &Shared, settings: LatentSettings, output: PathBuf) -> Train {
    let source = match space.page_data() {
        Data::Open => PatchSource::Pictures(
            shared.document.iter().map(|d| Picture::of(d.micrograph(), d.phases().map(|p| &**p))).collect(),
        ),
        Data::Files(files) => {
            let recipe = shared.document.as_ref().filter(|_| space.prepares).map(|_| shared.settings.recipe.clone());
            PatchSource::Files(files.clone(), recipe)
        }
        Data::Graphite => PatchSource::Graphite(space.graphite, settings.seed),
    };
    let (stride, most_patches) = (space.stride, space.most_patches);
    Train { source, stride, most_patches, settings, output, as_f16: false, resume: false }
}

/// Where patches come from, for Train and Judge.
pub fn data_choice(space: &mut LatentSpace, shared: &mut Shared, ui: &mut Ui) {
    heading(ui, "Data");
    let open = shared.document.as_ref().map_or("no micrograph is open".to_string(), |d| d.raw.name.clone());
    let is_files = matches!(space.page_data(), Data::Files(_));
    ui.radio_value(space.page_data_mut(), Data::Open, format!("This micrograph ({open})"))
        .on_hover_text("The open micrograph with its preparation and phases.");
    ui.horizontal(|ui| {
        if ui.radio(is_files, "Micrographs").on_hover_text("Drop files or folders here.").clicked() && !is_files {
            *space.page_data_mut() = Data::Files(vec![]);
        }
        if ui.button("Files…").clicked() {
            ask_for_pictures(shared, PathKind::Files);
        }
        if ui.button("Folder…").on_hover_text("Subfolders are read as well; their names become labels.").clicked() {
            ask_for_pictures(shared, PathKind::Folders);
        }
    });
    if let Data::Files(files) = space.page_data() {
        let names: Vec<_> = files.iter().filter_map(|f| f.file_name()).map(|n| n.to_string_lossy()).collect();
        let text = if names.is_empty() { "nothing chosen yet".to_string() } else { names.join(", ") };
        ui.add(egui::Label::new(RichText::new(&text).weak()).truncate()).on_hover_text(&text);
        if shared.document.is_some() {
            let tip = "Each file gets the preparation, segmentation and corrections of the open micrograph. Without this it is taken as it is.";
            value(ui, "Prepare", tip, &mut space.prepares, &false, |ui, v| ui.checkbox(v, "like the open micrograph"));
        }
    }
    ui.radio_value(space.page_data_mut(), Data::Graphite, "Synthetic graphite")
        .on_hover_text("Cast-iron-like micrographs with known nodularity, size and area fraction, to try things on.");
    if *space.page_data() == Data::Graphite {
        let tip = "How many micrographs are made, each with factors of its own.";
        value(ui, "Micrographs", tip, &mut space.graphite, &400, |ui, v| ui.add(DragValue::new(v).range(20..=10_000)));
    } else {
        let tip = "Pixels from one patch to the next.";
        value(ui, "Stride", tip, &mut space.stride, &50, |ui, v| {
            ui.add(DragValue::new(v).range(1..=1024).suffix(" px"))
        });
    }
}
