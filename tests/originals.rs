//! A result stays tied to its original, whatever is opened or undone.

mod common;
#[path = "common/window.rs"]
mod window;

use egui::{Key, Modifiers, Role};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use microwright::app::App;
use microwright::micrograph::write_labels_npy;
use microwright::net::Layer;
use microwright::synth;
use window::{click, drop_file, has, run, tab, until, until_gone, until_shown, window};

/// The entry of a menu that is chosen.
fn chosen(harness: &Harness<'_, App>, label: &str) -> String {
    harness.get_by_role_and_label(Role::ComboBox, label).accesskit_node().value().unwrap_or_default()
}

/// Chooses an original in the menu of Compare.
fn choose_original(harness: &mut Harness<'_, App>, name: &str) {
    harness.get_by_role_and_label(Role::ComboBox, "Original").click();
    (0..4).for_each(|_| harness.step());
    harness.get_by_role_and_label(Role::Button, name).click();
    until_shown(harness, &format!("{name} (original)"));
    // Its realisations are measured, and the menus follow.
    (0..4).for_each(|_| harness.step());
}

#[test]
fn a_run_and_its_result_belong_to_the_micrograph_that_it_was_started_with() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("other.npy");
    write_labels_npy(&path, &synth::three_phases(40, 9.0, 3)).expect("a file");
    let mut harness = window(None);
    harness.step();
    let first = harness.state().shared().document.as_ref().expect("the sample").raw.name.clone();
    drop_file(&mut harness, &path);
    let is_open =
        |name: &'static str| move |app: &App| app.shared().document.as_ref().is_some_and(|d| d.raw.name == name);
    until(&mut harness, "the other micrograph", is_open("other.npy"));
    let settings = harness.state_mut().settings_mut();
    settings.device = "cpu".into();
    settings.polish = false;
    let gram = settings.method.gram_mut().expect("Gram matrices");
    (gram.depth, gram.iterations, gram.levels) = (Layer::named("pool1").expect("a depth"), 5000, 1);
    harness.step();
    click(&mut harness, "Start");
    until(&mut harness, "an iteration", |app| run(app).iteration() > 0);
    // Back to the sample, while the run goes on.
    while harness.state().shared().document.as_ref().is_some_and(|d| d.raw.name == "other.npy") {
        harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
        harness.step();
        until(&mut harness, "the undo", |app| app.shared().is_settled());
    }
    assert!(has(&harness, "256 × 256 px, 2 phases") && has(&harness, "Original: other.npy"));
    // The phases to choose from are those of what is shown.
    harness.state_mut().shared_mut().phase = 2;
    (0..3).for_each(|_| harness.step());
    assert!(chosen(&harness, "Phase").starts_with("phase 2: "), "{}", chosen(&harness, "Phase"));
    click(&mut harness, "Stop and keep");
    until(&mut harness, "the end", |app| !run(app).is_running());
    (0..3).for_each(|_| harness.step());
    assert!(has(&harness, "Original: other.npy"));

    tab(&mut harness, "Compare");
    until_shown(&mut harness, "other.npy (original)");
    assert!(has(&harness, "realisation 1"));
    assert!(chosen(&harness, "Phase").starts_with("phase 2: "), "{}", chosen(&harness, "Phase"));
    // Compared with the sample, the other's realisation is left out.
    choose_original(&mut harness, &first);
    until_gone(&mut harness, "realisation 1");
    assert!(has(&harness, &format!("{first} (original)")));
    assert!(chosen(&harness, "Phase").starts_with("phase 1: "), "{}", chosen(&harness, "Phase"));
    // The choice of the phase comes back with the micrograph that has it.
    choose_original(&mut harness, "other.npy");
    assert!(chosen(&harness, "Phase").starts_with("phase 2: "), "{}", chosen(&harness, "Phase"));
}
