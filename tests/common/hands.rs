//! Hands on the controls of the window: they operate them by their labels, and see what has changed.

use std::collections::{BTreeMap, BTreeSet};

use egui::accesskit::Role;
use egui_kittest::kittest::{By, NodeT as _, Queryable as _};
use egui_kittest::{Harness, Node};
use microwright::app::{App, DesignSpace, LatentSpace, LearnSpace, MapSpace, PropertySpace};
use serde_json::{Value, json};

use super::window::{settle, sized, until};

/// What is done to a control.
#[derive(Clone, Copy)]
pub enum Hand {
    /// A slider or a number field gets a value.
    Set(f64),
    /// A check box is clicked.
    Tick,
    /// A menu is opened, and the entry that begins so is clicked.
    Pick(&'static str),
}
pub use Hand::{Pick, Set, Tick};

/// A window so high that no control is scrolled out of it.
pub fn tall() -> Harness<'static, App> {
    // Two clicks become a double click only if they follow each other quickly.
    let builder = sized([1366.0, 2600.0]).with_step_dt(1.0 / 60.0);
    let mut harness = builder.build_eframe(|cc| App::new(&cc.egui_ctx, None));
    until(&mut harness, "the sample", |app| app.shared().document.is_some());
    harness
}

/// All settings by their path.
pub fn settings(harness: &mut Harness<'_, App>) -> BTreeMap<String, Value> {
    let app = harness.state_mut();
    let all = json!({
        "settings": app.shared().settings,
        "phase": app.shared().phase,
        "latent": app.space_mut::<LatentSpace>().settings_mut(),
        "map": app.space::<MapSpace>().wanted(),
        "look": app.space::<MapSpace>().look(),
        "learn": app.space::<LearnSpace>().wanted(),
        "design": app.space::<DesignSpace>().wanted(),
        "properties": { "wanted": app.space::<PropertySpace>().wanted(), "set": app.space::<PropertySpace>().set() },
    });
    let mut found = BTreeMap::new();
    let mut left = vec![(String::new(), all)];
    while let Some((path, value)) = left.pop() {
        match value {
            Value::Object(fields) => left.extend(fields.into_iter().map(|(key, v)| (format!("{path}/{key}"), v))),
            Value::Array(items) if !items.is_empty() => {
                left.extend(items.into_iter().enumerate().map(|(n, v)| (format!("{path}/{n}"), v)));
            }
            leaf => drop(found.insert(path, leaf)),
        }
    }
    found
}

/// The paths whose values differ.
pub fn changed(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) -> BTreeSet<String> {
    let paths = before.keys().chain(after.keys());
    paths.filter(|path| before.get(*path) != after.get(*path)).cloned().collect()
}

/// The control with this label in the panel, of the role that the hand needs.
pub fn control<'a>(harness: &'a Harness<'_, App>, label: &'a str, hand: Hand) -> Node<'a> {
    let roles: &[Role] = match hand {
        Set(_) => &[Role::Slider, Role::SpinButton],
        Tick => &[Role::CheckBox],
        Pick(_) => &[Role::ComboBox],
    };
    let mut found = harness.query_all_by_label(label).filter(|node| roles.contains(&node.accesskit_node().role()));
    found.next().unwrap_or_else(|| panic!("no control is labelled {label}"))
}

pub fn steps(harness: &mut Harness<'_, App>) {
    (0..8).for_each(|_| harness.step());
}

pub fn operate(harness: &mut Harness<'_, App>, label: &str, hand: Hand) {
    // While phases are made anew, the panel may move and close a menu.
    settle(harness);
    match hand {
        Set(value) => control(harness, label, hand).set_value_accesskit(value),
        Tick => control(harness, label, hand).click(),
        Pick(entry) => {
            control(harness, label, hand).click();
            steps(harness);
            let is_entry = |node: &Node<'_>| {
                let node = node.accesskit_node();
                node.role() == Role::Button && node.label().is_some_and(|label| label.starts_with(entry))
            };
            let last = harness.query_all(By::new()).rfind(is_entry);
            last.unwrap_or_else(|| panic!("{label} has no entry {entry}")).click();
        }
    }
    steps(harness);
}

/// Operates a control and checks what it changes: `path` becomes `expected`, and nothing else changes. Then a double click
/// on the label brings the old value back.
pub fn check(harness: &mut Harness<'_, App>, label: &str, hand: Hand, path: &str, expected: &Value) {
    let before = settings(harness);
    operate(harness, label, hand);
    let after = settings(harness);
    let differing = changed(&before, &after);
    assert!(!differing.is_empty(), "{label} changes nothing");
    assert!(differing.iter().all(|changed| changed.starts_with(path)), "{label} changes {differing:?}");
    assert_eq!(after.get(path).or(after.get(&format!("{path}/0"))), Some(expected), "{label}");
    let is_label = |node: &Node<'_>| {
        let node = node.accesskit_node();
        node.role() == Role::Label && node.value().as_deref() == Some(label)
    };
    // New phases move the panel.
    settle(harness);
    // Clicks that follow each other quickly count together, and a third is no double click.
    (0..60).for_each(|_| harness.step());
    for _ in 0..2 {
        let name = harness.query_all(By::new()).find(is_label).unwrap_or_else(|| panic!("no text says {label}"));
        name.click();
        harness.step();
    }
    steps(harness);
    assert_eq!(changed(&before, &settings(harness)), BTreeSet::new(), "a double click on {label} is no way back");
}

/// Labels of all controls in the panel that have a value.
pub fn labels(harness: &Harness<'_, App>) -> BTreeSet<String> {
    let has_value = |role| matches!(role, Role::Slider | Role::SpinButton | Role::CheckBox | Role::ComboBox);
    let is_in_panel = |node: &Node<'_>| has_value(node.accesskit_node().role()) && node.rect().left() < 300.0;
    let all = harness.query_all(By::new()).filter(is_in_panel);
    all.map(|node| node.accesskit_node().label().expect("every control has a label")).collect()
}

/// Checks all of these controls, and that the panel has no others besides `others`.
pub fn check_all(harness: &mut Harness<'_, App>, cases: &[(&str, Hand, &str, Value)], others: &[&str]) {
    for (label, hand, path, expected) in cases {
        check(harness, label, *hand, path, expected);
    }
    let known: BTreeSet<&str> = cases.iter().map(|case| case.0).chain(others.iter().copied()).collect();
    let unknown: Vec<String> = labels(harness).into_iter().filter(|label| !known.contains(label.as_str())).collect();
    assert!(unknown.is_empty(), "nobody tests {unknown:?}");
}
