//! Elastic moduli: bounds and estimates of isotropic effective ones.

use super::bounds::{Bounds, Share, arithmetic, harmonic, weighted, with_y};
use super::{Dimension, ThreePoint};

/// Two elastic moduli of an isotropic material, in any one unit of pressure.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Moduli {
    /// The bulk modulus K: in three dimensions, or the planar one where that is said.
    pub bulk: f64,
    /// The shear modulus G.
    pub shear: f64,
}

impl Moduli {
    /// From Young's modulus and Poisson's ratio in three dimensions.
    pub fn of_young(young: f64, poisson: f64) -> Self {
        Self { bulk: young / (3.0 * (1.0 - 2.0 * poisson)), shear: young / (2.0 * (1.0 + poisson)) }
    }

    /// Those of plane strain: the planar bulk modulus is K + G/3.
    pub fn plane_strain(self) -> Self {
        Self { bulk: self.bulk + self.shear / 3.0, ..self }
    }

    /// Those of plane stress: the planar bulk modulus is 9 K G/(3 K + 4 G), and 0 for a void.
    pub fn plane_stress(self) -> Self {
        let below = 3.0 * self.bulk + 4.0 * self.shear;
        Self { bulk: if below > 0.0 { 9.0 * self.bulk * self.shear / below } else { 0.0 }, ..self }
    }

    /// Young's modulus: `9 K G/(3 K + G)` in three dimensions, `4 K G/(K + G)` of planar moduli.
    pub fn young(self, dimension: Dimension) -> f64 {
        let Self { bulk: k, shear: g } = self;
        let of = |above: f64, below: f64| if below > 0.0 { above / below } else { 0.0 };
        match dimension {
            Dimension::Plane => of(4.0 * k * g, k + g),
            Dimension::Section => of(9.0 * k * g, 3.0 * k + g),
        }
    }

    /// Poisson's ratio: `(3 K − 2 G)/(6 K + 2 G)` in three dimensions, `(K − G)/(K + G)` of planar moduli; 0 for a void.
    pub fn poisson(self, dimension: Dimension) -> f64 {
        let Self { bulk: k, shear: g } = self;
        let (above, below) = match dimension {
            Dimension::Plane => (k - g, k + g),
            Dimension::Section => (3.0 * k - 2.0 * g, 6.0 * k + 2.0 * g),
        };
        if below > 0.0 { above / below } else { 0.0 }
    }
}

/// Lower and upper bounds of both moduli.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ModuliBounds {
    /// Of K.
    pub bulk: Bounds,
    /// Of G.
    pub shear: Bounds,
}

impl ModuliBounds {
    /// Bounds of Young's modulus, which grows with both.
    pub fn young(&self, dimension: Dimension) -> Bounds {
        let of = |bulk: f64, shear: f64| Moduli { bulk, shear }.young(dimension);
        Bounds { lower: of(self.bulk.lower, self.shear.lower), upper: of(self.bulk.upper, self.shear.upper) }
    }
}

/// Volume fractions and one modulus of each phase.
fn shares(phases: &[(f64, Moduli)], of: impl Fn(&Moduli) -> f64) -> Vec<Share> {
    phases.iter().map(|(fraction, moduli)| (*fraction, of(moduli))).collect()
}

/// The bounds of Voigt and Reuss.
pub fn voigt_reuss(phases: &[(f64, Moduli)]) -> ModuliBounds {
    let of = |values: Vec<Share>| Bounds { lower: harmonic(&values), upper: arithmetic(&values) };
    ModuliBounds { bulk: of(shares(phases, |m| m.bulk)), shear: of(shares(phases, |m| m.shear)) }
}

/// `2 (d − 1)/d`: the factor of the shear modulus beside K.
fn beside_bulk(dimension: Dimension) -> f64 {
    let d = dimension.count();
    2.0 * (d - 1.0) / d
}

/// `G (d K/2 + (d + 1)(d − 2) G/d)/(K + 2 G)`: the number beside G.
fn beside_shear(moduli: Moduli, dimension: Dimension) -> f64 {
    let Moduli { bulk: k, shear: g } = moduli;
    let d = dimension.count();
    if g == 0.0 {
        return 0.0;
    }
    g * (d * k / 2.0 + (d + 1.0) * (d - 2.0) * g / d) / (k + 2.0 * g)
}

/// Bounds of Hashin and Shtrikman (J. Mech. Phys. Solids 11:127, 1963; planar ones: Hashin, ibid. 13:119, 1965), in the
/// form of Walpole (ibid. 14:151, 1966) for any number of phases. Planar moduli for [`Dimension::Plane`].
pub fn hashin_shtrikman_moduli(phases: &[(f64, Moduli)], dimension: Dimension) -> ModuliBounds {
    let there = phases.iter().filter(|(fraction, _)| *fraction > 0.0).map(|(_, moduli)| *moduli);
    let extreme = |pick: fn(f64, f64) -> f64, start: f64| {
        let one = |of: fn(&Moduli) -> f64| there.clone().map(|m| of(&m)).fold(start, pick);
        Moduli { bulk: one(|m| m.bulk), shear: one(|m| m.shear) }
    };
    let (low, high) = (extreme(f64::min, f64::INFINITY), extreme(f64::max, 0.0));
    let (bulk, shear) = (shares(phases, |m| m.bulk), shares(phases, |m| m.shear));
    let factor = beside_bulk(dimension);
    ModuliBounds {
        bulk: Bounds::of(with_y(&bulk, factor * low.shear), with_y(&bulk, factor * high.shear)),
        shear: Bounds::of(with_y(&shear, beside_shear(low, dimension)), with_y(&shear, beside_shear(high, dimension))),
    }
}

/// Three-point bounds of two phases, where the parameters are those of the second. K: Beran and Molyneux (Q. Appl. Math.
/// 24:107, 1966) and Silnutzer (1972) in two dimensions, in Milton's form. G: Milton and Phan-Thien (Proc. R. Soc. A
/// 380:305, 1982); in two dimensions `1/y` is `2⟨1/K⟩ζ + ⟨1/G⟩η` for the lower bound (Silnutzer) and `2/⟨K⟩ζ + 1/⟨G⟩η` for
/// the upper one, the best of Silnutzer's kind.
pub fn three_point_moduli([first, second]: [Moduli; 2], three: ThreePoint, dimension: Dimension) -> ModuliBounds {
    let phases = [(1.0 - three.fraction, first), (three.fraction, second)];
    let (bulk, shear) = (shares(&phases, |m| m.bulk), shares(&phases, |m| m.shear));
    let zeta = |of: &dyn Fn(&Moduli) -> f64| weighted([of(&first), of(&second)], three.zeta);
    let eta = |of: &dyn Fn(&Moduli) -> f64| weighted([of(&first), of(&second)], three.eta);
    let ((k, k_harmonic), (g, g_harmonic)) = (zeta(&|m| m.bulk), zeta(&|m| m.shear));
    let (g_eta, g_eta_harmonic) = eta(&|m| m.shear);
    let (lower, upper) = match dimension {
        Dimension::Plane => (1.0 / (2.0 / k_harmonic + 1.0 / g_eta_harmonic), 1.0 / (2.0 / k + 1.0 / g_eta)),
        Dimension::Section => {
            // Reciprocals of means of reciprocals: ⟨1/K⟩ζ and so on.
            let (k1, g1, e1) = (1.0 / k_harmonic, 1.0 / g_harmonic, 1.0 / g_eta_harmonic);
            let above = 5.0 * g1 * (6.0 * k1 - g1) + e1 * (2.0 * k1 + 21.0 * g1);
            let below = 128.0 * k1 + 99.0 * g1 + 45.0 * e1;
            let lower = if above.is_finite() && above > 0.0 { below / (6.0 * above) } else { 0.0 };
            let above = 3.0 * g_eta * (6.0 * k + 7.0 * g) - 5.0 * g * g;
            (lower, above / (6.0 * (2.0 * k - g) + 30.0 * g_eta))
        }
    };
    let factor = beside_bulk(dimension);
    let or_zero = |y: f64| if y.is_finite() { y } else { 0.0 };
    ModuliBounds {
        bulk: Bounds::of(with_y(&bulk, factor * g_harmonic), with_y(&bulk, factor * g)),
        shear: Bounds::of(with_y(&shear, or_zero(lower)), with_y(&shear, or_zero(upper))),
    }
}

/// The third-order strong-contrast estimate of two phases, the first of which is the matrix (Torquato, J. Mech. Phys.
/// Solids 45:1421, 1997, Eq. 91 and 92).
pub fn strong_contrast_moduli([matrix, other]: [Moduli; 2], three: ThreePoint, dimension: Dimension) -> Moduli {
    let Moduli { bulk: k, shear: g } = matrix;
    if g == 0.0 {
        // A matrix without stiffness bears nothing, whatever lies in it.
        return Moduli { bulk: 0.0, shear: 0.0 };
    }
    let d = dimension.count();
    let (first, second) = (1.0 - three.fraction, three.fraction);
    let (by_k, by_g) = (beside_bulk(dimension) * g, beside_shear(matrix, dimension));
    let kappa = (other.bulk - k) / (other.bulk + by_k);
    let mu = (other.shear - g) / (other.shear + by_g);
    let stiff = k + 2.0 * g;
    let for_bulk = (d + 2.0) * (d - 1.0) * g * kappa * mu / (d * stiff) * first * three.zeta;
    let for_shear = 2.0 * g * kappa * mu / (d * stiff) * first * three.zeta
        + (d * d - 4.0) * g * (2.0 * k + 3.0 * g) * mu * mu / (2.0 * d * stiff * stiff) * first * three.zeta
        + ((d * k + (d - 2.0) * g) / stiff).powi(2) * mu * mu / (2.0 * d) * first * three.eta;
    // Of φ₂ x/x_e = 1 − a follows x_e, and of x_e = (M_e − M)/(M_e + y) the modulus. A phase of the matrix's own value
    // has x = 0.
    let effective = |modulus: f64, y: f64, x: f64, a: f64| {
        let e = second * x / (1.0 - a);
        (modulus + y * e) / (1.0 - e)
    };
    Moduli { bulk: effective(k, by_k, kappa, for_bulk), shear: effective(g, by_g, mu, for_shear) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STIFF: Moduli = Moduli { bulk: 10.0, shear: 6.0 };
    const SOFT: Moduli = Moduli { bulk: 2.0, shear: 0.7 };
    const VOID: Moduli = Moduli { bulk: 0.0, shear: 0.0 };

    #[test]
    fn bounds_are_nested_and_hold_the_estimates() {
        let three = ThreePoint { fraction: 0.3, zeta: 0.4, eta: 0.35 };
        for dimension in [Dimension::Plane, Dimension::Section] {
            for pair in [[STIFF, SOFT], [SOFT, STIFF], [STIFF, VOID], [STIFF, STIFF]] {
                let phases = [(0.7, pair[0]), (0.3, pair[1])];
                let bounds = [
                    voigt_reuss(&phases),
                    hashin_shtrikman_moduli(&phases, dimension),
                    three_point_moduli(pair, three, dimension),
                ];
                let estimate = strong_contrast_moduli(pair, three, dimension);
                for (of, found) in [
                    ((|b: &ModuliBounds| b.bulk) as fn(&ModuliBounds) -> Bounds, estimate.bulk),
                    (|b| b.shear, estimate.shear),
                ] {
                    let [a, b, c] = [of(&bounds[0]), of(&bounds[1]), of(&bounds[2])];
                    let order = [a.lower, b.lower, c.lower, found, c.upper, b.upper, a.upper];
                    assert!(order.is_sorted_by(|a, b| *a <= b + 1e-9), "{dimension:?} {pair:?}: {order:?}");
                }
            }
        }
    }

    #[test]
    fn extreme_parameters_give_the_bounds_of_hashin_and_shtrikman() {
        let phases = [(0.7, SOFT), (0.3, STIFF)];
        for dimension in [Dimension::Plane, Dimension::Section] {
            let wide = hashin_shtrikman_moduli(&phases, dimension);
            let three = ThreePoint { fraction: 0.3, zeta: 0.0, eta: 0.0 };
            let near = three_point_moduli([SOFT, STIFF], three, dimension);
            let estimate = strong_contrast_moduli([SOFT, STIFF], three, dimension);
            for found in [near.bulk.lower, near.bulk.upper, estimate.bulk] {
                assert!((found - wide.bulk.lower).abs() < 1e-12, "{dimension:?}");
            }
            for found in [near.shear.lower, near.shear.upper, estimate.shear] {
                assert!((found - wide.shear.lower).abs() < 1e-12, "{dimension:?}: {found}");
            }
        }
    }

    #[test]
    fn moduli_follow_from_each_other() {
        let of = Moduli::of_young(210.0, 0.3);
        assert!((of.young(Dimension::Section) - 210.0).abs() < 1e-9);
        assert!((of.poisson(Dimension::Section) - 0.3).abs() < 1e-12);
        // In plane stress the planar Young's modulus is that of the material, in plane strain E/(1 − ν²).
        assert!((of.plane_stress().young(Dimension::Plane) - 210.0).abs() < 1e-9);
        assert!((of.plane_strain().young(Dimension::Plane) - 210.0 / 0.91).abs() < 1e-9);
        assert_eq!(VOID.plane_stress(), VOID);
    }
}
