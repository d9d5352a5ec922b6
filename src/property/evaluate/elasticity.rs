//! Elastic moduli of a map.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::field::elasticity;
use super::super::moduli::{
    Moduli, ModuliBounds, hashin_shtrikman_moduli, strong_contrast_moduli, three_point_moduli, voigt_reuss,
};
use super::super::{Bounds, Dimension, Directions, PropertyError};
use super::case::{Case, of_residual, within};
use super::types::{Cell, Plane, Progress, Properties, Property, Quantity};

const PROPERTY: Property = Property::Elasticity;
const UNIT: &str = "GPa";
const NO_ESTIMATE: &str = "The phases differ by too much for the third-order estimate of some moduli: it lies outside the bounds, and is not shown.";

pub(super) fn add(case: &Case, found: &mut Properties, progress: Progress) -> Result<(), PropertyError> {
    let moduli = case.set.moduli(&case.present)?;
    let planar: Vec<Moduli> = moduli
        .iter()
        .map(|m| match case.wanted.plane {
            Plane::Strain => m.plane_strain(),
            Plane::Stress => m.plane_stress(),
        })
        .collect();
    let of_kind = match case.wanted.dimension {
        Dimension::Plane => &planar,
        Dimension::Section => &moduli,
    };
    let mut rows = bounded(case, of_kind);
    if case.pair.is_some() && rows.iter().any(|row| row.estimate.is_none()) {
        found.notes.push(NO_ESTIMATE.into());
    }
    if !case.wanted.full_fields {
        found.quantities.extend(rows);
        return Ok(());
    }
    let is_periodic = case.wanted.cell == Cell::Periodic;
    if is_periodic && case.winding(&|p| planar[p].bulk > 0.0, true).directions() == Directions::None {
        rows.iter_mut().for_each(|row| row.field = Some(0.0));
        found.quantities.extend(rows);
        found.notes.push(
            "No path of phases that bear leads through the map, so its stiffness is 0. No field was solved.".into(),
        );
        return Ok(());
    }
    if planar.iter().any(|m| m.bulk == 0.0) {
        found.notes.extend(case.corner_note(&|p| planar[p].bulk > 0.0, "bear"));
    }
    let (labels, (height, width)) = case.labels();
    let solved = AtomicUsize::new(0);
    let accuracy = case.wanted.accuracy;
    let watch = |iteration: usize, residual: f64| {
        if iteration == 0 {
            solved.fetch_add(1, Ordering::Relaxed);
        }
        let number = solved.load(Ordering::Relaxed).saturating_sub(1).min(2);
        progress(of_residual(number, 3, residual, accuracy.tolerance), "elasticity")
    };
    let result = elasticity(&labels, [1, height, width], &planar, accuracy, &watch)?;
    let mean = result.planar();
    let c = &result.stiffness;
    rows[0].field = Some(mean.young(Dimension::Plane));
    rows[1].field = Some(mean.shear);
    rows[2].field = Some(mean.bulk);
    found.quantities.extend(rows);
    let mut more = |name: &str, unit: &str, formula: &str, value: f64| {
        found.quantities.push(Quantity::of_field(PROPERTY, name, unit, formula, value));
    };
    more(
        "Poisson's ratio",
        "",
        "(K − G)/(K + G) of the planar moduli, averaged over all directions.",
        mean.poisson(Dimension::Plane),
    );
    for (name, a, b) in [("C11", 0, 0), ("C22", 1, 1), ("C12", 0, 1), ("C66", 2, 2)] {
        more(
            name,
            UNIT,
            "A component of the effective stiffness in the plane, Voigt's notation, x = 1 and y = 2.",
            c[a][b],
        );
    }
    let below = c[0][0] + c[1][1] - 2.0 * c[0][1];
    if below > 0.0 {
        more(
            "Anisotropy of stiffness",
            "",
            "Zener's ratio 4 C66/(C11 + C22 − 2 C12): 1 for an isotropic structure.",
            4.0 * c[2][2] / below,
        );
    }
    if case.wanted.keep_fields {
        for (load, name) in ["strain along x", "strain along y", "shear strain"].into_iter().enumerate() {
            let name = format!("Von Mises stress, {name} of 1");
            found.fields.push(case.picture(PROPERTY, &name, UNIT, &result.von_mises(load)));
        }
        let along = &result.strain[0][0];
        found.fields.push(case.picture(PROPERTY, "Strain along x, mean of 1", "", along));
    }
    Ok(())
}

/// Young's modulus, G and K with their bounds and estimates.
fn bounded(case: &Case, moduli: &[Moduli]) -> Vec<Quantity> {
    let dimension = case.wanted.dimension;
    let kind = match (dimension, case.wanted.plane) {
        (Dimension::Section, _) => "three dimensions",
        (Dimension::Plane, Plane::Strain) => "plane strain",
        (Dimension::Plane, Plane::Stress) => "plane stress",
    };
    let phases: Vec<(f64, Moduli)> = case.fractions.iter().copied().zip(moduli.iter().copied()).collect();
    let mut bounds: Vec<(&str, ModuliBounds)> =
        vec![("Voigt–Reuss", voigt_reuss(&phases)), ("Hashin–Shtrikman", hashin_shtrikman_moduli(&phases, dimension))];
    let mut estimate = None;
    if let Some((first, second, three)) = case.pair {
        bounds.push(("three-point", three_point_moduli([moduli[first], moduli[second]], three, dimension)));
        let stiffness: Vec<f64> = moduli.iter().map(|m| m.young(dimension)).collect();
        let (matrix, other, three) = case.matrix_first((first, second, three), &stiffness);
        estimate = Some(strong_contrast_moduli([moduli[matrix], moduli[other]], three, dimension));
    }
    type Of = (&'static str, fn(&ModuliBounds, Dimension) -> Bounds, fn(Moduli, Dimension) -> f64);
    let rows: [Of; 3] = [
        ("Young's modulus", |b, d| b.young(d), |m, d| m.young(d)),
        ("Shear modulus", |b, _| b.shear, |m, _| m.shear),
        ("Bulk modulus", |b, _| b.bulk, |m, _| m.bulk),
    ];
    let formula = format!(
        "In {kind}. Estimate: third-order strong contrast (Torquato 1997). Bounds: Voigt–Reuss, Hashin–Shtrikman, and three-point (Silnutzer; Beran–Molyneux and Milton–Phan-Thien in three dimensions). Full field: the mean over all directions in the plane."
    );
    rows.into_iter()
        .map(|(name, bound, value)| {
            let mut row = Quantity::new(PROPERTY, name, UNIT, formula.clone());
            row.bounds = bounds.iter().map(|(name, b)| ((*name).into(), bound(b, dimension))).collect();
            row.estimate = estimate.and_then(|m| within(value(m, dimension), row.narrowest()));
            row
        })
        .collect()
}
