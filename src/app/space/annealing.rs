//! The settings of an annealing that a reconstruction of a micrograph and one from a curve share.

use egui::{DragValue, Ui};

use crate::app::widgets::{choice, value};
use crate::reconstruct::anneal::{Anneal, MOST_TRIES, Pixels, Start};

/// Exchanges, start, pixels and tolerance.
pub fn exchange_settings(anneal: &mut Anneal, ui: &mut Ui) {
    let default = Anneal::default();
    let tip =
        "Exchanges of two pixels that are tried, for each pixel of the result. More come closer to the wanted S2.";
    value(ui, "Exchanges", tip, &mut anneal.tries, &default.tries, |ui, v| {
        ui.add(DragValue::new(v).range(1..=MOST_TRIES).suffix(" a pixel"))
    });
    let starts = [(Start::Field, "Gaussian field"), (Start::Noise, "noise")];
    let tip =
        "A Gaussian field has nearly the right S2 already. From noise, as in the paper, it takes many more exchanges.";
    choice(ui, "Start", tip, &mut anneal.start, &default.start, &starts);
    let pixels = [(Pixels::Interfaces, "at interfaces"), (Pixels::Any, "anywhere")];
    let tip = "Which pixels are exchanged. At interfaces phases stay compact; anywhere, specks appear.";
    choice(ui, "Pixels", tip, &mut anneal.pixels, &default.pixels, &pixels);
    let tip = "Accepts no exchange that raises the energy: quicker, but it can get stuck.";
    value(ui, "Zero tolerance", tip, &mut anneal.zero_tolerance, &default.zero_tolerance, |ui, v| ui.checkbox(v, ""));
}
