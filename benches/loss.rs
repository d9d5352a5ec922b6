//! One loss and gradient with the built-in weights: `cargo bench --bench loss -- [SIZE …]`.

use std::time::Instant;

use microwright::compute::{Device, DeviceKind, mebibytes};
use microwright::net::{Layer, Weights};
use microwright::reconstruct::loss::{Loss, LossSettings, cost, grams};

fn main() {
    let sizes: Vec<usize> = std::env::args().filter_map(|a| a.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![128, 256, 512] } else { sizes };
    let weights = Weights::built_in(Layer::POOL3);
    let settings = LossSettings::new(Layer::POOL3);
    for n in sizes {
        let image: Vec<f32> = (0..n * n * 3).map(|i| ((i * 7919) % 256) as f32).collect();
        let other: Vec<f32> = (0..n * n * 3).map(|i| ((i * 104_729) % 251) as f32).collect();
        let targets = grams(&Device::Cpu, &weights, &image, (n, n), &settings, None).expect("Gram matrices");
        let mut loss = Loss::new(&Device::Cpu, &weights, (n, n), &targets, &settings, None).expect("a program");
        let mut times = vec![];
        for _ in 0..9 {
            let start = Instant::now();
            loss.evaluate(&other).expect("a loss");
            times.push(start.elapsed().as_secs_f64());
        }
        times[2..].sort_by(f64::total_cmp);
        let cost = cost(DeviceKind::Cpu, &weights, (n, n), &settings, None).expect("a plan");
        let median = times[5];
        println!(
            "{n}: {:.1} ms, {:.0} GFLOP/s counted directly, {}",
            median * 1e3,
            cost.operations as f64 / median / 1e9,
            mebibytes(cost.bytes)
        );
    }
}
