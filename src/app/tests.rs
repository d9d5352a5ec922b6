//! A small workspace, to test what every workspace gets.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::Ui;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use super::command::Action;
use super::shared::Shared;
use super::{App, ReconstructSpace, Space, SpaceCommand, entry};
use crate::net::Layer;
use crate::project::{Part, Project};
use crate::reconstruct::Settings;
use crate::synth;

/// A workspace that holds one number.
#[derive(Default)]
struct Counter {
    count: u32,
}

impl Space for Counter {
    fn name(&self) -> &'static str {
        "Counter"
    }

    fn purpose(&self) -> &'static str {
        "Counts."
    }

    fn panel(&mut self, ui: &mut Ui, _shared: &mut Shared) {
        ui.label("The counter's panel");
    }

    fn view(&mut self, ui: &mut Ui, _shared: &mut Shared) {
        ui.label(format!("The count is {}", self.count));
    }

    fn commands(&self, _shared: &Shared) -> Vec<SpaceCommand> {
        let unavailable = (self.count > 1).then(|| "Two is enough.".to_string());
        vec![SpaceCommand { id: "count", name: "Count one more", tooltip: "Adds one.", key: None, unavailable }]
    }

    fn perform(&mut self, id: &'static str, _ctx: &egui::Context, _shared: &mut Shared) {
        assert_eq!(id, "count");
        self.count += 1;
    }

    fn save(&self, project: &mut Project) {
        let mut part = Part::default();
        part.put(&self.count);
        project.parts.insert("counter".into(), part);
    }

    fn restore(&mut self, project: &mut Project, _shared: &mut Shared) {
        self.count = project.parts.remove("counter").and_then(|part| part.get().ok()).unwrap_or(0);
    }

    fn would_lose(&self) -> Option<String> {
        (self.count > 0).then(|| "The count is lost.".into())
    }
}

fn window() -> Harness<'static, App> {
    Harness::builder()
        .with_size([1366.0, 768.0])
        .with_context_setup(|ctx| ctx.input_mut(|i| i.max_texture_side = 8192))
        .build_eframe(|cc| {
            let spaces: Vec<Box<dyn Space>> = vec![Box::<ReconstructSpace>::default(), Box::<Counter>::default()];
            App::with_spaces(&cc.egui_ctx, None, spaces)
        })
}

fn until(harness: &mut Harness<'_, App>, holds: impl Fn(&App) -> bool) {
    let start = Instant::now();
    while !holds(harness.state()) {
        assert!(start.elapsed() < Duration::from_secs(100), "messages: {:?}", harness.state().message_texts());
        harness.step();
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn count(app: &App) -> u32 {
    app.space::<Counter>().count
}

#[test]
fn a_workspace_gets_its_tab_its_commands_its_place_in_a_project_and_its_question_at_closing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path: &Path = &folder.path().join("count.microwright");
    let mut harness = window();
    harness.step();
    harness.get_by_role_and_label(egui::Role::Button, "Counter").click();
    harness.step();
    harness.step();
    assert!(harness.query_by_label("The counter's panel").is_some());
    let entry = |app: &App| {
        let all = entry::entries(&app.spaces, app.current, &app.shared);
        all.into_iter().find(|entry| entry.name == "Count one more").expect("a command")
    };
    for _ in 0..2 {
        let found = entry(harness.state());
        assert!(found.unavailable.is_none());
        harness.state_mut().shared_mut().act(found.action);
        harness.step();
    }
    assert_eq!(count(harness.state()), 2);
    assert_eq!(entry(harness.state()).unavailable.as_deref(), Some("Two is enough."));
    harness.state_mut().save_project_as(path);
    until(&mut harness, |_| path.exists());
    let viewport = harness.input_mut().viewports.entry(egui::ViewportId::ROOT).or_default();
    viewport.events.push(egui::ViewportEvent::Close);
    harness.step();
    harness.step();
    assert!(harness.query_all_by_label_contains("The count is lost.").next().is_some(), "closing asks");

    let mut other = window();
    other.step();
    other.state_mut().shared_mut().open(path.into());
    until(&mut other, |app| count(app) == 2);
}

/// After a crash, the copy, the run that was under way and the name of the project's file are there again.
#[test]
fn a_run_that_a_crash_ended_goes_on() {
    let place = tempfile::tempdir().expect("a folder");
    let (crashed, saved) = (place.path().join("run-crashed"), place.path().join("study.microwright"));
    let raw = Arc::new(synth::from_labels("kept", &synth::bicontinuous(128, 0.4, 9.0, 2)));
    let mut settings = Settings { device: "cpu".into(), seed: 5, ..Settings::default() };
    let gram = settings.method.gram_mut().expect("Gram matrices");
    (gram.depth, gram.iterations, gram.levels) = (Layer::named("pool2").expect("a depth"), 4000, 1);
    let project = Project { micrograph: Some(raw), settings, ..Project::default() };
    project.save(&saved).expect("a project");

    // A window with a saved project starts a run and is killed: what it leaves is copied while it runs.
    let mut harness = window();
    harness.step();
    harness.state_mut().shared_mut().open(saved.clone());
    until(&mut harness, |app| app.message_texts().iter().any(|m| m.contains("is open")));
    until(&mut harness, |app| app.shared().is_settled());
    harness.state_mut().shared_mut().act(Action::DoIn("Reconstruct", "start"));
    // The first moments of a run take no second command; a pause writes the checkpoint.
    until(&mut harness, |app| app.space::<ReconstructSpace>().iteration() > 2);
    let begun = Instant::now();
    until(&mut harness, |_| begun.elapsed() > Duration::from_secs(1));
    harness.state_mut().shared_mut().act(Action::DoIn("Reconstruct", "start"));
    until(&mut harness, |app| app.space::<ReconstructSpace>().is_paused());
    let own = harness.state().shared().folder.path.clone();
    let left = |own: &Path| COPIED.iter().all(|name| own.join(name).exists());
    until(&mut harness, |_| left(&own));
    std::fs::create_dir_all(&crashed).expect("a folder");
    for name in COPIED {
        std::fs::copy(own.join(name), crashed.join(name)).expect("a copy");
    }
    drop(harness);

    let mut other = window();
    other.step();
    let copy = crashed.join("autosave.microwright");
    other.state_mut().shared_mut().act(Action::Recover { copy, open: true });
    until(&mut other, |app| app.message_texts().iter().any(|m| m.contains("did not close properly is open")));
    until(&mut other, |app| app.shared().is_settled());
    assert_eq!(other.state().project.name(&other.state().shared).as_deref(), Some("study •"));
    (0..4).for_each(|_| other.step());
    other.get_by_label("Resume the stopped run").click();
    until(&mut other, |app| app.space::<ReconstructSpace>().iteration() > 2);
    assert!(!other.state().message_texts().iter().any(|m| m.contains("no checkpoint")));
}

/// What a window keeps in case of a crash, with the checkpoint of its run.
const COPIED: [&str; 3] = ["autosave.microwright", "origin.json", "checkpoint.safetensors"];
