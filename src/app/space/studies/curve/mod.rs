//! Reconstruction from a saved S2, without a micrograph.

mod part;
mod state;
mod view;

pub use state::CurveSpace;

use std::path::{Path, PathBuf};

use egui::{Context, DragValue, Key, KeyboardShortcut, Modifiers, ProgressBar, RichText, ScrollArea, Ui};

use super::name::NAME;
use super::{Space, SpaceCommand, Status};
use crate::app::command::{Action, plain_key};
use crate::app::shared::Shared;
use crate::app::shared::question::{Ask, PathKind};
use crate::app::shared::watch::News;
use crate::app::space::annealing::exchange_settings;
use crate::app::theme;
use crate::app::widgets::{choice, heading, primary, row, value};
use crate::folders::has_ending;
use crate::job::{Ending, FromCurve, Progress, Request, write_curve_realisation, write_curve_table};
use crate::project::Project;
use state::{Curve, SIZE};

/// The ids of its commands.
const OPEN: &str = "open";
const START: &str = "start";
const STOP: &str = "stop";
const EXPORT: &str = "export";

impl Space for CurveSpace {
    fn name(&self) -> &'static str {
        "From a curve"
    }

    fn purpose(&self) -> &'static str {
        "Reconstruct from a saved S2, without a micrograph."
    }

    fn panel(&mut self, ui: &mut Ui, shared: &mut Shared) {
        panel(self, shared, ui);
    }

    fn view(&mut self, ui: &mut Ui, shared: &mut Shared) {
        view::view(self, shared, ui);
    }

    fn poll(&mut self, _ctx: &Context, shared: &mut Shared) {
        if self.job.take_progress()
            && let Some(preview) = self.job.progress.preview.take()
        {
            (self.preview, self.picture) = (Some(preview), None);
        }
        while let Some(news) = self.job.poll(&mut shared.messages) {
            match news {
                News::Output(one) => {
                    self.made.push(one);
                    self.show(self.made.len() - 1);
                    shared.changed();
                }
                News::Ended(Ending::Finished) => shared.messages.note("The reconstruction from the curve is done."),
                News::Ended(Ending::Kept | Ending::Cancelled) => {
                    shared.messages.note("The reconstruction from the curve was stopped.");
                }
                News::Ended(Ending::Failed(_)) => {}
            }
            self.preview = None;
            self.picture = None;
        }
    }

    fn status(&self) -> Option<Status> {
        let (share, text) = (self.job.progress.share(), self.job.progress.doing());
        let running = Status { what: "From a curve", share, text, memory: None, buttons: vec![] };
        self.job.is_running().then_some(running)
    }

    fn own_files(&self) -> Option<fn(&Path) -> bool> {
        Some(|path| has_ending(path, &["csv"]))
    }

    fn open(&mut self, path: PathBuf, shared: &mut Shared) {
        open(self, &path, shared);
    }

    fn commands(&self, _shared: &Shared) -> Vec<SpaceCommand> {
        vec![
            SpaceCommand {
                id: OPEN,
                name: "Open a curve…",
                tooltip: "Open a table of S2: that of `microwright stats`, or distance and S2 in two columns.",
                key: None,
                unavailable: self.job.is_running().then(|| "The reconstruction is under way.".into()),
            },
            SpaceCommand {
                id: START,
                name: "Reconstruct from the curve",
                tooltip: "Make micrographs of two phases with this S2.",
                key: Some(plain_key(Key::Space)),
                unavailable: self.blocked().map(String::from),
            },
            SpaceCommand {
                id: STOP,
                name: "Stop the reconstruction from the curve",
                tooltip: "End it; the realisations that are done stay.",
                key: Some(plain_key(Key::Escape)),
                unavailable: (!self.job.is_running()).then(|| "No reconstruction from a curve is under way.".into()),
            },
            SpaceCommand {
                id: EXPORT,
                name: "Export pictures and curves",
                tooltip: "Write the realisations and a table of their S2 into the export folder.",
                key: Some(KeyboardShortcut::new(Modifiers::COMMAND, Key::E)),
                unavailable: self.made.is_empty().then(|| "No realisation is done yet.".into()),
            },
        ]
    }

    fn perform(&mut self, id: &'static str, _ctx: &Context, shared: &mut Shared) {
        match id {
            OPEN => ask(shared),
            START => start(self, shared),
            STOP => self.job.request(Request::Cancel),
            _ => export(self, shared),
        }
    }

    fn save(&self, project: &mut Project) {
        if let Some(part) = part::of(self) {
            project.parts.insert(part::NAME.into(), part);
        }
    }

    fn restore(&mut self, project: &mut Project, shared: &mut Shared) {
        self.job.stop();
        self.replace(None);
        match project.parts.remove(part::NAME).as_ref().map(part::read) {
            Some(Ok(part::Kept { curve, size, anneal, seed, realisations, made })) => {
                self.replace(Some(curve));
                (self.size, self.anneal, self.seed, self.realisations) = (size, anneal, seed, realisations);
                self.made = made;
            }
            Some(Err(reason)) => {
                shared.messages.warning(format!("The project's reconstruction from a curve was left out: {reason}."));
            }
            None => {}
        }
    }

    fn would_lose(&self) -> Option<String> {
        let text = "A reconstruction from a curve is under way; closing the window ends it.";
        self.job.is_running().then(|| text.into())
    }
}

fn panel(space: &mut CurveSpace, shared: &mut Shared, ui: &mut Ui) {
    ui.add_space(theme::STEP);
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        ui.label(
            "Makes micrographs of two phases from a saved S2 alone, by simulated annealing (Yeong & Torquato 1998). S2 is \
             taken to be the same in all directions.",
        );
        heading(ui, "Curve");
        ui.add_enabled_ui(!space.job.is_running(), |ui| curve_rows(space, shared, ui));
        heading(ui, "Reconstruction");
        ui.add_enabled_ui(!space.job.is_running(), |ui| setting_rows(space, ui));
        ui.add_space(theme::STEP);
        if space.job.is_running() {
            let progress = &space.job.progress;
            ui.add(ProgressBar::new(progress.share() as f32).text(format!("{:.0} %", 100.0 * progress.share())));
            ui.add(egui::Label::new(RichText::new(progress.doing()).small().weak()).wrap());
            if ui.button("Stop").on_hover_text("The realisations that are done stay.").clicked() {
                space.job.request(Request::Cancel);
            }
        } else {
            let blocked = space.blocked();
            let button = ui.add_enabled(blocked.is_none(), primary(ui, "Reconstruct from the curve"));
            if button.on_disabled_hover_text(blocked.unwrap_or_default()).clicked() {
                start(space, shared);
            }
        }
        let tip = "Into the export folder: the realisations as PNG and NPY, and a table of their S2.";
        if !space.made.is_empty() && ui.button("Export pictures and curves").on_hover_text(tip).clicked() {
            export(space, shared);
        }
    });
}

fn curve_rows(space: &mut CurveSpace, shared: &mut Shared, ui: &mut Ui) {
    let Some(curve) = &mut space.curve else {
        ui.add(egui::Label::new("Open a table of S2, or drop one on the window.").wrap());
        let tip = "The table of `microwright stats`, or distance in pixels and S2 in two columns, as CSV.";
        if ui.button("Open a curve…").on_hover_text(tip).clicked() {
            ask(shared);
        }
        return;
    };
    ui.add(egui::Label::new(RichText::new(&curve.name).strong()).truncate());
    ui.label(RichText::new(curve.summary()).weak());
    let mut phase = curve.phase();
    if curve.phases().len() > 1 {
        let names: Vec<String> = curve.phases().iter().map(|phase| format!("phase {phase}")).collect();
        let options: Vec<(usize, &str)> =
            curve.phases().iter().copied().zip(names.iter().map(String::as_str)).collect();
        choice(ui, "Phase", "Which phase's S2 is taken.", &mut phase, &options[options.len() - 1].0, &options);
    }
    if phase != curve.phase() {
        curve.choose(phase);
        let curve = curve.clone();
        space.replace(Some(curve));
    }
    if ui.button("Open another…").on_hover_text("Open another table of S2.").clicked() {
        ask(shared);
    }
}

fn setting_rows(space: &mut CurveSpace, ui: &mut Ui) {
    let (_, reset) = row(ui, "Width × height", "Size of the results in pixels. Their edges are periodic.", |ui| {
        let both = ui.horizontal(|ui| {
            ui.add(DragValue::new(&mut space.size.1).range(8..=16_384)).on_hover_text("Width in pixels");
            ui.label("×");
            ui.add(DragValue::new(&mut space.size.0).range(8..=16_384)).on_hover_text("Height in pixels");
        });
        both.response
    });
    if reset {
        space.size = SIZE;
    }
    exchange_settings(&mut space.anneal, ui);
    let tip = "How many to make, each from a seed of its own.";
    value(ui, "Realisations", tip, &mut space.realisations, &1, |ui, v| ui.add(DragValue::new(v).range(1..=1000)));
    let tip = "The same seed gives the same result.";
    value(ui, "Seed", tip, &mut space.seed, &1, |ui, v| ui.add(DragValue::new(v)));
}

/// Asks for a table.
fn ask(shared: &mut Shared) {
    let ask = Ask::Path {
        kind: PathKind::File,
        title: "Open a table of S2",
        action: "Open",
        filters: &[("Tables", &["csv", "txt"]), ("All files", &["*"])],
        proposed: PathBuf::new(),
    };
    shared.ask(ask, |shared, answer| shared.act(Action::OpenIn(NAME, answer.path())));
}

/// Opens a table in place of the one before.
fn open(space: &mut CurveSpace, path: &Path, shared: &mut Shared) {
    if space.job.is_running() {
        shared.messages.warning("A reconstruction from a curve is under way; stop it first.");
        return;
    }
    match Curve::read(path) {
        Ok(curve) => {
            space.replace(Some(curve));
            shared.changed();
        }
        Err(reason) => shared.messages.error(reason),
    }
}

fn start(space: &mut CurveSpace, shared: &mut Shared) {
    let Some(curve) = space.curve.clone() else { return };
    let (radial, settings) = (curve.radial().to_vec(), space.settings());
    space.replace(Some(curve));
    shared.changed();
    space.job.start(FromCurve { radial, settings, folder: None, resume: false }, &shared.wake);
}

fn export(space: &CurveSpace, shared: &mut Shared) {
    let Some(curve) = space.curve.clone() else { return };
    let (made, settings) = (space.made.clone(), space.settings());
    shared.write(shared.export.path("from-curve"), move |folder| {
        for one in &made {
            write_curve_realisation(folder, one).map_err(|error| error.to_string())?;
        }
        write_curve_table(folder, curve.radial(), &settings, &made).map(|_| ())
    });
}
