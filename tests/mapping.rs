//! The Map workspace: a set becomes a map that can be read, selected from, added to and kept.

mod common;
#[path = "common/window.rs"]
mod window;

use std::path::Path;

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use microwright::app::{App, LatentSpace, LearnSpace, MapSpace};
use microwright::micrograph::{write_image_png, write_labels_npy};
use microwright::synth::{self, Marble};
use window::{click, drop_file, has, settle, sized, tab, until, until_shown, window};

fn space(app: &App) -> &MapSpace {
    app.space::<MapSpace>()
}

fn members(app: &App) -> usize {
    space(app).map().map_or(0, |map| map.members.len())
}

/// Pictures of stripes and a table of how they were made, one row missing.
fn stripes(folder: &Path, count: u32) {
    std::fs::create_dir_all(folder.join("deep")).expect("a folder");
    let mut table = String::from("file;waves;kind\n");
    for n in 0..count {
        let waves = 2.0 + f64::from(n) * 0.5;
        let grey = Marble { angle: 0.3, scale: waves, noise: 0.0 }.grey(32, n.into());
        let values: Vec<f32> = grey.iter().flat_map(|v| [*v; 3]).collect();
        let name = if n % 3 == 0 { format!("deep/s{n}.png") } else { format!("s{n}.png") };
        write_image_png(&folder.join(&name), &values, (32, 32), None).expect("a file");
        if n != 4 {
            table +=
                &format!("s{n};{};{}\n", waves.to_string().replace('.', ","), if n % 2 == 0 { "even" } else { "odd" });
        }
    }
    std::fs::write(folder.join("table.csv"), table).expect("a file");
    std::fs::write(folder.join("broken.png"), b"no picture").expect("a file");
}

/// A map of a folder with its table, as a new user makes it.
fn with_map(folder: &Path) -> Harness<'static, App> {
    let mut harness = window(None);
    settle(&mut harness);
    harness.state_mut().settings_mut().device = "cpu".into();
    tab(&mut harness, "Map");
    drop_file(&mut harness, &folder.join("set"));
    drop_file(&mut harness, &folder.join("set/table.csv"));
    (0..3).for_each(|_| harness.step());
    // The table was not opened as a curve.
    assert!(has(&harness, "Make the map") && has(&harness, "table.csv"));
    click(&mut harness, "Make the map");
    until(&mut harness, "the map", |app| members(app) > 0);
    (0..4).for_each(|_| harness.step());
    harness
}

#[test]
fn a_folder_and_a_table_become_a_map_that_is_read_added_to_and_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    stripes(&folder.path().join("set"), 14);
    let mut harness = with_map(folder.path());
    let map = space(harness.state()).map().expect("a map").clone();
    assert_eq!(map.members.len(), 14);
    assert_eq!(map.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["waves", "kind"]);
    assert!(map.notes.iter().any(|note| note.contains("broken.png")), "{:?}", map.notes);
    assert!(map.notes.iter().any(|note| note.contains("s4.png: it has no row")), "{:?}", map.notes);
    // What explains it stands below the map: the number of waves does.
    assert!(has(&harness, "R² left out") && has(&harness, "What explains it"));
    let explained = &map.embeddings.last().expect("an embedding").explained;
    assert!(explained[0].fit.as_ref().expect("a fit").r2 > 0.8, "{explained:?}");

    // Clusters colour the map and are listed with their representatives.
    click(&mut harness, "Clusters");
    click(&mut harness, "Find clusters");
    until(&mut harness, "clusters", |app| space(app).map().is_some_and(|map| map.clusters.is_some()));
    until_shown(&mut harness, "Cluster 4");
    click(&mut harness, "Select cluster 1");
    let cluster: Vec<usize> = space(harness.state()).selected().iter().copied().collect();
    let of = space(harness.state()).map().and_then(|map| map.clusters.clone()).expect("clusters").of;
    assert!(!cluster.is_empty() && cluster.iter().all(|member| of[*member] == 0));
    click(&mut harness, "None");
    assert!(space(harness.state()).selected().is_empty());
    click(&mut harness, "Stress");
    click(&mut harness, "Notes (2)");
    assert!(has(&harness, "broken.png"));
    click(&mut harness, "Members");
    assert!(has(&harness, "deep/s0.png"));

    // A picture that is dropped on the map lands on it, beside those that look like it.
    let dropped = folder.path().join("dropped.png");
    let grey = Marble { angle: 0.3, scale: 4.1, noise: 0.0 }.grey(32, 99);
    write_image_png(&dropped, &grey.iter().flat_map(|v| [*v; 3]).collect::<Vec<_>>(), (32, 32), None).expect("a file");
    drop_file(&mut harness, &dropped);
    until(&mut harness, "the dropped picture", |app| members(app) == 15);
    let after = space(harness.state()).map().expect("a map").clone();
    assert_eq!(after.added, 1);
    // It is in the cluster of one of them.
    let clusters = after.clusters.as_ref().expect("clusters");
    assert!(clusters.of.len() == 15 && clusters.of[..14] == of[..]);
    // Nothing else has moved.
    let places = |map: &microwright::job::Map| map.embeddings[1].embedding.places.clone();
    assert_eq!(places(&after).slice(ndarray::s![..14, ..]), places(&map));
    let nearest = after.distances.nearest(14, 1)[0];
    assert!(after.members[nearest].name.ends_with("s4.png"), "{}", after.members[nearest].name);
    assert!(space(harness.state()).selected().contains(&14) && space(harness.state()).selected().contains(&nearest));
    // The same file again is named, and adds nothing.
    drop_file(&mut harness, &dropped);
    until(&mut harness, "the reason", |app| {
        app.message_texts().iter().any(|text| text.contains("it is on the map already"))
    });
    assert_eq!(members(harness.state()), 15);

    // A project holds the map, and so does a new window that opens it.
    let project = folder.path().join("a.microwright");
    harness.state_mut().save_project_as(&project);
    until(&mut harness, "the project", |_| project.exists());
    let mut other = window(Some(project));
    until(&mut other, "the map of the project", |app| members(app) == 15);
    let kept = space(other.state()).map().expect("a map").clone();
    assert_eq!((kept.columns.clone(), kept.clusters.clone()), (after.columns.clone(), after.clusters.clone()));
    assert_eq!(places(&kept), places(&after));
    tab(&mut other, "Map");
    assert!(has(&other, "15 members"));
    // It has no features to compare a new picture with, so that a dropped one begins a new set.
    drop_file(&mut other, &dropped);
    (0..3).for_each(|_| other.step());
    assert!(has(&other, "dropped.png") && members(other.state()) == 15);

    // Everything is exported.
    let export = folder.path().join("out");
    harness.state_mut().shared_mut().export.folder = export.display().to_string();
    let id = microwright::app::Space::commands(space(harness.state()), harness.state().shared());
    assert!(id.iter().any(|command| command.name == "Export the map" && command.unavailable.is_none()));
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::E);
    until(&mut harness, "the files", |app| app.message_texts().iter().any(|text| text.starts_with("Written to")));
    let read = |name: &str| std::fs::read_to_string(export.join("map").join(name)).expect("a file");
    assert_eq!(read("members.csv").lines().count(), 16);
    let page = read("map.html");
    assert!(page.contains("deep/s0.png") && page.contains("data:image/png;base64,") && !page.contains("\"FACTS\""));
    assert!(!page.contains("http://") && !page.contains("https://"));
    let drawing = read("map.svg");
    assert!(drawing.contains("waves, R²") && drawing.matches("<image").count() >= 3, "{drawing}");
}

#[test]
fn a_selection_is_sent_to_other_workspaces() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path().join("set")).expect("a folder");
    for n in 0..8 {
        let map = synth::bicontinuous(48, 0.3 + 0.02 * f64::from(n), 9.0, n as u64);
        write_labels_npy(&folder.path().join(format!("set/k{n}.npy")), &map).expect("a file");
    }
    let mut harness = window(None);
    settle(&mut harness);
    harness.state_mut().settings_mut().device = "cpu".into();
    tab(&mut harness, "Map");
    drop_file(&mut harness, &folder.path().join("set"));
    click(&mut harness, "Make the map");
    until(&mut harness, "the map", |app| members(app) == 8);
    // A row of the table selects its member; then it can be opened.
    click(&mut harness, "Members");
    click(&mut harness, "k3.npy");
    assert_eq!(space(harness.state()).selected().iter().copied().collect::<Vec<_>>(), [3]);
    click(&mut harness, "Select");
    assert_eq!(space(harness.state()).selected().len(), 8);
    (0..8).for_each(|_| harness.step());
    click(&mut harness, "Train a model");
    until_shown(&mut harness, "k0.npy, k1.npy");
    assert!(harness.state().space::<LatentSpace>().steps() == 0);
    tab(&mut harness, "Map");
    click(&mut harness, "Learn from them");
    until(&mut harness, "the set", |app| app.space::<LearnSpace>().wanted().files.len() == 8);
    tab(&mut harness, "Map");
    click(&mut harness, "k2.npy");
    click(&mut harness, "Reconstruct it");
    until(&mut harness, "the micrograph", |app| {
        app.shared().document.as_ref().is_some_and(|document| document.raw.name == "k2.npy")
    });
}

#[test]
fn a_set_without_pictures_says_why_and_a_map_can_be_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path().join("set")).expect("a folder");
    std::fs::write(folder.path().join("set/broken.png"), b"no picture").expect("a file");
    let mut harness = sized([960.0, 600.0]).build_eframe(|cc| App::new(&cc.egui_ctx, None));
    settle(&mut harness);
    harness.state_mut().settings_mut().device = "cpu".into();
    tab(&mut harness, "Map");
    drop_file(&mut harness, &folder.path().join("set"));
    click(&mut harness, "Make the map");
    until_shown(&mut harness, "A map needs at least 3 pictures; there are 0.");
    assert!(harness.state().message_texts().iter().any(|text| text.contains("broken.png")));
    // A synthetic set is one click away; stopped, it leaves no map.
    harness.state_mut().space_mut::<MapSpace>().take_marble(2000, 128);
    (0..3).for_each(|_| harness.step());
    click(&mut harness, "Make the map");
    until(&mut harness, "the work", |app| space(app).is_running());
    harness.key_press(egui::Key::Escape);
    until(&mut harness, "the end", |app| !space(app).is_running());
    assert_eq!(members(harness.state()), 0);
    assert!(harness.query_by_label("Make the map").is_some());
}
