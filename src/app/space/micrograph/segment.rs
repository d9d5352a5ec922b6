//! The choice of the segmentation method, with the settings of each.

use egui::{DragValue, RichText, Slider, Ui};

use super::sensitivity::cuts_of;
use super::state::{MicrographSpace, Tool};
use crate::app::shared::Shared;
use crate::app::shared::open::is_learning;
use crate::app::widgets::{choice, row, value};
use crate::micrograph::{Lesson, MOST_PHASES, Segmentation, thresholds};

/// The segmentation methods, as the menu offers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Auto,
    Otsu,
    Thresholds,
    Clusters,
    Local,
    Strokes,
    Unsegmented,
}

const METHODS: [(Method, &str); 7] = [
    (Method::Auto, "automatic"),
    (Method::Otsu, "Otsu thresholds"),
    (Method::Thresholds, "by hand"),
    (Method::Clusters, "k-means clusters"),
    (Method::Local, "local (Sauvola)"),
    (Method::Strokes, "classifier (strokes)"),
    (Method::Unsegmented, "none (grey, colour)"),
];

fn method(segmentation: &Segmentation) -> Method {
    match segmentation {
        Segmentation::Auto => Method::Auto,
        Segmentation::Phases(_) => Method::Otsu,
        Segmentation::Thresholds(_) => Method::Thresholds,
        Segmentation::Clusters(_) => Method::Clusters,
        Segmentation::Local { .. } => Method::Local,
        Segmentation::Strokes(_) => Method::Strokes,
        Segmentation::Unsegmented => Method::Unsegmented,
    }
}

pub fn segment_section(space: &mut MicrographSpace, shared: &mut Shared, ui: &mut Ui) {
    let before = method(&shared.settings.recipe.segmentation);
    let mut chosen = before;
    let tip = "Automatic: at most 8 distinct values are phases, anything else is cut in two by Otsu's threshold.";
    choice(ui, "Method", tip, &mut chosen, &Method::Auto, &METHODS);
    if chosen != before {
        choose_method(space, shared, chosen);
    }
    let most = MOST_PHASES;
    match &mut shared.settings.recipe.segmentation {
        Segmentation::Phases(n) => {
            value(ui, "Phases", "How many phases the thresholds make.", n, &2, |ui, n| {
                ui.add(Slider::new(n, 2..=most))
            });
        }
        Segmentation::Clusters(n) => {
            value(ui, "Clusters", "How many groups of grey values or colours are made.", n, &2, |ui, n| {
                ui.add(Slider::new(n, 2..=most))
            });
        }
        Segmentation::Local { radius, sensitivity } => {
            value(ui, "Radius", "Half the edge of the square that sets a threshold (px).", radius, &15, |ui, r| {
                ui.add(Slider::new(r, 2..=200).logarithmic(true))
            });
            let tip = "How much a flat surrounding lowers the threshold.";
            value(ui, "Sensitivity", tip, sensitivity, &0.2, |ui, k| ui.add(Slider::new(k, -0.5..=1.0)));
        }
        Segmentation::Thresholds(_) => threshold_controls(space, shared, ui),
        Segmentation::Strokes(_) => teaching_controls(space, shared, ui),
        Segmentation::Auto | Segmentation::Unsegmented => {}
    }
}

fn choose_method(space: &mut MicrographSpace, shared: &mut Shared, chosen: Method) {
    let Some(document) = shared.document.clone() else { return };
    let phases = document.phases().map_or(2, |m| m.phases).clamp(2, MOST_PHASES);
    shared.settings.recipe.segmentation = match chosen {
        Method::Auto => Segmentation::Auto,
        Method::Otsu => Segmentation::Phases(phases),
        Method::Thresholds => {
            let cuts = {
                let histogram = space.histogram.as_ref().map(|(_, h)| &**h);
                cuts_of(document.micrograph(), &document.recipe.segmentation, phases, histogram)
            };
            let cuts = if cuts.is_empty() { thresholds(&document.micrograph().grey(), phases) } else { cuts };
            Segmentation::Thresholds(cuts)
        }
        Method::Clusters => Segmentation::Clusters(phases),
        Method::Local => Segmentation::Local { radius: 15, sensitivity: 0.2 },
        Method::Strokes => {
            space.choose(Tool::Teach);
            Segmentation::Strokes(Lesson::default())
        }
        Method::Unsegmented => Segmentation::Unsegmented,
    };
}

fn threshold_controls(space: &mut MicrographSpace, shared: &mut Shared, ui: &mut Ui) {
    let Segmentation::Thresholds(cuts) = &mut shared.settings.recipe.segmentation else { return };
    let range = space.histogram.as_ref().map_or(0.0..=1.0, |(_, h)| h.low..=h.high);
    let span = range.end() - range.start();
    for n in 0..cuts.len() {
        let tip =
            "Pixels from this grey value on belong to the next phase. You can also drag the line in the histogram.";
        let (_, _) = row(ui, &format!("Threshold {}", n + 1), tip, |ui| {
            ui.add(DragValue::new(&mut cuts[n]).range(range.clone()).speed(0.002 * span))
        });
    }
    cuts.sort_by(f32::total_cmp);
    ui.horizontal(|ui| {
        if ui.add_enabled(cuts.len() + 1 < MOST_PHASES, egui::Button::new("Add")).clicked() {
            let last = cuts.last().copied().unwrap_or(*range.start());
            cuts.push(0.5 * (last + range.end()));
        }
        if ui.add_enabled(cuts.len() > 1, egui::Button::new("Remove")).clicked() {
            cuts.pop();
        }
        let tip = "Set the thresholds where the variance between phases is largest.";
        if ui.button("Otsu").on_hover_text(tip).clicked()
            && let Some(document) = &shared.document
        {
            *cuts = thresholds(&document.micrograph().grey(), cuts.len() + 1);
        }
    });
}

fn teaching_controls(space: &mut MicrographSpace, shared: &mut Shared, ui: &mut Ui) {
    let learning = is_learning(&shared.settings);
    let names: Vec<String> = (0..MOST_PHASES).map(|phase| shared.settings.recipe.phase_name(phase)).collect();
    let Segmentation::Strokes(lesson) = &mut shared.settings.recipe.segmentation else { return };
    let mut counts = vec![0; lesson.phases().max(2)];
    lesson.strokes.iter().for_each(|s| counts[s.phase.min(MOST_PHASES - 1)] += 1);
    let known: Vec<String> = counts
        .iter()
        .enumerate()
        .map(|(phase, n)| {
            let learnt = lesson.learnt.get(phase).is_some_and(|l| !l.is_empty());
            format!("{}: {n}{}", names[phase], if learnt { " and learnt" } else { "" })
        })
        .collect();
    ui.label(RichText::new(format!("Strokes: {}", known.join(", "))).weak());
    let begun = !lesson.strokes.is_empty() || !lesson.learnt.is_empty();
    if begun && learning {
        ui.label("Now paint the other phases too; until then the phases stay as they were.");
    }
    if lesson.strokes.is_empty() && lesson.learnt.is_empty() {
        ui.label("Choose Teach above the pictures and paint a few strokes over each phase, phase 0 first.");
    }
    ui.horizontal(|ui| {
        if ui.button("Teach").on_hover_text(Tool::Teach.tooltip()).clicked() {
            space.choose(Tool::Teach);
        }
        if ui.button("Forget all").on_hover_text("Remove all strokes.").clicked() {
            *lesson = Lesson::default();
        }
    });
}
