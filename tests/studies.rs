//! The method study and reconstruction from a curve, on the command line.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use microwright::micrograph::write_labels_npy;
use microwright::synth;

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_microwright"));
    command.env("MICROWRIGHT_DATA", folder.join("data")).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    command.current_dir(folder).stdin(Stdio::null()).args(arguments);
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_study_of_several_micrographs_writes_joint_tables_and_their_pictures() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    write_labels_npy(&path.join("network.npy"), &synth::bicontinuous(64, 0.5, 9.0, 5)).expect("a file");
    write_labels_npy(&path.join("three.npy"), &synth::three_phases(64, 9.0, 2)).expect("a file");
    let arguments = ["method-study", "network.npy", "three.npy", "--output", "out", "--seeds", "2"];
    let methods = ["--method", "field", "--method", "tree", "--method", r#"{"descriptors": {"number": 2}}"#];
    let output = run(path, &[&arguments[..], &methods].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let printed = text(&output.stdout);
    assert!(printed.contains("| Decision tree |") && printed.contains("| white noise |"), "{printed}");
    assert!(printed.contains("| Physical descriptors | does not apply |"), "{printed}");
    assert!(text(&output.stderr).contains("is no set of particles"), "{}", text(&output.stderr));

    let table = std::fs::read_to_string(path.join("out/methods.csv")).expect("a table");
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split(',').collect()).collect();
    // A row for each method and phase: 3 methods, 2 and 3 phases.
    assert_eq!(rows.len(), 1 + 3 * 2 + 3 * 3);
    assert!(rows.iter().all(|row| row.len() == rows[0].len()));
    let column = |name: &str| rows[0].iter().position(|n| *n == name).expect(name);
    let (median, noise) = (column("s2_error_percent_median"), column("s2_error_percent_white_noise"));
    for row in rows.iter().skip(1).filter(|row| row[1] == "Decision tree") {
        let value = |n: usize| row[n].parse::<f64>().expect("a number");
        assert!(value(median) < value(noise), "{row:?}");
        assert_eq!(row[3], "2");
    }
    let each = std::fs::read_to_string(path.join("out/realisations.csv")).expect("a table");
    assert!(each.lines().count() > 2 * 2 * 2 && each.starts_with("micrograph,method,phase,seed,s2_error_percent"));
    let latex = std::fs::read_to_string(path.join("out/methods.tex")).expect("a table");
    assert!(latex.contains("\\begin{tabular}") && latex.contains("\\textbf{") && !latex.contains(" % "), "{latex}");
    for name in ["network/figure.png", "network/decision-tree-2.png", "three/s2-phase-2.png", "three/s2-phase-0.csv"] {
        let bytes = std::fs::read(path.join("out").join(name)).expect(name);
        assert!(bytes.len() > 100, "{name}");
    }
    let figure = std::fs::read_to_string(path.join("out/network/figure.svg")).expect("a figure");
    assert!(figure.contains("Decision tree") && figure.contains("data:image/png"));
}

/// The value of a column of the last line that has one.
fn columns(path: &Path) -> Vec<Vec<f64>> {
    let table = std::fs::read_to_string(path).expect("a table");
    table.lines().skip(1).map(|line| line.split(',').map(|v| v.parse().unwrap_or(f64::NAN)).collect()).collect()
}

#[test]
fn a_saved_curve_alone_is_reconstructed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    write_labels_npy(&path.join("original.npy"), &synth::bicontinuous(64, 0.3, 9.0, 5)).expect("a file");
    let table = run(path, &["stats", "original.npy", "--boundary", "periodic"]);
    std::fs::write(path.join("s2.csv"), &table.stdout).expect("a file");
    let arguments = ["from-curve", "s2.csv", "--output", "out", "--size", "72x80", "--realisations", "2"];
    let output = run(path, &[&arguments[..], &["--tries", "30"]].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("S2 error"), "{}", text(&output.stdout));
    let rows = columns(&path.join("out/s2.csv"));
    for seed in [2, 3] {
        let gaps = rows.iter().filter(|row| row.iter().all(|v| v.is_finite())).map(|row| (row[1] - row[seed]).abs());
        let noise = rows.iter().skip(1).filter(|row| row[1].is_finite()).map(|row| (row[1] - rows[0][1].powi(2)).abs());
        let (gaps, noise): (f64, f64) = (gaps.sum(), noise.sum());
        assert!(gaps < 0.1 * noise, "{gaps} of {noise}");
    }
    assert_ne!(rows[5][2], rows[5][3], "seeds differ");
    assert!(!path.join("out/checkpoint.safetensors").exists());
    // A killed run goes on with the same bytes.
    let slow =
        ["from-curve", "s2.csv", "--output", "killed", "--size", "256x256", "--tries", "12", "--realisations", "2"];
    let mut child = command(path, &slow).env("MICROWRIGHT_CHECKPOINT_SECONDS", "0").spawn().expect("a run");
    let checkpoint = path.join("killed/checkpoint.safetensors");
    let start = std::time::Instant::now();
    while !checkpoint.exists() && start.elapsed().as_secs() < 60 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    child.kill().and_then(|()| child.wait()).expect("an end");
    assert!(checkpoint.exists() && !path.join("killed/reconstruction-2.npy").exists());
    let checkpoint_of_the_killed = path.join("checkpoint");
    std::fs::copy(&checkpoint, &checkpoint_of_the_killed).expect("a copy");
    let output = run(path, &[&slow[..], &["--resume"]].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let whole = slow.map(|argument| if argument == "killed" { "whole" } else { argument });
    assert!(run(path, &whole).status.success());
    for file in ["reconstruction-1.npy", "reconstruction-2.npy", "s2.csv"] {
        let read = |folder: &str| std::fs::read(path.join(folder).join(file)).expect("a file");
        assert!(read("killed") == read("whole"), "{file}");
    }
    let again = ["from-curve", "s2.csv", "--output", "killed", "--size", "64x64", "--tries", "1", "--resume"];
    assert!(text(&run(path, &again).stderr).contains("There is no checkpoint"));
    // What belongs to another curve or to other settings is refused, and what was written stays.
    std::fs::copy(&checkpoint_of_the_killed, &checkpoint).expect("a copy");
    std::fs::write(path.join("other.csv"), "0,0.5\n1,0.4\n2,0.3\n3,0.25\n").expect("a file");
    let table = std::fs::read(path.join("killed/s2.csv")).expect("a table");
    let curve = slow.map(|argument| if argument == "s2.csv" { "other.csv" } else { argument });
    let tries = slow.map(|argument| if argument == "12" { "13" } else { argument });
    for (arguments, wanted) in [(curve, "another curve"), (tries, "other settings")] {
        let output = run(path, &[&arguments[..], &["--resume"]].concat());
        assert!(!output.status.success() && text(&output.stderr).contains(wanted), "{}", text(&output.stderr));
        assert_eq!(std::fs::read(path.join("killed/s2.csv")).expect("a table"), table);
    }
    assert!(path.join("out/reconstruction-2.png").exists() && path.join("out/reconstruction-1.npy").exists());
    std::fs::write(path.join("bad.csv"), "r,s2\n0,2\n1,1\n2,1\n3,1\n").expect("a file");
    for (arguments, wanted) in [
        (&["bad.csv"][..], "is no curve of S2"),
        (&["missing.csv"], "missing.csv"),
        (&["s2.csv", "--size", "4x4"], "8 to 16384 pixels"),
        (&["s2.csv", "--tries", "0"], "exchanges can be tried"),
        (&["s2.csv", "--phase", "9"], "no phase 9"),
    ] {
        let output = run(path, &[&["from-curve", "--output", "out"], arguments].concat());
        assert!(!output.status.success() && text(&output.stderr).contains(wanted), "{}", text(&output.stderr));
    }
}

#[test]
fn what_cannot_be_studied_is_said_in_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    write_labels_npy(&path.join("small.npy"), &synth::bicontinuous(32, 0.5, 9.0, 5)).expect("a file");
    for (arguments, wanted) in [
        (&["small.npy", "--unsegmented"][..], "has no phases"),
        (&["small.npy", "--method", "magic"], "there is no such method"),
        (&["small.npy", "--seeds", "0"], "0 is not in"),
        (&["missing.npy"], "missing.npy"),
    ] {
        let output = run(path, &[&["method-study", "--output", "out"], arguments].concat());
        assert!(!output.status.success() && text(&output.stderr).contains(wanted), "{}", text(&output.stderr));
    }
}
