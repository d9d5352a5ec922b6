//! Reconstructions of members of sets.

use std::cell::RefCell;
use std::sync::Arc;

use super::map::Member;
use super::reconstruct::Run;
use super::{Control, Ending, Failure, Progress};
use crate::micrograph::{Micrograph, PhaseMap, Recipe, Segmentation};
use crate::reconstruct::{Realisation, Settings, Target};

/// Grey values, and height and width.
type Grey = (Arc<Vec<u8>>, (usize, usize));

/// Makes a member anew by the method of the settings. Returns the grey values, with phases spread evenly over them, and height
/// and width; none if the job is to end. `show` gets the share that is done.
///
/// # Errors
/// The method fails.
pub fn remade<P, O>(
    member: &Member,
    settings: Settings,
    control: &Control<P, O>,
    show: &dyn Fn(f64),
) -> Result<Option<Grey>, Failure> {
    let mut micrograph = Micrograph::new(member.size, 1, member.floats(), (0.0, 255.0));
    micrograph.name = member.name.clone();
    // The phases are known, so that nothing is guessed.
    let recipe = Recipe::of(member.phases.map_or(Segmentation::Unsegmented, |count| {
        let step = 255.0 / (count.max(2) - 1) as f32;
        Segmentation::Thresholds((1..count).map(|n| (n as f32 - 0.5) * step).collect())
    }));
    let target = Target::new(micrograph, &recipe)?;
    let settings = Settings { recipe, ..settings };
    let run = Run { target: Arc::new(target), settings, folder: None, write: false, resume: false };
    let made: RefCell<Option<Arc<Realisation>>> = RefCell::default();
    let ending = run.realise(control, &|progress| show(progress.share()), &|realisation| {
        *made.borrow_mut() = Some(realisation);
    })?;
    let made = made.into_inner().filter(|made| ending == Ending::Finished && !made.report.stopped_early);
    Ok(made.map(|made| {
        let grey = made.phases.as_ref().map_or_else(|| grey_of_image(&made.image), |map| grey_of_phases(map));
        (Arc::new(grey), made.size)
    }))
}

/// Phases spread evenly over the grey values.
fn grey_of_phases(map: &PhaseMap) -> Vec<u8> {
    let step = 255.0 / (map.phases.max(2) - 1) as f32;
    map.flat().iter().map(|label| (f32::from(*label) * step).round() as u8).collect()
}

/// The mean of three channels.
fn grey_of_image(image: &[f32]) -> Vec<u8> {
    image.chunks_exact(3).map(|c| (c.iter().sum::<f32>() / 3.0).round().clamp(0.0, 255.0) as u8).collect()
}
