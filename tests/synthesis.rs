//! The methods that make a result pixel by pixel, and that of particles: against what is known, with odd originals, resumed.

use std::sync::Arc;

use microwright::compute::Device;
use microwright::micrograph::{Micrograph, PhaseMap, Recipe};
use microwright::reconstruct::descriptors::{
    Descriptor, Descriptors, Edit, Histogram, Particle, nearest_distances, particles,
};
use microwright::reconstruct::markov::Markov;
use microwright::reconstruct::sampling::{Dab, Sampling};
use microwright::reconstruct::tree::Tree;
use microwright::reconstruct::{Method, Outcome, ReconstructError, Settings, State, Target, prepare, target_counts};
use microwright::synth;
use ndarray::Array2;

fn target(map: &PhaseMap) -> Arc<Target> {
    Arc::new(Target::new(synth::from_labels("original", map), &Recipe::default()).expect("an original"))
}

fn of(method: Method) -> Settings {
    Settings { method, ..Settings::default() }
}

/// One realisation of a method.
fn realise(target: &Arc<Target>, settings: &Settings, seed: u64) -> Result<Outcome, ReconstructError> {
    let mut made = prepare(target, settings, Device::Cpu)?;
    made.begin(seed)?;
    while !made.status().is_done {
        made.step(&|| false)?;
    }
    Ok(made.finish())
}

fn phases(target: &Arc<Target>, settings: &Settings, seed: u64) -> PhaseMap {
    realise(target, settings, seed).expect("a result").phases.expect("phases")
}

fn pixel_methods() -> [Method; 3] {
    [Method::Tree(Tree::default()), Method::Markov(Markov::default()), Method::Sampling(Sampling::default())]
}

/// Discs of one radius on a square grid that is shaken.
fn discs() -> PhaseMap {
    let centre = |n: usize, m: usize| {
        let shake = (n * 31 + m * 17 + n * m) % 7;
        (10.0 + 20.0 * n as f64 + shake as f64, 10.0 + 20.0 * m as f64 + (6 - shake) as f64)
    };
    let labels = Array2::from_shape_fn((160, 160), |(y, x)| {
        let inside = |n, m| (centre(n, m).0 - y as f64).hypot(centre(n, m).1 - x as f64) < 4.6;
        u8::from((0..8).any(|n| (0..8).any(|m| inside(n, m))))
    });
    PhaseMap { labels, phases: 2 }
}

#[test]
fn a_tree_gives_back_a_checkerboard_and_stripes_exactly() {
    let checkerboard = |size: usize| Array2::from_shape_fn((size, size), |(y, x)| ((y / 2 + x / 2) % 2) as u8);
    let stripes = |size: usize| Array2::from_shape_fn((size, size), |(y, x)| u8::from((y + 2 * x) % 8 < 3));
    let shift = |labels: &Array2<u8>, period: usize, size: usize, made: &Array2<u8>| {
        let places = (0..period).flat_map(|y| (0..period).map(move |x| (y, x)));
        let fits = |(dy, dx): (usize, usize)| {
            made.indexed_iter().all(|((y, x), label)| *label == labels[[(y + dy) % size, (x + dx) % size]])
        };
        places.into_iter().any(fits)
    };
    for (labels, period) in [(checkerboard(64), 4), (stripes(64), 8)] {
        let original = target(&PhaseMap { labels: labels.clone(), phases: 2 });
        for scales in [1, 2] {
            for size in [None, Some((40, 96))] {
                let settings = Settings { size, ..of(Method::Tree(Tree { scales, ..Tree::default() })) };
                let made = phases(&original, &settings, 3);
                // The counts of another size may not be those of whole periods; then a few pixels are changed.
                if target_counts(&original.phases.as_ref().expect("phases").counts(), made.pixels()) == made.counts()
                    && size.is_none()
                {
                    assert!(shift(&labels, period, 64, &made.labels), "{scales} sizes:\n{:?}", made.labels);
                }
                assert_eq!(made.counts().iter().sum::<usize>(), made.pixels());
            }
        }
    }
}

#[test]
fn fractions_are_exact_at_any_size_and_seeds_differ() {
    let original = target(&synth::bicontinuous(96, 0.35, 10.0, 3));
    let counts = original.phases.as_ref().expect("phases").counts();
    for method in pixel_methods() {
        for size in [None, Some((50, 130))] {
            let settings = Settings { size, ..of(method.clone()) };
            let made = phases(&original, &settings, 1);
            assert_eq!(made.counts(), target_counts(&counts, made.pixels()), "{method:?}");
            assert_ne!(made, phases(&original, &settings, 2), "{method:?}");
        }
    }
}

#[test]
fn the_bytes_of_a_seed_are_the_same_with_any_number_of_threads_and_resumed() {
    let original = target(&discs());
    for method in pixel_methods().into_iter().chain([Method::Descriptors(Descriptors::default())]) {
        let settings = of(method.clone());
        let make = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| realise(&original, &settings, 11).expect("a result"))
        };
        let whole = make(1);
        assert_eq!(whole.phases, make(3).phases, "{method:?}");
        let mut made = prepare(&original, &settings, Device::Cpu).expect("a method");
        made.begin(11).expect("a start");
        for _ in 0..made.status().iterations / 2 {
            made.step(&|| false).expect("a step");
        }
        let state = made.state();
        let mut other = prepare(&original, &settings, Device::Cpu).expect("a method");
        other.resume(11, &state).expect("the same run");
        while !other.status().is_done {
            other.step(&|| false).expect("a step");
        }
        let resumed = other.finish();
        assert_eq!((resumed.phases, resumed.losses), (whole.phases, whole.losses), "{method:?}");
        let short = State { text: state.text.clone(), vectors: state.vectors[..1].to_vec() };
        assert!(other.resume(11, &short).is_err(), "{method:?}");
        let (name, _) = &state.vectors[1];
        let wrong = microwright::reconstruct::Vector::F32(vec![0.5f32; 9].into());
        let damaged = State { text: state.text, vectors: vec![state.vectors[0].clone(), (name.clone(), wrong)] };
        assert!(other.resume(11, &damaged).is_err(), "{method:?}");
    }
}

#[test]
fn odd_originals_are_answered() {
    let one = Array2::from_shape_fn((32, 32), |at| u8::from(at == (5, 9)));
    let stripes = Array2::from_shape_fn((32, 48), |(y, _)| u8::from(y % 8 < 3));
    let eight = Array2::from_shape_fn((40, 40), |(y, x)| ((y / 5 + x / 7) % 8) as u8);
    let strip = Array2::from_shape_fn((20, 600), |(y, x)| u8::from((x / 11 + y / 6) % 3 == 0));
    let tiny = Array2::from_shape_fn((4, 5), |(y, x)| u8::from((x + y) % 3 == 0));
    for labels in [one, stripes, eight, strip, tiny] {
        let map = PhaseMap { phases: usize::from(*labels.iter().max().expect("pixels")) + 1, labels };
        for method in pixel_methods() {
            let made = phases(&target(&map), &of(method.clone()), 2);
            assert_eq!((made.size(), made.counts()), (map.size(), map.counts()), "{method:?}");
        }
        match realise(&target(&map), &of(Method::Descriptors(Descriptors::default())), 2) {
            Ok(outcome) => assert_eq!(outcome.phases.expect("phases").counts(), map.counts()),
            Err(refused) => assert!(refused.to_string().contains("no set of particles"), "{refused}"),
        }
    }
    let large = |method: Method| of(method).check((64, 64)).is_err();
    assert!(large(Method::Tree(Tree { leaf: 0, ..Tree::default() })));
    assert!(large(Method::Tree(Tree { reach: 33, ..Tree::default() })));
    assert!(large(Method::Markov(Markov { tolerance: f64::NAN, ..Markov::default() })));
    assert!(large(Method::Sampling(Sampling { neighbours: 0, ..Sampling::default() })));
    assert!(large(Method::Descriptors(Descriptors { number: f64::NAN, ..Descriptors::default() })));
}

#[test]
fn painted_pixels_stay() {
    let original = target(&synth::bicontinuous(96, 0.4, 9.0, 5));
    let painted = vec![
        Dab { row: 30, column: 40, radius: 9, value: 1 },
        Dab { row: 70, column: 20, radius: 6, value: 0 },
        Dab { row: 0, column: 95, radius: 0, value: 1 },
        Dab { row: 5000, column: 4, radius: 3, value: 1 },
    ];
    let settings = of(Method::Sampling(Sampling { painted: painted.clone(), ..Sampling::default() }));
    for seed in 1..4 {
        let made = phases(&original, &settings, seed);
        for dab in &painted[..3] {
            for ((y, x), label) in made.labels.indexed_iter() {
                let inside = y.abs_diff(dab.row).pow(2) + x.abs_diff(dab.column).pow(2) <= dab.radius.pow(2);
                assert!(!inside || *label == dab.value, "({y}, {x}) of {dab:?}");
            }
        }
        assert_eq!(made.counts(), original.phases.as_ref().expect("phases").counts());
    }
    let endless = Sampling { painted: vec![Dab { radius: usize::MAX, ..painted[0] }], ..Sampling::default() };
    assert!(of(Method::Sampling(endless)).check((96, 96)).is_err());
    let wrong = Sampling { painted: vec![Dab { value: 2, ..painted[0] }], ..Sampling::default() };
    let refused = prepare(&original, &of(Method::Sampling(wrong)), Device::Cpu).err().expect("no such phase");
    assert!(refused.to_string().contains("Phase 2 is painted"), "{refused}");
}

#[test]
fn grey_and_colour_pictures_have_the_values_of_the_original() {
    for channels in [1, 3] {
        let value = |n: usize| ((n / channels * 37 + n % channels * 50) % 200) as f32 + (n / 480) as f32;
        let mut micrograph =
            Micrograph::new((40, 48), channels, (0..40 * 48 * channels).map(value).collect(), (0.0, 255.0));
        micrograph.name = "grey".into();
        let recipe = Recipe { segmentation: microwright::micrograph::Segmentation::Unsegmented, ..Recipe::default() };
        let original = Arc::new(Target::new(micrograph, &recipe).expect("an original"));
        assert!(original.phases.is_none());
        let known: Vec<[u32; 3]> =
            original.micrograph.image().chunks_exact(3).map(|p| [p[0], p[1], p[2]].map(|v| v.round() as u32)).collect();
        for method in &pixel_methods()[1..] {
            let made = realise(&original, &of(method.clone()), 4).expect("a result");
            assert!(made.phases.is_none());
            for pixel in made.image.chunks_exact(3) {
                assert!(known.contains(&[pixel[0], pixel[1], pixel[2]].map(|v| v as u32)), "{method:?}: {pixel:?}");
            }
        }
        let refused = realise(&original, &of(pixel_methods()[0].clone()), 4).err().expect("no phases").to_string();
        assert!(refused.contains("has none"), "{refused}");
    }
}

/// Number, area, aspect ratio and nearest distances of particles come back.
#[test]
fn descriptors_come_back() {
    let original = target(&discs());
    let map = original.phases.clone().expect("phases");
    let made = phases(&original, &of(Method::Descriptors(Descriptors::default())), 6);
    assert_eq!(made.counts(), map.counts());
    let measure = |map: &PhaseMap| {
        let all = particles(map, 1, true, "Phase 1").expect("particles");
        let centres: Vec<[f64; 2]> = all.iter().map(|p| p.centre).collect();
        let mean = |of: &dyn Fn(usize) -> f64| (0..all.len()).map(of).sum::<f64>() / all.len() as f64;
        let distances = nearest_distances(&centres);
        [all.len() as f64, mean(&|n| all[n].area), mean(&|n| all[n].aspect), mean(&|n| distances[n])]
    };
    let (wanted, found) = (measure(&map), measure(&made));
    for (n, (wanted, found)) in wanted.iter().zip(found).enumerate() {
        // Ellipses that the edge of the picture cuts are longer than measured ones.
        let most = if n == 2 { 0.2 } else { 0.12 };
        assert!((found / wanted - 1.0).abs() < most, "descriptor {n}: {found} instead of {wanted}");
    }
    // Twice as many have half of the area.
    let more = phases(&original, &of(Method::Descriptors(Descriptors { number: 2.0, ..Descriptors::default() })), 6);
    let twice = measure(&more);
    assert!((twice[0] / found_number(&map) - 2.0).abs() < 0.3, "{twice:?}");
}

/// Histograms that the user has changed are those of the particles that are made.
#[test]
fn changed_histograms_are_followed() {
    let original = target(&discs());
    let map = original.phases.clone().expect("phases");
    let bin =
        |descriptor, from, to| Edit { phase: 1, descriptor, histogram: Histogram { from, to, weights: vec![1.0] } };
    let edits =
        vec![bin(Descriptor::Aspect, 1.9, 2.1), bin(Descriptor::Angle, 0.7, 0.9), bin(Descriptor::Area, 9.9, 10.0)];
    let settings = Descriptors { edits, ..Descriptors::default() };
    let made = phases(&original, &of(Method::Descriptors(settings)), 6);
    assert_eq!(made.counts(), map.counts());
    // Ellipses that overlap or that the edge cuts are measured as other shapes; most stand alone and have the largest area.
    let mut all = particles(&made, 1, true, "Phase 1").expect("particles");
    all.sort_by(|a, b| b.area.total_cmp(&a.area));
    let alone: Vec<&Particle> = all.iter().filter(|p| p.area > 0.85 * all[0].area).collect();
    let sum = |particles: &[&Particle], of: fn(&Particle) -> f64| particles.iter().map(|p| of(p)).sum::<f64>();
    assert!(sum(&alone, |p| p.area) > 0.4 * sum(&all.iter().collect::<Vec<_>>(), |p| p.area), "{alone:?}");
    let mean = |of: fn(&Particle) -> f64| sum(&alone, of) / alone.len() as f64;
    assert!((mean(|p| p.aspect) - 2.0).abs() < 0.3 && (mean(|p| p.angle) - 0.8).abs() < 0.1, "{alone:?}");
    // A histogram without weight is refused.
    let empty =
        Edit { histogram: Histogram { from: 0.0, to: 1.0, weights: vec![0.0] }, ..bin(Descriptor::Area, 0.0, 1.0) };
    let settings = of(Method::Descriptors(Descriptors { edits: vec![empty], ..Descriptors::default() }));
    assert!(settings.check((64, 64)).expect_err("refused").to_string().contains("a bin that is not empty"));
}

fn found_number(map: &PhaseMap) -> f64 {
    particles(map, 1, true, "Phase 1").expect("particles").len() as f64
}

#[test]
fn nearest_distances_are_those_of_all_pairs() {
    let centres: Vec<[f64; 2]> = (0..40).map(|n| [(n * 37 % 101) as f64, (n * 53 % 97) as f64]).collect();
    let all = nearest_distances(&centres);
    for (n, a) in centres.iter().enumerate() {
        let others = centres.iter().enumerate().filter(|(m, _)| *m != n);
        let least = others.map(|(_, b)| (a[0] - b[0]).hypot(a[1] - b[1])).fold(f64::INFINITY, f64::min);
        assert!((all[n] - least).abs() < 1e-12);
    }
    assert!(nearest_distances(&centres[..1]).is_empty());
}
