//! Regression by a neural network, on numbers or on pictures.

mod architecture;
mod plan;
mod schedule;
mod trained;
mod training;

use super::LearnError;
use crate::compute::ComputeError;

pub use architecture::{Architecture, NetworkInput};
pub use plan::NetworkPlan;
pub use schedule::Schedule;
pub use trained::Network;

impl From<ComputeError> for LearnError {
    fn from(error: ComputeError) -> Self {
        Self::Numbers(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ndarray::Array2;

    use super::*;
    use crate::compute::Device;
    use crate::learn::measure::variance;

    const GO_ON: &dyn Fn(f64) -> bool = &|_| true;

    #[test]
    fn a_bent_surface_is_learned() {
        let rows = Array2::from_shape_fn((160, 3), |(n, k)| ((n * (2 * k + 3) * 37) % 157) as f64 / 40.0 - 2.0);
        let values: Vec<f64> = rows.rows().into_iter().map(|r| 50.0 + 5.0 * (r[0] * r[1]).tanh() + r[2]).collect();
        let groups: Vec<usize> = (0..160).collect();
        let plan = NetworkPlan::of_numbers(3);
        let trained = plan.train(&rows, &values, &groups, GO_ON).expect("a network");
        let others = Array2::from_shape_fn((60, 3), |(n, k)| ((n * (2 * k + 5) * 41) % 59) as f64 / 16.0 - 1.8);
        let wanted = others.rows().into_iter().map(|r| 50.0 + 5.0 * (r[0] * r[1]).tanh() + r[2]);
        let (found, hidden) = trained.run(&others).expect("values");
        let rmse = (found.iter().zip(wanted).map(|(p, v)| (p - v).powi(2)).sum::<f64>() / 60.0).sqrt();
        let spread = variance(ndarray::ArrayView1::from(&values)).sqrt();
        assert!(rmse < 0.35 * spread, "{rmse} of {spread}");
        assert_eq!(hidden.dim(), (60, 128));
        // A row alone gets the same value, and the same samples the same network.
        let (alone, _) = trained.run(&others.select(ndarray::Axis(0), &[59])).expect("a value");
        assert!((alone[0] - found[59]).abs() < 1e-4, "{} {}", alone[0], found[59]);
        assert_eq!(plan.train(&rows, &values, &groups, GO_ON).expect("a network"), trained);
        let text = serde_json::to_string(&trained).expect("text");
        let read: Network = serde_json::from_str(&text).expect("a network");
        assert!(!read.is_sound());
        let read = read.with_layers(trained.layers().to_vec());
        assert!(read == trained && read.is_sound() && read.inputs() == 3);
        assert!(matches!(plan.train(&rows, &values, &groups, &|_| false), Err(LearnError::Stopped)));
    }

    /// Stripes of a wavelength each, somewhere in the picture, lying or standing.
    fn stripes(count: usize) -> (Array2<f64>, Vec<f64>) {
        let mut rows = Array2::zeros((count, 32 * 32));
        let mut values = vec![];
        for n in 0..count {
            let wavelength = 3.0 + ((n * 37) % 97) as f64 / 12.0;
            let (phase, lies) = ((n * 7) as f64, n % 2 == 0);
            for at in 0..32 * 32 {
                let place = if lies { at / 32 } else { at % 32 } as f64;
                let wave = (std::f64::consts::TAU * place / wavelength + phase).sin();
                rows[[n, at]] = if wave > 0.0 { 255.0 } else { 0.0 };
            }
            values.push(wavelength);
        }
        (rows, values)
    }

    fn rmse(network: &Network, rows: &Array2<f64>, values: &[f64]) -> f64 {
        let (found, _) = network.run(rows).expect("values");
        (found.iter().zip(values).map(|(p, v)| (p - v).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
    }

    #[test]
    fn convolutions_learn_a_length_of_pictures() {
        let (rows, values) = stripes(120);
        let groups: Vec<usize> = (0..120).collect();
        let kept: Vec<usize> = (0..90).collect();
        let left: Vec<usize> = (90..120).collect();
        let input = NetworkInput::Picture { size: (32, 32), squares: 1, preprocessing: None };
        let architecture =
            Architecture { input, convolutions: vec![(8, true), (8, true)], averaged: true, units: vec![16] };
        let schedule = Schedule { most_steps: 400, ..Schedule::NUMBERS };
        let plan = NetworkPlan { architecture, transferred: vec![], schedule, device: Device::Cpu };
        let inner = rows.select(ndarray::Axis(0), &kept);
        let trained = plan.train(&inner, &values[..90], &groups[..90], GO_ON).expect("a network");
        let found = rmse(&trained, &rows.select(ndarray::Axis(0), &left), &values[90..]);
        let spread = variance(ndarray::ArrayView1::from(&values)).sqrt();
        assert!(found < 0.4 * spread, "{found} of {spread}");
    }

    #[test]
    fn transferred_layers_are_kept_or_tuned_and_squares_are_averaged() {
        let (rows, values) = stripes(60);
        let groups: Vec<usize> = (0..60).collect();
        let preprocessing = crate::net::Preprocessing::VGG_BGR;
        let input = NetworkInput::Picture { size: (32, 32), squares: 2, preprocessing: Some(preprocessing) };
        let architecture =
            Architecture { input, convolutions: vec![(6, false), (4, true)], averaged: false, units: vec![8] };
        let of = |n: usize| ((n * 7919) % 101) as f32 / 500.0 - 0.1;
        let transferred: Vec<Arc<Vec<f32>>> =
            architecture.shapes()[..4].iter().map(|s| Arc::new((0..s.len()).map(of).collect())).collect();
        for frozen in [true, false] {
            let schedule = Schedule { most_steps: 60, frozen, batch: 10, ..Schedule::NUMBERS };
            let plan = NetworkPlan {
                architecture: architecture.clone(),
                transferred: transferred.clone(),
                schedule,
                device: Device::Cpu,
            };
            let trained = plan.train(&rows, &values, &groups, GO_ON).expect("a network");
            assert_eq!(trained.layers()[..4] == transferred, frozen);
            assert!(rmse(&trained, &rows, &values).is_finite() && trained.is_sound());
            let (whole, small) = (plan.operations(60).expect("a number"), plan.operations(5).expect("a number"));
            assert!(whole > small && small > 1e6, "{whole} {small}");
        }
        let row: Vec<f64> = (0..32 * 32).map(|at| if at % 32 < 16 { 100.0 } else { 200.0 }).collect();
        let prepared = architecture.prepared(ndarray::ArrayView1::from(&row));
        assert_eq!(prepared.len(), 16 * 16 * 3);
        assert_eq!((prepared[0], prepared[3 * 15]), (100.0, 200.0));
    }
}
