//! Times the steps of a map of 1,000 marbles of 128 × 128: features to conv3_1, distances, classical scaling and SMACOF.
//! Run with `cargo bench --bench maps`.

use std::time::Instant;

use microwright::compute::Device;
use microwright::compute::graph::Precision;
use microwright::embed::{LEAST_GAIN, TextureExtractor, TextureSettings, classical_scaling, place, smacof};
use microwright::net::{Layer, Weights};
use microwright::synth::Marble;
use ndarray::Array2;

const COUNT: usize = 1000;
const EDGE: usize = 128;

fn time<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let made = work();
    println!("{what:<64} {:>9.3} s", start.elapsed().as_secs_f64());
    made
}

fn main() {
    let settings = TextureSettings::default();
    let weights = Weights::built_in(Layer::named("conv3_1").expect("a layer"));
    let device = Device::open("cpu", Precision::Single).expect("the cores");
    let pictures: Vec<Vec<f32>> =
        (0..COUNT as u64).map(|n| Marble::random(n).picture(EDGE, n).into_iter().map(f32::from).collect()).collect();
    let rows = time("features of 1,000 pictures to conv3_1", || {
        let mut extractor =
            TextureExtractor::new(&device, &weights, &settings, (EDGE, EDGE), false).expect("a network");
        pictures.iter().flat_map(|picture| extractor.extract(picture).expect("a vector")).collect::<Vec<f32>>()
    });
    let width = rows.len() / COUNT;
    let rows = Array2::from_shape_vec((COUNT, width), rows).expect("a row for each picture");
    let distances = time("distances", || settings.vectors(rows, false).distances());
    for dimensions in [2, 3, 10] {
        let (start, _) = time(&format!("classical scaling to {dimensions} dimensions"), || {
            classical_scaling(&distances, dimensions)
        });
        let mut steps = 0;
        let found = time(&format!("SMACOF in {dimensions} dimensions"), || {
            smacof(&distances, &start.places, LEAST_GAIN, |step, _| {
                steps = step + 1;
                true
            })
        });
        println!("    {steps} steps, stress {:.4}, from {:.4}", found.stress, start.stress);
        let row = distances.row(0).to_vec();
        time("place of one more member", || place(&row, &found.places));
    }
}
