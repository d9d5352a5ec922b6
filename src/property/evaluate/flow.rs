//! Permeability of a map.

use super::super::transport::{kozeny_carman, two_point_permeability};
use super::super::{Bounds, Dimension, PropertyError, flow};
use super::case::Case;
use super::types::{Cell, Progress, Properties, Property, Quantity};
use crate::stats::{Boundary, specific_surface, two_point_radial};

const PROPERTY: Property = Property::Permeability;

pub(super) fn add(case: &Case, found: &mut Properties, progress: Progress) -> Result<(), PropertyError> {
    let pore_phases: Vec<bool> = case.set.phases.iter().map(|m| m.pore).collect();
    let is_pore = |phase: usize| pore_phases.get(phase).copied().unwrap_or(false);
    if !(0..case.present.len()).any(|p| case.present[p] && is_pore(p)) {
        let text = "No phase of this map is pore space, so nothing flows. Tick “pore” at the phase that a fluid fills.";
        return Err(PropertyError::Flow(text.into()));
    }
    let pores: Vec<bool> = case.map.flat().iter().map(|l| is_pore(usize::from(*l))).collect();
    let size = case.map.size();
    let (edge, unit) = case.pixel.map_or((1.0, "px²"), |metres| (metres * 1e6, "µm²"));
    let area = edge * edge;
    let formula = match case.wanted.dimension {
        Dimension::Plane => {
            "Estimate: Kozeny–Carman, φ³/(5 s²). Full field: Stokes flow around what goes on through the thickness; the mean of both directions."
        }
        Dimension::Section => {
            "Estimate: Kozeny–Carman, φ³/(5 s²) with s of the volume, 4/π of the section's. Bound: 2/(3 (1 − φ)²) ∫ (S2 − φ²) r dr, Prager's two-point bound. Full field: Stokes flow in the section, as if it went on through the thickness."
        }
    };
    let mut main = Quantity::new(PROPERTY, "Permeability", unit, formula);
    let indicator = ndarray::ArrayView2::from_shape(size, &pores).expect("a value for each pixel");
    let porosity = pores.iter().filter(|p| **p).count() as f64 / pores.len() as f64;
    let surface = specific_surface(&indicator, Boundary::Periodic);
    let surface = match case.wanted.dimension {
        Dimension::Plane => surface,
        // Area for each volume over length for each area of a section (Underwood, Quantitative Stereology, 1970).
        Dimension::Section => surface * 4.0 / std::f64::consts::PI,
    };
    let mut two_point = None;
    main.estimate = kozeny_carman(porosity, surface).map(|k| k * area);
    if case.wanted.dimension == Dimension::Section {
        let bound = two_point_permeability(&two_point_radial(&indicator, Boundary::Periodic));
        main.bounds.extend(bound.map(|k| ("two-point".to_string(), Bounds { lower: 0.0, upper: k * area })));
        let formula = "Prager's two-point bound, 2/(3 (1 − φ)²) ∫ (S2 − φ²) r dr, as an estimate.";
        let mut row = Quantity::new(PROPERTY, "Permeability, two-point", unit, formula);
        row.estimate = bound.map(|k| k * area);
        two_point = Some(row);
    }
    if !case.wanted.full_fields {
        found.quantities.push(main);
        found.quantities.extend(two_point);
        return Ok(());
    }
    let result = solved(case, &pores, progress);
    let (k, velocities) = match result {
        Ok(result) => result,
        Err(error) => {
            main.field = matches!(error, PropertyError::NoPath).then_some(0.0);
            found.quantities.push(main);
            return Err(error);
        }
    };
    if case.wanted.dimension == Dimension::Section {
        found.quantities.push(main);
        found.quantities.extend(two_point);
        let formula = "The mean of both directions, as if the section went on unchanged through the thickness.";
        main = Quantity::new(PROPERTY, "Permeability in the section", unit, formula);
    }
    main.field = Some(0.5 * (k[0] + k[1]) * area);
    found.quantities.push(main);
    for (axis, name) in ["x", "y"].into_iter().enumerate() {
        let formula =
            format!("The mean velocity along {name} times the viscosity, over the pressure gradient along {name}.");
        let name = format!("Permeability along {name}");
        found.quantities.push(Quantity::of_field(PROPERTY, &name, unit, &formula, k[axis] * area));
    }
    if case.wanted.keep_fields {
        for ([x, y], name) in velocities.iter().zip(["x", "y"]) {
            let mut put = |what: &str, of: &dyn Fn(f64, f64) -> f64| {
                let name = format!("{what} × viscosity over pressure gradient, along {name}");
                let values: Vec<f64> = x.iter().zip(y).map(|(x, y)| area * of(*x, *y)).collect();
                found.fields.push(case.picture(PROPERTY, &name, unit, &values));
            };
            put("Speed", &|x, y| x.hypot(y));
            put("Velocity along x", &|x, _| x);
            put("Velocity along y", &|_, y| y);
        }
    }
    Ok(())
}

/// Permeabilities along x and y in pixels squared, and the velocity along x and y in each pixel of the cell for either.
type Solved = ([f64; 2], Vec<[Vec<f64>; 2]>);

fn solved(case: &Case, pores: &[bool], progress: Progress) -> Result<Solved, PropertyError> {
    let watch = |_: usize, _: f64| progress(0.5, "flow");
    let size = case.map.size();
    match case.wanted.cell {
        Cell::Periodic => {
            let found = flow(pores, size, &watch)?;
            let k = found.permeability;
            Ok(([k[0][0], k[1][1]], found.velocity))
        }
        Cell::Sealed => {
            let (height, width) = size;
            let along = |axis: usize| -> Result<(f64, [Vec<f64>; 2]), PropertyError> {
                // Mirrored along the flow, so that the ends fit; a wall of one pixel seals the sides.
                let (long, across) = if axis == 0 { (width, height) } else { (height, width) };
                let pixel = |side: usize, at: usize| {
                    let at = if at < long { at } else { 2 * long - 1 - at };
                    if axis == 0 { pores[side * width + at] } else { pores[at * width + side] }
                };
                let cell: Vec<bool> = (0..(across + 1) * 2 * long)
                    .map(|n| n / (2 * long) < across && pixel(n / (2 * long), n % (2 * long)))
                    .collect();
                let found = match flow(&cell, (across + 1, 2 * long), &watch) {
                    // The other direction may be open.
                    Err(PropertyError::NoPath) => return Ok((0.0, [(); 2].map(|()| vec![0.0; 2 * height * width]))),
                    found => found?,
                };
                let k = found.permeability[0][0] * (across + 1) as f64 / across as f64;
                // In the order of the mirrored cell that pictures are cut from.
                let picture = |v: &Vec<f64>| -> Vec<f64> {
                    let at = |y: usize, x: usize| if axis == 0 { v[y * 2 * long + x] } else { v[x * 2 * long + y] };
                    let place = |n: usize| (n / (2 * width), n % (2 * width));
                    (0..height * 2 * width).map(place).map(|(y, x)| if x < width { at(y, x) } else { 0.0 }).collect()
                };
                let [forward, across] = &found.velocity[0];
                let of_axis = if axis == 0 { [forward, across] } else { [across, forward] };
                Ok((k, of_axis.map(picture)))
            };
            let (x, y) = (along(0)?, along(1)?);
            if x.0 == 0.0 && y.0 == 0.0 {
                return Err(PropertyError::NoPath);
            }
            Ok(([x.0, y.0], vec![x.1, y.1]))
        }
    }
}
