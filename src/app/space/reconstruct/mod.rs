//! The Reconstruct workspace: new micrographs that are statistically equivalent to the open one.

mod classic;
mod cost;
mod export;
mod figures;
mod gram;
mod page;
mod paint;
mod particles;
mod run;
mod settings;
mod state;
mod view;

pub use state::ReconstructSpace;

use egui::{Context, Key, KeyboardShortcut, Modifiers, Ui};

use super::{Space, SpaceCommand, Status};
use crate::app::command::plain_key;
use crate::app::shared::Shared;
use crate::figure::duration;
use crate::job::{Progress, Request};
use crate::project::Project;
use state::{CANCEL, DISCARD, EXPORT, KEEP, RESUME, START, START_ANEW, Shown};

impl Space for ReconstructSpace {
    fn name(&self) -> &'static str {
        "Reconstruct"
    }

    fn purpose(&self) -> &'static str {
        "Make new micrographs that are statistically equivalent."
    }

    fn panel(&mut self, ui: &mut Ui, shared: &mut Shared) {
        settings::panel(self, shared, ui);
    }

    fn view(&mut self, ui: &mut Ui, shared: &mut Shared) {
        view::pictures_and_plots(self, shared, ui);
        export::overlay(self, shared, ui);
    }

    fn poll(&mut self, ctx: &Context, shared: &mut Shared) {
        run::follow_document(self, shared, ctx);
        run::poll(self, shared, ctx);
        self.cost.poll(shared);
        self.export.poll(shared);
        if self.difference.is_shown {
            let original = self.shown_original(shared).and_then(|original| original.phases);
            self.difference.follow(original, &shared.wake);
        }
        self.difference.poll(&mut shared.messages);
    }

    fn status(&self) -> Option<Status> {
        if !self.run.is_running() {
            return None;
        }
        let progress = &self.run.progress;
        let text = match (progress.paused, progress.seconds_left()) {
            (true, _) if self.run.wants_pause => "paused".to_string(),
            _ if self.run.wants_pause => "pausing…".to_string(),
            (_, Some(left)) => format!("{:.0} %, {} left", 100.0 * progress.share(), duration(left)),
            (_, None) => format!("{}…", if progress.doing.is_empty() { "starting" } else { progress.doing }),
        };
        let pause = if self.run.wants_pause { "Resume" } else { "Pause" };
        Some(Status {
            what: "Reconstruction",
            share: progress.share(),
            text,
            memory: Some(progress.memory).filter(|bytes| *bytes > 0),
            buttons: vec![
                (pause, "Pause or resume the run (Space in the Reconstruct workspace).", START),
                ("Stop and keep", KEEP_TIP, KEEP),
                ("Cancel", CANCEL_TIP, CANCEL),
            ],
        })
    }

    fn keeps_micrograph(&self) -> bool {
        self.run.is_running()
    }

    fn commands(&self, shared: &Shared) -> Vec<SpaceCommand> {
        let idle = || (!self.run.is_running()).then(|| "Nothing is running.".to_string());
        let nothing_open = (shared.document.is_none()).then(|| "Open a micrograph first.".to_string());
        let none_finished = shared.realisations.is_empty().then(|| "There is no finished realisation yet.".to_string());
        vec![
            SpaceCommand {
                id: EXPORT,
                name: "Export…",
                tooltip: "Write the shown realisation: phase map, image, curves, plots and report.",
                key: Some(KeyboardShortcut::new(Modifiers::COMMAND, Key::E)),
                unavailable: none_finished,
            },
            SpaceCommand {
                id: START,
                name: "Start, pause or resume",
                tooltip: "Start a reconstruction with these settings; while one runs, pause or resume it.",
                key: Some(plain_key(Key::Space)),
                unavailable: nothing_open,
            },
            SpaceCommand { id: KEEP, name: "Stop and keep", tooltip: KEEP_TIP, key: None, unavailable: idle() },
            SpaceCommand { id: CANCEL, name: "Cancel the run", tooltip: CANCEL_TIP, key: None, unavailable: idle() },
        ]
    }

    fn perform(&mut self, id: &'static str, ctx: &Context, shared: &mut Shared) {
        match id {
            START if self.is_settling() => {}
            START if self.run.is_running() => self.run.toggle_pause(),
            START => run::start(self, shared, ctx, false),
            START_ANEW => run::start(self, shared, ctx, true),
            RESUME => run::resume_failed(self, shared, ctx),
            KEEP => self.run.request(Request::StopAndKeep),
            CANCEL => run::cancel(self, shared),
            DISCARD => self.run.request(Request::Cancel),
            _ => {
                run::open_export(self, shared, ctx);
            }
        }
    }

    fn restore(&mut self, _project: &mut Project, shared: &mut Shared) {
        self.pictures.thumbnails.clear();
        self.resumable = run::interrupted(shared);
        self.shown = if shared.realisations.is_empty() { Shown::Live } else { Shown::Realisation(0) };
        // Makes the panes load the document again.
        self.document = 0;
    }

    fn would_lose(&self) -> Option<String> {
        let text = "A reconstruction is under way: closing the window ends it, and the unfinished realisation is lost.";
        self.run.is_running().then(|| text.into())
    }
}

const KEEP_TIP: &str = "End after this iteration and keep the realisation as it is; the run can go on later.";
const CANCEL_TIP: &str = "End the run and discard the unfinished realisation.";
