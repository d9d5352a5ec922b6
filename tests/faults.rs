//! Devices that are lost in mid-run: whatever is under way, the run goes on and ends with the same result.

mod common;

use std::sync::Arc;

use microwright::compute::gpu::lose_after;
use microwright::job::{Ending, Event, Job, Run};
use microwright::micrograph::Recipe;
use microwright::net::Layer;
use microwright::reconstruct::gram::Gram;
use microwright::reconstruct::{Realisation, Settings, Target};
use microwright::synth;

/// Runs a small reconstruction on an adapter; the ending, the result, and how often a loss was told.
fn reconstruct(device: &str) -> (Ending, Option<Arc<Realisation>>, usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = Settings {
        recipe: Recipe::default(),
        polish: false,
        device: device.into(),
        ..Settings::of(Gram { depth: Layer::CONV1_1, iterations: 2, levels: 1, ..Gram::default() })
    };
    let micrograph = synth::from_labels("test", &synth::bicontinuous(32, 0.4, 8.0, 1));
    let target = Arc::new(Target::new(micrograph, &settings.recipe).expect("an original"));
    let run = Run { target, settings, folder: Some(folder.path().into()), write: false, resume: false };
    let job = Job::start(run, Arc::new(|| {}));
    let (mut found, mut losses) = (None, 0);
    loop {
        match job.wait(std::time::Duration::from_secs(120)).expect("an event") {
            Event::Output(realisation) => found = Some(realisation),
            Event::Warning(text) if text.contains("was lost") => losses += 1,
            Event::Ended(ending) => return (ending, found, losses),
            _ => {}
        }
    }
}

#[test]
fn a_device_lost_at_any_submission_does_not_end_the_run() {
    let Some(gpu) = common::gpu() else { return };
    let name = gpu.info().name;
    let (ending, whole, losses) = reconstruct(&name);
    assert_eq!((ending, losses), (Ending::Finished, 0));
    let whole = whole.expect("a result");
    for n in 0.. {
        lose_after(n);
        let (ending, found, losses) = reconstruct(&name);
        let left = lose_after(u64::MAX);
        assert_eq!(ending, Ending::Finished, "lost at submission {n}");
        let found = found.expect("a result");
        assert!(found.phases == whole.phases && found.image == whole.image, "lost at submission {n}");
        if left < u64::MAX {
            // The run ended before it came to so many.
            assert!(losses == 0 && n > 10, "{losses} losses, {n} submissions");
            return;
        }
        assert_eq!(losses, 1, "lost at submission {n}");
    }
}
