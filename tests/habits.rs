//! The window by the habits of its users: Escape, stopping and going on, enlarging, reading the verdict.

mod common;
#[path = "common/window.rs"]
mod window;

use egui::{Key, Modifiers, PointerButton, Pos2, Role, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use microwright::app::{App, ReconstructSpace};
use microwright::micrograph::Segmentation;
use microwright::net::Layer;
use microwright::reconstruct::Method;
use microwright::reconstruct::sampling::Sampling;
use window::{click, has, run, settle, sized, tab, until, window};

/// A run of so many iterations that is quick at each.
fn started(iterations: usize) -> Harness<'static, App> {
    // Two clicks become a double click only if they follow each other quickly.
    let builder = sized([1366.0, 768.0]).with_step_dt(1.0 / 60.0);
    let mut harness = builder.build_eframe(|cc| App::new(&cc.egui_ctx, None));
    settle(&mut harness);
    let settings = harness.state_mut().settings_mut();
    settings.device = "cpu".into();
    let gram = settings.method.gram_mut().expect("Gram matrices");
    (gram.depth, gram.iterations, gram.levels) = (Layer::named("pool1").expect("a depth"), iterations, 1);
    harness.step();
    click(&mut harness, "Start");
    harness
}

fn press(harness: &mut Harness<'_, App>, key: Key) {
    harness.key_press(key);
    (0..4).for_each(|_| harness.step());
}

fn double_click(harness: &mut Harness<'_, App>, at: Pos2) {
    // Clicks that follow each other quickly count together, and a third is no double click.
    (0..60).for_each(|_| harness.step());
    for pressed in [true, false, true, false] {
        let button = PointerButton::Primary;
        harness.event(egui::Event::PointerMoved(at));
        harness.event(egui::Event::PointerButton { pos: at, button, pressed, modifiers: Modifiers::NONE });
        harness.step();
    }
    (0..4).for_each(|_| harness.step());
}

/// The middle of a picture or plot.
fn middle(harness: &Harness<'_, App>, label: &str) -> Pos2 {
    let images = harness.query_all_by_role(Role::Image);
    let mut found = images.filter(|node| node.accesskit_node().label().is_some_and(|l| l.starts_with(label)));
    found.next().unwrap_or_else(|| panic!("there is no picture {label}")).rect().center()
}

fn shows_picture(harness: &Harness<'_, App>, label: &str) -> bool {
    let mut images = harness.query_all_by_role(Role::Image);
    images.any(|node| node.accesskit_node().label().is_some_and(|l| l.starts_with(label)))
}

#[test]
fn escape_ends_no_run_and_what_was_stopped_goes_on() {
    let mut harness = started(50_000);
    until(&mut harness, "an iteration", |app| run(app).iteration() > 2);
    (0..3).for_each(|_| press(&mut harness, Key::Escape));
    assert!(run(harness.state()).is_running());
    click(&mut harness, "Stop and keep");
    until(&mut harness, "the end", |app| !run(app).is_running());
    assert_eq!(harness.state().shared().realisations.len(), 1);
    let stopped = harness.state().shared().realisations[0].report.iterations;
    click(&mut harness, "Resume the stopped run");
    until(&mut harness, "more iterations", |app| run(app).iteration() > stopped);
    click(&mut harness, "Cancel");
    until(&mut harness, "the end", |app| !run(app).is_running());
}

#[test]
fn a_double_click_enlarges_one_picture_and_escape_gives_the_room_back() {
    let mut harness = started(4);
    until(&mut harness, "the end", |app| {
        !app.space::<ReconstructSpace>().is_running() && !app.shared().realisations.is_empty()
    });
    settle(&mut harness);
    // The verdict stands there, whatever it says.
    assert!(has(&harness, "Within the original's own variation") || has(&harness, "of 6 numbers not fitted"));
    assert!(
        shows_picture(&harness, "Original") && shows_picture(&harness, "Phases") && shows_picture(&harness, "S2(r)")
    );
    let at = middle(&harness, "Original");
    double_click(&mut harness, at);
    assert!(
        shows_picture(&harness, "Original") && !shows_picture(&harness, "Phases") && !shows_picture(&harness, "S2(r)")
    );
    press(&mut harness, Key::Escape);
    assert!(shows_picture(&harness, "Phases") && shows_picture(&harness, "S2(r)"));
    let at = middle(&harness, "S2(r)");
    double_click(&mut harness, at);
    assert!(shows_picture(&harness, "S2(r)") && !shows_picture(&harness, "L(r)") && !shows_picture(&harness, "Phases"));
    let at = middle(&harness, "S2(r)");
    double_click(&mut harness, at);
    assert!(shows_picture(&harness, "L(r)") && shows_picture(&harness, "Phases"));
}

/// Presses, moves and releases the primary button; without a way it is a click.
fn drag(harness: &mut Harness<'_, App>, from: Pos2, to: Pos2, button: PointerButton) {
    (0..60).for_each(|_| harness.step());
    for (at, pressed) in [(from, Some(true)), (from + 0.5 * (to - from), None), (to, None), (to, Some(false))] {
        harness.event(egui::Event::PointerMoved(at));
        if let Some(pressed) = pressed {
            harness.event(egui::Event::PointerButton { pos: at, button, pressed, modifiers: Modifiers::NONE });
        }
        harness.step();
    }
    settle(harness);
}

/// A right click opens the menu, and paints, crops and draws nothing.
#[test]
fn other_buttons_than_the_first_use_no_tool() {
    let mut harness = micrograph();
    let at = middle(&harness, "Micrograph");
    let recipe = |harness: &Harness<'_, App>| harness.state().shared().settings.recipe.clone();
    let before = recipe(&harness);
    for tool in ["Crop", "Teach", "Leave out"] {
        let buttons = harness.query_all_by_label(tool);
        buttons.last().expect("a tool").click();
        harness.step();
        for button in [PointerButton::Secondary, PointerButton::Middle] {
            drag(&mut harness, at - vec2(40.0, 40.0), at + vec2(40.0, 40.0), button);
            drag(&mut harness, at, at, button);
            press(&mut harness, Key::Escape);
            assert_eq!(recipe(&harness), before, "{tool}, {button:?}");
        }
    }
}

/// Pixels for direct sampling are painted on the original, by the first button alone, and removed again.
#[test]
fn pixels_are_painted_for_direct_sampling() {
    let mut harness = window(None);
    settle(&mut harness);
    harness.state_mut().settings_mut().method = Method::Sampling(Sampling::default());
    settle(&mut harness);
    let painted = |harness: &Harness<'_, App>| match &harness.state().shared().settings.method {
        Method::Sampling(sampling) => sampling.painted.clone(),
        _ => vec![],
    };
    let at = middle(&harness, "Original");
    drag(&mut harness, at - vec2(40.0, 0.0), at + vec2(40.0, 0.0), PointerButton::Primary);
    assert!(painted(&harness).is_empty(), "the brush is off");
    harness.get_by_role_and_label(Role::CheckBox, "Paint").click();
    harness.step();
    let at = middle(&harness, "Original");
    drag(&mut harness, at, at, PointerButton::Middle);
    assert!(painted(&harness).is_empty(), "the middle button moves the picture");
    drag(&mut harness, at - vec2(40.0, 0.0), at + vec2(40.0, 0.0), PointerButton::Primary);
    let dabs = painted(&harness);
    let (height, width) = harness.state().shared().document.as_ref().expect("a micrograph").size();
    assert!(dabs.len() >= 2 && dabs.iter().all(|dab| dab.row < height && dab.column < width), "{dabs:?}");
    click(&mut harness, "Remove what is painted");
    assert!(painted(&harness).is_empty());
}

/// A window with the workspace Micrograph.
fn micrograph() -> Harness<'static, App> {
    let builder = sized([1366.0, 768.0]).with_step_dt(1.0 / 60.0);
    let mut harness = builder.build_eframe(|cc| App::new(&cc.egui_ctx, None));
    settle(&mut harness);
    tab(&mut harness, "Micrograph");
    harness
}

#[test]
fn a_line_shows_its_grey_values() {
    let mut harness = micrograph();
    click(&mut harness, "Profile");
    assert!(has(&harness, "Choose the Profile tool"));
    let at = middle(&harness, "Micrograph");
    drag(&mut harness, at - vec2(60.0, 40.0), at + vec2(60.0, 40.0), PointerButton::Primary);
    assert!(shows_picture(&harness, "Profile"));
}

#[test]
fn a_stroke_of_the_classifier_is_removed_by_a_click() {
    let mut harness = micrograph();
    click(&mut harness, "Teach");
    let at = middle(&harness, "Micrograph");
    let strokes = |harness: &Harness<'_, App>| match &harness.state().shared().settings.recipe.segmentation {
        Segmentation::Strokes(lesson) => lesson.strokes.len(),
        _ => 0,
    };
    for shift in [-40.0, 40.0] {
        let at = at + vec2(0.0, shift);
        drag(&mut harness, at - vec2(30.0, 0.0), at + vec2(30.0, 0.0), PointerButton::Primary);
    }
    assert_eq!(strokes(&harness), 2);
    click(&mut harness, "Remove strokes");
    // Beside the strokes, then on the second one.
    drag(&mut harness, at, at, PointerButton::Primary);
    assert_eq!(strokes(&harness), 2);
    let on = at + vec2(10.0, 40.0);
    drag(&mut harness, on, on, PointerButton::Primary);
    assert_eq!(strokes(&harness), 1);
}

#[test]
fn a_right_click_on_a_picture_copies_it_and_shows_it_one_to_one() {
    let mut harness = micrograph();
    let at = middle(&harness, "Micrograph");
    drag(&mut harness, at, at, PointerButton::Secondary);
    click(&mut harness, "Zoom to 1:1");
    assert_eq!(harness.state().shared().view.zoom, Some(1.0));
    drag(&mut harness, at, at, PointerButton::Secondary);
    assert!(has(&harness, "Save picture as PNG…"));
    harness.get_by_label("Copy picture").click();
    harness.step();
    let copied = harness.output().platform_output.commands.iter().find_map(|command| match command {
        egui::OutputCommand::CopyImage(image) => Some(image.size),
        _ => None,
    });
    assert_eq!(copied, Some([256, 256]));
}

#[test]
fn differences_of_the_curves_stand_over_the_sampling_error() {
    let mut harness = started(4);
    until(&mut harness, "the end", |app| !run(app).is_running() && !app.shared().realisations.is_empty());
    settle(&mut harness);
    click(&mut harness, "Difference from the original");
    settle(&mut harness);
    assert!(shows_picture(&harness, "ΔS2(r)") && shows_picture(&harness, "ΔL(r)"));
    click(&mut harness, "Difference from the original");
    settle(&mut harness);
    assert!(shows_picture(&harness, "S2(r)") && !shows_picture(&harness, "ΔS2(r)"));
}
