//! What is computed of a map, and what comes back.

use ndarray::Array2;

use super::super::bounds::{Bounds, Dimension};
use super::super::field::Accuracy;

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
    pub(super) fn new(property: Property, name: impl Into<String>, unit: &str, formula: impl Into<String>) -> Self {
        let (name, unit, formula) = (name.into(), unit.into(), formula.into());
        Self { property, name, unit, estimate: None, bounds: vec![], field: None, formula }
    }

    /// A number of the full field alone.
    pub(super) fn of_field(property: Property, name: &str, unit: &str, formula: &str, field: f64) -> Self {
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
    /// The values that its colours begin and end with: the smallest and, since a few corners may be far above all others,
    /// the largest but a thousandth.
    pub range: (f32, f32),
}

impl FieldMap {
    /// A field with the range of its colours.
    pub fn new(property: Property, name: &str, unit: &str, values: Array2<f32>) -> Self {
        let mut sorted: Vec<f32> = values.iter().copied().filter(|v| v.is_finite()).collect();
        sorted.sort_by(f32::total_cmp);
        let last = sorted.len().saturating_sub(1 + sorted.len() / 1000);
        let range = (sorted.first().copied().unwrap_or(0.0), sorted.get(last).copied().unwrap_or(0.0));
        Self { property, name: name.into(), unit: unit.into(), values, range }
    }
}

/// How the numbers of light settle with the number of orders.
#[derive(Clone, Debug, PartialEq)]
pub struct Convergence {
    /// The wavelength in nanometres.
    pub wavelength: f64,
    /// Orders along an axis, and the absorption, reflection and transmission with so many.
    pub points: Vec<(usize, [f64; 3])>,
}

/// The properties of one map.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Properties {
    /// Numbers.
    pub quantities: Vec<Quantity>,
    /// Fields on the pixels.
    pub fields: Vec<FieldMap>,
    /// How the numbers of light settle, for each wavelength; only where fields are kept.
    pub convergence: Vec<Convergence>,
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
