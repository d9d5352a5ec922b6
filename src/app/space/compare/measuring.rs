//! The measurements of the comparison, on another thread.

use std::sync::Arc;

use crate::job::{Control, Ending, Failure, Task};
use crate::micrograph::PixelSize;
use crate::project::Compared;
use crate::reconstruct::Target;
use crate::stats::{Boundary, Curves, ErrorRates, PhaseStatistics, Unfitted, curves, measure, white_noise};

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
    pub phase_name: String,
    /// The number of the phase.
    pub phase: usize,
    pub boundary: Boundary,
    /// How many of the pictures after the original are reconstructions.
    pub reconstructions: usize,
}

/// The measurements of one picture.
pub struct Measured {
    pub name: String,
    pub pixels: usize,
    /// The size of its own pixels.
    pub pixel_size: Option<PixelSize>,
    /// The edge of its pixels in the unit of the plots.
    pub scale: f64,
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
    /// The unit of lengths in plots.
    pub unit: &'static str,
}

impl Measured {
    /// Whether its pixels have another size than the original's: its errors would then compare different lengths.
    pub fn differs_in_scale(&self, original: &Self) -> bool {
        self.pixel_size.as_ref().zip(original.pixel_size.as_ref()).is_some_and(|(own, original)| own.differs(original))
    }

    /// Its errors against the original; `None` where lengths differ.
    pub fn errors(&self, original: &Self) -> Option<ErrorRates> {
        (!self.differs_in_scale(original)).then(|| ErrorRates::between(&original.curves, &self.curves))
    }

    /// The same of what is not fitted.
    pub fn unfitted(&self, original: &Self) -> Option<Unfitted> {
        let both = ((&original.all, original.pixels), (&self.all, self.pixels));
        (!self.differs_in_scale(original)).then(|| Unfitted::between(both.0, both.1))
    }
}

/// Sets the unit of lengths for all plots: that of the original, or pixels where the pixel size of any picture is not
/// known.
fn in_one_unit(measured: &mut [Measured]) -> &'static str {
    let length = measured.first().map_or(100, |m| m.curves.s2.len()) as f64;
    let known = measured.iter().all(|m| m.pixel_size.is_some());
    let Some(original) = measured.first().and_then(|m| m.pixel_size.clone()).filter(|_| known) else { return "px" };
    let (name, per_pixel) = original.unit(length);
    for m in measured {
        m.scale = m.pixel_size.as_ref().map_or(1.0, |p| p.metres / original.metres * per_pixel);
    }
    name
}

impl Measure {
    fn measure_item(&self, Compared { name, map, pixel_size }: &Compared) -> Measured {
        let known = self.target.as_ref().filter(|target| {
            let is_original = target.phases.as_ref().is_some_and(|phases| Arc::ptr_eq(phases, map));
            is_original && self.boundary == Boundary::Open
        });
        let all = match known.and_then(|target| target.statistics()?.phases.get(self.phase)) {
            Some(all) => all.clone(),
            None => measure(map, self.phase, self.boundary),
        };
        let curves = curves(map, self.phase, Boundary::Periodic, Boundary::Open);
        let (name, pixel_size) = (name.clone(), pixel_size.clone());
        Measured { name, pixels: map.labels.len(), pixel_size, scale: 1.0, curves, map: all.two_point.map(), all }
    }
}

impl Task for Measure {
    const NAME: &'static str = "comparison";
    type Progress = ();
    type Output = Measurements;

    fn run(self, control: &Control<(), Measurements>) -> Result<Ending, Failure> {
        let mut measured = vec![];
        for item in self.items.iter().filter(|item| self.phase < item.map.phases) {
            if control.is_ending() {
                return Ok(Ending::Cancelled);
            }
            measured.push(self.measure_item(item));
        }
        let noise = measured.first().map_or_else(
            || white_noise(0.5, 1, 1),
            |m| {
                // Over the distances that all pictures have.
                let distances = measured.iter().map(|m| m.curves.s2.len()).min().unwrap_or(1);
                white_noise(m.curves.volume_fraction, m.pixels, distances)
            },
        );
        let unit = in_one_unit(&mut measured);
        control.output(Measurements { labels: self.labels, measured, noise, unit });
        Ok(Ending::Finished)
    }
}
