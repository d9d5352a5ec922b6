//! The Compare workspace: the original beside any number of reconstructions or other micrographs.

mod measuring;
mod plots;
mod table;

use std::path::PathBuf;
use std::sync::Arc;

use egui::{Color32, Context, Key, KeyboardShortcut, Modifiers, RichText, ScrollArea, Ui};

use super::{Space, SpaceCommand, phase_choice};
use crate::app::command::Action;
use crate::app::shared::Shared;
use crate::app::shared::original::Original;
use crate::app::shared::plots::{handle_picture_request, handle_plot_request, take_enlarged};
use crate::app::shared::question::{Ask, PathKind};
use crate::app::shared::read::open_as_labels_or_grey;
use crate::app::shared::watch::{News, OneShot, Watch};
use crate::app::theme;
use crate::app::widgets::{
    Pane, Picture, ShownFigure, View, choice, color_bar, enlarged, heading, show_panes, shrink_all, titled_plot,
};
use crate::figure::significant;
use crate::micrograph::{self, ENDINGS, Micrograph, PhaseMap, PixelSize, Prepare, is_picture};
use crate::project::{Compared, Project};
use crate::stats::Boundary;
use measuring::{Labels, Measure, Measurements};
use plots::{figures, further_figures, size_figures};
use table::{table, table_csv};

/// The names of its plots and of its maps, of which each can be enlarged.
const PLOTS: &str = "compare";
const PANES: &str = "compare maps";
/// The space's name.
const NAME: &str = "Compare";
/// Its only command.
const EXPORT: &str = "export";

/// Which curves are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Page {
    /// S2, lineal path, cluster function, pore sizes, chords, covariance.
    #[default]
    Curves,
    /// Along rows and columns, variance in windows, power spectrum.
    Further,
    /// Sizes of components, pores and chords.
    Sizes,
    /// S2 over displacements.
    Maps,
}

/// The inputs of the last measurement: phase, boundary and pictures.
#[derive(Clone)]
struct Asked {
    phase: usize,
    boundary: Boundary,
    maps: Vec<Arc<PhaseMap>>,
}

impl Asked {
    fn is_same(&self, other: &Self) -> bool {
        let same = self.maps.len() == other.maps.len();
        let same = same && self.maps.iter().zip(&other.maps).all(|(a, b)| Arc::ptr_eq(a, b));
        same && (self.phase, self.boundary) == (other.phase, other.boundary)
    }
}

/// The state of the workspace.
pub struct CompareSpace {
    page: Page,
    boundary: Boundary,
    /// The original that was chosen; none follows the last realisation.
    original: Option<Original>,
    /// Other micrographs.
    compared: Vec<Compared>,
    /// Files that are being read.
    reading: Watch<OneShot<Vec<Result<Compared, String>>>>,
    waiting: Vec<PathBuf>,
    /// Pictures that are not shown.
    hidden: Vec<Arc<PhaseMap>>,
    result: Option<Measurements>,
    asked: Option<Asked>,
    measuring: Watch<Measure>,
    maps: Vec<Option<Picture>>,
    /// Zoom and pan of the maps, which have other sizes than the pictures.
    map_view: View,
}

impl Default for CompareSpace {
    fn default() -> Self {
        Self {
            page: Page::Curves,
            boundary: Boundary::Open,
            original: None,
            compared: vec![],
            reading: Watch::default(),
            waiting: vec![],
            hidden: vec![],
            result: None,
            asked: None,
            measuring: Watch::default(),
            maps: vec![],
            map_view: View::default(),
        }
    }
}

impl Space for CompareSpace {
    fn name(&self) -> &'static str {
        NAME
    }

    fn purpose(&self) -> &'static str {
        "Statistics of the original beside reconstructions or other micrographs."
    }

    fn panel(&mut self, ui: &mut Ui, shared: &mut Shared) {
        panel(self, shared, ui);
    }

    fn view(&mut self, ui: &mut Ui, shared: &mut Shared) {
        view(self, shared, ui);
    }

    fn poll(&mut self, _ctx: &Context, shared: &mut Shared) {
        while let Some(news) = self.reading.poll(&mut shared.messages) {
            let News::Output(found) = news else { continue };
            for compared in found {
                match compared {
                    Ok(compared) => {
                        self.compared.push(compared);
                        shared.changed();
                    }
                    Err(reason) => shared.messages.error(reason),
                }
            }
        }
        if !self.reading.is_running() && !self.waiting.is_empty() {
            let paths = std::mem::take(&mut self.waiting);
            let read = move || Ok(paths.into_iter().map(read_compared).collect());
            self.reading.start_detached(OneShot(Box::new(read)), &shared.wake);
        }
        while let Some(news) = self.measuring.poll(&mut shared.messages) {
            if let News::Output(result) = news {
                self.maps.clear();
                self.result = Some(result);
            }
        }
    }

    fn take_files(&mut self, files: Vec<PathBuf>, _shared: &mut Shared) -> Vec<PathBuf> {
        let (pictures, others) = files.into_iter().partition(|path| is_picture(path));
        self.waiting.extend::<Vec<PathBuf>>(pictures);
        others
    }

    fn commands(&self, _shared: &Shared) -> Vec<SpaceCommand> {
        vec![SpaceCommand {
            id: EXPORT,
            name: "Export table and plots",
            tooltip: "Write the table and all plots (CSV, SVG, PNG) into the export folder.",
            key: Some(KeyboardShortcut::new(Modifiers::COMMAND, Key::E)),
            unavailable: self.result.is_none().then(|| "Nothing is measured yet.".into()),
        }]
    }

    fn perform(&mut self, _id: &'static str, _ctx: &Context, shared: &mut Shared) {
        export(self, shared);
    }

    fn save(&self, project: &mut Project) {
        project.compared.clone_from(&self.compared);
    }

    fn restore(&mut self, project: &mut Project, _shared: &mut Shared) {
        self.compared = std::mem::take(&mut project.compared);
        self.original = None;
        self.asked = None;
    }
}

fn read_compared(path: PathBuf) -> Result<Compared, String> {
    let document =
        micrograph::read(&path).and_then(|m| open_as_labels_or_grey(&Arc::new(m))).map_err(|e| e.to_string())?;
    let name = document.raw.name.clone();
    let map = document.prepared.phases.ok_or_else(|| format!("{name} has no phases to compare."))?;
    Ok(Compared { name, map, pixel_size: document.prepared.micrograph.pixel_size.clone() })
}

/// The original of the comparison: the one that was chosen, while it is there; else that of the last realisation or the
/// open micrograph.
fn original_of(space: &CompareSpace, originals: &[Original]) -> Option<Original> {
    let chosen = space.original.as_ref().and_then(|chosen| originals.iter().find(|o| o.is_same(chosen)));
    chosen.or(originals.first()).cloned()
}

/// The original, its reconstructions with their number, and the other micrographs, in this order. Realisations of
/// another original are left out: they are to be compared with their own.
fn items_of(space: &CompareSpace, shared: &Shared, original: &Original) -> (Vec<Compared>, usize) {
    let compared = |name: String, map: &Arc<PhaseMap>, pixel_size: &Option<PixelSize>| Compared {
        name,
        map: map.clone(),
        pixel_size: pixel_size.clone(),
    };
    let own = original.phases.iter();
    let mut items: Vec<Compared> = own.map(|map| compared(original.name.clone(), map, &original.pixel_size)).collect();
    for realisation in &shared.realisations {
        if let Some(map) =
            realisation.phases.as_ref().filter(|_| Original::of_realisation(realisation).is_same(original))
        {
            let name = format!("realisation {}", realisation.number + 1);
            items.push(compared(name, map, &realisation.report.input.pixel_size));
        }
    }
    let reconstructions = items.len() - 1;
    items.extend(space.compared.iter().cloned());
    (items, reconstructions)
}

/// A row that chooses the original, where there is more than one.
fn original_choice(space: &mut CompareSpace, original: &Original, originals: &[Original], ui: &mut Ui) {
    if originals.len() < 2 {
        return;
    }
    let named: Vec<(usize, &str)> = originals.iter().enumerate().map(|(n, o)| (n, o.name.as_str())).collect();
    let mut chosen = originals.iter().position(|o| o.is_same(original)).unwrap_or(0);
    let tip = "The micrograph that all others are compared with. Only its own realisations are listed.";
    choice(ui, "Original", tip, &mut chosen, &0, &named);
    space.original = originals.get(chosen).filter(|_| chosen != 0 || space.original.is_some()).cloned();
}

fn panel(space: &mut CompareSpace, shared: &mut Shared, ui: &mut Ui) {
    ui.add_space(theme::STEP);
    ui.label(RichText::new("Compare").heading());
    let originals = shared.originals();
    let Some(original) = original_of(space, &originals) else {
        ui.label("Open a micrograph with phases first.");
        return;
    };
    original_choice(space, &original, &originals, ui);
    let (items, reconstructions) = items_of(space, shared, &original);
    phase_choice(shared, &original, ui);
    let tip = "What lies beyond the edges. The error rates always take S2 periodic and the lineal path open.";
    let both = [(Boundary::Open, "open"), (Boundary::Periodic, "periodic")];
    choice(ui, "Edges", tip, &mut space.boundary, &Boundary::Open, &both);
    heading(ui, "Pictures");
    let (mut removed, mut scaled) = (None, None);
    ScrollArea::vertical().max_height((ui.available_height() - 130.0).max(60.0)).show(ui, |ui| {
        for (n, Compared { name, map, pixel_size }) in items.iter().enumerate() {
            ui.horizontal(|ui| {
                let place = space.hidden.iter().position(|m| Arc::ptr_eq(m, map));
                let mut shown = n == 0 || place.is_none();
                let check = ui.add_enabled(n > 0, egui::Checkbox::new(&mut shown, ""));
                let text = if n == 0 { format!("{name} (original)") } else { name.clone() };
                let (height, width) = map.size();
                let scale = pixel_size.as_ref().map_or("pixel size unknown".into(), PixelSize::to_string);
                let size = format!("{width} × {height} px, {scale}, {} phases", map.phases);
                let label = ui.add(egui::Label::new(text).truncate()).on_hover_text(size);
                let check = check.labelled_by(label.id).on_hover_text("Show it in plots and table.");
                if check.on_disabled_hover_text("The original is always shown.").changed() {
                    match place {
                        Some(at) => drop(space.hidden.remove(at)),
                        None => space.hidden.push(map.clone()),
                    }
                }
                let file = n.checked_sub(1 + reconstructions);
                if file.is_some() && ui.small_button("×").on_hover_text("Remove it from the comparison.").clicked() {
                    removed = file;
                }
            });
            let original = original.pixel_size.as_ref().filter(|_| n > 0);
            if let Some((own, original)) = pixel_size.as_ref().zip(original).filter(|(own, o)| own.differs(o)) {
                let warning = theme::palette(ui).warning;
                let text = format!("Its pixels are {own}, the original's {original}: no errors are given.");
                ui.label(RichText::new(text).small().color(warning));
                let tip = "Scale this picture to the original's pixels; labels keep their values.";
                if let Some(file) = n.checked_sub(1 + reconstructions)
                    && ui.small_button("Scale it").on_hover_text(tip).clicked()
                {
                    scaled = Some((file, original.metres));
                }
            }
        }
    });
    if let Some((n, metres)) = scaled {
        match scaled_to(&space.compared[n], metres) {
            Ok(compared) => space.compared[n] = compared,
            Err(reason) => shared.messages.error(reason),
        }
        shared.changed();
    }
    if let Some(n) = removed {
        space.compared.remove(n);
        shared.changed();
    }
    if ui.button("Add micrographs…").on_hover_text("Or drop them on the window.").clicked() {
        add_micrographs(shared);
    }
    if items.len() == 1 {
        ui.label(RichText::new("Reconstruct it, or add others, to see them beside it.").weak());
    }
    let button = ui.add_enabled(space.result.is_some(), egui::Button::new("Export table and plots"));
    let folder = shared.export.path("comparison").display().to_string();
    if button.on_hover_text(format!("CSV, SVG and PNG files into {folder}.")).clicked() {
        export(space, shared);
    }
    ask_for_statistics(space, shared, &original, &items, reconstructions);
}

/// A picture scaled to another pixel size.
fn scaled_to(compared: &Compared, metres: f64) -> Result<Compared, String> {
    let values = compared.map.flat().iter().map(|l| f32::from(*l)).collect();
    let picture = Micrograph::new(compared.map.size(), 1, values, (0.0, 255.0));
    let picture = Micrograph { name: compared.name.clone(), pixel_size: compared.pixel_size.clone(), ..picture };
    let scaled = Prepare::ScaleTo { metres }.apply(&picture).map_err(|e| e.to_string())?;
    let map = PhaseMap::from_values(&scaled.values, compared.map.phases);
    let map = map.ok_or_else(|| format!("{} has no phases after scaling.", compared.name))?;
    Ok(Compared { name: compared.name.clone(), map: Arc::new(map), pixel_size: scaled.pixel_size })
}

fn ask_for_statistics(
    space: &mut CompareSpace,
    shared: &Shared,
    original: &Original,
    items: &[Compared],
    reconstructions: usize,
) {
    let hidden = |map: &Arc<PhaseMap>| space.hidden.iter().any(|m| Arc::ptr_eq(m, map));
    let shown: Vec<usize> = (0..items.len()).filter(|n| *n == 0 || !hidden(&items[*n].map)).collect();
    let maps: Vec<Arc<PhaseMap>> = shown.iter().map(|n| items[*n].map.clone()).collect();
    let phase = shared.phase_of(original.phases.as_ref().map_or(0, |map| map.phases));
    let asked = Asked { phase, boundary: space.boundary, maps };
    if space.asked.as_ref().is_some_and(|before| before.is_same(&asked)) {
        return;
    }
    let labels = Labels {
        phase_name: original.recipe.phase_name(phase),
        phase,
        boundary: space.boundary,
        reconstructions: shown.iter().filter(|n| **n > 0 && **n <= reconstructions).count(),
    };
    let measure = Measure {
        items: shown.iter().map(|n| items[*n].clone()).collect(),
        target: shared.document.as_ref().map(|d| d.target.clone()),
        phase,
        boundary: space.boundary,
        labels,
    };
    // An earlier measurement ends by itself: waiting for it would block the window.
    space.measuring.start_detached(measure, &shared.wake);
    space.asked = Some(asked);
}

fn view(space: &mut CompareSpace, shared: &mut Shared, ui: &mut Ui) {
    let Some(result) = space.result.take() else {
        ui.centered_and_justified(|ui| ui.label("Measuring…"));
        return;
    };
    ui.horizontal(|ui| {
        for (page, name) in [
            (Page::Curves, "Curves"),
            (Page::Further, "Further curves"),
            (Page::Sizes, "Sizes"),
            (Page::Maps, "Maps of S2"),
        ] {
            if ui.selectable_value(&mut space.page, page, name).clicked() {
                shrink_all(ui.ctx());
            }
        }
        if space.measuring.is_running() {
            ui.spinner();
        }
    });
    let is_enlarged = enlarged(ui.ctx(), PLOTS).is_some() || enlarged(ui.ctx(), PANES).is_some();
    let height = ui.available_height();
    if !is_enlarged {
        egui::Panel::bottom("comparison table")
            .frame(theme::bare(ui))
            .resizable(true)
            .default_size((0.32 * height).max(150.0))
            .size_range(90.0..=(height - 140.0).max(100.0))
            .show(ui, |ui| table(ui, &result));
    }
    egui::CentralPanel::no_frame().show(ui, |ui| match space.page {
        Page::Curves => grid(shared, ui, figures(&result, theme::palette(ui))),
        Page::Further => grid(shared, ui, further_figures(&result, theme::palette(ui))),
        Page::Sizes => grid(shared, ui, size_figures(&result, theme::palette(ui))),
        Page::Maps => correlation_maps(space, shared, ui, &result),
    });
    if space.result.is_none() {
        space.result = Some(result);
    }
}

/// Plots in rows of three.
fn grid(shared: &mut Shared, ui: &mut Ui, mut figures: Vec<ShownFigure>) {
    if let Some(only) = take_enlarged(ui, PLOTS, &mut figures) {
        let wanted = titled_plot(ui, PLOTS, only, None);
        return handle_plot_request(shared, ui, wanted);
    }
    let mut wanted = None;
    let rows = figures.len().div_ceil(3);
    let height = ui.available_height() / rows as f32 - 4.0;
    let mut figures = figures.into_iter();
    for _ in 0..rows {
        ui.allocate_ui(egui::vec2(ui.available_width(), height), |ui| {
            ui.columns(3, |columns| {
                for ui in columns {
                    let Some(figure) = figures.next() else { continue };
                    ui.set_height(height);
                    wanted = titled_plot(ui, PLOTS, figure, None).or(wanted.take());
                }
            });
        });
    }
    handle_plot_request(shared, ui, wanted);
}

/// S2 over displacements, the origin in the middle, all pictures in one scale of greys.
fn correlation_maps(space: &mut CompareSpace, shared: &mut Shared, ui: &mut Ui, result: &Measurements) {
    space.maps.resize_with(result.measured.len(), || None);
    let values = || result.measured.iter().flat_map(|m| m.map.0.iter().copied());
    let (low, high) = values().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    // The square root shows the small differences around φ² beside the peak in the middle.
    let grey = |v: f64| (((v - low) / (high - low).max(1e-12)).clamp(0.0, 1.0).sqrt() * 255.0) as u8;
    let maps = result.measured.iter().map(|m| &m.map);
    for ((values, edge), slot) in maps.zip(&mut space.maps).filter(|(_, slot)| slot.is_none()) {
        Picture::show(slot, ui.ctx(), "map of S2", (*edge, *edge), |i| Color32::from_gray(grey(values[i])));
    }
    egui::Panel::right("map scale").frame(egui::Frame::NONE).resizable(false).exact_size(76.0).show(ui, |ui| {
        color_bar(ui, "S2", (low, high), &|v| Color32::from_gray(grey(v)));
    });
    let readouts: Vec<_> = result
        .measured
        .iter()
        .map(|m| {
            let (values, edge) = &m.map;
            let reach = (*edge / 2) as isize;
            move |row: usize, column: usize| {
                let (dy, dx) = (row as isize - reach, column as isize - reach);
                format!("S2({dx}, {dy}) = {}", significant(values[row * edge + column]))
            }
        })
        .collect();
    let panes: Vec<Pane> = result
        .measured
        .iter()
        .zip(&space.maps)
        .zip(&readouts)
        .take(4)
        .map(|((m, slot), readout)| Pane {
            title: &m.name,
            picture: slot.as_ref(),
            waiting: "",
            readout,
            pixel_size: m.pixel_size.as_ref(),
            tool: false,
        })
        .collect();
    let mut view = space.map_view;
    let wanted = show_panes(ui, PANES, &panes, &mut view, |_, _, _, _| {});
    space.map_view = view;
    handle_picture_request(shared, wanted);
}

fn export(space: &CompareSpace, shared: &mut Shared) {
    let Some(result) = &space.result else { return };
    let mut figures = figures(result, theme::LIGHT);
    figures.extend(further_figures(result, theme::LIGHT));
    figures.extend(size_figures(result, theme::LIGHT).into_iter().take(1));
    let table = table_csv(result);
    shared.write(shared.export.path("comparison"), move |folder| {
        let failed = |e: std::io::Error| format!("{} could not be written: {e}.", folder.display());
        crate::folders::write_atomically(&folder.join("comparison.csv"), table.as_bytes()).map_err(failed)?;
        let mut drawn = figures.iter().filter(|f| !f.figure.series.is_empty());
        drawn.try_for_each(|f| f.figure.write_all(folder))
    });
}

fn add_micrographs(shared: &mut Shared) {
    let ask = Ask::Path {
        kind: PathKind::Files,
        title: "Micrographs to compare",
        action: "Add",
        filters: &[("Micrographs", ENDINGS)],
        proposed: PathBuf::new(),
    };
    shared.ask(ask, |shared, answer| shared.act(Action::Files(NAME, answer.paths())));
}
