//! The panel: model, property, what is wanted, search.

use egui::{DragValue, ProgressBar, RichText, ScrollArea, Ui};

use super::state::{By, DesignSpace, NAME, Target, Wanted};
use super::work;
use crate::app::shared::Shared;
use crate::app::shared::ask::model_row;
use crate::app::shared::materials::materials_row;
use crate::app::shared::methods::gram_settings;
use crate::app::theme;
use crate::app::widgets::{choice, heading, primary, value};
use crate::figure::significant;
use crate::job::{Progress, Request};
use crate::property::Property;

pub fn panel(space: &mut DesignSpace, shared: &mut Shared, ui: &mut Ui) {
    egui::Panel::bottom("design start")
        .frame(egui::Frame::NONE)
        .show_separator_line(true)
        .show(ui, |ui| start(space, shared, ui));
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        ui.add_enabled_ui(!space.is_running(), |ui| {
            model_rows(&mut space.wanted, shared, ui);
            property_rows(space, shared, ui);
            target_rows(space, shared, ui);
            search_rows(&mut space.wanted, shared, ui);
        });
    });
}

fn model_rows(wanted: &mut Wanted, shared: &mut Shared, ui: &mut Ui) {
    heading(ui, "Latent model");
    let tip = "Candidates are pictures of this model, which was trained in the Latent workspace. Without a file the built-in model of graphite is taken.";
    model_row(ui, shared, NAME, tip, "built in: graphite", &mut wanted.model);
}

fn property_rows(space: &mut DesignSpace, shared: &Shared, ui: &mut Ui) {
    heading(ui, "Properties");
    let options = [(By::Solving, "solving for it"), (By::Predicting, "the predictor of Learn")];
    let tip = "Every picture's property is computed from its phases, or predicted by what was learned.";
    choice(ui, "Found by", tip, &mut space.wanted.by, &By::Solving, &options);
    if space.wanted.by == By::Predicting {
        let text = match &shared.predictor {
            Some(open) => format!("{} by {}", open.about.column, open.name),
            None => "Nothing is learned or opened in Learn yet.".into(),
        };
        ui.add(egui::Label::new(RichText::new(&text).weak()).truncate()).on_hover_text(&text);
        return;
    }
    let (set, _) = work::materials(space, shared);
    let wanted = &mut space.wanted;
    let all = Property::ALL.map(|p| (p, p.name()));
    choice(ui, "Property", "What is to have a wanted value.", &mut wanted.property, &Property::Conductivity, &all);
    let others = Property::ALL.into_iter().filter(|p| *p != wanted.property).map(|p| (Some(p), p.name()));
    let options: Vec<(Option<Property>, &str)> = std::iter::once((None, "none")).chain(others).collect();
    choice(ui, "And", "A second property that is to have a wanted value at once.", &mut wanted.second, &None, &options);
    materials_row(&set, ui);
}

fn target_rows(space: &mut DesignSpace, shared: &Shared, ui: &mut Ui) {
    heading(ui, "Wanted");
    // Pictures of another model, or of another property, say nothing here.
    let subject = work::request(space, shared, false).subject();
    let known = space.designed.clone().filter(|designed| designed.subject == subject);
    let count = space.wanted.count_of_properties();
    let labels = [["Value", "From", "Range", "To"], ["Second value", "Second from", "Second range", "Second to"]];
    for (n, [single, from, range, to]) in labels.into_iter().enumerate().take(count) {
        let target = if n == 0 { &mut space.wanted.target } else { &mut space.wanted.second_target };
        let tip = "The value that the property is to have, in its unit.";
        let number = |ui: &mut Ui, v: &mut f64| {
            let speed = (0.01 * v.abs()).max(1e-4);
            ui.add(DragValue::new(v).speed(speed).max_decimals(6))
        };
        let fallback = Target::default();
        value(ui, if target.is_range { from } else { single }, tip, &mut target.low, &fallback.low, number);
        if target.is_range {
            value(ui, to, "The largest value that will do.", &mut target.high, &fallback.high, number);
        }
        let tip = "Any value between two ends will do.";
        value(ui, range, tip, &mut target.is_range, &false, |ui, v| {
            let ticked = ui.checkbox(v, "between two values");
            if ticked.changed() && *v {
                target.high = target.high.max(target.low);
            }
            ticked
        });
        let Some(designed) = known.as_ref().filter(|designed| designed.names.len() == count) else { continue };
        let (low, high) = designed.reached(n);
        let text = format!("{}: pictures so far have {} to {}", designed.names[n], significant(low), significant(high));
        ui.add(egui::Label::new(RichText::new(text).weak().small()).wrap());
    }
}

fn search_rows(wanted: &mut Wanted, shared: &Shared, ui: &mut Ui) {
    heading(ui, "Search");
    let defaults = Wanted::default();
    let tip = "How many unlike candidates are looked for.";
    value(ui, "Candidates", tip, &mut wanted.count, &defaults.count, |ui, v| ui.add(DragValue::new(v).range(1..=50)));
    let tip = "Pictures that are made at random first, from which the search starts.";
    value(ui, "At random", tip, &mut wanted.first, &defaults.first, |ui, v| ui.add(DragValue::new(v).range(8..=1000)));
    let tip = "The most pictures that the search makes.";
    value(ui, "At most", tip, &mut wanted.most, &defaults.most, |ui, v| ui.add(DragValue::new(v).range(0..=1000)));
    let tip = "How far from the wanted value a candidate may be, in percent of it.";
    value(ui, "Tolerance", tip, &mut wanted.tolerance, &defaults.tolerance, |ui, v| {
        ui.add(DragValue::new(v).range(0.1..=50.0).speed(0.1).suffix(" %"))
    });
    let tip = format!(
        "Reconstruct each candidate by its Gram matrices and two-point statistics, so that it is as sharp as a micrograph, and measure that too. Settings are those of Reconstruct; network: {}.",
        gram_settings(shared).weights.label()
    );
    value(ui, "Refine", &tip, &mut wanted.refines, &false, |ui, v| ui.checkbox(v, "reconstruct candidates"));
    let tip = "Seed of the pictures at random and of the search.";
    value(ui, "Seed", tip, &mut wanted.seed, &defaults.seed, |ui, v| ui.add(DragValue::new(v)));
}

fn start(space: &mut DesignSpace, shared: &mut Shared, ui: &mut Ui) {
    ui.add_space(theme::STEP);
    if space.is_running() {
        let progress = &space.job.progress;
        ui.add(ProgressBar::new(progress.share() as f32).text(format!("{:.0} %", 100.0 * progress.share())));
        ui.add(egui::Label::new(RichText::new(progress.doing()).small().weak()).wrap());
        if ui.button("Stop").on_hover_text("End the search; what was found stays.").clicked() {
            space.job.request(Request::StopAndKeep);
        }
        ui.add_space(4.0);
        return;
    }
    if let Some(reason) = &space.job.failure {
        let color = theme::palette(ui).error;
        ui.add(egui::Label::new(RichText::new(reason).small().color(color)).wrap());
    }
    let missing = work::missing(space, shared);
    let clicked = ui.add_enabled_ui(missing.is_none(), |ui| {
        let width = ui.available_width();
        let tip = "Make pictures at random, and show which properties they have.";
        let survey = ui.add_sized([width, 24.0], egui::Button::new("What can be reached?")).on_hover_text(tip);
        let design = ui.add_sized([width, 36.0], primary(ui, "Design micrographs"));
        let disabled = missing.unwrap_or_default();
        (survey.on_disabled_hover_text(disabled).clicked(), design.on_disabled_hover_text(disabled).clicked())
    });
    match clicked.inner {
        (true, _) => work::design(space, shared, false),
        (_, true) => work::design(space, shared, true),
        _ => {}
    }
    ui.add_space(4.0);
}
