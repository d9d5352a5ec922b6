//! The further statistics against cases that can be worked out, and against slow but plain counting.

use std::f64::consts::PI;

use microwright::micrograph::PhaseMap;
use microwright::stats::{
    Boundary, COLUMNS, Components, Correlation, Indicator, Interval, ROWS, chord_lengths, cluster_function,
    interface_length, largest_discs, lineal_path, local_variance, mean_chord, mean_pore_size, measure, pore_sizes,
    power_spectrum, specific_surface, squared_distances,
};
use microwright::synth;
use ndarray::{Array2, Array3, Axis, s};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

struct Picture {
    inside: Array2<bool>,
}

impl Picture {
    fn new(height: usize, width: usize, inside: impl Fn(usize, usize) -> bool) -> Self {
        Self { inside: Array2::from_shape_fn((height, width), |(y, x)| inside(y, x)) }
    }

    fn random(height: usize, width: usize, share: f64, seed: u64) -> Self {
        let mut random = Pcg64::seed_from_u64(seed);
        Self { inside: Array2::from_shape_simple_fn((height, width), || random.random::<f64>() < share) }
    }

    /// Overlapping discs of radius `radius` at a Poisson process of places; the inside is what they leave free.
    fn free_of_discs(size: usize, radius: f64, count: usize, random: &mut Pcg64) -> Self {
        let mut inside = Array2::from_elem((size, size), true);
        for _ in 0..count {
            let (cy, cx) = (random.random::<f64>() * size as f64, random.random::<f64>() * size as f64);
            let reach = radius.ceil() as isize + 1;
            for dy in -reach..=reach {
                for dx in -reach..=reach {
                    let (y, x) = (cy.floor() as isize + dy, cx.floor() as isize + dx);
                    if (y as f64 - cy).hypot(x as f64 - cx) <= radius {
                        let at = [y, x].map(|v| v.rem_euclid(size as isize) as usize);
                        inside[at] = false;
                    }
                }
            }
        }
        Self { inside }
    }

    fn phase(&self) -> Indicator<'_> {
        self.inside.view()
    }

    fn share(&self) -> f64 {
        self.inside.iter().filter(|i| **i).count() as f64 / self.inside.len() as f64
    }
}

fn mean_of(pictures: &[Picture], curve: impl Fn(&Picture) -> Vec<f64>) -> Vec<f64> {
    let curves: Vec<_> = pictures.iter().map(curve).collect();
    (0..curves[0].len()).map(|r| curves.iter().map(|c| c[r]).sum::<f64>() / curves.len() as f64).collect()
}

/// Torquato, Random Heterogeneous Materials, 2002: the phase free of overlapping discs has φ = exp(−η),
/// L(r) = exp(−η (1 + 2r/πR)) and S2(r) = exp(−η v₂(r)/v₁), v₂ the area of the union of two discs at a distance r.
#[test]
fn overlapping_discs_have_their_known_functions() {
    const SIZE: usize = 512;
    let (radius, density): (f64, f64) = (14.0, 0.7);
    let mut random = Pcg64::seed_from_u64(3);
    let count = (density * (SIZE * SIZE) as f64 / (PI * radius * radius)).round() as usize;
    let pictures: Vec<_> = (0..24).map(|_| Picture::free_of_discs(SIZE, radius, count, &mut random)).collect();
    let eta = count as f64 * PI * radius * radius / (SIZE * SIZE) as f64;
    let s2 = mean_of(&pictures, |p| Correlation::two_point(&p.phase(), Boundary::Periodic).radial());
    let path = mean_of(&pictures, |p| lineal_path(&p.phase(), ROWS, Boundary::Periodic));
    let union = |r: f64| {
        if r >= 2.0 * radius {
            return 2.0;
        }
        let x = r / (2.0 * radius);
        1.0 + 2.0 / PI * (x.asin() + x * (1.0 - x * x).sqrt())
    };
    for r in [0usize, 3, 8, 15, 25, 40] {
        let wanted = (-eta * union(r as f64)).exp();
        assert!((s2[r] - wanted).abs() < 0.008, "S2({r}) is {} instead of {wanted}", s2[r]);
        let wanted = (-eta * (1.0 + 2.0 * r as f64 / (PI * radius))).exp();
        assert!((path[r] - wanted).abs() < 0.008, "L({r}) is {} instead of {wanted}", path[r]);
    }
    // Interface: circumferences that no other disc covers.
    let length = eta / (PI * radius * radius) * 2.0 * PI * radius * (-eta).exp();
    let mean = |value: &dyn Fn(&Picture) -> f64| pictures.iter().map(value).sum::<f64>() / pictures.len() as f64;
    let surface = mean(&|p| specific_surface(&p.phase(), Boundary::Periodic));
    let crofton = mean(&|p| interface_length(&p.phase(), Boundary::Periodic) / (SIZE * SIZE) as f64);
    assert!((surface / length - 1.0).abs() < 0.04, "{surface} instead of {length}");
    assert!((crofton / length - 1.0).abs() < 0.04, "{crofton} instead of {length}");
}

/// Of many pictures of one material, as many intervals hold its true fraction as their name says.
#[test]
fn confidence_intervals_hold_the_true_fraction_as_often_as_they_should() {
    // Of the smaller pictures, which hold few independent areas, less is told.
    let cases = [(192, 6.0, 0.5, 178..=198, 0.85..1.2), (112, 5.0, 0.5, 172..=200, 0.8..1.2)];
    for (size, radius, density, wanted, ratio) in cases {
        let (held, told, spread) = intervals_of_discs(size, radius, density);
        assert!(ratio.contains(&(told / spread)), "{size}: told {told}, found {spread}");
        assert!(wanted.contains(&held), "{size}: {held} of 200");
    }
}

/// Of 200 pictures of what overlapping discs leave free: how many intervals hold the true fraction, the mean standard error
/// told, and the one found.
fn intervals_of_discs(size: usize, radius: f64, density: f64) -> (usize, f64, f64) {
    const PICTURES: usize = 200;
    let mut random = Pcg64::seed_from_u64(11);
    let mean_count = density * (size * size) as f64 / (PI * radius * radius);
    let (mut held, mut fractions, mut errors) = (0, vec![], vec![]);
    for _ in 0..PICTURES {
        // A Poisson number of discs, by its exponential gaps.
        let (mut count, mut sum) = (0, -(1.0 - random.random::<f64>()).ln());
        while sum < mean_count {
            count += 1;
            sum -= (1.0 - random.random::<f64>()).ln();
        }
        let picture = Picture::free_of_discs(size, radius, count, &mut random);
        let interval = Interval::of(&Correlation::two_point(&picture.phase(), Boundary::Periodic));
        held += usize::from((interval.volume_fraction - (-density).exp()).abs() <= interval.half_width());
        fractions.push(interval.volume_fraction);
        errors.push(interval.standard_error);
        assert!(interval.can_be_trusted(), "{interval:?}");
    }
    let mean = fractions.iter().sum::<f64>() / PICTURES as f64;
    let spread = (fractions.iter().map(|f| (f - mean).powi(2)).sum::<f64>() / PICTURES as f64).sqrt();
    (held, errors.iter().sum::<f64>() / PICTURES as f64, spread)
}

/// The same where the covariance oscillates, so that its lobes cancel: parts of large pictures.
#[test]
fn intervals_of_oscillating_materials_are_as_wide_as_their_spread() {
    const SIZE: usize = 192;
    for (wavelength, share) in [(9.0, 0.4), (20.0, 0.4), (14.0, 0.15)] {
        let mut intervals = vec![];
        for seed in 0..4 {
            let whole = synth::bicontinuous(5 * SIZE, share, wavelength, seed);
            let part =
                |k: usize| whole.labels.slice(s![k / 5 * SIZE..(k / 5 + 1) * SIZE, k % 5 * SIZE..(k % 5 + 1) * SIZE]);
            let interval = |k: usize| {
                let inside = part(k).mapv(|label| label == 1);
                Interval::of(&Correlation::two_point(&inside.view(), Boundary::Periodic))
            };
            intervals.extend((0..25).map(interval));
        }
        let n = intervals.len() as f64;
        let spread = (intervals.iter().map(|i| (i.volume_fraction - share).powi(2)).sum::<f64>() / n).sqrt();
        let told = intervals.iter().map(|i| i.standard_error).sum::<f64>() / n;
        let held = intervals.iter().filter(|i| (i.volume_fraction - share).abs() <= i.half_width()).count();
        assert!((0.85..1.25).contains(&(told / spread)), "{wavelength}: told {told}, found {spread}");
        assert!((86..=100).contains(&held), "{wavelength}: {held} of 100");
        assert!(intervals.iter().all(Interval::can_be_trusted));
    }
}

#[test]
fn an_interval_reads_as_people_write_it() {
    let interval =
        Interval { volume_fraction: 0.13927, standard_error: 0.0042, integral_range: 50.0, independent_areas: 90.0 };
    assert_eq!(interval.to_string(), "13.93 ± 0.82 %");
}

#[test]
fn distances_are_those_that_counting_finds() {
    for (height, width, seed) in [(23, 31, 1), (16, 9, 2), (1, 12, 3)] {
        let picture = Picture::random(height, width, 0.9, seed);
        for boundary in [Boundary::Open, Boundary::Periodic] {
            let found = squared_distances(&picture.phase(), boundary);
            for y in 0..height {
                for x in 0..width {
                    let gap = |a: usize, b: usize, size: usize| {
                        let d = a.abs_diff(b);
                        if boundary == Boundary::Periodic { d.min(size - d) } else { d }
                    };
                    let nearest = (0..height * width)
                        .filter(|at| !picture.inside[[at / width, at % width]])
                        .map(|at| gap(at / width, y, height).pow(2) + gap(at % width, x, width).pow(2))
                        .min();
                    assert_eq!(found[[y, x]], nearest.expect("something outside") as f32, "{y} {x} {boundary:?}");
                }
            }
        }
    }
    let full = Picture::new(4, 4, |_, _| true);
    assert!(squared_distances(&full.phase(), Boundary::Open).iter().all(|d| d.is_infinite()));
}

#[test]
fn largest_discs_are_those_that_drawing_all_of_them_finds() {
    for (size, seed) in [(29, 4), (24, 5)] {
        let mut random = Pcg64::seed_from_u64(seed);
        let picture = Picture::free_of_discs(size, 3.0, 8, &mut random);
        for boundary in [Boundary::Open, Boundary::Periodic] {
            let squared = squared_distances(&picture.phase(), boundary);
            let found = largest_discs(&picture.phase(), boundary);
            for at in 0..size * size {
                let gap = |a: usize, b: usize| {
                    let d = a.abs_diff(b);
                    if boundary == Boundary::Periodic { d.min(size - d) } else { d }
                };
                let covers = |c: &usize| {
                    let d = gap(c / size, at / size).pow(2) + gap(c % size, at % size).pow(2);
                    (d as f32) < squared[[c / size, c % size]]
                };
                let wanted = (0..size * size).filter(covers).map(|c| squared[[c / size, c % size]].sqrt());
                let wanted = wanted.fold(0.0, f32::max);
                assert_eq!(found[[at / size, at % size]], wanted, "{at} {boundary:?}");
            }
        }
    }
}

#[test]
fn a_single_disc_has_the_pores_surface_and_components_of_a_disc() {
    let disc = Picture::new(101, 101, |y, x| (y as f64 - 50.0).hypot(x as f64 - 50.0) < 30.0);
    let above = pore_sizes(&largest_discs(&disc.phase(), Boundary::Open));
    // Nearly all of it is covered by the one disc of radius 30.
    assert_eq!(above.len(), 31);
    assert!(above[29] > 0.99 && above[30] == 0.0, "{above:?}");
    let length = interface_length(&disc.phase(), Boundary::Open);
    assert!((length / (2.0 * PI * 30.0) - 1.0).abs() < 0.02, "{length}");
    let components = Components::of(&disc.phase(), false, Boundary::Open);
    assert_eq!(components.sizes.len(), 1);
    assert!(!components.percolates_x && !components.percolates_y);
    // One component: the cluster function is S2.
    let cluster = cluster_function(&disc.phase(), &components, Boundary::Open).radial();
    assert_eq!(cluster, Correlation::two_point(&disc.phase(), Boundary::Open).radial());
    // Mean chord of a disc: πR/2.
    let mean = mean_chord(&chord_lengths(&disc.phase(), Boundary::Open));
    assert!((mean / (PI * 15.0) - 1.0).abs() < 0.03, "{mean}");
}

/// The interface between a phase and the rest belongs to both, whatever lies beyond the edges.
#[test]
fn a_phase_and_the_rest_have_the_same_specific_surface() {
    let disc = |y: usize, x: usize| (y as f64 - 127.5).hypot(x as f64 - 127.5) < 60.0;
    let phases = [Picture::new(256, 256, disc), Picture::new(256, 256, |y, x| !disc(y, x))];
    let truth = 2.0 * PI * 60.0 / (256.0 * 256.0);
    for boundary in [Boundary::Open, Boundary::Periodic] {
        let found = phases.each_ref().map(|picture| specific_surface(&picture.phase(), boundary));
        assert_eq!(found[0], found[1], "{boundary:?}");
        assert!((found[0] / truth - 1.0).abs() < 0.02, "{} instead of {truth}, {boundary:?}", found[0]);
    }
    // Stripes of one pixel that touch the edges: all neighbours in a row are unlike, and none in a column.
    let stripes = Picture::new(8, 8, |_, x| x % 2 == 0);
    assert_eq!(specific_surface(&stripes.phase(), Boundary::Open), PI / 4.0);
}

/// A mean of radii is that of the exact radii, and not of radii rounded to whole pixels.
#[test]
fn the_mean_pore_radius_is_the_mean_of_exact_radii() {
    // A slit of 7 pixels and one of 1: radii 4 and 1, by the definition of a radius.
    let slits = Picture::new(20, 20, |_, x| (2..9).contains(&x) || x == 12);
    let mean = mean_pore_size(&largest_discs(&slits.phase(), Boundary::Open));
    assert_eq!(mean, (7.0 * 4.0 + 1.0) / 8.0);
    // The nearest centre outside the disc of radius 20.02 is √401 = 20.025 px away.
    let disc = Picture::new(61, 61, |y, x| (y as f64 - 30.0).hypot(x as f64 - 30.0) <= 20.02);
    let radii = largest_discs(&disc.phase(), Boundary::Open);
    assert_eq!(radii[[30, 30]], 401f32.sqrt());
    let mean = mean_pore_size(&radii);
    assert!((19.8..=20.03).contains(&mean), "{mean}");
    let none = Picture::new(4, 4, |_, _| false);
    assert!(mean_pore_size(&largest_discs(&none.phase(), Boundary::Open)).is_nan());
}

#[test]
fn stripes_and_checkerboards_are_what_they_are() {
    // Columns of width 4 with gaps of 4.
    let stripes = Picture::new(32, 32, |_, x| x % 8 < 4);
    let phase = stripes.phase();
    let components = Components::of(&phase, false, Boundary::Open);
    assert_eq!(components.sizes, vec![128; 4]);
    assert_eq!((components.percolates_x, components.percolates_y), (false, true));
    let mut chords = vec![0; 5];
    chords[4] = 4 * 32;
    // Along columns every chord is endless; along rows the first touches the edge of the open picture.
    assert_eq!(chord_lengths(&phase, Boundary::Periodic), chords);
    chords[4] = 3 * 32;
    assert_eq!(chord_lengths(&phase, Boundary::Open), chords);
    let two_point = Correlation::two_point(&phase, Boundary::Periodic);
    assert_eq!(two_point.along(ROWS)[..5], [0.5, 0.375, 0.25, 0.125, 0.0]);
    assert_eq!(two_point.along(COLUMNS), vec![0.5; 16]);
    // The line of the spectrum at one cycle in 8 pixels holds what there is.
    let spectrum = power_spectrum(&phase);
    let strongest = spectrum.iter().max_by(|a, b| a.1.total_cmp(&b.1)).expect("frequencies");
    assert_eq!(strongest.0, 1.0 / 8.0);
    // Windows of one period always hold half of it.
    let variance = local_variance(&phase, Boundary::Periodic);
    assert_eq!(variance[0], (1, 0.25));
    assert!(variance.iter().any(|(edge, v)| *edge == 8 && *v == 0.0), "{variance:?}");

    let board = Picture::new(16, 16, |y, x| (y + x) % 2 == 0);
    let edges = Components::of(&board.phase(), false, Boundary::Open);
    assert_eq!((edges.sizes.len(), edges.percolates_x), (128, false));
    let corners = Components::of(&board.phase(), true, Boundary::Open);
    assert_eq!((corners.sizes.len(), corners.percolates_x, corners.percolates_y), (1, true, true));
    let alone = cluster_function(&board.phase(), &edges, Boundary::Periodic).radial();
    assert_eq!(alone[0], 0.5);
    assert!(alone[1..].iter().all(|c| *c == 0.0), "{alone:?}");
}

#[test]
fn cluster_functions_are_those_that_counting_finds() {
    for (size, share) in [(17, 0.55), (40, 0.62)] {
        let picture = Picture::random(size, size, share, 9);
        for boundary in [Boundary::Open, Boundary::Periodic] {
            let components = Components::of(&picture.phase(), false, boundary);
            assert!(size < 40 || components.sizes.iter().any(|n| *n > 200), "the FFT is tried too");
            let found = cluster_function(&picture.phase(), &components, boundary);
            for (dy, dx) in [(0isize, 0isize), (0, 1), (3, 0), (2, -3), (5, 5)] {
                let (mut pairs, mut places) = (0, 0);
                for at in 0..size * size {
                    let (mut y, mut x) = ((at / size) as isize + dy, (at % size) as isize + dx);
                    if boundary == Boundary::Periodic {
                        (y, x) = (y.rem_euclid(size as isize), x.rem_euclid(size as isize));
                    }
                    if y < 0 || x < 0 || y >= size as isize || x >= size as isize {
                        continue;
                    }
                    places += 1;
                    let other = components.labels[[y as usize, x as usize]];
                    pairs += usize::from(other > 0 && other == components.labels[[at / size, at % size]]);
                }
                let wanted = f64::from(pairs as u32) / f64::from(places);
                assert!((found.at([dy, dx]) - wanted).abs() < 1e-12, "{dy} {dx} {boundary:?}");
            }
        }
    }
}

/// A disc has a circularity of 1, a bar of 4 : 1 one of 4π · 4/10² = 0.503; what an edge cuts is left out.
#[test]
fn circularities_are_those_of_the_shapes() {
    let disc = |y: f64, x: f64| (y - 30.0).hypot(x - 30.0) <= 20.0;
    let bar = |y: f64, x: f64| (60.0..70.0).contains(&y) && (20.0..60.0).contains(&x);
    let cut = |y: f64, x: f64| y >= 90.0 && x < 30.0;
    let picture = Picture::new(100, 100, |y, x| {
        let (y, x) = (y as f64, x as f64);
        disc(y, x) || bar(y, x) || cut(y, x)
    });
    let found = Components::of(&picture.phase(), false, Boundary::Open).circularities();
    assert_eq!(found.len(), 2);
    assert!(found[0] > 0.95 && found[0] <= 1.0, "{found:?}");
    // Four directions make the length of an upright bar 6 % too short.
    assert!((found[1] / 0.503 - 1.0).abs() < 0.16, "{found:?}");
}

#[test]
fn components_meet_over_the_edge_of_a_periodic_picture() {
    let ends = Picture::new(4, 10, |y, x| y == 1 && !(2..=7).contains(&x));
    assert_eq!(Components::of(&ends.phase(), false, Boundary::Open).sizes, vec![2, 2]);
    assert_eq!(Components::of(&ends.phase(), false, Boundary::Periodic).sizes, vec![4]);
}

#[test]
fn the_spectrum_and_the_smallest_window_hold_the_variance() {
    let picture = Picture::random(64, 64, 0.3, 21);
    let phi = picture.share();
    let variance = local_variance(&picture.phase(), Boundary::Open);
    assert!((variance[0].1 - phi * (1.0 - phi)).abs() < 1e-12);
    // White noise: the same power everywhere, which is the variance.
    let spectrum = power_spectrum(&picture.phase());
    let mean = spectrum[4..].iter().map(|s| s.1).sum::<f64>() / (spectrum.len() - 4) as f64;
    assert!((mean / (phi * (1.0 - phi)) - 1.0).abs() < 0.05, "{mean}");
}

#[test]
fn everything_together_survives_pictures_without_anything() {
    for (labels, phases) in [(vec![0u8; 16], 2), (vec![1; 16], 2), (vec![0; 1], 2)] {
        let edge = (labels.len() as f64).sqrt() as usize;
        let map = PhaseMap::new((edge, edge), labels, phases);
        for boundary in [Boundary::Open, Boundary::Periodic] {
            let all = measure(&map, 1, boundary);
            assert_eq!(all.fraction.volume_fraction, f64::from(map.flat()[0]));
            assert_eq!(all.interface_length, 0.0);
        }
    }
}

/// A volume as planes, rows and columns.
fn random_volume(share: f64) -> Array3<bool> {
    let mut random = Pcg64::seed_from_u64(31);
    Array3::from_shape_simple_fn((9, 12, 10), || random.random::<f64>() < share)
}

#[test]
fn distances_in_a_volume_are_those_that_counting_finds() {
    let volume = random_volume(0.97);
    for boundary in [Boundary::Open, Boundary::Periodic] {
        let found = squared_distances(&volume.view(), boundary);
        for (place, squared) in found.indexed_iter() {
            let gap = |a: usize, b: usize, size: usize| {
                let d = a.abs_diff(b);
                if boundary == Boundary::Periodic { d.min(size - d).pow(2) } else { d.pow(2) }
            };
            let outside = volume.indexed_iter().filter(|(_, inside)| !**inside);
            let to =
                |at: (usize, usize, usize)| gap(at.0, place.0, 9) + gap(at.1, place.1, 12) + gap(at.2, place.2, 10);
            let nearest = outside.map(|(at, _)| to(at)).min().expect("something outside");
            assert_eq!(*squared, nearest as f32, "{place:?} {boundary:?}");
        }
    }
}

#[test]
fn pairs_and_segments_in_a_volume_are_those_that_counting_finds() {
    let volume = random_volume(0.6);
    for boundary in [Boundary::Open, Boundary::Periodic] {
        let two_point = Correlation::two_point(&volume.view(), boundary);
        for displacement in [[0isize, 0, 0], [1, 0, 0], [0, -3, 2], [2, 3, -1]] {
            let (mut pairs, mut places) = (0, 0);
            for ((z, y, x), inside) in volume.indexed_iter() {
                let [dz, dy, dx] = displacement;
                let moved = [z as isize + dz, y as isize + dy, x as isize + dx];
                let around = [moved[0].rem_euclid(9), moved[1].rem_euclid(12), moved[2].rem_euclid(10)];
                if boundary == Boundary::Open && moved != around {
                    continue;
                }
                places += 1;
                pairs += i32::from(*inside && volume[around.map(|v| v as usize)]);
            }
            let wanted = f64::from(pairs) / f64::from(places);
            assert!((two_point.at(displacement) - wanted).abs() < 1e-12, "{displacement:?} {boundary:?}");
        }
        let share = volume.iter().filter(|inside| **inside).count() as f64 / volume.len() as f64;
        assert!((two_point.radial()[0] - share).abs() < 1e-12);
    }
    for axis in 0..3 {
        let path = lineal_path(&volume.view(), Axis(axis), Boundary::Open);
        let (mut pairs, mut places) = (0, 0);
        for lane in volume.lanes(Axis(axis)) {
            places += lane.len() - 1;
            pairs += (1..lane.len()).filter(|k| lane[k - 1] && lane[*k]).count();
        }
        assert!((path[1] - pairs as f64 / places as f64).abs() < 1e-12, "axis {axis}");
    }
}

#[test]
fn a_volume_of_equal_planes_has_the_curves_of_its_plane() {
    let picture = Picture::random(12, 12, 0.5, 8);
    let volume = Array3::from_shape_fn((12, 12, 12), |(_, y, x)| picture.inside[[y, x]]);
    assert_eq!(volume.slice(s![3, .., ..]), picture.inside);
    let along = |axis: usize| lineal_path(&volume.view(), Axis(axis), Boundary::Periodic);
    assert_eq!(along(0), vec![picture.share(); 6], "no segment across the planes ends");
    assert_eq!(along(1), lineal_path(&picture.phase(), COLUMNS, Boundary::Periodic));
    assert_eq!(along(2), lineal_path(&picture.phase(), ROWS, Boundary::Periodic));
}
