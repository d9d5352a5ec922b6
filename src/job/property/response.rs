//! How a structure responds: its conductivity and its stiffness when one phase has ten times the value of all others.

use super::spread::Spread;
use crate::job::Control;
use crate::job::progress::StudyProgress;
use crate::job::watched::watched;
use crate::micrograph::PhaseMap;
use crate::property::{Accuracy, Dimension, Moduli, PropertyError, conduction, elasticity};
use crate::stats::quarters;

/// The value of the phase over that of all others.
const CONTRAST: f64 = 10.0;
/// Poisson's ratio of all phases.
const POISSON: f64 = 0.3;

/// The conductivity and Young's modulus of a map in plane strain when one phase has ten times the value of all others, over
/// the value of these; means over all directions, by full fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Response {
    /// The conductivity.
    pub conductivity: f64,
    /// Young's modulus.
    pub young: f64,
}

impl Response {
    /// How far it is from another one, in percent of that.
    pub fn change_from(self, other: Self) -> Self {
        let change = |a: f64, b: f64| 100.0 * (a / b - 1.0);
        Self { conductivity: change(self.conductivity, other.conductivity), young: change(self.young, other.young) }
    }
}

/// The response of a map for every phase. `go_on` says whether to go on.
///
/// # Errors
/// A field does not converge, or the work is cancelled.
pub fn responses(map: &PhaseMap, go_on: &(dyn Fn() -> bool + Sync)) -> Result<Vec<Response>, PropertyError> {
    let (height, width) = map.size();
    let shape = [1, height, width];
    let watch = |_: usize, _: f64| go_on();
    let accuracy = Accuracy { tolerance: 1e-4, ..Accuracy::default() };
    let of = |phase: usize| {
        let value = |other: usize| if other == phase { CONTRAST } else { 1.0 };
        let conductivities: Vec<f64> = (0..map.phases).map(value).collect();
        let moduli: Vec<Moduli> = conductivities.iter().map(|v| Moduli::of_young(*v, POISSON).plane_strain()).collect();
        let conductivity = conduction(map.flat(), shape, &conductivities, accuracy, &watch)?.mean();
        let planar = elasticity(map.flat(), shape, &moduli, false, accuracy, &watch)?.planar();
        let homogeneous = Moduli::of_young(1.0, POISSON).plane_strain().young(Dimension::Plane);
        Ok(Response { conductivity, young: planar.young(Dimension::Plane) / homogeneous })
    };
    (0..map.phases).map(of).collect()
}

/// The same as part of a job, which can end it.
///
/// # Errors
/// As [`responses`].
pub fn responses_of<O>(map: &PhaseMap, control: &Control<StudyProgress, O>) -> Result<Vec<Response>, PropertyError> {
    unwatched(control, |go_on| responses(map, go_on))
}

/// The same of [`own_responses`].
///
/// # Errors
/// As [`responses`].
pub fn own_responses_of<O>(
    map: &PhaseMap,
    control: &Control<StudyProgress, O>,
) -> Result<Vec<Response>, PropertyError> {
    unwatched(control, |go_on| own_responses(map, go_on))
}

/// Does work that can be ended, and leaves the progress as it is.
fn unwatched<T: Send, O>(
    control: &Control<StudyProgress, O>,
    work: impl FnOnce(&(dyn Fn() -> bool + Sync)) -> Result<T, PropertyError> + Send,
) -> Result<T, PropertyError> {
    watched(control, None, |progress| work(&|| progress(0.0, "")))
}

/// By how much two pictures of the size of this one differ in their responses, in percent, for every phase: √2 times the
/// standard error of the mean of its quarters. Nothing if it is too small.
///
/// # Errors
/// As [`responses`].
pub fn own_responses(map: &PhaseMap, go_on: &(dyn Fn() -> bool + Sync)) -> Result<Vec<Response>, PropertyError> {
    let Some(quarters) = quarters(map) else { return Ok(vec![]) };
    let quarters: Vec<Vec<Response>> =
        quarters.iter().map(|quarter| responses(quarter, go_on)).collect::<Result<_, _>>()?;
    let spread = |of: &dyn Fn(&Response) -> f64, phase: usize| {
        let values: Vec<f64> = quarters.iter().map(|q| of(&q[phase])).collect();
        let found = Spread::of(&values)?;
        // Of one picture s/2, of the difference of two √2 times that.
        Some(100.0 * found.deviation? / 2f64.sqrt() / found.mean)
    };
    let of = |phase: usize| Response {
        conductivity: spread(&|r| r.conductivity, phase).unwrap_or(f64::NAN),
        young: spread(&|r| r.young, phase).unwrap_or(f64::NAN),
    };
    Ok((0..map.phases).map(of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth;

    #[test]
    fn a_structure_and_its_like_respond_alike_and_noise_does_not() {
        let go_on = || true;
        let first = synth::bicontinuous(96, 0.4, 12.0, 1);
        let of = |map: &PhaseMap| responses(map, &go_on).expect("responses")[1];
        let (a, b) = (of(&first), of(&synth::bicontinuous(96, 0.4, 12.0, 2)));
        let own = own_responses(&first, &go_on).expect("responses")[1];
        let change = b.change_from(a);
        assert!(change.conductivity.abs() < 4.0 * own.conductivity + 2.0, "{change:?} {own:?}");
        assert!(own.conductivity > 0.0 && own.conductivity < 10.0 && own.young < 15.0, "{own:?}");
        // Discs conduct worse than what winds through the map, at the same fraction.
        let discs = of(&synth::discs(96, 0.4, 1)).change_from(a);
        assert!(discs.conductivity < -5.0, "{discs:?}");
    }
}
