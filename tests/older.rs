//! Files that the version before methods and workspaces wrote (in `tests/golden/0.1.0`) still open.

#[path = "common/window.rs"]
mod window;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use microwright::job::{Ending, Event, Job, Run};
use microwright::latent::Model;
use microwright::micrograph::{self, Correction, Recipe};
use microwright::net::Layer;
use microwright::project::Project;
use microwright::reconstruct::{Report, Settings, Target};
use window::{until, window};

fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/0.1.0").join(name)
}

/// The settings that those files were made with.
fn is_kept(settings: &Settings) -> bool {
    let gram = settings.method.gram().expect("Gram matrices");
    (gram.depth, gram.levels, gram.iterations) == (Layer::CONV1_1, 1, 4)
        && (settings.seed, settings.device.as_str(), settings.polish) == (42, "cpu", true)
        && settings.recipe.corrections == [Correction::Despeckle { pixels: 2 }]
}

#[test]
fn a_report_still_sets_up_its_run() {
    let report = Report::read(&kept("report.json")).expect("a report");
    assert!(is_kept(&report.settings), "{:?}", report.settings);
    assert_eq!((report.loss.len(), report.weights.expect("a network").name.as_str()), (4, "Built in (random filters)"));
    // What is written now is read again.
    let text = serde_json::to_string(&report.settings).expect("a text");
    assert_eq!(serde_json::from_str::<Settings>(&text).expect("settings"), report.settings);
    assert!(text.contains("\"method\":{\"gram\":"), "{text}");
}

#[test]
fn settings_of_a_version_that_knew_less_leave_out_what_it_had_not() {
    let old: Settings = serde_json::from_str(r#"{"depth": "pool2", "iterations": 7, "seed": 3}"#).expect("settings");
    let gram = old.method.gram().expect("Gram matrices");
    assert_eq!((gram.depth.name(), gram.iterations, old.seed), ("pool2", 7, 3));
    assert_eq!((gram.levels, gram.correlation_weight, old.polish), (1, 0.0, false));
    for wrong in [r#"{"depht": "pool2"}"#, r#"{"method": {"gram": {}}, "depth": "pool2"}"#, r#"{"method": "magic"}"#] {
        assert!(serde_json::from_str::<Settings>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_checkpoint_is_still_gone_on_from() {
    let folder = tempfile::tempdir().expect("a folder");
    let micrograph = micrograph::read(&kept("kept.npy")).expect("a micrograph");
    let report = Report::read(&kept("report.json")).expect("a report");
    std::fs::copy(kept("checkpoint.safetensors"), folder.path().join("checkpoint.safetensors")).expect("a copy");
    let target = Target::new(micrograph, &report.settings.recipe).expect("an original");
    assert_eq!(target.fingerprint(), report.input.sha256_of_values);
    let run = Run {
        target: Arc::new(target),
        settings: report.settings.clone(),
        folder: Some(folder.path().into()),
        write: false,
        resume: true,
    };
    let job = Job::start(run, Arc::new(|| {}));
    let mut made = None;
    loop {
        match job.wait(Duration::from_secs(60)).expect("an event") {
            Event::Output(realisation) => made = Some(realisation),
            Event::Ended(ending) => break assert_eq!(ending, Ending::Finished),
            Event::Warning(text) => panic!("{text}"),
            Event::Saved(_) => {}
        }
    }
    let made = made.expect("a realisation");
    // It began with two iterations that were made then: those losses are kept to the last bit.
    assert_eq!((made.report.loss.len(), &made.report.loss[..2]), (4, &report.loss[..2]));
    assert!((made.report.loss[3] - report.loss[3]).abs() < 1e-3 * report.loss[3]);
}

#[test]
fn a_model_still_opens() {
    let model = Model::open(&kept("model.safetensors")).expect("a model");
    assert_eq!((model.settings.dimensions, model.settings.edge, model.summary.steps), (2, 32, 2));
}

#[test]
fn a_project_still_opens_and_so_does_the_window_with_it() {
    let path = kept("project.microwright");
    let project = Project::read(&path).expect("a project");
    assert!(is_kept(&project.settings) && project.parts.is_empty());
    assert_eq!(project.settings.method.gram().map(|gram| gram.correlation_weight), Some(2.5));
    assert_eq!((project.realisations.len(), project.compared.len()), (1, 1));
    assert!(project.realisations[0].phases.is_some() && project.realisations[0].original.is_some());
    let mut harness = window(Some(path));
    until(&mut harness, "the project", |app| app.message_texts().iter().any(|m| m.contains("is open")));
    until(&mut harness, "the phases", |app| app.shared().is_settled());
    assert_eq!(harness.state().shared().realisations.len(), 1);
    assert_eq!(harness.state_mut().settings_mut().recipe, Recipe { ..project.settings.recipe });
}
