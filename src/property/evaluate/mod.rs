//! All wanted properties of one phase map, from a property set.

mod conduction;
mod elasticity;
mod flow;
mod light;

use ndarray::Array2;

use super::bounds::{Bounds, Dimension};
use super::field::Accuracy;
use super::percolation::{Directions, Winding};
use super::{PropertyError, PropertySet, ThreePoint};
use crate::micrograph::PhaseMap;

/// A kind of property.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Property {
    /// Thermal or electrical conductivity.
    Conductivity,
    /// Diffusivity and tortuosity.
    Diffusivity,
    /// Elastic moduli.
    Elasticity,
    /// Fluid permeability.
    Permeability,
    /// Reflection, transmission and absorption of light.
    Light,
}

impl Property {
    /// All properties, in the order in which they are listed.
    pub const ALL: [Self; 5] =
        [Self::Conductivity, Self::Diffusivity, Self::Elasticity, Self::Permeability, Self::Light];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Conductivity => "Conductivity",
            Self::Diffusivity => "Diffusivity",
            Self::Elasticity => "Elasticity",
            Self::Permeability => "Permeability",
            Self::Light => "Light",
        }
    }
}

/// How a map goes on beyond its edges in full fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cell {
    /// From the opposite edge.
    #[default]
    Periodic,
    /// As in a mirror: like a sample between two plates whose sides are sealed.
    Sealed,
}

/// How a picture is held across its plane in elasticity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Plane {
    /// No strain across the plane: a thick body.
    #[default]
    Strain,
    /// No stress across the plane: a thin sheet.
    Stress,
}

/// What is computed, and how.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Wanted {
    /// The properties.
    pub properties: Vec<Property>,
    /// What the map is a picture of.
    pub dimension: Dimension,
    /// Beyond the edges.
    pub cell: Cell,
    /// Across the plane.
    pub plane: Plane,
    /// Whether fields are solved; else only bounds and estimates are computed.
    pub full_fields: bool,
    /// Whether fields are kept as pictures.
    pub keep_fields: bool,
    /// What fields are solved to.
    pub accuracy: Accuracy,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            properties: vec![Property::Conductivity, Property::Elasticity],
            dimension: Dimension::Plane,
            cell: Cell::Periodic,
            plane: Plane::Strain,
            full_fields: true,
            keep_fields: true,
            accuracy: Accuracy::default(),
        }
    }
}

/// One number of a map.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Quantity {
    /// Which property it belongs to.
    pub property: Property,
    /// Its name, which tells it from others.
    pub name: String,
    /// Its unit; empty for a plain number.
    pub unit: String,
    /// By an estimate, and its formula in words.
    pub estimate: Option<f64>,
    /// Bounds, from the widest to the narrowest, with their names.
    pub bounds: Vec<(String, Bounds)>,
    /// By the full field.
    pub field: Option<f64>,
    /// What the numbers are, for a reader who asks.
    pub formula: String,
}

impl Quantity {
    fn new(property: Property, name: impl Into<String>, unit: &str, formula: impl Into<String>) -> Self {
        let (name, unit, formula) = (name.into(), unit.into(), formula.into());
        Self { property, name, unit, estimate: None, bounds: vec![], field: None, formula }
    }

    /// A number of the full field alone.
    fn of_field(property: Property, name: &str, unit: &str, formula: &str, field: f64) -> Self {
        Self { field: Some(field), ..Self::new(property, name, unit, formula) }
    }

    /// The best number there is: of the full field, or the estimate.
    pub fn best(&self) -> Option<f64> {
        self.field.or(self.estimate)
    }

    /// The narrowest bounds.
    pub fn narrowest(&self) -> Option<Bounds> {
        self.bounds.last().map(|(_, bounds)| *bounds)
    }
}

/// A field on the pixels of a map.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldMap {
    /// Which property it belongs to.
    pub property: Property,
    /// What it shows.
    pub name: String,
    /// Its unit; empty for a plain number.
    pub unit: String,
    /// Values, rows first.
    pub values: Array2<f32>,
}

impl FieldMap {
    /// The values that its colours begin and end with: the smallest and, since a few corners may be far above all others,
    /// the largest but a thousandth.
    pub fn shown_range(&self) -> (f32, f32) {
        let mut sorted: Vec<f32> = self.values.iter().copied().filter(|v| v.is_finite()).collect();
        sorted.sort_by(f32::total_cmp);
        let last = sorted.len().saturating_sub(1 + sorted.len() / 1000);
        (sorted.first().copied().unwrap_or(0.0), sorted.get(last).copied().unwrap_or(0.0))
    }
}

/// The properties of one map.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Properties {
    /// Numbers.
    pub quantities: Vec<Quantity>,
    /// Fields on the pixels.
    pub fields: Vec<FieldMap>,
    /// Sentences about what could not be computed, or what to know about the numbers.
    pub notes: Vec<String>,
}

impl Properties {
    /// A quantity by its name.
    pub fn named(&self, name: &str) -> Option<&Quantity> {
        self.quantities.iter().find(|q| q.name == name)
    }
}

/// Whether the work goes on: it gets the share that is done and a few words.
pub type Progress<'a> = &'a (dyn Fn(f64, &str) -> bool + Sync);

/// What all properties of one map share.
struct Case<'a> {
    map: &'a PhaseMap,
    /// The edge of a pixel in metres, if known.
    pixel: Option<f64>,
    set: &'a PropertySet,
    wanted: &'a Wanted,
    /// Volume fractions of the phases.
    fractions: Vec<f64>,
    /// Whether each phase has a pixel.
    present: Vec<bool>,
    /// The two phases of the map, and the parameters of the second, if it has just two.
    pair: Option<(usize, usize, ThreePoint)>,
}

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
            Dimension::Section => ThreePoint::of_section(&indicator.view()),
        }
    };
    let needs_parameters = [Property::Conductivity, Property::Diffusivity, Property::Elasticity];
    let pair = match there.as_slice() {
        [first, second] if wanted.properties.iter().any(|p| needs_parameters.contains(p)) => {
            three_point(*second).map(|three| (*first, *second, three))
        }
        _ => None,
    };
    let case = Case { map, pixel, set, wanted, fractions, present, pair };
    let mut found = Properties::default();
    if let Some((_, second, three)) = case.pair {
        found.notes.push(format!(
            "Phase {second}: volume fraction {:.4}, three-point parameters ζ = {:.4}, η = {:.4}{}.",
            three.fraction,
            three.zeta,
            three.eta,
            if wanted.dimension == Dimension::Section { " (of an isotropic material in three dimensions)" } else { "" }
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

impl Case<'_> {
    /// Volume fractions with a value of each phase.
    fn shares(&self, values: &[f64]) -> Vec<(f64, f64)> {
        self.fractions.iter().copied().zip(values.iter().copied()).collect()
    }

    /// The phases of the pair as matrix and inclusion, and the inclusion's parameters. The matrix is the phase that goes on
    /// through the map; of two such phases, or none, the one with the larger value.
    fn matrix_first(
        &self,
        (first, second, three): (usize, usize, ThreePoint),
        values: &[f64],
    ) -> (usize, usize, ThreePoint) {
        let goes_on = |phase: usize| self.winding(&|p| p == phase, false).directions() == Directions::All;
        let is_first = match (goes_on(first), goes_on(second)) {
            (true, false) => true,
            (false, true) => false,
            _ => values[first] >= values[second],
        };
        if is_first { (first, second, three) } else { (second, first, three.other()) }
    }

    /// How phases wind around the map; pixels that share a corner touch if `corners`.
    fn winding(&self, is_in: &dyn Fn(usize) -> bool, corners: bool) -> Winding {
        let inside: Vec<bool> = self.map.flat().iter().map(|l| is_in(usize::from(*l))).collect();
        Winding::of(&inside, self.map.size(), corners)
    }

    /// A sentence on corners where pixels of these phases touch while the pixels beside them are of other phases, if there
    /// are any: in the rotated scheme they share a node.
    fn corner_note(&self, is_in: &dyn Fn(usize) -> bool, what: &str) -> Option<String> {
        let (height, width) = self.map.size();
        let inside = |y: usize, x: usize| is_in(usize::from(self.map.labels[(y % height, x % width)]));
        let touches = |at: usize| {
            let (y, x) = (at / width, at % width);
            let square = [inside(y, x), inside(y, x + 1), inside(y + 1, x), inside(y + 1, x + 1)];
            square == [true, false, false, true] || square == [false, true, true, false]
        };
        let count = (0..height * width).filter(|at| touches(*at)).count();
        (count > 0).then(|| format!(
            "At {count} corners two pixels that {what} touch across two that do not. The scheme lets them through there, and fields are chequered around them; Clean up in Micrograph removes single pixels."
        ))
    }

    /// The labels of the cell that fields are solved in, and its rows and columns.
    fn labels(&self) -> (Vec<u8>, (usize, usize)) {
        let (height, width) = self.map.size();
        let labels = self.map.flat();
        match self.wanted.cell {
            Cell::Periodic => (labels.to_vec(), (height, width)),
            Cell::Sealed => {
                let mirrored = |at: usize, size: usize| if at < size { at } else { 2 * size - 1 - at };
                let of = |at: usize| {
                    let (y, x) = (at / (2 * width), at % (2 * width));
                    labels[mirrored(y, height) * width + mirrored(x, width)]
                };
                ((0..4 * height * width).map(of).collect(), (2 * height, 2 * width))
            }
        }
    }

    /// A field of the cell as a picture of the map.
    fn picture(&self, property: Property, name: &str, unit: &str, values: &[f64]) -> FieldMap {
        let (height, width) = self.map.size();
        let columns = match self.wanted.cell {
            Cell::Periodic => width,
            Cell::Sealed => 2 * width,
        };
        let values = Array2::from_shape_fn((height, width), |(y, x)| values[y * columns + x] as f32);
        FieldMap { property, name: name.into(), unit: unit.into(), values }
    }
}

/// The progress of one of several solutions, from the residual of its iterations.
fn of_residual(number: usize, count: usize, residual: f64, tolerance: f64) -> f64 {
    let share = (residual.max(tolerance).ln() / tolerance.ln()).clamp(0.0, 1.0);
    (number as f64 + share) / count as f64
}
