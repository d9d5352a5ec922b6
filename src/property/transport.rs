//! Estimates of the fluid permeability.

/// The constant of Kozeny and Carman.
pub const KOZENY: f64 = 5.0;

/// The permeability that Kozeny and Carman estimate, `φ³/(5 s²)` (Carman, Trans. Inst. Chem. Eng. 15:150, 1937), in the
/// square of the unit of length of `surface`: the specific surface s (area for each unit of the whole volume, or interface
/// length for each unit of area in two dimensions). Nothing if there is no surface.
pub fn kozeny_carman(porosity: f64, surface: f64) -> Option<f64> {
    (surface > 0.0).then(|| porosity.powi(3) / (KOZENY * surface * surface))
}

/// The two-point upper bound on the permeability of an isotropic material in three dimensions, in pixels squared:
/// `2/(3 (1 − φ)²) ∫ (S2(r) − φ²) r dr` with S2 of the pores (Prager, Phys. Fluids 4:1477, 1961; Berryman & Milton, J. Chem.
/// Phys. 83:754, 1985). `s2` is the radial S2 at r = 0, 1, … pixels; the integral ends where S2 first meets φ², since what
/// lies beyond is the map's own noise. Nothing if there is one phase only.
pub fn two_point_permeability(s2: &[f64]) -> Option<f64> {
    let porosity = *s2.first()?;
    if porosity <= 0.0 || porosity >= 1.0 {
        return None;
    }
    let covariance = |r: usize| s2[r] - porosity * porosity;
    let end = (0..s2.len()).find(|r| covariance(*r) <= 0.0).unwrap_or(s2.len());
    // The trapezoidal rule; the integrand is 0 at r = 0.
    let integral: f64 = (0..end).map(|r| r as f64 * covariance(r)).sum();
    Some(2.0 / (3.0 * (1.0 - porosity).powi(2)) * integral)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_of_an_exponential_structure_is_known() {
        // χ = φ(1 − φ) exp(−r/a): ∫ r χ dr = φ(1 − φ) a².
        let (porosity, a) = (0.3f64, 12.0);
        let s2: Vec<f64> =
            (0..400).map(|r| porosity * porosity + porosity * (1.0 - porosity) * (-f64::from(r) / a).exp()).collect();
        let wanted = 2.0 / 3.0 * porosity / (1.0 - porosity) * a * a;
        let found = two_point_permeability(&s2).expect("two phases");
        assert!((found / wanted - 1.0).abs() < 1e-3, "{found} and {wanted}");
        assert_eq!(two_point_permeability(&[1.0; 5]), None);
        assert_eq!(kozeny_carman(0.5, 0.0), None);
        assert!((kozeny_carman(0.5, 0.1).expect("a surface") - 2.5).abs() < 1e-12);
    }
}
