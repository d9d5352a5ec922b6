//! Maps of sets of micrographs: golden values of scaling and of texture vectors, and what maps of known sets show.

mod common;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use microwright::compute::Device;
use microwright::compute::graph::Precision;
use microwright::embed::explain::Fit;
use microwright::embed::{
    Distances, TextureExtractor, TextureSettings, Vectors, classical_scaling, power_spectrum, smacof,
};
use microwright::micrograph::{PhaseMap, write_labels_npy};
use microwright::net::{Layer, Weights, WeightsKind};
use microwright::stats::Fourier;
use microwright::synth::{self, Marble};
use ndarray::Array2;
use serde_json::Value;

fn golden(name: &str) -> Option<Value> {
    let text = std::fs::read_to_string(common::reference()?.join("reference").join(name)).expect("the golden values");
    Some(serde_json::from_str(&text).expect("JSON"))
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number")).collect()
}

fn matrix(value: &Value) -> Array2<f64> {
    let rows: Vec<Vec<f64>> = value.as_array().expect("rows").iter().map(numbers).collect();
    Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).expect("a matrix")
}

/// Classical scaling and SMACOF against scikit-learn.
#[test]
fn scaling_is_that_of_the_golden_values() {
    let Some(golden) = golden("mds_golden.json") else { return };
    let distances = Distances::new(matrix(&golden["distances"])).expect("distances");
    let (_, values) = classical_scaling(&distances, 8);
    let wanted = numbers(&golden["classical_eigenvalues"]);
    for (found, wanted) in values.iter().zip(&wanted) {
        assert!((found - wanted).abs() < 1e-6 * wanted.abs(), "{values:?}");
    }
    for (dimensions, wanted) in golden["embeddings"].as_object().expect("embeddings") {
        let (start, _) = classical_scaling(&distances, dimensions.parse().expect("a number"));
        let is = |found: f64, name: &str| {
            let wanted = wanted[name].as_f64().expect("a number");
            assert!((found - wanted).abs() < 1e-6 * wanted.abs(), "{dimensions}, {name}: {found} and {wanted}");
        };
        is(start.stress, "classical_stress1");
        let found = smacof(&distances, &start.places, 0.0, |iteration, _| iteration < 200_000);
        is(found.stress, "stress1");
        let place = |i: usize| found.places.row(i).to_owned();
        for (j, wanted) in numbers(&wanted["embedded_distances_of_0"]).iter().enumerate() {
            let own = (&place(0) - &place(j)).mapv(|v| v * v).sum().sqrt();
            // The stress is flat at its least value, so places agree to fewer digits.
            assert!((own - wanted).abs() < 1e-3 * wanted.max(1.0), "{dimensions}: {own} and {wanted}");
        }
    }
}

/// Texture vectors with the normalised network against the definition in 64 bits.
#[test]
fn texture_vectors_are_those_of_the_golden_values() {
    let Some(golden) = golden("texture_golden.json") else { return };
    let path = common::reference().expect("the folder").join("weights/vgg19-normalised-f16.safetensors");
    let layers: Vec<Layer> =
        ["conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"].iter().filter_map(|name| Layer::named(name)).collect();
    let weights = Weights::load(&WeightsKind::parse(&path.display().to_string()), layers[4]).expect("the weights");
    let stripes = |angle: f64, waves: f64| -> Vec<f32> {
        let value = |at: usize| {
            let along = (at % 64) as f64 * angle.cos() + (at / 64) as f64 * angle.sin();
            (127.5 + 127.5 * (std::f64::consts::TAU * waves * along / 64.0).cos()).round_ties_even() as f32
        };
        (0..64 * 64).map(value).collect()
    };
    let pictures = [stripes(0.0, 6.0), stripes(0.3, 6.0), stripes(0.0, 12.0)];
    let weighted = layers.iter().map(|layer| (*layer, 1.0)).collect();
    let settings = TextureSettings { layers: weighted, alike: false, ..TextureSettings::default() };
    let device = Device::open("cpu", Precision::Single).expect("the cores");
    let mut extractor = TextureExtractor::new(&device, &weights, &settings, (64, 64), false).expect("a network");
    let vectors: Vec<Vec<f32>> = pictures.iter().map(|picture| extractor.extract(picture).expect("a vector")).collect();
    let (mut edge, mut at) = (64, 0);
    for (layer, length) in settings.lengths(false) {
        let part: Vec<f32> = vectors.iter().flat_map(|vector| &vector[at..at + length]).copied().collect();
        at += length;
        let vectors = Array2::from_shape_vec((3, length), part).expect("three rows");
        let wanted = &golden["layers"][layer.name()];
        // The golden matrices are not divided by the number of positions.
        let positions = f64::from(edge * edge);
        let norms = numbers(&wanted["norms"]);
        let distances = matrix(&wanted["distances"]);
        let own = Distances::between(&vectors.view());
        for i in 0..3 {
            let norm = vectors.row(i).iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt() * positions;
            assert!((norm - norms[i]).abs() < 1e-4 * norms[i], "{layer}: {norm} and {}", norms[i]);
            for j in 0..3 {
                let (own, wanted) = (own.at(i, j) * positions, distances[[i, j]]);
                assert!((own - wanted).abs() < 2e-4 * wanted.max(1e-3 * norms[i]), "{layer}: {own} and {wanted}");
            }
        }
        edge /= 2;
    }
}

/// A picture that is turned or mirrored is the same where that is asked for, and brighter pictures are.
#[test]
fn textures_can_be_independent_of_turns_and_of_contrast() {
    let weights = Weights::built_in(Layer::named("conv2_1").expect("a layer"));
    let layers = ["conv1_1", "conv2_1"].iter().filter_map(|name| Some((Layer::named(name)?, 1.0))).collect();
    let picture = Marble { angle: 0.4, scale: 5.0, noise: 1.0 }.grey(32, 1);
    let turned: Vec<f32> = (0..32 * 32).map(|at| picture[at % 32 * 32 + at / 32]).collect();
    let paler: Vec<f32> = picture.iter().map(|v| 60.0 + 0.5 * v).collect();
    let device = Device::open("cpu", Precision::Single).expect("the cores");
    let gap = |settings: &TextureSettings, other: &[f32]| {
        let mut extractor = TextureExtractor::new(&device, &weights, settings, (32, 32), false).expect("a network");
        let [a, b] = [&picture[..], other].map(|picture| extractor.extract(picture).expect("a vector"));
        let norm = a.iter().map(|v| v * v).sum::<f32>().sqrt();
        a.iter().zip(&b).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt() / norm
    };
    let plain = TextureSettings { layers, ..TextureSettings::default() };
    let turning = TextureSettings { turned: true, ..plain.clone() };
    let normalising = TextureSettings { normalised: true, ..plain.clone() };
    assert!(gap(&plain, &turned) > 0.01 && gap(&turning, &turned) < 1e-4, "{}", gap(&turning, &turned));
    assert!(gap(&plain, &paler) > 0.01 && gap(&normalising, &paler) < 1e-3, "{}", gap(&normalising, &paler));
    let wide = TextureExtractor::new(&device, &weights, &turning, (32, 40), false).err().expect("refused").to_string();
    assert!(wide.contains("squares"), "{wide}");
}

/// The power spectra of stripes of several scales are ordered along one direction.
#[test]
fn a_map_of_power_spectra_follows_the_scale() {
    let marbles: Vec<Marble> =
        (0..40).map(|n| Marble { angle: 0.0, scale: 4.0 + f64::from(n) * 0.1, noise: 0.0 }).collect();
    let fourier = Fourier::new(32, 32);
    let spectra: Vec<f32> = marbles.iter().flat_map(|marble| power_spectrum(&marble.grey(32, 1), &fourier)).collect();
    let width = spectra.len() / marbles.len();
    let rows = Array2::from_shape_vec((marbles.len(), width), spectra).expect("rows");
    let distances = Vectors::scaled(rows, vec![(width, 1.0)]).distances();
    let (start, _) = classical_scaling(&distances, 6);
    let scales: Vec<Option<f64>> = marbles.iter().map(|marble| Some(marble.scale)).collect();
    let fit = Fit::of(&start.places, &scales).expect("a fit");
    assert!(fit.r2 > 0.95, "{fit:?}");
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_microwright"));
    command.env("MICROWRIGHT_DATA", folder.join("data")).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    command.current_dir(folder).stdin(Stdio::null()).args(arguments).output().expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The study of maps writes its tables and figures.
#[test]
fn the_study_of_maps_writes_what_maps_give_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let sizes = ["--marbles", "24", "--graphites", "20", "--edge", "32", "--sizes", "8,12", "--trials", "2"];
    let more = ["--layers", "conv1_1,conv2_1", "--dimensions", "2,3", "--output", "study"];
    let output = run(folder.path(), &[&["map-study"], &sizes[..], &more].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let read = |name: &str| std::fs::read_to_string(folder.path().join("study").join(name)).expect("a file");
    // Two kinds of distances, two sets of three parameters, two numbers of dimensions.
    let explained = read("explained.csv");
    assert_eq!(explained.lines().count(), 1 + 2 * 2 * 3 * 2, "{explained}");
    let angle = explained.lines().find(|line| line.starts_with("marble,") && line.contains(",angle,")).expect("a row");
    assert!(angle.split(',').next_back().and_then(|v| v.parse::<f64>().ok()).is_some_and(|v| v < 60.0), "{angle}");
    // Three strengths of noise, two kinds, two sizes.
    assert_eq!(read("angles.csv").lines().count(), 1 + 3 * 2 * 2);
    assert!(read("angles.md").contains("| Power spectra |") && read("stress-of-marble.svg").contains("<svg"));
}

/// A folder of all kinds of files, two levels deep, with a table of bad habits.
#[test]
fn a_folder_of_mixed_files_becomes_a_map_and_every_omission_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    std::fs::create_dir_all(path.join("set/steel/deep")).expect("a folder");
    let mut table = String::from("\u{feff}Datei;Anteil;Stahl\n");
    for n in 0..24u32 {
        let fraction = 0.15 + 0.02 * f64::from(n);
        let place = ["set", "set/steel", "set/steel/deep"][n as usize % 3];
        write_labels_npy(&path.join(format!("{place}/k{n}_a.npy")), &synth::bicontinuous(48, fraction, 9.0, n.into()))
            .expect("a file");
        // One has no row, one has no value.
        match n {
            5 => {}
            7 => table += "k7_a;;C45\n",
            _ => table += &format!("k{n}_a.npy;{};C{}\n", format!("{fraction:.2}").replace('.', ","), 40 + n % 3),
        }
    }
    table += "nowhere.npy;0,5;C45\n";
    std::fs::write(path.join("set/steel/broken.png"), b"no picture").expect("a file");
    std::fs::write(path.join("set/readme.txt"), b"text").expect("a file");
    std::fs::write(path.join("table.csv"), table).expect("a file");
    for distances in ["textures", "statistics"] {
        let arguments = ["map", "set", "--table", "table.csv", "--pattern", "k{number}_a", "--output", distances];
        let more = ["--distances", distances, "--dimensions", "2,3", "--layers", "conv1_1,conv2_1"];
        let output = run(path, &[&arguments[..], &more].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert!(text(&output.stdout).contains("24 pictures"), "{}", text(&output.stdout));
        let read = |name: &str| std::fs::read_to_string(path.join(distances).join(name)).expect("a file");
        let notes = read("notes.txt");
        for wanted in ["broken.png", "readme.txt", "nowhere.npy", "k5_a.npy: it has no row"] {
            assert!(notes.contains(wanted), "{wanted} is not in {notes}");
        }
        assert_eq!(notes.lines().count(), 4, "{notes}");
        let regressions = read("regressions.csv");
        let row = regressions.lines().find(|line| line.starts_with("2,Anteil,22,")).expect("the fraction").to_string();
        let r2: f64 = row.split(',').nth(3).and_then(|v| v.parse().ok()).expect("R²");
        // The volume fraction is what varies.
        assert!(r2 > 0.9, "{row}");
        assert_eq!(read("coordinates-3.csv").lines().count(), 25);
        assert!(
            read("members.csv").contains("steel/deep/k2_a.npy,48,48,false,,,0.19,C42,2"),
            "{}",
            read("members.csv")
        );
        assert!(path.join(distances).join("distances.npy").exists());
        let picture = image::open(path.join(distances).join("map.png")).expect("a picture").into_luma8();
        // Black and white phases, and white paper around them.
        let dark = picture.pixels().filter(|p| p.0[0] < 100).count();
        assert!(picture.width().max(picture.height()) == 1800 && (5_000..60_000).contains(&dark), "{dark}");
    }
    // What does not fit the distances is left out by name, and does not end the map.
    let wide = PhaseMap::new((40, 48), (0..40 * 48).map(|at| u8::from(at % 7 < 3)).collect(), 2);
    let small = PhaseMap::new((1, 4), vec![0, 1, 1, 0], 2);
    write_labels_npy(&path.join("set/wide.npy"), &wide).expect("a file");
    write_labels_npy(&path.join("set/small.npy"), &small).expect("a file");
    let arguments = ["map", "set", "--turned", "--layers", "conv1_1,conv2_1", "--output", "turned", "--clusters", "3"];
    let output = run(path, &arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let notes = std::fs::read_to_string(path.join("turned/notes.txt")).expect("a file");
    assert!(notes.contains("wide.npy: it is no square") && notes.contains("small.npy: "), "{notes}");
    let members = std::fs::read_to_string(path.join("turned/members.csv")).expect("a file");
    assert!(members.lines().count() == 25 && members.contains(",3,"), "{members}");
    // Neighbours stay neighbours, and places come in two dimensions at least.
    for scaling in ["pca", "tsne", "umap"] {
        let arguments = ["map", "set", "--distances", "spectra", "--scaling", scaling, "--output", scaling];
        let output = run(path, &arguments);
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert!(path.join(scaling).join("coordinates-2.csv").exists());
    }
    for (arguments, wanted) in [
        (&["missing"][..], "missing: there is no such file or folder"),
        (&["set", "--table", "none.csv"], "none.csv"),
        (&["set", "--pattern", "{a"], "not closed"),
        (&["set", "--layers", "conv9"], "there is no layer"),
        (&["set", "--period", "angle"], "no column with a period"),
        (&["set", "--period", "angle=180"], "There is no column angle"),
        (&["set", "--marble", "10"], "cannot be used with"),
    ] {
        let output = run(path, &[&["map", "--output", "out"], arguments].concat());
        assert!(
            !output.status.success() && text(&output.stderr).contains(wanted),
            "{arguments:?}: {}",
            text(&output.stderr)
        );
    }
}
