//! The task.

use std::sync::Arc;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64;
use rayon::prelude::*;

use super::request::{Artificial, ArtificialStudy, CountPoint, Generated, Generator};
use crate::compute::graph::Precision;
use crate::job::design::grey_of;
use crate::job::device::with_device;
use crate::job::learn::{Read, Valued, method_of, read};
use crate::job::map::Member;
use crate::job::progress::StudyProgress;
use crate::job::remade::remade;
use crate::job::watched::watched;
use crate::job::{Control, Ending, Failure, Learn, Task, input_name};
use crate::latent::{LatentError, Model, paint, samples};
use crate::learn::{LEAST_SAMPLES, LearnError, Method, Scores, Split, predict_part};
use crate::reconstruct::Settings;

/// Pictures that are measured at a time.
const TOGETHER: usize = 16;
/// Pictures that are shown of each kind.
const EXAMPLES: usize = 6;
/// The share of the work that making and measuring take, about.
const MADE: f64 = 0.6;

/// Micrographs with their property.
struct Known {
    members: Vec<Member>,
    values: Vec<f64>,
}

type Handle<'a> = &'a Control<StudyProgress, Arc<Artificial>>;

impl Task for ArtificialStudy {
    const NAME: &'static str = "study of artificial micrographs";
    type Progress = StudyProgress;
    type Output = Arc<Artificial>;

    fn run(self, control: &Control<StudyProgress, Arc<Artificial>>) -> Result<Ending, Failure> {
        let Some((known, property, mut notes)) = self.authentic(control)? else { return Ok(Ending::Cancelled) };
        let (kept, left) = self.split(&known)?;
        let most = self.counts.iter().copied().max().unwrap_or(0);
        let mut all = vec![];
        for (n, generator) in self.generators.iter().enumerate() {
            let show = |share: f64| {
                let share = MADE * (n as f64 + share) / self.generators.len() as f64;
                let doing = format!("{}: making micrographs", generator.name());
                control.show(StudyProgress { share, doing });
            };
            let originals: Vec<&Member> = kept.iter().map(|n| &known.members[*n]).collect();
            let Some(made) = self.made(generator, &originals, most, control, &show)? else {
                return Ok(Ending::Cancelled);
            };
            if made.values.len() < most {
                notes.push(format!("{}: the property of {} of {most} was found.", generator.name(), made.values.len()));
            }
            all.push(made);
        }
        let told = |share: f64, doing: &str| (MADE + (1.0 - MADE) * share, doing.to_string());
        let Some((read, method)) = self.read_all(&known, &all, &mut notes, control)? else {
            return Ok(Ending::Cancelled);
        };
        let parts = (kept.as_slice(), left.as_slice());
        let curves = watched(control, Some(&told), |progress| self.curves(&read, &method, parts, &all, progress));
        let curves = match curves {
            Err(LearnError::Stopped) => return Ok(Ending::Cancelled),
            curves => curves?,
        };
        let of = |which: &[usize]| which.iter().map(|n| known.values[*n]).collect::<Vec<f64>>();
        let examples =
            |members: &[Member]| members.iter().take(EXAMPLES).filter_map(|m| m.phase_map().map(Arc::new)).collect();
        let learned = of(&kept);
        let generated = self.generators.iter().zip(all).zip(curves).map(|((generator, made), points)| Generated {
            name: generator.name(),
            distance: largest_gap(&learned, &made.values),
            examples: examples(&made.members),
            values: made.values,
            points,
        });
        let generated = generated.collect();
        control.output(Arc::new(Artificial {
            property,
            method: format!("{} by {}", input_name(&self.inputs), self.regressor.name()),
            predicted: of(&left),
            size: known.members[0].size,
            generated,
            examples: examples(&known.members),
            learned,
            notes,
        }));
        Ok(Ending::Finished)
    }
}

impl ArtificialStudy {
    /// Reads the authentic micrographs and measures them. The name of the property and notes are beside them; none if the job
    /// is to end.
    fn authentic(&self, control: Handle) -> Result<Option<(Known, String, Vec<String>)>, Failure> {
        if self.generators.is_empty() || self.counts.is_empty() || self.draws == 0 {
            return Err(Failure("Choose a generator, how many micrographs it adds, and a draw at least.".into()));
        }
        let show = |doing: &str| control.show(StudyProgress { share: 0.0, doing: doing.into() });
        show("reading the micrographs");
        let mut set = self.source.members(self.recipe.as_ref(), self.patches, &mut |_| !control.is_ending());
        let Some(size) = set.members.first().map(|member| member.size) else {
            return Err(Failure(format!("There is no micrograph. {}", set.left_out.join(" "))));
        };
        let phases = self.measure.phases();
        let pixel_size = set.members.iter().find_map(|member| member.pixel_size.clone());
        let notes = self.measure.check(size, pixel_size.as_ref())?;
        let reason = |member: &Member| {
            let (height, width) = size;
            match member {
                _ if member.phases != phases => Some("it has not one phase for each material.".to_string()),
                _ if member.size != size => Some(format!("it has not {height} × {width} pixels like the first one.")),
                _ => None,
            }
        };
        let mut left_out = std::mem::take(&mut set.left_out);
        let mut members = std::mem::take(&mut set.members);
        members.retain(|member| {
            let reason = reason(member);
            left_out.extend(reason.iter().map(|reason| format!("{}: {reason}", member.name)));
            reason.is_none()
        });
        show("the property of the authentic micrographs");
        let Some((known, name)) = self.measured(members, &mut left_out, control)? else { return Ok(None) };
        if known.values.len() < LEAST_SAMPLES + 1 {
            return Err(Failure(format!(
                "{} micrographs with a property are too few. {}",
                known.values.len(),
                left_out.join(" ")
            )));
        }
        Ok(Some((known, name, notes.into_iter().chain(left_out).collect())))
    }

    /// Which authentic micrographs are learned from, and which are predicted; patches of one are not parted.
    fn split(&self, known: &Known) -> Result<(Vec<usize>, Vec<usize>), Failure> {
        let count = known.members.len();
        if self.authentic < LEAST_SAMPLES || self.authentic >= count {
            return Err(Failure(format!(
                "{} of {count} authentic micrographs cannot be learned from: {LEAST_SAMPLES} at least, and one has to be left to predict.",
                self.authentic
            )));
        }
        let mut pictures: Vec<&str> = known.members.iter().map(|m| m.picture.as_str()).collect();
        pictures.sort_unstable();
        pictures.dedup();
        pictures.shuffle(&mut Pcg64::seed_from_u64(self.seed));
        let mut kept: Vec<usize> = vec![];
        for picture in pictures {
            if kept.len() < self.authentic {
                kept.extend((0..count).filter(|n| known.members[*n].picture == picture));
            }
        }
        kept.sort_unstable();
        let left: Vec<usize> = (0..count).filter(|n| kept.binary_search(n).is_err()).collect();
        match left.is_empty() {
            true => Err(Failure("No micrograph is left to predict: learn from fewer.".into())),
            false => Ok((kept, left)),
        }
    }

    /// Measures members; those without a property are left out. None if the job is to end.
    fn measured(
        &self,
        members: Vec<Member>,
        left_out: &mut Vec<String>,
        control: Handle,
    ) -> Result<Option<(Known, String)>, Failure> {
        let (mut known, mut name) = (Known { members: vec![], values: vec![] }, String::new());
        for piece in members.chunks(TOGETHER) {
            let pictures: Vec<Arc<Vec<u8>>> = piece.iter().map(|member| member.grey.clone()).collect();
            let of = (piece[0].size, piece[0].pixel_size.as_ref());
            let Some(found) = self.measure.measured(&self.device, &pictures, of, control)? else { return Ok(None) };
            if let [only] = found.names.as_slice() {
                name.clone_from(only);
            }
            for (member, values) in piece.iter().zip(found.values) {
                match values.as_ref().and_then(|(values, _)| values.first()) {
                    Some(value) => {
                        known.members.push(member.clone());
                        known.values.push(*value);
                    }
                    None => left_out.push(format!("{}: {}", member.name, found.reason)),
                }
            }
        }
        Ok(Some((known, name)))
    }

    /// Makes and measures so many artificial micrographs. None if the job is to end.
    fn made(
        &self,
        generator: &Generator,
        originals: &[&Member],
        count: usize,
        control: Handle,
        show: &dyn Fn(f64),
    ) -> Result<Option<Known>, Failure> {
        let first = originals[0];
        let member = |n: usize, grey: Arc<Vec<u8>>| {
            let name = format!("{} {}", generator.name(), n + 1);
            Member { picture: name.clone(), name, path: None, grey, ..first.clone() }
        };
        let mut members = vec![];
        match generator {
            Generator::Latent(path) => {
                let model = match path {
                    Some(path) => Model::open(path)?,
                    None => Model::built_in()?,
                };
                let cells = samples(model.settings.dimensions, count, self.seed);
                let painted = with_device::<_, _, _, LatentError>(
                    &self.device,
                    Precision::Single,
                    control,
                    |device| -> Result<Vec<Arc<Vec<u8>>>, LatentError> {
                        let mut painter = model.painter(&device, first.size)?;
                        let mut all = vec![];
                        for (n, cell) in cells.iter().enumerate().take_while(|_| !control.is_ending()) {
                            show(0.5 * n as f64 / count as f64);
                            let picture = paint(&mut painter, cell)?;
                            all.push(Arc::new(grey_of(&picture, first.phases, model.summary.threshold)));
                        }
                        Ok(all)
                    },
                )?;
                members.extend(painted.into_iter().enumerate().map(|(n, grey)| member(n, grey)));
            }
            Generator::Method(method) => {
                for n in 0..count {
                    let settings = Settings {
                        method: (**method).clone(),
                        seed: self.seed.wrapping_mul(7919).wrapping_add(n as u64 + 1),
                        device: self.device.clone(),
                        ..Settings::default()
                    };
                    let original = originals[n % originals.len()];
                    let part = |share: f64| show(0.9 * (n as f64 + share) / count as f64);
                    let Some((grey, size)) = remade(original, settings, control, &part)? else { return Ok(None) };
                    if size != first.size {
                        return Err(Failure(format!("{} makes pictures of another size.", generator.name())));
                    }
                    members.push(member(n, grey));
                }
            }
        }
        if control.is_ending() {
            return Ok(None);
        }
        show(0.95);
        Ok(self.measured(members, &mut vec![], control)?.map(|(known, _)| known))
    }

    /// Reads all micrographs alike: authentic ones first, then those of each generator. None if the job is to end.
    fn read_all(
        &self,
        known: &Known,
        all: &[Known],
        notes: &mut Vec<String>,
        control: Handle,
    ) -> Result<Option<(Read, Method)>, Failure> {
        let request = Learn {
            source: self.source.clone(),
            recipe: self.recipe.clone(),
            patches: self.patches,
            table: None,
            pattern: None,
            column: String::new(),
            inputs: vec![self.inputs.clone()],
            regressors: vec![self.regressor],
            split: Split::default(),
            repeats: 1,
            seed: self.seed,
            preset: self.preset,
            frozen: false,
            finished: None,
            device: self.device.clone(),
        };
        let parts = || std::iter::once(known).chain(all);
        let members: Vec<Member> = parts().flat_map(|k| k.members.iter().cloned()).collect();
        let mut groups = std::collections::HashMap::new();
        let mut group = |member: &Member| {
            let next = groups.len();
            *groups.entry(member.picture.clone()).or_insert(next)
        };
        let valued = Valued {
            groups: members.iter().map(&mut group).collect(),
            values: parts().flat_map(|k| k.values.iter().copied()).collect(),
            members,
            notes: vec![],
        };
        let count = valued.members.len();
        let show = |n: usize| {
            control.show(StudyProgress { share: MADE, doing: format!("features, {} of {count}", n + 1) });
        };
        let Some(read) = read(&request, &self.inputs, &valued, control, &show, notes)? else { return Ok(None) };
        let size = read.about.common.size;
        match method_of(&request, (&self.inputs, read.reduction), self.regressor, size)? {
            Some(method) => Ok(Some((read, method))),
            None => Err(Failure("Pixels are read by a neural network alone. Choose it as the regression.".into())),
        }
    }

    /// How well the authentic micrographs that are left are predicted, for each generator and number of its micrographs.
    fn curves(
        &self,
        read: &Read,
        method: &Method,
        (kept, left): (&[usize], &[usize]),
        all: &[Known],
        progress: &(dyn Fn(f64, &str) -> bool + Sync),
    ) -> Result<Vec<Vec<CountPoint>>, LearnError> {
        let samples = &read.samples;
        let mut first = kept.len() + left.len();
        let steps = (all.len() * self.counts.len()) as f64;
        let mut curves = vec![];
        let mut done = 0;
        for made in all {
            let own: Vec<usize> = (first..first + made.values.len()).collect();
            first += own.len();
            let mut points = vec![];
            for count in &self.counts {
                let one = |draw: usize| -> Result<Scores, LearnError> {
                    let mut chosen = own.clone();
                    chosen.shuffle(&mut Pcg64::seed_from_u64(self.seed.wrapping_add(draw as u64)));
                    chosen.truncate(*count);
                    let others: Vec<usize> = kept.iter().copied().chain(chosen).collect();
                    let doing = format!("{count} artificial micrographs, draw {} of {}", draw + 1, self.draws);
                    let go_on = || progress(done as f64 / steps, &doing);
                    let found = predict_part(samples, method, left, &others, &go_on)?;
                    let pairs: Vec<(f64, f64)> =
                        left.iter().zip(found).map(|(n, p)| (samples.values[*n], p.value)).collect();
                    Ok(Scores::of(&pairs).unwrap_or_default())
                };
                // Without artificial micrographs every draw is the same.
                let draws = if *count == 0 { 1 } else { self.draws };
                let scores: Vec<Scores> = match method.pictures {
                    Some(_) => (0..draws).map(one).collect::<Result<_, _>>()?,
                    None => (0..draws).into_par_iter().map(one).collect::<Result<_, _>>()?,
                };
                points.push(CountPoint {
                    count: *count,
                    r2: scores.iter().map(|s| s.r2).collect(),
                    rmse: scores.iter().map(|s| s.rmse).collect(),
                });
                done += 1;
            }
            curves.push(points);
        }
        Ok(curves)
    }
}

/// The largest difference of two cumulative distributions.
fn largest_gap(a: &[f64], b: &[f64]) -> f64 {
    let share =
        |values: &[f64], at: f64| values.iter().filter(|v| **v <= at).count() as f64 / values.len().max(1) as f64;
    a.iter().chain(b).map(|at| (share(a, *at) - share(b, *at)).abs()).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributions_are_as_far_apart_as_their_shares() {
        assert_eq!(largest_gap(&[1.0, 2.0, 3.0, 4.0], &[1.0, 2.0, 3.0, 4.0]), 0.0);
        assert_eq!(largest_gap(&[1.0, 2.0], &[3.0, 4.0]), 1.0);
        assert_eq!(largest_gap(&[1.0, 2.0, 3.0, 4.0], &[3.0, 4.0, 5.0, 6.0]), 0.5);
    }
}
