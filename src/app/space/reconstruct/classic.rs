//! The settings of the classical methods.

use egui::{DragValue, Ui};

use crate::app::space::annealing::exchange_settings;
use crate::app::widgets::{choice, value};
use crate::reconstruct::Method;
use crate::reconstruct::anneal::Anneal;
use crate::reconstruct::descriptors::{Descriptors, Orientations};
use crate::reconstruct::field::{Directions, Field};
use crate::reconstruct::markov::{self, Markov};
use crate::reconstruct::sampling::{MOST_NEIGHBOURS, MOST_PLACES, Sampling};
use crate::reconstruct::tree::{self, Tree};

/// Shows the settings of a method other than the Gram matrices. Returns them as they are now, and what the method does,
/// in a few sentences.
pub fn method_settings(method: Method, ui: &mut Ui) -> (Method, &'static str) {
    match method {
        Method::Gram(gram) => (Method::Gram(gram), ""),
        Method::Field(field) => field_settings(field, ui),
        Method::Anneal(anneal) => anneal_settings(anneal, ui),
        Method::Tree(tree) => tree_settings(tree, ui),
        Method::Markov(markov) => markov_settings(markov, ui),
        Method::Sampling(sampling) => sampling_settings(sampling, ui),
        Method::Descriptors(descriptors) => descriptor_settings(descriptors, ui),
    }
}

fn field_settings(mut field: Field, ui: &mut Ui) -> (Method, &'static str) {
    let options = [(Directions::All, "every displacement"), (Directions::Radial, "radial mean")];
    let tip = "Which S2 the field has. Every displacement keeps a preferred direction; the radial mean has less noise.";
    choice(ui, "S2 of", tip, &mut field.directions, &Directions::default(), &options);
    let note = "A Gaussian field with the covariance that gives the original's S2, cut at the exact volume fraction. S2 is \
                followed as far as such a field can; the lineal path and everything else follow from it.";
    (Method::Field(field), note)
}

fn anneal_settings(mut anneal: Anneal, ui: &mut Ui) -> (Method, &'static str) {
    let default = Anneal::default();
    exchange_settings(&mut anneal, ui);
    let options = [(Directions::Radial, "radial, rows, columns"), (Directions::All, "every displacement")];
    let tip = "Which S2 is in the energy. Every displacement keeps a preferred direction.";
    choice(ui, "S2 of", tip, &mut anneal.directions, &default.directions, &options);
    let tip = "Puts the lineal path into the energy: rows, columns and both diagonals. Takes about twice as long.";
    value(ui, "Lineal path", tip, &mut anneal.lineal_path, &default.lineal_path, |ui, v| ui.checkbox(v, ""));
    let tip = "Puts chord lengths along rows and columns into the energy.";
    value(ui, "Chords", tip, &mut anneal.chords, &default.chords, |ui, v| ui.checkbox(v, ""));
    let tip =
        "Puts the two-point cluster function into the energy: which pixels hang together. Takes several times as long.";
    value(ui, "Clusters", tip, &mut anneal.clusters, &default.clusters, |ui, v| ui.checkbox(v, ""));
    let note = "Pixels are exchanged until S2 is the original's, and the other statistics that are chosen; the fractions stay \
                exact. Everything else is left free.";
    (Method::Anneal(anneal), note)
}

fn tree_settings(mut tree: Tree, ui: &mut Ui) -> (Method, &'static str) {
    let default = Tree::default();
    let tip = "How far a pixel sees, in pixels. 0: cross-validation chooses.";
    reach(ui, tip, &mut tree.reach, default.reach, 0..=tree::MOST_REACH);
    let tip = "The fewest pixels of the original that a leaf of the tree has. More give smoother probabilities.";
    value(ui, "Leaf", tip, &mut tree.leaf, &default.leaf, |ui, v| {
        ui.add(DragValue::new(v).range(1..=tree::MOST_LEAF).suffix(" px"))
    });
    scales(ui, &mut tree.scales, default.scales, tree::MOST_SCALES);
    let note = "A classification tree learns the phase of a pixel from those before it in reading order. The result is made \
                in that order, each pixel by the probabilities of its leaf.";
    (Method::Tree(tree), note)
}

fn markov_settings(mut markov: Markov, ui: &mut Ui) -> (Method, &'static str) {
    let default = Markov::default();
    let tip = "How far a pixel sees at each size, in pixels: about the size of the features.";
    reach(ui, tip, &mut markov.reach, default.reach, 1..=markov::MOST_REACH);
    scales(ui, &mut markov.scales, default.scales, markov::MOST_SCALES);
    let tip = "How much further than the most similar surroundings the ones that are taken may be, as a share. More \
               varies more and copies less.";
    value(ui, "Tolerance", tip, &mut markov.tolerance, &default.tolerance, |ui, v| {
        ui.add(DragValue::new(v).range(0.0..=10.0).speed(0.01))
    });
    let note = "Each pixel takes the value of the pixel of the original with the most similar surroundings. Works on grey \
                pictures too. Such methods copy: the report says how much.";
    (Method::Markov(markov), note)
}

fn sampling_settings(mut sampling: Sampling, ui: &mut Ui) -> (Method, &'static str) {
    let default = Sampling::default();
    let tip =
        "How many of the nearest pixels that are made already are compared. More keep larger features and copy more.";
    value(ui, "Neighbours", tip, &mut sampling.neighbours, &default.neighbours, |ui, v| {
        ui.add(DragValue::new(v).range(1..=MOST_NEIGHBOURS))
    });
    let tip =
        "The share of the neighbours that may differ. Of grey pictures: the mean difference over the whole range.";
    value(ui, "May differ", tip, &mut sampling.threshold, &default.threshold, |ui, v| {
        ui.add(DragValue::new(v).range(0.0..=1.0).speed(0.005))
    });
    let tip = "The most places of the original that are looked at for one pixel.";
    value(ui, "Places", tip, &mut sampling.places, &default.places, |ui, v| {
        ui.add(DragValue::new(v).range(1..=MOST_PLACES).speed(100.0))
    });
    let note = "Pixels are made in random order. Each takes the value of a place of the original whose surroundings agree \
                with the pixels made already. Works on grey pictures too. Such methods copy: the report says how much.";
    (Method::Sampling(sampling), note)
}

fn descriptor_settings(mut descriptors: Descriptors, ui: &mut Ui) -> (Method, &'static str) {
    let default = Descriptors::default();
    let tip = "Separates particles that touch at their necks (watershed) before they are measured.";
    value(ui, "Separate", tip, &mut descriptors.split, &default.split, |ui, v| ui.checkbox(v, ""));
    let factor = |ui: &mut Ui, label: &str, tip: &str, v: &mut f64, range: std::ops::RangeInclusive<f64>| {
        value(ui, label, tip, v, &1.0, |ui, v| {
            ui.add(DragValue::new(v).range(range).speed(0.01).suffix(" × measured"))
        });
    };
    let tip = "The number of particles in an area. The volume fraction stays, so more particles are smaller ones.";
    factor(ui, "Number", tip, &mut descriptors.number, 0.05..=20.0);
    factor(ui, "Aspect ratio", "The long axis over the short one.", &mut descriptors.aspect, 0.1..=10.0);
    let tip = "The distance from each centre to the nearest one. 0 leaves the centres random.";
    factor(ui, "Spacing", tip, &mut descriptors.spacing, 0.0..=10.0);
    let orientations = [
        (Orientations::Measured, "as measured"),
        (Orientations::Random, "random"),
        (Orientations::Rows, "along rows"),
        (Orientations::Columns, "along columns"),
    ];
    let tip = "The directions of the long axes.";
    choice(ui, "Directions", tip, &mut descriptors.orientations, &default.orientations, &orientations);
    let note = "The particles of each phase but the largest are measured: number, areas, aspect ratios, directions, nearest \
                distances. Ellipses with these are packed anew. It does not apply to networks and to branched phases.";
    (Method::Descriptors(descriptors), note)
}

fn reach(ui: &mut Ui, tip: &str, reach: &mut usize, default: usize, range: std::ops::RangeInclusive<usize>) {
    value(ui, "Sees", tip, reach, &default, |ui, v| {
        let text = |n: f64, _: _| if n < 1.0 { "chosen".into() } else { format!("{n:.0} px") };
        ui.add(DragValue::new(v).range(range).custom_formatter(text))
    });
}

fn scales(ui: &mut Ui, scales: &mut usize, default: usize, most: usize) {
    let tip = "Sizes from coarse to fine, each half of the next. More keep larger features.";
    value(ui, "Sizes", tip, scales, &default, |ui, v| ui.add(DragValue::new(v).range(1..=most)));
}
