//! Spatial statistics against golden values and cases that can be worked out by hand.

mod common;

use microwright::micrograph::{self, PhaseMap, Segmentation};
use microwright::stats::{
    Boundary, COLUMNS, ErrorRates, ROWS, curves, lineal_path, two_point_axis, two_point_radial, white_noise,
};
use ndarray::Array2;
use safetensors::SafeTensors;

fn golden() -> Option<Vec<u8>> {
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/statistics.safetensors");
    let path = match common::reference() {
        Some(folder) => folder.join("reference/statistics_golden.safetensors"),
        None => kept.into(),
    };
    std::fs::read(path).ok()
}

fn expected(tensors: &SafeTensors, name: &str) -> Vec<f64> {
    bytemuck::pod_collect_to_vec(tensors.tensor(name).expect(name).data())
}

fn map_of(tensors: &SafeTensors, name: &str) -> Option<PhaseMap> {
    if let Ok(view) = tensors.tensor(&format!("{name}.image")) {
        let (height, width) = (view.shape()[0], view.shape()[1]);
        return Some(PhaseMap::new((height, width), view.data().to_vec(), 2));
    }
    let path = common::reference()?.join(format!("data/li2018/{name}.npy"));
    let micrograph = micrograph::read(&path).expect("a micrograph");
    micrograph::segment(&micrograph, &Segmentation::Auto).expect("phases")
}

fn furthest(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn statistics_agree_with_the_golden_values_to_1e_12() {
    let bytes = golden().expect("golden values");
    let tensors = SafeTensors::deserialize(&bytes).expect("golden values");
    let mut checked = 0;
    for name in ["carbonate", "ceramics", "copolymer", "checkerboard", "stripes", "random_odd"] {
        let Some(map) = map_of(&tensors, name) else { continue };
        let inside = map.indicator(1);
        let phase = inside.view();
        for (boundary, boundary_name) in [(Boundary::Periodic, "periodic"), (Boundary::Open, "open")] {
            let mut check = |what: &str, found: Vec<f64>| {
                let key = format!("{name}.{what}.{boundary_name}");
                let off = furthest(&found, &expected(&tensors, &key));
                assert!(off < 1e-12, "{key} is off by {off:e}");
                checked += 1;
            };
            check("s2.radial", two_point_radial(&phase, boundary));
            check("s2.rows", two_point_axis(&phase, ROWS, boundary));
            check("s2.columns", two_point_axis(&phase, COLUMNS, boundary));
            check("lineal_path.rows", lineal_path(&phase, ROWS, boundary));
            check("lineal_path.columns", lineal_path(&phase, COLUMNS, boundary));
        }
    }
    assert!(checked >= 30, "only {checked} curves were checked");
}

#[test]
fn a_difference_of_1e_9_is_seen() {
    assert!(furthest(&[0.5, 0.25], &[0.5, 0.25 + 1e-9]) > 1e-12);
}

#[test]
fn stripes_along_columns_have_straight_lineal_paths() {
    // Three of eight columns: along columns every segment stays inside, along rows runs of three.
    let inside = Array2::from_shape_fn((8, 8), |(_, x)| x < 3);
    let phase = inside.view();
    assert_eq!(lineal_path(&phase, COLUMNS, Boundary::Open), vec![3.0 / 8.0; 4]);
    let along_rows = lineal_path(&phase, ROWS, Boundary::Periodic);
    assert_eq!(along_rows, vec![3.0 / 8.0, 2.0 / 8.0, 1.0 / 8.0, 0.0]);
}

#[test]
fn a_reconstruction_equal_to_its_original_has_no_error_and_white_noise_has() {
    let labels: Vec<u8> = (0..1024).map(|i| u8::from((i / 32 / 8 + i % 32 / 8) % 2 == 0)).collect();
    let map = PhaseMap::new((32, 32), labels, 2);
    let own = curves(&map, 1, Boundary::Periodic, Boundary::Open);
    let same = ErrorRates::between(&own, &own);
    assert_eq!((same.s2_error_percent, same.lineal_path_error_percent), (0.0, 0.0));
    let noise = ErrorRates::between(&own, &white_noise(0.5, 1024, 16));
    assert!(noise.s2_error_percent > 10.0 && noise.lineal_path_error_percent > 30.0);
    // At r = 0 white noise is right too, everywhere else it has no covariance at all.
    assert!((50.0..101.0).contains(&noise.s2_covariance_error_percent));
}
