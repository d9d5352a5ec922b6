//! The task.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64;
use rayon::prelude::*;

use super::request::{Artificial, ArtificialStudy, CountPoint, Generated, Generator};
use crate::compute::Device;
use crate::compute::graph::Precision;
use crate::job::design::grey_of;
use crate::job::device::with_device;
use crate::job::learn::{Read, Valued, keep_twins_together, plan_of, read, reads_pictures};
use crate::job::map::{DistanceKind, Member};
use crate::job::progress::StudyProgress;
use crate::job::remade::remade;
use crate::job::watched::watched;
use crate::job::{Control, Ending, Failure, Learn, Task, input_name, open_device};
use crate::latent::{LatentError, Model, kolmogorov_smirnov, paint, samples};
use crate::learn::{LEAST_SAMPLES, LearnError, Method, Regressor, Scores, predict_part, without};
use crate::micrograph::PixelSize;
use crate::reconstruct::Settings;

/// Pictures that are measured at a time.
const TOGETHER: usize = 16;
/// Pictures that are shown of each kind.
const EXAMPLES: usize = 6;
/// The shares of the work, about, at which the authentic micrographs and all others are measured.
const KNOWN: f64 = 0.1;
const MADE: f64 = 0.6;
/// Reasons that an error names.
const REASONS: usize = 3;

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

    fn run(mut self, control: &Control<StudyProgress, Arc<Artificial>>) -> Result<Ending, Failure> {
        self.counts.sort_unstable();
        self.counts.dedup();
        self.check()?;
        let Some((known, property, mut notes)) = self.authentic(control)? else { return Ok(Ending::Cancelled) };
        let (kept, left) = self.split(&known, &mut notes)?;
        let most = self.counts.iter().copied().max().unwrap_or(0);
        // More than are added at most, or all draws of the most would be the same.
        let pool = most + most / 2;
        let mut all = vec![];
        for (n, generator) in self.generators.iter().enumerate() {
            let show = |share: f64| {
                let share = KNOWN + (MADE - KNOWN) * (n as f64 + share) / self.generators.len() as f64;
                let doing = format!("{}: making micrographs", generator.name());
                control.show(StudyProgress { share, doing });
            };
            let originals: Vec<&Member> = kept.iter().map(|n| &known.members[*n]).collect();
            let Some(made) = self.made(generator, &originals, pool, control, &show)? else {
                return Ok(Ending::Cancelled);
            };
            if made.values.len() < pool {
                notes.push(format!("{}: the property of {} of {pool} was found.", generator.name(), made.values.len()));
            }
            all.push(made);
        }
        let Some((read, method)) = self.read_all(&known, &all, &mut notes, control)? else {
            return Ok(Ending::Cancelled);
        };
        let parts = (kept.as_slice(), left.as_slice());
        let told = |share: f64, doing: &str| (MADE + (1.0 - MADE) * share, doing.to_string());
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
            distance: kolmogorov_smirnov(&learned, &made.values).0,
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
    /// Refuses what cannot be studied, before anything is computed.
    fn check(&self) -> Result<(), Failure> {
        let fail = |text: &str| Err(Failure(text.into()));
        if self.generators.is_empty() || self.counts.is_empty() || self.draws == 0 {
            return fail("Choose a generator, how many micrographs it adds, and a draw at least.");
        }
        if self.inputs == DistanceKind::Pixels && self.regressor != Regressor::Network {
            return fail("Pixels are read by a neural network alone. Choose it as the regression.");
        }
        Ok(())
    }

    /// Reads the authentic micrographs, checks the generators and measures the micrographs. The name of the property and notes
    /// are beside them; none if the job is to end.
    fn authentic(&self, control: Handle) -> Result<Option<(Known, String, Vec<String>)>, Failure> {
        control.show(StudyProgress { share: 0.0, doing: "reading the micrographs".into() });
        let mut set = self.source.members(self.recipe.as_ref(), self.patches, &mut |_| !control.is_ending());
        let mut left_out = std::mem::take(&mut set.left_out);
        let mut members = std::mem::take(&mut set.members);
        let phases = self.measure.phases();
        members.retain(|member| {
            let fits = member.phases == phases;
            if !fits {
                left_out.push(format!("{}: it has not one phase for each material.", member.name));
            }
            fits
        });
        let mut sizes = HashMap::new();
        members.iter().for_each(|member| *sizes.entry(member.size).or_insert(0) += 1);
        let size = sizes.into_iter().max_by_key(|(size, count)| (*count, *size)).map(|(size, _)| size);
        let Some(size) = size else {
            let reasons: Vec<&str> = left_out.iter().take(REASONS).map(String::as_str).collect();
            return Err(Failure(format!(
                "There is no micrograph with a phase for each material. {}",
                reasons.join(" ")
            )));
        };
        members.retain(|member| {
            if member.size != size {
                left_out.push(format!("{}: it has not {} × {} pixels like most.", member.name, size.0, size.1));
            }
            member.size == size
        });
        let pixel_size = members.iter().find_map(|member| member.pixel_size.clone());
        let mut notes = self.measure.check(size, pixel_size.as_ref())?;
        notes.extend(self.check_models(size, pixel_size.as_ref())?);
        let show = |share: f64| {
            let doing = "the property of the authentic micrographs".into();
            control.show(StudyProgress { share: KNOWN * share, doing });
        };
        let measured = self.measured(members, &mut left_out, control, &show)?;
        let Some((known, name)) = measured else { return Ok(None) };
        notes.extend(left_out);
        Ok(Some((known, name, notes)))
    }

    /// Refuses models that cannot make pictures of a size, and notes what is to be known of the others.
    fn check_models(&self, size: (usize, usize), pixel_size: Option<&PixelSize>) -> Result<Vec<String>, Failure> {
        let mut notes = vec![];
        for generator in &self.generators {
            let Generator::Latent(path) = generator else { continue };
            let model = model_of(path.as_deref())?;
            model.painter(&Device::Cpu, size)?;
            if let (Some(own), Some(authentic)) = (&model.summary.pixel_size, pixel_size)
                && own.differs(authentic)
            {
                let text = "was trained on pixels of another size than those of the authentic micrographs";
                return Err(Failure(format!("{} {text}.", generator.name())));
            }
            if path.is_some() {
                notes.push(format!(
                    "{}: which micrographs it was trained on is not known here. If the predicted ones are among them, its R² is too good.",
                    generator.name()
                ));
            }
        }
        Ok(notes)
    }

    /// Which authentic micrographs are learned from, and which are predicted. Patches and copies of one are not parted.
    fn split(&self, known: &Known, notes: &mut Vec<String>) -> Result<(Vec<usize>, Vec<usize>), Failure> {
        let count = known.members.len();
        if self.authentic < LEAST_SAMPLES || self.authentic + 2 > count {
            let reasons: Vec<&str> = notes.iter().take(REASONS).map(String::as_str).collect();
            return Err(Failure(format!(
                "There are {count} authentic micrographs, and {} are to be learned from. Take {LEAST_SAMPLES} at least, and leave two to predict. {}",
                self.authentic,
                reasons.join(" ")
            )));
        }
        let mut valued = self.valued(&known.members, &known.values);
        keep_twins_together(&mut valued);
        notes.append(&mut valued.notes);
        let mut groups = valued.groups.clone();
        groups.sort_unstable();
        groups.dedup();
        groups.shuffle(&mut Pcg64::seed_from_u64(self.seed));
        let mut kept: Vec<usize> = vec![];
        for group in groups {
            if kept.len() < self.authentic {
                kept.extend((0..count).filter(|n| valued.groups[*n] == group));
            }
        }
        kept.sort_unstable();
        let left = without(&kept, count);
        let first = left.first().map(|n| known.values[*n]);
        match left.iter().all(|n| Some(known.values[*n]) == first) {
            true => Err(Failure("Micrographs with unlike values have to be left to predict: learn from fewer.".into())),
            false => Ok((kept, left)),
        }
    }

    /// Members with their values; patches of one micrograph are a group.
    fn valued(&self, members: &[Member], values: &[f64]) -> Valued {
        let mut numbers = HashMap::new();
        let mut group = |member: &Member| {
            let next = numbers.len();
            *numbers.entry(member.picture.clone()).or_insert(next)
        };
        Valued {
            groups: members.iter().map(&mut group).collect(),
            values: values.to_vec(),
            members: members.to_vec(),
            notes: vec![],
        }
    }

    /// Measures members; those without a property are left out. None if the job is to end.
    fn measured(
        &self,
        members: Vec<Member>,
        left_out: &mut Vec<String>,
        control: Handle,
        show: &dyn Fn(f64),
    ) -> Result<Option<(Known, String)>, Failure> {
        let (mut known, mut name) = (Known { members: vec![], values: vec![] }, String::new());
        for (n, piece) in members.chunks(TOGETHER).enumerate() {
            show((n * TOGETHER) as f64 / members.len() as f64);
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
        let pictures = match generator {
            Generator::Latent(path) => self.painted(path.as_deref(), originals[0], count, control, show)?,
            Generator::Method(method) => {
                let mut all = vec![];
                for n in 0..count {
                    let settings = Settings {
                        method: (**method).clone(),
                        seed: self.seed.wrapping_mul(7919).wrapping_add(n as u64 + 1),
                        device: self.device.clone(),
                        ..Settings::default()
                    };
                    let original = originals[n % originals.len()];
                    let part = |share: f64| show(0.5 * (n as f64 + share) / count as f64);
                    let Some((grey, _)) = remade(original, settings, control, &part)? else { return Ok(None) };
                    all.push(grey);
                }
                all
            }
        };
        if control.is_ending() {
            return Ok(None);
        }
        let member = |(n, grey): (usize, Arc<Vec<u8>>)| {
            let name = format!("{} {}", generator.name(), n + 1);
            Member { picture: name.clone(), name, path: None, grey, ..originals[0].clone() }
        };
        let members = pictures.into_iter().enumerate().map(member).collect();
        let measured = self.measured(members, &mut vec![], control, &|share| show(0.5 + 0.5 * share))?;
        Ok(measured.map(|(known, _)| known))
    }

    /// So many pictures of a latent model like a member in size and phases; fewer if the job is to end.
    fn painted(
        &self,
        path: Option<&Path>,
        like: &Member,
        count: usize,
        control: Handle,
        show: &dyn Fn(f64),
    ) -> Result<Vec<Arc<Vec<u8>>>, Failure> {
        let model = model_of(path)?;
        let cells = samples(&model, count, self.seed);
        Ok(with_device::<_, _, _, LatentError>(&self.device, Precision::Single, control, |device| {
            let mut painter = model.painter(&device, like.size)?;
            let mut all = vec![];
            for (n, cell) in cells.iter().enumerate().take_while(|_| !control.is_ending()) {
                show(0.5 * n as f64 / count as f64);
                let picture = paint(&mut painter, cell)?;
                all.push(Arc::new(grey_of(&picture, like.phases, model.summary.threshold)));
            }
            Ok(all)
        })?)
    }

    /// Reads all micrographs alike: authentic ones first, then those of each generator. None if the job is to end.
    fn read_all(
        &self,
        known: &Known,
        all: &[Known],
        notes: &mut Vec<String>,
        control: Handle,
    ) -> Result<Option<(Read, Method)>, Failure> {
        let request =
            Learn { patches: self.patches, preset: self.preset, device: self.device.clone(), ..Learn::default() };
        let parts = || std::iter::once(known).chain(all);
        let members: Vec<Member> = parts().flat_map(|k| k.members.iter().cloned()).collect();
        let values: Vec<f64> = parts().flat_map(|k| k.values.iter().copied()).collect();
        let valued = self.valued(&members, &values);
        let count = members.len();
        let show = |n: usize| {
            control.show(StudyProgress { share: MADE, doing: format!("features, {} of {count}", n + 1) });
        };
        let on_pictures = self.regressor == Regressor::Network && reads_pictures(&self.inputs, self.preset);
        let kind = if on_pictures { &DistanceKind::Pixels } else { &self.inputs };
        let Some(read) = read(&request, kind, &valued, control, &show, notes)? else { return Ok(None) };
        let method = if on_pictures {
            let device = open_device(&self.device, &|text| control.warn(text))?;
            Method::of_pictures(plan_of(&self.inputs, &request, read.about.common.size, &device)?)
        } else {
            Method::new(self.regressor, read.reduction)
        };
        Ok(Some((read, method)))
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
        let scores_of = |chosen: Vec<usize>, go_on: &dyn Fn(f64) -> bool| -> Result<Scores, LearnError> {
            let others: Vec<usize> = kept.iter().copied().chain(chosen).collect();
            let found = predict_part(samples, method, left, &others, go_on)?;
            let pairs: Vec<(f64, f64)> = left.iter().zip(found).map(|(n, p)| (samples.values[*n], p.value)).collect();
            Ok(Scores::of(&pairs).unwrap_or_default())
        };
        let alone = scores_of(vec![], &|_| progress(0.0, "authentic micrographs alone"))?;
        let steps = (all.len() * self.counts.len()) as f64;
        let (mut curves, mut done) = (vec![], 0);
        let mut first = kept.len() + left.len();
        for made in all {
            let own: Vec<usize> = (first..first + made.values.len()).collect();
            first += own.len();
            let mut points = vec![];
            for count in &self.counts {
                // Without artificial micrographs every draw is the same.
                let count = (*count).min(own.len());
                let one = |draw: usize| {
                    let mut chosen = own.clone();
                    chosen.shuffle(&mut Pcg64::seed_from_u64(self.seed.wrapping_add(draw as u64)));
                    chosen.truncate(count);
                    let doing = format!("{count} artificial micrographs, draw {} of {}", draw + 1, self.draws);
                    scores_of(chosen, &|share| {
                        let share = (done as f64 + (draw as f64 + share) / self.draws as f64) / steps;
                        progress(share, &doing)
                    })
                };
                let scores: Vec<Scores> = match method.pictures {
                    _ if count == 0 => vec![alone],
                    Some(_) => (0..self.draws).map(one).collect::<Result<_, _>>()?,
                    None => (0..self.draws).into_par_iter().map(one).collect::<Result<_, _>>()?,
                };
                points.push(CountPoint {
                    count,
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

/// A latent model: of a file, or the built-in one.
fn model_of(path: Option<&Path>) -> Result<Model, LatentError> {
    path.map_or_else(Model::built_in, Model::open)
}
