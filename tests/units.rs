//! Lengths mean the same before they are compared, and no number gets a unit that nobody stated.

use std::path::Path;
use std::process::Command;

use microwright::micrograph::{PhaseMap, PixelSize, write_labels_npy, write_labels_tiff};
use microwright::stats::{Curves, ErrorRates, curves};
use microwright::synth;

fn run(place: &Path, arguments: &[&str]) -> (String, String, bool) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_microwright"));
    command.env("MICROWRIGHT_DATA", place.join("data")).current_dir(place).args(arguments);
    let out = command.output().expect("the program runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&out.stdout), text(&out.stderr), out.status.success())
}

#[test]
fn pictures_of_other_pixel_sizes_are_scaled_or_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path();
    let fine = synth::bicontinuous(128, 0.4, 24.0, 1);
    let size = |metres| PixelSize::new(metres, "typed");
    write_labels_tiff(&place.join("fine.tiff"), &fine, size(1e-7).as_ref()).expect("a file");
    // The same structure with pixels of twice the edge.
    let coarse: Vec<u8> = (0..64 * 64).map(|n| fine.labels[[n / 64 * 2, n % 64 * 2]]).collect();
    let coarse = PhaseMap::new((64, 64), coarse, 2);
    write_labels_tiff(&place.join("coarse.tiff"), &coarse, size(2e-7).as_ref()).expect("a file");
    write_labels_npy(&place.join("unknown.npy"), &coarse).expect("a file");
    let (_, said, fine_exit) = run(place, &["compare", "fine.tiff", "coarse.tiff"]);
    assert!(
        !fine_exit && said.contains("100 nm/px") && said.contains("200 nm/px") && said.contains("--scale"),
        "{said}"
    );
    let (_, said, fine_exit) = run(place, &["compare", "fine.tiff", "coarse.tiff", "--scale", "--output", "t.json"]);
    assert!(fine_exit, "{said}");
    let rows: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(place.join("t.json")).expect("a file")).expect("JSON");
    let phase = &rows[0]["phases"][1];
    assert!(phase["s2_covariance_error_percent"].as_f64().expect("a number") < 6.0, "{phase}");
    assert!((rows[0]["pixel_size_um"].as_f64().expect("a number") - 0.1).abs() < 1e-9);
    // A picture of unknown scale is compared pixel for pixel, and gets no unit.
    let (_, said, fine_exit) = run(place, &["compare", "fine.tiff", "unknown.npy", "--output", "t.csv"]);
    assert!(fine_exit, "{said}");
    let table = std::fs::read_to_string(place.join("t.csv")).expect("a file");
    let cells: Vec<Vec<&str>> = table.lines().map(|l| l.split(',').collect()).collect();
    assert!(cells.iter().all(|row| row.len() == cells[0].len()), "{table}");
    let at = |heading: &str| cells[0].iter().position(|h| *h == heading).expect("a column");
    assert_eq!(cells[1][at("pixel_size_um")], "");
    for row in &cells[1..] {
        for (heading, cell) in cells[0].iter().zip(row).filter(|(h, _)| h.contains("percent") || h.contains("fraction"))
        {
            assert!(cell.is_empty() || cell.parse::<f64>().is_ok(), "{heading}: {cell}");
        }
    }
    let (_, said, fine_exit) = run(place, &["compare", "fine.tiff", "unknown.npy", "--output", "t.xls"]);
    assert!(!fine_exit && said.contains(".csv or .json"), "{said}");
}

#[test]
fn the_covariance_error_does_not_see_the_fraction() {
    // Two pictures of the same correlation, one of them of another fraction.
    let covariance: Vec<f64> = (0..40).map(|r| 0.21 * (-0.1 * f64::from(r)).exp()).collect();
    let with = |phi: f64| Curves {
        volume_fraction: phi,
        s2: covariance.iter().map(|c| c + phi * phi).collect(),
        lineal_path: vec![phi; 40],
    };
    let errors = ErrorRates::between(&with(0.3), &with(0.35));
    assert!(errors.s2_covariance_error_percent < 1e-9 && errors.s2_error_percent > 10.0, "{errors:?}");
    // Both phases of one picture pair have the same.
    let (a, b) = (synth::bicontinuous(96, 0.3, 12.0, 1), synth::bicontinuous(96, 0.33, 12.0, 2));
    let of = |phase| {
        let curve =
            |map| curves(map, phase, microwright::stats::Boundary::Periodic, microwright::stats::Boundary::Open);
        ErrorRates::between(&curve(&a), &curve(&b)).s2_covariance_error_percent
    };
    assert!((of(0) - of(1)).abs() < 1e-6, "{} {}", of(0), of(1));
}
