//! What belongs to a workspace: its keys, its question at closing, and its part of a project.

mod common;
#[path = "common/window.rs"]
mod window;

use std::path::Path;

use egui::{Key, ViewportEvent, ViewportId};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use microwright::app::{App, StudiesSpace};
use microwright::micrograph::write_labels_npy;
use microwright::net::WeightsKind;
use microwright::reconstruct::Method;
use microwright::reconstruct::descriptors::{Descriptor, Descriptors};
use microwright::stats::{Boundary, two_point_radial};
use microwright::synth;
use window::{click, drop_file, has, latent, run, set_up_training, tab, until, until_shown, window};

fn press(harness: &mut Harness<'_, App>, key: Key) {
    harness.key_press(key);
    (0..4).for_each(|_| harness.step());
}

/// Asks the window to close, and dismisses the question.
fn close(harness: &mut Harness<'_, App>, question: &str) {
    harness.input_mut().viewports.entry(ViewportId::ROOT).or_default().events.push(ViewportEvent::Close);
    (0..3).for_each(|_| harness.step());
    assert!(has(harness, question), "closing does not ask: {question}");
    press(harness, Key::Escape);
    assert!(!has(harness, question), "the question stays");
}

/// A small micrograph, and a window that shows it.
fn opened(folder: &Path) -> Harness<'static, App> {
    let path = folder.join("small.npy");
    write_labels_npy(&path, &synth::bicontinuous(32, 0.4, 9.0, 2)).expect("a file");
    let mut harness = window(Some(path));
    until(&mut harness, "the micrograph", |app| app.message_texts().iter().any(|m| m.contains("small.npy")));
    harness.state_mut().settings_mut().device = "cpu".into();
    harness.step();
    harness
}

fn train(harness: &mut Harness<'_, App>, folder: &Path) {
    tab(harness, "Latent");
    until(harness, "the built-in model", |app| latent(app).shown().is_some());
    set_up_training(harness, folder);
}

#[test]
fn the_key_of_a_workspace_acts_in_that_workspace_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = opened(folder.path());
    for name in ["Micrograph", "Compare", "Latent"] {
        tab(&mut harness, name);
        until(&mut harness, "the built-in model", |app| name != "Latent" || latent(app).shown().is_some());
        let before = latent(harness.state()).shown().cloned();
        press(&mut harness, Key::Space);
        assert!(!run(harness.state()).is_running(), "Space in {name} starts a reconstruction");
        if name == "Latent" {
            let is_other = |app: &App| latent(app).shown().map(|s| &s.picture) != before.as_ref().map(|s| &s.picture);
            until(&mut harness, "another layout", is_other);
        }
    }
    train(&mut harness, folder.path());
    press(&mut harness, Key::Space);
    until(&mut harness, "a training", |app| latent(app).steps() > 0);
    assert!(!run(harness.state()).is_running());
    click(&mut harness, "Cancel");
    tab(&mut harness, "Reconstruct");
    press(&mut harness, Key::Space);
    assert!(run(harness.state()).is_running(), "Space in Reconstruct starts one");
}

#[test]
fn start_by_key_asks_for_missing_weights_as_the_button_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = opened(folder.path());
    let shared = harness.state_mut().shared_mut();
    shared.settings_mut().set_weights(WeightsKind::Vgg19);
    shared.network.kept = None;
    (0..3).for_each(|_| harness.step());
    press(&mut harness, Key::Space);
    assert!(!run(harness.state()).is_running());
    assert!(has(&harness, "VGG-19 is not on this machine yet"));
    click(&mut harness, "Take the built-in weights");
    press(&mut harness, Key::Space);
    assert!(run(harness.state()).is_running(), "with the built-in weights it starts");
}

#[test]
fn closing_during_a_depth_study_or_a_training_asks() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = opened(folder.path());
    tab(&mut harness, "Studies");
    click(&mut harness, "Depth study");
    harness.state_mut().space_mut::<StudiesSpace>().depth.set(10_000, 50);
    harness.step();
    press(&mut harness, Key::Space);
    close(&mut harness, "A depth study is under way");
    tab(&mut harness, "Studies");
    click(&mut harness, "Depth study");
    click(&mut harness, "Stop");
    train(&mut harness, folder.path());
    harness.get_all_by_label("Train").last().expect("the button").click();
    until(&mut harness, "some steps", |app| latent(app).steps() > 0);
    close(&mut harness, "A training is under way");
    click(&mut harness, "Cancel");
}

/// The bars of a measured descriptor follow the pointer, and a double click brings the measured ones back.
#[test]
fn the_histogram_of_a_descriptor_is_changed_with_the_pointer() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("discs.npy");
    write_labels_npy(&path, &synth::discs(96, 0.15, 3)).expect("a file");
    // Two clicks become a double click only if they follow each other quickly.
    let builder = window::sized([1366.0, 1200.0]).with_step_dt(1.0 / 60.0);
    let mut harness = builder.build_eframe(move |cc| App::new(&cc.egui_ctx, Some(path)));
    until(&mut harness, "the micrograph", |app| app.shared().document.is_some());
    harness.state_mut().settings_mut().method = Method::Descriptors(Descriptors::default());
    until_shown(&mut harness, "Drag the bars to change what is made.");
    let bounds = harness.get_by_label("Histogram: Area, px²").accesskit_node().raw_bounds().expect("bounds");
    let at =
        |x: f64, y: f64| egui::pos2((bounds.x0 + x * bounds.width()) as f32, (bounds.y0 + y * bounds.height()) as f32);
    let button = |pos, pressed| egui::Event::PointerButton {
        pos,
        button: egui::PointerButton::Primary,
        pressed,
        modifiers: egui::Modifiers::NONE,
    };
    let edits = |harness: &Harness<'_, App>| match &harness.state().shared().settings.method {
        Method::Descriptors(settings) => settings.edits.clone(),
        other => panic!("{other:?}"),
    };
    for event in [egui::Event::PointerMoved(at(0.98, 0.6)), button(at(0.98, 0.6), true)] {
        harness.event(event);
        harness.step();
    }
    harness.event(egui::Event::PointerMoved(at(0.98, 0.3)));
    harness.step();
    harness.event(button(at(0.98, 0.3), false));
    harness.step();
    let [edit] = &edits(&harness)[..] else { panic!("{:?}", edits(&harness)) };
    let weights = &edit.histogram.weights;
    let share = weights[15] / weights.iter().sum::<f64>();
    assert!(edit.descriptor == Descriptor::Area && (0.05..0.95).contains(&share), "{edit:?}");
    for pressed in [true, false, true, false] {
        harness.event(button(at(0.98, 0.3), pressed));
        harness.step();
    }
    assert!(edits(&harness).is_empty(), "{:?}", edits(&harness));
    // Of a network it says why there is nothing to measure.
    let path = folder.path().join("network.npy");
    write_labels_npy(&path, &synth::bicontinuous(64, 0.45, 12.0, 3)).expect("a file");
    drop_file(&mut harness, &path);
    until(&mut harness, "the network", |app| {
        app.shared().document.as_ref().is_some_and(|d| d.raw.name == "network.npy")
    });
    until_shown(&mut harness, "do not apply to it");
}

#[test]
fn a_curve_that_is_dropped_is_reconstructed_and_kept_in_a_project() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = opened(folder.path());
    let original = synth::bicontinuous(48, 0.3, 9.0, 5);
    let s2 = two_point_radial(&original.indicator(1).view(), Boundary::Periodic);
    let table: String = s2.iter().enumerate().map(|(r, v)| format!("{r},{v}\n")).collect();
    let path = folder.path().join("s2.csv");
    std::fs::write(&path, "r,s2\n0,2\n1,1\n2,1\n3,1\n").expect("a file");
    drop_file(&mut harness, &path);
    until(&mut harness, "the reason", |app| app.message_texts().iter().any(|m| m.contains("is no curve of S2")));
    std::fs::write(&path, table).expect("a file");
    drop_file(&mut harness, &path);
    until_shown(&mut harness, "volume fraction 0.300, 24 distances");
    harness.state_mut().space_mut::<StudiesSpace>().curve.set((48, 56), 4);
    click(&mut harness, "Reconstruct from the curve");
    until(&mut harness, "the end", |app| app.message_texts().iter().any(|m| m.contains("from the curve is done")));
    until_shown(&mut harness, "Reconstruction, seed 1");
    let made = harness.state().space::<StudiesSpace>().curve.made().to_vec();
    assert_eq!((made.len(), made[0].map.size()), (1, (48, 56)));
    let gaps = made[0].s2.iter().zip(&s2).map(|(a, b)| (a - b).abs()).sum::<f64>();
    let noise = s2.iter().skip(1).map(|s2| (s2 - 0.09).abs()).sum::<f64>();
    assert!(gaps < 0.2 * noise, "{gaps} of {noise}");
    harness.state_mut().shared_mut().export.folder = folder.path().display().to_string();
    click(&mut harness, "Export pictures and curves");
    until(&mut harness, "the files", |_| folder.path().join("from-curve/s2.csv").exists());
    assert!(folder.path().join("from-curve/reconstruction-1.png").exists());

    let project = folder.path().join("curve.microwright");
    harness.state_mut().save_project_as(&project);
    until(&mut harness, "the project", |_| project.exists());
    let mut fresh = window(Some(project));
    until(&mut fresh, "the realisation", |app| app.space::<StudiesSpace>().curve.made() == made);
}

#[test]
fn a_project_holds_a_study_compared_micrographs_and_a_trained_model() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = opened(folder.path());
    let other = folder.path().join("other.npy");
    write_labels_npy(&other, &synth::bicontinuous(32, 0.3, 7.0, 5)).expect("a file");
    tab(&mut harness, "Compare");
    drop_file(&mut harness, &other);
    until_shown(&mut harness, "other.npy");
    tab(&mut harness, "Studies");
    click(&mut harness, "Depth study");
    harness.state_mut().space_mut::<StudiesSpace>().depth.set(1, 2);
    harness.step();
    click(&mut harness, "Study all depths");
    until(&mut harness, "the study", |app| app.message_texts().iter().any(|m| m.contains("study is done")));
    let rows = harness.state().space::<StudiesSpace>().depth.rows().to_vec();
    click(&mut harness, "Method study");
    let methods = ["Gaussian random field", "Direct sampling", "Physical descriptors"];
    harness.state_mut().space_mut::<StudiesSpace>().methods.set(&methods, 2);
    harness.step();
    click(&mut harness, "Study the methods");
    until(&mut harness, "the study", |app| app.message_texts().iter().any(|m| m.contains("method study is done")));
    let made = harness.state().space::<StudiesSpace>().methods.rows().to_vec();
    assert_eq!(made.iter().map(|row| row.method.settings().name()).collect::<Vec<_>>(), methods);
    assert!(made.iter().all(|row| row.made.len() == 2 || row.refused.is_some()), "{made:?}");
    until_shown(&mut harness, "three points, %");
    until_shown(&mut harness, "the original's own variation");
    click(&mut harness, "Curves");
    until_shown(&mut harness, "Lineal path of all methods");
    train(&mut harness, folder.path());
    harness.get_all_by_label("Train").last().expect("the button").click();
    until(&mut harness, "some steps", |app| latent(app).steps() > 4);
    click(&mut harness, "Stop and keep");
    let is_trained = |app: &App| latent(app).model_name() == Some("model-1.safetensors");
    until(&mut harness, "the model", is_trained);
    click(&mut harness, "Explore");
    until(&mut harness, "its picture", |app| latent(app).shown().is_some());
    let picture = latent(harness.state()).shown().expect("a picture").picture.clone();

    let project = folder.path().join("all.microwright");
    harness.state_mut().save_project_as(&project);
    until(&mut harness, "the project", |_| project.exists());
    // What the project was made from is gone.
    for name in ["small.npy", "other.npy", "model-1.safetensors"] {
        std::fs::remove_file(folder.path().join(name)).expect("a file");
    }
    let mut fresh = window(Some(project));
    until(&mut fresh, "the study", |app| app.space::<StudiesSpace>().depth.rows().len() == rows.len());
    for (kept, row) in fresh.state().space::<StudiesSpace>().depth.rows().iter().zip(&rows) {
        assert_eq!((kept.depth, &kept.errors), (row.depth, &row.errors));
    }
    let kept = fresh.state().space::<StudiesSpace>().methods.rows();
    assert_eq!(kept.len(), made.len());
    for (kept, row) in kept.iter().zip(&made) {
        assert_eq!((&kept.method, &kept.refused, kept.halves), (&row.method, &row.refused, row.halves));
        assert_eq!(kept.made.len(), row.made.len());
        for (kept, made) in kept.made.iter().zip(&row.made) {
            assert_eq!((&kept.map, &kept.curves, kept.seed), (&made.map, &made.curves, made.seed));
            assert_eq!((&kept.three_point, kept.overlap), (&made.three_point, made.overlap));
        }
    }
    until(&mut fresh, "the model", is_trained);
    tab(&mut fresh, "Latent");
    until(&mut fresh, "its picture", |app| latent(app).shown().is_some());
    assert_eq!(latent(fresh.state()).shown().expect("a picture").picture, picture);
    tab(&mut fresh, "Compare");
    until_shown(&mut fresh, "other.npy");
}
