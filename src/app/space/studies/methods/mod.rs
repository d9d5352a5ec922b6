//! The method study: reconstructions by several methods, with all their errors.

mod part;
mod state;
mod view;

pub use state::MethodStudySpace;

use egui::{Context, DragValue, Key, KeyboardShortcut, Modifiers, ProgressBar, RichText, ScrollArea, Ui};

use super::{Space, SpaceCommand, Status, document_summary};
use crate::app::command::plain_key;
use crate::app::shared::Shared;
use crate::app::shared::methods::settings_of;
use crate::app::shared::watch::News;
use crate::app::theme;
use crate::app::widgets::{heading, primary, value};
use crate::figure::duration;
use crate::job::{Ending, MethodStudy, Progress, Request, StudiedMicrograph, write_method_study};
use crate::project::Project;
use crate::reconstruct::{Method, Settings};

/// The ids of its commands.
const START: &str = "start";
const STOP: &str = "stop";
const EXPORT: &str = "export";

impl Space for MethodStudySpace {
    fn name(&self) -> &'static str {
        "Method study"
    }

    fn purpose(&self) -> &'static str {
        "Reconstruct by several methods, side by side."
    }

    fn panel(&mut self, ui: &mut Ui, shared: &mut Shared) {
        panel(self, shared, ui);
    }

    fn view(&mut self, ui: &mut Ui, shared: &mut Shared) {
        view::view(self, shared, ui);
    }

    fn poll(&mut self, _ctx: &Context, shared: &mut Shared) {
        self.study.take_progress();
        while let Some(news) = self.study.poll(&mut shared.messages) {
            match news {
                News::Output(row) => {
                    self.studied.iter_mut().for_each(|studied| studied.rows.push(row.clone()));
                    shared.changed();
                }
                News::Ended(Ending::Finished) => shared.messages.note("The method study is done."),
                News::Ended(Ending::Kept | Ending::Cancelled) => shared.messages.note("The method study was stopped."),
                News::Ended(Ending::Failed(_)) => {}
            }
        }
    }

    fn status(&self) -> Option<Status> {
        let share = self.study.progress.share();
        let text = self.study.progress.doing();
        let running = Status { what: "Method study", share, text, memory: None, buttons: vec![] };
        self.study.is_running().then_some(running)
    }

    fn commands(&self, shared: &Shared) -> Vec<SpaceCommand> {
        let idle = || "No study is under way.".to_string();
        vec![
            SpaceCommand {
                id: START,
                name: "Study the methods",
                tooltip: "Reconstruct the open micrograph by all chosen methods.",
                key: Some(plain_key(Key::Space)),
                unavailable: self.blocked(shared).map(String::from),
            },
            SpaceCommand {
                id: STOP,
                name: "Stop the method study",
                tooltip: "End the study; the methods that are done stay.",
                key: Some(plain_key(Key::Escape)),
                unavailable: (!self.study.is_running()).then(idle),
            },
            SpaceCommand {
                id: EXPORT,
                name: "Export tables, figures and pictures",
                tooltip: "Write the study into the export folder: CSV, Markdown, LaTeX, SVG and PNG.",
                key: Some(KeyboardShortcut::new(Modifiers::COMMAND, Key::E)),
                unavailable: self.rows().is_empty().then(|| "No method is done yet.".into()),
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
        if let Some(studied) = self.studied.as_ref().filter(|studied| !studied.rows.is_empty()) {
            project.parts.insert(part::NAME.into(), part::of(studied));
        }
    }

    fn restore(&mut self, project: &mut Project, shared: &mut Shared) {
        self.study.stop();
        self.replace(match project.parts.remove(part::NAME).as_ref().map(part::studied) {
            Some(Ok(studied)) => Some(studied),
            Some(Err(reason)) => {
                shared.messages.warning(format!("The project's method study was left out: {reason}."));
                None
            }
            None => None,
        });
    }

    fn would_lose(&self) -> Option<String> {
        let rows = self.rows().len();
        let text = format!("A method study is under way, with {rows} methods done; closing the window ends it.");
        self.study.is_running().then_some(text)
    }
}

fn panel(space: &mut MethodStudySpace, shared: &mut Shared, ui: &mut Ui) {
    ui.add_space(theme::STEP);
    document_summary(shared, ui);
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        ui.label(
            "Reconstructs by each method, several times, and compares pictures, errors and time (Li et al. 2018, Figure \
             2 and Tables 1 to 3).",
        );
        heading(ui, "Methods");
        for (method, chosen) in Method::all().iter().zip(&mut space.chosen) {
            let tip = "Takes part, with the settings that it has in the Reconstruct workspace.";
            ui.checkbox(chosen, method.settings().name()).on_hover_text(tip);
        }
        heading(ui, "Study");
        let tip = "Realisations of each method. Their range shows which differences are real.";
        value(ui, "Realisations", tip, &mut space.seeds, &3, |ui, v| ui.add(DragValue::new(v).range(1..=100)));
        ui.add_space(theme::STEP);
        if space.study.is_running() {
            let progress = &space.study.progress;
            ui.add(ProgressBar::new(progress.share() as f32).text(format!("{:.0} %", 100.0 * progress.share())));
            let left = progress.seconds_left().map(|left| format!(", {} left", duration(left))).unwrap_or_default();
            ui.add(egui::Label::new(RichText::new(format!("{}{left}", progress.doing())).small().weak()).wrap());
            if ui.button("Stop").on_hover_text("The methods that are done stay.").clicked() {
                space.study.request(Request::Cancel);
            }
        } else {
            let blocked = space.blocked(shared);
            let button = ui.add_enabled(blocked.is_none(), primary(ui, "Study the methods"));
            if button.on_disabled_hover_text(blocked.unwrap_or_default()).clicked() {
                start(space, shared);
            }
        }
        if !space.rows().is_empty()
            && ui
                .button("Export tables, figures and pictures")
                .on_hover_text("Into the export folder: CSV, Markdown, LaTeX, SVG and PNG.")
                .clicked()
        {
            export(space, shared);
        }
    });
}

fn start(space: &mut MethodStudySpace, shared: &Shared) {
    let Some(document) = &shared.document else { return };
    let chosen = Method::all().into_iter().zip(&space.chosen).filter(|(_, chosen)| **chosen);
    let study = MethodStudy {
        target: document.target.clone(),
        settings: Settings { size: None, ..shared.settings.clone() },
        methods: chosen.map(|(method, _)| settings_of(shared, method)).collect(),
        seeds: space.seeds,
    };
    space.replace(document.phases().map(|map| StudiedMicrograph {
        name: document.raw.name.clone(),
        original: map.clone(),
        recipe: document.recipe.clone(),
        pixel_size: document.micrograph().pixel_size.clone(),
        rows: vec![],
    }));
    space.study.start(study, &shared.wake);
}

fn export(space: &MethodStudySpace, shared: &mut Shared) {
    let Some(studied) = space.studied.clone() else { return };
    shared.write(shared.export.path("method-study"), move |folder| {
        write_method_study(folder, std::slice::from_ref(&studied)).map(|_| ())
    });
}
