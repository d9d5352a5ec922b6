//! Properties against golden values, analytic solutions and a second discretisation.

mod common;
#[path = "common/elements.rs"]
mod elements;

use common::reference;
use elements::{elastic_elements, finite_elements};
use microwright::micrograph::PhaseMap;
use microwright::property::{
    Accuracy, Cell, Dimension, Moduli, Properties, Property, PropertySet, ThreePoint, Wanted, conduction, elasticity,
    evaluate, flow, hashin_shtrikman, hashin_shtrikman_moduli, material, moduli_of_tensor, strong_contrast,
    strong_contrast_moduli, three_point_bounds, three_point_moduli,
};
use microwright::synth;
use ndarray::Array2;

const FINE: Accuracy = Accuracy { tolerance: 1e-8, iterations: 20_000 };

fn shape(map: &Array2<u8>) -> [usize; 3] {
    [1, map.nrows(), map.ncols()]
}

fn conductivity(map: &Array2<u8>, values: &[f64]) -> [[f64; 2]; 2] {
    let labels: Vec<u8> = map.iter().copied().collect();
    let found = conduction(&labels, shape(map), values, FINE, &|_, _| true).expect("a conductivity").tensor;
    [[found[0][0], found[0][1]], [found[1][0], found[1][1]]]
}

fn stiffness(map: &Array2<u8>, values: &[Moduli]) -> Vec<Vec<f64>> {
    let labels: Vec<u8> = map.iter().copied().collect();
    elasticity(&labels, shape(map), values, false, FINE, &|_, _| true).expect("a stiffness").stiffness
}

/// Discs of volume fraction `f` at the corners of a square array: one in the middle of the cell.
fn disc(size: usize, f: f64) -> Array2<u8> {
    let middle = (size as f64 - 1.0) / 2.0;
    let radius = size as f64 * (f / std::f64::consts::PI).sqrt();
    Array2::from_shape_fn((size, size), |(y, x)| u8::from((y as f64 - middle).hypot(x as f64 - middle) < radius))
}

/// Phases at random, some pixels wide.
fn random_map(size: usize, fraction: f64, seed: u64) -> Array2<u8> {
    let map = synth::bicontinuous(size, fraction, size as f64 / 5.0, seed);
    map.labels.clone()
}

fn close(found: f64, wanted: f64, tolerance: f64, what: &str) {
    assert!((found - wanted).abs() <= tolerance * wanted.abs(), "{what}: {found}, not {wanted}");
}

#[test]
fn closeness_can_fail() {
    assert!(std::panic::catch_unwind(|| close(1.01, 1.0, 1e-3, "a number")).is_err());
}

#[test]
fn laminates_are_exact_and_the_checkerboard_converges() {
    let laminate = Array2::from_shape_fn((16, 64), |(_, x)| u8::from(x / 8 % 2 == 1));
    for k in [10.0, 0.1, 0.001] {
        let found = conductivity(&laminate, &[1.0, k]);
        close(found[0][0], 2.0 / (1.0 + 1.0 / k), 1e-9, "across");
        close(found[1][1], 0.5 * (1.0 + k), 1e-9, "along");
    }
    // Twice the pixels halve the error of a checkerboard at least.
    let board = |size: usize| {
        let map = Array2::from_shape_fn((size, size), |(y, x)| u8::from((2 * y / size + 2 * x / size) % 2 == 1));
        conductivity(&map, &[1.0, 10.0])[0][0] / 10f64.sqrt() - 1.0
    };
    let errors = [16, 64, 256].map(board);
    assert!(errors[2] < 0.005 && errors.is_sorted_by(|a, b| *a > 2.0 * b), "{errors:?}");
}

#[test]
fn kellers_duality_holds_in_the_limit() {
    let map = random_map(128, 0.4, 3);
    let (one, turned) = (conductivity(&map, &[1.0, 5.0]), conductivity(&map, &[5.0, 1.0]));
    // σ(k₁, k₂) turned by 90° is k₁ k₂ σ⁻¹ of the exchanged phases.
    let determinant = turned[0][0] * turned[1][1] - turned[0][1] * turned[1][0];
    close(one[0][0], 5.0 * turned[0][0] / determinant, 0.01, "xx");
    close(one[1][1], 5.0 * turned[1][1] / determinant, 0.01, "yy");
    let bounds = hashin_shtrikman(&[(0.6, 1.0), (0.4, 5.0)], Dimension::Plane);
    assert!(bounds.lower < one[0][0] && one[0][0] < bounds.upper);
}

#[test]
fn discs_conduct_as_theory_says() {
    // A square array of discs that insulate, conduct ten times better, or perfectly; in the limit of fine pixels.
    for (f, wanted) in [
        (0.1, [0.818177, 1.178222, 1.222230]),
        (0.3, [0.537580, 1.652036, 1.860188]),
        (0.5, [0.324654, 2.415467, 3.080198]),
        (0.7, [0.134540, 4.061707, 7.432706]),
    ] {
        for (k, wanted) in [0.0, 10.0, 1e6].into_iter().zip(wanted) {
            let error = |n: usize| conductivity(&disc(n, f), &[1.0, k])[0][0] / wanted - 1.0;
            let errors = [96, 384].map(error);
            // The staircase is a pixel wide.
            assert!(errors[0].abs() < 0.04 && errors[1].abs() < 0.01, "f = {f}, k = {k}: {errors:?}");
        }
    }
}

#[test]
fn hills_moduli_are_exact() {
    // With one shear modulus, 1/(K + G) is the mean of its values in any structure.
    // An odd edge: an even one has a wave, chequered by pixels, that the scheme cannot see.
    let map = random_map(95, 0.4, 5);
    let phases = [Moduli { bulk: 8.0, shear: 1.5 }, Moduli { bulk: 2.0, shear: 1.5 }];
    let fraction = map.iter().filter(|l| **l == 1).count() as f64 / map.len() as f64;
    let wanted = 1.0 / ((1.0 - fraction) / 9.5 + fraction / 3.5) - 1.5;
    let found = moduli_of_tensor(&stiffness(&map, &phases));
    close(found.bulk, wanted, 1e-6, "K");
    close(found.shear, 1.5, 1e-9, "G");
}

#[test]
fn discs_are_as_stiff_as_theory_says() {
    let of = |young: f64| Moduli::of_young(young, 0.3).plane_strain();
    let found = stiffness(&disc(256, 0.3), &[of(1.0), of(10.0)]);
    for (value, wanted) in [(found[0][0], 2.076), (found[0][1], 0.793), (found[2][2], 0.557)] {
        assert!((value - wanted).abs() < 0.0011, "{value}, not {wanted}");
    }
    close(found[0][0], found[1][1], 1e-6, "a square array");
}

#[test]
fn moduli_lie_between_the_bounds() {
    let map = random_map(96, 0.4, 7);
    let pair = [Moduli { bulk: 1.0, shear: 0.4 }, Moduli { bulk: 12.0, shear: 7.0 }];
    let three = ThreePoint::of_plane(&map.mapv(|l| l == 1).view()).expect("two phases");
    let found = moduli_of_tensor(&stiffness(&map, &pair));
    let near = three_point_moduli(pair, three, Dimension::Plane);
    let phases = [(1.0 - three.fraction, pair[0]), (three.fraction, pair[1])];
    let wide = hashin_shtrikman_moduli(&phases, Dimension::Plane);
    assert!(near.bulk.lower < found.bulk && found.bulk < near.bulk.upper, "{found:?} {near:?}");
    assert!(near.shear.lower < found.shear && found.shear < near.shear.upper, "{found:?} {near:?}");
    assert!(wide.bulk.lower < near.bulk.lower && near.bulk.upper < wide.bulk.upper);
    assert!(wide.shear.lower < near.shear.lower && near.shear.upper < wide.shear.upper);
}

#[test]
fn estimates_are_exact_to_third_order_in_the_contrast() {
    // Of values 1 ± ε, what the estimate misses is of fourth order.
    let map = random_map(64, 0.35, 9);
    let three = ThreePoint::of_plane(&map.mapv(|l| l == 1).view()).expect("two phases");
    let error = |contrast: f64| {
        let found = conductivity(&map, &[1.0, 1.0 + contrast]);
        let estimate = strong_contrast([1.0, 1.0 + contrast], three, Dimension::Plane);
        0.5 * (found[0][0] + found[1][1]) - estimate
    };
    let moduli_error = |contrast: f64| {
        let pair = [Moduli { bulk: 2.0, shear: 1.0 }, Moduli { bulk: 2.0 + 3.0 * contrast, shear: 1.0 + contrast }];
        let found = moduli_of_tensor(&stiffness(&map, &pair));
        let estimate = strong_contrast_moduli(pair, three, Dimension::Plane);
        found.shear - estimate.shear
    };
    // The grid's own rotated differences add an error of second order in the contrast that is small.
    assert!(error(0.5).abs() < 3e-4, "{}", error(0.5));
    assert!(moduli_error(0.5).abs() < 1e-3, "{}", moduli_error(0.5));
}

#[test]
fn the_rotated_scheme_is_that_of_finite_elements() {
    let map = random_map(32, 0.4, 11);
    for values in [[1.0, 20.0], [1.0, 0.0]] {
        let found = conductivity(&map, &values)[0][0];
        close(finite_elements(&map, &values, &[0.5]), found, 1e-5, "one point of integration");
        let edge = 0.5 / 3f64.sqrt();
        let full = finite_elements(&map, &values, &[0.5 - edge, 0.5 + edge]);
        assert!(full > found && full < 1.2 * found, "four points: {full} and {found}");
    }
}

#[test]
fn the_rotated_scheme_of_elasticity_is_that_of_finite_elements() {
    let map = random_map(32, 0.4, 11);
    let hard = Moduli { bulk: 12.0, shear: 7.0 };
    for other in [Moduli { bulk: 1.0, shear: 0.4 }, Moduli { bulk: 0.0, shear: 0.0 }] {
        let pair = [hard, other];
        let found = stiffness(&map, &pair);
        let same = elastic_elements(&map, &pair, &[0.5]);
        let size = found[0][0];
        for at in 0..9 {
            let (a, b) = (at / 3, at % 3);
            assert!((found[a][b] - same[a][b]).abs() < 1e-5 * size, "{a}{b}: {found:?} and {same:?}");
        }
        let edge = 0.5 / 3f64.sqrt();
        let full = elastic_elements(&map, &pair, &[0.5 - edge, 0.5 + edge]);
        for a in 0..3 {
            // Four points are stiffer, the more so where ligaments between voids are a few pixels wide.
            let most = if other.bulk > 0.0 { 1.35 } else { 2.5 };
            assert!(full[a][a] > found[a][a] && full[a][a] < most * found[a][a], "{a}: {full:?} and {found:?}");
        }
    }
}

#[test]
fn volumes_are_solved_alike() {
    // A picture repeated through its thickness conducts and bears in its plane as the picture does.
    let map = random_map(16, 0.4, 13);
    let labels: Vec<u8> = (0..3).flat_map(|_| map.iter().copied()).collect();
    let flat = conductivity(&map, &[1.0, 8.0]);
    let found = conduction(&labels, [3, 16, 16], &[1.0, 8.0], FINE, &|_, _| true).expect("a tensor").tensor;
    close(found[0][0], flat[0][0], 1e-6, "xx");
    let fraction = map.iter().filter(|l| **l == 1).count() as f64 / 256.0;
    close(found[2][2], 1.0 + 7.0 * fraction, 1e-6, "along the fibres");
    let moduli = [Moduli { bulk: 2.0, shear: 1.0 }, Moduli { bulk: 9.0, shear: 5.0 }];
    let flat = stiffness(&map, &moduli.map(Moduli::plane_strain));
    let found = elasticity(&labels, [3, 16, 16], &moduli, false, FINE, &|_, _| true).expect("a tensor").stiffness;
    for (a, b) in [((0, 0), (0, 0)), ((0, 1), (0, 1)), ((5, 5), (2, 2))] {
        close(found[a.0][a.1], flat[b.0][b.1], 1e-5, "in the plane");
    }
}

#[test]
fn what_cannot_be_solved_is_said() {
    let map = random_map(32, 0.4, 3);
    let labels: Vec<u8> = map.iter().copied().collect();
    let refused = |values: &[f64], accuracy: Accuracy, go_on: bool| {
        conduction(&labels, shape(&map), values, accuracy, &|_, _| go_on).expect_err("no result").to_string()
    };
    assert!(refused(&[1.0, 1e12], FINE, true).contains("Enter 0"));
    assert!(refused(&[1.0, f64::NAN], FINE, true).contains("Phase 1"));
    assert!(refused(&[0.0, 0.0], FINE, true).contains("above 0"));
    assert!(refused(&[1.0, 50.0], FINE, false).contains("cancelled"));
    let short = Accuracy { iterations: 3, ..FINE };
    assert!(refused(&[1.0, 50.0], short, true).contains("after 3 iterations"));
}

#[test]
fn micrographs_have_their_golden_values() {
    let Some(folder) = reference() else { return };
    let text = std::fs::read_to_string(folder.join("reference/three_point_golden.json")).expect("golden values");
    let golden: serde_json::Value = serde_json::from_str(&text).expect("golden values");
    let number = |name: &str, key: &str| golden[name][key].as_f64().expect("a number");
    for name in ["carbonate", "ceramics", "copolymer"] {
        let file = microwright::micrograph::read(&folder.join(format!("data/li2018/{name}.npy"))).expect("a map");
        let map = Array2::from_shape_fn(file.size(), |at| u8::from(file.grey_at(at.0, at.1) == 1.0));
        let three = ThreePoint::of_plane(&map.mapv(|l| l == 1).view()).expect("two phases");
        close(three.zeta, number(name, "zeta2"), 1e-9, "zeta");
        close(three.eta, number(name, "eta2"), 1e-9, "eta");
        for k in ["10", "0.1", "0.001"] {
            // Rows first in the file.
            let tensor = &golden[name][format!("conductivity of phase 1 = {k}, phase 0 = 1")];
            let wanted = |a: usize, b: usize| tensor[a][b].as_f64().expect("a number");
            let k: f64 = k.parse().expect("a number");
            let found = conductivity(&map, &[1.0, k]);
            close(found[0][0], wanted(1, 1), 1e-7, "xx");
            close(found[1][1], wanted(0, 0), 1e-7, "yy");
            close(found[0][1], wanted(0, 1), 1e-4, "xy");
            let near = three_point_bounds([1.0, k], three, Dimension::Plane);
            let mean = 0.5 * (found[0][0] + found[1][1]);
            assert!(near.lower < mean && mean < near.upper, "{name}, {k}: {mean} {near:?}");
        }
    }
}

#[test]
fn patterns_have_known_parameters() {
    let board = Array2::from_shape_fn((128, 128), |(y, x)| (y / 8 + x / 8) % 2 == 1);
    let laminate = Array2::from_shape_fn((64, 64), |(_, x)| x / 8 % 2 == 1);
    for map in [board, laminate] {
        let found = ThreePoint::of_plane(&map.view()).expect("two phases");
        assert!((found.zeta - 0.5).abs() < 1e-12 && (found.eta - 0.5).abs() < 1e-12, "{found:?}");
        let other = ThreePoint::of_plane(&map.mapv(|i| !i).view()).expect("two phases");
        assert!((other.zeta - found.other().zeta).abs() < 1e-12);
    }
    assert_eq!(ThreePoint::of_plane(&Array2::from_elem((8, 8), true).view()), None);
    assert_eq!(ThreePoint::of_section(&Array2::from_elem((8, 8), false).view(), &|| true), None);
}

/// A section of spheres of one radius in pixels that overlap at random and leave the fraction 1 − φ₂.
fn section_of_spheres(size: usize, radius: f64, fraction: f64, seed: u64) -> Array2<bool> {
    let mut state = seed;
    let mut random = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    // Spheres whose middles lie within a radius of the section: so many that they cover the fraction.
    let volume = 4.0 / 3.0 * std::f64::consts::PI * radius.powi(3);
    let count = -(1.0 - fraction).ln() / volume * (size * size) as f64 * 2.0 * radius;
    let discs: Vec<[f64; 3]> = (0..count.round() as usize)
        .map(|_| {
            let z = radius * (2.0 * random() - 1.0);
            [random() * size as f64, random() * size as f64, (radius * radius - z * z).sqrt()]
        })
        .collect();
    let near = |a: f64, b: f64| {
        let d = (a - b).abs();
        d.min(size as f64 - d)
    };
    Array2::from_shape_fn((size, size), |(y, x)| {
        discs.iter().any(|[a, b, r]| near(y as f64, *a).powi(2) + near(x as f64, *b).powi(2) < r * r)
    })
}

#[test]
fn sections_of_spheres_have_the_parameters_of_spheres() {
    // Torquato, Random Heterogeneous Materials, table 23.1; pixels add about 0.2/R.
    for (fraction, wanted) in [(0.2, 0.114), (0.5, 0.290), (0.8, 0.483)] {
        let of = |seed: u64| {
            ThreePoint::of_section(&section_of_spheres(512, 16.0, fraction, seed).view(), &|| true)
                .expect("two phases")
                .zeta
        };
        let mean = (0..4).map(of).sum::<f64>() / 4.0;
        assert!(mean > wanted - 0.02 && mean < wanted + 0.035, "{fraction}: {mean}, not {wanted}");
    }
}

#[test]
fn cylinders_resist_flow_as_theory_says() {
    // A square array: L²/k over the fraction of cylinders (Sangani & Acrivos 1982).
    for (c, wanted) in [(0.1, 24.83), (0.2, 51.53), (0.3, 102.90), (0.4, 217.89), (0.5, 532.55)] {
        let n = 256;
        let pores: Vec<bool> = disc(n, c).iter().map(|l| *l == 0).collect();
        let k = flow(&pores, (n, n), &|_, _| true).expect("a flow").permeability;
        close((n * n) as f64 / k[0][0], wanted, 0.006, "L²/k");
        assert!((k[0][0] - k[1][1]).abs() < 1e-6 * k[0][0] && k[0][1].abs() < 1e-5 * k[0][0], "{k:?}");
    }
}

fn evaluated(map: &PhaseMap, materials: [&str; 2], wanted: &Wanted) -> Properties {
    let set = PropertySet::of(materials.map(|n| material(n).cloned().expect("a material")).to_vec());
    evaluate(map, None, &set, wanted, &|_, _| true).expect("properties")
}

fn number(found: &Properties, name: &str) -> f64 {
    let quantity = found.named(name).unwrap_or_else(|| panic!("no {name}: {:?}", found.quantities));
    quantity.best().unwrap_or_else(|| panic!("no number of {name}: {:?}", found.notes))
}

#[test]
fn stress_in_plane_strain_counts_what_holds_the_plane() {
    // Under a strain along x alone σxx = λ + 2μ and σyy = σzz = λ, so that von Mises' stress is 2μ = E/(1 + ν).
    let labels = [0u8; 16];
    let of = [Moduli::of_young(1.0, 0.3).plane_strain()];
    let found = elasticity(&labels, [1, 4, 4], &of, true, FINE, &|_, _| true).expect("a stiffness");
    close(found.von_mises(0, &labels, &[0.3])[5], 1.0 / 1.3, 1e-9, "von Mises");
}

#[test]
fn sealed_channels_flow_along_themselves_alone() {
    let labels = (0..24 * 24).map(|at| u8::from(at % 8 < 4)).collect();
    let map = PhaseMap::new((24, 24), labels, 2);
    for cell in [Cell::Sealed, Cell::Periodic] {
        let wanted = Wanted { properties: vec![Property::Permeability], cell, ..Wanted::default() };
        let found = evaluated(&map, ["Quartz", "Void"], &wanted);
        assert_eq!(number(&found, "Permeability along x"), 0.0, "{cell:?}");
        assert!(number(&found, "Permeability along y") > 0.3, "{cell:?}");
    }
    let conducts = Wanted { properties: vec![Property::Diffusivity], ..Wanted::default() };
    let found = evaluated(&map, ["Quartz", "Void"], &conducts);
    assert_eq!(found.named("Tortuosity factor along x").and_then(|q| q.field), Some(f64::INFINITY));
    close(number(&found, "Tortuosity factor along y"), 1.0, 1e-9, "straight channels");
}

#[test]
fn fields_have_the_means_that_the_numbers_say() {
    // Islands of phase 1 in phase 0: as voids they leave the solid whole, as grains the pores.
    let map = synth::discs(48, 0.25, 5);
    let mean = |found: &Properties, name: &str| {
        let field = found.fields.iter().find(|f| f.name == name).unwrap_or_else(|| panic!("no {name}"));
        field.values.iter().map(|v| f64::from(*v)).sum::<f64>() / field.values.len() as f64
    };
    for cell in [Cell::Periodic, Cell::Sealed] {
        let wanted = |property| Wanted { properties: vec![property], cell, ..Wanted::default() };
        let found = evaluated(&map, ["Quartz", "Void"], &wanted(Property::Elasticity));
        for (stress, component) in [
            ("Stress along x, strain along x of 1", "C11"),
            ("Stress along y, strain along y of 1", "C22"),
            ("Shear stress, shear strain of 1", "C66"),
        ] {
            close(mean(&found, stress), number(&found, component), 1e-3, stress);
        }
        let found = evaluated(&map, ["Void", "Quartz"], &wanted(Property::Permeability));
        for axis in ["x", "y"] {
            let field = format!("Velocity along {axis} × viscosity over pressure gradient, along {axis}");
            let wanted = number(&found, &format!("Permeability along {axis}"));
            assert!(wanted > 0.0);
            close(mean(&found, &field), wanted, 1e-3, &field);
        }
    }
}

#[test]
fn sections_of_sandstone_let_through() {
    let map = synth::sandstone(96, 0.2, 6.0, 3);
    let properties = vec![Property::Diffusivity, Property::Permeability, Property::Elasticity];
    let wanted = Wanted { properties, dimension: Dimension::Section, full_fields: false, ..Wanted::default() };
    let found = evaluated(&map, ["Quartz", "Void"], &wanted);
    let d = number(&found, "Diffusivity");
    assert!(d > 0.0 && d < 0.2, "{d}");
    assert!(number(&found, "Permeability, two-point") > number(&found, "Permeability"));
    let young = number(&found, "Young's modulus");
    assert!(young > 20.0 && young < 95.0, "{young}");
}

#[test]
fn light_says_when_orders_are_too_few() {
    let map = synth::bicontinuous(32, 0.4, 8.0, 1);
    let mut set =
        PropertySet::of(["Air", "Amorphous silicon"].map(|n| material(n).cloned().expect("a material")).to_vec());
    set.light.orders = 7;
    let wanted = Wanted { properties: vec![Property::Light], ..Wanted::default() };
    let found = evaluate(&map, None, &set, &wanted, &|_, _| true).expect("properties");
    let sum: f64 =
        ["Absorption", "Reflection", "Transmission"].iter().map(|n| number(&found, &format!("{n} at 600 nm"))).sum();
    close(sum, 1.0, 1e-8, "the sum");
    assert!(found.notes.iter().any(|n| n.contains("onverged at 600 nm")), "{:?}", found.notes);
    assert!(!found.notes.iter().any(|n| n.contains("too few")), "{:?}", found.notes);
    assert_eq!(found.fields.len(), 2);
    let [settling] = found.convergence.as_slice() else { panic!("{:?}", found.convergence) };
    assert_eq!(settling.points.iter().map(|(orders, _)| *orders).collect::<Vec<_>>(), [3, 5, 7]);
    assert_eq!(settling.points[2].1[0], number(&found, "Absorption at 600 nm"));
    set.light.pixel = 100.0;
    let found = evaluate(&map, None, &set, &wanted, &|_, _| true).expect("properties");
    assert!(found.notes.iter().any(|n| n.contains("too few")), "{:?}", found.notes);
    // A wavelength beyond the table, and a NaN, are refused in sentences.
    set.light.wavelengths = vec![2000.0];
    let found = evaluate(&map, None, &set, &wanted, &|_, _| true).expect("properties");
    assert!(
        found.quantities.is_empty() && found.notes.iter().any(|n| n.contains("2000 nm is outside")),
        "{:?}",
        found.notes
    );
}

#[test]
fn odd_maps_are_no_panic() {
    for (size, labels) in [
        ((1, 1), vec![0]),
        ((1, 7), vec![0, 1, 0, 1, 1, 0, 0]),
        ((5, 1), vec![1, 1, 0, 0, 1]),
        ((2, 2), vec![1, 1, 1, 1]),
    ] {
        let map = PhaseMap::new(size, labels, 2);
        for dimension in [Dimension::Plane, Dimension::Section] {
            for cell in [Cell::Periodic, Cell::Sealed] {
                let wanted = Wanted { properties: Property::ALL.to_vec(), dimension, cell, ..Wanted::default() };
                let found = evaluated(&map, ["Air", "Alumina"], &wanted);
                let numbers = found.quantities.iter().filter_map(|q| q.best());
                assert!(numbers.clone().all(|v| !v.is_nan()), "{size:?}: {:?}", found.quantities);
            }
        }
    }
}
