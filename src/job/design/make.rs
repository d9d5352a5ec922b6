//! The task that designs.

use std::sync::Arc;

use super::request::{Design, Designed, Looked, Wished};
use crate::compute::graph::Precision;
use crate::job::device::with_device;
use crate::job::progress::StudyProgress;
use crate::job::{Control, Ending, Failure, Task};
use crate::latent::{Cell, LatentError, Model, order_by_divergence, paint, samples};
use crate::learn::{Goal, Prediction, Search, miss};

/// Pictures that are proposed, painted and measured at a time.
const BATCH: usize = 8;
/// The share of the tolerance that the best candidate has to reach before the search ends early.
const WELL: f64 = 0.2;
/// The share of the work of a search, where candidates are reconstructed after it.
const SEARCH: f64 = 0.2;
/// Fewer pictures at random say too little for a search.
const LEAST_FIRST: usize = 8;

impl Task for Design {
    const NAME: &'static str = "design";
    type Progress = StudyProgress;
    /// What is known so far, after every batch; the last is the result.
    type Output = Arc<Designed>;

    fn run(self, control: &Control<StudyProgress, Arc<Designed>>) -> Result<Ending, Failure> {
        let model = match &self.model {
            Some(path) => Model::open(path)?,
            None => Model::built_in()?,
        };
        let edge = self.edge.unwrap_or(model.settings.edge);
        let notes = self.measure.check((edge, edge), model.summary.pixel_size.as_ref())?;
        self.check()?;
        let (order, alive) = order_by_divergence(&model.summary.divergence);
        let width = model.settings.dimensions;
        let mut dimensions: Vec<usize> = order.into_iter().take(alive).filter(|d| *d < width).collect();
        if dimensions.is_empty() {
            dimensions = (0..width).collect();
        }
        let mut work = Work {
            model,
            control,
            search: Search { dimensions, ..Search::default() },
            found: Designed {
                names: vec![],
                pictures: vec![],
                size: (edge, edge),
                phases: self.measure.phases(),
                pixel_size: None,
                wished: vec![],
                made: self.made(),
                subject: self.subject(),
                tolerance: self.tolerance,
                notes,
            },
            unmeasured: 0,
            reason: String::new(),
            all: self.first.max(LEAST_FIRST) + self.wishes.len() * self.most,
        };
        work.found.pixel_size = work.model.summary.pixel_size.clone();
        work.go(&self)
    }
}

impl Design {
    fn check(&self) -> Result<(), Failure> {
        let fail = |text: &str| Err(Failure(text.into()));
        if self.wishes.iter().any(|wish| wish.len() != self.measure.count()) {
            return fail("Say which value each property is to have.");
        }
        if self.wishes.iter().flatten().any(|g| !(g.low.is_finite() && g.high.is_finite() && g.low <= g.high)) {
            return fail("A wanted value is no number, or a range ends below its start.");
        }
        if self.wishes.iter().flatten().any(|goal| goal.size() == 0.0) {
            return fail(
                "A miss is a share of the wanted value, which 0 has none of: give a range, such as -0.1 to 0.1.",
            );
        }
        if self.model.is_none() && self.measure.phases().is_some_and(|count| count != 2) {
            return fail("The built-in model has two phases: give two materials.");
        }
        if self.count == 0 || !(self.tolerance > 0.0 && self.tolerance < 1.0) {
            return fail("There has to be a candidate at least, and a tolerance between 0 and 100 %.");
        }
        Ok(())
    }
}

/// A search under way.
struct Work<'a> {
    model: Model,
    control: &'a Control<StudyProgress, Arc<Designed>>,
    search: Search,
    found: Designed,
    /// Pictures whose properties could not be found, and why.
    unmeasured: usize,
    reason: String,
    /// The most pictures of all wishes.
    all: usize,
}

impl Work<'_> {
    fn go(&mut self, request: &Design) -> Result<Ending, Failure> {
        let first = samples(&self.model, request.first.max(LEAST_FIRST), request.seed);
        for cells in first.chunks(BATCH) {
            let batch = cells.iter().map(|cell| (cell.clone(), vec![])).collect();
            if !self.look(request, batch)? {
                return Ok(Ending::Cancelled);
            }
            if !self.found.pictures.is_empty() {
                self.tell();
            }
        }
        if self.search.points.len() < LEAST_FIRST {
            return Err(Failure(format!(
                "The property can be found of {} of {} pictures alone, which is too few to search by. {}",
                self.search.points.len(),
                first.len(),
                self.reason
            )));
        }
        for (number, goals) in request.wishes.iter().enumerate() {
            self.found.wished.push(Wished { goals: goals.clone(), candidates: vec![] });
            let mut made = 0;
            while made < request.most && !self.is_met(request, goals) {
                let seed = request.seed.wrapping_mul(1009).wrapping_add((number * 9176 + made) as u64 + 1);
                let count = BATCH.min(request.most - made);
                let proposed = self.search.propose(goals, request.count, request.tolerance, count, seed)?;
                let cell = |(n, z): (usize, &Vec<f32>)| Cell { z: z.clone(), layout: seed.wrapping_add(n as u64) };
                let batch = (proposed.iter().enumerate())
                    .map(|(n, proposal)| (cell((n, &proposal.point)), proposal.predicted.clone()))
                    .collect();
                made += count;
                if !self.look(request, batch)? {
                    self.rank(request);
                    self.tell();
                    return Ok(Ending::Kept);
                }
            }
            self.rank(request);
            self.tell();
        }
        self.refine(request)
    }

    /// Reconstructs the candidates, if that is wanted.
    fn refine(&mut self, request: &Design) -> Result<Ending, Failure> {
        let Some(gram) = &request.refine else { return Ok(Ending::Finished) };
        let all = self.found.candidates().count() as f64;
        let mut done = 0.0;
        for number in 0..self.found.wished.len() {
            for rank in 0..self.found.wished[number].candidates.len() {
                let Wished { goals, candidates } = &self.found.wished[number];
                let show = |share: f64| {
                    let doing = format!("reconstructing candidate {} of wish {}", rank + 1, number + 1);
                    self.control.show(StudyProgress { share: SEARCH + (1.0 - SEARCH) * (done + share) / all, doing });
                };
                let of = (candidates[rank].picture, goals.as_slice());
                let refined = request.refined(gram, &self.found, of, self.control, &show);
                if self.control.is_ending() {
                    return Ok(Ending::Kept);
                }
                match refined {
                    Ok(refined) => self.found.wished[number].candidates[rank].refined = refined,
                    Err(Failure(reason)) => self.found.notes.push(format!(
                        "Candidate {} of wish {} could not be reconstructed: {reason}",
                        rank + 1,
                        number + 1
                    )),
                }
                done += 1.0;
                self.tell();
            }
        }
        Ok(Ending::Finished)
    }

    /// Whether there are enough candidates for a wish, and one that is much better than it has to be.
    fn is_met(&self, request: &Design, goals: &[Goal]) -> bool {
        let best = self.search.best(goals, request.count, request.tolerance);
        let misses: Vec<f64> = best.into_iter().map(|n| miss(goals, &self.search.values[n])).collect();
        let good = misses.iter().filter(|miss| **miss <= request.tolerance).count();
        good >= request.count && misses[0] <= WELL * request.tolerance
    }

    /// Finds the candidates of all wishes anew.
    fn rank(&mut self, request: &Design) {
        let (count, tolerance) = (request.count, request.tolerance);
        for number in 0..self.found.wished.len() {
            let goals = self.found.wished[number].goals.clone();
            let chosen = self.search.best(&goals, count, tolerance);
            self.found.wished[number].candidates = self.found.candidates_for(&goals, chosen);
        }
    }

    /// Hands out what is known.
    fn tell(&self) {
        let mut found = self.found.clone();
        if self.unmeasured > 0 {
            found.notes.push(format!(
                "The property of {} pictures could not be found; they are left out. {}",
                self.unmeasured, self.reason
            ));
        }
        self.control.output(Arc::new(found));
    }

    /// Paints and measures pictures, with what was predicted of them. False if the job is to end.
    fn look(&mut self, request: &Design, batch: Vec<(Cell, Vec<Prediction>)>) -> Result<bool, Failure> {
        let done = self.found.pictures.len() + self.unmeasured;
        let doing = format!("picture {} of {} at most", done + 1, self.all);
        let whole = if request.refine.is_some() { SEARCH } else { 1.0 };
        self.control.show(StudyProgress { share: whole * done as f64 / self.all as f64, doing });
        if self.control.is_ending() {
            return Ok(false);
        }
        let (model, size) = (&self.model, self.found.size);
        let painted =
            with_device::<_, _, _, LatentError>(&request.device, Precision::Single, self.control, |device| {
                let mut painter = model.painter(&device, size)?;
                batch.iter().map(|(cell, _)| paint(&mut painter, cell)).collect::<Result<Vec<_>, _>>()
            })?;
        let pictures: Vec<Arc<Vec<u8>>> =
            painted.iter().map(|p| Arc::new(grey_of(p, self.found.phases, model.summary.threshold))).collect();
        let pixel_size = self.found.pixel_size.clone();
        let of = (size, pixel_size.as_ref());
        let measured = request.measure.measured(&request.device, &pictures, of, self.control)?;
        let Some(measured) = measured else { return Ok(false) };
        if !measured.names.is_empty() {
            self.found.names = measured.names;
        }
        for (((cell, predicted), grey), values) in batch.into_iter().zip(pictures).zip(measured.values) {
            let Some((values, forecast)) = values else {
                self.unmeasured += 1;
                self.reason.clone_from(&measured.reason);
                continue;
            };
            self.search.points.push(cell.z.clone());
            self.search.values.push(values.clone());
            self.found.pictures.push(Looked { z: cell.z, layout: cell.layout, grey, predicted, values, forecast });
        }
        Ok(true)
    }
}

/// Grey values of a painted picture, 0 … 1: those of the nearest phase, if it is to have phases. Two phases are parted by the
/// threshold of the model, 0 … 255.
pub(in crate::job) fn grey_of(picture: &[f32], phases: Option<usize>, threshold: f32) -> Vec<u8> {
    let of = |v: &f32| match phases {
        None => (255.0 * v).round() as u8,
        Some(2) => 255 * u8::from(255.0 * v > threshold),
        Some(count) => {
            let step = 255.0 / (count - 1) as f32;
            ((255.0 * v / step).round() * step).round() as u8
        }
    };
    picture.iter().map(of).collect()
}
