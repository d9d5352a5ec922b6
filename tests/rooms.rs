//! The plan of the house: which room may use which, and where egui and wgpu are known.

use std::path::{Path, PathBuf};

/// Rooms, and the rooms that each may use besides itself.
const ROOMS: [(&str, &[&str]); 16] = [
    (
        "app",
        &[
            "job",
            "project",
            "figure",
            "embed",
            "learn",
            "latent",
            "property",
            "reconstruct",
            "net",
            "compute",
            "stats",
            "synth",
            "micrograph",
            "folders",
        ],
    ),
    (
        "cli",
        &[
            "job",
            "figure",
            "embed",
            "learn",
            "latent",
            "property",
            "reconstruct",
            "net",
            "compute",
            "stats",
            "synth",
            "micrograph",
            "folders",
        ],
    ),
    (
        "job",
        &[
            "figure",
            "embed",
            "learn",
            "latent",
            "property",
            "reconstruct",
            "net",
            "compute",
            "optimise",
            "stats",
            "synth",
            "micrograph",
            "folders",
        ],
    ),
    ("project", &["reconstruct", "stats", "micrograph", "folders"]),
    ("figure", &["micrograph", "folders"]),
    ("reconstruct", &["net", "compute", "optimise", "stats", "micrograph", "folders"]),
    ("embed", &["net", "compute", "stats", "micrograph"]),
    ("learn", &["latent", "net", "compute"]),
    ("latent", &["net", "compute", "stats", "synth", "micrograph", "folders"]),
    ("property", &["stats", "micrograph"]),
    ("net", &["compute", "folders"]),
    ("optimise", &[]),
    ("compute", &[]),
    ("stats", &["micrograph"]),
    ("synth", &["micrograph"]),
    ("micrograph", &["folders"]),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Rooms named in `crate::…` paths of a text.
fn used(text: &str) -> Vec<String> {
    let after = text.split("crate::").skip(1);
    let name = |rest: &str| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    after.map(name).filter(|n| !n.is_empty() && n.chars().all(|c| !c.is_uppercase())).collect()
}

/// What a file of a room must not do.
fn complaints(room: &str, allowed: &[&str], in_gpu: bool, text: &str) -> Vec<String> {
    let mut found: Vec<String> = used(text)
        .into_iter()
        .filter(|name| name != room && ROOMS.iter().any(|(r, _)| r == name) && !allowed.contains(&name.as_str()))
        .map(|name| format!("uses {name}"))
        .collect();
    for (library, at_home) in [("egui", room == "app"), ("eframe", room == "app"), ("wgpu", in_gpu)] {
        if !at_home && text.contains(&format!("{library}::")) {
            found.push(format!("knows {library}"));
        }
    }
    found
}

#[test]
fn every_room_uses_only_what_it_may() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = 0;
    for (room, allowed) in ROOMS {
        let mut found = vec![];
        sources(&root.join(room), &mut found);
        assert!(!found.is_empty(), "the room {room} is empty");
        for path in found {
            let text = std::fs::read_to_string(&path).expect("a source");
            let wrong = complaints(room, allowed, path.starts_with(root.join("compute/gpu")), &text);
            assert!(wrong.is_empty(), "{}: {wrong:?}", path.display());
            files += 1;
        }
    }
    assert!(files > 40, "only {files} files were looked at");
}

#[test]
fn a_wrong_use_would_be_seen() {
    assert_eq!(complaints("stats", &["micrograph"], false, "use crate::job::Job;"), ["uses job"]);
    assert_eq!(complaints("net", &["compute"], false, "fn f(d: wgpu::Device) {}"), ["knows wgpu"]);
    assert!(complaints("compute", &[], true, "use wgpu::Device; use crate::compute::Device;").is_empty());
}

#[test]
fn every_shader_is_named_by_a_kernel() {
    let shaders = Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders");
    let mut names: Vec<String> = std::fs::read_dir(shaders)
        .expect("shaders")
        .flatten()
        .filter_map(|e| e.file_name().to_str()?.strip_suffix(".wgsl").map(String::from))
        .collect();
    names.sort();
    let mut kernels: Vec<String> = microwright::compute::kernels::ALL.iter().map(|k| k.name.to_string()).collect();
    kernels.sort();
    assert_eq!(names, kernels);
}
