//! The steps of the recipe in the order in which they are done: file, preparation, segmentation, corrections, phases.

use std::path::{Path, PathBuf};

use egui::{CollapsingHeader, DragValue, RichText, ScrollArea, Slider, Ui};

use super::state::{MicrographSpace, Tool};
use super::tools::{add_preparation, drawn_length, remove_preparation, set_scale};
use super::{file, segment};
use crate::app::command::{Action, Command};
use crate::app::shared::Shared;
use crate::app::shared::document::Document;
use crate::app::shared::open::is_learning;
use crate::app::shared::question::{Ask, PathKind};
use crate::app::shared::work::write_over;
use crate::app::space::{document_summary, interval_tip};
use crate::app::theme;
use crate::app::widgets::primary;
use crate::micrograph::{
    Correction, MOST_BILATERAL, MOST_MEDIAN, MOST_PHASES, MOST_RADIUS, Part, PhaseStyle, PictureFile, Prepare, Recipe,
    Segmentation, UNITS, segment_file,
};

pub fn micrograph_panel(space: &mut MicrographSpace, shared: &mut Shared, ui: &mut Ui) {
    ui.add_space(theme::STEP);
    document_summary(shared, ui);
    steps_banner(shared, ui);
    egui::Panel::bottom("to reconstruct").frame(egui::Frame::NONE).show_separator_line(true).show(ui, |ui| {
        ui.add_space(theme::STEP);
        let size = [ui.available_width(), 36.0];
        let tip = "Go on to the Reconstruct workspace with these phases.";
        if ui.add_sized(size, primary(ui, "Reconstruct these phases")).on_hover_text(tip).clicked() {
            shared.act(Action::Go("Reconstruct"));
        }
        ui.add_space(theme::STEP);
    });
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        if let (Some(refused), false) = (shared.refusal(), is_learning(&shared.settings)) {
            ui.colored_label(theme::palette(ui).warning, &refused.reason);
        }
        file::file_section(shared, ui);
        section(ui, "Prepare", |ui| prepare_section(space, shared, ui));
        section(ui, "Segment", |ui| segment::segment_section(space, shared, ui));
        section(ui, "Correct", |ui| correct_section(space, shared, ui));
        section(ui, "Phases", |ui| phases_section(shared, ui));
        section(ui, "Recipe", |ui| recipe_section(shared, ui));
    });
}

/// The steps from a raw micrograph to a reconstruction, each done or to do. Labels need none of them.
fn steps_banner(shared: &Shared, ui: &mut Ui) {
    let Some(document) = shared.document.as_ref().filter(|d| d.is_grey) else { return };
    let recipe = &document.recipe;
    let has = |wanted: fn(&Prepare) -> bool| recipe.prepare.iter().any(wanted);
    let bar = remaining_data_bar(shared, document).is_none();
    let scale = document.micrograph().pixel_size.is_some();
    let cleaned = has(|step| {
        matches!(
            step,
            Prepare::Shading { .. } | Prepare::Gaussian { .. } | Prepare::Median { .. } | Prepare::Bilateral { .. }
        )
    });
    let segmented = document.phases().is_some() && recipe.segmentation != Segmentation::Auto;
    let made = shared.realisations.iter().any(|r| r.report.input.name == document.raw.name);
    let steps = [
        ("data bar", bar, "Cut off the strip with the microscope's text: it is no material."),
        ("scale", scale, "The size of a pixel: from the file, typed, or from a line along a scale bar."),
        ("shading, noise", cleaned, "Even out the illumination and denoise, where the picture needs it."),
        ("phases", segmented, "Choose how grey values become phases. Until then two are guessed by Otsu's threshold."),
        ("reconstruct", made, "Go on to the Reconstruct workspace."),
    ];
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 10.0;
        for (name, done, tip) in steps {
            let palette = theme::palette(ui);
            let (mark, color) = if done { ("●", palette.accent) } else { ("○", ui.visuals().weak_text_color()) };
            ui.label(RichText::new(format!("{mark} {name}")).small().color(color)).on_hover_text(tip);
        }
    });
}

fn section(ui: &mut Ui, name: &str, add: impl FnOnce(&mut Ui)) {
    let title = RichText::new(name).strong();
    CollapsingHeader::new(title).id_salt(name).default_open(true).show(ui, add);
}

/// Asks for the length of the line that was drawn along a scale bar.
pub fn scale_controls(space: &mut MicrographSpace, shared: &mut Shared, ui: &mut Ui) {
    let Some(pixels) = drawn_length(space) else { return };
    ui.label(format!("{pixels:.1} px are"));
    ui.add(DragValue::new(&mut space.scale_length).range(1e-6..=1e9).speed(0.1)).on_hover_text("The bar's length");
    egui::ComboBox::from_id_salt("scale unit").width(56.0).selected_text(UNITS[space.scale_unit].0).show_ui(ui, |ui| {
        for (n, (name, _)) in UNITS.iter().enumerate() {
            ui.selectable_value(&mut space.scale_unit, n, *name);
        }
    });
    if ui.add(primary(ui, "Apply")).on_hover_text("Set the pixel size from this line.").clicked() {
        set_scale(space, shared);
    }
}

fn prepare_section(space: &mut MicrographSpace, shared: &mut Shared, ui: &mut Ui) {
    if let Some(rows) = shared.document.as_ref().and_then(|d| remaining_data_bar(shared, d)) {
        let tip = "The strip at the bottom looks like a microscope's data bar; it is no part of the specimen.";
        if ui.add(primary(ui, &format!("Cut off the data bar ({rows} rows)"))).on_hover_text(tip).clicked() {
            add_preparation(shared, Prepare::CutBottom { rows });
        }
    }
    let mut removed = None;
    for n in 0..shared.settings.recipe.prepare.len() {
        ui.horizontal(|ui| {
            if ui.small_button("×").on_hover_text("Remove this step.").clicked() {
                removed = Some(n);
            }
            edit_step(ui, &mut shared.settings.recipe.prepare[n]);
        });
    }
    if let Some(n) = removed {
        remove_preparation(shared, n);
    }
    let (height, width) = shared.document.as_ref().map_or((256, 256), |d| d.size());
    ui.horizontal(|ui| {
        ui.menu_button("Add a step ▾", |ui| {
            let steps = [
                ("Cut off the bottom", Prepare::CutBottom { rows: height / 12 + 1 }),
                ("Flip left and right", Prepare::FlipHorizontal),
                ("Flip top and bottom", Prepare::FlipVertical),
                ("Rotate right", Prepare::RotateRight),
                ("Rotate left", Prepare::RotateLeft),
                ("Cut to the specimen (without its surround)", Prepare::Specimen),
                ("Leave out grey values", Prepare::LeaveOutValues { low: 0.0, high: 0.0 }),
                ("Rotate by an angle", Prepare::Rotate { degrees: 0.0 }),
                ("Bin 2 × 2", Prepare::Scale { factor: 0.5 }),
                ("Scale", Prepare::Scale { factor: 0.75 }),
                ("Shading correction", Prepare::Shading { sigma: (height.min(width) as f32 / 8.0).max(1.0) }),
                ("Gaussian", Prepare::Gaussian { sigma: 1.0 }),
                ("Median", Prepare::Median { radius: 1 }),
                ("Bilateral (keeps edges)", Prepare::Bilateral { sigma: 2.0, tolerance: 0.1 }),
            ];
            for (name, step) in steps {
                if ui.button(name).clicked() {
                    add_preparation(shared, step);
                }
            }
            let known = shared.document.as_ref().and_then(|d| d.micrograph().pixel_size.clone());
            let button = ui.add_enabled(known.is_some(), egui::Button::new("Scale to a pixel size"));
            if button.on_disabled_hover_text("Set the pixel size first.").clicked()
                && let Some(known) = known
            {
                add_preparation(shared, Prepare::ScaleTo { metres: known.metres });
            }
        });
        if ui.button("Crop").on_hover_text(Tool::Crop.tooltip()).clicked() {
            space.choose(Tool::Crop);
        }
    });
}

/// Rows of a data bar that is not cut off yet.
pub fn remaining_data_bar(shared: &Shared, document: &Document) -> Option<usize> {
    document.bar.filter(|_| !shared.settings.recipe.prepare.iter().any(Prepare::moves))
}

/// The phase that is painted, and the radius of the brush.
pub fn paint_controls(space: &mut MicrographSpace, shared: &mut Shared, ui: &mut Ui) {
    let phases = shared.document.as_ref().and_then(|d| d.phases()).map_or(2, |m| m.phases);
    let tool = space.tool;
    let recipe = shared.settings.recipe.clone();
    if tool == Tool::Teach {
        let is_taught = matches!(&recipe.segmentation, Segmentation::Strokes(lesson) if !lesson.strokes.is_empty());
        space.removes &= is_taught;
        let button = ui.add_enabled(is_taught, egui::Button::new("Remove strokes").selected(space.removes));
        let button =
            button.on_hover_text("Click a stroke to remove it.").on_disabled_hover_text("There are no strokes yet.");
        if button.clicked() {
            space.removes = !space.removes;
        }
        if space.removes {
            ui.label(RichText::new("Click the stroke to remove. Choose a phase to paint again.").small().weak());
        }
    }
    if tool != Tool::Erase {
        let offered = if tool == Tool::Bucket { phases } else { (phases + 1).min(MOST_PHASES) };
        for phase in 0..offered {
            let [r, g, b] = recipe.phase_color(phase, if phase < phases { phases } else { offered });
            let name = if phase < phases { recipe.phase_name(phase) } else { "new phase".into() };
            let chip = egui::Button::selectable(space.painted_phase == phase && !space.removes, name.as_str());
            let response = ui.add(chip).on_hover_text("The phase that is painted.");
            let dot = response.rect.left_bottom() + egui::vec2(8.0, -3.0);
            let dot = egui::Rect::from_min_size(dot, egui::vec2(response.rect.width() - 16.0, 2.0));
            ui.painter().rect_filled(dot, 1.0, egui::Color32::from_rgb(r, g, b));
            if response.clicked() {
                space.painted_phase = phase;
                space.removes = false;
            }
        }
    }
    if tool != Tool::Bucket {
        ui.add(
            Slider::new(&mut space.radius, 0.5..=MOST_RADIUS.min(200.0))
                .logarithmic(true)
                .max_decimals(1)
                .suffix(" px radius"),
        )
        .on_hover_text("Radius of the brush in pixels.");
    }
}

fn correct_section(space: &mut MicrographSpace, shared: &mut Shared, ui: &mut Ui) {
    let Some(phases) = shared.document.as_ref().and_then(|d| d.phases()).map(|m| m.phases) else {
        ui.label(RichText::new("There are no phases to correct.").weak());
        return;
    };
    let mut added = None;
    let names: Vec<String> = (0..phases).map(|p| shared.settings.recipe.phase_name(p)).collect();
    ui.horizontal(|ui| {
        let tip = "Give regions of fewer pixels than this to the phase around them.";
        if ui.button("Despeckle").on_hover_text(tip).clicked() {
            added = Some(Correction::Despeckle { pixels: space.speck });
        }
        ui.add(DragValue::new(&mut space.speck).range(2..=1_000_000).prefix("below ").suffix(" px")).on_hover_text(tip);
    });
    ui.horizontal_wrapped(|ui| {
        let radius = space.morph_radius;
        type Make = fn(usize, f32) -> Correction;
        let by_phase: [(&str, &str, Make); 3] = [
            ("Fill holes ▾", "Fill regions that one phase wholly surrounds.", |phase, _| Correction::FillHoles {
                phase,
            }),
            ("Open ▾", "Remove parts of a phase thinner than the disc.", |phase, radius| Correction::Open {
                phase,
                radius,
            }),
            ("Close ▾", "Close gaps in a phase narrower than the disc.", |phase, radius| Correction::Close {
                phase,
                radius,
            }),
        ];
        for (name, tip, make) in by_phase {
            let menu = ui.menu_button(name, |ui| {
                for (phase, name) in names.iter().enumerate() {
                    if ui.button(name).clicked() {
                        added = Some(make(phase, radius));
                    }
                }
            });
            menu.response.on_hover_text(tip);
        }
        ui.add(DragValue::new(&mut space.morph_radius).range(0.5..=50.0).speed(0.1).prefix("disc ").suffix(" px"))
            .on_hover_text("Radius of the disc that opens and closes.");
    });
    ui.horizontal_wrapped(|ui| {
        if ui.button("Invert").on_hover_text("Reverse the order of the phases.").clicked() {
            added = Some(Correction::Invert);
        }
        ui.add_enabled_ui(phases > 2, |ui| {
            let menu = ui.menu_button("Merge ▾", |ui| {
                for (from, name) in names.iter().enumerate() {
                    ui.menu_button(format!("{name} into"), |ui| {
                        for (into, name) in names.iter().enumerate().filter(|(into, _)| *into != from) {
                            if ui.button(name).clicked() {
                                added = Some(Correction::Merge { from, into });
                            }
                        }
                    });
                }
            });
            menu.response.on_hover_text("Give all of one phase to another.");
        });
        for tool in [Tool::Brush, Tool::Erase, Tool::Bucket] {
            if ui.button(tool.name()).on_hover_text(tool.tooltip()).clicked() {
                space.choose(tool);
            }
        }
    });
    shared.settings.recipe.corrections.extend(added);
    correction_list(shared, ui);
}

fn correction_list(shared: &mut Shared, ui: &mut Ui) {
    const SHOWN: usize = 8;
    let count = shared.settings.recipe.corrections.len();
    let mut removed = None;
    for n in count.saturating_sub(SHOWN)..count {
        ui.horizontal(|ui| {
            if ui.small_button("×").on_hover_text("Remove this step.").clicked() {
                removed = Some(n);
            }
            let recipe = &shared.settings.recipe;
            ui.label(recipe.corrections[n].name_with(|phase| recipe.phase_name(phase)));
        });
    }
    if count > SHOWN {
        ui.label(RichText::new(format!("and {} before", count - SHOWN)).weak());
    }
    if let Some(n) = removed {
        shared.settings.recipe.corrections.remove(n);
    }
}

fn phases_section(shared: &mut Shared, ui: &mut Ui) {
    let Some(document) = shared.document.clone() else { return };
    let Some(map) = document.phases() else {
        ui.label(RichText::new("The micrograph stays an image.").weak());
        return;
    };
    let shares = map.volume_fractions();
    let recipe = &mut shared.settings.recipe;
    egui::Grid::new("phases").num_columns(3).spacing([8.0, 4.0]).show(ui, |ui| {
        for (phase, share) in shares.iter().enumerate() {
            let mut color = recipe.phase_color(phase, map.phases);
            let mut name = recipe.phases.get(phase).map_or(String::new(), |s| s.name.clone());
            let before = (color, name.clone());
            ui.color_edit_button_srgb(&mut color).on_hover_text("The phase's colour in pictures and files.");
            let field = egui::TextEdit::singleline(&mut name).hint_text(format!("phase {phase}")).desired_width(104.0);
            ui.add_sized([112.0, 22.0], field).on_hover_text("The phase's name.");
            let text = match document.measured.as_ref().and_then(|m| m.fractions.get(phase)) {
                Some(interval) => interval.to_string(),
                None => format!("{:.2} %", 100.0 * share),
            };
            let tip = match document.measured.as_ref().and_then(|m| m.fractions.get(phase)) {
                Some(i) => interval_tip(i),
                None => "The confidence interval is being worked out.".into(),
            };
            ui.label(text).on_hover_text(tip);
            ui.end_row();
            if before != (color, name.clone()) {
                recipe.phases.resize(recipe.phases.len().max(phase + 1), PhaseStyle::default());
                let own = (color != crate::micrograph::phase_color(phase, map.phases)).then_some(color);
                recipe.phases[phase] = PhaseStyle { name, color: own };
            }
        }
    });
}

fn recipe_section(shared: &mut Shared, ui: &mut Ui) {
    ui.horizontal_wrapped(|ui| {
        let tip = "Write the steps as a JSON file, which can be applied to other micrographs here and with “microwright segment”.";
        if ui.button("Save…").on_hover_text(tip).clicked() {
            ask_to_save_recipe(shared);
        }
        if ui.button("Load…").on_hover_text("Apply the recipe of a JSON file, or of a report.").clicked() {
            shared.act(Action::Do(Command::Open));
        }
        let list = shared.source.list.len();
        let tip = format!("Apply the recipe, without corrections by hand, to all {list} micrographs of the folder.");
        let button = ui.add_enabled(list > 1, egui::Button::new("Apply to the folder…")).on_hover_text(tip);
        if button.on_disabled_hover_text("Open a folder of micrographs first.").clicked() {
            ask_to_segment_folder(shared);
        }
        if ui.button("Start over").on_hover_text("Remove all steps.").clicked() {
            shared.settings.recipe = Default::default();
        }
    });
}

fn ask_to_save_recipe(shared: &mut Shared) {
    let ask = Ask::Path {
        kind: PathKind::Save,
        title: "Save the recipe as",
        action: "Save",
        filters: &[("Recipes", &["json"])],
        proposed: shared.export.path("recipe.json"),
    };
    shared.ask(ask, |shared, answer| save_recipe(shared, answer.path()));
}

/// Writes the recipe to a file. It gives this micrograph the same phases, and others what the classifier learnt.
pub fn save_recipe(shared: &mut Shared, path: PathBuf) {
    let Some(document) = &shared.document else { return };
    let recipe = document.recipe.portable(document.micrograph(), true);
    // The dialog has asked already where there is such a file.
    write_over(shared, path, move |path| {
        crate::folders::write_atomically(path, recipe.text().as_bytes())
            .map_err(|e| format!("{} could not be written: {e}.", path.display()))
    });
}

fn ask_to_segment_folder(shared: &mut Shared) {
    let ask = Ask::Path {
        kind: PathKind::Folder,
        title: "Folder for the phase maps",
        action: "Segment",
        filters: &[],
        proposed: shared.export.path("phase-maps"),
    };
    shared.ask(ask, |shared, answer| segment_folder(shared, answer.path()));
}

/// Applies the recipe to all pictures of the open folder.
fn segment_folder(shared: &mut Shared, output: PathBuf) {
    let Some(document) = &shared.document else { return };
    let recipe = document.recipe.portable(document.micrograph(), false);
    let paths = shared.source.list.to_vec();
    shared.messages.note(format!("Segmenting {} micrographs…", paths.len()));
    shared.in_background(true, move || {
        let done = segment_all(&recipe, &paths, &output);
        Box::new(move |shared| match done {
            Ok(text) => shared.messages.note(text),
            Err(text) => shared.messages.error(text),
        })
    });
}

fn segment_all(recipe: &Recipe, paths: &[PathBuf], output: &Path) -> Result<String, String> {
    let (mut done, mut failed) = (0, vec![]);
    for path in paths {
        let segmented = PictureFile::open(path).and_then(|file| segment_file(recipe, &file, &Part::default(), output));
        match segmented {
            Ok(_) => done += 1,
            Err(error) => failed.push(error.to_string()),
        }
    }
    match failed.first() {
        None => Ok(format!("{done} micrographs were segmented into {}.", output.display())),
        Some(first) => {
            Err(format!("{done} of {} micrographs were segmented; the first that was not: {first}", paths.len()))
        }
    }
}

/// The controls of one step of the preparation.
fn edit_step(ui: &mut Ui, step: &mut Prepare) {
    match step {
        Prepare::Shading { sigma } => {
            ui.label("Shading");
            ui.add(DragValue::new(sigma).range(1.0..=2000.0).suffix(" px")).on_hover_text("Width of the background.");
        }
        Prepare::Gaussian { sigma } => {
            ui.label("Gaussian");
            ui.add(DragValue::new(sigma).range(0.1..=50.0).speed(0.05).suffix(" px"))
                .on_hover_text("Standard deviation.");
        }
        Prepare::Median { radius } => {
            ui.label("Median");
            ui.add(DragValue::new(radius).range(1..=MOST_MEDIAN).suffix(" px")).on_hover_text("Radius of the square.");
        }
        Prepare::Bilateral { sigma, tolerance } => {
            ui.label("Bilateral");
            ui.add(DragValue::new(sigma).range(0.5..=MOST_BILATERAL).speed(0.05).suffix(" px"))
                .on_hover_text("Standard deviation over places.");
            let mut percent = 100.0 * *tolerance;
            ui.add(DragValue::new(&mut percent).range(1.0..=100.0).suffix(" %"))
                .on_hover_text("Standard deviation over values, as a share of black to white.");
            *tolerance = percent / 100.0;
        }
        Prepare::Rotate { degrees } => {
            ui.label("Rotate");
            ui.add(DragValue::new(degrees).range(-45.0..=45.0).speed(0.1).max_decimals(2).suffix("°"))
                .on_hover_text("Anticlockwise; the largest upright rectangle is kept.");
        }
        Prepare::Scale { factor } => {
            ui.label("Scale");
            ui.add(DragValue::new(factor).range(1.0 / 64.0..=16.0).speed(0.005).max_decimals(4).prefix("× "))
                .on_hover_text("New pixels for each old one along an edge; smaller ones are means (binning).");
        }
        Prepare::ScaleTo { metres } => {
            ui.label("Scale to");
            let mut nanometres = *metres * 1e9;
            ui.add(DragValue::new(&mut nanometres).range(1e-3..=1e7).speed(0.1).max_decimals(4).suffix(" nm/px"))
                .on_hover_text("The edge of a pixel after this step.");
            *metres = nanometres * 1e-9;
        }
        Prepare::LeaveOutValues { low, high } => {
            ui.label("Leave out");
            let tip = "Grey values of what is no material. The picture is cut to the largest rectangle without them.";
            ui.add(DragValue::new(low).speed(1.0)).on_hover_text(tip);
            ui.label("to");
            ui.add(DragValue::new(high).speed(1.0)).on_hover_text(tip);
        }
        Prepare::CutBottom { rows } => {
            ui.label("Cut off the bottom");
            ui.add(DragValue::new(rows).range(1..=100_000).suffix(" rows")).on_hover_text("Rows cut off the bottom.");
        }
        other => {
            ui.label(other.name());
        }
    }
}
