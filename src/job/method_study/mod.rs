//! Every method on one micrograph, side by side (Li et al. 2018, Figure 2 and Tables 1 to 3).

mod files;
mod summary;

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use super::progress::{RunProgress, StudyProgress};
use super::property::{Response, own_responses_of, responses_of};
use super::reconstruct::Run;
use super::{Control, Ending, Failure, Progress as _, Task, Wanted};
use crate::micrograph::{PhaseMap, PixelSize, Recipe};
use crate::property::PropertyError;
use crate::reconstruct::{Method, Realisation, ReconstructError, Settings, Target};
use crate::stats::{Copied, Curves, PhaseComparison, error_rate, three_point, unseen_share};

pub use files::{method_figures, write_method_study};
pub use summary::{COLUMNS, Column};

/// Reconstructs an original by several methods; its outputs are the results of the methods, one after another.
#[derive(Clone, Debug)]
pub struct MethodStudy {
    /// The original.
    pub target: Arc<Target>,
    /// Recipe, first seed, device and polish, common to all methods.
    pub settings: Settings,
    /// The methods, each with its settings.
    pub methods: Vec<Method>,
    /// Realisations of each method, each from another seed.
    pub seeds: usize,
}

/// What one method made.
#[derive(Clone, Debug)]
pub struct MethodRow {
    /// The method with its settings.
    pub method: Method,
    /// Its realisations; none if it does not apply.
    pub made: Vec<Made>,
    /// Why it does not apply to this micrograph, in a sentence.
    pub refused: Option<String>,
    /// The largest overlap of each half of the original with the other one.
    pub halves: Option<f64>,
    /// The curves of every phase of the original.
    pub original_curves: Vec<Curves>,
    /// By how much two pictures of the original's size differ in conductivity and stiffness, in percent, for every phase;
    /// and how far white noise is from the original.
    pub own_responses: [Vec<Response>; 2],
}

/// What is measured of the original.
struct Measured {
    map: Arc<PhaseMap>,
    corners: Vec<Vec<f64>>,
    halves: Option<f64>,
    responses: Vec<Response>,
    own_responses: [Vec<Response>; 2],
}

/// A realisation with what was measured of it.
#[derive(Clone, Debug)]
pub struct Made {
    /// Its seed.
    pub seed: u64,
    /// Seconds of computing, without the preparation of the method.
    pub seconds: f64,
    /// The most bytes that it took, as far as the method tells.
    pub memory: u64,
    /// Its phases.
    pub map: Arc<PhaseMap>,
    /// The curves of every phase.
    pub curves: Vec<Curves>,
    /// The errors of every phase against the rest.
    pub phases: Vec<PhaseComparison>,
    /// The errors of the three-point correlation of every phase, in percent.
    pub three_point: Vec<f64>,
    /// The share of its patches of 5 × 5 pixels that the original does not have.
    pub unseen: f64,
    /// The largest normalised correlation of a block of 32 × 32 pixels with any place of the original.
    pub overlap: Option<f64>,
    /// How much of it is a copy, where that can be told.
    pub copied: Option<Copied>,
    /// How far its conductivity and stiffness are from the original's, in percent, for every phase.
    pub responses: Vec<Response>,
}

/// A micrograph with the results of all methods.
#[derive(Clone, Debug)]
pub struct StudiedMicrograph {
    /// Its name.
    pub name: String,
    /// Its phases.
    pub original: Arc<PhaseMap>,
    /// How it was prepared.
    pub recipe: Recipe,
    /// The size of a pixel, where it is known.
    pub pixel_size: Option<PixelSize>,
    /// The results.
    pub rows: Vec<MethodRow>,
}

/// The pixels of a map in any order: white noise with its volume fractions.
fn noise_like(map: &PhaseMap) -> PhaseMap {
    use rand::SeedableRng;
    use rand::seq::SliceRandom;
    let mut noise = map.clone();
    noise.flat_mut().shuffle(&mut rand_pcg::Pcg64::seed_from_u64(1));
    noise
}

/// S3 of every phase.
fn three_points(map: &PhaseMap) -> Vec<Vec<f64>> {
    (0..map.phases).map(|phase| three_point(&map.indicator(phase).view())).collect()
}

impl MethodStudy {
    /// Makes and measures the realisations of one method.
    fn study(
        &self,
        method: &Method,
        original: &Measured,
        control: &Control<StudyProgress, MethodRow>,
        show: &dyn Fn(f64, String),
    ) -> Result<(Ending, MethodRow), ReconstructError> {
        let name = method.settings().name();
        let settings =
            Settings { method: method.clone(), realisations: self.seeds.max(1), size: None, ..self.settings.clone() };
        let run = Run { target: self.target.clone(), settings, folder: None, write: false, resume: false };
        let (made, memory) = (RefCell::new(vec![]), Cell::new(0));
        let follow = |progress: RunProgress| {
            memory.set(progress.memory.max(memory.get()));
            let seed = progress.realisation + 1;
            show(progress.share(), format!("{name}, realisation {seed} of {}", progress.realisations));
        };
        let keep = |realisation: Arc<Realisation>| {
            // One that was stopped is no realisation of the method, and measuring takes a while.
            if realisation.report.stopped_early || control.wanted() == Wanted::Cancel {
                return;
            }
            let Some(map) = realisation.phases.clone() else { return };
            show(f64::NAN, format!("{name}, measuring"));
            let found = three_points(&map);
            let responses = responses_of(&map, control).unwrap_or_default();
            let changes = responses.iter().zip(&original.responses).map(|(a, b)| a.change_from(*b));
            made.borrow_mut().push(Made {
                seed: realisation.report.seed,
                seconds: realisation.report.seconds,
                memory: memory.get(),
                curves: realisation.curves.clone(),
                phases: realisation.report.phases.clone(),
                three_point: original.corners.iter().zip(&found).map(|(a, b)| error_rate(a, b)).collect(),
                unseen: unseen_share(&original.map, &map),
                overlap: realisation.report.overlap.map(|overlap| overlap.largest),
                copied: realisation.report.copied,
                responses: changes.collect(),
                map,
            });
        };
        let row = |made, refused| MethodRow {
            method: method.clone(),
            made,
            refused,
            halves: original.halves,
            original_curves: self.target.curves().to_vec(),
            own_responses: original.own_responses.clone(),
        };
        match run.realise(control, &follow, &keep) {
            Ok(ending) => Ok((ending, row(made.take(), None))),
            // The method does not apply; the others may.
            Err(ReconstructError::Settings(reason)) => Ok((Ending::Finished, row(vec![], Some(reason)))),
            Err(error) => Err(error),
        }
    }
}

impl Task for MethodStudy {
    const NAME: &'static str = "method study";
    type Progress = StudyProgress;
    type Output = MethodRow;

    fn run(mut self, control: &Control<StudyProgress, MethodRow>) -> Result<Ending, Failure> {
        let Some(map) = self.target.phases.clone() else {
            return Err(Failure(
                "The study compares phases: choose a segmentation in the Micrograph workspace first.".into(),
            ));
        };
        control.show(StudyProgress { doing: "measuring the original".into(), share: 0.0 });
        // The quick ones first, so that there is something to see.
        self.methods.sort_by_key(|method| method.settings().iterations());
        let corners = three_points(&map);
        let halves = self.target.overlap_of_halves();
        let compared = || -> Result<_, PropertyError> {
            let original = responses_of(&map, control)?;
            let noise = responses_of(&noise_like(&map), control)?;
            let noise = noise.iter().zip(&original).map(|(a, b)| a.change_from(*b)).collect();
            Ok((original, [own_responses_of(&map, control)?, noise]))
        };
        let (of_original, own_responses) = match compared() {
            Err(PropertyError::Cancelled) => return Ok(Ending::Cancelled),
            Err(error) => {
                control.warn(format!("Conductivity and stiffness are not compared. {error}"));
                Default::default()
            }
            Ok(found) => found,
        };
        let original = Measured { map, corners, halves, responses: of_original, own_responses };
        for (number, method) in self.methods.iter().enumerate() {
            let last = Cell::new(0.0);
            let show = |part: f64, doing: String| {
                // While a result is measured, the share stays.
                last.set(if part.is_nan() { last.get() } else { part });
                let share = (number as f64 + last.get()) / self.methods.len() as f64;
                control.show(StudyProgress { doing, share });
            };
            let (ending, row) = self.study(method, &original, control, &show)?;
            // Of a method that was stopped, the realisations that are whole are kept.
            if ending == Ending::Finished || !row.made.is_empty() {
                control.output(row);
            }
            if ending != Ending::Finished {
                return Ok(ending);
            }
        }
        Ok(Ending::Finished)
    }
}
