//! Light on a map that is a pattern in a layer.

use faer::c64;

use super::super::PropertyError;
use super::super::detached::detached;
use super::super::light::{
    Expansion, Layer, Light, Optics, Order, Polarisation, Solved, Stack, absorption_map, intensity, rectangle, solve,
};
use super::super::number::significant;
use super::case::Case;
use super::types::{Convergence, FieldMap, Progress, Properties, Property, Quantity};

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
        let go_on = || progress(n as f64 / count, "light");
        let solved_with = |expansion: &Expansion| {
            let (stack, expansion) = (stack.clone(), expansion.clone());
            // An eigenproblem cannot be interrupted.
            let work = move || solve(&stack, &light, &expansion, &|_| true);
            detached("light", work, &go_on).unwrap_or(Err(PropertyError::Cancelled))
        };
        let solved = solved_with(&expansion)?;
        let mean = Optics::mean(&solved.optics[0], &solved.optics[1]);
        let sum = mean.reflection + mean.transmission + mean.absorbed();
        if !sum.is_finite() || (sum - 1.0).abs() > 1e-6 {
            return refuse(format!(
                "At {wavelength} nm reflection, transmission and absorption add up to {sum:.6} instead of 1, so the numbers cannot be trusted and are not shown. Change the wavelength or the angle a little."
            ));
        }
        found.notes.extend(too_few(&stack, *wavelength, settings.orders));
        let numbers = |of: &Optics| [of.absorbed(), of.reflection, of.transmission];
        if case.wanted.keep_fields && half > 1 {
            let mut points = vec![];
            for half in 1..half {
                let coarse = solved_with(&Expansion::li(rectangle(half, half)))?;
                points.push((2 * half + 1, numbers(&Optics::mean(&coarse.optics[0], &coarse.optics[1]))));
            }
            points.push((settings.orders, numbers(&mean)));
            found.notes.push(whether_converged(*wavelength, &points));
            found.convergence.push(Convergence { wavelength: *wavelength, points });
        }
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
        if !case.wanted.keep_fields {
            continue;
        }
        let both = |of: Field| {
            [Polarisation::S, Polarisation::P].map(|p| of(&solved, &stack.layers[number], number, &expansion.orders, p))
        };
        let picture = |values: &dyn Fn(usize) -> f64| {
            ndarray::Array2::from_shape_fn((height, width), |(y, x)| values(y * width + x) as f32)
        };
        let [s, p] = both(intensity);
        let (s, p) = (s?, p?);
        let values = picture(&|at| 0.5 * (s[at] + p[at]));
        let name = format!("Intensity |E|² at {wavelength} nm, incident 1");
        found.fields.push(FieldMap::new(PROPERTY, &name, "", values));
        if mean.absorption[number] > 1e-12 {
            let [s, p] = both(absorption_map);
            let (s, p) = (s?, p?);
            // A share of 1/pixels in every pixel would be 1.
            let scale = 0.5 * (height * width) as f64;
            let values = picture(&|at| scale * (s[at] + p[at]));
            let name = format!("Absorption at {wavelength} nm, times the number of pixels");
            found.fields.push(FieldMap::new(PROPERTY, &name, "", values));
        }
    }
    Ok(())
}

/// A sentence on what the last step in the number of orders changed.
fn whether_converged(wavelength: f64, points: &[(usize, [f64; 3])]) -> String {
    let [.., (few, coarse), (orders, fine)] = points else { return String::new() };
    let off = (coarse[0] - fine[0]).abs() / fine[0].max(1e-3);
    let word = if off > NEARLY { "Not converged" } else { "Converged" };
    format!(
        "{word} at {wavelength} nm: with {few} × {few} instead of {orders} × {orders} orders the absorption is {} instead of {}, the reflection {} instead of {}.",
        significant(coarse[0]),
        significant(fine[0]),
        significant(coarse[1]),
        significant(fine[1])
    )
}

/// What the absorption may change by with fewer orders before it counts as not converged.
const NEARLY: f64 = 0.02;

/// A field of a layer.
type Field = fn(&Solved, &Layer, usize, &[Order], Polarisation) -> Result<Vec<f64>, PropertyError>;

/// A sentence if the orders cannot hold the waves that travel in the densest medium of a stack.
fn too_few(stack: &Stack, wavelength: f64, orders: usize) -> Option<String> {
    let of_layer = |layer: &Layer| match layer {
        Layer::Uniform { permittivity, .. } => permittivity.sqrt().re,
        Layer::Patterned { permittivities, .. } => permittivities.iter().map(|e| e.sqrt().re).fold(0.0, f64::max),
    };
    let densest = stack.layers.iter().map(of_layer).fold(0.0, f64::max);
    let longest = stack.periods[0].max(stack.periods[1]);
    let needed = 2 * (densest * longest / wavelength).ceil() as usize + 1;
    (needed > orders).then(|| {
        format!(
            "The map is {} wavelengths wide, and waves in its densest phase fill {needed} orders along an axis; {orders} are too few for exact numbers. Cut out a part, or choose more orders.",
            significant(longest / wavelength)
        )
    })
}
