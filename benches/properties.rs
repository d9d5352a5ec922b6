//! Times the properties of a bicontinuous map of 256 × 256 and of 1024 × 1024. Run with `cargo bench --bench properties`.
//! With a path behind `--`, the map of 256 × 256 is written there as .npy, for other programs to be timed with.

use std::path::PathBuf;
use std::time::Instant;

use faer::c64;
use microwright::micrograph::{PhaseMap, write_labels_npy};
use microwright::property::light::{Expansion, Layer, Light, Stack, rectangle, solve};
use microwright::property::{
    Accuracy, Dimension, Moduli, ThreePoint, conduction, elasticity, flow, hashin_shtrikman, strong_contrast,
    three_point_bounds,
};
use microwright::synth::bicontinuous;

fn time<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let made = work();
    println!("{what:<72} {:>9.3} s", start.elapsed().as_secs_f64());
    made
}

fn fields(map: &PhaseMap) {
    let (height, width) = map.size();
    let shape = [1, height, width];
    let go_on = |_: usize, _: f64| true;
    let accuracy = Accuracy::default();
    let found = time("conduction, contrast 100, to 1e-6", || {
        conduction(map.flat(), shape, &[1.0, 100.0], accuracy, &go_on).expect("a tensor")
    });
    println!("    {:?} iterations, {:.6}", found.iterations, found.mean());
    let found = time("conduction, pores empty, to 1e-6", || {
        conduction(map.flat(), shape, &[1.0, 0.0], accuracy, &go_on).expect("a tensor")
    });
    println!("    {:?} iterations, {:.6}", found.iterations, found.mean());
    let of = |young: f64| Moduli::of_young(young, 0.3).plane_strain();
    let found = time("elasticity, contrast 100, to 1e-6", || {
        elasticity(map.flat(), shape, &[of(1.0), of(100.0)], false, accuracy, &go_on).expect("a tensor")
    });
    println!("    {:?} iterations", found.iterations);
    let pores: Vec<bool> = map.flat().iter().map(|l| *l == 0).collect();
    let found = time("Stokes flow", || flow(&pores, (height, width), &go_on).expect("a flow"));
    println!("    {} unknowns, k = {:.4} px²", found.unknowns, found.permeability[0][0]);
}

fn main() {
    let map = bicontinuous(256, 0.35, 32.0, 7);
    if let Some(path) = std::env::args().skip(1).find(|a| a.ends_with(".npy")) {
        write_labels_npy(&PathBuf::from(path), &map).expect("a file");
    }
    let indicator = map.indicator(1);
    println!("256 × 256");
    let three =
        time("ζ₂ and η₂ in two dimensions", || ThreePoint::of_plane(&indicator.view()).expect("two phases"));
    time("bounds and estimates", || {
        let phases = [(1.0 - three.fraction, 1.0), (three.fraction, 100.0)];
        let wide = hashin_shtrikman(&phases, Dimension::Plane);
        let near = three_point_bounds([1.0, 100.0], three, Dimension::Plane);
        (wide, near, strong_contrast([1.0, 100.0], three, Dimension::Plane))
    });
    time("ζ₂ and η₂ of a section", || ThreePoint::of_section(&indicator.view(), &|| true).expect("two phases"));
    fields(&map);
    let layer = Layer::Patterned {
        labels: map.flat().to_vec(),
        size: map.size(),
        permittivities: vec![c64::new(1.0, 0.0), c64::new(4.28, 0.54).powi(2)],
        thickness: 200.0,
    };
    let air = c64::new(1.0, 0.0);
    let stack = Stack { above: air, layers: vec![layer], below: air, periods: [1024.0, 1024.0] };
    let light = Light { wavelength: 600.0, angle: 0.0, azimuth: 0.0 };
    let found = time("light, 15 × 15 orders", || {
        solve(&stack, &light, &Expansion::li(rectangle(7, 7)), &|_| true).expect("a solution")
    });
    println!("    absorbed {:.5}", found.optics[0].absorbed());
    println!("1024 × 1024");
    fields(&bicontinuous(1024, 0.35, 64.0, 7));
}
