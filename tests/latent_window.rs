//! The Latent workspace, driven by its labels.

#[path = "common/window.rs"]
mod window;

use std::path::Path;

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use microwright::app::App;
use microwright::latent::Model;
use microwright::micrograph::write_image_png;
use window::{click, drop_file, has, latent, set_up_training, tab, until, window};

/// The workspace with the model in the box, its first picture painted.
fn opened() -> Harness<'static, App> {
    let mut harness = window(None);
    harness.state_mut().settings_mut().device = "cpu".into();
    harness.step();
    tab(&mut harness, "Latent");
    until(&mut harness, "a picture", |app| latent(app).shown().is_some());
    harness
}

#[test]
fn the_boxed_model_is_there_at_once_and_its_picture_follows_the_hand() {
    let mut harness = opened();
    assert!(has(&harness, "Graphite (built in)") && has(&harness, "TextureVAE"));
    until(&mut harness, "the strip", |app| {
        let (done, all) = latent(app).sheet_progress();
        all >= 20 && done == all
    });
    let first = latent(harness.state()).shown().expect("a picture").clone();
    click(&mut harness, "Another layout");
    until(&mut harness, "another layout", |app| {
        latent(app).shown().is_some_and(|s| s.cell.layout != first.cell.layout)
    });
    let second = latent(harness.state()).shown().expect("a picture").clone();
    assert!(second.cell.z == first.cell.z && second.picture != first.picture);
    click(&mut harness, "Random");
    until(&mut harness, "another point", |app| latent(app).shown().is_some_and(|s| s.cell.z != first.cell.z));
    assert!(has(&harness, "Random point"));
    click(&mut harness, "Mean");
    until(&mut harness, "the mean again", |app| latent(app).shown().is_some_and(|s| s.cell.z == first.cell.z));
    click(&mut harness, "Correlations");
    assert!(has(&harness, "nats"));
}

#[test]
fn a_dropped_micrograph_is_the_start_and_a_broken_one_is_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let image: Vec<f32> = (0..96 * 80 * 3).map(|i| if i / 3 % 80 % 9 < 4 { 255.0 } else { 0.0 }).collect();
    let path = folder.path().join("stripes.png");
    write_image_png(&path, &image, (96, 80), None).expect("written");
    let mut harness = opened();
    let before = latent(harness.state()).shown().expect("a picture").cell.z.clone();
    drop_file(&mut harness, &path);
    until(&mut harness, "its point", |app| latent(app).shown().is_some_and(|s| s.cell.z != before));
    assert!(has(&harness, "stripes.png"));
    let broken = folder.path().join("broken.png");
    std::fs::write(&broken, b"\x89PNG\r\n\x1a\nnothing").expect("written");
    drop_file(&mut harness, &broken);
    until(&mut harness, "a sentence", |app| app.message_texts().iter().any(|m| m.contains("broken.png")));
}

#[test]
fn a_model_is_trained_kept_judged_and_opened_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = opened();
    set_up_training(&mut harness, folder.path());
    // The page and the button share their name; the button stands below.
    harness.get_all_by_label("Train").last().expect("the button").click();
    harness.step();
    until(&mut harness, "some steps", |app| latent(app).steps() > 6);
    assert!(has(&harness, "Held-out patches") && has(&harness, "Random samples"));
    click(&mut harness, "Stop and keep");
    until(&mut harness, "the model", |app| latent(app).model_name().is_some_and(|name| name == "model-1.safetensors"));
    assert!(Model::open(&folder.path().join("model-1.safetensors")).is_ok());
    click(&mut harness, "Judge");
    click(&mut harness, "Judge this model");
    until(&mut harness, "the judgement", |app| latent(app).judgement().is_some());
    assert!(has(&harness, "STSIM-2") && has(&harness, "lineal-path error (%)"));
    drop_file(&mut harness, Path::new(&folder.path().join("model-1.safetensors")));
    until(&mut harness, "the model", |app| app.message_texts().iter().any(|m| m.contains("is open in the Latent")));
}
