//! Elastic moduli of a map.

use super::super::field::elasticity;
use super::super::moduli::{
    Moduli, ModuliBounds, hashin_shtrikman_moduli, strong_contrast_moduli, three_point_moduli, voigt_reuss,
};
use super::super::{Bounds, Dimension, Directions, PropertyError};
use super::case::{Case, of_loads, winding, within};
use super::types::{Plane, Progress, Properties, Property, Quantity};

const PROPERTY: Property = Property::Elasticity;
const UNIT: &str = "GPa";
const NAMES: [&str; 3] = ["Young's modulus", "Shear modulus", "Bulk modulus"];
const NO_ESTIMATE: &str = "The phases differ by too much for the third-order estimate of some moduli: it lies outside the bounds of Hashin and Shtrikman, and is not shown.";

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
    let (labels, size) = case.labels();
    let bears = |phase: usize| planar[phase].bulk > 0.0;
    if winding(&labels, size, &bears, true).directions() == Directions::None {
        rows.iter_mut().for_each(|row| row.field = Some(0.0));
        found.quantities.extend(rows);
        found.notes.push(
            "No path of phases that bear leads through the map, so its stiffness is 0. No field was solved.".into(),
        );
        return Ok(());
    }
    if planar.iter().any(|m| m.bulk == 0.0) {
        found.notes.extend(case.corner_note(&bears, "bear"));
    }
    let accuracy = case.wanted.accuracy;
    let watch = of_loads(progress, "elasticity", 3, accuracy.tolerance);
    let result = elasticity(&labels, [1, size.0, size.1], &planar, case.wanted.keep_fields, accuracy, &watch)?;
    let mean = result.planar();
    let c = &result.stiffness;
    let planar_values = [mean.young(Dimension::Plane), mean.shear, mean.bulk];
    if case.wanted.dimension == Dimension::Section {
        let formula =
            "The mean over all directions in the plane, as if the section went on unchanged through the thickness.";
        let kind = plane_name(case.wanted.plane);
        let of_section = NAMES.iter().zip(planar_values).map(|(name, value)| {
            Quantity::of_field(PROPERTY, &format!("{name} in the section ({kind})"), UNIT, formula, value)
        });
        rows.extend(of_section);
    } else {
        rows.iter_mut().zip(planar_values).for_each(|(row, value)| row.field = Some(value));
    }
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
        // In plane strain a stress across the plane keeps the strain away.
        let poisson: Vec<f64> = moduli
            .iter()
            .map(|m| if case.wanted.plane == Plane::Strain { m.poisson(Dimension::Section) } else { 0.0 })
            .collect();
        for (load, name) in ["strain along x", "strain along y", "shear strain"].into_iter().enumerate() {
            let name = format!("Von Mises stress, {name} of 1");
            found.fields.push(case.picture(PROPERTY, &name, UNIT, &result.von_mises(load, &labels, &poisson)));
        }
        let loads = [
            ("Stress along x", "Strain along x"),
            ("Stress along y", "Strain along y"),
            ("Shear stress", "Shear strain"),
        ];
        for (load, (stress, strain)) in loads.into_iter().enumerate() {
            let name = format!("{stress}, {} of 1", strain.to_lowercase());
            found.fields.push(case.picture(PROPERTY, &name, UNIT, &result.stress[load][load]));
            let name = format!("{strain}, mean of 1");
            found.fields.push(case.picture(PROPERTY, &name, "", &result.strain[load][load]));
        }
    }
    Ok(())
}

/// How a picture is held across its plane, in words.
fn plane_name(plane: Plane) -> &'static str {
    match plane {
        Plane::Strain => "plane strain",
        Plane::Stress => "plane stress",
    }
}

/// Young's modulus, G and K with their bounds and estimates.
fn bounded(case: &Case, moduli: &[Moduli]) -> Vec<Quantity> {
    let dimension = case.wanted.dimension;
    let kind = match dimension {
        Dimension::Section => "three dimensions",
        Dimension::Plane => plane_name(case.wanted.plane),
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
        (NAMES[0], |b, d| b.young(d), |m, d| m.young(d)),
        (NAMES[1], |b, _| b.shear, |m, _| m.shear),
        (NAMES[2], |b, _| b.bulk, |m, _| m.bulk),
    ];
    let formula = format!(
        "In {kind}. Estimate: third-order strong contrast (Torquato 1997). Bounds: Voigt–Reuss, Hashin–Shtrikman, and three-point (Silnutzer; Beran–Molyneux and Milton–Phan-Thien in three dimensions). Full field: the mean over all directions in the plane."
    );
    rows.into_iter()
        .map(|(name, bound, value)| {
            let name = match dimension {
                Dimension::Section => name.to_string(),
                Dimension::Plane => format!("{name} ({kind})"),
            };
            let mut row = Quantity::new(PROPERTY, name, UNIT, formula.clone());
            row.bounds = bounds.iter().map(|(name, b)| ((*name).into(), bound(b, dimension))).collect();
            let wide = row.bounds.get(1).map(|(_, bounds)| *bounds);
            row.estimate = estimate.and_then(|m| within(value(m, dimension), wide));
            row
        })
        .collect()
}
