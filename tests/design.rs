//! Designing micrographs with the built-in model, by solving and by predicting.

use std::sync::Arc;
use std::time::Duration;

use microwright::job::{Design, Designed, Ending, Event, Job, Learn, MapSource, Measure, write_design};
use microwright::learn::{Goal, Regressor, Split};
use microwright::property::{Property, PropertySet, Wanted, material};

/// The last result of a task, and how it ended.
fn finished(task: Design) -> (Option<Arc<Designed>>, Ending) {
    let job = Job::start(task, Arc::new(|| {}));
    let mut last = None;
    loop {
        match job.wait(Duration::from_secs(120)).expect("an event") {
            Event::Output(output) => last = Some(output),
            Event::Ended(ending) => return (last, ending),
            _ => {}
        }
    }
}

/// Iron with voids.
fn solving(properties: &[Property]) -> Measure {
    let phases = ["Iron", "Void"].iter().map(|name| material(name).cloned().expect("known")).collect();
    let wanted = Wanted { properties: properties.to_vec(), keep_fields: false, ..Wanted::default() };
    Measure::Solve(Box::new((PropertySet::of(phases), wanted)))
}

fn request(measure: Measure, wishes: Vec<Vec<Goal>>) -> Design {
    Design {
        model: None,
        measure,
        wishes,
        count: 3,
        first: 16,
        most: 32,
        tolerance: 0.05,
        refine: None,
        edge: Some(64),
        seed: 3,
        device: "cpu".into(),
    }
}

fn value(value: f64) -> Vec<Goal> {
    vec![Goal { low: value, high: value }]
}

#[test]
fn conductivities_are_met_and_what_is_out_of_reach_is_said() {
    let (found, ending) = finished(request(solving(&[Property::Conductivity]), vec![]));
    let survey = found.expect("pictures at random");
    assert_eq!((ending, survey.pictures.len(), survey.wished.len()), (Ending::Finished, 16, 0));
    let (low, high) = survey.reached(0);
    assert!(low > 5.0 && high < 80.4 && high - low > 5.0, "{low} to {high}");
    let wishes = [0.3, 0.7].map(|share| value(low + share * (high - low))).into_iter().chain([value(200.0)]);
    let (found, ending) = finished(request(solving(&[Property::Conductivity]), wishes.collect()));
    let found = found.expect("a design");
    assert_eq!((ending, found.wished.len()), (Ending::Finished, 3));
    // Results are the same for the same seed, so that what was found at random stands in both.
    assert_eq!(found.pictures[..16], survey.pictures[..]);
    for wished in &found.wished[..2] {
        assert_eq!(wished.candidates.len(), 3);
        assert!(wished.candidates[0].miss < 0.05, "{}", found.verdict(wished));
        let best = &found.pictures[wished.candidates[0].picture];
        assert!((best.values[0] / wished.goals[0].low - 1.0).abs() < 0.05);
        assert!(best.grey.iter().all(|v| [0, 255].contains(v)), "two phases are black and white");
    }
    let text = found.verdict(&found.wished[2]);
    assert!(text.contains("0 of 3 candidates") && text.contains("200 lies outside of what"), "{text}");
    let folder = tempfile::tempdir().expect("a folder");
    let written = write_design(folder.path(), &found).expect("files");
    assert_eq!(written.iter().filter(|p| p.extension().is_some_and(|e| e == "png")).count(), 9);
    let lines = std::fs::read_to_string(folder.path().join("search.csv")).expect("a file").lines().count();
    assert_eq!(lines, 1 + found.pictures.len());
}

#[test]
fn two_properties_at_once_are_traded_for_each_other() {
    let measure = solving(&[Property::Conductivity, Property::Elasticity]);
    let wish = vec![Goal { low: 40.0, high: 70.0 }, Goal { low: 90.0, high: 190.0 }];
    let (found, _) = finished(Design { refine: Some(quick()), count: 1, ..request(measure, vec![wish]) });
    let found = found.expect("a design");
    assert!(found.names[0].starts_with("Conductivity (W") && found.names[1].starts_with("Young"), "{:?}", found.names);
    let titles: Vec<String> = microwright::job::design_figures(&found).into_iter().map(|f| f.title).collect();
    assert!(titles[0] == "Trade-off" && titles.len() == 3, "{titles:?}");
    let candidate = &found.wished[0].candidates[0];
    assert!(candidate.miss <= 0.05, "{}", found.verdict(&found.wished[0]));
    // The reconstruction has as much of each phase, and a conductivity near that of the candidate.
    let refined = candidate.refined.as_ref().expect("a reconstruction");
    let white = |grey: &[u8]| grey.iter().filter(|v| **v == 255).count();
    let own = &found.pictures[candidate.picture];
    assert_eq!((white(&refined.grey), refined.grey.len()), (white(&own.grey), own.grey.len()));
    assert_ne!(refined.grey, own.grey);
    assert!((refined.values[0] / own.values[0] - 1.0).abs() < 0.3, "{:?} {:?}", refined.values, own.values);
}

/// A reconstruction by few iterations.
fn quick() -> microwright::reconstruct::gram::Gram {
    microwright::reconstruct::gram::Gram { iterations: 20, ..Default::default() }
}

#[test]
fn what_was_learned_stands_for_a_solver() {
    let learn = Learn {
        source: MapSource::Graphite(24, 64, 1),
        column: "fraction".into(),
        inputs: vec![microwright::job::DistanceKind::Statistics],
        regressors: vec![Regressor::Ridge],
        split: Split::ByMicrograph(4),
        device: "cpu".into(),
        ..Learn::default()
    };
    let job = Job::start(learn, Arc::new(|| {}));
    let learned = loop {
        match job.wait(Duration::from_secs(120)).expect("an event") {
            Event::Output(output) => break output,
            Event::Ended(ending) => panic!("{ending:?}"),
            _ => {}
        }
    };
    let measure = Measure::Predict(learned.predictor.clone(), Box::new(learned.about.clone()));
    let (found, _) = finished(request(measure, vec![value(0.12)]));
    let found = found.expect("a design");
    assert_eq!(found.names, ["fraction, by the predictor"]);
    assert!(found.pictures.iter().all(|p| p.forecast.is_some_and(|f| f.value == p.values[0] && f.half_width > 0.0)));
    let best = &found.pictures[found.wished[0].candidates[0].picture];
    let share = best.grey.iter().filter(|v| **v == 255).count() as f64 / best.grey.len() as f64;
    assert!((best.values[0] - 0.12).abs() < 0.006 && (share - 0.12).abs() < 0.03, "{} {share}", best.values[0]);
}

#[test]
fn what_cannot_be_designed_is_said() {
    let reason = |task: Design| match finished(task).1 {
        Ending::Failed(reason) => reason,
        other => panic!("{other:?}"),
    };
    let conductivity = || solving(&[Property::Conductivity]);
    let wrong = vec![Goal { low: 3.0, high: 2.0 }];
    assert!(reason(request(conductivity(), vec![wrong])).contains("ends below its start"));
    let two = vec![Goal { low: 1.0, high: 1.0 }; 2];
    assert!(reason(request(conductivity(), vec![two])).contains("Say which value each property"));
    assert!(reason(request(solving(&[]), vec![])).contains("Choose a property"));
    assert!(reason(Design { count: 0, ..request(conductivity(), vec![]) }).contains("a candidate at least"));
    assert!(reason(Design { edge: Some(65), ..request(conductivity(), vec![]) }).contains("multiples of 16"));
    // No phase of iron and voids is pore space of a fluid that would flow: nothing can be searched by.
    let iron = PropertySet::of(vec![material("Iron").cloned().expect("known"); 2]);
    let wanted = Wanted { properties: vec![Property::Permeability], ..Wanted::default() };
    let none = reason(request(Measure::Solve(Box::new((iron, wanted))), vec![]));
    assert!(none.contains("can be found of 0 of 16 pictures"), "{none}");
    let one = PropertySet::of(vec![material("Iron").cloned().expect("known")]);
    let one = Measure::Solve(Box::new((one, Wanted::default())));
    assert!(reason(request(one, vec![])).contains("a material for each phase"));
    let three = PropertySet::of(vec![material("Iron").cloned().expect("known"); 3]);
    let three = Measure::Solve(Box::new((three, Wanted::default())));
    assert!(reason(request(three, vec![])).contains("built-in model has two phases"));
    assert!(reason(request(conductivity(), vec![value(0.0)])).contains("give a range"));
    let missing = Design { model: Some("nowhere.safetensors".into()), ..request(conductivity(), vec![]) };
    assert!(reason(missing).contains("nowhere.safetensors"));
}
