//! Projects survive whatever happens to the program and to their files.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use microwright::micrograph::{Correction, Micrograph, PhaseMap, Prepare, Recipe, Segmentation};
use microwright::project::{Compared, Part, Project};
use microwright::reconstruct::Settings;
use microwright::synth;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// Where the process that is killed saves.
const TARGET: &str = "MICROWRIGHT_TEST_PROJECT";

fn part(map: &PhaseMap, seed: u64) -> Part {
    let mut part = Part::default();
    part.put(&(seed, "a study"));
    part.put_map("pool1", map);
    part.put_file("model.bin", vec![1, 2, seed as u8]);
    part
}

fn project(seed: u64) -> Project {
    let map = synth::bicontinuous(128, 0.4, 12.0, seed);
    let mut micrograph = synth::from_labels("sample", &map);
    micrograph.values.iter_mut().enumerate().for_each(|(n, v)| *v += (n % 97) as f32 / 1000.0);
    let recipe = Recipe {
        prepare: vec![Prepare::Gaussian { sigma: 1.0 }],
        segmentation: Segmentation::Phases(2),
        corrections: vec![Correction::Despeckle { pixels: 7 }],
        ..Recipe::default()
    };
    Project {
        micrograph: Some(Arc::new(micrograph)),
        settings: Settings { seed, recipe, ..Settings::default() },
        realisations: vec![],
        compared: vec![Compared { name: "other".into(), map: Arc::new(map.clone()), pixel_size: None }],
        parts: BTreeMap::from([("study".into(), part(&map, seed))]),
    }
}

#[test]
fn what_is_saved_is_read_back_and_the_same_project_gives_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let (a, b) = (folder.path().join("a.microwright"), folder.path().join("b.microwright"));
    let original = project(3);
    original.save(&a).expect("a file");
    original.save(&b).expect("a file");
    assert_eq!(std::fs::read(&a).expect("bytes"), std::fs::read(&b).expect("bytes"));
    let back = Project::read(&a).expect("a project");
    assert_eq!(back.micrograph, original.micrograph);
    assert_eq!(back.settings, original.settings);
    assert_eq!(back.compared, original.compared);
    assert_eq!(back.parts, original.parts);
    let part = &back.parts["study"];
    assert_eq!(part.get::<(u64, String)>(), Ok((3, "a study".into())));
    assert_eq!(part.map("pool1", 2).as_ref(), Ok(&*original.compared[0].map));
    assert!(part.map("pool1", 1).is_err() && part.file("other").is_err() && part.get::<u64>().is_err());
    Project::default().save(&a).expect("a file");
    assert!(Project::read(&a).expect("a project").micrograph.is_none());
}

#[test]
fn a_project_opens_however_often_the_program_was_killed_while_saving() {
    // In the process that is to be killed: save, again and again.
    if let Some(path) = std::env::var_os(TARGET) {
        for seed in 0.. {
            project(seed).save(Path::new(&path)).expect("a file");
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("work.microwright");
    project(1).save(&path).expect("a file");
    let program = std::env::current_exe().expect("this program");
    let mut random = Pcg64::seed_from_u64(5);
    for _ in 0..50 {
        let mut child = Command::new(&program)
            .args(["--exact", "a_project_opens_however_often_the_program_was_killed_while_saving"])
            .env(TARGET, &path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a process");
        std::thread::sleep(Duration::from_millis(random.random_range(20..140)));
        child.kill().expect("a kill");
        child.wait().expect("an end");
        let back = Project::read(&path).expect("the project opens");
        // Whole, not pieced together: the pictures are those of the settings.
        assert_eq!(back.micrograph, project(back.settings.seed).micrograph);
    }
}

/// A file that version 1 of the format wrote, kept so that later versions go on opening it.
#[test]
fn the_file_of_an_older_version_opens() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/project-1.microwright");
    let back = Project::read(&path).expect("a project");
    let micrograph: Arc<Micrograph> = back.micrograph.expect("a micrograph");
    assert_eq!((micrograph.size(), micrograph.name.as_str()), ((24, 24), "kept"));
    assert_eq!(back.settings.recipe.corrections, [Correction::Despeckle { pixels: 4 }]);
    let map: &PhaseMap = &back.compared[0].map;
    assert_eq!((map.phases, back.settings.seed), (2, 42));
}

#[test]
fn what_is_no_project_is_refused_in_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bad.microwright");
    project(1).save(&path).expect("a file");
    let whole = std::fs::read(&path).expect("bytes");
    for bytes in [&b"nonsense"[..], &[], &whole[..whole.len() / 2]] {
        std::fs::write(&path, bytes).expect("a file");
        let error = Project::read(&path).expect_err("no project").to_string();
        assert!(error.contains("bad.microwright") && error.ends_with('.'), "{error}");
    }
    assert!(Project::read(&folder.path().join("missing.microwright")).is_err());
}
