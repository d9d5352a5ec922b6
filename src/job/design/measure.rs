//! The properties of painted pictures.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use super::request::Measure;
use crate::job::main_quantity;
use crate::job::map::{DistanceKind, Member};
use crate::job::progress::StudyProgress;
use crate::job::watched::watched;
use crate::job::{Control, Failure};
use crate::learn::Forecast;
use crate::micrograph::PixelSize;
use crate::property::{Properties, Property, PropertyError, Quantity, Wanted, evaluate};

/// What was measured of some pictures.
#[derive(Default)]
pub struct Measured {
    /// The names of the properties; none where none was found of any picture.
    pub names: Vec<String>,
    /// The properties of each picture, and what a predictor says beside its value; none of a picture of which one cannot be
    /// found.
    pub values: Vec<Option<(Vec<f64>, Option<Forecast>)>>,
    /// Why properties could not be found.
    pub reason: String,
}

impl Measure {
    /// How many phases pictures need to have, if they need phases.
    pub fn phases(&self) -> Option<usize> {
        match self {
            Self::Solve(solved) => Some(solved.0.phases.len()),
            Self::Predict(_, about) => about.common.phases,
        }
    }

    /// Whether it can measure pictures of a size, with notes on what differs from what was learned from.
    ///
    /// # Errors
    /// A sentence that says why not.
    pub fn check(&self, size: (usize, usize), pixel_size: Option<&PixelSize>) -> Result<Vec<String>, Failure> {
        let fail = |text: String| Err(Failure(text));
        if self.phases().is_some_and(|count| !(2..=256).contains(&count)) {
            return fail("Pictures need two phases at least: give a material for each phase.".into());
        }
        let about = match self {
            Self::Solve(solved) => {
                let (set, wanted) = solved.as_ref();
                set.check().map_err(|reason| Failure(format!("The materials cannot be used: {reason}.")))?;
                return match wanted.properties.is_empty() {
                    true => fail("Choose a property.".into()),
                    false => Ok(vec![]),
                };
            }
            Self::Predict(_, about) => about,
        };
        about.check_network()?;
        if let (Some(first), Some(own)) = (&about.pixel_size, pixel_size)
            && own.differs(first)
        {
            return fail(format!(
                "Pixels of the model have another size than those from which {} was learned.",
                about.column
            ));
        }
        let wanted = about.patches.map_or(about.common.size, |(edge, _)| (edge, edge));
        if matches!(about.inputs, DistanceKind::Spectra | DistanceKind::Pixels)
            && (size.0 < wanted.0 || size.1 < wanted.1)
        {
            return fail(format!(
                "The predictor reads {} × {} pixels, and the pictures have {} × {}.",
                wanted.0, wanted.1, size.0, size.1
            ));
        }
        let differs = size != wanted;
        Ok(differs
            .then(|| {
                format!(
                    "{} was learned from {} × {} pixels, and the pictures have {} × {}: values that depend on the size are not comparable.",
                    about.column, wanted.0, wanted.1, size.0, size.1
                )
            })
            .into_iter()
            .collect())
    }

    /// Measures pictures of grey values, of a size and with a size of their pixels. None if the job is to end.
    ///
    /// # Errors
    /// The features of a predictor cannot be computed.
    pub(in crate::job) fn measured<O>(
        &self,
        device: &str,
        pictures: &[Arc<Vec<u8>>],
        (size, pixel_size): ((usize, usize), Option<&PixelSize>),
        control: &Control<StudyProgress, O>,
    ) -> Result<Option<Measured>, Failure> {
        let phases = self.phases();
        let member = |(n, grey): (usize, &Arc<Vec<u8>>)| {
            let name = format!("picture {}", n + 1);
            let (grey, pixel_size) = (grey.clone(), pixel_size.cloned());
            Member { picture: name.clone(), name, path: None, size, grey, phases, pixel_size }
        };
        let members: Vec<Member> = pictures.iter().enumerate().map(member).collect();
        match self {
            Self::Predict(predictor, about) => {
                let forecasts = about.forecasts(predictor, &members, device, control, &|_| {})?;
                let Some(forecasts) = forecasts else { return Ok(None) };
                let mut values = vec![];
                for forecast in forecasts {
                    let is_number =
                        forecast.value.is_finite() && forecast.half_width.is_finite() && forecast.novelty.is_finite();
                    values.push(is_number.then(|| (vec![forecast.value], Some(forecast))));
                }
                let reason = "The predictor gives no number.".to_string();
                Ok(Some(Measured { names: vec![format!("{}, by the predictor", about.column)], values, reason }))
            }
            Self::Solve(solved) => {
                let (set, wanted) = solved.as_ref();
                let pixel = pixel_size.map(|p| p.metres);
                let found = watched(control, None, |progress| {
                    let of = |member: &Member| {
                        let map = member.phase_map().expect("pictures have phases");
                        evaluate(&map, pixel, set, wanted, progress)
                    };
                    on_own_threads(&members, &of)
                });
                let found = match found {
                    Err(PropertyError::Cancelled) => return Ok(None),
                    found => found?,
                };
                Ok(Some(quantities(&found, wanted)))
            }
        }
    }
}

/// The number that stands for each wanted property, of each picture: always the full field's, or always the estimate, so
/// that values can be compared.
fn quantities(found: &[Properties], wanted: &Wanted) -> Measured {
    let value = |q: &Quantity| if wanted.full_fields { q.field } else { q.estimate };
    let main = |found: &Properties| -> Option<Vec<Quantity>> {
        let one = |property: &Property| {
            let is_main = |q: &&Quantity| q.property == *property && q.name.starts_with(main_quantity(*property));
            found.quantities.iter().find(is_main).filter(|q| value(q).is_some_and(f64::is_finite)).cloned()
        };
        wanted.properties.iter().map(one).collect()
    };
    let all: Vec<Option<Vec<Quantity>>> = found.iter().map(main).collect();
    let name = |q: &Quantity| {
        // The plane is named once for all, see `Design::made`.
        let short = q.name.split(" (").next().unwrap_or_default();
        if q.unit.is_empty() { short.to_string() } else { format!("{short} ({})", q.unit) }
    };
    let names = all.iter().flatten().next().map_or(vec![], |first| first.iter().map(name).collect());
    let failed = found.iter().zip(&all).find(|(_, quantities)| quantities.is_none());
    let reason = failed.map_or(String::new(), |(found, _)| found.notes.join(" "));
    let numbers =
        |quantities: &Vec<Quantity>| Some((quantities.iter().map(value).collect::<Option<Vec<f64>>>()?, None));
    Measured { names, values: all.iter().map(|all| all.as_ref().and_then(numbers)).collect(), reason }
}

/// The properties of all members, in their order. Solvers wait for each other's threads, so that they must not hold those of
/// the pool that does their sums.
fn on_own_threads(
    members: &[Member],
    of: &(dyn Fn(&Member) -> Result<Properties, PropertyError> + Sync),
) -> Result<Vec<Properties>, PropertyError> {
    let next = AtomicUsize::new(0);
    let found: Vec<OnceLock<Result<Properties, PropertyError>>> = members.iter().map(|_| OnceLock::new()).collect();
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get()).min(members.len());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(n) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|n| *n < members.len()) {
                    let _ = found[n].set(of(&members[n]));
                }
            });
        }
    });
    found.into_iter().map(|cell| cell.into_inner().unwrap_or(Err(PropertyError::Cancelled))).collect()
}
