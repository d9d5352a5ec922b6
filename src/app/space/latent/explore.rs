//! The panel of the Explore page: the latent point, and the controls that move it.

use egui::{Color32, Pos2, Rect, RichText, ScrollArea, Sense, Slider, SliderClamping, Stroke, Ui, vec2};
use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::data::ask_for_pictures;
use super::events::open_built_in;
use super::state::{LatentSpace, OpenModel, SheetKind};
use crate::app::command::Action;
use crate::app::shared::Shared;
use crate::app::shared::question::{Ask, PathKind};
use crate::app::theme;
use crate::app::widgets::{choice, heading};
use crate::job::ExploreRequest;
use crate::latent::{Cell, REACH, interpolation, samples, suggested_name, traversal};

/// Pictures per strip.
const STEPS: usize = 10;
/// The most strips of a traversal.
const STRIPS: usize = 4;

impl OpenModel {
    /// Goes to a latent point. The sliders start there and are reset to it.
    pub(super) fn set_start(&mut self, z: Vec<f32>, name: String) {
        (self.z, self.start, self.start_name) = (z.clone(), z, name);
        self.reference = None;
    }

    /// What the page should show now.
    fn request(&self, shared: &Shared) -> ExploreRequest {
        let cell = Cell { z: self.z.clone(), layout: self.layout };
        let sheet = match (self.sheet_kind, &self.target) {
            (SheetKind::Traversal, _) => {
                let shown: Vec<usize> = self.order.iter().copied().take(self.alive.min(STRIPS)).collect();
                traversal(&Cell { z: self.start.clone(), layout: self.layout }, &shown, STEPS)
            }
            (SheetKind::Samples, _) if !self.model.settings.model.is_variational() => vec![],
            (SheetKind::Samples, _) => {
                let all = samples(&self.model, 3 * STEPS, self.sample_seed);
                all.chunks(STEPS).map(<[Cell]>::to_vec).collect()
            }
            (SheetKind::Interpolation, Some((_, to))) => {
                let from = Cell { z: self.start.clone(), layout: self.layout };
                vec![interpolation(&from, to, STEPS)]
            }
            (SheetKind::Interpolation, None) | (SheetKind::Correlations, _) => vec![],
        };
        ExploreRequest { cell, edge: self.edge, sheet, materials: shared.materials.clone() }
    }

    /// Requests what the page should show, if that has changed.
    pub(super) fn ask(&mut self, shared: &Shared) {
        let request = self.request(shared);
        if self.asked.as_ref() != Some(&request) {
            self.explorer.ask(request.clone());
            self.asked = Some(request);
        }
    }

    /// A dimension's name: its number, and what it correlates with.
    pub(super) fn dimension_name(&self, dimension: usize) -> String {
        let meaning = self.model.summary.correlations.get(dimension).and_then(|row| suggested_name(row));
        match meaning {
            Some(meaning) => format!("{} · {meaning}", dimension + 1),
            None => format!("{}", dimension + 1),
        }
    }

    /// Where random points come from.
    pub(super) fn random_tip(&self) -> &'static str {
        match self.model.samples_data() {
            true => "Random points like those of the data.",
            false => "Random points of the standard normal distribution.",
        }
    }
}

pub fn explore_panel(space: &mut LatentSpace, shared: &mut Shared, ui: &mut Ui) {
    let mut choose_file = false;
    match &mut space.open {
        None => {
            ui.label(RichText::new("No model").heading());
            ui.label("Open one, drop one on the window, or train one.");
        }
        Some(open) => {
            ui.add(egui::Label::new(RichText::new(&open.name).heading()).truncate());
            let (settings, summary) = (&open.model.settings, &open.model.summary);
            let text = format!(
                "{}, {} dimensions, {} of them alive; {} patches of {} px, {} steps",
                settings.model.label(),
                settings.dimensions,
                open.alive,
                summary.patches,
                settings.edge,
                summary.steps
            );
            ui.add(egui::Label::new(RichText::new(text).weak()).wrap())
                .on_hover_text(format!("Trained on {}.", summary.data));
        }
    }
    let mut wants_built_in = false;
    ui.horizontal_wrapped(|ui| {
        if ui.button("Open model…").on_hover_text("A latent model (.safetensors); or drop it here.").clicked() {
            ask_for_model(shared);
        }
        wants_built_in = ui.button("Graphite").on_hover_text("The model that comes with the program.").clicked();
    });
    if wants_built_in {
        open_built_in(space, shared);
    }
    let Some(open) = &mut space.open else { return };
    ui.separator();
    heading(ui, "Start");
    ui.add(egui::Label::new(RichText::new(&open.start_name).weak()).truncate());
    ui.horizontal_wrapped(|ui| {
        if ui.button("Mean").on_hover_text("The mean latent point of the data.").clicked() {
            let mean = open.model.summary.spread.iter().map(|(m, _)| *m as f32).collect();
            open.set_start(mean, "Mean of the data".into());
        }
        let samples = open.model.settings.model.is_variational();
        let random = ui.add_enabled(samples, egui::Button::new("Random"));
        let random = random.on_hover_text(open.random_tip());
        if random.on_disabled_hover_text("An autoencoder has no distribution to draw from.").clicked() {
            open.sample_seed += 1;
            let z = open.model.sample(&mut Pcg64::seed_from_u64(open.sample_seed));
            open.set_start(z, "Random point".into());
        }
        let mut picked = None;
        ui.add_enabled_ui(!open.model.summary.examples.is_empty(), |ui| {
            let menu = ui.menu_button("From the data ▾", |ui| {
                ScrollArea::vertical().max_height(300.0).show(ui, |ui| {
                    for (name, z) in &open.model.summary.examples {
                        if ui.button(name).clicked() {
                            picked = Some((z.clone(), name.clone()));
                            ui.close();
                        }
                    }
                });
            });
            menu.response.on_hover_text("Patches that the model was trained on.");
        });
        if let Some((z, name)) = picked {
            open.set_start(z, name);
        }
        if ui.button("Micrograph…").on_hover_text("Encode one of your micrographs; or drop it here.").clicked() {
            choose_file = true;
            open.encodes_target = false;
        }
    });
    ui.horizontal(|ui| {
        let free = open.model.settings.has_free_layout();
        let button = ui.add_enabled(free, egui::Button::new("Another layout"));
        let button = button.on_hover_text("The same latent point with another arrangement: only the positions change.");
        if button.on_disabled_hover_text("In this model the latent point determines the layout.").clicked() {
            open.layout += 1;
        }
        if free {
            let own = open.model.settings.edge;
            egui::ComboBox::from_id_salt("edge of the picture")
                .width(84.0)
                .selected_text(format!("{} px", open.edge))
                .show_ui(ui, |ui| {
                    for edge in [own, 2 * own, 4 * own, 8 * own].into_iter().filter(|e| *e <= 1024) {
                        ui.selectable_value(&mut open.edge, edge, format!("{edge} px"));
                    }
                })
                .response
                .on_hover_text("Edge of the picture: a free layout can be of any size.");
        }
    });
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        heading(ui, "Dimensions");
        let (alive, dead): (Vec<usize>, Vec<usize>) =
            (open.order[..open.alive].to_vec(), open.order[open.alive..].to_vec());
        alive.into_iter().for_each(|dimension| slider(ui, open, dimension));
        if !dead.is_empty() {
            egui::CollapsingHeader::new(format!("Dead dimensions ({})", dead.len()))
                .show(ui, |ui| dead.into_iter().for_each(|dimension| slider(ui, open, dimension)))
                .header_response
                .on_hover_text("They carry less than 0.01 nats: the model does not use them.");
        }
        pad(ui, open);
    });
    if choose_file {
        ask_for_pictures(shared, PathKind::Files);
    }
}

fn ask_for_model(shared: &mut Shared) {
    let ask = Ask::Path {
        kind: PathKind::File,
        title: "A latent model",
        action: "Open",
        filters: &[("Models", &["safetensors"])],
        proposed: std::path::PathBuf::new(),
    };
    shared.ask(ask, |shared, answer| shared.act(Action::OpenIn(super::state::NAME, answer.path())));
}

/// The slider of a dimension. A double click resets it to the start.
fn slider(ui: &mut Ui, open: &mut OpenModel, dimension: usize) {
    let name = open.dimension_name(dimension);
    let summary = &open.model.summary;
    let nats = summary.divergence.get(dimension).copied().unwrap_or(0.0);
    let (mean, deviation) = summary.spread.get(dimension).copied().unwrap_or((0.0, 1.0));
    let tip = format!(
        "Dimension {}: {nats:.2} nats; the data lie at {mean:.2} ± {deviation:.2}. Double click: back to the start.",
        dimension + 1
    );
    let label = ui.add(egui::Label::new(RichText::new(name).small()).truncate().sense(Sense::click()));
    let label_id = label.id;
    let reset = label.on_hover_text(&tip).double_clicked();
    let width = ui.available_width();
    ui.spacing_mut().slider_width = (width - 64.0).max(60.0);
    // A micrograph unlike the data can lie beyond the slider's range. Its value stays until the slider is moved.
    let slider =
        Slider::new(&mut open.z[dimension], -REACH..=REACH).clamping(SliderClamping::Edits).custom_formatter(|v, _| {
            let text = format!("{v:.2}");
            if text == "-0.00" { "0.00".into() } else { text }
        });
    let response = ui.add(slider).labelled_by(label_id).on_hover_text(&tip);
    // A slider reports no double clicks, so its bar gets an area that does.
    let bar = Rect::from_min_size(response.rect.min, vec2(ui.spacing().slider_width, response.rect.height()));
    let reset = reset || ui.interact(bar, response.id.with("reset"), Sense::click()).double_clicked();
    if reset {
        open.z[dimension] = open.start[dimension];
    }
}

/// A pad that changes two dimensions at once.
fn pad(ui: &mut Ui, open: &mut OpenModel) {
    if open.order.len() < 2 {
        return;
    }
    heading(ui, "Plane of two dimensions");
    let names: Vec<(usize, String)> = open.order.iter().map(|d| (*d, open.dimension_name(*d))).collect();
    let options: Vec<(usize, &str)> = names.iter().map(|(d, name)| (*d, name.as_str())).collect();
    let (first, second) = (open.order[0], open.order[1]);
    choice(ui, "Horizontal", "The dimension that changes from left to right.", &mut open.pad.0, &first, &options);
    choice(ui, "Vertical", "The dimension that changes from bottom to top.", &mut open.pad.1, &second, &options);
    let edge = ui.available_width().min(240.0);
    let (rect, response) = ui.allocate_exact_size(vec2(edge, edge), Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, "Plane of two dimensions"));
    let palette = theme::palette(ui);
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 3.0, palette.canvas);
    let inner = rect.shrink(6.0);
    let place = |x: f32, y: f32| -> Pos2 {
        inner.center() + vec2(x / REACH * 0.5 * inner.width(), -y / REACH * 0.5 * inner.height())
    };
    let line = Stroke::new(1.0, palette.faint.gamma_multiply(0.5));
    painter.line_segment([place(-REACH, 0.0), place(REACH, 0.0)], line);
    painter.line_segment([place(0.0, -REACH), place(0.0, REACH)], line);
    for (_, z) in &open.model.summary.examples {
        painter.circle_filled(place(z[open.pad.0], z[open.pad.1]), 1.5, palette.faint);
    }
    if let (true, Some(at)) = (response.is_pointer_button_down_on(), response.interact_pointer_pos()) {
        let share = (at - inner.center()) / (0.5 * inner.size());
        open.z[open.pad.0] = (share.x * REACH).clamp(-REACH, REACH);
        if open.pad.0 != open.pad.1 {
            open.z[open.pad.1] = (-share.y * REACH).clamp(-REACH, REACH);
        }
    }
    if response.double_clicked() {
        open.z[open.pad.0] = open.start[open.pad.0];
        open.z[open.pad.1] = open.start[open.pad.1];
    }
    let here = place(open.z[open.pad.0], open.z[open.pad.1]);
    painter.circle(here, 5.0, palette.accent, Stroke::new(1.5, Color32::WHITE));
    response.on_hover_text("Drag to move; the dots are patches of the data. Double click: back to the start.");
}

/// Row and column of a sheet's cell under a point.
pub(super) fn cell_at(rect: Rect, rows: usize, columns: usize, at: Pos2) -> Option<(usize, usize)> {
    if !rect.contains(at) || rows == 0 || columns == 0 {
        return None;
    }
    let share = (at - rect.min) / rect.size();
    Some(((share.y * rows as f32) as usize, (share.x * columns as f32) as usize))
        .filter(|(r, c)| *r < rows && *c < columns)
}
