//! The depth study: reconstructions at every depth of the network in a row, with their errors and their cost.

mod part;

use egui::{Context, DragValue, Key, KeyboardShortcut, Modifiers, ProgressBar, RichText, ScrollArea, Ui};

use super::blocked::blocked;
use super::{Space, SpaceCommand, Status, document_summary, placeholder};
use crate::app::command::plain_key;
use crate::app::shared::Shared;
use crate::app::shared::methods::gram_settings;
use crate::app::shared::original::Original;
use crate::app::shared::plots::{handle_picture_request, handle_plot_request, take_enlarged};
use crate::app::shared::watch::{News, Watch};
use crate::app::theme;
use crate::app::widgets::{Pane, Picture, ShownFigure, heading, primary, show_panes, titled_plot, value};
use crate::compute::mebibytes;
use crate::figure::{significant, thousands};
use crate::job::{Ending, Progress, Request, Study, StudyRow, recommend_depth, study_figures, write_study};
use crate::net::{DEPTHS, Layer, WeightsKind};
use crate::project::Project;
use crate::reconstruct::{Method, Settings};

/// The ids of its commands.
const START: &str = "start";
const STOP: &str = "stop";
const EXPORT: &str = "export";

/// The state of the workspace.
pub struct DepthStudySpace {
    iterations: usize,
    seeds: usize,
    study: Watch<Study>,
    rows: Vec<StudyRow>,
    pictures: Vec<Option<Picture>>,
    /// The original of the study; another micrograph may be open by now.
    original: Option<Original>,
    original_picture: Option<Picture>,
}

impl Default for DepthStudySpace {
    fn default() -> Self {
        Self {
            iterations: 150,
            seeds: 3,
            study: Watch::default(),
            rows: vec![],
            pictures: vec![],
            original: None,
            original_picture: None,
        }
    }
}

impl DepthStudySpace {
    /// Iterations of each reconstruction, and reconstructions at each depth.
    pub fn set(&mut self, iterations: usize, seeds: usize) {
        (self.iterations, self.seeds) = (iterations, seeds);
    }

    /// What was found at each depth so far.
    pub fn rows(&self) -> &[StudyRow] {
        &self.rows
    }

    /// Why no study can start now.
    fn blocked(&self, shared: &Shared) -> Option<&'static str> {
        blocked(self.study.is_running(), shared)
    }
}

impl Space for DepthStudySpace {
    fn name(&self) -> &'static str {
        "Depth study"
    }

    fn purpose(&self) -> &'static str {
        "Reconstruct at every depth of the network, and see which is deep enough."
    }

    fn panel(&mut self, ui: &mut Ui, shared: &mut Shared) {
        panel(self, shared, ui);
    }

    fn view(&mut self, ui: &mut Ui, shared: &mut Shared) {
        view(self, shared, ui);
    }

    fn poll(&mut self, _ctx: &Context, shared: &mut Shared) {
        self.study.take_progress();
        while let Some(news) = self.study.poll(&mut shared.messages) {
            match news {
                News::Output(row) => {
                    self.rows.push(row);
                    shared.changed();
                }
                News::Ended(Ending::Finished) => shared.messages.note("The depth study is done."),
                News::Ended(Ending::Kept | Ending::Cancelled) => shared.messages.note("The depth study was stopped."),
                News::Ended(Ending::Failed(_)) => {}
            }
        }
    }

    fn status(&self) -> Option<Status> {
        let share = self.study.progress.share();
        let running = Status { what: "Depth study", share, text: String::new(), memory: None, buttons: vec![] };
        self.study.is_running().then_some(running)
    }

    fn commands(&self, shared: &Shared) -> Vec<SpaceCommand> {
        let idle = || "No study is under way.".to_string();
        vec![
            SpaceCommand {
                id: START,
                name: "Study all depths",
                tooltip: "Reconstruct the open micrograph at every depth of the network.",
                key: Some(plain_key(Key::Space)),
                unavailable: self.blocked(shared).map(String::from),
            },
            SpaceCommand {
                id: STOP,
                name: "Stop the depth study",
                tooltip: "End the study; the depths that are done stay.",
                key: Some(plain_key(Key::Escape)),
                unavailable: (!self.study.is_running()).then(idle),
            },
            SpaceCommand {
                id: EXPORT,
                name: "Export table, figures and pictures",
                tooltip: "Write the study into the export folder.",
                key: Some(KeyboardShortcut::new(Modifiers::COMMAND, Key::E)),
                unavailable: self.rows.is_empty().then(|| "No depth is done yet.".into()),
            },
        ]
    }

    fn perform(&mut self, id: &'static str, _ctx: &Context, shared: &mut Shared) {
        match id {
            START => start(self, shared),
            STOP => self.study.request(Request::Cancel),
            _ => export(self, shared),
        }
    }

    fn save(&self, project: &mut Project) {
        if !self.rows.is_empty() {
            project.parts.insert(part::NAME.into(), part::of(&self.rows));
        }
    }

    fn restore(&mut self, project: &mut Project, shared: &mut Shared) {
        self.study.stop();
        self.pictures.clear();
        (self.original, self.original_picture) = (None, None);
        self.rows = match project.parts.remove(part::NAME).as_ref().map(part::rows) {
            Some(Ok(rows)) => rows,
            Some(Err(reason)) => {
                shared.messages.warning(format!("The project's depth study was left out: {reason}."));
                vec![]
            }
            None => vec![],
        };
    }

    fn would_lose(&self) -> Option<String> {
        let rows = self.rows.len();
        let text = format!("A depth study is under way, with {rows} depths done; closing the window ends it.");
        self.study.is_running().then_some(text)
    }
}

fn panel(space: &mut DepthStudySpace, shared: &mut Shared, ui: &mut Ui) {
    ui.add_space(theme::STEP);
    document_summary(shared, ui);
    ui.label(
        "Reconstructs at every depth of the network as published, several times each, and shows which is deep \
         enough: a deeper network sees larger patterns and costs more (Li et al. 2018, Figure 5).",
    );
    heading(ui, "Study");
    let tip = "Iterations of each reconstruction.";
    value(ui, "Iterations", tip, &mut space.iterations, &150, |ui, v| ui.add(DragValue::new(v).range(1..=10_000)));
    let tip = "Reconstructions at each depth. Their spread shows which differences are real.";
    value(ui, "Seeds", tip, &mut space.seeds, &3, |ui, v| ui.add(DragValue::new(v).range(2..=50)));
    let weights = gram_settings(shared).weights;
    ui.label(RichText::new(format!("Weights: {}", weights.label())).weak())
        .on_hover_text("Chosen in the Reconstruct workspace.");
    ui.add_space(theme::STEP);
    if space.study.is_running() {
        let progress = &space.study.progress;
        ui.add(ProgressBar::new(progress.share() as f32).text(progress.doing()));
        if ui.button("Stop").on_hover_text("What is done stays.").clicked() {
            space.study.request(Request::Cancel);
        }
    } else {
        let blocked = space.blocked(shared);
        let button = ui.add_enabled(blocked.is_none(), primary(ui, "Study all depths"));
        if button.on_disabled_hover_text(blocked.unwrap_or_default()).clicked() {
            start(space, shared);
        }
    }
    if !space.rows.is_empty()
        && ui.button("Export table, figures and pictures").on_hover_text("Into the export folder.").clicked()
    {
        export(space, shared);
    }
}

fn start(space: &mut DepthStudySpace, shared: &Shared) {
    let Some(document) = &shared.document else { return };
    let deepest = match gram_settings(shared).weights {
        WeightsKind::Vgg19 => shared.network.kept.unwrap_or(Layer::CONV1_1),
        _ => Layer::POOL5,
    };
    let study = Study {
        target: document.target.clone(),
        settings: Settings { method: Method::Gram(gram_settings(shared)), ..shared.settings.clone() },
        iterations: space.iterations,
        seeds: space.seeds,
        deepest,
    };
    space.rows.clear();
    space.pictures.clear();
    space.original = Some(Original::of_document(document));
    space.original_picture = None;
    space.study.start(study, &shared.wake);
}

fn view(space: &mut DepthStudySpace, shared: &mut Shared, ui: &mut Ui) {
    if space.rows.is_empty() {
        let text = if space.study.is_running() {
            "The first depth is under way; its reconstruction appears here."
        } else {
            "The reconstructions of all depths will appear here in a row, with their errors below."
        };
        placeholder(ui, text);
        return;
    }
    let height = ui.available_height();
    egui::Panel::bottom("study plots")
        .frame(theme::bare(ui))
        .resizable(true)
        // The pictures are squares in a row; the plots get the rest of the height.
        .default_size((height - ui.available_width() / (DEPTHS.len() + 1) as f32 - 40.0).max(0.4 * height))
        .size_range(160.0..=(height - 120.0).max(170.0))
        .show(ui, |ui| plots(space, shared, ui));
    egui::CentralPanel::no_frame().show(ui, |ui| pictures(space, shared, ui));
}

fn pictures(space: &mut DepthStudySpace, shared: &mut Shared, ui: &mut Ui) {
    // A study from a project is shown beside the project's micrograph.
    let open = || shared.document.as_ref().map(Original::of_document);
    let Some(original) = space.original.take().or_else(open) else { return };
    let rows = &space.rows;
    space.pictures.resize_with(rows.len(), || None);
    for (row, slot) in rows.iter().zip(&mut space.pictures).filter(|(_, slot)| slot.is_none()) {
        Picture::show_phases(slot, ui.ctx(), "depth", &row.phases, &original.recipe);
    }
    let mut view = shared.view;
    if let (Some(map), None) = (&original.phases, &space.original_picture) {
        let slot = &mut space.original_picture;
        Picture::show_phases(slot, ui.ctx(), "original of the study", map, &original.recipe);
    }
    let title = format!("Original: {}", original.name);
    let nothing = |_: usize, _: usize| String::new();
    let pane = |title, picture| Pane {
        title,
        picture,
        waiting: "",
        readout: &nothing,
        pixel_size: original.pixel_size.as_ref(),
        tool: false,
    };
    let mut panes = vec![pane(&title, space.original_picture.as_ref())];
    panes.extend(rows.iter().zip(&space.pictures).map(|(row, slot)| pane(row.depth.name(), slot.as_ref())));
    let wanted = show_panes(ui, "study panes", &panes, &mut view, |_, _, _, _| {});
    shared.view = view;
    handle_picture_request(shared, wanted);
    space.original = Some(original);
}

/// The plots, of which each can be enlarged.
const PLOTS: &str = "study";

fn plots(space: &DepthStudySpace, shared: &mut Shared, ui: &mut Ui) {
    let rows = &space.rows;
    let best = recommend_depth(rows);
    let text = match best {
        Some(best) => format!(
            "Recommended: {best}, the shallowest depth whose errors lie within the spread over seeds of the best."
        ),
        None if rows.len() < 2 => "The first depth is done.".to_string(),
        None => "No depth is recommended: the errors are hardly below white noise's. Use more iterations.".into(),
    };
    ui.label(RichText::new(text).strong());
    let palette = theme::palette(ui);
    let shown = |figure| ShownFigure { figure, colors: vec![palette.accent, palette.original] };
    let mut figures: Vec<ShownFigure> = study_figures(rows).into_iter().map(shown).collect();
    if let Some(only) = take_enlarged(ui, PLOTS, &mut figures) {
        let wanted = titled_plot(ui, PLOTS, only, None);
        return handle_plot_request(shared, ui, wanted);
    }
    let mut wanted = None;
    let plotted = figures.len();
    ui.columns(plotted + 1, |columns| {
        for (figure, ui) in figures.into_iter().zip(columns.iter_mut()) {
            wanted = titled_plot(ui, PLOTS, figure, None).or(wanted.take());
        }
        let ui = &mut columns[plotted];
        ScrollArea::both().auto_shrink([false, true]).show(ui, |ui| {
            egui::Grid::new("depths").striped(true).spacing([22.0, 4.0]).show(ui, |ui| {
                for name in [
                    "depth",
                    "weights",
                    "sees",
                    "memory",
                    "time each",
                    "S2 error %",
                    "lineal-path error %",
                    "conducts, %",
                    "bears, %",
                    "",
                ] {
                    let tip = match name {
                        "conducts, %" => {
                            "How far the conductivity is off when a phase conducts ten times as well as the rest."
                        }
                        "bears, %" => "How far Young's modulus is off when a phase is ten times as stiff as the rest.",
                        _ => "",
                    };
                    let heading = ui.label(RichText::new(name).strong());
                    if !tip.is_empty() {
                        heading.on_hover_text(tip);
                    }
                }
                ui.end_row();
                if let Some(first) = rows.first() {
                    let faint = theme::palette(ui).faint;
                    let noise = [significant(first.noise.0), significant(first.noise.1)];
                    for text in ["white noise", "", "", "", "", &noise[0], &noise[1], "", "", ""] {
                        ui.label(RichText::new(text).color(faint));
                    }
                    ui.end_row();
                }
                for row in rows {
                    let text = |(m, s)| format!("{} ± {}", significant(m), significant(s));
                    let [s2, path] = row.summary().map(text);
                    let properties = if row.responses.is_empty() {
                        [String::new(), String::new()]
                    } else {
                        row.properties().map(text)
                    };
                    ui.label(row.depth.name());
                    ui.label(thousands(row.depth.weights()));
                    ui.label(format!("{} px", row.depth.receptive_field()));
                    ui.label(mebibytes(row.memory));
                    ui.label(format!("{:.1} s", row.seconds));
                    ui.label(s2);
                    ui.label(path);
                    properties.into_iter().for_each(|text| drop(ui.label(text)));
                    ui.label(if Some(row.depth) == best { "recommended" } else { "" });
                    ui.end_row();
                }
            });
        });
    });
    handle_plot_request(shared, ui, wanted);
}

fn export(space: &DepthStudySpace, shared: &mut Shared) {
    let rows = space.rows.clone();
    let open = || shared.document.as_ref().map(Original::of_document);
    let Some(original) = space.original.clone().or_else(open) else { return };
    shared.write(shared.export.path("depth-study"), move |folder| {
        write_study(folder, &rows, &original.recipe, original.pixel_size.as_ref())?;
        study_figures(&rows).iter().try_for_each(|figure| figure.write_all(folder))
    });
}
