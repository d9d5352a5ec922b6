//! Reflection, transmission and absorption of a stack of layers.
//!
//! Amplitudes go through the stack from below: what a layer sends back from its lower side, over what arrives there, is a
//! matrix ρ that contains no growing wave. This is the recursion of scattering matrices (Li, J. Opt. Soc. Am. A 13:1024,
//! 1996) for light from above alone.

use faer::linalg::solvers::{DenseSolveCore, Solve};
use faer::{Mat, c64};

use super::super::PropertyError;
use super::modes::{Modes, Waves, patterned, uniform};
use super::pattern::permittivity;
use super::{Expansion, Layer, Light, Order, Polarisation, Stack};

/// What becomes of the light that falls on a stack; all numbers are shares of it.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Optics {
    /// Reflected, all orders together.
    pub reflection: f64,
    /// Transmitted into the medium below, all orders together.
    pub transmission: f64,
    /// Absorbed by each layer, from above.
    pub absorption: Vec<f64>,
    /// Reflected into each order that leaves.
    pub reflected: Vec<(Order, f64)>,
    /// Transmitted into each order that leaves.
    pub transmitted: Vec<(Order, f64)>,
    /// The number of orders that the fields were expanded in.
    pub orders: usize,
}

impl Optics {
    /// Absorbed by all layers.
    pub fn absorbed(&self) -> f64 {
        self.absorption.iter().sum()
    }

    /// The mean over two polarisations.
    pub fn mean(a: &Self, b: &Self) -> Self {
        let half = |a: &f64, b: &f64| 0.5 * (a + b);
        let orders = |a: &[(Order, f64)], b: &[(Order, f64)]| {
            a.iter().zip(b).map(|((order, a), (_, b))| (*order, half(a, b))).collect()
        };
        Self {
            reflection: half(&a.reflection, &b.reflection),
            transmission: half(&a.transmission, &b.transmission),
            absorption: a.absorption.iter().zip(&b.absorption).map(|(a, b)| half(a, b)).collect(),
            reflected: orders(&a.reflected, &b.reflected),
            transmitted: orders(&a.transmitted, &b.transmitted),
            orders: a.orders,
        }
    }
}

/// The fields within a layer.
pub struct LayerField {
    /// The modes of the layer.
    modes: Modes,
    /// Its thickness times 2π over the wavelength.
    thickness: f64,
    /// Amplitudes of the waves that go down, at the upper side, and of those that go up, at the lower side; a column for
    /// each polarisation.
    down: Mat<c64>,
    up: Mat<c64>,
}

impl LayerField {
    /// The tangential fields E and h at a depth (as a share of the thickness), a column for each polarisation.
    pub fn at(&self, share: f64) -> (Mat<c64>, Mat<c64>) {
        let modes = self.modes.constants.len();
        let grown = |q: &c64, share: f64| (c64::i() * q * (share * self.thickness)).exp();
        let part = |sign: f64| {
            Mat::from_fn(modes, self.down.ncols(), |m, p| {
                let q = &self.modes.constants[m];
                self.down[(m, p)] * grown(q, share) + sign * self.up[(m, p)] * grown(q, 1.0 - share)
            })
        };
        (&self.modes.electric * part(1.0), &self.modes.magnetic * part(-1.0))
    }
}

/// A stack that is solved for both polarisations.
pub struct Solved {
    /// For light polarised across the plane of incidence (s, TE) and in it (p, TM).
    pub optics: [Optics; 2],
    /// The fields in every layer, from above.
    pub layers: Vec<LayerField>,
    /// In-plane wave vectors of the orders.
    pub waves: Waves,
}

/// The matrix that an interface needs: of fields below, in terms of amplitudes above.
struct Interface {
    /// ρ of the medium above, at its lower side.
    reflection: Mat<c64>,
    /// Amplitudes below, at the upper side, over those above.
    transmission: Mat<c64>,
}

/// Solves Maxwell's equations for a stack under light from above.
///
/// # Errors
/// Something is wrong with the stack or the light, the modes of a layer cannot be found, or the work is cancelled; `watch`
/// is asked before each layer.
pub fn solve(
    stack: &Stack,
    light: &Light,
    expansion: &Expansion,
    watch: &dyn Fn(f64) -> bool,
) -> Result<Solved, PropertyError> {
    stack.check(light)?;
    let orders = &expansion.orders;
    let n_above = stack.above.sqrt().re;
    let (sin, cos) = light.angle.to_radians().sin_cos();
    let (turn_sin, turn_cos) = light.azimuth.to_radians().sin_cos();
    let incident = [n_above * sin * turn_cos, n_above * sin * turn_sin];
    let waves = Waves::new(orders, stack.periods, light.wavelength, incident);
    let above = uniform(&waves, stack.above);
    let below = uniform(&waves, stack.below);

    // From below: ρ of the lowest medium is 0.
    let mut interfaces: Vec<Interface> = vec![];
    let mut layers: Vec<(Modes, f64)> = vec![];
    for (done, layer) in stack.layers.iter().rev().enumerate() {
        if !watch(done as f64 / stack.layers.len() as f64) {
            return Err(PropertyError::Cancelled);
        }
        let modes = match layer {
            Layer::Uniform { permittivity, .. } => uniform(&waves, *permittivity),
            Layer::Patterned { labels, size, permittivities, .. } => {
                patterned(&waves, &permittivity(labels, *size, permittivities, expansion))?
            }
        };
        let interface = match (layers.last(), interfaces.last()) {
            (Some((under, thickness)), Some(last)) => join(&modes, under, Some((&last.reflection, *thickness))),
            _ => join(&modes, &below, None),
        };
        interfaces.push(interface);
        layers.push((modes, std::f64::consts::TAU * layer.thickness() / light.wavelength));
    }
    let top = match (layers.last(), interfaces.last()) {
        (Some((under, thickness)), Some(last)) => join(&above, under, Some((&last.reflection, *thickness))),
        _ => join(&above, &below, None),
    };

    let zero = orders.iter().position(|o| *o == (0, 0)).expect("the order 0 is always there");
    let count = orders.len();
    let mut arriving = Mat::<c64>::zeros(2 * count, 2);
    for (column, [x, y]) in [[-turn_sin, turn_cos], [cos * turn_cos, cos * turn_sin]].into_iter().enumerate() {
        arriving[(zero, column)] = c64::new(x, 0.0);
        arriving[(count + zero, column)] = c64::new(y, 0.0);
    }
    let back = &top.reflection * &arriving;
    let mut amplitude = &top.transmission * &arriving;
    let mut fields = vec![];
    for (n, (modes, thickness)) in layers.into_iter().enumerate().rev() {
        let interface = &interfaces[n];
        let at_bottom = scaled_rows(&amplitude, &phases(&modes, thickness));
        let up = &interface.reflection * &at_bottom;
        let next = &interface.transmission * &at_bottom;
        fields.push(LayerField { modes, thickness, down: amplitude, up });
        amplitude = next;
    }
    let optics = [Polarisation::S, Polarisation::P].map(|p| {
        let p = p as usize;
        let column = |m: &Mat<c64>| -> Vec<c64> { (0..2 * count).map(|row| m[(row, p)]).collect() };
        let arriving = flux(&column(&arriving), &column(&(&above.magnetic * &arriving)));
        let total: f64 = arriving.iter().sum();
        let reflected = flux(&column(&back), &column(&(&above.magnetic * &back)));
        let transmitted = flux(&column(&amplitude), &column(&(&below.magnetic * &amplitude)));
        let through = |field: &LayerField, share: f64| {
            let (e, h) = field.at(share);
            flux(&column(&e), &column(&h)).iter().sum::<f64>() / total
        };
        let leaving = |flux: &[f64], constants: &[c64]| {
            let each = orders.iter().zip(flux).zip(constants);
            each.filter(|(_, q)| q.re > 1e-9 * q.norm()).map(|((order, flux), _)| (*order, flux / total)).collect()
        };
        Optics {
            reflection: reflected.iter().sum::<f64>() / total,
            transmission: transmitted.iter().sum::<f64>() / total,
            absorption: fields.iter().map(|f| through(f, 0.0) - through(f, 1.0)).collect(),
            reflected: leaving(&reflected, &above.constants),
            transmitted: leaving(&transmitted, &below.constants),
            orders: count,
        }
    });
    Ok(Solved { optics, layers: fields, waves })
}

/// The flux of energy along z in each order, from tangential E and h: Re(i (Ex h*y − Ey h*x)) (the factor is common).
fn flux(e: &[c64], h: &[c64]) -> Vec<f64> {
    let n = e.len() / 2;
    (0..n).map(|k| (c64::i() * (e[k] * h[n + k].conj() - e[n + k] * h[k].conj())).re).collect()
}

/// exp(iq d) of all modes.
fn phases(modes: &Modes, thickness: f64) -> Vec<c64> {
    modes.constants.iter().map(|q| (c64::i() * q * thickness).exp()).collect()
}

fn scaled_rows(matrix: &Mat<c64>, by: &[c64]) -> Mat<c64> {
    Mat::from_fn(matrix.nrows(), matrix.ncols(), |row, column| by[row] * matrix[(row, column)])
}

/// Joins the modes above an interface with those of a layer below it, whose reflection at its lower side and thickness
/// are given, if it has an end.
fn join(above: &Modes, below: &Modes, end: Option<(&Mat<c64>, f64)>) -> Interface {
    let size = below.constants.len();
    // The fields below are W (1 + r) a and V (1 − r) a with r = X ρ X.
    let returned = end.map(|(reflection, thickness)| {
        let x = phases(below, thickness);
        Mat::from_fn(size, size, |row, column| x[row] * reflection[(row, column)] * x[column])
    });
    let with = |sign: f64| {
        Mat::from_fn(size, size, |row, column| {
            let one = c64::new(if row == column { 1.0 } else { 0.0 }, 0.0);
            returned.as_ref().map_or(one, |r| one + sign * r[(row, column)])
        })
    };
    let (electric, magnetic) = match returned {
        None => (below.electric.clone(), below.magnetic.clone()),
        Some(_) => (&below.electric * with(1.0), &below.magnetic * with(-1.0)),
    };
    let a = if above.is_uniform { electric } else { above.electric.partial_piv_lu().solve(&electric) };
    let b = above.magnetic.partial_piv_lu().solve(&magnetic);
    // Of those that go down, f = (a + b)/2, and of those that go up, (a − b)/2.
    let inverse = (&a + &b).partial_piv_lu().inverse();
    let reflection = (&a - &b) * &inverse;
    let transmission = inverse * faer::Scale(c64::new(2.0, 0.0));
    Interface { reflection, transmission }
}
