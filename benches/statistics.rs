//! Times what a person waits for besides the reconstruction: all statistics of a phase map, the classifier's update, and a
//! stroke of the brush. Run with `cargo bench --bench statistics`.

use std::sync::Arc;
use std::time::Instant;

use microwright::micrograph::{Correction, Lesson, Micrograph, PhaseMap, Recipe, Segmentation, Stroke};
use microwright::stats::{Boundary, all_curves, measure};
use microwright::synth;

fn time<T>(what: &str, rounds: usize, mut work: impl FnMut() -> T) {
    let mut seconds: Vec<f64> = (0..rounds)
        .map(|_| {
            let start = Instant::now();
            std::hint::black_box(work());
            start.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    println!("{what:<64} {:>9.3} s (median of {rounds})", seconds[rounds / 2]);
}

/// A two-phase map of the carbonate's kind, tiled from a smaller one: generating it is not what is timed.
fn map(size: usize) -> PhaseMap {
    let tile = synth::bicontinuous(512, 0.3, 24.0, 1);
    let label = |n: usize| tile.labels[[n / size % 512, n % size % 512]];
    PhaseMap::new((size, size), (0..size * size).map(label).collect(), 2)
}

fn grey(map: &PhaseMap) -> Micrograph {
    let value = |(n, l): (usize, &u8)| 80.0 + 90.0 * f32::from(*l) + ((n * 7919) % 61) as f32;
    let values = map.labels.iter().enumerate().map(value).collect();
    Micrograph::new(map.size(), 1, values, (0.0, 255.0))
}

fn stroke(phase: usize, at: f32) -> Stroke {
    Stroke { phase, radius: 6.0, points: Arc::new(vec![[at, at], [at + 60.0, at + 90.0]]) }
}

fn main() {
    for (size, rounds) in [(256, 5), (1024, 5), (4096, 1)] {
        let map = map(size);
        for boundary in [Boundary::Open, Boundary::Periodic] {
            time(&format!("all statistics of both phases, {size}², {boundary:?}"), rounds, || {
                [0, 1].map(|phase| measure(&map, phase, boundary))
            });
        }
        time(&format!("S2 and lineal path of both phases, {size}²"), rounds, || all_curves(&map));
    }
    let picture = Arc::new(grey(&map(1024)));
    let lesson = Lesson { strokes: vec![stroke(0, 100.0), stroke(1, 400.0), stroke(0, 700.0)], ..Lesson::default() };
    let recipe = Recipe::of(Segmentation::Strokes(lesson));
    time("classifier taught anew and applied, 1024²", 5, || {
        recipe.apply_after(picture.clone(), None).expect("phases")
    });
    let picture = Arc::new(grey(&map(4096)));
    let before = Recipe::of(Segmentation::Thresholds(vec![150.0]));
    let done = before.apply_after(picture.clone(), None).expect("phases");
    let mut after = before.clone();
    after.corrections.push(Correction::Brush(stroke(1, 2000.0)));
    time("a stroke of the brush, 4096²", 9, || {
        after.apply_after(picture.clone(), Some((&before, &done))).expect("phases")
    });
}
