//! From members of a set to samples.

use std::collections::HashMap;
use std::sync::Arc;

use ndarray::Array2;

use super::request::{About, Learn, input_name};
use crate::embed::{Column, Values};
use crate::job::map::{DistanceKind, Member, Members, columns_of, common_of, network_of, rows_of, unfit, vectors_of};
use crate::job::progress::StudyProgress;
use crate::job::{Control, Failure};
use crate::learn::{MOST_COMPONENTS, Reduction, ReductionKind, Samples, Span};

/// The members that have a value, their values, and the micrograph of each.
pub struct Valued {
    pub members: Vec<Member>,
    pub values: Vec<f64>,
    pub groups: Vec<usize>,
    pub notes: Vec<String>,
}

/// The names of the statistics of a phase, in the order of [`crate::embed::measured_vector`].
const STATISTICS: [&str; 10] = [
    "volume fraction",
    "specific surface",
    "mean chord",
    "components",
    "largest component",
    "S2 at 1 px",
    "S2 at 2 px",
    "S2 at 4 px",
    "S2 at 8 px",
    "S2 at 16 px",
];

impl Learn {
    /// Takes the members that have a value and fit every kind of inputs. Statistics of phases are no inputs any more where
    /// no member has phases and there are other inputs.
    ///
    /// # Errors
    /// The table cannot be read, or the column is missing or holds words.
    pub fn valued(&mut self, mut set: Members) -> Result<Valued, Failure> {
        let (columns, mut notes) = columns_of(self.table.as_deref(), self.pattern.as_deref(), &[], &set)?;
        let values = numbers(&columns, &self.column)?;
        if self.inputs.len() > 1 && set.members.iter().all(|member| member.phases.is_none()) {
            let count = self.inputs.len();
            self.inputs.retain(|kind| *kind != DistanceKind::Statistics);
            if self.inputs.len() < count {
                notes.push(
                    "Statistics of phases are not read: no micrograph has phases. Segment them by a recipe first."
                        .into(),
                );
            }
        }
        let mut fits = vec![true; set.members.len()];
        for kind in &self.kinds() {
            for ((fits, reason), member) in fits.iter_mut().zip(unfit(kind, None, &set.members)).zip(&set.members) {
                if let Some(reason) = reason
                    && std::mem::take(fits)
                {
                    set.left_out.push(format!("{}: {reason}", member.name));
                }
            }
        }
        notes.append(&mut set.left_out);
        let mut found = Valued { members: vec![], values: vec![], groups: vec![], notes };
        let (mut missing, mut numbers_of) = (0, HashMap::new());
        for ((member, value), _) in set.members.into_iter().zip(values).zip(fits).filter(|(_, fits)| *fits) {
            let Some(value) = value else {
                missing += 1;
                continue;
            };
            let next = numbers_of.len();
            found.groups.push(*numbers_of.entry(member.picture.clone()).or_insert(next));
            found.values.push(value);
            found.members.push(member);
        }
        if missing > 0 {
            found.notes.push(format!("{missing} have no value of {} and are left out.", self.column));
        }
        keep_twins_together(&mut found);
        Ok(found)
    }
}

/// The numbers of a column.
fn numbers(columns: &[Column], wanted: &str) -> Result<Vec<Option<f64>>, Failure> {
    let names = || columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ");
    let Some(column) = columns.iter().find(|c| c.name == wanted) else {
        let there =
            if columns.is_empty() { "There is no column at all".into() } else { format!("There are {}", names()) };
        return Err(Failure(format!(
            "There is no column {wanted}. {there}; give a table with a value for each file name."
        )));
    };
    match &column.values {
        Values::Numbers(values) => Ok(values.clone()),
        Values::Words(words) => {
            let word = words.iter().flatten().find(|w| w.trim().parse::<f64>().is_err());
            Err(Failure(format!(
                "The column {wanted} holds words such as “{}”, and only numbers can be learned.",
                word.map_or("", String::as_str)
            )))
        }
    }
}

/// Pictures with the same content count as one micrograph, or the copy of what is learned would be what is predicted.
pub fn keep_twins_together(found: &mut Valued) {
    let mut first: HashMap<(usize, Arc<Vec<u8>>), usize> = HashMap::new();
    let mut twins = vec![];
    for n in 0..found.members.len() {
        let grey = &found.members[n].grey;
        // Patches without anything in them are alike whatever they were cut from.
        if grey.iter().all(|v| *v == grey[0]) {
            continue;
        }
        let key = (found.members[n].size.0, grey.clone());
        match first.get(&key) {
            None => drop(first.insert(key, n)),
            Some(other) if found.groups[*other] != found.groups[n] => {
                twins.push(format!("{} and {}", found.members[*other].name, found.members[n].name));
                let (from, to) = (found.groups[n], found.groups[*other]);
                found.groups.iter_mut().filter(|g| **g == from).for_each(|g| *g = to);
            }
            Some(_) => {}
        }
    }
    if let Some(example) = twins.first() {
        found.notes.push(format!(
            "{} are the same picture twice, such as {example}; the copies stay together when samples are split.",
            twins.len()
        ));
    }
}

/// Samples that were read in one way, and how.
pub struct Read {
    pub samples: Samples,
    /// How new inputs become few numbers, where the samples' rows are coordinates in a span.
    pub long: Option<Reduction>,
    pub reduction: ReductionKind,
    pub about: About,
    /// Names of the inputs; none where components are read.
    pub names: Vec<String>,
}

/// Reads the members in one way. None if the job is to end.
///
/// # Errors
/// As the features.
pub fn read<O>(
    request: &Learn,
    kind: &DistanceKind,
    valued: &Valued,
    control: &Control<StudyProgress, O>,
    show: &dyn Fn(usize),
    notes: &mut Vec<String>,
) -> Result<Option<Read>, Failure> {
    let common = common_of(kind, &valued.members, notes)?;
    let Some(rows) = rows_of(kind, &common, &valued.members, &request.device, control, show)? else { return Ok(None) };
    let vectors = vectors_of(kind, &common, rows)?;
    let (rows, long, reduction) = match kind {
        DistanceKind::Textures(..) | DistanceKind::Maps(..) | DistanceKind::Spectra => {
            let span = Span::of(&vectors.rows());
            let kind = ReductionKind::Components(MOST_COMPONENTS);
            let long = span.lengthen(&Reduction::of(kind, &span.places), &vectors.rows());
            (span.places, Some(long), kind)
        }
        DistanceKind::Statistics | DistanceKind::Latent(_) => {
            (vectors.rows().mapv(f64::from), None, ReductionKind::Standard)
        }
        DistanceKind::Pixels => (vectors.rows().mapv(f64::from), None, ReductionKind::Nothing),
    };
    let names = match kind {
        DistanceKind::Textures(..) | DistanceKind::Maps(..) | DistanceKind::Spectra | DistanceKind::Pixels => vec![],
        DistanceKind::Latent(_) => (0..rows.ncols()).map(|k| format!("z{}", k + 1)).collect(),
        DistanceKind::Statistics => {
            let of = |k: usize| format!("{} of phase {}", STATISTICS[k % STATISTICS.len()], k / STATISTICS.len());
            (0..rows.ncols()).map(of).collect()
        }
    };
    let samples = Samples {
        names: valued.members.iter().map(|m| m.name.clone()).collect(),
        groups: valued.groups.clone(),
        rows,
        values: valued.values.clone(),
        fractions: fractions(&valued.members),
    };
    let about = About {
        column: request.column.clone(),
        inputs: kind.clone(),
        common,
        network: network_of(kind)?,
        pixel_size: valued.members.iter().find_map(|member| member.pixel_size.clone()),
        parts: vectors.parts().to_vec(),
        patches: request.patches,
        recipe: request.recipe.clone(),
        split: request.split_name(),
    };
    samples.check().map_err(|error| Failure(format!("{}: {error}", input_name(kind))))?;
    Ok(Some(Read { samples, long, reduction, about, names }))
}

/// Volume fractions of all phases but the first, if all members have as many phases.
fn fractions(members: &[Member]) -> Option<Array2<f64>> {
    let phases = members.first()?.phases.filter(|n| *n > 1)?;
    let row = |member: &Member| {
        let map = member.phase_map().filter(|map| map.phases == phases)?;
        Some(map.volume_fractions().into_iter().skip(1).collect::<Vec<f64>>())
    };
    let rows: Vec<Vec<f64>> = members.iter().map(row).collect::<Option<_>>()?;
    Array2::from_shape_vec((members.len(), phases - 1), rows.concat()).ok()
}
