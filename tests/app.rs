//! The window, driven by its labels, with real jobs behind it.

mod common;
#[path = "common/window.rs"]
mod window;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use microwright::app::{App, MicrographSpace, StudiesSpace};
use microwright::micrograph::{
    Correction, Lesson, PhaseMap, PhaseStyle, Prepare, Recipe, Segmentation, Stroke, array_bytes, write_labels_npy,
};
use microwright::net::Layer;
use microwright::project::Project;
use microwright::reconstruct::gram::Gram;
use microwright::synth;
use window::{click, drop_file, has, run, tab, until, until_shown, window};

/// The phases of the open micrograph as its recipe makes them.
fn phases(harness: &Harness<'_, App>) -> Option<Arc<PhaseMap>> {
    let shared = harness.state().shared();
    shared.document.as_ref().filter(|_| shared.is_document_wanted())?.phases().cloned()
}

/// The method's settings of the next run.
fn gram<'a>(harness: &'a mut Harness<'_, App>) -> &'a mut Gram {
    harness.state_mut().settings_mut().method.gram_mut().expect("Gram matrices")
}

/// Settings under which a run takes seconds.
fn quick(harness: &mut Harness<'_, App>, iterations: usize, realisations: usize) {
    let settings = harness.state_mut().settings_mut();
    let gram = settings.method.gram_mut().expect("Gram matrices");
    gram.depth = Layer::named("pool1").expect("a depth");
    gram.iterations = iterations;
    gram.levels = 1;
    settings.device = "cpu".into();
    settings.size = Some((64, 64));
    settings.realisations = realisations;
    settings.polish = false;
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
    assert!(run(harness.state()).is_running());
    until(&mut harness, "the end", |app| !run(app).is_running());
    assert_eq!(harness.state().shared().realisations.len(), 2);
    let first = &harness.state().shared().realisations[0];
    assert_eq!(first.report.loss.len(), 12);
    assert!(first.report.loss[11] < first.report.loss[0], "the loss fell");
    assert!(harness.query_by_label("Realisation 2").is_some());
    click(&mut harness, "Realisation 1");
    assert!(has(&harness, "covariance"));
}

/// Waits until the button that started a run may be pressed again.
fn settled_start(harness: &mut Harness<'_, App>) {
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(900) {
        harness.step();
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Presses the first of the buttons with a text: the panel and the bar both have it.
fn click_first(harness: &mut Harness<'_, App>, label: &str) {
    harness.get_all_by_label(label).next().expect("a button").click();
    (0..3).for_each(|_| harness.step());
}

#[test]
fn a_run_can_be_paused_resumed_and_stopped_and_kept() {
    let mut harness = window(None);
    quick(&mut harness, 5000, 1);
    harness.step();
    click(&mut harness, "Start");
    until(&mut harness, "an iteration", |app| run(app).iteration() > 2);
    settled_start(&mut harness);
    click_first(&mut harness, "Pause");
    until(&mut harness, "the pause", |app| run(app).is_paused());
    let at = run(harness.state()).iteration();
    for _ in 0..20 {
        harness.step();
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(run(harness.state()).iteration(), at, "a paused run stands still");
    click_first(&mut harness, "Resume");
    until(&mut harness, "more iterations", |app| run(app).iteration() > at + 2);
    click(&mut harness, "Stop and keep");
    until(&mut harness, "the end", |app| !run(app).is_running());
    assert_eq!(harness.state().shared().realisations.len(), 1);
    assert!(harness.state().shared().realisations[0].report.stopped_early);
}

#[test]
fn a_cancelled_run_leaves_nothing_and_a_closed_window_no_job() {
    let mut harness = window(None);
    quick(&mut harness, 100_000, 1);
    harness.step();
    click(&mut harness, "Start");
    until(&mut harness, "an iteration", |app| run(app).iteration() > 1);
    click(&mut harness, "Cancel");
    until(&mut harness, "the end", |app| !run(app).is_running());
    assert!(harness.state().shared().realisations.is_empty());
    click(&mut harness, "Start");
    until(&mut harness, "an iteration", |app| run(app).iteration() > 1);
    let start = Instant::now();
    drop(harness);
    // All iterations would take an hour; a busy machine may take long for one.
    assert!(start.elapsed() < Duration::from_secs(120), "closing waited for more than an iteration");
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
    gram(&mut harness).depth = Layer::POOL3;
    harness.step();
    click(&mut harness, "Start");
    assert!(harness.state().message_texts().last().is_some_and(|m| m.contains("too few for pool3")));
    assert!(!run(harness.state()).is_running());
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
    harness.state_mut().shared_mut().export.folder = folder.path().display().to_string();
    harness.step();
    click(&mut harness, "Start");
    until(&mut harness, "the end", |app| !run(app).is_running());
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::E);
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
    until(&mut harness, "the cost", |app| app.message_texts().is_empty() && run(app).cost_is_known());
    assert!(has(&harness, "sees 52 × 52 px"));
    gram(&mut harness).depth = Layer::named("pool1").expect("a depth");
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
        until(&mut harness, "the end", |app| !run(app).is_running());
        assert_eq!(harness.state().shared().realisations.len(), runs);
    }
    assert_eq!(harness.state().shared().realisations[1].number, 1);
}

#[test]
fn while_a_run_is_under_way_no_other_micrograph_takes_its_place() {
    let mut harness = window(None);
    quick(&mut harness, 5000, 1);
    harness.step();
    click(&mut harness, "Start");
    until(&mut harness, "an iteration", |app| run(app).iteration() > 0);
    let folder = tempfile::tempdir().expect("a folder");
    let other = folder.path().join("other.npy");
    write_labels_npy(&other, &synth::three_phases(40, 9.0, 3)).expect("a file");
    drop_file(&mut harness, &other);
    until(&mut harness, "the refusal", |app| app.message_texts().iter().any(|m| m.contains("A run is under way")));
    assert!(has(&harness, "256 × 256 px, 2 phases"));
    // Escape closes a dialog, and stops nothing, with one or without.
    harness.key_press(egui::Key::F1);
    harness.step();
    harness.step();
    harness.key_press(egui::Key::Escape);
    (0..4).for_each(|_| harness.step());
    harness.key_press(egui::Key::Escape);
    (0..4).for_each(|_| harness.step());
    assert!(run(harness.state()).is_running());
    click(&mut harness, "Stop and keep");
    until(&mut harness, "the end", |app| !run(app).is_running());
    assert_eq!(harness.state().shared().realisations.len(), 1);
}

/// A grey picture of two noisy phases with a data bar below.
fn raw_micrograph(folder: &Path) -> PathBuf {
    let map = synth::bicontinuous(96, 0.35, 14.0, 3);
    let mut values: Vec<f32> = map
        .labels
        .iter()
        .enumerate()
        .map(|(n, l)| 90.0 + 70.0 * f32::from(*l) + ((n * 7919) % 41) as f32 + (n % 96) as f32 / 4.0)
        .collect();
    values.extend((0..12 * 96).map(|n| if (n / 96) % 6 == 3 && n % 9 < 3 { 255.0 } else { 0.0 }));
    let path = folder.join("raw.npy");
    std::fs::write(&path, array_bytes(&values, (108, 96), 1)).expect("a file");
    path
}

/// Changes the recipe and waits for its phases.
fn change(harness: &mut Harness<'_, App>, change: impl FnOnce(&mut Recipe)) -> Arc<PhaseMap> {
    change(&mut harness.state_mut().settings_mut().recipe);
    harness.step();
    until(harness, "the phases", |app| app.shared().is_settled());
    harness.step();
    phases(harness).expect("phases")
}

fn stroke(phase: usize, points: &[[f32; 2]]) -> Stroke {
    Stroke { phase, radius: 2.5, points: Arc::new(points.to_vec()) }
}

#[test]
fn a_raw_micrograph_becomes_phases_and_every_step_is_undone_and_done_again_to_the_byte() {
    let folder = tempfile::tempdir().expect("a folder");
    let raw = raw_micrograph(folder.path());
    let mut harness = window(Some(raw.clone()));
    until(&mut harness, "the micrograph", |app| app.message_texts().iter().any(|m| m.contains("raw.npy")));
    tab(&mut harness, "Micrograph");
    until(&mut harness, "the phases", |app| app.shared().is_settled());
    let mut states = vec![phases(&harness).expect("phases")];
    // By the buttons of the window …
    click(&mut harness, "Cut off the data bar (12 rows)");
    until(&mut harness, "the cut", |app| app.shared().is_settled());
    harness.step();
    states.push(phases(&harness).expect("phases"));
    assert_eq!(states[1].size().0, 96);
    click(&mut harness, "Despeckle");
    until(&mut harness, "the correction", |app| app.shared().is_settled());
    harness.step();
    states.push(phases(&harness).expect("phases"));
    // … and as the tools do it.
    let strokes = |n: usize| match n {
        0 => stroke(0, &[[10.0, 10.0], [12.0, 30.0]]),
        _ => stroke(1, &[[40.0, 5.0], [60.0, 50.0]]),
    };
    states.push(change(&mut harness, |r| r.prepare.push(Prepare::Median { radius: 1 })));
    states.push(change(&mut harness, |r| r.segmentation = Segmentation::Thresholds(vec![150.0])));
    states.push(change(&mut harness, |r| r.segmentation = Segmentation::Local { radius: 12, sensitivity: 0.1 }));
    states.push(change(&mut harness, |r| {
        r.segmentation = Segmentation::Strokes(Lesson { strokes: vec![strokes(0), strokes(1)], ..Lesson::default() });
    }));
    states.push(change(&mut harness, |r| r.corrections.push(Correction::Brush(strokes(1)))));
    states.push(change(&mut harness, |r| r.corrections.push(Correction::Erase(stroke(0, &[[50.0, 20.0]])))));
    states.push(change(&mut harness, |r| r.corrections.push(Correction::Bucket { phase: 1, row: 3, column: 3 })));
    states.push(change(&mut harness, |r| r.corrections.push(Correction::Invert)));
    let last = states.len() - 1;
    for n in (0..last).rev() {
        harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Z);
        harness.step();
        until(&mut harness, "the undo", |app| app.shared().is_settled());
        assert_eq!(phases(&harness).expect("phases"), states[n], "undone to step {n}");
    }
    for n in 1..=last {
        harness.key_press_modifiers(egui::Modifiers::COMMAND.plus(egui::Modifiers::SHIFT), egui::Key::Z);
        harness.step();
        until(&mut harness, "the redo", |app| app.shared().is_settled());
        assert_eq!(phases(&harness).expect("phases"), states[n], "done again to step {n}");
    }
    // The command line makes the same bytes of the saved recipe.
    let recipe = folder.path().join("recipe.json");
    MicrographSpace::save_recipe(harness.state_mut().shared_mut(), &recipe);
    until(&mut harness, "the recipe", |app| app.message_texts().iter().any(|m| m.starts_with("Written to")));
    let output = folder.path().join("out");
    let done = std::process::Command::new(env!("CARGO_BIN_EXE_microwright"))
        .arg("segment")
        .args([&recipe, &raw])
        .arg("--output")
        .arg(&output)
        .output()
        .expect("the program");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let written = std::fs::read(output.join("raw-labels.npy")).expect("labels");
    assert!(written.ends_with(states[last].flat()), "the window's labels");
}

#[test]
fn a_project_holds_everything_and_opens_elsewhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let raw = raw_micrograph(folder.path());
    let mut harness = window(Some(raw));
    until(&mut harness, "the micrograph", |app| app.message_texts().iter().any(|m| m.contains("raw.npy")));
    quick(&mut harness, 4, 2);
    let kept = change(&mut harness, |r| {
        r.prepare.push(Prepare::CutBottom { rows: 12 });
        r.corrections.push(Correction::Despeckle { pixels: 9 });
        let named = PhaseStyle { name: "pore".into(), color: Some([9, 8, 7]) };
        r.phases = vec![PhaseStyle::default(), named];
    });
    // A raw micrograph opens where it becomes phases.
    tab(&mut harness, "Reconstruct");
    click(&mut harness, "Start");
    until(&mut harness, "the end", |app| !run(app).is_running());
    let labels: Vec<_> = harness.state().shared().realisations.iter().map(|r| r.phases.clone()).collect();
    let settings = harness.state_mut().settings_mut().clone();
    let path = folder.path().join("work.microwright");
    harness.state_mut().save_project_as(&path);
    until(&mut harness, "the project", |app| app.message_texts().iter().any(|m| m.contains("was saved as")));
    drop(harness);
    // Moved, and without the micrograph that it was made of.
    let elsewhere = folder.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).expect("a folder");
    let moved = elsewhere.join("moved.microwright");
    std::fs::rename(&path, &moved).expect("a move");
    std::fs::remove_file(folder.path().join("raw.npy")).expect("a file");
    let mut harness = window(Some(moved));
    until(&mut harness, "the project", |app| app.message_texts().iter().any(|m| m.contains("is open")));
    until(&mut harness, "the phases", |app| app.shared().is_settled());
    assert_eq!(phases(&harness), Some(kept));
    assert_eq!(*harness.state_mut().settings_mut(), settings);
    let again: Vec<_> = harness.state().shared().realisations.iter().map(|r| r.phases.clone()).collect();
    assert_eq!(again, labels);
}

#[test]
fn the_comparison_and_the_depth_study_fill_their_workspaces() {
    let folder = tempfile::tempdir().expect("a folder");
    let small = folder.path().join("small.npy");
    write_labels_npy(&small, &synth::bicontinuous(32, 0.4, 9.0, 2)).expect("a file");
    let mut harness = window(Some(small.clone()));
    until(&mut harness, "the micrograph", |app| app.message_texts().iter().any(|m| m.contains("small.npy")));
    quick(&mut harness, 3, 2);
    harness.step();
    click(&mut harness, "Start");
    until(&mut harness, "the end", |app| !run(app).is_running());
    tab(&mut harness, "Compare");
    until_shown(&mut harness, "white noise");
    until_shown(&mut harness, "largest component");
    assert!(has(&harness, "realisation 2"));
    tab(&mut harness, "Maps of S2");
    tab(&mut harness, "Sizes");
    assert!(has(&harness, "Component sizes"));
    tab(&mut harness, "Further curves");
    tab(&mut harness, "Studies");
    click(&mut harness, "Depth study");
    harness.state_mut().settings_mut().device = "cpu".into();
    harness.step();
    harness.state_mut().space_mut::<StudiesSpace>().depth.set(2, 2);
    harness.step();
    click(&mut harness, "Study all depths");
    until(&mut harness, "the study", |app| app.message_texts().iter().any(|m| m.contains("study is done")));
    // 32 pixels are enough for pool5, which halves them five times.
    assert_eq!(harness.state().space::<StudiesSpace>().depth.rows().len(), 6);
    assert!(has(&harness, "Recommended: ") || has(&harness, "No depth is recommended"));
}

#[test]
fn what_a_recipe_cannot_do_is_said_and_the_picture_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = window(Some(raw_micrograph(folder.path())));
    until(&mut harness, "the micrograph", |app| app.message_texts().iter().any(|m| m.contains("raw.npy")));
    tab(&mut harness, "Micrograph");
    let crop = Prepare::Crop { top: 0, left: 0, height: 5000, width: 10 };
    harness.state_mut().settings_mut().recipe.prepare.push(crop);
    harness.step();
    until(&mut harness, "the refusal", |app| app.shared().is_settled());
    assert!(harness.state().message_texts().iter().any(|m| m.contains("does not lie within")));
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Z);
    harness.step();
    until(&mut harness, "the undo", |app| app.shared().is_settled());
    assert!(phases(&harness).is_some());
}

/// Only the copy of a window that crashed is taken away once it is open; never what else lies in a folder.
#[test]
fn a_project_that_is_named_like_a_copy_leaves_its_folder_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let other = folder.path().join("thesis.txt");
    std::fs::write(&other, "do not lose me").expect("a file");
    let path = folder.path().join("autosave.microwright");
    let raw = Arc::new(synth::from_labels("kept", &synth::bicontinuous(32, 0.4, 9.0, 2)));
    Project { micrograph: Some(raw), ..Project::default() }.save(&path).expect("a file");
    let mut harness = window(Some(path.clone()));
    until(&mut harness, "the project", |app| app.message_texts().iter().any(|m| m.contains("is open")));
    (0..5).for_each(|_| harness.step());
    assert!(path.exists() && other.exists());
}

/// What one window has saved, another one that opened the same file before does not overwrite unasked.
#[test]
fn two_windows_on_one_project_do_not_overwrite_each_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("shared.microwright");
    let raw = Arc::new(synth::from_labels("kept", &synth::bicontinuous(32, 0.4, 9.0, 2)));
    Project { micrograph: Some(raw), ..Project::default() }.save(&path).expect("a file");
    let open = || {
        let mut harness = window(Some(path.clone()));
        until(&mut harness, "the project", |app| app.message_texts().iter().any(|m| m.contains("is open")));
        harness
    };
    let (mut first, mut second) = (open(), open());
    first.state_mut().settings_mut().seed = 11;
    second.state_mut().settings_mut().seed = 22;
    let saves = |app: &App| app.message_texts().iter().filter(|m| m.contains("was saved as")).count();
    for (n, iterations) in [3, 4].into_iter().enumerate() {
        // Again and again by the same window is no conflict.
        gram(&mut first).iterations = iterations;
        first.state_mut().save_project();
        until(&mut first, "the file", |app| saves(app) == n + 1);
    }
    second.state_mut().save_project();
    (0..20).for_each(|_| second.step());
    assert!(second.state().message_texts().iter().any(|m| m.contains("perhaps by another window")));
    let kept = Project::read(&path).expect("a project").settings;
    assert_eq!((kept.seed, kept.method.gram().expect("Gram matrices").iterations), (11, 4));
    // A name that was chosen is taken, also the same.
    second.state_mut().save_project_as(&path);
    until(&mut second, "the file", |app| saves(app) == 1);
    assert_eq!(Project::read(&path).expect("a project").settings.seed, 22);
}
