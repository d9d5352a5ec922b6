//! Jobs: exactly one ending, no thread left behind, and what happens when a device is lost in mid-run.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use microwright::compute::Device;
use microwright::compute::graph::Precision;
use microwright::job::{Ending, Event, Job, JobOf, Latest, Request, Run, Wanted};
use microwright::micrograph::{Micrograph, Recipe, Segmentation};
use microwright::net::Layer;
use microwright::reconstruct::gram::{Gram, GramReconstruction, Problem, Saved, Solver};
use microwright::reconstruct::{
    Checkpoint, Realisation, ReconstructError, Reconstruction, Report, SavedRun, Settings, Target, prepare,
};
use microwright::synth;

fn quiet() -> microwright::job::Wake {
    Arc::new(|| {})
}

fn endings<O>(job: &Job<impl Sized, O>) -> Vec<Ending> {
    let mut found = vec![];
    // The channel closes with the job's thread; a second of silence after an ending is enough to see a second one.
    while let Some(event) = job.wait(Duration::from_secs(if found.is_empty() { 30 } else { 1 })) {
        if let Event::Ended(ending) = event {
            found.push(ending);
        }
    }
    found
}

#[test]
fn a_panic_is_a_failure_with_a_sentence_and_the_only_ending() {
    let job = Job::<(), ()>::spawn("panics", quiet(), |_| panic!("of this test"));
    let found = endings(&job);
    assert!(matches!(found.as_slice(), [Ending::Failed(text)] if text.contains("of this test")), "{found:?}");
}

#[test]
fn dropping_a_job_cancels_it_and_waits_for_its_thread() {
    let running = Arc::new(AtomicBool::new(true));
    let flag = running.clone();
    let job = Job::<(), ()>::spawn("drops", quiet(), move |control| {
        while control.wanted() != Wanted::Cancel {
            std::thread::sleep(Duration::from_millis(1));
        }
        flag.store(false, Ordering::SeqCst);
        Ending::Cancelled
    });
    drop(job);
    assert!(!running.load(Ordering::SeqCst), "the thread has ended before drop returns");
}

#[test]
fn a_paused_job_that_is_dropped_ends_too() {
    let job = Job::<(), ()>::spawn("paused", quiet(), |control| match control.wait_while_paused() {
        _ if control.wanted() == Wanted::Cancel => Ending::Cancelled,
        _ => loop {
            if control.wait_while_paused() == Wanted::Cancel {
                return Ending::Cancelled;
            }
            std::thread::sleep(Duration::from_millis(1));
        },
    });
    job.request(Request::Pause);
    std::thread::sleep(Duration::from_millis(20));
    drop(job);
}

#[test]
fn a_latest_slot_holds_the_newest_value_only() {
    let slot = Latest::default();
    (0..5).for_each(|n| slot.put(n));
    assert_eq!(slot.take(), Some(4));
    assert_eq!(slot.take(), None);
}

fn target(micrograph: Micrograph, settings: &Settings) -> Arc<Target> {
    Arc::new(Target::new(micrograph, &settings.recipe).expect("an original"))
}

fn ready(micrograph: Micrograph, settings: &Settings, device: Device) -> Problem {
    let gram = settings.method.gram().expect("Gram matrices").clone();
    Problem::new(target(micrograph, settings), settings.clone(), gram, device).expect("a problem")
}

fn small(iterations: usize) -> Settings {
    let depth = Layer::named("pool1").expect("a depth");
    Settings { device: "cpu".into(), ..Settings::of(Gram { depth, iterations, ..Gram::default() }) }
}

#[test]
fn cancelling_acts_within_an_iteration_and_leaves_no_checkpoint() {
    let folder = tempfile::tempdir().expect("a folder");
    let micrograph = synth::from_labels("test", &synth::bicontinuous(64, 0.4, 9.0, 1));
    let folder_of_run = Some(folder.path().to_path_buf());
    let run = Run {
        target: target(micrograph, &small(1)),
        settings: small(100_000),
        folder: folder_of_run,
        write: false,
        resume: false,
    };
    let job: JobOf<Run> = Job::start(run, quiet());
    let seen = AtomicUsize::new(0);
    while seen.load(Ordering::SeqCst) < 3 {
        if let Some(progress) = job.progress() {
            seen.store(progress.iteration, Ordering::SeqCst);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    job.request(Request::Cancel);
    assert_eq!(endings(&job), [Ending::Cancelled]);
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

/// What was stopped and kept goes on to the bytes of the run that was not stopped.
#[test]
fn a_stopped_run_goes_on_from_where_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let micrograph = synth::from_labels("test", &synth::bicontinuous(64, 0.4, 9.0, 1));
    let target = target(micrograph, &small(1));
    let run = |resume: bool| Run {
        target: target.clone(),
        settings: small(150),
        folder: Some(folder.path().to_path_buf()),
        write: false,
        resume,
    };
    let finish = |job: &JobOf<Run>| {
        let mut made = vec![];
        loop {
            match job.wait(Duration::from_secs(120)).expect("an event") {
                Event::Output(realisation) => made.push(realisation),
                Event::Ended(ending) => return (ending, made),
                _ => {}
            }
        }
    };
    let (ending, whole) = finish(&Job::start(run(false), quiet()));
    assert_eq!(ending, Ending::Finished);
    let job: JobOf<Run> = Job::start(run(false), quiet());
    while job.progress().is_none_or(|progress| progress.iteration < 1) {
        std::thread::sleep(Duration::from_millis(1));
    }
    job.request(Request::StopAndKeep);
    let (ending, kept) = finish(&job);
    assert_eq!((ending, kept.len()), (Ending::Kept, 1));
    assert!(kept[0].report.stopped_early && kept[0].report.iterations < whole[0].report.iterations);
    let (ending, resumed) = finish(&Job::start(run(true), quiet()));
    assert_eq!(ending, Ending::Finished);
    assert_eq!(resumed[0].image, whole[0].image);
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "a finished run leaves no checkpoint");
}

/// A device lost in mid-run is an error; the state from before the iteration goes on elsewhere.
#[test]
fn a_run_whose_device_is_lost_goes_on_from_its_last_state() {
    let Some(gpu) = common::gpu() else { return };
    let micrograph = synth::from_labels("test", &synth::bicontinuous(32, 0.4, 8.0, 1));
    let problem = ready(micrograph.clone(), &small(6), gpu);
    let mut solver = Solver::new(&problem, 1).expect("a solver");
    for _ in 0..3 {
        solver.step(&problem, &|| false).expect("an iteration");
    }
    solver.loss().program().expect("the whole image").lose_device();
    let before = solver.optimiser().clone();
    let error = solver.step(&problem, &|| false).expect_err("the device is lost");
    assert!(matches!(error, ReconstructError::Compute(_)) && error.to_string().contains("lost"), "{error}");
    assert_eq!(solver.optimiser(), &before, "the iteration that failed changed nothing");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("checkpoint.safetensors");
    let lost = GramReconstruction { problem, solver: Some(solver) };
    let run = SavedRun {
        settings: small(6),
        fingerprint: "of this test".into(),
        weights: None,
        realisation: 0,
        seed: 1,
        seconds: 1.5,
    };
    Checkpoint { run, state: lost.state() }.save(&path).expect("a file");
    let saved = Checkpoint::read(&path).expect("a checkpoint");
    let elsewhere = ready(micrograph, &small(6), Device::Cpu);
    let state = Saved::read(&saved.state).expect("a state");
    assert_eq!(state.optimiser, before);
    let mut resumed = Solver::resume(&elsewhere, saved.run.seed, state).expect("a solver");
    resumed.step(&elsewhere, &|| false).expect("an iteration on the cores");
    assert_eq!(resumed.iteration(), 4);
}

#[test]
fn a_run_in_half_precision_follows_one_in_single() {
    let Some(gpu) = common::half_gpu() else { return };
    let micrograph = synth::from_labels("test", &synth::bicontinuous(32, 0.4, 8.0, 1));
    let runs = [Precision::Single, Precision::Half].map(|precision| {
        let mut settings = Settings { precision, ..small(6) };
        settings.method.gram_mut().expect("Gram matrices").levels = 1;
        let problem = ready(micrograph.clone(), &settings, gpu.clone());
        let mut solver = Solver::new(&problem, 1).expect("a solver");
        for _ in 0..6 {
            solver.step(&problem, &|| false).expect("an iteration");
        }
        let losses: Vec<f64> = solver.into_record().1.iter().map(|loss| loss.total).collect();
        (problem.cost.bytes, losses)
    });
    let [(single_bytes, single), (half_bytes, half)] = runs;
    assert!(half_bytes < single_bytes, "{half_bytes} and {single_bytes} bytes");
    assert_eq!((single.len(), half.len()), (6, 6));
    for (single, half) in single.iter().zip(&half) {
        assert!((single - half).abs() < 0.02 * single && single != half, "{single} and {half}");
    }
}

#[test]
fn an_interrupted_step_changes_nothing() {
    let micrograph = synth::from_labels("test", &synth::bicontinuous(32, 0.4, 8.0, 1));
    let problem = ready(micrograph, &small(6), Device::Cpu);
    let mut solver = Solver::new(&problem, 1).expect("a solver");
    solver.step(&problem, &|| false).expect("an iteration");
    let before = solver.optimiser().clone();
    assert!(matches!(solver.step(&problem, &|| true), Err(ReconstructError::Interrupted)));
    assert_eq!(solver.optimiser(), &before);
}

#[test]
fn a_phase_without_a_pixel_is_refused_and_a_report_with_what_is_no_number_is_read() {
    let mut micrograph = synth::from_labels("test", &synth::bicontinuous(32, 0.4, 8.0, 1));
    micrograph.values.iter_mut().for_each(|v| *v *= 100.0);
    let mut settings = small(2);
    settings.recipe = Recipe::of(Segmentation::Thresholds(vec![50.0, 400.0]));
    let target_of_two = target(micrograph.clone(), &settings);
    let error = prepare(&target_of_two, &settings, Device::Cpu).err().expect("an empty phase").to_string();
    assert!(error.contains("phase 2"), "{error}");
    // Half black, half white: no chord is whole, so its mean is no number.
    let values = (0..32 * 32).map(|n| f32::from(u8::from(n % 32 >= 16))).collect();
    let halves = Micrograph::new((32, 32), 1, values, (0.0, 1.0));
    let (settings, halves) = (small(2), target(halves, &small(2)));
    let mut reconstruction = prepare(&halves, &settings, Device::Cpu).expect("a reconstruction");
    reconstruction.begin(1).expect("a realisation");
    let made = Realisation::of(&mut *reconstruction, (&halves, &settings), 0, 0.0, false, &|| false);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("report.json");
    std::fs::write(&path, serde_json::to_string(&made.report).expect("a text")).expect("a file");
    let back = Report::read(&path).expect("a report");
    assert_eq!(back.settings, made.report.settings);
}
