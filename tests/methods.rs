//! Every method but the Gram matrices: against what is known exactly, with odd originals, and as runs.

mod common;

use std::sync::Arc;

use microwright::compute::Device;
use microwright::micrograph::{Micrograph, PhaseMap, Recipe};
use microwright::reconstruct::field::{Directions, Field, Spectrum, cut_fields, level_cut};
use microwright::reconstruct::{Method, Outcome, Settings, Target, prepare, target_counts};
use microwright::stats::{Boundary, Correlation, two_point_radial};
use microwright::synth;
use ndarray::Array2;

fn target(map: &PhaseMap) -> Arc<Target> {
    let micrograph: Micrograph = synth::from_labels("original", map);
    Arc::new(Target::new(micrograph, &Recipe::default()).expect("an original"))
}

/// One realisation of a method.
fn realise(target: &Arc<Target>, settings: &Settings, seed: u64) -> Outcome {
    let mut made = prepare(target, settings, Device::Cpu).expect("a method");
    made.begin(seed).expect("a start");
    while !made.status().is_done {
        made.step(&|| false).expect("a step");
    }
    made.finish()
}

fn field(directions: Directions) -> Settings {
    Settings { method: Method::Field(Field { directions }), ..Settings::default() }
}

/// A known covariance comes back from S2 of level cuts: 20 realisations, within the error of their mean.
#[test]
fn the_covariance_of_a_field_comes_back_from_its_level_cuts() {
    const SIZE: usize = 128;
    let wanted = |r: f64| (-(r / 6.0).powi(2)).exp();
    for fraction in [0.5, 0.2] {
        let cut = level_cut(fraction);
        let s2_of = |r: f64| cut.s2(wanted(r));
        let covariance = Array2::from_shape_fn((SIZE, SIZE), |(y, x)| {
            wanted((y.min(SIZE - y) as f64).hypot(x.min(SIZE - x) as f64))
        });
        let spectrum = Spectrum::of(&covariance);
        assert!(spectrum.clipped < 1e-3, "{}", spectrum.clipped);
        let counts = target_counts(&[(1000.0 * fraction) as usize, (1000.0 * (1.0 - fraction)) as usize], SIZE * SIZE);
        let curves: Vec<Vec<f64>> = (0..20)
            .map(|seed| {
                let map = cut_fields(std::slice::from_ref(&spectrum), &counts, (SIZE, SIZE), seed);
                assert_eq!(map.counts(), counts);
                two_point_radial(&map.indicator(0).view(), Boundary::Periodic)
            })
            .collect();
        for r in [1usize, 2, 4, 6, 9, 14] {
            let values: Vec<f64> = curves.iter().map(|c| c[r]).collect();
            let mean = values.iter().sum::<f64>() / 20.0;
            let deviation = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 19.0).sqrt();
            // The radial mean is that of the displacements whose length rounds to r.
            let around = -(r as isize + 1)..=r as isize + 1;
            let all = around.clone().flat_map(|dy| around.clone().map(move |dx| (dy as f64).hypot(dx as f64)));
            let lengths: Vec<f64> = all.filter(|length| length.round_ties_even() as usize == r).collect();
            let aim = lengths.iter().map(|length| s2_of(*length)).sum::<f64>() / lengths.len() as f64;
            let error = 3.0 * deviation / 20f64.sqrt() + 0.001;
            assert!((mean - aim).abs() < error, "φ {fraction}, r {r}: {mean} instead of {aim} ± {error}");
        }
    }
}

/// S2 of the original comes back, in every direction, with exact volume fractions, at any size.
#[test]
fn a_field_has_the_originals_s2_and_its_fractions() {
    let stretched = PhaseMap::new(
        (160, 160),
        {
            let wide = synth::bicontinuous(320, 0.3, 16.0, 4);
            (0..160 * 160).map(|n| wide.labels[[2 * (n / 160), n % 160]]).collect()
        },
        2,
    );
    let original = target(&stretched);
    for size in [None, Some((96, 200))] {
        let settings = Settings { size, ..field(Directions::All) };
        let outcome = realise(&original, &settings, 3);
        let map = outcome.phases.expect("phases");
        let pixels = map.pixels();
        assert_eq!(map.counts(), target_counts(&stretched.counts(), pixels));
        let along = |map: &PhaseMap, axis| {
            Correlation::two_point(&map.indicator(1).view(), Boundary::Open).along(ndarray::Axis(axis))
        };
        for axis in [0, 1] {
            let (wanted, found) = (along(&stretched, axis), along(&map, axis));
            let gap = wanted.iter().zip(&found).take(24).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(gap < 0.03, "{size:?}, axis {axis}: {gap}");
        }
    }
    let again = |seed| realise(&original, &field(Directions::All), seed).phases;
    assert_eq!(again(7), again(7));
    assert_ne!(again(7), again(8));
}

#[test]
fn three_phases_have_their_fractions_and_correlations() {
    let original = target(&synth::three_phases(160, 14.0, 5));
    let map = realise(&original, &field(Directions::Radial), 1).phases.expect("phases");
    let wanted = original.phases.clone().expect("phases");
    assert_eq!(map.counts(), wanted.counts());
    for phase in 0..3 {
        let curve = |map: &PhaseMap| two_point_radial(&map.indicator(phase).view(), Boundary::Open);
        let gap = curve(&wanted).iter().zip(curve(&map)).take(30).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(gap < 0.04, "phase {phase}: {gap}");
    }
}

#[test]
fn odd_originals_are_answered() {
    // One pixel of a phase, stripes that percolate, eight phases, a strip.
    let one = Array2::from_shape_fn((32, 32), |at| u8::from(at == (5, 9)));
    let stripes = Array2::from_shape_fn((32, 48), |(y, _)| u8::from(y % 8 < 3));
    let eight = Array2::from_shape_fn((40, 40), |(y, x)| ((y / 5 + x / 7) % 8) as u8);
    let strip = Array2::from_shape_fn((20, 2000), |(y, x)| u8::from((x / 11 + y / 6) % 3 == 0));
    for labels in [one, stripes, eight, strip] {
        let phases = usize::from(*labels.iter().max().expect("pixels")) + 1;
        let map = PhaseMap { labels, phases };
        let made = realise(&target(&map), &field(Directions::All), 2).phases.expect("phases");
        assert_eq!((made.size(), made.counts()), (map.size(), map.counts()));
    }
    let tiny =
        PhaseMap::new((3, 9), vec![0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0], 2);
    let refused = prepare(&target(&tiny), &field(Directions::All), Device::Cpu).err().expect("too small").to_string();
    assert!(refused.contains("at least 4 pixels") && refused.ends_with('.'), "{refused}");
}

#[test]
fn the_bytes_of_a_seed_are_the_same_with_any_number_of_threads() {
    let original = target(&synth::bicontinuous(96, 0.4, 9.0, 1));
    let settings = field(Directions::All);
    let make = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| realise(&original, &settings, 11).phases.expect("phases"))
    };
    assert_eq!(make(1), make(3));
}
