//! What explains an embedding: regressions of a column's values on the places of its members.

use faer::Mat;
use faer::linalg::solvers::SolveLstsq;
use ndarray::Array2;

use super::{Distances, Values};

/// A linear regression of a quantity on the places of an embedding (Lubbers et al., Eq. 11 to 13).
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// How many members have a value.
    pub count: usize,
    /// The value at the origin.
    pub intercept: f64,
    /// The gradient of the quantity: along it the quantity rises the most.
    pub gradient: Vec<f64>,
    /// The share of the variance that the regression explains, R².
    pub r2: f64,
    /// The same with each member foretold by a regression on all others: without it, many dimensions explain any column.
    pub r2_left_out: f64,
}

/// The fewest members for each number that is fitted, below which R² says little.
pub const FEW: usize = 10;

impl Fit {
    /// Of values, one for each place; members without one are left out. None if there are too few or they are all the same.
    pub fn of(places: &Array2<f64>, values: &[Option<f64>]) -> Option<Self> {
        let known: Vec<(usize, f64)> = known(values);
        let width = places.ncols();
        let count = known.len();
        let mean = known.iter().map(|(_, v)| v).sum::<f64>() / count.max(1) as f64;
        let variance: f64 = known.iter().map(|(_, v)| (v - mean).powi(2)).sum();
        if count < width + 2 || variance <= 0.0 {
            return None;
        }
        let design = Mat::from_fn(count, width + 1, |i, k| if k == 0 { 1.0 } else { places[[known[i].0, k - 1]] });
        let wanted = Mat::from_fn(count, 1, |i, _| known[i].1);
        let parts = design.qr();
        let found = parts.solve_lstsq(&wanted);
        let coefficients: Vec<f64> = (0..=width).map(|k| found[(k, 0)]).collect();
        if coefficients.iter().any(|c| !c.is_finite()) {
            // Places that lie in fewer dimensions than they have coordinates.
            return None;
        }
        let q = parts.compute_thin_Q();
        let (mut gaps, mut left_out) = (0.0, 0.0);
        for (i, (member, value)) in known.iter().enumerate() {
            let guess: f64 =
                coefficients[0] + (0..width).map(|k| coefficients[k + 1] * places[[*member, k]]).sum::<f64>();
            let leverage: f64 = (0..=width).map(|k| q[(i, k)].powi(2)).sum();
            gaps += (value - guess).powi(2);
            left_out += ((value - guess) / (1.0 - leverage).max(1e-9)).powi(2);
        }
        Some(Self {
            count,
            intercept: coefficients[0],
            gradient: coefficients[1..].to_vec(),
            r2: 1.0 - gaps / variance,
            r2_left_out: 1.0 - left_out / variance,
        })
    }

    /// Whether there are too few members for so many dimensions to trust R².
    pub fn has_few(&self) -> bool {
        self.count < FEW * (self.gradient.len() + 1)
    }
}

/// The angle between the directions of two quantities, in degrees, 0 … 180 (Lubbers et al., Eq. 14).
pub fn angle_between(a: &Fit, b: &Fit) -> f64 {
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let lengths = (product(&a.gradient, &a.gradient) * product(&b.gradient, &b.gradient)).sqrt();
    (product(&a.gradient, &b.gradient) / lengths).clamp(-1.0, 1.0).acos().to_degrees()
}

/// A quantity that comes back after a period, such as an angle: sine and cosine are each regressed on the places (Lubbers
/// et al., Eq. 10).
#[derive(Clone, Debug, PartialEq)]
pub struct PeriodicFit {
    /// The root of the mean squared difference from the values, the shorter way round, in their unit.
    pub rmse: f64,
    /// The value that each member's place gives.
    pub found: Vec<f64>,
}

impl PeriodicFit {
    /// Of values with a period. None if there are too few.
    pub fn of(places: &Array2<f64>, values: &[Option<f64>], period: f64) -> Option<Self> {
        let turn = std::f64::consts::TAU / period;
        let part =
            |of: fn(f64) -> f64| -> Vec<Option<f64>> { values.iter().map(|v| v.map(|v| of(v * turn))).collect() };
        let (cosine, sine) = (Fit::of(places, &part(f64::cos))?, Fit::of(places, &part(f64::sin))?);
        let at = |fit: &Fit, i: usize| {
            fit.intercept + fit.gradient.iter().enumerate().map(|(k, g)| g * places[[i, k]]).sum::<f64>()
        };
        let found: Vec<f64> =
            (0..places.nrows()).map(|i| (at(&sine, i).atan2(at(&cosine, i)) / turn).rem_euclid(period)).collect();
        let gap = |(i, v): &(usize, f64)| {
            let gap = (found[*i] - v).rem_euclid(period);
            gap.min(period - gap).powi(2)
        };
        let known = known(values);
        let rmse = (known.iter().map(gap).sum::<f64>() / known.len() as f64).sqrt();
        Some(Self { rmse, found })
    }
}

/// The distance correlation of distances and a column, 0 … 1 (Székely, Rizzo & Bakirov, Ann. Stat. 35:2769, 2007): it
/// sees every kind of dependence, also where no direction of an embedding follows it. Of chance it is above 0 as well, the
/// more the fewer members there are. Values that come back after a period differ the shorter way round; two words differ
/// by 1, or not. NaN for fewer than three values, and where all are the same. Of large sets an evenly chosen part is taken.
pub fn distance_correlation(distances: &Distances, values: &Values, period: Option<f64>) -> f64 {
    /// The most members that are taken.
    const MOST: usize = 2000;
    let mut rows: Vec<usize> = (0..distances.count()).filter(|i| !values.is_missing(*i)).collect();
    if rows.len() < 3 {
        return f64::NAN;
    }
    if rows.len() > MOST {
        rows = (0..MOST).map(|n| rows[n * rows.len() / MOST]).collect();
    }
    let n = rows.len();
    let gap = |i: usize, j: usize| match values {
        Values::Numbers(values) => {
            let gap = (values[i].unwrap_or(0.0) - values[j].unwrap_or(0.0)).abs();
            period.map_or(gap, |period| (gap % period).min(period - gap % period))
        }
        Values::Words(values) => f64::from(values[i] != values[j]),
    };
    let a = doubly_centred(Array2::from_shape_fn((n, n), |(i, j)| distances.at(rows[i], rows[j])));
    let b = doubly_centred(Array2::from_shape_fn((n, n), |(i, j)| gap(rows[i], rows[j])));
    let product = |a: &Array2<f64>, b: &Array2<f64>| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>().max(0.0);
    (product(&a, &b) / (product(&a, &a) * product(&b, &b)).sqrt()).sqrt()
}

fn doubly_centred(mut matrix: Array2<f64>) -> Array2<f64> {
    let rows = matrix.mean_axis(ndarray::Axis(1)).expect("a row");
    let all = rows.mean().unwrap_or(0.0);
    for ((i, j), value) in matrix.indexed_iter_mut() {
        *value += all - rows[i] - rows[j];
    }
    matrix
}

fn known(values: &[Option<f64>]) -> Vec<(usize, f64)> {
    values.iter().enumerate().filter_map(|(i, v)| v.filter(|v| v.is_finite()).map(|v| (i, v))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(count: usize) -> Array2<f64> {
        Array2::from_shape_fn((count, 3), |(i, k)| {
            (((i * 7919 + k * 104_729) % 1009) as f64 / 1009.0 - 0.5) * (k + 1) as f64
        })
    }

    #[test]
    fn a_linear_quantity_is_explained_wholly_and_chance_is_not() {
        let places = places(60);
        let value = |i: usize| 2.0 + 3.0 * places[[i, 0]] - places[[i, 2]];
        let mut values: Vec<Option<f64>> = (0..60).map(|i| Some(value(i))).collect();
        values[7] = None;
        let fit = Fit::of(&places, &values).expect("a fit");
        assert!(fit.count == 59 && (fit.r2 - 1.0).abs() < 1e-9 && (fit.r2_left_out - 1.0).abs() < 1e-9, "{fit:?}");
        assert!((fit.intercept - 2.0).abs() < 1e-9 && (fit.gradient[0] - 3.0).abs() < 1e-9);
        assert!(!fit.has_few());
        // In as many dimensions as members, chance is explained too, but not what is left out.
        let wide = Array2::from_shape_fn((20, 15), |(i, k)| ((i * 31 + k * 17 + i * i * k) % 23) as f64);
        let chance: Vec<Option<f64>> = (0..20).map(|i| Some(((i * 37) % 11) as f64)).collect();
        let fit = Fit::of(&wide, &chance).expect("a fit");
        assert!(fit.r2 > 0.5 && fit.r2_left_out < 0.3 && fit.has_few(), "{fit:?}");
        assert!(Fit::of(&places, &vec![Some(1.0); 60]).is_none());
        assert!(Fit::of(&places, &vec![None; 60]).is_none());
        let other = Fit { gradient: vec![1.0, 0.0, 3.0], ..Fit::of(&places, &values).expect("a fit") };
        let own = Fit::of(&places, &values).expect("a fit");
        assert!((angle_between(&own, &other) - 90.0).abs() < 1e-6 && angle_between(&own, &own) < 1e-5);
    }

    #[test]
    fn a_periodic_quantity_comes_back() {
        let angle = |i: usize| i as f64 / 40.0 * 180.0;
        let turn = std::f64::consts::TAU / 180.0;
        let circle = Array2::from_shape_fn((40, 2), |(i, k)| {
            let (sine, cosine) = (angle(i) * turn + 0.4).sin_cos();
            5.0 * if k == 0 { cosine } else { sine }
        });
        let values: Vec<Option<f64>> = (0..40).map(|i| Some(angle(i))).collect();
        let fit = PeriodicFit::of(&circle, &values, 180.0).expect("a fit");
        assert!(fit.rmse < 1e-6, "{}", fit.rmse);
        let chance = PeriodicFit::of(&places(40), &values, 180.0).expect("a fit");
        // Of chance the root mean square of the shorter way round is 52.
        assert!(chance.rmse > 30.0, "{}", chance.rmse);
    }

    #[test]
    fn distances_that_follow_a_quantity_are_correlated_with_it() {
        let values: Vec<Option<f64>> = (0..30).map(|i| Some(((i * 13) % 30) as f64)).collect();
        let of = |of: &dyn Fn(f64) -> f64| {
            let place = |i: usize| of(values[i].expect("a value"));
            let matrix = Array2::from_shape_fn((30, 30), |(i, j)| (place(i) - place(j)).abs());
            distance_correlation(&Distances::new(matrix).expect("distances"), &Values::Numbers(values.clone()), None)
        };
        assert!((of(&|v| 2.0 * v) - 1.0).abs() < 1e-9);
        // A parabola has no linear correlation, but a distance correlation.
        assert!((0.3..0.8).contains(&of(&|v| (v - 14.5).powi(2))));
        assert!(of(&|v| (v * 7919.0) % 31.0) < 0.45);
        // Three words, one for each heap of members.
        let words: Vec<Option<String>> = (0..30).map(|i| Some(["a", "b", "c"][i % 3].to_string())).collect();
        let matrix = Array2::from_shape_fn((30, 30), |(i, j)| if i % 3 == j % 3 { 0.0 } else { 5.0 });
        let found = distance_correlation(&Distances::new(matrix).expect("distances"), &Values::Words(words), None);
        assert!((found - 1.0).abs() < 1e-9, "{found}");
    }
}
