//! The page that makes a map: set, values, distances, embedding.

use egui::{DragValue, ProgressBar, RichText, ScrollArea, TextEdit, Ui};

use super::state::{Kind, MapSpace, NAME, Set, Wanted};
use crate::app::shared::Shared;
use crate::app::shared::ask::{ask_for_files, model_row, picture_filters};
use crate::app::shared::methods::gram_settings;
use crate::app::shared::question::PathKind;
use crate::app::theme;
use crate::app::widgets::{choice, heading, primary, row, value};
use crate::job::{DistanceKind, MakeMap, MapSource, Progress, Request, ScalingKind};
use crate::latent::Picture;
use crate::net::Layer;

/// The layers that texture vectors can be made of.
const LAYERS: [&str; 5] = ["conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"];

/// The page.
pub fn make_page(space: &mut MapSpace, shared: &mut Shared, ui: &mut Ui) {
    egui::Panel::bottom("map start")
        .frame(egui::Frame::NONE)
        .show_separator_line(true)
        .show(ui, |ui| start_controls(space, shared, ui));
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        ui.add_enabled_ui(!space.is_running(), |ui| {
            set_rows(&mut space.wanted, shared, ui);
            value_rows(&mut space.wanted, shared, ui);
            distance_rows(&mut space.wanted, shared, ui);
            embedding_rows(&mut space.wanted, ui);
        });
    });
}

fn set_rows(wanted: &mut Wanted, shared: &mut Shared, ui: &mut Ui) {
    heading(ui, "Set");
    ui.horizontal(|ui| {
        ui.radio_value(&mut wanted.set, Set::Files, "Micrographs")
            .on_hover_text("Files, and folders with their subfolders. Drop them on the window.");
        if ui.button("Files…").on_hover_text("Choose micrographs.").clicked() {
            wanted.set = Set::Files;
            ask_for_pictures(shared, PathKind::Files);
        }
        if ui.button("Folder…").on_hover_text("Choose a folder of micrographs; subfolders are read as well.").clicked()
        {
            wanted.set = Set::Files;
            ask_for_pictures(shared, PathKind::Folders);
        }
    });
    let names: Vec<_> = wanted.files.iter().filter_map(|f| f.file_name()).map(|n| n.to_string_lossy()).collect();
    let text = if names.is_empty() { "nothing chosen yet".to_string() } else { names.join(", ") };
    ui.add(egui::Label::new(RichText::new(&text).weak()).truncate()).on_hover_text(&text);
    let open = shared.document.as_ref().map_or("no micrograph is open".to_string(), |d| d.raw.name.clone());
    ui.radio_value(&mut wanted.set, Set::Open, format!("Patches of this micrograph ({open})"))
        .on_hover_text("The open micrograph with its preparation and phases, cut into patches.");
    ui.radio_value(&mut wanted.set, Set::Marble, "Synthetic marble")
        .on_hover_text("Striped pictures with known angle, scale and noise (Lubbers et al. 2017).");
    ui.radio_value(&mut wanted.set, Set::Graphite, "Synthetic graphite")
        .on_hover_text("Cast-iron-like micrographs with known nodularity, radius and fraction.");
    let defaults = Wanted::default();
    match wanted.set {
        Set::Marble | Set::Graphite => {
            let tip = "How many pictures are made.";
            value(ui, "Pictures", tip, &mut wanted.count, &defaults.count, |ui, v| {
                ui.add(DragValue::new(v).range(5..=100_000))
            });
            let tip = "Edge of the pictures.";
            value(ui, "Edge", tip, &mut wanted.synthetic_edge, &defaults.synthetic_edge, |ui, v| {
                ui.add(DragValue::new(v).range(16..=1024).suffix(" px"))
            });
            let tip = "The same seed gives the same pictures.";
            value(ui, "Seed", tip, &mut wanted.seed, &defaults.seed, |ui, v| ui.add(DragValue::new(v)));
        }
        Set::Files => {
            let tip = "Cut pictures into patches, each a member of the set. They share the values of their picture.";
            value(ui, "Patches", tip, &mut wanted.cuts, &defaults.cuts, |ui, v| ui.checkbox(v, "cut pictures"));
            let tip = "Each file gets the preparation, segmentation and corrections of the open micrograph. Without this it is taken as it is.";
            if shared.document.is_some() {
                value(ui, "Prepare", tip, &mut wanted.prepares, &false, |ui, v| {
                    ui.checkbox(v, "like the open micrograph")
                });
            }
        }
        Set::Open => {}
    }
    if wanted.set == Set::Open || wanted.set == Set::Files && wanted.cuts {
        let tip = "Edge of the patches: several times the largest particle or pore.";
        value(ui, "Patch", tip, &mut wanted.edge, &defaults.edge, |ui, v| {
            ui.add(DragValue::new(v).range(16..=4096).suffix(" px"))
        });
        let tip = "Pixels from one patch to the next.";
        value(ui, "Stride", tip, &mut wanted.stride, &defaults.stride, |ui, v| {
            ui.add(DragValue::new(v).range(1..=4096).suffix(" px"))
        });
    }
}

fn value_rows(wanted: &mut Wanted, shared: &mut Shared, ui: &mut Ui) {
    if wanted.set != Set::Files {
        return;
    }
    heading(ui, "Values");
    let tip = "A table (CSV) with a row for each file: how it was made, what was measured.";
    row(ui, "Table", tip, |ui| {
        ui.horizontal(|ui| {
            if ui.button("Table…").on_hover_text(tip).clicked() {
                ask_for_table(shared);
            }
            if let Some(path) = &wanted.table {
                if ui.small_button("×").on_hover_text("Take no table.").clicked() {
                    wanted.table = None;
                    return;
                }
                let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
                ui.add(egui::Label::new(RichText::new(name).weak()).truncate());
            }
        })
        .response
    });
    let tip = "Values in names of files and folders, such as T{temperature}_t{time}.tif";
    value(ui, "Names", tip, &mut wanted.pattern, &String::new(), |ui, v| {
        ui.add(TextEdit::singleline(v).hint_text("T{temperature}_t{time}").desired_width(f32::INFINITY))
    });
}

fn distance_rows(wanted: &mut Wanted, shared: &mut Shared, ui: &mut Ui) {
    heading(ui, "Distances");
    let options = [
        (Kind::Textures, "Texture vectors"),
        (Kind::Spectra, "Power spectra"),
        (Kind::Statistics, "Statistics of phases"),
        (Kind::Latent, "Latent points"),
    ];
    let tip = match wanted.kind {
        Kind::Textures => "Gram matrices of a feature network (Lubbers et al. 2017): what pictures look like.",
        Kind::Spectra => "Power spectra. Their distances compare two-point correlations.",
        Kind::Statistics => "Volume fraction, surface, chords, components and S2 of each phase.",
        Kind::Latent => "Latent points of a model that was trained in the Latent workspace.",
    };
    choice(ui, "Between", tip, &mut wanted.kind, &Kind::Textures, &options);
    let defaults = Wanted::default();
    match wanted.kind {
        Kind::Textures => {
            let network = format!("Network: {}", gram_settings(shared).weights.label());
            ui.label(RichText::new(network).weak()).on_hover_text("Chosen in the Reconstruct workspace.");
            let (textures, own) = (&mut wanted.textures, &defaults.textures);
            let tip = "The layers whose Gram matrices are compared, with their weights. Deep ones see larger patterns; 0 leaves a layer out.";
            for name in LAYERS {
                layer_row(ui, name, tip, &mut textures.layers, &own.layers);
            }
            let tip = "Scale layers so that all count alike over the set. Without it each Gram matrix is divided by its number of channels, as in the paper.";
            value(ui, "Layers", tip, &mut textures.alike, &own.alike, |ui, v| ui.checkbox(v, "count alike"));
            let tip = "Take the mean over quarter turns and mirror images, so that the direction does not count. Pictures have to be squares.";
            value(ui, "Direction", tip, &mut textures.turned, &own.turned, |ui, v| ui.checkbox(v, "does not count"));
            let tip = "Bring all pictures to the same mean and contrast first.";
            value(ui, "Contrast", tip, &mut textures.normalised, &own.normalised, |ui, v| {
                ui.checkbox(v, "does not count")
            });
        }
        Kind::Statistics if !wanted.prepares && wanted.set == Set::Files => {
            ui.add(
                egui::Label::new(
                    RichText::new("Pictures that are no label files have to be segmented: tick “Prepare”.").weak(),
                )
                .wrap(),
            );
        }
        Kind::Latent => {
            let tip = "The file of a latent model. Without one the built-in model is taken.";
            model_row(ui, shared, NAME, tip, "built in", &mut wanted.model);
        }
        _ => {}
    }
}

/// The weight of a layer; 0 leaves it out.
fn layer_row(ui: &mut Ui, name: &str, tip: &str, layers: &mut Vec<(Layer, f64)>, defaults: &[(Layer, f64)]) {
    let Some(layer) = Layer::named(name) else { return };
    let weight_in = |all: &[(Layer, f64)]| all.iter().find(|(own, _)| *own == layer).map_or(0.0, |(_, weight)| *weight);
    let before = weight_in(layers);
    let mut weight = before;
    value(ui, name, tip, &mut weight, &weight_in(defaults), |ui, v| {
        ui.add(DragValue::new(v).range(0.0..=100.0).speed(0.1).max_decimals(2))
    });
    if weight != before {
        layers.retain(|(own, _)| *own != layer);
        if weight > 0.0 {
            layers.push((layer, weight));
            layers.sort_by_key(|(layer, _)| *layer);
        }
    }
}

fn embedding_rows(wanted: &mut Wanted, ui: &mut Ui) {
    heading(ui, "Embedding");
    let options = ScalingKind::ALL.map(|kind| (kind, kind.name()));
    let tip = wanted.scaling.tooltip();
    choice(ui, "Method", tip, &mut wanted.scaling, &ScalingKind::Stress, &options);
    let tip = "The most dimensions D*. Embeddings in fewer ones are made too, and their stress is compared.";
    value(ui, "Dimensions", tip, &mut wanted.most, &Wanted::default().most, |ui, v| {
        ui.add(DragValue::new(v).range(2..=50))
    });
}

fn start_controls(space: &mut MapSpace, shared: &mut Shared, ui: &mut Ui) {
    ui.add_space(theme::STEP);
    if space.is_running() {
        running(space, ui);
        return;
    }
    if let Some(reason) = space.job.failure.as_ref().or(space.adding.failure.as_ref()) {
        let color = theme::palette(ui).error;
        ui.add(egui::Label::new(RichText::new(reason).small().color(color)).wrap());
    }
    let missing = missing(space, shared);
    let start = ui.add_enabled_ui(missing.is_none(), |ui| {
        let size = [ui.available_width(), 36.0];
        ui.add_sized(size, primary(ui, "Make the map"))
    });
    if start.inner.on_disabled_hover_text(missing.unwrap_or_default()).clicked() {
        start_making(space, shared);
    }
    ui.add_space(4.0);
}

/// Progress and the button that stops.
pub fn running(space: &MapSpace, ui: &mut Ui) {
    let progress = if space.job.is_running() { &space.job.progress } else { &space.adding.progress };
    ui.add(ProgressBar::new(progress.share() as f32).text(format!("{:.0} %", 100.0 * progress.share())));
    ui.add(egui::Label::new(RichText::new(progress.doing()).small().weak()).wrap());
    if ui.button("Stop").on_hover_text("End it without a new map; the one before stays.").clicked() {
        stop(space);
    }
    ui.add_space(4.0);
}

/// Stops what runs.
pub fn stop(space: &MapSpace) {
    space.job.request(Request::Cancel);
    space.adding.request(Request::Cancel);
}

/// Why no map can be made now.
pub fn missing(space: &MapSpace, shared: &Shared) -> Option<&'static str> {
    let wanted = &space.wanted;
    match wanted.set {
        _ if space.is_running() => Some("A map is being made."),
        Set::Files if wanted.files.is_empty() => Some("Choose micrographs or a folder first, or drop them here."),
        Set::Open if shared.document.is_none() => Some("Open a micrograph first, or choose another set."),
        _ if wanted.kind == Kind::Textures && wanted.textures.layers.is_empty() => {
            Some("Give a layer of the network a weight above 0.")
        }
        _ => None,
    }
}

/// Starts making the map that is wanted.
pub fn start_making(space: &mut MapSpace, shared: &mut Shared) {
    if missing(space, shared).is_some() {
        return;
    }
    let request = request_of(&space.wanted, shared);
    space.adding.failure = None;
    space.job.start(request, &shared.wake);
}

/// Dimensions up to a number: all small ones, and some of the larger ones.
fn dimensions_up_to(most: usize) -> Vec<usize> {
    const LARGE: [usize; 8] = [8, 10, 12, 15, 20, 30, 40, 50];
    let mut all: Vec<usize> = (1..=6).chain(LARGE).filter(|wanted| *wanted < most).collect();
    all.push(most);
    all
}

fn request_of(wanted: &Wanted, shared: &Shared) -> MakeMap {
    let source = match wanted.set {
        Set::Files => MapSource::Files(wanted.files.clone()),
        Set::Open => MapSource::Pictures(
            shared.document.iter().map(|d| Picture::of(d.micrograph(), d.phases().map(|p| &**p))).collect(),
        ),
        Set::Marble => MapSource::Marble(wanted.count, wanted.synthetic_edge, wanted.seed),
        Set::Graphite => MapSource::Graphite(wanted.count, wanted.synthetic_edge, wanted.seed),
    };
    let is_files = wanted.set == Set::Files;
    let cuts = wanted.set == Set::Open || is_files && wanted.cuts;
    let prepares = is_files && wanted.prepares && shared.document.is_some();
    let periods = if wanted.set == Set::Marble { vec![("angle".to_string(), 180.0)] } else { vec![] };
    MakeMap {
        source,
        recipe: prepares.then(|| shared.settings.recipe.clone()),
        patches: cuts.then_some((wanted.edge, wanted.stride)),
        table: wanted.table.clone().filter(|_| is_files),
        pattern: Some(wanted.pattern.trim().to_string()).filter(|pattern| is_files && !pattern.is_empty()),
        periods,
        kind: match wanted.kind {
            Kind::Textures => DistanceKind::Textures(gram_settings(shared).weights, wanted.textures.clone()),
            Kind::Spectra => DistanceKind::Spectra,
            Kind::Statistics => DistanceKind::Statistics,
            Kind::Latent => DistanceKind::Latent(wanted.model.clone()),
        },
        scaling: wanted.scaling,
        dimensions: dimensions_up_to(wanted.most),
        device: shared.settings.device.clone(),
    }
}

/// Asks for micrographs or folders of them.
pub fn ask_for_pictures(shared: &mut Shared, kind: PathKind) {
    ask_for_files(shared, NAME, kind, "Micrographs, or a folder of them", picture_filters(kind));
}

fn ask_for_table(shared: &mut Shared) {
    let filters = &[("Tables", &["csv", "tsv", "txt"] as &[&str]), ("All files", &["*"])];
    ask_for_files(shared, NAME, PathKind::File, "A table of values by file name", filters);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dimensions_end_with_the_most() {
        assert_eq!(dimensions_up_to(2), [1, 2]);
        assert_eq!(dimensions_up_to(4), [1, 2, 3, 4]);
        assert_eq!(dimensions_up_to(10), [1, 2, 3, 4, 5, 6, 8, 10]);
        assert_eq!(dimensions_up_to(50).last(), Some(&50));
    }
}
