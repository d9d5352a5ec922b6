//! Every method but the Gram matrices: against what is known exactly, with odd originals, and as runs.

mod common;

use std::sync::Arc;

use microwright::compute::Device;
use microwright::micrograph::{Micrograph, PhaseMap, Recipe};
use microwright::reconstruct::anneal::{Anneal, Annealing, Pixels, Start};
use microwright::reconstruct::field::{Directions, Field, Spectrum, cut_fields, level_cut};
use microwright::reconstruct::{Method, Outcome, Settings, State, Target, prepare, target_counts};
use microwright::stats::{Boundary, Correlation, specific_surface, two_point_radial};
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

fn anneal(settings: Anneal) -> Settings {
    Settings { method: Method::Anneal(settings), ..Settings::default() }
}

/// S2 comes closer to the original's than that of the start, the fractions stay exact, and the energy after all exchanges
/// is that of the phases counted anew.
#[test]
fn annealing_brings_s2_closer_and_keeps_the_fractions() {
    let original = target(&synth::bicontinuous(64, 0.35, 10.0, 3));
    let wanted = original.phases.clone().expect("phases");
    let s2 = |map: &PhaseMap| two_point_radial(&map.indicator(1).view(), Boundary::Periodic);
    let gap = |map: &PhaseMap| s2(&wanted).iter().zip(s2(map)).map(|(a, b)| (a - b).abs()).sum::<f64>();
    for (start, pixels, zero_tolerance) in [
        (Start::Noise, Pixels::Interfaces, false),
        (Start::Noise, Pixels::Any, true),
        (Start::Field, Pixels::Interfaces, false),
    ] {
        let settings = Anneal { tries: 20, start, pixels, zero_tolerance, ..Anneal::default() };
        let mut made = prepare(&original, &anneal(settings.clone()), Device::Cpu).expect("a method");
        made.begin(5).expect("a start");
        let first = made.rough_phases(&[]).expect("phases");
        while !made.status().is_done {
            made.step(&|| false).expect("a step");
        }
        let Outcome { phases, losses, .. } = made.finish();
        let map = phases.expect("phases");
        assert_eq!(map.counts(), wanted.counts());
        assert!(gap(&map) < 0.4 * gap(&first), "{settings:?}: {} of {}", gap(&map), gap(&first));
        let anew = Annealing::new(map, &wanted, &settings, 5).energy();
        let last = losses.last().expect("losses").total;
        assert!((anew - last).abs() < 1e-9, "{last} and counted anew {anew}");
        if zero_tolerance {
            assert!(losses.windows(2).all(|pair| pair[1].total <= pair[0].total));
        }
    }
}

/// Each statistic that is put into the energy comes closer to the original's than without it, and the energy is that of
/// the phases counted anew.
#[test]
fn annealing_fits_every_statistic_that_is_chosen() {
    let original = target(&synth::discs(72, 0.3, 4));
    let wanted = original.phases.clone().expect("phases");
    let error_of = |map: &PhaseMap, settings: &Anneal| Annealing::new(map.clone(), &wanted, settings, 1).energy();
    let plain = Anneal { tries: 12, ..Anneal::default() };
    let made = |settings: &Anneal| {
        let outcome = realise(&original, &anneal(settings.clone()), 2);
        (outcome.phases.expect("phases"), outcome.losses.last().expect("losses").clone())
    };
    let (without, _) = made(&plain);
    for settings in [
        Anneal { directions: Directions::All, ..plain.clone() },
        Anneal { lineal_path: true, ..plain.clone() },
        Anneal { chords: true, ..plain.clone() },
        Anneal { clusters: true, ..plain.clone() },
        Anneal { directions: Directions::All, lineal_path: true, chords: true, clusters: true, ..plain.clone() },
    ] {
        let (map, last) = made(&settings);
        assert_eq!(map.counts(), wanted.counts());
        let (with, before) = (error_of(&map, &settings), error_of(&without, &settings));
        assert!(with < 0.8 * before, "{settings:?}: {with} of {before}");
        assert!((with - last.total).abs() < 1e-9, "{settings:?}: {} and counted anew {with}", last.total);
        assert_eq!(last.parts.len(), Method::Anneal(settings).settings().loss_names().len());
    }
}

/// A small target whose S2 can be met wholly: stripes.
#[test]
fn annealing_ends_at_an_energy_of_nothing_where_it_can() {
    let stripes = PhaseMap::new((8, 8), (0..64).map(|n| u8::from(n / 8 % 4 < 2)).collect(), 2);
    let settings = Anneal { tries: 2000, start: Start::Noise, pixels: Pixels::Any, ..Anneal::default() };
    let ends: Vec<f64> = (1..=4)
        .map(|seed| realise(&target(&stripes), &anneal(settings.clone()), seed).losses.last().expect("losses").total)
        .collect();
    assert!(ends.iter().any(|energy| *energy < 1e-9), "{ends:?}");
}

#[test]
fn annealing_goes_on_with_the_same_bytes_and_refuses_what_is_damaged() {
    let original = target(&synth::three_phases(48, 9.0, 2));
    let settings = anneal(Anneal { tries: 4, lineal_path: true, clusters: true, ..Anneal::default() });
    let whole = realise(&original, &settings, 3);
    let mut made = prepare(&original, &settings, Device::Cpu).expect("a method");
    made.begin(3).expect("a start");
    for _ in 0..57 {
        made.step(&|| false).expect("a step");
    }
    let state = made.state();
    let (text, vectors) = (state.text.clone(), state.vectors.clone());
    let mut other = prepare(&original, &settings, Device::Cpu).expect("a method");
    other.resume(3, &state).expect("the same run");
    while !other.status().is_done {
        other.step(&|| false).expect("a step");
    }
    let resumed = other.finish();
    assert_eq!((resumed.phases, resumed.losses), (whole.phases, whole.losses));
    let short = State { text: text.clone(), vectors: vectors[1..].to_vec() };
    assert!(other.resume(3, &short).is_err());
    let mut hot = text;
    hot.insert("temperature".into(), serde_json::json!("warm"));
    assert!(other.resume(3, &State { text: hot, vectors }).is_err());
    assert!(anneal(Anneal { tries: 0, ..Anneal::default() }).check((64, 64)).is_err());
}

/// S2 of the radial mean is taken where its displacements lie: the surface of the field is the original's.
#[test]
fn a_radial_field_has_the_originals_surface() {
    let original = target(&synth::bicontinuous(256, 0.4, 24.0, 2));
    let surface = |map: &PhaseMap| specific_surface(&map.indicator(1).view(), Boundary::Open);
    let wanted = surface(original.phases.as_ref().expect("phases"));
    let found: f64 = (1..=4)
        .map(|seed| surface(&realise(&original, &field(Directions::Radial), seed).phases.expect("phases")) / 4.0)
        .sum();
    assert!((found / wanted - 1.0).abs() < 0.25, "{found} instead of {wanted}");
}
