//! Points whose properties have wanted values.

use ndarray::{Array2, Axis};
use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::LearnError;
use super::gaussian::GaussianProcess;
use super::measure::{distance, drawn};
use super::score::Prediction;
use crate::latent::{linear_fit, linear_prediction, normals};

/// A wanted property: any value from `low` to `high`, which are the same for a single value.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Goal {
    /// The least value.
    pub low: f64,
    /// The largest value.
    pub high: f64,
}

impl Goal {
    /// What a miss is measured by: the larger size of both ends.
    pub fn size(self) -> f64 {
        self.low.abs().max(self.high.abs())
    }

    /// By how much a value misses it, over [`Goal::size`]; infinite for what is no number.
    pub fn miss(self, value: f64) -> f64 {
        let gap = if value < self.low { self.low - value } else { (value - self.high).max(0.0) };
        if value.is_nan() { f64::INFINITY } else { gap / self.size().max(f64::MIN_POSITIVE) }
    }
}

/// By how much the values of several properties miss their goals together: the root of the mean square.
pub fn miss(goals: &[Goal], values: &[f64]) -> f64 {
    let squares: f64 = goals.iter().zip(values).map(|(goal, value)| goal.miss(*value).powi(2)).sum();
    (squares / goals.len().max(1) as f64).sqrt()
}

/// A point that is proposed, and what is predicted of each property there.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// The point.
    pub point: Vec<f32>,
    /// A prediction with its deviation for each property.
    pub predicted: Vec<Prediction>,
}

/// Latent points whose properties are known, by which further ones are searched; their prior is the standard normal
/// distribution.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// The points.
    pub points: Vec<Vec<f32>>,
    /// The values of the properties at each.
    pub values: Vec<Vec<f64>>,
    /// The dimensions on which properties depend; the others are drawn.
    pub dimensions: Vec<usize>,
}

/// Points that are drawn in one round, as many of them as are moved towards the goals, and as many near each of the best.
const DRAWN: usize = 1200;
const NEAR: usize = 40;
const BEST: usize = 8;
/// The deviation of points near the best.
const STEP: f32 = 0.3;
/// The most points from which properties are predicted: the best and an even draw of the others. The work grows with their
/// cube.
const MOST_USED: usize = 600;
const MOST_BEST: usize = 150;
/// Draws from the prediction of a point, from which its expected improvement is computed.
const CHANCES: usize = 64;
/// Values that are all positive and differ by more than this factor are predicted by their logarithms.
const LOGARITHMIC: f64 = 10.0;

/// A Gaussian process of a property.
struct Surrogate {
    process: GaussianProcess,
    logarithmic: bool,
}

impl Surrogate {
    fn of(rows: &Array2<f64>, values: &[f64]) -> Result<Self, LearnError> {
        let (low, high) = values.iter().fold((f64::INFINITY, 0.0f64), |(a, b), v| (a.min(*v), b.max(*v)));
        let logarithmic = low > 0.0 && high > LOGARITHMIC * low;
        let values: Vec<f64> = values.iter().map(|v| if logarithmic { v.ln() } else { *v }).collect();
        let kernel = GaussianProcess::tune(rows, &values)?;
        Ok(Self { process: GaussianProcess::fit(rows, &values, kernel)?, logarithmic })
    }

    fn value(&self, value: f64) -> f64 {
        if self.logarithmic { value.exp() } else { value }
    }

    fn scaled(&self, value: f64) -> f64 {
        if self.logarithmic { value.max(f64::MIN_POSITIVE).ln() } else { value }
    }
}

impl Search {
    /// Points to look at next, apart from each other: those from which most improvement is expected (Jones, Schonlau & Welch,
    /// J. Glob. Optim. 13:455, 1998) over the miss of the `wanted`th best point, and over `tolerance`. They are chosen among
    /// draws from the prior, the same moved towards the goals as by a joint normal distribution of points and properties,
    /// and the neighbourhood of the best points.
    ///
    /// # Errors
    /// The numbers of a Gaussian process cannot be computed.
    pub fn propose(
        &self,
        goals: &[Goal],
        wanted: usize,
        tolerance: f64,
        count: usize,
        seed: u64,
    ) -> Result<Vec<Proposal>, LearnError> {
        let used = self.used(goals);
        let points: Vec<Vec<f32>> = used.iter().map(|n| self.points[*n].clone()).collect();
        let rows = self.rows(&points);
        let column = |n: usize| used.iter().map(|k| self.values[*k][n]).collect::<Vec<f64>>();
        let surrogates: Vec<Surrogate> =
            (0..goals.len()).map(|n| Surrogate::of(&rows, &column(n))).collect::<Result<_, _>>()?;
        let mut random = Pcg64::seed_from_u64(seed);
        let points = self.pool(&surrogates, goals, &mut random);
        let places = self.rows(&points);
        let predicted: Vec<Vec<Prediction>> = surrogates.iter().map(|s| s.process.predict(&places)).collect();
        let mut misses: Vec<f64> = self.values.iter().map(|values| miss(goals, values)).collect();
        misses.sort_by(f64::total_cmp);
        let bar = misses.get(wanted.saturating_sub(1)).copied().unwrap_or(f64::MAX).clamp(0.5 * tolerance, 1e6);
        let chances: Vec<Vec<f32>> = goals.iter().map(|_| normals(&mut random, CHANCES)).collect();
        // Where no improvement is expected anywhere, the least predicted miss counts.
        const LEAST: f64 = 1e-9;
        let gain = |at: usize| -> f64 {
            let middle: Vec<f64> = (0..goals.len()).map(|n| surrogates[n].value(predicted[n][at].value)).collect();
            let one = |chance: usize| {
                let value = |n: usize| {
                    let Prediction { value, deviation } = predicted[n][at];
                    surrogates[n].value(value + deviation.unwrap_or(0.0) * f64::from(chances[n][chance]))
                };
                (bar - miss(goals, &(0..goals.len()).map(value).collect::<Vec<_>>())).max(0.0)
            };
            (0..CHANCES).map(one).sum::<f64>() + LEAST / (1.0 + miss(goals, &middle))
        };
        let mut gains: Vec<f64> = (0..points.len()).map(gain).collect();
        let mut chosen = vec![];
        // Points closer than this share one place in the next round.
        let apart = 0.5 * (self.dimensions.len() as f64).sqrt();
        for _ in 0..count {
            let Some(best) = (0..points.len()).max_by(|a, b| gains[*a].total_cmp(&gains[*b])) else { break };
            for (at, gain) in gains.iter_mut().enumerate() {
                let gap = distance(places.row(at), places.row(best)) / apart;
                *gain *= 1.0 - (-gap * gap).exp();
            }
            gains[best] = f64::NEG_INFINITY;
            let of = |n: usize| {
                // What is logarithmic has its deviation from the slope there.
                let (surrogate, found) = (&surrogates[n], predicted[n][best]);
                let value = surrogate.value(found.value);
                let slope = if surrogate.logarithmic { value } else { 1.0 };
                Prediction { value, deviation: found.deviation.map(|d| d * slope) }
            };
            chosen.push(Proposal { point: points[best].clone(), predicted: (0..goals.len()).map(of).collect() });
        }
        Ok(chosen)
    }

    /// The points whose properties miss the goals least, best first: of those within the tolerance, the best one and then
    /// always the one that lies furthest from all before; then the nearest others.
    pub fn best(&self, goals: &[Goal], wanted: usize, tolerance: f64) -> Vec<usize> {
        let misses: Vec<f64> = self.values.iter().map(|values| miss(goals, values)).collect();
        let mut order: Vec<usize> = (0..misses.len()).filter(|n| misses[*n].is_finite()).collect();
        order.sort_by(|a, b| misses[*a].total_cmp(&misses[*b]));
        let within = order.iter().take_while(|n| misses[**n] <= tolerance).count();
        let (good, others) = order.split_at(within);
        let rows = self.rows(&self.points);
        let mut chosen: Vec<usize> = good.iter().take(1).copied().collect();
        while chosen.len() < wanted.min(good.len()) {
            let gap =
                |n: &usize| chosen.iter().map(|k| distance(rows.row(*n), rows.row(*k))).fold(f64::INFINITY, f64::min);
            let left = good.iter().filter(|n| !chosen.contains(n));
            let Some(next) = left.max_by(|a, b| gap(a).total_cmp(&gap(b))).copied() else { break };
            chosen.push(next);
        }
        chosen.extend(others.iter().take(wanted - chosen.len().min(wanted)));
        chosen
    }

    fn pool(&self, surrogates: &[Surrogate], goals: &[Goal], random: &mut Pcg64) -> Vec<Vec<f32>> {
        let width = self.points.first().map_or(0, Vec::len);
        let mut points: Vec<Vec<f32>> = (0..DRAWN).map(|_| normals(random, width)).collect();
        // Of a joint normal distribution a draw with other properties becomes one with the wanted ones by the regression of
        // points on properties.
        let known: Vec<Vec<f64>> = self
            .values
            .iter()
            .map(|values| values.iter().zip(surrogates).map(|(v, s)| s.scaled(*v)).collect())
            .collect();
        let slopes: Vec<(usize, Vec<f64>)> = self
            .dimensions
            .iter()
            .map(|d| {
                let along: Vec<f64> = self.points.iter().map(|point| f64::from(point[*d])).collect();
                (*d, linear_fit(&known, &along, 1e-9))
            })
            .collect();
        let places = self.rows(&points);
        let predicted: Vec<Vec<Prediction>> = surrogates.iter().map(|s| s.process.predict(&places)).collect();
        for at in 0..DRAWN {
            let own: Vec<f64> = predicted.iter().map(|p| p[at].value).collect();
            let nearest = |(n, goal): (usize, &Goal)| {
                let value = surrogates[n].value(own[n]).clamp(goal.low.min(goal.high), goal.high.max(goal.low));
                surrogates[n].scaled(value)
            };
            let to: Vec<f64> = goals.iter().enumerate().map(nearest).collect();
            let mut moved = points[at].clone();
            for (d, slope) in &slopes {
                moved[*d] += (linear_prediction(slope, &to) - linear_prediction(slope, &own)) as f32;
            }
            points.push(moved);
        }
        for n in self.best(goals, BEST, 0.0) {
            for _ in 0..NEAR {
                let step = normals(random, width);
                points.push(self.points[n].iter().zip(step).map(|(v, s)| v + STEP * s).collect());
            }
        }
        points.iter_mut().for_each(|point| draw_in(point));
        points
    }

    /// The points from which properties are predicted.
    fn used(&self, goals: &[Goal]) -> Vec<usize> {
        let count = self.points.len();
        if count <= MOST_USED {
            return (0..count).collect();
        }
        let misses: Vec<f64> = self.values.iter().map(|values| miss(goals, values)).collect();
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by(|a, b| misses[*a].total_cmp(&misses[*b]));
        let mut others = order.split_off(MOST_BEST);
        others.sort_unstable();
        order.extend(drawn(others.len(), MOST_USED - MOST_BEST).into_iter().map(|n| others[n]));
        order
    }

    /// The dimensions that count of points.
    fn rows(&self, points: &[Vec<f32>]) -> Array2<f64> {
        let width = points.first().map_or(0, Vec::len);
        let flat: Vec<f64> = points.iter().flatten().map(|v| f64::from(*v)).collect();
        let all = Array2::from_shape_vec((points.len(), width), flat).expect("points of one length");
        all.select(Axis(1), &self.dimensions)
    }
}

/// Draws a point towards the middle, if it lies further out than 99.9 % of a standard normal distribution do: a model was
/// never trained out there.
fn draw_in(point: &mut [f32]) {
    // The quantile of χ² by Wilson and Hilferty (Proc. Natl. Acad. Sci. 17:684, 1931).
    const DEVIATIONS: f64 = 3.09;
    let part = 2.0 / (9.0 * point.len().max(1) as f64);
    let most = point.len() as f64 * (1.0 - part + DEVIATIONS * part.sqrt()).powi(3);
    let square: f64 = point.iter().map(|v| f64::from(*v).powi(2)).sum();
    if square > most {
        let factor = (most / square).sqrt() as f32;
        point.iter_mut().for_each(|v| *v *= factor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two properties of a point in six dimensions, of which three count.
    fn properties(point: &[f32], noise: f32) -> Vec<f64> {
        let [a, b, c, ..] = point else { panic!("six dimensions") };
        vec![f64::from((1.0 + 0.7 * a + 0.2 * b * b + noise).exp()), f64::from(3.0 + c - 0.5 * a)]
    }

    fn search() -> (Search, Pcg64) {
        let mut random = Pcg64::seed_from_u64(5);
        let points: Vec<Vec<f32>> = (0..30).map(|_| normals(&mut random, 6)).collect();
        let values = points.iter().map(|p| properties(p, 0.01 * normals(&mut random, 1)[0])).collect();
        (Search { points, values, dimensions: vec![0, 1, 2] }, random)
    }

    fn go(search: &mut Search, random: &mut Pcg64, goals: &[Goal], rounds: usize) {
        for round in 0..rounds {
            for proposal in search.propose(goals, 4, 0.02, 4, round as u64).expect("proposals") {
                search.values.push(properties(&proposal.point, 0.01 * normals(random, 1)[0]));
                search.points.push(proposal.point);
            }
        }
    }

    #[test]
    fn rare_values_are_found_and_candidates_are_unlike() {
        let (mut search, mut random) = search();
        // Of draws from the prior one in a hundred has such a value.
        let goal = [Goal { low: 15.0, high: 15.0 }];
        go(&mut search, &mut random, &goal, 6);
        let best = search.best(&goal, 4, 0.05);
        let misses: Vec<f64> = best.iter().map(|n| miss(&goal, &search.values[*n][..1])).collect();
        assert!(misses.iter().all(|m| *m < 0.05), "{misses:?}");
        let rows = search.rows(&search.points);
        for (n, a) in best.iter().enumerate() {
            assert!(best[..n].iter().all(|b| distance(rows.row(*a), rows.row(*b)) > 0.3), "{best:?}");
        }
    }

    #[test]
    fn two_properties_are_met_at_once() {
        let (mut search, mut random) = search();
        let goals = [Goal { low: 6.0, high: 7.0 }, Goal { low: 5.0, high: 5.0 }];
        go(&mut search, &mut random, &goals, 6);
        let best = search.best(&goals, 1, 0.05)[0];
        assert!(miss(&goals, &search.values[best]) < 0.02, "{:?}", search.values[best]);
        assert_eq!(Goal { low: 6.0, high: 7.0 }.miss(6.5), 0.0);
        assert_eq!((Goal { low: 4.0, high: 4.0 }.miss(3.0), Goal { low: 4.0, high: 4.0 }.miss(5.0)), (0.25, 0.25));
        assert_eq!(
            (Goal { low: 0.0, high: 4.0 }.miss(-1.0), Goal { low: 0.0, high: 4.0 }.miss(f64::NAN)),
            (0.25, f64::INFINITY)
        );
    }

    #[test]
    fn proposals_differ_and_lie_where_a_model_was_trained() {
        let (search, _) = search();
        // No point has such a value, nor is one expected.
        let proposals = search.propose(&[Goal { low: 1e9, high: 1e9 }], 4, 0.02, 8, 1).expect("proposals");
        for (n, proposal) in proposals.iter().enumerate() {
            assert!(proposals[..n].iter().all(|other| other.point != proposal.point), "{proposals:?}");
            // 99.9 % of χ² with six degrees of freedom lie below 22.5.
            let square: f32 = proposal.point.iter().map(|v| v * v).sum();
            assert!(square < 22.7, "{square}");
        }
        assert_eq!(drawn(7, 3), [0, 2, 4]);
        assert_eq!(drawn(1501, 1500).len(), 1500);
    }
}
