//! Light on a map that is a pattern in a layer.

use faer::c64;

use super::super::PropertyError;
use super::super::light::{Expansion, Layer, Light, Optics, Polarisation, Stack, absorption_map, rectangle, solve};
use super::case::Case;
use super::types::{FieldMap, Progress, Properties, Property, Quantity};

const PROPERTY: Property = Property::Light;

/// The most orders along an axis.
pub const MOST_ORDERS: usize = 31;

pub(super) fn add(case: &Case, found: &mut Properties, progress: Progress) -> Result<(), PropertyError> {
    if !case.wanted.full_fields {
        found.notes.push("Light has no bounds or estimates here: its numbers need the full fields.".into());
        return Ok(());
    }
    let settings = &case.set.light;
    let refuse = |text: String| Err(PropertyError::Light(text));
    if settings.wavelengths.is_empty() {
        return refuse("There is no wavelength. Enter at least one, in nm.".into());
    }
    if settings.orders.is_multiple_of(2) || settings.orders > MOST_ORDERS {
        return refuse(format!("The number of orders along an axis has to be odd and at most {MOST_ORDERS}."));
    }
    let pixel = match case.pixel {
        Some(metres) => metres * 1e9,
        None => {
            found
                .notes
                .push(format!("The map has no pixel size: {} nm for each pixel is assumed for light.", settings.pixel));
            settings.pixel
        }
    };
    let (height, width) = case.map.size();
    let uniform =
        |[thickness, n, k]: &[f64; 3]| Layer::Uniform { permittivity: c64::new(*n, *k).powi(2), thickness: *thickness };
    let half = settings.orders / 2;
    let expansion = Expansion::li(rectangle(half, half));
    let count = settings.wavelengths.len() as f64;
    for (n, wavelength) in settings.wavelengths.iter().enumerate() {
        let pattern = Layer::Patterned {
            labels: case.map.flat().to_vec(),
            size: (height, width),
            permittivities: case.set.permittivities(&case.present, *wavelength)?,
            thickness: settings.thickness,
        };
        let number = settings.upper_layers.len();
        let layers =
            settings.upper_layers.iter().map(uniform).chain([pattern]).chain(settings.lower_layers.iter().map(uniform));
        let stack = Stack {
            above: c64::new(settings.above, 0.0).powi(2),
            layers: layers.collect(),
            below: c64::new(settings.below[0], settings.below[1]).powi(2),
            periods: [width as f64 * pixel, height as f64 * pixel],
        };
        let light = Light { wavelength: *wavelength, angle: settings.angle, azimuth: settings.azimuth };
        let watch = |share: f64| progress((n as f64 + share) / count, "light");
        let solved = solve(&stack, &light, &expansion, &watch)?;
        let mean = Optics::mean(&solved.optics[0], &solved.optics[1]);
        let formula = format!(
            "Rigorous coupled-wave analysis, {0} × {0} orders, {1} nm thick, {2}° from above, the mean of both polarisations.",
            settings.orders, settings.thickness, settings.angle
        );
        let mut row = |name: &str, value: f64| {
            let name = format!("{name} at {wavelength} nm");
            found.quantities.push(Quantity::of_field(PROPERTY, &name, "", &formula, value));
        };
        row("Absorption", mean.absorbed());
        row("Reflection", mean.reflection);
        row("Transmission", mean.transmission);
        if case.wanted.keep_fields && mean.absorption[number] > 0.0 {
            let maps = [Polarisation::S, Polarisation::P]
                .map(|p| absorption_map(&solved, &stack.layers[number], number, &expansion.orders, p));
            let [s, p] = maps;
            // A share of 1/pixels in every pixel would be 1.
            let scale = 0.5 * (height * width) as f64;
            let values: Vec<f64> = s?.iter().zip(&p?).map(|(s, p)| (s + p) * scale).collect();
            let values = ndarray::Array2::from_shape_fn((height, width), |(y, x)| values[y * width + x] as f32);
            let name = format!("Absorption at {wavelength} nm, times the number of pixels");
            found.fields.push(FieldMap { property: PROPERTY, name, unit: String::new(), values });
        }
    }
    Ok(())
}
