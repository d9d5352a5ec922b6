//! All wanted properties of one phase map, from a property set.

mod case;
mod conduction;
mod elasticity;
mod flow;
mod light;
mod types;
mod volume;

pub use types::{Cell, Convergence, FieldMap, Plane, Progress, Properties, Property, Quantity, Wanted};
pub use volume::{Volume, evaluate_volume};

use super::bounds::Dimension;
use super::parameters::MOST_EDGE;
use super::{PropertyError, PropertySet, ThreePoint};
use crate::micrograph::PhaseMap;
use case::Case;

/// Computes the wanted properties of a map; `pixel` is the edge of a pixel in metres, if known. What cannot be computed becomes a note; the rest goes on.
///
/// # Errors
/// The work was cancelled.
pub fn evaluate(
    map: &PhaseMap,
    pixel: Option<f64>,
    set: &PropertySet,
    wanted: &Wanted,
    progress: Progress,
) -> Result<Properties, PropertyError> {
    let fractions = map.volume_fractions();
    let present: Vec<bool> = fractions.iter().map(|f| *f > 0.0).collect();
    let there: Vec<usize> = (0..present.len()).filter(|p| present[*p]).collect();
    let three_point = |second: usize| {
        let indicator = map.indicator(second);
        match wanted.dimension {
            Dimension::Plane => ThreePoint::of_plane(&indicator.view()),
            Dimension::Section => {
                ThreePoint::of_section(&indicator.view(), &|| progress(0.0, "three-point parameters"))
            }
        }
    };
    let needs_parameters = [Property::Conductivity, Property::Diffusivity, Property::Elasticity];
    let pair = match there.as_slice() {
        [first, second] if wanted.properties.iter().any(|p| needs_parameters.contains(p)) => {
            three_point(*second).map(|three| (*first, *second, three))
        }
        _ => None,
    };
    if !progress(0.0, "bounds and estimates") {
        return Err(PropertyError::Cancelled);
    }
    let case = Case { map, pixel, set, wanted, fractions, present, pair };
    let mut found = Properties::default();
    if let Some((_, second, three)) = case.pair {
        found.notes.push(format!(
            "Phase {second}: volume fraction {:.4}, three-point parameters ζ = {:.4}, η = {:.4}{}.",
            three.fraction,
            three.zeta,
            three.eta,
            match wanted.dimension {
                Dimension::Plane => "",
                Dimension::Section if map.size().0.max(map.size().1) > MOST_EDGE => {
                    " (of an isotropic material in three dimensions, from the middle of the map)"
                }
                Dimension::Section => " (of an isotropic material in three dimensions)",
            }
        ));
    }
    let count = wanted.properties.len().max(1) as f64;
    for (n, property) in wanted.properties.iter().enumerate() {
        let within = |share: f64, doing: &str| progress((n as f64 + share) / count, doing);
        let result = match property {
            Property::Conductivity => conduction::add(&case, *property, &mut found, &within),
            Property::Diffusivity => conduction::add(&case, *property, &mut found, &within),
            Property::Elasticity => elasticity::add(&case, &mut found, &within),
            Property::Permeability => flow::add(&case, &mut found, &within),
            Property::Light => light::add(&case, &mut found, &within),
        };
        match result {
            Err(PropertyError::Cancelled) => return Err(PropertyError::Cancelled),
            Err(error) => found.notes.push(error.to_string()),
            Ok(()) => {}
        }
    }
    if wanted.full_fields && wanted.dimension == Dimension::Section {
        found.notes.push(
            "Bounds and estimates are those of the material in three dimensions. Full fields are solved in the section itself, as if it went on unchanged through the thickness: the two are not comparable.".into(),
        );
    }
    Ok(found)
}
