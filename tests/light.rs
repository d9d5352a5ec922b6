//! Light on layers against golden values.

use faer::c64;
use microwright::property::light::{
    Expansion, Factorisation, Layer, Light, Optics, Order, Polarisation, Stack, absorption_map, circle, rectangle,
    solve,
};

fn close(found: f64, wanted: f64, tolerance: f64, what: &str) {
    assert!((found - wanted).abs() <= tolerance, "{what}: {found}, not {wanted}");
}

fn solved(stack: &Stack, angle: f64, expansion: &Expansion) -> [Optics; 2] {
    let light = Light { wavelength: 1.0, angle, azimuth: 0.0 };
    let found = solve(stack, &light, expansion, &|_| true).expect("a solution").optics;
    for optics in &found {
        close(optics.reflection + optics.transmission + optics.absorbed(), 1.0, 1e-8, "the sum");
    }
    found
}

fn index(n: f64, k: f64) -> c64 {
    c64::new(n, k) * c64::new(n, k)
}

fn order(of: &[(Order, f64)], m: i32) -> f64 {
    of.iter().find(|(o, _)| *o == (m, 0)).map_or(0.0, |(_, share)| *share)
}

const AIR: c64 = c64::new(1.0, 0.0);

#[test]
fn a_slab_follows_fresnel() {
    let slab = |nm: f64| Layer::Uniform { permittivity: index(2.0, 0.1), thickness: nm / 600.0 };
    let stack = |layers| Stack { above: AIR, layers, below: AIR, periods: [1.2, 1.2] };
    let wanted = [
        (0.0, 0, [0.15743762, 0.26425188, 0.57831050]),
        (45.0, 0, [0.14049979, 0.22599326, 0.63350696]),
        (45.0, 1, [0.02682668, 0.30499264, 0.66818068]),
    ];
    for (angle, polarisation, [r, t, a]) in wanted {
        // In one piece, and in three.
        for layers in [vec![slab(500.0)], vec![slab(100.0), slab(0.0), slab(400.0)]] {
            let found = &solved(&stack(layers), angle, &Expansion::li(vec![(0, 0)]))[polarisation];
            close(found.reflection, r, 1e-8, "R");
            close(found.transmission, t, 1e-8, "T");
            close(found.absorbed(), a, 1e-8, "A");
        }
    }
}

/// Bars of half the period, along y or along x.
fn grating(index: c64, along_y: bool) -> Stack {
    let size = if along_y { (1, 2) } else { (2, 1) };
    let layer = Layer::Patterned { labels: vec![0, 1], size, permittivities: vec![AIR, index], thickness: 1.0 };
    Stack { above: AIR, layers: vec![layer], below: index, periods: [1.0, 1.0] }
}

#[test]
fn a_metal_grating_diffracts_as_published() {
    let stack = grating(index(0.22, 6.71), true);
    let [te, tm] = solved(&stack, 30.0, &Expansion::li(rectangle(120, 0)));
    close(order(&te.reflected, 0), 0.13168, 5e-5, "TE 0");
    close(order(&te.reflected, -1), 0.73430, 5e-5, "TE -1");
    close(order(&tm.reflected, 0), 0.84813, 2e-4, "TM 0");
    close(order(&tm.reflected, -1), 0.10151, 2e-4, "TM -1");
    assert!(te.absorption[0] > 0.0 && tm.absorption[0] > 0.0);
}

#[test]
fn a_glass_grating_diffracts_as_published() {
    let [te, tm] = solved(&grating(index(2.04, 0.0), true), 10.0, &Expansion::li(rectangle(80, 0)));
    let wanted =
        [[0.004709, 0.038891, 0.655063, 0.151893, 0.119554], [0.049799, 0.007468, 0.539767, 0.351058, 0.014435]];
    for (found, wanted) in [te, tm].iter().zip(wanted) {
        let names = [
            (&found.reflected, 0),
            (&found.reflected, -1),
            (&found.transmitted, 0),
            (&found.transmitted, -1),
            (&found.transmitted, 1),
        ];
        for ((shares, m), wanted) in names.into_iter().zip(wanted) {
            close(order(shares, m), wanted, 5e-6, "an order");
        }
    }
}

#[test]
fn a_turned_grating_diffracts_alike() {
    let metal = index(0.5, 3.0);
    let along = solved(&grating(metal, true), 0.0, &Expansion::li(rectangle(15, 0)));
    let across = solved(&grating(metal, false), 0.0, &Expansion::li(rectangle(0, 15)));
    // At normal incidence s lies along y and p along x, so that a quarter turn exchanges them.
    close(along[0].reflection, across[1].reflection, 1e-9, "along the bars");
    close(along[1].reflection, across[0].reflection, 1e-9, "across the bars");
    assert!((along[0].reflection - along[1].reflection).abs() > 0.01);
}

/// A square array of round holes of radius 0.3 periods in a slab of ε = 4.
fn holes(pixels: usize, permittivity: c64) -> Stack {
    let middle = |n: usize| n as f64 + 0.5 - pixels as f64 / 2.0;
    let is_hole = |at: usize| middle(at / pixels).hypot(middle(at % pixels)) < 0.3 * pixels as f64;
    let layer = Layer::Patterned {
        labels: (0..pixels * pixels).map(|at| u8::from(!is_hole(at))).collect(),
        size: (pixels, pixels),
        permittivities: vec![AIR, permittivity],
        thickness: 0.2,
    };
    Stack { above: AIR, layers: vec![layer], below: AIR, periods: [1.5, 1.5] }
}

#[test]
fn holes_in_a_slab_converge_by_both_rules() {
    let stack = holes(256, c64::new(4.0, 0.0));
    let reflection = |count: usize, factorisation: Factorisation| {
        let [s, p] = solved(&stack, 0.0, &Expansion { orders: circle(count, stack.periods), factorisation });
        close(s.reflection, p.reflection, 1e-9, "a square array at normal incidence");
        s.reflection
    };
    // 293 orders of a program that uses plain products reflect .132415; both rules go to .130, Li's far quicker.
    let plain = [49, 113, 225].map(|n| reflection(n, Factorisation::Plain));
    let li = [49, 113, 225].map(|n| reflection(n, Factorisation::Li));
    close(reflection(293, Factorisation::Plain), 0.132415, 4e-4, "plain products");
    assert!(plain.is_sorted_by(|a, b| a > b) && li.is_sorted_by(|a, b| a > b), "{plain:?} {li:?}");
    close(li[2], 0.1300, 5e-4, "Li's rules");
    assert!(plain[2] - 0.1300 > 5.0 * (li[2] - 0.1300), "{plain:?} {li:?}");
}

#[test]
fn absorption_is_where_the_material_absorbs() {
    let stack = holes(32, index(2.0, 0.3));
    let expansion = Expansion::li(circle(60, stack.periods));
    let light = Light { wavelength: 1.0, angle: 20.0, azimuth: 30.0 };
    let found = solve(&stack, &light, &expansion, &|_| true).expect("a solution");
    for polarisation in [Polarisation::S, Polarisation::P] {
        let map = absorption_map(&found, &stack.layers[0], 0, &expansion.orders, polarisation).expect("a pattern");
        let Layer::Patterned { labels, .. } = &stack.layers[0] else { panic!("a pattern") };
        assert!(map.iter().zip(labels).all(|(a, label)| (*label == 0) == (*a == 0.0)));
        let optics = &found.optics[polarisation as usize];
        close(map.iter().sum(), optics.absorbed(), 1e-12, "the map's sum");
        assert!(optics.absorbed() > 0.05);
        close(optics.reflection + optics.transmission + optics.absorbed(), 1.0, 1e-8, "the sum");
    }
}

#[test]
fn bad_input_is_refused_in_sentences() {
    let good = holes(8, c64::new(4.0, 0.0));
    let light = Light { wavelength: 1.0, angle: 0.0, azimuth: 0.0 };
    let one = Expansion::li(vec![(0, 0)]);
    let refused = |stack: &Stack, light: Light| match solve(stack, &light, &one, &|_| true) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("nothing was refused"),
    };
    assert!(refused(&good, Light { angle: 90.0, ..light }).contains("angle"));
    assert!(refused(&good, Light { wavelength: f64::NAN, ..light }).contains("wavelength"));
    assert!(refused(&Stack { above: c64::new(1.0, 0.1), ..good.clone() }, light).contains("above"));
    assert!(refused(&Stack { below: c64::new(1.0, -0.1), ..good.clone() }, light).contains("amplify"));
    assert!(refused(&Stack { below: c64::new(f64::NAN, 0.0), ..good.clone() }, light).contains("not a number"));
    assert!(refused(&Stack { periods: [0.0, 1.0], ..good.clone() }, light).contains("edge"));
    assert!(solve(&good, &light, &one, &|_| false).is_err_and(|e| e.to_string().contains("cancelled")));
}
