//! What is computed: light, and the layers that it falls on.

use faer::c64;

use super::super::PropertyError;

/// The largest permittivity: an index of 1,000.
const MOST_PERMITTIVITY: f64 = 1e6;

/// The direction of the electric field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Polarisation {
    /// Across the plane of incidence (TE).
    S,
    /// In the plane of incidence (TM).
    P,
}

/// Light that falls on a stack from above.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Light {
    /// The wavelength in vacuum, in the unit of the periods and thicknesses.
    pub wavelength: f64,
    /// The angle of incidence in degrees, 0 … below 90.
    pub angle: f64,
    /// The angle between the plane of incidence and the x axis, in degrees.
    pub azimuth: f64,
}

/// A layer of a stack.
#[derive(Clone, Debug)]
pub enum Layer {
    /// One material.
    Uniform {
        /// Its permittivity ε = (n + ik)².
        permittivity: c64,
        /// Its thickness, in the unit of the wavelength.
        thickness: f64,
    },
    /// A pattern that is the same at every depth.
    Patterned {
        /// Labels row by row; one cell of the pattern.
        labels: Vec<u8>,
        /// Rows and columns.
        size: (usize, usize),
        /// The permittivity of each label.
        permittivities: Vec<c64>,
        /// Its thickness, in the unit of the wavelength.
        thickness: f64,
    },
}

impl Layer {
    /// Its thickness.
    pub fn thickness(&self) -> f64 {
        match self {
            Self::Uniform { thickness, .. } | Self::Patterned { thickness, .. } => *thickness,
        }
    }
}

/// Layers between two half-spaces.
#[derive(Clone, Debug)]
pub struct Stack {
    /// The permittivity of the medium that light comes from; it must not absorb.
    pub above: c64,
    /// The layers, from above.
    pub layers: Vec<Layer>,
    /// The permittivity of the medium below.
    pub below: c64,
    /// The periods of the pattern along x and y, in the unit of the wavelength.
    pub periods: [f64; 2],
}

impl Stack {
    /// Whether light can be computed in it.
    pub(super) fn check(&self, light: &Light) -> Result<(), PropertyError> {
        let refuse = |text: &str| Err(PropertyError::Light(text.into()));
        if !(light.wavelength.is_finite() && light.wavelength > 0.0) {
            return refuse("The wavelength has to be above 0.");
        }
        if !(0.0..=89.9).contains(&light.angle) || !light.azimuth.is_finite() {
            return refuse("The angle of incidence has to be 0 to 89.9 degrees.");
        }
        if self.periods.iter().any(|p| !(p.is_finite() && *p > 0.0)) {
            return refuse("The edge of the pattern has to be above 0.");
        }
        if self.layers.iter().any(|l| !(l.thickness().is_finite() && l.thickness() >= 0.0)) {
            return refuse("The thickness of a layer has to be 0 or more.");
        }
        if self.above.im.abs() > 1e-12 || !(self.above.re > 0.0 && self.above.re < MOST_PERMITTIVITY) {
            return refuse(
                "The medium above absorbs light. Choose one with k = 0: what falls on the stack could not be told otherwise.",
            );
        }
        let of_layer = |layer: &Layer| match layer {
            Layer::Uniform { permittivity, .. } => vec![*permittivity],
            Layer::Patterned { permittivities, .. } => permittivities.clone(),
        };
        let all = self.layers.iter().flat_map(of_layer).chain([self.below]);
        for value in all {
            if !(value.re.is_finite() && value.im.is_finite())
                || value.norm() == 0.0
                || value.norm() > MOST_PERMITTIVITY
            {
                return refuse("A refractive index is not a number, is 0, or is above 1,000.");
            }
            if value.im < 0.0 {
                return refuse(
                    "A material has k below 0 and would amplify light. Enter k as a number that is not negative.",
                );
            }
        }
        Ok(())
    }
}
