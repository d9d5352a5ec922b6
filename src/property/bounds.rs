//! Bounds and estimates of the effective conductivity; all hold for diffusivities and permittivities as well.

use super::ThreePoint;

/// What a map is a picture of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dimension {
    /// A structure in two dimensions: it goes on unchanged through the thickness.
    #[default]
    Plane,
    /// A section of an isotropic material in three dimensions.
    Section,
}

impl Dimension {
    /// The number of dimensions.
    pub fn count(self) -> f64 {
        match self {
            Self::Plane => 2.0,
            Self::Section => 3.0,
        }
    }
}

/// A lower and an upper bound.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Bounds {
    /// No structure of this kind has less.
    pub lower: f64,
    /// No structure of this kind has more.
    pub upper: f64,
}

impl Bounds {
    /// Two bounds in whichever order they come.
    pub(super) fn of(a: f64, b: f64) -> Self {
        Self { lower: a.min(b), upper: a.max(b) }
    }
}

/// A phase's volume fraction and value.
pub type Share = (f64, f64);

/// Phases that are there.
pub(super) fn present(phases: &[Share]) -> impl Iterator<Item = Share> + Clone + '_ {
    phases.iter().copied().filter(|(fraction, _)| *fraction > 0.0)
}

/// The arithmetic mean, the upper bound of Wiener (Voigt for elastic moduli).
pub fn arithmetic(phases: &[Share]) -> f64 {
    present(phases).map(|(fraction, value)| fraction * value).sum()
}

/// The harmonic mean, the lower bound of Wiener (Reuss for elastic moduli).
pub fn harmonic(phases: &[Share]) -> f64 {
    1.0 / present(phases).map(|(fraction, value)| fraction / value).sum::<f64>()
}

/// `1/Σ φᵢ/(vᵢ + y) − y`: bounds of Hashin–Shtrikman type differ in y only (Milton, The Theory of Composites, 2002,
/// section 26.2). It grows with y.
pub(super) fn with_y(phases: &[Share], y: f64) -> f64 {
    1.0 / present(phases).map(|(fraction, value)| fraction / (value + y)).sum::<f64>() - y
}

/// The smallest and the largest value of phases that are there.
pub(super) fn extremes(phases: &[Share]) -> (f64, f64) {
    present(phases).fold((f64::INFINITY, 0.0), |(low, high), (_, value)| (low.min(value), high.max(value)))
}

/// Bounds of Hashin and Shtrikman (J. Appl. Phys. 33:3125, 1962) for isotropic structures of any number of phases.
pub fn hashin_shtrikman(phases: &[Share], dimension: Dimension) -> Bounds {
    let (low, high) = extremes(phases);
    let factor = dimension.count() - 1.0;
    Bounds::of(with_y(phases, factor * low), with_y(phases, factor * high))
}

/// Means over two values with weights 1 − w and w: the arithmetic and the harmonic one.
pub(super) fn weighted(values: [f64; 2], w: f64) -> (f64, f64) {
    let pair = [(1.0 - w, values[0]), (w, values[1])];
    (arithmetic(&pair), harmonic(&pair))
}

/// Three-point bounds of two phases with values `[v₁, v₂]`, where the parameters are those of the second (Beran, Nuovo
/// Cimento 38:771, 1965; Silnutzer 1972 in two dimensions; in the form of Milton, Phys. Rev. Lett. 46:542, 1981).
pub fn three_point_bounds(values: [f64; 2], three: ThreePoint, dimension: Dimension) -> Bounds {
    let phases = [(1.0 - three.fraction, values[0]), (three.fraction, values[1])];
    let factor = dimension.count() - 1.0;
    let (upper, lower) = weighted(values, three.zeta);
    Bounds::of(with_y(&phases, factor * lower), with_y(&phases, factor * upper))
}

/// The third-order strong-contrast estimate of two phases with values `[v₁, v₂]`, the first of which is the matrix
/// (Torquato, J. Appl. Phys. 58:3790, 1985; Random Heterogeneous Materials, Eq. 20.35).
pub fn strong_contrast([matrix, other]: [f64; 2], three: ThreePoint, dimension: Dimension) -> f64 {
    if matrix == 0.0 {
        // The expansion is in powers of (v₂ − v₁)/(v₂ + (d − 1) v₁), which is 1 here: the estimate is proportional to v₁.
        return 0.0;
    }
    let factor = dimension.count() - 1.0;
    let beta = (other - matrix) / (other + factor * matrix);
    let third = factor * (1.0 - three.fraction) * three.zeta * beta * beta;
    matrix * (1.0 + factor * three.fraction * beta - third) / (1.0 - three.fraction * beta - third)
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREE: ThreePoint = ThreePoint { fraction: 0.3, zeta: 0.4, eta: 0.35 };

    #[test]
    fn bounds_are_nested_and_hold_the_estimates() {
        for dimension in [Dimension::Plane, Dimension::Section] {
            for values in [[1.0, 10.0], [1.0, 0.1], [1.0, 0.0], [2.0, 2.0]] {
                let phases = [(0.7, values[0]), (0.3, values[1])];
                let (wide, near) = (hashin_shtrikman(&phases, dimension), three_point_bounds(values, THREE, dimension));
                let estimate = strong_contrast(values, THREE, dimension);
                let order = [harmonic(&phases), wide.lower, near.lower, estimate, near.upper, wide.upper];
                assert!(order.is_sorted_by(|a, b| *a <= b + 1e-12), "{values:?}: {order:?}");
                assert!(wide.upper <= arithmetic(&phases) + 1e-12);
            }
        }
    }

    #[test]
    fn parameters_of_discs_give_the_bounds_of_hashin_and_shtrikman() {
        let phases = [(0.7, 1.0), (0.3, 10.0)];
        for dimension in [Dimension::Plane, Dimension::Section] {
            let wide = hashin_shtrikman(&phases, dimension);
            for (zeta, wanted) in [(0.0, wide.lower), (1.0, wide.upper)] {
                let three = ThreePoint { fraction: 0.3, zeta, eta: zeta };
                let near = three_point_bounds([1.0, 10.0], three, dimension);
                assert!((near.lower - wanted).abs() < 1e-12 && (near.upper - wanted).abs() < 1e-12);
            }
            let three = ThreePoint { fraction: 0.3, zeta: 0.0, eta: 0.0 };
            assert!((strong_contrast([1.0, 10.0], three, dimension) - wide.lower).abs() < 1e-12);
        }
    }

    #[test]
    fn three_point_bounds_in_the_plane_obey_dualities() {
        // Keller: σ(v₁, v₂) σ(1/v₁, 1/v₂) = 1 turns one bound into the other.
        let near = three_point_bounds([1.0, 7.0], THREE, Dimension::Plane);
        let turned = three_point_bounds([1.0, 1.0 / 7.0], THREE, Dimension::Plane);
        assert!((near.lower * turned.upper - 1.0).abs() < 1e-12);
        assert!((near.upper * turned.lower - 1.0).abs() < 1e-12);
    }
}
