//! The workspaces: each a folder with one type that implements [`Space`], and one line in [`all`].

mod annealing;
mod compare;
mod design;
mod latent;
mod learn;
mod map;
mod micrograph;
mod property;
mod reconstruct;
mod studies;

use std::any::Any;
use std::path::{Path, PathBuf};

use egui::{Context, KeyboardShortcut, RichText, Ui};
use ndarray::s;

pub use compare::CompareSpace;
pub use design::DesignSpace;
pub use latent::LatentSpace;
pub use learn::LearnSpace;
pub use map::MapSpace;
pub use micrograph::MicrographSpace;
pub use property::PropertySpace;
pub use reconstruct::ReconstructSpace;
pub use studies::StudiesSpace;

use super::shared::Shared;
use super::shared::original::Original;
use super::theme;
use super::widgets::choice;
use crate::micrograph::Micrograph;
use crate::project::Project;
use crate::stats::Interval;

/// All workspaces, in the order of their tabs.
pub fn all() -> Vec<Box<dyn Space>> {
    vec![
        Box::<MicrographSpace>::default(),
        Box::<ReconstructSpace>::default(),
        Box::<CompareSpace>::default(),
        Box::<StudiesSpace>::default(),
        Box::<LatentSpace>::default(),
        Box::<MapSpace>::default(),
        Box::<PropertySpace>::default(),
        Box::<LearnSpace>::default(),
        Box::<DesignSpace>::default(),
    ]
}

/// A workspace of the window: a panel on the left, a view beside it, and work of its own.
///
/// A space never uses another one: what another one should do it requests with [`Shared::act`].
pub trait Space: Any {
    /// The name on its tab, which no other space has.
    fn name(&self) -> &'static str;

    /// What it is for, in one sentence: the tooltip of its tab.
    fn purpose(&self) -> &'static str;

    /// Draws the panel on the left.
    fn panel(&mut self, ui: &mut Ui, shared: &mut Shared);

    /// Draws the view beside the panel.
    fn view(&mut self, ui: &mut Ui, shared: &mut Shared);

    /// Handles the events of its work. Called in every frame, also while another space is shown.
    fn poll(&mut self, _ctx: &Context, _shared: &mut Shared) {}

    /// Its running work, for the status bar.
    fn status(&self) -> Option<Status> {
        None
    }

    /// Whether its work needs the open micrograph, which then cannot be replaced.
    fn keeps_micrograph(&self) -> bool {
        false
    }

    /// Takes files that were dropped on it or chosen for it. Returns those that it does not use.
    fn take_files(&mut self, files: Vec<PathBuf>, _shared: &mut Shared) -> Vec<PathBuf> {
        files
    }

    /// A test for files that only this space opens, whichever space is shown. Called on another thread.
    fn own_files(&self) -> Option<fn(&Path) -> bool> {
        None
    }

    /// Opens a file that passed the test of [`Space::own_files`].
    fn open(&mut self, _path: PathBuf, _shared: &mut Shared) {}

    /// Its commands, for the menu, the palette and the keys.
    fn commands(&self, _shared: &Shared) -> Vec<SpaceCommand> {
        vec![]
    }

    /// Runs the command with this id.
    fn perform(&mut self, _id: &'static str, _ctx: &Context, _shared: &mut Shared) {}

    /// Saves its own part in a project.
    fn save(&self, _project: &mut Project) {}

    /// Restores its own part from a project that was opened.
    fn restore(&mut self, _project: &mut Project, _shared: &mut Shared) {}

    /// What would be lost if the window closed now, in one sentence.
    fn would_lose(&self) -> Option<String> {
        None
    }
}

/// Running work, as the status bar shows it.
pub struct Status {
    /// The kind of work, such as “Training”.
    pub what: &'static str,
    /// The share that is done, 0 … 1.
    pub share: f64,
    /// The text of the progress bar.
    pub text: String,
    /// Bytes in use, where they are known.
    pub memory: Option<u64>,
    /// Buttons: text, tooltip and the id of the command that they call.
    pub buttons: Vec<(&'static str, &'static str, &'static str)>,
}

/// A command of a space.
pub struct SpaceCommand {
    /// The id that [`Space::perform`] gets.
    pub id: &'static str,
    /// Its name in menus and the palette.
    pub name: &'static str,
    /// One sentence for a tooltip.
    pub tooltip: &'static str,
    /// The key that calls it while the space is shown.
    pub key: Option<KeyboardShortcut>,
    /// Why it cannot be called now, if it cannot.
    pub unavailable: Option<String>,
}

/// Name, size, scale and phases of what is open.
fn document_summary(shared: &Shared, ui: &mut Ui) {
    match &shared.document {
        Some(document) => {
            ui.add(egui::Label::new(RichText::new(&document.raw.name).heading()).truncate());
            ui.add(egui::Label::new(RichText::new(document.summary()).weak()).wrap());
        }
        None => {
            ui.label(RichText::new("No micrograph").heading());
            ui.label("Open one, drop one on the window, or take a sample.");
        }
    }
    ui.add_space(4.0);
}

/// The phase of an original whose curves are shown, with its volume fraction.
fn phase_choice(shared: &mut Shared, original: &Original, ui: &mut Ui) {
    let Some(map) = &original.phases else { return };
    let counted = map.volume_fractions();
    let names: Vec<_> = counted
        .iter()
        .enumerate()
        // The interval stands in the tooltip: there is no room for it.
        .map(|(n, f)| (n, format!("{}: {:.1} %", original.recipe.phase_name(n), 100.0 * f)))
        .collect();
    let named: Vec<_> = names.iter().map(|(n, name)| (*n, name.as_str())).collect();
    let default = map.phases - 1;
    let before = shared.phase_of(map.phases);
    let interval = original.fractions.get(before);
    let tip = format!(
        "The phase of {} whose curves the plots show, against all others.{}",
        original.name,
        interval.map_or(String::new(), |i| format!("\n{}", interval_tip(i)))
    );
    let mut phase = before;
    choice(ui, "Phase", &tip, &mut phase, &default, &named);
    if phase != before {
        shared.phase = phase;
    }
}

/// A text in place of an empty view.
fn placeholder(ui: &mut Ui, text: &str) {
    let faint = theme::palette(ui).faint;
    ui.centered_and_justified(|ui| ui.label(RichText::new(text).color(faint)));
}

/// The value of a pixel for the line below a picture.
fn readout_of(micrograph: &Micrograph, row: usize, column: usize) -> String {
    let (height, width) = micrograph.size();
    if row >= height || column >= width {
        return String::new();
    }
    match micrograph.values.slice(s![row, column, ..]).to_vec()[..] {
        [grey] if grey.fract() == 0.0 => format!("{grey:.0}"),
        [grey] => crate::app::widgets::grey_text(grey),
        [r, g, b] => format!("{r:.0} {g:.0} {b:.0}"),
        _ => String::new(),
    }
}

/// The tooltip of a confidence interval: what it means, and whether it can be trusted.
fn interval_tip(interval: &Interval) -> String {
    let areas = interval.independent_areas;
    let mut text = format!(
        "95 % confidence interval of the material's volume fraction, from the picture's own S2 (variance integral): the \
         picture holds about {} independent areas of {} px².",
        crate::figure::significant(areas),
        crate::figure::significant(interval.integral_range)
    );
    if !interval.can_be_trusted() {
        text.push_str(" Fewer than ten are too few to trust the interval: use a larger field of view.");
    }
    text
}
