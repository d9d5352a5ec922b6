//! A step of the training of networks on pictures: `cargo bench --bench training -- [EDGE …]`. `compare_torch_training.py`
//! measures the same in PyTorch.

use std::sync::Arc;
use std::time::Instant;

use microwright::compute::Device;
use microwright::learn::{Architecture, NetworkInput, NetworkPlan, Schedule};
use microwright::net::{Layer, Weights};
use ndarray::Array2;

/// Four convolutions and full layers, from random weights.
fn convolutions(edge: usize) -> NetworkPlan {
    let input = NetworkInput::Picture { size: (edge, edge), squares: 1, preprocessing: None };
    let convolutions = [32, 64, 64, 128].map(|n| (n, true)).to_vec();
    let architecture = Architecture { input, convolutions, averaged: false, units: vec![128] };
    NetworkPlan { architecture, transferred: vec![], schedule: Schedule::NUMBERS, device: Device::Cpu }
}

/// The layers to pool2 with 512 and 256 units, trained on or kept.
fn transferred(edge: usize, frozen: bool) -> NetworkPlan {
    let weights = Weights::built_in(Layer::POOL2);
    let kernels: Vec<Arc<Vec<f32>>> = Layer::POOL2
        .convolutions()
        .flat_map(|(name, ..)| weights.layer(name).cloned().map(|(k, b)| [k, b]))
        .flatten()
        .collect();
    let preprocessing = Some(weights.preprocessing());
    let input = NetworkInput::Picture { size: (edge, edge), squares: 1, preprocessing };
    let architecture = Architecture {
        input,
        convolutions: vec![(64, false), (64, true), (128, false), (128, true)],
        averaged: false,
        units: vec![512, 256],
    };
    let schedule = Schedule { dropout: 0.5, frozen, ..Schedule::NUMBERS };
    NetworkPlan { architecture, transferred: kernels, schedule, device: Device::Cpu }
}

/// Seconds of a step: the difference of a long and a short training, without what comes before the steps.
fn step(plan: &NetworkPlan, edge: usize, steps: usize) -> f64 {
    let count = 48;
    let rows = Array2::from_shape_fn((count, edge * edge), |(n, at)| ((n * 7919 + at * 104_729) % 256) as f64);
    let values: Vec<f64> = (0..count).map(|n| (n % 7) as f64).collect();
    let groups: Vec<usize> = (0..count).collect();
    let at = |most_steps: usize| {
        let schedule = Schedule { most_steps, look: usize::MAX, ..plan.schedule };
        let start = Instant::now();
        // Without a look at what is held out there is no best network; the steps are all that counts.
        let _ = NetworkPlan { schedule, ..plan.clone() }.train(&rows, &values, &groups, &|_| true);
        start.elapsed().as_secs_f64()
    };
    (at(2 + steps) - at(2)) / steps as f64
}

fn main() {
    let edges: Vec<usize> = std::env::args().filter_map(|a| a.parse().ok()).collect();
    for edge in if edges.is_empty() { vec![64, 128] } else { edges } {
        for (name, plan, steps) in [
            ("convolutions", convolutions(edge), 20),
            ("transferred, kept", transferred(edge, true), 20),
            ("transferred, trained on", transferred(edge, false), 3),
        ] {
            let mut times: Vec<f64> = (0..3).map(|_| step(&plan, edge, steps)).collect();
            times.sort_by(f64::total_cmp);
            println!("{edge} px, {name}: {:.1} ms a step of 32", 1e3 * times[1]);
        }
    }
}
