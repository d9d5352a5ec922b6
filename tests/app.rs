//! The window, driven by its labels, with real jobs behind it.

mod common;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use microwright::app::App;
use microwright::micrograph::write_labels_npy;
use microwright::net::Depth;
use microwright::synth;

/// A window of a laptop's size.
fn window(file: Option<PathBuf>) -> Harness<'static, App> {
    Harness::builder()
        .with_size([1366.0, 768.0])
        .with_context_setup(|ctx| ctx.input_mut(|i| i.max_texture_side = 8192))
        .build_eframe(move |cc| App::new(&cc.egui_ctx, file))
}

/// Steps until something holds, or fails after a while.
fn until(harness: &mut Harness<'_, App>, what: &str, holds: impl Fn(&App) -> bool) {
    let start = Instant::now();
    while !holds(harness.state()) {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "{what} did not come; messages: {:?}",
            harness.state().message_texts()
        );
        harness.step();
        std::thread::sleep(Duration::from_millis(5));
    }
    harness.step();
}

/// Settings under which a run takes seconds.
fn quick(harness: &mut Harness<'_, App>, iterations: usize, realisations: usize) {
    let settings = harness.state_mut().settings_mut();
    settings.depth = Depth::named("pool1").expect("a depth");
    settings.device = "cpu".into();
    settings.size = Some((64, 64));
    settings.iterations = iterations;
    settings.realisations = realisations;
}

fn click(harness: &mut Harness<'_, App>, label: &str) {
    harness.get_by_label(label).click();
    harness.step();
    harness.step();
}

fn has(harness: &Harness<'_, App>, text: &str) -> bool {
    harness.query_all_by_label_contains(text).next().is_some()
}

#[test]
fn the_first_frame_shows_a_micrograph_and_start_reconstructs_it() {
    let mut harness = window(None);
    harness.step();
    assert!(has(&harness, "256 × 256 px, 2 phases"));
    assert!(has(&harness, "Start makes a new micrograph"));
    quick(&mut harness, 12, 2);
    harness.step();
    click(&mut harness, "Start");
    assert!(harness.state().is_running());
    until(&mut harness, "the end", |app| !app.is_running());
    assert_eq!(harness.state().realisations().len(), 2);
    let first = &harness.state().realisations()[0];
    assert_eq!(first.report.loss.len(), 12);
    assert!(first.report.loss[11] < 0.5 * first.report.loss[0], "the loss fell");
    assert!(harness.query_by_label("Realisation 2").is_some());
    click(&mut harness, "Realisation 1");
    assert!(has(&harness, "covariance"));
}

#[test]
fn a_run_can_be_paused_resumed_and_stopped_and_kept() {
    let mut harness = window(None);
    quick(&mut harness, 5000, 1);
    harness.step();
    click(&mut harness, "Start");
    until(&mut harness, "an iteration", |app| app.iteration() > 2);
    click(&mut harness, "Pause");
    until(&mut harness, "the pause", App::is_paused);
    let at = harness.state().iteration();
    for _ in 0..20 {
        harness.step();
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(harness.state().iteration(), at, "a paused run stands still");
    click(&mut harness, "Resume");
    until(&mut harness, "more iterations", |app| app.iteration() > at + 2);
    click(&mut harness, "Stop and keep");
    until(&mut harness, "the end", |app| !app.is_running());
    assert_eq!(harness.state().realisations().len(), 1);
    assert!(harness.state().realisations()[0].report.stopped_early);
}

#[test]
fn a_cancelled_run_leaves_nothing_and_a_closed_window_no_job() {
    let mut harness = window(None);
    quick(&mut harness, 100_000, 1);
    harness.step();
    click(&mut harness, "Start");
    until(&mut harness, "an iteration", |app| app.iteration() > 1);
    click(&mut harness, "Cancel");
    until(&mut harness, "the end", |app| !app.is_running());
    assert!(harness.state().realisations().is_empty());
    click(&mut harness, "Start");
    until(&mut harness, "an iteration", |app| app.iteration() > 1);
    let start = Instant::now();
    drop(harness);
    assert!(start.elapsed() < Duration::from_secs(5), "closing waited for more than an iteration");
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

fn drop_file(harness: &mut Harness<'_, App>, path: &Path) {
    harness.input_mut().dropped_files.push(Arc::new(Dropped(path.into())));
    harness.step();
}

#[test]
fn dropped_files_are_opened_and_bad_ones_are_named_without_losing_the_old() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = folder.path().join("steel.npy");
    write_labels_npy(&good, &synth::three_phases(60, 12.0, 3)).expect("a file");
    let bad = folder.path().join("broken.png");
    std::fs::write(&bad, b"no picture at all").expect("a file");
    let mut harness = window(None);
    harness.step();
    drop_file(&mut harness, &good);
    until(&mut harness, "the micrograph", |app| app.message_texts().iter().any(|m| m.contains("steel.npy")));
    assert!(has(&harness, "60 × 60 px, 3 phases"));
    drop_file(&mut harness, &bad);
    until(&mut harness, "the message", |app| app.message_texts().iter().any(|m| m.contains("broken.png")));
    assert!(has(&harness, "60 × 60 px, 3 phases"), "the micrograph before stays open");
}

#[test]
fn what_cannot_be_run_is_said_in_the_window() {
    let mut harness = window(None);
    quick(&mut harness, 5, 1);
    harness.state_mut().settings_mut().size = Some((2, 2));
    harness.state_mut().settings_mut().depth = Depth::POOL3;
    harness.step();
    click(&mut harness, "Start");
    assert!(harness.state().message_texts().last().is_some_and(|m| m.contains("too few for pool3")));
    assert!(!harness.state().is_running());
}

#[test]
fn commands_are_found_by_name_and_by_key() {
    let mut harness = window(None);
    harness.step();
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::K);
    harness.step();
    harness.step();
    harness.get_by_role(egui::Role::TextInput).type_text("three");
    harness.step();
    harness.step();
    click(&mut harness, "Sample: Three phases");
    assert!(has(&harness, "256 × 256 px, 3 phases"));
    harness.key_press(egui::Key::F1);
    harness.step();
    harness.step();
    assert!(has(&harness, "What it does"));
}

#[test]
fn results_are_exported_and_the_report_sets_up_the_run_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = window(None);
    quick(&mut harness, 6, 1);
    harness.state_mut().settings_mut().seed = 77;
    harness.state_mut().set_export_folder(folder.path());
    harness.step();
    click(&mut harness, "Start");
    until(&mut harness, "the end", |app| !app.is_running());
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::S);
    harness.step();
    harness.step();
    click(&mut harness, "Plots (SVG)");
    click(&mut harness, "Write");
    until(&mut harness, "the files", |app| app.message_texts().iter().any(|m| m.starts_with("Written to")));
    for name in [
        "reconstruction.png",
        "reconstruction.npy",
        "image.png",
        "curves.csv",
        "report.json",
        "s2-r.png",
        "s2-r.svg",
        "loss.png",
    ] {
        assert!(folder.path().join(name).exists(), "{name}");
    }
    let svg = std::fs::read_to_string(folder.path().join("s2-r.svg")).expect("a figure");
    assert!(svg.contains("distance r (px)") && svg.contains("reconstruction"));
    harness.state_mut().settings_mut().seed = 1;
    drop_file(&mut harness, &folder.path().join("report.json"));
    until(&mut harness, "the settings", |app| app.message_texts().iter().any(|m| m.contains("settings are now")));
    assert_eq!(harness.state_mut().settings_mut().seed, 77);
}

#[test]
fn the_slider_tells_what_a_depth_costs() {
    let mut harness = window(None);
    until(&mut harness, "the cost", |app| app.message_texts().is_empty() && app.cost_is_known());
    assert!(has(&harness, "sees 52 × 52 px"));
    harness.state_mut().settings_mut().depth = Depth::named("pool1").expect("a depth");
    harness.step();
    assert!(has(&harness, "38\u{2009}592 weights, sees 6 × 6 px"));
}

#[test]
fn the_window_looks_as_it_did() {
    if common::gpu().is_none() {
        return;
    }
    let mut harness = window(None);
    harness.step();
    let picture = harness.render().expect("a picture");
    // Not pixel by pixel, which differs between drivers: the original's black and white are there, and the accent.
    let count = |color: [u8; 3]| picture.pixels().filter(|p| p.0[..3] == color).count();
    assert!(count([0, 0, 0]) > 10_000 && count([255, 255, 255]) > 10_000);
    assert!(count([86, 180, 233]) > 2_000, "the Start button is filled with the accent");
    assert!(!harness.get_by_label("Start").accesskit_node().is_disabled());
}

#[test]
fn a_second_run_keeps_the_realisations_of_the_first() {
    let mut harness = window(None);
    quick(&mut harness, 3, 1);
    harness.step();
    for runs in 1..=2 {
        click(&mut harness, "Start");
        until(&mut harness, "the end", |app| !app.is_running());
        assert_eq!(harness.state().realisations().len(), runs);
    }
    assert_eq!(harness.state().realisations()[1].number, 1);
}

#[test]
fn while_a_run_is_under_way_no_other_micrograph_takes_its_place() {
    let mut harness = window(None);
    quick(&mut harness, 5000, 1);
    harness.step();
    click(&mut harness, "Start");
    until(&mut harness, "an iteration", |app| app.iteration() > 0);
    let folder = tempfile::tempdir().expect("a folder");
    let other = folder.path().join("other.npy");
    write_labels_npy(&other, &synth::three_phases(40, 9.0, 3)).expect("a file");
    drop_file(&mut harness, &other);
    until(&mut harness, "the refusal", |app| app.message_texts().iter().any(|m| m.contains("A run is under way")));
    assert!(has(&harness, "256 × 256 px, 2 phases"));
    // Escape that closes a dialog stops nothing; Escape on its own stops and keeps.
    harness.key_press(egui::Key::F1);
    harness.step();
    harness.step();
    harness.key_press(egui::Key::Escape);
    (0..4).for_each(|_| harness.step());
    assert!(harness.state().is_running());
    harness.key_press(egui::Key::Escape);
    until(&mut harness, "the end", |app| !app.is_running());
    assert_eq!(harness.state().realisations().len(), 1);
}
