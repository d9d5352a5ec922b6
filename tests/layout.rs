//! Every workspace at the sizes of real screens: no text is cut, none lies on another, and nothing leaves the screen.

mod common;
#[path = "common/window.rs"]
mod window;

use egui::epaint::{ClippedShape, Shape};
use egui::{Rect, Vec2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use microwright::app::{App, MapSpace, PropertySpace};
use microwright::net::Layer;
use window::{click, settle, sized, tab, until};

/// Sizes in points: the smallest window, a laptop, a large screen, and that one with twice and one and a half times the
/// pixels for a point.
const SIZES: [([f32; 2], f32); 5] = [
    ([960.0, 600.0], 1.0),
    ([1366.0, 768.0], 1.0),
    ([1920.0, 1080.0], 1.0),
    ([960.0, 540.0], 2.0),
    ([1280.0, 720.0], 1.5),
];
const SPACES: [&str; 9] =
    ["Micrograph", "Reconstruct", "Compare", "Studies", "Latent", "Map", "Properties", "Learn", "Design"];

/// A text on the screen.
struct Text {
    text: String,
    rect: Rect,
    clip: Rect,
    elided: bool,
}

/// The texts of shapes, in the order in which they are drawn.
fn texts(shapes: &[ClippedShape]) -> Vec<Text> {
    fn walk(shape: &Shape, clip: Rect, found: &mut Vec<Text>) {
        match shape {
            Shape::Vec(all) => all.iter().for_each(|shape| walk(shape, clip, found)),
            Shape::Text(text) if !text.galley.text().trim().is_empty() => found.push(Text {
                text: text.galley.text().into(),
                rect: text.visual_bounding_rect(),
                clip,
                elided: text.galley.elided,
            }),
            _ => {}
        }
    }
    let mut found = vec![];
    shapes.iter().for_each(|clipped| walk(&clipped.shape, clipped.clip_rect, &mut found));
    found
}

/// The bars below what scrolls sideways: long and thin rectangles.
fn scroll_bars(shapes: &[ClippedShape]) -> Vec<Rect> {
    fn walk(shape: &Shape, found: &mut Vec<Rect>) {
        match shape {
            Shape::Vec(all) => all.iter().for_each(|shape| walk(shape, found)),
            Shape::Rect(bar) if (3.0..10.0).contains(&bar.rect.height()) && bar.rect.width() > 20.0 => {
                found.push(bar.rect);
            }
            _ => {}
        }
    }
    let mut found = vec![];
    shapes.iter().for_each(|clipped| walk(&clipped.shape, &mut found));
    found
}

/// What is wrong with the texts of a frame. What scrolls sideways may be cut, if it has a bar that says so.
fn faults(all: &[Text], bars: &[Rect], screen: Rect) -> Vec<String> {
    let mut faults = vec![];
    let seen: Vec<&Text> = all.iter().filter(|t| t.rect.intersect(t.clip).is_positive()).collect();
    for t in &seen {
        let scrolls = bars.iter().any(|bar| {
            (t.rect.bottom() - 1.0..t.clip.bottom() + 14.0).contains(&bar.top())
                && t.clip.x_range().intersection(bar.x_range()).span() > 20.0
        });
        // The rectangle of a text is a little larger than its ink.
        let is_cut = t.rect.left() < t.clip.left() - 2.5 || t.rect.right() > t.clip.right() + 2.5;
        if is_cut && !scrolls {
            faults.push(format!("cut at the side: “{}” {:?} by {:?}", t.text, t.rect, t.clip));
        }
        if !screen.expand(1.0).contains_rect(t.rect.intersect(t.clip)) {
            faults.push(format!("off the screen: “{}” {:?}", t.text, t.rect));
        }
        if t.elided && t.text.contains('%') {
            faults.push(format!("a number is cut: “{}”", t.text));
        }
    }
    for (n, a) in seen.iter().enumerate() {
        for b in &seen[..n] {
            let common = a.rect.intersect(a.clip).shrink(1.5).intersect(b.rect.intersect(b.clip).shrink(1.5));
            if common.is_positive() {
                faults.push(format!("“{}” lies on “{}” at {common:?}", a.text, b.text));
            }
        }
    }
    faults
}

/// A window with a finished reconstruction, in a project with a long name.
fn with_result(size: [f32; 2], scale: f32, folder: &std::path::Path) -> Harness<'static, App> {
    let mut harness = sized(size).with_pixels_per_point(scale).build_eframe(move |cc| App::new(&cc.egui_ctx, None));
    settle(&mut harness);
    let settings = harness.state_mut().settings_mut();
    settings.device = "cpu".into();
    settings.realisations = 2;
    let gram = settings.method.gram_mut().expect("Gram matrices");
    (gram.depth, gram.iterations, gram.levels) = (Layer::named("pool1").expect("a depth"), 2, 1);
    harness.step();
    click(&mut harness, "Start");
    until(&mut harness, "the realisations", |app| {
        app.shared().realisations.len() == 2 && !app.space::<microwright::app::ReconstructSpace>().is_running()
    });
    let path = folder.join("a study of aluminium foams with a long name.microwright");
    harness.state_mut().save_project_as(&path);
    until(&mut harness, "the project", |_| path.exists());
    settle(&mut harness);
    harness
}

#[test]
fn every_workspace_holds_at_every_size() {
    let folder = tempfile::tempdir().expect("a folder");
    let pictures = std::env::var_os("MICROWRIGHT_LAYOUT_PICTURES");
    let mut all = vec![];
    for (size, scale) in SIZES {
        let mut harness = with_result(size, scale, folder.path());
        let screen = Rect::from_min_size(egui::Pos2::ZERO, Vec2::from(size));
        for space in SPACES {
            tab(&mut harness, space);
            settle(&mut harness);
            if space == "Compare" {
                window::until_shown(&mut harness, "Cluster function C2");
            }
            for _ in 0..40 {
                std::thread::sleep(std::time::Duration::from_millis(10));
                harness.step();
            }
            if let Some(pictures) = &pictures {
                let path = std::path::Path::new(pictures).join(format!("{space}-{}-{scale}.png", size[0]));
                harness.render().expect("a picture").save(path).expect("a file");
            }
            all.extend(found(&harness, screen, &format!("{size:?} × {scale}, {space}")));
            // The bars at the top and at the bottom are on the screen.
            let messages = harness.get_by_label_contains(" message").accesskit_node().raw_bounds().expect("bounds");
            assert!(messages.y1 <= f64::from(size[1]) * f64::from(scale) + 1.0, "{space} at {size:?}: {messages:?}");
        }
    }
    assert_none(all);
}

#[test]
fn a_map_holds_at_every_size() {
    let mut all = vec![];
    for (size, scale) in SIZES {
        let mut harness = sized(size).with_pixels_per_point(scale).build_eframe(move |cc| App::new(&cc.egui_ctx, None));
        settle(&mut harness);
        let screen = Rect::from_min_size(egui::Pos2::ZERO, Vec2::from(size));
        harness.state_mut().settings_mut().device = "cpu".into();
        harness.state_mut().space_mut::<MapSpace>().take_marble(30, 32);
        tab(&mut harness, "Map");
        (0..8).for_each(|_| harness.step());
        click(&mut harness, "Make the map");
        until(&mut harness, "the map", |app| app.space::<MapSpace>().map().is_some());
        window::until_gone(&mut harness, "Pictures are being made small");
        click(&mut harness, "Clusters");
        (0..3).for_each(|_| harness.step());
        click(&mut harness, "Find clusters");
        until(&mut harness, "clusters", |app| app.space::<MapSpace>().map().is_some_and(|map| map.clusters.is_some()));
        for page in ["3-D", "2-D", "What explains it", "Stress", "Members", "Clusters", "Notes (0)", "Make", "Read"] {
            click(&mut harness, page);
            (0..20).for_each(|_| harness.step());
            all.extend(found(&harness, screen, &format!("{size:?} × {scale}, {page}")));
        }
    }
    assert_none(all);
}

#[test]
fn properties_hold_at_every_size() {
    let mut all = vec![];
    for (size, scale) in SIZES {
        let mut harness = sized(size).with_pixels_per_point(scale).build_eframe(move |cc| App::new(&cc.egui_ctx, None));
        settle(&mut harness);
        let screen = Rect::from_min_size(egui::Pos2::ZERO, Vec2::from(size));
        tab(&mut harness, "Properties");
        (0..8).for_each(|_| harness.step());
        // The flow and the flux of the sample are quick.
        harness.get_by_role_and_label(egui::accesskit::Role::CheckBox, "Elasticity").click();
        (0..4).for_each(|_| harness.step());
        click(&mut harness, "Compute");
        (0..4).for_each(|_| harness.step());
        all.extend(found(&harness, screen, &format!("{size:?} × {scale}, while it computes")));
        until(&mut harness, "the properties", |app| {
            let space = app.space::<PropertySpace>();
            !space.is_running() && space.results().is_some()
        });
        for page in ["Results", "Estimates", "Histogram", "Threshold"] {
            click(&mut harness, page);
            (0..20).for_each(|_| harness.step());
            all.extend(found(&harness, screen, &format!("{size:?} × {scale}, {page}")));
        }
    }
    assert_none(all);
}

/// The faults of the last frame. Of what a dialog has darkened, nothing counts.
fn found(harness: &Harness<'_, App>, screen: Rect, place: &str) -> Vec<String> {
    let shapes = &harness.output().shapes;
    let covers = |clipped: &ClippedShape| match &clipped.shape {
        Shape::Rect(rect) => rect.rect.contains_rect(screen.shrink(1.0)) && rect.fill.a() > 0,
        _ => false,
    };
    let first = shapes.iter().rposition(covers).unwrap_or(0);
    let shapes = &shapes[first..];
    let found = faults(&texts(shapes), &scroll_bars(shapes), screen);
    found.into_iter().map(|fault| format!("{place}: {fault}")).collect()
}

fn assert_none(mut faults: Vec<String>) {
    faults.sort();
    faults.dedup();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn pages_and_dialogs_hold_at_every_size() {
    let folder = tempfile::tempdir().expect("a folder");
    let command = egui::Modifiers::COMMAND;
    let mut all = vec![];
    for (size, scale) in SIZES {
        let mut harness = with_result(size, scale, folder.path());
        let screen = Rect::from_min_size(egui::Pos2::ZERO, Vec2::from(size));
        for (name, key, modifiers) in [
            ("export", egui::Key::E, command),
            ("commands", egui::Key::K, command),
            ("help", egui::Key::F1, egui::Modifiers::NONE),
        ] {
            harness.key_press_modifiers(modifiers, key);
            (0..20).for_each(|_| harness.step());
            let faults = found(&harness, screen, &format!("{size:?} × {scale}, {name}"));
            assert!(harness.output().shapes.len() > 20, "{name} is shown");
            all.extend(faults);
            harness.key_press(egui::Key::Escape);
            (0..10).for_each(|_| harness.step());
        }
        click(&mut harness, "Difference from the original");
        (0..20).for_each(|_| harness.step());
        all.extend(found(&harness, screen, &format!("{size:?} × {scale}, differences")));
        tab(&mut harness, "Micrograph");
        for tool in ["Profile", "Teach", "Set scale"] {
            click(&mut harness, tool);
            (0..20).for_each(|_| harness.step());
            all.extend(found(&harness, screen, &format!("{size:?} × {scale}, {tool}")));
        }
        tab(&mut harness, "Latent");
        for page in ["Train", "Judge"] {
            click(&mut harness, page);
            (0..20).for_each(|_| harness.step());
            all.extend(found(&harness, screen, &format!("{size:?} × {scale}, {page}")));
        }
        let curve = folder.path().join("s2.csv");
        std::fs::write(&curve, "r,s2\n0,0.3\n1,0.2\n2,0.12\n3,0.09\n4,0.09\n").expect("a file");
        window::drop_file(&mut harness, &curve);
        window::until_shown(&mut harness, "s2.csv");
        for page in ["From a curve", "Depth study"] {
            click(&mut harness, page);
            (0..20).for_each(|_| harness.step());
            all.extend(found(&harness, screen, &format!("{size:?} × {scale}, {page}")));
        }
    }
    assert_none(all);
}

#[test]
fn the_search_for_faults_finds_them() {
    let screen = Rect::from_min_size(egui::Pos2::ZERO, vec2(100.0, 100.0));
    let text = |left: f32, width: f32, clip: f32| Text {
        text: "5 %".into(),
        rect: Rect::from_min_size(egui::pos2(left, 10.0), vec2(width, 12.0)),
        clip: Rect::from_min_size(egui::Pos2::ZERO, vec2(clip, 100.0)),
        elided: false,
    };
    assert!(faults(&[text(10.0, 20.0, 100.0), text(40.0, 20.0, 100.0)], &[], screen).is_empty());
    assert_eq!(faults(&[text(10.0, 20.0, 20.0)], &[], screen).len(), 1, "cut");
    let bar = Rect::from_min_size(egui::pos2(0.0, 101.0), vec2(50.0, 6.0));
    assert!(
        faults(&[text(10.0, 20.0, 20.0)], &[bar.translate(vec2(-10.0, 0.0))], screen).len() == 1,
        "too short a bar"
    );
    let wide = Text { clip: Rect::from_min_size(egui::Pos2::ZERO, vec2(45.0, 100.0)), ..text(30.0, 20.0, 45.0) };
    assert!(faults(&[wide], &[bar], screen).is_empty(), "it scrolls");
    assert_eq!(faults(&[text(10.0, 20.0, 100.0), text(25.0, 20.0, 100.0)], &[], screen).len(), 1, "overlap");
    assert_eq!(faults(&[text(90.0, 20.0, 200.0)], &[], screen).len(), 1, "off the screen");
    assert_eq!(faults(&[Text { elided: true, ..text(10.0, 20.0, 100.0) }], &[], screen).len(), 1, "elided");
}
