//! The window under test: opened, waited for, clicked by its labels.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui_kittest::kittest::{NodeT as _, Queryable as _};
use egui_kittest::{Harness, HarnessBuilder};
use microwright::app::{App, LatentSpace, ReconstructSpace};
use microwright::latent::{LatentSettings, ModelKind};
use microwright::net::Layer;

/// A window of a size that is not opened yet.
pub fn sized(size: [f32; 2]) -> HarnessBuilder<App> {
    Harness::builder().with_size(size).with_context_setup(|ctx| ctx.input_mut(|i| i.max_texture_side = 8192))
}

/// A window of a laptop's size.
pub fn window(file: Option<PathBuf>) -> Harness<'static, App> {
    sized([1366.0, 768.0]).build_eframe(move |cc| App::new(&cc.egui_ctx, file))
}

/// Waits until the phases are those of the recipe, and draws what follows from them.
pub fn settle(harness: &mut Harness<'_, App>) {
    until(harness, "the phases", |app| app.shared().is_settled());
    (0..8).for_each(|_| harness.step());
}

/// Opens the page Train and sets up a small training that does not end by itself; the model goes into `folder`.
pub fn set_up_training(harness: &mut Harness<'_, App>, folder: &Path) {
    harness.state_mut().shared_mut().export.folder = folder.display().to_string();
    click(harness, "Train");
    let space = harness.state_mut().space_mut::<LatentSpace>();
    space.take_graphite(30);
    *space.settings_mut() = LatentSettings {
        model: ModelKind::Texture,
        dimensions: 3,
        edge: 32,
        width: 8,
        depth: Layer::CONV1_1,
        batch: 4,
        steps: 100_000,
        check_every: 4,
        ..LatentSettings::default()
    };
    (0..3).for_each(|_| harness.step());
}

/// Steps until something holds, or fails after a while.
pub fn until(harness: &mut Harness<'_, App>, what: &str, holds: impl Fn(&App) -> bool) {
    wait(harness, what, |harness| holds(harness.state()));
}

/// Steps until the window shows a text, or fails after a while.
pub fn until_shown(harness: &mut Harness<'_, App>, text: &str) {
    wait(harness, text, |harness| has(harness, text));
}

/// Steps until the window no longer shows a text, or fails after a while.
pub fn until_gone(harness: &mut Harness<'_, App>, text: &str) {
    wait(harness, text, |harness| !has(harness, text));
}

fn wait(harness: &mut Harness<'_, App>, what: &str, holds: impl Fn(&Harness<'_, App>) -> bool) {
    let start = Instant::now();
    while !holds(harness) {
        assert!(
            start.elapsed() < Duration::from_secs(300),
            "{what} did not come; messages: {:?}",
            harness.state().message_texts()
        );
        harness.step();
        std::thread::sleep(Duration::from_millis(5));
    }
    harness.step();
}

/// Clicks what has a label; first waits a while for it, if it does nothing yet, such as the button of a run that has just
/// begun or ended.
pub fn click(harness: &mut Harness<'_, App>, label: &str) {
    let start = Instant::now();
    while harness.get_by_label(label).accesskit_node().is_disabled() && start.elapsed() < Duration::from_secs(2) {
        harness.step();
        std::thread::sleep(Duration::from_millis(5));
    }
    harness.get_by_label(label).click();
    harness.step();
    harness.step();
}

pub fn has(harness: &Harness<'_, App>, text: &str) -> bool {
    harness.query_all_by_label_contains(text).next().is_some()
}

#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|e| e.to_string())
    }
}

pub fn drop_file(harness: &mut Harness<'_, App>, path: &Path) {
    harness.input_mut().dropped_files.push(Arc::new(Dropped(path.into())));
    harness.step();
}

pub fn tab(harness: &mut Harness<'_, App>, name: &str) {
    harness.get_by_role_and_label(egui::Role::Button, name).click();
    harness.step();
    harness.step();
}

/// The Reconstruct workspace.
pub fn run(app: &App) -> &ReconstructSpace {
    app.space()
}

/// The Latent workspace.
pub fn latent(app: &App) -> &LatentSpace {
    app.space()
}
