//! The Learn workspace: a folder with a table is learned from, micrographs are predicted, the project keeps it, and every
//! control does what it says.

mod common;
#[path = "common/hands.rs"]
mod hands;
#[path = "common/window.rs"]
mod window;

use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use hands::{Pick, Set, Tick, check_all, operate, settings, steps, tall};
use microwright::app::{App, LearnSpace};
use microwright::job::write_artificial;
use microwright::micrograph::{write_labels_npy, write_labels_png};
use microwright::synth;
use serde_json::json;
use window::{click, drop_file, settle, tab, until, until_shown, window};

fn space(app: &App) -> &LearnSpace {
    app.space::<LearnSpace>()
}

/// A folder like a property set: structures of several fractions, and their table.
fn set(folder: &std::path::Path) -> std::path::PathBuf {
    let set = folder.join("set");
    std::fs::create_dir(&set).expect("a folder");
    let mut table = String::from("file,stiffness,colour\n");
    for n in 0..16 {
        let fraction = 0.2 + 0.04 * n as f64;
        let map = synth::bicontinuous(48, fraction, 10.0, n);
        write_labels_png(&set.join(format!("{n}.png")), &map, None).expect("a file");
        table += &format!("{n}.png,{},red\n", 100.0 - 50.0 * fraction);
    }
    std::fs::write(set.join("properties.csv"), table).expect("a table");
    set
}

#[test]
fn a_folder_is_learned_from_and_micrographs_are_predicted() {
    let folder = tempfile::tempdir().expect("a folder");
    let set = set(folder.path());
    let mut harness = window(None);
    settle(&mut harness);
    harness.state_mut().settings_mut().device = "cpu".into();
    tab(&mut harness, "Learn");
    until_shown(&mut harness, "Choose micrographs and a table");
    drop_file(&mut harness, &set);
    // The folder's own table is found; of its columns only those of numbers can be learned.
    until(&mut harness, "the column", |app| space(app).wanted().column == "stiffness");
    click(&mut harness, "Texture vectors");
    steps(&mut harness);
    click(&mut harness, "Learn the property");
    until(&mut harness, "what is learned", |app| space(app).learned().is_some());
    steps(&mut harness);
    let learned = space(harness.state()).learned().expect("learned").clone();
    assert_eq!(learned.attempts.len(), 8);
    assert!(learned.best().validation.scores.r2 > 0.9, "{:?}", learned.best().validation.scores);
    until_shown(&mut harness, "Volume fractions alone");
    click(&mut harness, "Importance");
    until_shown(&mut harness, "when an input is shuffled");
    let other = folder.path().join("other.npy");
    write_labels_npy(&other, &synth::bicontinuous(48, 0.4, 10.0, 77)).expect("a file");
    drop_file(&mut harness, &other);
    until(&mut harness, "the prediction", |app| !space(app).predicted().is_empty());
    let found = space(harness.state()).predicted()[0].clone();
    assert!((found.forecast.value - 80.0).abs() < 2.0, "{found:?}");
    until_shown(&mut harness, "other.npy");
    let project = folder.path().join("kept.microwright");
    harness.state_mut().save_project_as(&project);
    until(&mut harness, "the project", |_| project.exists());
    let mut again = window(Some(project));
    until(&mut again, "what was learned", |app| space(app).learned().is_some());
    let kept = space(again.state()).learned().expect("learned");
    assert_eq!(kept.best().validation, learned.best().validation);
    assert_eq!(kept.verdict(), learned.verdict());
}

/// Authentic micrographs and artificial ones of the built-in model and of a Markov random field: their property, and what
/// they add.
#[test]
fn artificial_micrographs_are_studied() {
    let folder = tempfile::tempdir().expect("a folder");
    let set = set(folder.path());
    let mut harness = tall();
    settle(&mut harness);
    harness.state_mut().settings_mut().device = "cpu".into();
    tab(&mut harness, "Learn");
    steps(&mut harness);
    drop_file(&mut harness, &set);
    until(&mut harness, "the column", |app| space(app).wanted().column == "stiffness");
    operate(&mut harness, "Study", Tick);
    operate(&mut harness, "By model", Tick);
    operate(&mut harness, "Authentic", Set(10.0));
    operate(&mut harness, "Added", Set(8.0));
    operate(&mut harness, "Draws", Set(2.0));
    click(&mut harness, "Study artificial micrographs");
    until(&mut harness, "the study", |app| space(app).artificial().is_some());
    let found = space(harness.state()).artificial().expect("a study").clone();
    assert_eq!((found.learned.len(), found.predicted.len(), found.generated.len()), (10, 6, 2));
    // A field is made from the authentic ones, and is nearer to them than graphite is.
    let [graphite, field] = found.generated.as_slice() else { panic!("two generators") };
    assert!(field.distance < graphite.distance, "{} {}", field.distance, graphite.distance);
    let counts: Vec<(usize, usize)> = field.points.iter().map(|p| (p.count, p.r2.len())).collect();
    assert_eq!(counts, [(0, 1), (2, 2), (4, 2), (8, 2)]);
    assert_eq!(field.points[0].r2, graphite.points[0].r2);
    assert!(field.points.iter().flat_map(|p| &p.rmse).all(|v| (0.0..40.0).contains(v)), "{:?}", field.points);
    until_shown(&mut harness, "R², 8 added");
    let project = folder.path().join("kept.microwright");
    harness.state_mut().save_project_as(&project);
    until(&mut harness, "the project", |_| project.exists());
    let mut again = window(Some(project));
    until(&mut again, "the study", |app| space(app).artificial().is_some());
    assert_eq!(**space(again.state()).artificial().expect("kept"), *found);
    let written = write_artificial(&folder.path().join("out"), &found).expect("files");
    for name in ["draws.csv", "micrographs.png", "what-artificial-micrographs-add.svg"] {
        assert!(written.iter().any(|path| path.ends_with(name)), "{name}: {written:?}");
    }
}

#[test]
fn every_control_of_learning_changes_its_setting() {
    let folder = tempfile::tempdir().expect("a folder");
    let set = set(folder.path());
    let mut harness = tall();
    tab(&mut harness, "Learn");
    steps(&mut harness);
    operate(&mut harness, "Patches", Tick);
    let wanted = |name: &str| format!("/learn/{name}");
    let names = ["edge", "stride", "prepares", "split", "parts", "seed", "cuts", "repeats", "frozen"].map(wanted);
    let [edge, stride, prepares, split, parts, seed, cuts, repeats, frozen] = names.each_ref().map(String::as_str);
    let artificial = |name: &str| format!("/learn/artificial/{name}");
    let names = ["property", "latent", "markov", "authentic", "most", "draws", "reading", "regressor"].map(artificial);
    let [property, latent, markov, authentic, most, draws, reading, regressor] = names.each_ref().map(String::as_str);
    assert_eq!(settings(&mut harness)[cuts], json!(true));
    operate(&mut harness, "Neural network", Tick);
    operate(&mut harness, "Networks", Pick("As published"));
    operate(&mut harness, "Study", Tick);
    let after = settings(&mut harness);
    assert_eq!((&after["/learn/preset"], &after["/learn/studies"]), (&json!("as-published"), &json!(true)));
    let cases = [
        ("Patch", Set(64.0), edge, json!(64)),
        ("Stride", Set(32.0), stride, json!(32)),
        ("Prepare", Tick, prepares, json!(true)),
        ("Split", Pick("Random"), split, json!("Random")),
        ("Parts", Set(7.0), parts, json!(7)),
        ("Repeats", Set(3.0), repeats, json!(3)),
        ("Transferred", Tick, frozen, json!(true)),
        ("Seed", Set(9.0), seed, json!(9)),
        ("Property", Pick("Elasticity"), property, json!("elasticity")),
        ("By model", Tick, latent, json!(true)),
        ("By field", Tick, markov, json!(false)),
        ("Authentic", Set(12.0), authentic, json!(12)),
        ("Added", Set(40.0), most, json!(40)),
        ("Draws", Set(3.0), draws, json!(3)),
        ("Read", Pick("Two-point"), reading, json!("TwoPoint")),
        ("Predicted by", Pick("Ridge"), regressor, json!("ridge")),
    ];
    let readings = [
        "Statistics of phases",
        "Two-point statistics",
        "Texture vectors",
        "Feature maps, pool2",
        "Feature maps, pool3",
        "Feature maps, pool4",
        "Pixels",
        "Latent point",
    ];
    let regressors = ["Ridge", "Support vectors", "Gaussian process", "Random forest", "Neural network"];
    let others: Vec<&str> = ["Patches", "Networks", "Study"].into_iter().chain(readings).chain(regressors).collect();
    check_all(&mut harness, &cases, &others);
    for (n, name) in readings.into_iter().chain(regressors).enumerate() {
        let count = |harness: &mut Harness<'_, App>| {
            let list = if n < readings.len() { "/learn/readings/" } else { "/learn/regressors/" };
            settings(harness).keys().filter(|path| path.starts_with(list)).count()
        };
        let before = count(&mut harness);
        operate(&mut harness, name, Tick);
        assert_ne!(count(&mut harness), before, "{name}");
        operate(&mut harness, name, Tick);
        assert_eq!(count(&mut harness), before, "{name}");
    }
    harness.get_by_role_and_label(Role::RadioButton, "Synthetic graphite").click();
    steps(&mut harness);
    until(&mut harness, "columns", |app| space(app).wanted().column == "strength");
    operate(&mut harness, "Pictures", Set(20.0));
    assert_eq!(settings(&mut harness)["/learn/count"], json!(20));
    operate(&mut harness, "Column", Pick("radius"));
    assert_eq!(settings(&mut harness)["/learn/column"], json!("radius"));
    drop_file(&mut harness, &set);
    until(&mut harness, "the table", |app| space(app).wanted().column == "stiffness");
}
