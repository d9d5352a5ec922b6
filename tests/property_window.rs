//! The Properties workspace: estimates follow at once, fields are computed, kept and exported, and every control does what
//! it says.

mod common;
#[path = "common/hands.rs"]
mod hands;
#[path = "common/window.rs"]
mod window;

use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use hands::{Pick, Set, Tick, check_all, operate, settings, steps, tall};
use microwright::app::{App, PropertySpace};
use microwright::micrograph::{PhaseMap, write_labels_npy};
use microwright::synth;
use serde_json::json;
use window::{click, drop_file, has, settle, tab, until, until_shown, window};

fn space(app: &App) -> &PropertySpace {
    app.space::<PropertySpace>()
}

/// The number of a quantity among the estimates.
fn estimate(harness: &Harness<'_, App>, name: &str) -> f64 {
    let found = space(harness.state()).estimates().expect("estimates");
    found.named(name).and_then(|q| q.estimate).expect("an estimate")
}

fn is_done(app: &App) -> bool {
    !space(app).is_running() && space(app).results().is_some_and(|r| r.maps.iter().all(Option::is_some))
}

/// A window with a small map of two phases in the workspace.
fn with_map(folder: &std::path::Path) -> Harness<'static, App> {
    let path = folder.join("small.npy");
    write_labels_npy(&path, &synth::bicontinuous(48, 0.35, 12.0, 3)).expect("a file");
    let mut harness = window(Some(path));
    settle(&mut harness);
    tab(&mut harness, "Properties");
    until(&mut harness, "estimates", |app| space(app).estimates().is_some());
    harness
}

#[test]
fn estimates_follow_and_fields_are_computed_kept_and_exported() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = with_map(folder.path());
    let before = estimate(&harness, "Conductivity");
    operate(&mut harness, "phase 0", Pick("Copper"));
    until(&mut harness, "new estimates", |app| {
        space(app).estimates().and_then(|e| e.named("Conductivity")?.estimate).is_some_and(|k| k > 10.0 * before)
    });
    // A further map is computed beside the original.
    let other = folder.path().join("other.npy");
    write_labels_npy(&other, &synth::bicontinuous(48, 0.35, 12.0, 4)).expect("a file");
    drop_file(&mut harness, &other);
    until_shown(&mut harness, "other.npy");
    click(&mut harness, "Compute");
    until(&mut harness, "the properties", is_done);
    steps(&mut harness);
    let results = space(harness.state()).results().expect("results").clone();
    let first = results.maps[0].clone().expect("properties");
    let conductivity = first.named("Conductivity").expect("a conductivity");
    let (field, bounds) = (conductivity.field.expect("a field"), conductivity.narrowest().expect("bounds"));
    assert!(bounds.lower <= field && field <= bounds.upper, "{field} {bounds:?}");
    assert_eq!(results.quarters.len(), 4);
    assert!(has(&harness, "Full field") && has(&harness, "other micrographs"));
    assert!(first.fields.iter().any(|f| f.name.starts_with("Von Mises")), "no stress");
    click(&mut harness, "Histogram");
    until_shown(&mut harness, "Hot spots");
    // Changed materials are said, and the project keeps the numbers.
    click(&mut harness, "Results");
    operate(&mut harness, "phase 0", Pick("Iron"));
    until_shown(&mut harness, "have changed since");
    let project = folder.path().join("kept.microwright");
    harness.state_mut().save_project_as(&project);
    until(&mut harness, "the project", |_| project.exists());
    let mut other = window(Some(project));
    until(&mut other, "the results of the project", |app| space(app).results().is_some());
    let kept = space(other.state()).results().expect("kept results");
    assert_eq!(kept.maps[0].as_ref().expect("numbers").quantities, first.quantities);
    assert_eq!(kept.maps[1].as_ref().expect("numbers").notes, results.maps[1].as_ref().expect("numbers").notes);
    assert_eq!(space(other.state()).set().phases[0].name, "Iron");
}

#[test]
fn a_threshold_moves_the_properties() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("grey.png");
    let grey = synth::Marble { angle: 0.3, scale: 4.0, noise: 1.0 }.grey(64, 3);
    let values: Vec<f32> = grey.iter().flat_map(|v| [*v; 3]).collect();
    microwright::micrograph::write_image_png(&path, &values, (64, 64), None).expect("a file");
    let mut harness = window(Some(path));
    settle(&mut harness);
    tab(&mut harness, "Properties");
    until(&mut harness, "estimates", |app| space(app).estimates().is_some());
    click(&mut harness, "Threshold");
    until(&mut harness, "points", |app| space(app).threshold_points() > 20);
    let before = estimate(&harness, "Conductivity");
    let slider = harness.state().shared().settings.recipe.segmentation.clone();
    harness.state_mut().settings_mut().recipe.segmentation =
        microwright::micrograph::Segmentation::Thresholds(vec![60.0]);
    assert_ne!(harness.state().shared().settings.recipe.segmentation, slider);
    settle(&mut harness);
    until(&mut harness, "other estimates", |app| {
        space(app)
            .estimates()
            .and_then(|e| e.named("Conductivity")?.estimate)
            .is_some_and(|k| (k - before).abs() > 0.01)
    });
}

#[test]
fn what_cannot_be_computed_is_said_and_the_rest_is_done() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("islands.npy");
    // Islands in a matrix: what conducts nowhere goes on.
    let labels = (0..32 * 32).map(|at| u8::from(at / 32 % 8 < 4 && at % 8 < 4)).collect();
    write_labels_npy(&path, &PhaseMap::new((32, 32), labels, 2)).expect("a file");
    let mut harness = window(Some(path));
    settle(&mut harness);
    tab(&mut harness, "Properties");
    until(&mut harness, "estimates", |app| space(app).estimates().is_some());
    operate(&mut harness, "phase 0", Pick("Void"));
    operate(&mut harness, "phase 1", Pick("Silicon carbide"));
    click(&mut harness, "Compute");
    until(&mut harness, "the properties", is_done);
    steps(&mut harness);
    let notes = space(harness.state()).results().expect("results").maps[0].clone().expect("properties").notes.clone();
    assert!(notes.iter().any(|n| n.contains("Phase 1 has no conductivity")), "{notes:?}");
    assert!(notes.iter().any(|n| n.contains("stiffness is 0")), "{notes:?}");
}

#[test]
fn every_control_of_properties_changes_its_setting() {
    let mut harness = tall();
    tab(&mut harness, "Properties");
    until(&mut harness, "estimates", |app| space(app).estimates().is_some());
    for property in ["Diffusivity", "Light"] {
        operate(&mut harness, property, Tick);
    }
    assert_eq!(space(harness.state()).wanted().properties.len(), 5);
    let wanted = |name: &str| format!("/properties/wanted/{name}");
    let light = |name: &str| format!("/properties/set/light/{name}");
    let paths = [wanted("dimension"), wanted("cell"), wanted("plane"), wanted("accuracy/tolerance")];
    let [dimension, cell, plane, tolerance] = paths.each_ref().map(String::as_str);
    let names = ["wavelengths/0", "thickness", "angle", "azimuth", "pixel", "orders", "above"].map(light);
    let [wavelength, thickness, angle, azimuth, pixel, orders, above] = names.each_ref().map(String::as_str);
    let cases = [
        ("The map is", Pick("section of"), dimension, json!("section")),
        ("Edges", Pick("mirrored"), cell, json!("sealed")),
        ("Across", Pick("plane stress"), plane, json!("stress")),
        ("Residual", Pick("1e-8"), tolerance, json!(1e-8)),
        ("Wavelength", Set(500.0), wavelength, json!(500.0)),
        ("Thickness", Set(150.0), thickness, json!(150.0)),
        ("Angle", Set(30.0), angle, json!(30.0)),
        ("Azimuth", Set(15.0), azimuth, json!(15.0)),
        ("Pixel", Set(5.0), pixel, json!(5.0)),
        ("Orders", Pick("7"), orders, json!(7)),
        ("Above: n", Set(1.5), above, json!(1.5)),
    ];
    let others = [
        "Conductivity",
        "Diffusivity",
        "Elasticity",
        "Permeability",
        "Light",
        "phase 0",
        "phase 1",
        "Young's E",
        "Poisson's ν",
        "Pore space",
        "Index n + ik",
        "k, absorption index",
        "Full fields",
        "Below: n + ik",
        "k below, absorption index",
        "Realisations (none yet)",
    ];
    check_all(&mut harness, &cases, &others);
    let phase = |name: &str| format!("/properties/set/phases/0/{name}");
    for (label, value, path) in [
        ("Conductivity", 5.0, phase("conductivity")),
        ("Diffusivity", 0.25, phase("diffusivity")),
        ("Young's E", 80.0, phase("young")),
        ("Poisson's ν", 0.2, phase("poisson")),
    ] {
        operate(&mut harness, label, Set(value));
        let now = settings(&mut harness);
        assert_eq!(now.get(&path), Some(&json!(value)), "{label}");
        assert_eq!(now[&phase("name")], json!("Own values"), "{label}");
        operate(&mut harness, "phase 0", Pick("Quartz"));
    }
    operate(&mut harness, "Pore space", Tick);
    assert_eq!(settings(&mut harness)[&phase("pore")], json!(true));
    operate(&mut harness, "Full fields", Tick);
    assert_eq!(settings(&mut harness)["/properties/wanted/full_fields"], json!(false));
    operate(&mut harness, "Below: n + ik", Set(1.4));
    assert_eq!(settings(&mut harness)[&light("below/0")], json!(1.4));
    harness.get_by_role_and_label(Role::Button, "Layers above").click();
    steps(&mut harness);
    assert_eq!(settings(&mut harness)[&light("upper_layers/0/0")], json!(100.0));
}
