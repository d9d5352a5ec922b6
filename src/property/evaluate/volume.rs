//! Properties of a volume of labels.

use super::super::bounds::{arithmetic, harmonic, hashin_shtrikman};
use super::super::field::{check_values, conduction, elasticity, moduli_of_tensor};
use super::super::moduli::{hashin_shtrikman_moduli, voigt_reuss};
use super::super::{Bounds, Dimension, Moduli, PropertyError, PropertySet};
use super::case::of_loads;
use super::types::{Progress, Properties, Property, Quantity, Wanted};

/// Labels of a volume, plane by plane and row by row.
pub struct Volume {
    /// Planes, rows and columns.
    pub shape: [usize; 3],
    /// A label for each voxel.
    pub labels: Vec<u8>,
}

impl Volume {
    /// The volume fraction of each phase.
    fn fractions(&self) -> Vec<f64> {
        let phases = self.labels.iter().copied().max().map_or(0, |last| usize::from(last) + 1);
        let mut counts = vec![0usize; phases];
        self.labels.iter().for_each(|label| counts[usize::from(*label)] += 1);
        counts.iter().map(|count| *count as f64 / self.labels.len() as f64).collect()
    }
}

/// Conductivity, diffusivity and elasticity of a periodic volume: means, bounds of Hashin and Shtrikman, and full fields in
/// three dimensions. What else is wanted becomes a note.
///
/// # Errors
/// The work was cancelled.
pub fn evaluate_volume(
    volume: &Volume,
    set: &PropertySet,
    wanted: &Wanted,
    progress: Progress,
) -> Result<Properties, PropertyError> {
    let fractions = volume.fractions();
    let present: Vec<bool> = fractions.iter().map(|f| *f > 0.0).collect();
    let mut found = Properties::default();
    let count = wanted.properties.len().max(1) as f64;
    for (n, property) in wanted.properties.iter().enumerate() {
        let within = |share: f64, doing: &str| progress((n as f64 + share) / count, doing);
        let result = match property {
            Property::Conductivity => set.conductivities(&present).and_then(|values| {
                transport(volume, &fractions, *property, &set.conductivity_unit, &values, wanted, &within)
            }),
            Property::Diffusivity => set.diffusivities(&present).and_then(|values| {
                transport(volume, &fractions, *property, &set.diffusivity_unit, &values, wanted, &within)
            }),
            Property::Elasticity => {
                set.moduli(&present).and_then(|moduli| stiffness(volume, &fractions, &moduli, wanted, &within))
            }
            Property::Permeability | Property::Light => {
                found.notes.push(format!("{} of a volume is not computed; it takes pictures.", property.name()));
                continue;
            }
        };
        match result {
            Ok(quantities) => found.quantities.extend(quantities),
            Err(PropertyError::Cancelled) => return Err(PropertyError::Cancelled),
            Err(error) => found.notes.push(error.to_string()),
        }
    }
    Ok(found)
}

fn transport(
    volume: &Volume,
    fractions: &[f64],
    property: Property,
    unit: &str,
    values: &[f64],
    wanted: &Wanted,
    progress: Progress,
) -> Result<Vec<Quantity>, PropertyError> {
    let name = if property == Property::Diffusivity { "Diffusivity" } else { "Conductivity" };
    check_values(values, if property == Property::Diffusivity { "diffusivity" } else { "conductivity" }, name)?;
    let shares: Vec<(f64, f64)> = fractions.iter().copied().zip(values.iter().copied()).collect();
    let formula = "Bounds: Wiener and Hashin–Shtrikman. Full field: the mean of the three directions.";
    let mut main = Quantity::new(property, name, unit, formula);
    main.bounds.push(("Wiener".into(), Bounds { lower: harmonic(&shares), upper: arithmetic(&shares) }));
    main.bounds.push(("Hashin–Shtrikman".into(), hashin_shtrikman(&shares, Dimension::Section)));
    if !wanted.full_fields {
        return Ok(vec![main]);
    }
    let watch = of_loads(progress, "conduction", 3, wanted.accuracy.tolerance);
    let result = conduction(&volume.labels, volume.shape, values, wanted.accuracy, &watch)?;
    main.field = Some(result.mean());
    let mut found = vec![main];
    for (axis, direction) in ["x", "y", "z"].into_iter().enumerate() {
        let along = result.tensor[axis][axis];
        let formula = format!("The mean flux along {direction} under a mean gradient of 1 along {direction}.");
        found.push(Quantity::of_field(property, &format!("{name} along {direction}"), unit, &formula, along));
        if property == Property::Diffusivity {
            let formula = "τ = ⟨D⟩/D along this axis, not squared.";
            let mean = arithmetic(&shares);
            let tortuosity = if along > 1e-9 * mean { mean / along } else { f64::INFINITY };
            found.push(Quantity::of_field(
                property,
                &format!("Tortuosity factor along {direction}"),
                "",
                formula,
                tortuosity,
            ));
        }
    }
    Ok(found)
}

fn stiffness(
    volume: &Volume,
    fractions: &[f64],
    moduli: &[Moduli],
    wanted: &Wanted,
    progress: Progress,
) -> Result<Vec<Quantity>, PropertyError> {
    const UNIT: &str = "GPa";
    let property = Property::Elasticity;
    let phases: Vec<(f64, Moduli)> = fractions.iter().copied().zip(moduli.iter().copied()).collect();
    let (wide, near) = (voigt_reuss(&phases), hashin_shtrikman_moduli(&phases, Dimension::Section));
    let formula = "Bounds: Voigt–Reuss and Hashin–Shtrikman. Full field: Voigt's average of the effective stiffness.";
    let row = |name: &str, wide: Bounds, near: Bounds| {
        let mut row = Quantity::new(property, name, UNIT, formula);
        row.bounds = vec![("Voigt–Reuss".into(), wide), ("Hashin–Shtrikman".into(), near)];
        row
    };
    let mut found = vec![
        row("Young's modulus", wide.young(Dimension::Section), near.young(Dimension::Section)),
        row("Shear modulus", wide.shear, near.shear),
        row("Bulk modulus", wide.bulk, near.bulk),
    ];
    if !wanted.full_fields {
        return Ok(found);
    }
    let watch = of_loads(progress, "elasticity", 6, wanted.accuracy.tolerance);
    let result = elasticity(&volume.labels, volume.shape, moduli, false, wanted.accuracy, &watch)?;
    let mean = moduli_of_tensor(&result.stiffness);
    found[0].field = Some(mean.young(Dimension::Section));
    found[1].field = Some(mean.shear);
    found[2].field = Some(mean.bulk);
    let mut more = |name: &str, unit: &str, formula: &str, value: f64| {
        found.push(Quantity::of_field(property, name, unit, formula, value));
    };
    more("Poisson's ratio", "", "Of the averaged moduli.", mean.poisson(Dimension::Section));
    let c = &result.stiffness;
    for (name, a, b) in [
        ("C11", 0, 0),
        ("C22", 1, 1),
        ("C33", 2, 2),
        ("C12", 0, 1),
        ("C13", 0, 2),
        ("C23", 1, 2),
        ("C44", 3, 3),
        ("C55", 4, 4),
        ("C66", 5, 5),
    ] {
        more(name, UNIT, "A component of the effective stiffness, Voigt's notation, x = 1, y = 2 and z = 3.", c[a][b]);
    }
    Ok(found)
}
