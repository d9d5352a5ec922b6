//! The window under test: opened, waited for, clicked by its labels.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use microwright::app::{App, LatentSpace, ReconstructSpace};

/// A window of a laptop's size.
pub fn window(file: Option<PathBuf>) -> Harness<'static, App> {
    Harness::builder()
        .with_size([1366.0, 768.0])
        .with_context_setup(|ctx| ctx.input_mut(|i| i.max_texture_side = 8192))
        .build_eframe(move |cc| App::new(&cc.egui_ctx, file))
}

/// Steps until something holds, or fails after a while.
pub fn until(harness: &mut Harness<'_, App>, what: &str, holds: impl Fn(&App) -> bool) {
    let start = Instant::now();
    while !holds(harness.state()) {
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

pub fn click(harness: &mut Harness<'_, App>, label: &str) {
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
