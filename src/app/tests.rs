//! A small workspace, to test what every workspace gets.

use std::path::Path;
use std::time::{Duration, Instant};

use egui::Ui;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use super::shared::Shared;
use super::{App, ReconstructSpace, Space, SpaceCommand, entry};
use crate::project::{Part, Project};

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
        assert!(start.elapsed() < Duration::from_secs(300), "messages: {:?}", harness.state().message_texts());
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
