//! Times one realisation by each classical method, with its preparation and without the polish.
//! Run with `cargo bench --bench methods`.

use std::sync::Arc;
use std::time::Instant;

use microwright::compute::Device;
use microwright::micrograph::Recipe;
use microwright::reconstruct::{Method, Settings, Target, prepare};
use microwright::synth;

fn main() {
    // Discs are particles, so that the descriptors apply.
    for size in [256, 1024] {
        let original = synth::from_labels("discs", &synth::discs(size, 0.2, 1));
        let target = Arc::new(Target::new(original, &Recipe::default()).expect("an original"));
        for method in Method::all().into_iter().filter(|method| method.gram().is_none()) {
            let name = method.settings().name();
            if size > 256 && name.contains("annealing") {
                continue;
            }
            let settings = Settings { method, ..Settings::default() };
            let start = Instant::now();
            let mut made = prepare(&target, &settings, Device::Cpu).expect("a method");
            let prepared = start.elapsed().as_secs_f64();
            made.begin(1).expect("a start");
            while !made.status().is_done {
                made.step(&|| false).expect("a step");
            }
            std::hint::black_box(made.finish());
            let all = start.elapsed().as_secs_f64();
            println!("{name:<28} {size:>5}²   preparation {prepared:>7.3} s   in all {all:>7.3} s");
        }
    }
}
