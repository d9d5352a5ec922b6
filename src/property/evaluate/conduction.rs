//! Conductivity or diffusivity of a map.

use super::super::bounds::{arithmetic, harmonic, hashin_shtrikman, strong_contrast, three_point_bounds};
use super::super::field::{check_values, conduction};
use super::super::{Bounds, Dimension, Directions, PropertyError};
use super::case::{Case, of_loads, winding, within};
use super::types::{Progress, Properties, Property, Quantity};

/// The largest over the smallest value along the principal axes of a symmetric tensor.
fn anisotropy(tensor: &[Vec<f64>]) -> f64 {
    let mean = 0.5 * (tensor[0][0] + tensor[1][1]);
    let half = (0.25 * (tensor[0][0] - tensor[1][1]).powi(2) + tensor[0][1].powi(2)).sqrt();
    let least = mean - half;
    // What is 0 along an axis is 0 up to rounding.
    if least > 1e-9 * (mean + half) { (mean + half) / least } else { f64::INFINITY }
}

pub(super) fn add(
    case: &Case,
    property: Property,
    found: &mut Properties,
    progress: Progress,
) -> Result<(), PropertyError> {
    let is_diffusion = property == Property::Diffusivity;
    let (values, unit, word) = if is_diffusion {
        (case.set.diffusivities(&case.present)?, case.set.diffusivity_unit.as_str(), "diffusivity")
    } else {
        (case.set.conductivities(&case.present)?, case.set.conductivity_unit.as_str(), "conductivity")
    };
    let there: Vec<f64> = (0..values.len()).filter(|p| case.present[*p]).map(|p| values[p]).collect();
    check_values(&there, word, if is_diffusion { "the diffusivity" } else { "the conductivity" })?;
    let mut main = bounded(case, property, unit, &values);
    if case.pair.is_some() && main.estimate.is_none() {
        found.notes.push(format!("The phases differ by too much for the third-order estimate of the {word}: it lies outside the bounds of Hashin and Shtrikman, and is not shown."));
    }
    if !case.wanted.full_fields {
        found.quantities.push(main);
        return Ok(());
    }
    let (labels, size) = case.labels();
    let lets_through = |phase: usize| values[phase] > 0.0;
    let way = winding(&labels, size, &lets_through, true).directions();
    let by_edges = winding(&labels, size, &lets_through, false).directions();
    if way == Directions::None {
        main.field = Some(0.0);
        found.quantities.push(main);
        found.notes.push(format!(
            "No path of phases with a {word} above 0 leads through the map, so its {word} is 0. No field was solved."
        ));
        return Ok(());
    }
    if way != by_edges {
        found.notes.push(format!(
            "Phases with a {word} above 0 go on through the map by corners of pixels only. What passes there depends on the size of the pixels, not on the structure."
        ));
    }
    if values.contains(&0.0) {
        found.notes.extend(case.corner_note(&lets_through, "conduct"));
    }
    let accuracy = case.wanted.accuracy;
    let doing = if is_diffusion { "diffusion" } else { "conduction" };
    let watch = of_loads(progress, doing, 2, accuracy.tolerance);
    let mut result = conduction(&labels, [1, size.0, size.1], &values, accuracy, &watch)?;
    // What iterations leave along an axis that no path leads along.
    for axis in (0..2).filter(|axis| !way.leads_along(*axis)) {
        (0..2).for_each(|other| (result.tensor[axis][other], result.tensor[other][axis]) = (0.0, 0.0));
    }
    if case.wanted.dimension == Dimension::Section {
        found.quantities.push(main.clone());
        let formula = "The mean of both directions, as if the section went on unchanged through the thickness.";
        main = Quantity::new(property, format!("{} in the section", main.name), unit, formula);
    }
    main.field = Some(result.mean());
    found.quantities.push(main);
    let mean = arithmetic(&case.shares(&values));
    for (axis, name) in ["x", "y"].into_iter().enumerate() {
        let along = result.tensor[axis][axis];
        let what = if is_diffusion { "Diffusivity" } else { "Conductivity" };
        let formula = format!("The mean flux along {name} under a mean gradient of 1 along {name}.");
        found.quantities.push(Quantity::of_field(property, &format!("{what} along {name}"), unit, &formula, along));
        if is_diffusion {
            let formula = format!(
                "τ = ⟨D⟩/D{name}{name}: what the phases would let through side by side, over what passes; not squared, as TauFactor defines it."
            );
            let tortuosity = if along > 1e-9 * mean { mean / along } else { f64::INFINITY };
            found.quantities.push(Quantity::of_field(
                property,
                &format!("Tortuosity factor along {name}"),
                "",
                &formula,
                tortuosity,
            ));
        }
    }
    let formula = format!("The largest over the smallest eigenvalue of the effective {word}.");
    let name = format!("Anisotropy of {word}");
    found.quantities.push(Quantity::of_field(property, &name, "", &formula, anisotropy(&result.tensor)));
    if case.wanted.keep_fields {
        let flux = if is_diffusion { "Diffusive flux" } else { "Flux" };
        for (axis, name) in ["x", "y"].into_iter().enumerate() {
            let name = format!("{flux}, gradient along {name}");
            found.fields.push(case.picture(property, &name, unit, &result.magnitude(axis)));
        }
    }
    Ok(())
}

/// The number with its bounds and its estimate.
fn bounded(case: &Case, property: Property, unit: &str, values: &[f64]) -> Quantity {
    let shares = case.shares(values);
    let dimension = case.wanted.dimension;
    let formula = "Estimate: third-order strong contrast (Torquato 1985). Bounds: Wiener, Hashin–Shtrikman, and three-point (Silnutzer; Beran and Milton in three dimensions). Full field: the mean of both directions.";
    let name = if property == Property::Diffusivity { "Diffusivity" } else { "Conductivity" };
    let mut main = Quantity::new(property, name, unit, formula);
    main.bounds.push(("Wiener".into(), Bounds { lower: harmonic(&shares), upper: arithmetic(&shares) }));
    main.bounds.push(("Hashin–Shtrikman".into(), hashin_shtrikman(&shares, dimension)));
    if let Some((first, second, three)) = case.pair {
        let near = three_point_bounds([values[first], values[second]], three, dimension);
        main.bounds.push(("three-point".into(), near));
        let (matrix, other, three) = case.matrix_first((first, second, three), values);
        let wide = main.bounds.get(1).map(|(_, bounds)| *bounds);
        main.estimate = within(strong_contrast([values[matrix], values[other]], three, dimension), wide);
    }
    main
}
