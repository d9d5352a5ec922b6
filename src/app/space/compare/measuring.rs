//! The measurements of the comparison, on another thread.

use std::sync::Arc;

use crate::job::{Control, Ending, Failure, Task};
use crate::micrograph::{PhaseMap, PixelSize};
use crate::reconstruct::Target;
use crate::stats::{Boundary, Curves, PhaseStatistics, curves, measure, white_noise};

/// A phase map to be compared with the original, with its name.
pub type Compared = (String, Arc<PhaseMap>);

/// Measures the pictures that are compared, the original first. Large ones take seconds.
pub struct Measure {
    pub items: Vec<Compared>,
    /// The open micrograph in the form that runs use: if it is the original, its measurements are reused.
    pub target: Option<Arc<Target>>,
    pub phase: usize,
    pub boundary: Boundary,
    pub labels: Labels,
}

/// The texts of figures and tables.
#[derive(Clone)]
pub struct Labels {
    /// The original's pixel size.
    pub pixel: Option<PixelSize>,
    pub phase_name: String,
    /// How many of the pictures after the original are reconstructions.
    pub reconstructions: usize,
}

/// The measurements of one picture.
pub struct Measured {
    pub name: String,
    pub pixels: usize,
    pub curves: Curves,
    pub all: PhaseStatistics,
    /// S2 over displacements, the origin in the middle, and its edge.
    pub map: (Vec<f64>, usize),
}

/// The measurements of all pictures.
pub struct Measurements {
    pub labels: Labels,
    pub measured: Vec<Measured>,
    pub noise: Curves,
}

impl Measure {
    fn measure_item(&self, (name, map): &Compared) -> Measured {
        let known = self.target.as_ref().filter(|target| {
            let is_original = target.phases.as_ref().is_some_and(|phases| Arc::ptr_eq(phases, map));
            is_original && self.boundary == Boundary::Open
        });
        let all = match known.and_then(|target| target.statistics()?.phases.get(self.phase)) {
            Some(all) => all.clone(),
            None => measure(map, self.phase, self.boundary),
        };
        let curves = curves(map, self.phase, Boundary::Periodic, Boundary::Open);
        Measured { name: name.clone(), pixels: map.labels.len(), curves, map: all.two_point.map(), all }
    }
}

impl Task for Measure {
    const NAME: &'static str = "comparison";
    type Progress = ();
    type Output = Measurements;

    fn run(self, control: &Control<(), Measurements>) -> Result<Ending, Failure> {
        let mut measured = vec![];
        for item in self.items.iter().filter(|(_, map)| self.phase < map.phases) {
            if control.is_ending() {
                return Ok(Ending::Cancelled);
            }
            measured.push(self.measure_item(item));
        }
        let noise = measured.first().map_or_else(
            || white_noise(0.5, 1, 1),
            |m| white_noise(m.curves.volume_fraction, m.pixels, m.curves.s2.len()),
        );
        control.output(Measurements { labels: self.labels, measured, noise });
        Ok(Ending::Finished)
    }
}
