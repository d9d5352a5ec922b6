//! The pictures of the Micrograph workspace, and what is shown below them.

use std::sync::Arc;

use egui::{Color32, Panel, RichText, Ui};

use super::grey::Histogram;
use super::histogram::histogram_view;
use super::panel::{paint_controls, scale_controls};
use super::profile::profile_view;
use super::sensitivity::cuts_of;
use super::sensitivity_view::sensitivity_view;
use super::state::{DisplayMode, Foot, MicrographSpace, Tool};
use super::tools::{draw_tools, drawn_length, use_tool};
use crate::app::shared::Shared;
use crate::app::shared::document::Document;
use crate::app::shared::plots::handle_picture_request;
use crate::app::space::readout_of;
use crate::app::theme;
use crate::app::widgets::{Pane, Picture, show_panes};
use crate::micrograph::{MOST_PHASES, Micrograph, Segmentation};

pub fn micrograph_view(space: &mut MicrographSpace, shared: &mut Shared, ui: &mut Ui) {
    if space.stale {
        make_pictures(space, shared, ui.ctx());
    }
    let bare = theme::bare(ui);
    let height = ui.available_height();
    Panel::bottom("foot")
        .frame(bare)
        .resizable(true)
        .default_size((0.28 * height).max(150.0))
        .size_range(110.0..=(height - 160.0).max(120.0))
        .show(ui, |ui| foot(space, shared, ui));
    egui::CentralPanel::no_frame().show(ui, |ui| {
        tool_bar(space, shared, ui);
        canvas(space, shared, ui);
    });
}

/// Makes the pictures of the current document.
fn make_pictures(space: &mut MicrographSpace, shared: &mut Shared, ctx: &egui::Context) {
    let Some(document) = shared.document.clone() else { return };
    space.stale = false;
    let micrograph = document.micrograph();
    if space.histogram.as_ref().is_none_or(|(of, _)| !Arc::ptr_eq(of, micrograph)) {
        space.histogram = Some((micrograph.clone(), Arc::new(Histogram::of(micrograph))));
    }
    if space.dragged.is_none() {
        let phases = document.prepared.segmented.as_ref().map_or(0, |s| s.map.phases);
        let known = matches!(&shared.settings.recipe.segmentation, Segmentation::Thresholds(c) if *c == space.cuts);
        if !known {
            let many = space.histogram.as_ref().is_some_and(|(_, h)| h.high > h.low);
            space.cuts = if many {
                cuts_of(micrograph, &document.recipe.segmentation, phases, space.histogram.as_ref().map(|(_, h)| &**h))
            } else {
                vec![]
            };
        }
    }
    space.show(ctx, &document);
}

/// The tools, and below them what belongs to the chosen one. Both keep their height, so that the pictures stay where they
/// are while one paints.
fn tool_bar(space: &mut MicrographSpace, shared: &mut Shared, ui: &mut Ui) {
    let has_phases = shared.document.as_ref().is_some_and(|d| d.phases().is_some());
    ui.horizontal(|ui| {
        for tool in [
            Tool::Pan,
            Tool::Crop,
            Tool::Scale,
            Tool::Profile,
            Tool::LeaveOut,
            Tool::Teach,
            Tool::Brush,
            Tool::Erase,
            Tool::Bucket,
        ] {
            let needs_phases = matches!(tool, Tool::Brush | Tool::Erase | Tool::Bucket);
            let button = egui::Button::selectable(space.tool == tool, tool.name());
            let button = ui.add_enabled(!needs_phases || has_phases, button);
            let button = button.on_hover_text(tool.tooltip()).on_disabled_hover_text("There are no phases yet.");
            if button.clicked() {
                space.choose(tool);
            }
        }
    });
    egui::ScrollArea::horizontal().id_salt("tool").show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.set_min_height(26.0);
            if space.tool.paints() || space.tool == Tool::Bucket {
                paint_controls(space, shared, ui);
            } else if drawn_length(space).is_some() {
                scale_controls(space, shared, ui);
            } else {
                ui.label(RichText::new(space.tool.tooltip()).small().weak());
            }
        });
    });
}

fn canvas(space: &mut MicrographSpace, shared: &mut Shared, ui: &mut Ui) {
    let mut view = shared.view;
    let document = shared.document.clone();
    let tool = space.tool != Tool::Pan;
    let wanted = {
        let grey = |row: usize, column: usize| match &document {
            Some(d) => readout_of(d.micrograph(), row, column),
            None => String::new(),
        };
        let phase = |row: usize, column: usize| match document.as_ref().and_then(|d| Some((d, d.phases()?))) {
            Some((d, map)) => {
                let at = [row, column];
                let certainty = d.prepared.segmented.as_ref().and_then(|s| s.certainty.as_ref()?.get(at).copied());
                let sure = certainty.map_or(String::new(), |c| format!(", certainty {:.0} %", f64::from(c) / 2.55));
                map.labels.get(at).map_or(String::new(), |l| format!("{}{sure}", d.recipe.phase_name((*l).into())))
            }
            None => String::new(),
        };
        // The scale bar would cover the one in the picture that is drawn along.
        let pixel_size = document.as_ref().and_then(|d| d.micrograph().pixel_size.as_ref());
        let pixel_size = pixel_size.filter(|_| space.tool != Tool::Scale);
        let waiting = match shared.refusal() {
            Some(refused) => refused.reason.clone(),
            None => "The micrograph stays an image: choose a segmentation on the left.".into(),
        };
        let title = match space.display {
            DisplayMode::Phases => "Phases",
            DisplayMode::Overlay => "Phases over the micrograph",
            DisplayMode::Certainty => "Certainty of the classifier: black 0 %, white 100 %",
        };
        let pictures = (space.grey.take(), space.phases.take());
        let panes = [
            Pane {
                title: "Micrograph",
                picture: pictures.0.as_ref(),
                waiting: "Open a micrograph, or drop one on the window.",
                readout: &grey,
                pixel_size,
                tool,
            },
            Pane { title, picture: pictures.1.as_ref(), waiting: &waiting, readout: &phase, pixel_size, tool },
        ];
        let wanted = show_panes(ui, "micrograph panes", &panes, &mut view, |ui, n, response, place| {
            if let Some(place) = place {
                use_tool(space, shared, ui, response, place);
                draw_tools(space, shared, ui, response, place, n == 0);
            }
        });
        (space.grey, space.phases) = pictures;
        wanted
    };
    shared.view = view;
    handle_picture_request(shared, wanted);
}

fn foot(space: &mut MicrographSpace, shared: &mut Shared, ui: &mut Ui) {
    ui.horizontal_wrapped(|ui| {
        for (foot, name, tip) in [
            (Foot::Histogram, "Histogram", "Grey values, with the thresholds between phases."),
            (
                Foot::Sensitivity,
                "Sensitivity",
                "What the threshold does: volume fraction, S2 and lineal path for thresholds around the chosen one.",
            ),
            (Foot::Profile, "Line profile", "Grey values along a line, which the Profile tool draws."),
        ] {
            let chosen = ui.selectable_value(&mut space.foot, foot, name).on_hover_text(tip).clicked();
            if chosen && foot == Foot::Profile && space.tool != Tool::Profile {
                space.choose(Tool::Profile);
            }
        }
        ui.separator();
        contrast_controls(space, shared, ui);
    });
    match space.foot {
        Foot::Histogram => histogram_view(space, shared, ui),
        Foot::Sensitivity => sensitivity_view(space, shared, ui),
        Foot::Profile => profile_view(space, shared, ui),
    }
}

/// Contrast, and what the right picture shows. Both change the display only.
fn contrast_controls(space: &mut MicrographSpace, shared: &mut Shared, ui: &mut Ui) {
    let Some((_, histogram)) = space.histogram.clone() else { return };
    let shown = shared.document.as_ref().map_or((0.0, 255.0), |d| space.shown_range(d.micrograph()));
    let (mut black, mut white) = shown;
    let span = (histogram.high - histogram.low).max(f32::MIN_POSITIVE);
    // A value is typed with as many digits as a step of a thousandth of the range needs.
    let digits = (2.0 - span.log10()).ceil().clamp(0.0, 6.0) as usize;
    for (value, name, tip) in [
        (&mut black, "Black ", "The grey value that is shown black. This changes the display only, not the values."),
        (&mut white, "White ", "The grey value that is shown white. This changes the display only, not the values."),
    ] {
        let field = egui::DragValue::new(value).prefix(name).speed(span / 256.0).max_decimals(digits);
        ui.add(field).on_hover_text(tip);
    }
    if (black, white) != shown && black < white {
        (space.contrast, space.stale) = (Some((black, white)), true);
    }
    let tip = "Shows the darkest 0.5 % black and the brightest 0.5 % white.";
    if ui.small_button("Auto").on_hover_text(tip).clicked() {
        space.contrast = Some((histogram.quantile(0.005), histogram.quantile(0.995)));
        space.stale = true;
    }
    let reset = ui.add_enabled(space.contrast.is_some(), egui::Button::new("Reset").small());
    if reset.on_hover_text("Black and white of the file.").clicked() {
        (space.contrast, space.stale) = (None, true);
    }
    ui.separator();
    ui.label("Right:");
    let certain =
        shared.document.as_ref().is_some_and(|d| d.prepared.segmented.as_ref().is_some_and(|s| s.certainty.is_some()));
    for (display, name) in
        [(DisplayMode::Phases, "Phases"), (DisplayMode::Overlay, "Overlay"), (DisplayMode::Certainty, "Certainty")]
    {
        let enabled = display != DisplayMode::Certainty || certain;
        let button = egui::Button::selectable(space.display == display, name);
        let button = ui.add_enabled(enabled, button);
        if button.on_disabled_hover_text("Only a classifier taught by strokes says how certain it is.").clicked() {
            space.display = display;
            space.stale = true;
        }
    }
    if space.display == DisplayMode::Overlay {
        let slider = egui::Slider::new(&mut space.opacity, 0..=100).suffix(" %");
        if ui.add(slider).on_hover_text("How much the phases cover the micrograph.").changed() {
            space.stale = true;
        }
    }
    if shared.evaluating {
        ui.spinner();
        ui.label(RichText::new("working…").weak());
    }
}

impl MicrographSpace {
    /// The grey values that are shown black and white.
    fn shown_range(&self, micrograph: &Micrograph) -> (f32, f32) {
        // A picture of labels 0 and 1 would be all black in the range of bytes.
        let few = self.histogram.as_ref().filter(|(_, h)| h.between_few(MOST_PHASES).is_some());
        let own = few.map(|(_, h)| (h.low, h.high));
        self.contrast.or(own).unwrap_or(micrograph.range)
    }

    /// Shows a document in both pictures.
    fn show(&mut self, ctx: &egui::Context, document: &Document) {
        let micrograph = document.micrograph();
        let size = document.size();
        let (low, high) = self.shown_range(micrograph);
        let scale = if high > low { 255.0 / (high - low) } else { 0.0 };
        let byte = |v: f32| ((v - low) * scale).clamp(0.0, 255.0) as u8;
        let values = micrograph.flat();
        let shown = |i: usize| match micrograph.channels() {
            1 => Color32::from_gray(byte(values[i])),
            _ => Color32::from_rgb(byte(values[3 * i]), byte(values[3 * i + 1]), byte(values[3 * i + 2])),
        };
        Picture::show(&mut self.grey, ctx, "micrograph", size, shown);
        let Some(map) = document.phases() else {
            self.phases = None;
            return;
        };
        let colors = theme::phases(&document.recipe, map.phases);
        let certainty = document.prepared.segmented.as_ref().and_then(|s| s.certainty.as_ref());
        let opacity = self.opacity.min(100);
        let slot = &mut self.phases;
        match (self.display, certainty) {
            (DisplayMode::Overlay, _) => Picture::show(slot, ctx, "phases of micrograph", size, |i| {
                let (a, b) = (shown(i), colors[usize::from(map.flat()[i])]);
                let mix = |a: u8, b: u8| (((100 - opacity) * u16::from(a) + opacity * u16::from(b)) / 100) as u8;
                Color32::from_rgb(mix(a.r(), b.r()), mix(a.g(), b.g()), mix(a.b(), b.b()))
            }),
            (DisplayMode::Certainty, Some(certainty)) => {
                Picture::show(slot, ctx, "phases of micrograph", size, |i| {
                    Color32::from_gray(certainty[[i / size.1, i % size.1]])
                });
            }
            _ => Picture::show(slot, ctx, "phases of micrograph", size, |i| colors[usize::from(map.flat()[i])]),
        }
    }
}
