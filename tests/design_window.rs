//! The Design workspace: what can be reached is shown, candidates are found and sent on, the project keeps them, and every
//! control does what it says.

mod common;
#[path = "common/hands.rs"]
mod hands;
#[path = "common/window.rs"]
mod window;

use egui_kittest::kittest::Queryable as _;
use hands::{Pick, Set, Tick, check_all, operate, settings, steps, tall};
use microwright::app::{App, DesignSpace};
use serde_json::json;
use window::{click, settle, tab, until, until_shown, window};

fn space(app: &App) -> &DesignSpace {
    app.space::<DesignSpace>()
}

#[test]
fn candidates_are_found_kept_and_sent() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = window(None);
    settle(&mut harness);
    harness.state_mut().settings_mut().device = "cpu".into();
    tab(&mut harness, "Design");
    until_shown(&mut harness, "Say which value a property is to have");
    click(&mut harness, "What can be reached?");
    until(&mut harness, "pictures at random", |app| space(app).designed().is_some() && !space(app).is_running());
    steps(&mut harness);
    until_shown(&mut harness, "40 pictures at random");
    // The middle of what can be reached is proposed.
    let target = space(harness.state()).wanted().target.low;
    let (low, high) = space(harness.state()).designed().expect("pictures").reached(0);
    assert!((target - 0.5 * (low + high)).abs() < 0.01 * high, "{target} of {low} to {high}");
    click(&mut harness, "Design micrographs");
    until(&mut harness, "candidates", |app| {
        !space(app).is_running() && space(app).designed().is_some_and(|d| !d.wished.is_empty())
    });
    steps(&mut harness);
    let designed = space(harness.state()).designed().expect("a design").clone();
    assert_eq!(designed.wished[0].candidates.len(), 4);
    assert!(designed.wished[0].candidates[0].miss < 0.05);
    until_shown(&mut harness, "4 of 4 candidates within 5 %");
    let project = folder.path().join("kept.microwright");
    harness.state_mut().save_project_as(&project);
    until(&mut harness, "the project", |_| project.exists());
    click(&mut harness, "Picture 2");
    click(&mut harness, "Reconstruct it");
    until(&mut harness, "the candidate", |app| {
        app.shared().document.as_ref().is_some_and(|d| d.target.micrograph.name.contains("designed"))
    });
    let mut again = window(Some(project));
    until(&mut again, "the designs", |app| space(app).designed().is_some());
    assert_eq!(**space(again.state()).designed().expect("a design"), *designed);
    tab(&mut again, "Design");
    until_shown(&mut again, "4 of 4 candidates within 5 %");
}

#[test]
fn every_control_of_designing_changes_its_setting() {
    let mut harness = tall();
    tab(&mut harness, "Design");
    steps(&mut harness);
    operate(&mut harness, "And", Pick("Elasticity"));
    operate(&mut harness, "Range", Tick);
    operate(&mut harness, "Second range", Tick);
    let wanted = |name: &str| format!("/design/{name}");
    let names = [
        "property",
        "second",
        "target/low",
        "target/high",
        "target/is_range",
        "second_target/low",
        "second_target/high",
        "second_target/is_range",
        "count",
        "first",
        "most",
        "tolerance",
        "refines",
        "seed",
    ]
    .map(wanted);
    let [property, _, low, high, _, second_low, second_high, _, count, first, most, tolerance, refines, seed] =
        names.each_ref().map(String::as_str);
    let cases = [
        ("Property", Pick("Diffusivity"), property, json!("diffusivity")),
        ("From", Set(0.5), low, json!(0.5)),
        ("To", Set(7.0), high, json!(7.0)),
        ("Second from", Set(0.25), second_low, json!(0.25)),
        ("Second to", Set(9.0), second_high, json!(9.0)),
        ("Candidates", Set(6.0), count, json!(6)),
        ("At random", Set(20.0), first, json!(20)),
        ("At most", Set(30.0), most, json!(30)),
        ("Tolerance", Set(2.0), tolerance, json!(2.0)),
        ("Refine", Tick, refines, json!(true)),
        ("Seed", Set(5.0), seed, json!(5)),
    ];
    check_all(&mut harness, &cases, &["And", "Range", "Second range", "Found by"]);
    operate(&mut harness, "Found by", Pick("the predictor"));
    assert_eq!(settings(&mut harness)["/design/by"], json!("Predicting"));
    until_shown(&mut harness, "Nothing is learned or opened in Learn yet.");
    assert!(harness.query_all_by_label("Second from").next().is_none());
}
