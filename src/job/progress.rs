//! The progress of a reconstruction, and previews of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Progress;
use crate::micrograph::PhaseMap;
use crate::reconstruct::{LossValue, Reconstruction, Status};
use crate::stats::{Curves, all_curves};

/// What a run is doing while it iterates.
const RECONSTRUCTING: &str = "reconstructing";

/// The running realisation as it is now.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The image: three channels in 0 … 255.
    pub image: Arc<Vec<f32>>,
    /// Height and width.
    pub size: (usize, usize),
    /// Its phases; if they come from k-means, the volume fractions are not exact.
    pub phases: Option<Arc<PhaseMap>>,
    /// The curves of every phase.
    pub curves: Arc<Vec<Curves>>,
}

/// How far a reconstruction is.
#[derive(Clone, Debug, Default)]
pub struct RunProgress {
    /// What is being done, in a few words.
    pub doing: &'static str,
    /// The running realisation, from 0.
    pub realisation: usize,
    /// Realisations in all.
    pub realisations: usize,
    /// Iterations of the running realisation.
    pub iteration: usize,
    /// The most iterations of a realisation, at all sizes together.
    pub iterations: usize,
    /// The running realisation's work so far, and all of it, in iterations at the full size.
    pub work: (f64, f64),
    /// Whether it is paused.
    pub paused: bool,
    /// Seconds of computing for the running realisation.
    pub seconds: f64,
    /// Bytes in use on the device.
    pub memory: u64,
    /// The losses of the running realisation.
    pub losses: Arc<Vec<LossValue>>,
    /// A new preview, if one was due.
    pub preview: Option<Preview>,
}

impl Progress for RunProgress {
    fn share(&self) -> f64 {
        (self.realisation as f64 + self.share_of_realisation()) / self.realisations.max(1) as f64
    }

    fn doing(&self) -> String {
        match self.losses.last().filter(|_| self.doing == RECONSTRUCTING) {
            Some(loss) => format!("iteration {}, loss {:.3e}", self.iteration, loss.total),
            None => self.doing.into(),
        }
    }

    /// Known once an iteration has been timed.
    fn seconds_left(&self) -> Option<f64> {
        let share = self.share_of_realisation();
        let left = (self.realisations - self.realisation) as f64 - share;
        (share > 0.0).then_some(left * self.seconds / share)
    }
}

impl RunProgress {
    /// Of a realisation of so many, which has been computed for some seconds.
    pub(super) fn of(status: &Status, (realisation, realisations): (usize, usize), seconds: f64) -> Self {
        Self {
            doing: RECONSTRUCTING,
            realisation,
            realisations,
            iteration: status.iteration,
            iterations: status.iterations,
            work: status.work,
            paused: false,
            seconds,
            memory: status.memory,
            losses: Arc::new(status.losses.to_vec()),
            preview: None,
        }
    }

    /// Seconds for an iteration at the full size, a running mean.
    pub fn seconds_per_iteration(&self) -> f64 {
        self.seconds / self.work.0
    }

    /// The share of the running realisation's work that is done, 0 … 1.
    pub fn share_of_realisation(&self) -> f64 {
        if self.work.1 > 0.0 { (self.work.0 / self.work.1).min(1.0) } else { 0.0 }
    }
}

/// Decides when the next preview is due: often enough to watch, without slowing the work.
pub struct Pace {
    shortest: Duration,
    last: Option<Instant>,
    cost: Duration,
}

/// The shortest time from one preview to the next. A machine that computes on its cores mostly draws on them too, and a
/// frame then takes about 100 ms of a core: less than three in two seconds leave 85 % of it to the computation.
const SHORTEST: Duration = Duration::from_millis(90);
const SHORTEST_ON_CORES: Duration = Duration::from_millis(700);
/// Previews take at most one part in this many of the time.
const SHARE: u32 = 8;

impl Pace {
    pub fn new(on_cores: bool) -> Self {
        let shortest = if on_cores { SHORTEST_ON_CORES } else { SHORTEST };
        Self { shortest, last: None, cost: Duration::ZERO }
    }

    pub fn due(&self) -> bool {
        self.last.is_none_or(|last| last.elapsed() >= self.shortest.max(self.cost * SHARE))
    }

    /// Makes a preview and measures its time.
    pub fn preview(&mut self, reconstruction: &dyn Reconstruction, size: (usize, usize)) -> Preview {
        let start = Instant::now();
        let image = reconstruction.image();
        let phases = reconstruction.rough_phases(&image);
        let preview = Preview {
            curves: Arc::new(phases.as_ref().map(all_curves).unwrap_or_default()),
            image: Arc::new(image),
            size,
            phases: phases.map(Arc::new),
        };
        self.cost = start.elapsed();
        self.last = Some(Instant::now());
        preview
    }
}

/// How far work is that tells no more than a share and a few words.
#[derive(Clone, Debug, Default)]
pub struct StudyProgress {
    /// What is being done, in a few words.
    pub doing: String,
    /// 0 … 1.
    pub share: f64,
}

impl Progress for StudyProgress {
    fn share(&self) -> f64 {
        self.share
    }

    fn doing(&self) -> String {
        self.doing.clone()
    }
}
