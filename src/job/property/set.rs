//! Sets of synthetic micrographs with their properties, for learning.

use std::path::PathBuf;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use crate::figure::csv_field;
use crate::folders::write_atomically;
use crate::job::progress::StudyProgress;
use crate::job::watched::watched;
use crate::job::{Control, Ending, Failure, Task};
use crate::micrograph::{PhaseMap, write_labels_png};
use crate::property::{
    Accuracy, Dimension, LightSettings, Property, PropertyError, PropertySet, Quantity, Wanted, evaluate, material,
};
use crate::synth;

/// A kind of set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum PropertySetKind {
    /// Gaussian random fields of many correlation lengths, and the light that they absorb at 600 nm (after Li et al.
    /// 2018): amorphous silicon in air.
    Absorption,
    /// Sections like sandstone, and Young's modulus, diffusivity and permeability of the rock (after Cang et al. 2018):
    /// quartz and void, by the third-order and two-point formulas of an isotropic material.
    Sandstone,
}

/// A request for a set.
#[derive(Clone, Debug)]
pub struct MakePropertySet {
    /// Its kind.
    pub kind: PropertySetKind,
    /// How many micrographs.
    pub count: usize,
    /// Their edge in pixels.
    pub size: usize,
    /// The seed of the first one.
    pub seed: u64,
    /// Materials and light; the kind's own without it.
    pub set: Option<PropertySet>,
    /// The folder for the micrographs and their table.
    pub output: PathBuf,
}

/// A member of a set that is ready.
#[derive(Clone, Debug)]
pub struct SetMember {
    /// The name of its file.
    pub file: String,
    /// The parameters that it was made with.
    pub parameters: Vec<(&'static str, f64)>,
    /// Its properties.
    pub quantities: Vec<Quantity>,
}

impl PropertySetKind {
    /// The materials and the light that belong to it.
    pub fn materials(self) -> PropertySet {
        let of = |names: [&str; 2]| PropertySet::of(names.iter().filter_map(|n| material(n).cloned()).collect());
        match self {
            Self::Absorption => {
                let light = LightSettings { pixel: 8.0, orders: 15, thickness: 200.0, ..LightSettings::default() };
                PropertySet { light, ..of(["Air", "Amorphous silicon"]) }
            }
            Self::Sandstone => of(["Quartz", "Void"]),
        }
    }

    /// What is computed.
    fn wanted(self) -> Wanted {
        let (properties, dimension, full_fields) = match self {
            Self::Absorption => (vec![Property::Light], Dimension::Plane, true),
            Self::Sandstone => {
                (vec![Property::Elasticity, Property::Diffusivity, Property::Permeability], Dimension::Section, false)
            }
        };
        let accuracy = Accuracy::default();
        Wanted { properties, dimension, full_fields, keep_fields: false, accuracy, ..Wanted::default() }
    }

    /// A member: its parameters and its phases.
    fn member(self, size: usize, seed: u64) -> (Vec<(&'static str, f64)>, PhaseMap) {
        let mut random = Pcg64::seed_from_u64(seed ^ 0x5e7);
        // A wide range is drawn evenly on a logarithmic scale.
        let mut between = |low: f64, high: f64| low * (high / low).powf(random.random_range(0.0..1.0));
        match self {
            Self::Absorption => {
                // Finer structures than a fifth of the edge need more orders than the set has.
                let (wavelength, bandwidth, fraction) =
                    (between(0.2 * size as f64, 0.5 * size as f64), between(0.05, 0.4), between(0.3, 0.7));
                let map = synth::banded(size, fraction, wavelength, bandwidth, seed);
                (vec![("wavelength px", wavelength), ("bandwidth", bandwidth), ("volume fraction", fraction)], map)
            }
            Self::Sandstone => {
                let (porosity, radius) = (between(0.1, 0.35), between(0.03 * size as f64, 0.1 * size as f64));
                (
                    vec![("porosity", porosity), ("grain radius px", radius)],
                    synth::sandstone(size, porosity, radius, seed),
                )
            }
        }
    }
}

impl Task for MakePropertySet {
    const NAME: &'static str = "property set";
    type Progress = StudyProgress;
    type Output = SetMember;

    fn run(self, control: &Control<StudyProgress, SetMember>) -> Result<Ending, Failure> {
        let failed = |source| PropertyError::File { path: self.output.clone(), done: "written", source };
        std::fs::create_dir_all(&self.output).map_err(failed)?;
        let set = self.set.clone().unwrap_or_else(|| self.kind.materials());
        set.check().map_err(|reason| Failure(format!("The property set cannot be used: {reason}.")))?;
        let mut made: Vec<SetMember> = vec![];
        let mut ending = Ending::Finished;
        for n in 0..self.count {
            let (parameters, map) = self.kind.member(self.size, self.seed.wrapping_add(n as u64));
            let told = |share: f64, _: &str| {
                ((n as f64 + share) / self.count as f64, format!("micrograph {} of {}", n + 1, self.count))
            };
            let found = match watched(control, Some(&told), |progress| {
                evaluate(&map, None, &set, &self.kind.wanted(), progress)
            }) {
                Err(PropertyError::Cancelled) => {
                    ending = Ending::Kept;
                    break;
                }
                found => found?,
            };
            if found.quantities.is_empty() {
                return Err(Failure(found.notes.join(" ")));
            }
            let file = format!("{:04}.png", n + 1);
            write_labels_png(&self.output.join(&file), &map, None)?;
            let member = SetMember { file, parameters, quantities: found.quantities };
            made.push(member.clone());
            control.output(member);
        }
        let write = |name: &str, text: String| {
            let path = self.output.join(name);
            let failed = |source| PropertyError::File { path: path.clone(), done: "written", source };
            write_atomically(&path, text.as_bytes()).map_err(failed)?;
            control.saved(path);
            Ok::<(), PropertyError>(())
        };
        write("properties.csv", csv(&made))?;
        write("set.json", set.to_json())?;
        Ok(ending)
    }
}

/// The table of a set: a line for each file.
fn csv(made: &[SetMember]) -> String {
    let Some(first) = made.first() else { return String::new() };
    let heading = |q: &Quantity| if q.unit.is_empty() { q.name.clone() } else { format!("{} ({})", q.name, q.unit) };
    let mut text = String::from("file");
    let headings =
        first.parameters.iter().map(|(name, _)| (*name).to_string()).chain(first.quantities.iter().map(heading));
    headings.for_each(|h| text += &format!(",{}", csv_field(&h)));
    text.push('\n');
    for member in made {
        text += &csv_field(&member.file);
        member.parameters.iter().for_each(|(_, value)| text += &format!(",{value}"));
        for quantity in &first.quantities {
            let value = member.quantities.iter().find(|q| q.name == quantity.name).and_then(Quantity::best);
            text += &value.map_or(",".to_string(), |v| format!(",{v}"));
        }
        text.push('\n');
    }
    text
}
