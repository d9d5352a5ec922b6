//! The window: what is open, what runs, and how both are shown.

mod command;
mod document;
mod export;
mod figure;
mod files;
mod history;
mod messages;
mod opening;
mod overlays;
mod projects;
mod running;
mod theme;
mod widgets;
mod workspace;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use egui::{Context, Panel};

use command::Command;
use document::Document;
use export::ExportChoice;
use files::{Compared, Files, Source};
use history::{History, Situation};
use messages::Messages;
use running::Running;
use widgets::{Picture, View};
pub use workspace::Workspace;

use crate::job::{DeviceTable, FetchProgress, Job, Latest, Preview, Request, Wake, probe_devices};
use crate::micrograph::{Micrograph, PhaseMap, Recipe};
use crate::net::Depth;
use crate::net::weights::store;
use crate::reconstruct::{Cost, Realisation, Settings};
use crate::stats::Curves;
use crate::synth::Sample;

/// The program's name in title and storage.
const NAME: &str = "Microwright";
/// The window's icon.
const ICON: &[u8] = include_bytes!("../../assets/icon.png");

/// What the panes and plots show of the reconstruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    /// The newest state of the run.
    Live,
    /// A finished realisation.
    Realisation(usize),
}

/// A recipe that could not be applied, and why.
struct Refused {
    raw: Arc<Micrograph>,
    recipe: Recipe,
    reason: String,
}

/// A job with the slot of its newest state.
struct Background<T> {
    job: Job,
    latest: Arc<Latest<T>>,
}

/// The textures of what is shown.
#[derive(Default)]
struct Pictures {
    original: Option<Picture>,
    image: Option<Picture>,
    phases: Option<Picture>,
    thumbnails: Vec<Picture>,
}

/// The whole window.
pub struct App {
    files: Files,
    wake: Wake,
    workspace: Workspace,
    /// The micrograph that is wanted, as its file has it; the recipe that is wanted is among the settings.
    raw: Option<Arc<Micrograph>>,
    source: Source,
    /// What was made of both last.
    document: Option<Document>,
    evaluating: bool,
    measuring: bool,
    refused: Option<Refused>,
    history: History,
    settings: Settings,
    micrograph_space: workspace::MicrographSpace,
    compare_space: workspace::CompareSpace,
    depth_space: workspace::DepthSpace,
    latent_space: workspace::LatentSpace,
    compared: Vec<Compared>,
    project: projects::ProjectState,
    running: Option<Running>,
    /// A run that failed but left a checkpoint.
    resumable: Option<(Arc<Micrograph>, Settings)>,
    /// Where this window's checkpoints lie, and what removes the folder in the end.
    run_folder: PathBuf,
    _run_folder_guard: Option<tempfile::TempDir>,
    preview: Option<Preview>,
    progress: crate::job::Progress,
    realisations: Vec<Arc<Realisation>>,
    shown: Shown,
    shown_curves: Arc<Vec<Curves>>,
    phase: usize,
    view: View,
    pictures: Pictures,
    devices: Option<DeviceTable>,
    probe: Option<Background<DeviceTable>>,
    cost: Option<Cost>,
    cost_for: Option<(Settings, (usize, usize), crate::compute::DeviceKind)>,
    estimate: Option<Background<Option<Cost>>>,
    vgg19: Option<Depth>,
    fetch: Option<Background<FetchProgress>>,
    fetch_progress: FetchProgress,
    messages: Messages,
    export: ExportChoice,
    overlays: overlays::Overlays,
    last_frame: Instant,
    /// Whether a control had the focus, or a menu was open, when the last frame ended.
    was_busy: bool,
}

/// Opens the window and returns when it is closed.
///
/// # Errors
/// There is no display, or no driver that can draw.
pub fn run(file: Option<PathBuf>) -> Result<(), eframe::Error> {
    let options = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title(NAME)
            .with_app_id("microwright")
            .with_inner_size([1280.0, 700.0])
            .with_min_inner_size([960.0, 600.0])
            .with_drag_and_drop(true)
            .with_icon(eframe::icon_data::from_png_bytes(ICON).unwrap_or_default()),
        renderer: eframe::Renderer::Wgpu,
        // There are no gradients to smooth, and without a GPU every pixel's noise is computed on the cores.
        dithering: false,
        ..Default::default()
    };
    // All cores compute, but the window goes first. Fails only if somebody has made the pool before.
    let _ = rayon::ThreadPoolBuilder::new().start_handler(|_| crate::job::give_way()).build_global();
    eframe::run_native(NAME, options, Box::new(move |cc| Ok(Box::new(App::new(&cc.egui_ctx, file)))))
}

impl App {
    /// The window as it opens: with a file, or with a built-in micrograph.
    pub fn new(ctx: &Context, file: Option<PathBuf>) -> Self {
        theme::install(ctx);
        let repaint = ctx.clone();
        let wake: Wake = Arc::new(move || repaint.request_repaint());
        let (job, latest) = probe_devices(wake.clone());
        let guard = running::own_folder();
        let run_folder = guard.as_ref().map_or_else(std::env::temp_dir, |g| g.path().to_path_buf());
        let mut app = Self {
            files: Files::new(ctx),
            wake,
            workspace: Workspace::Reconstruct,
            raw: None,
            source: Source::default(),
            document: None,
            evaluating: false,
            measuring: false,
            refused: None,
            history: History::new(Situation { raw: None, source: Source::default(), settings: Settings::default() }),
            settings: Settings::default(),
            micrograph_space: workspace::MicrographSpace::default(),
            compare_space: workspace::CompareSpace::default(),
            depth_space: workspace::DepthSpace::default(),
            latent_space: workspace::LatentSpace::default(),
            compared: vec![],
            project: projects::ProjectState::new(guard.as_ref().map(|g| g.path())),
            running: None,
            resumable: None,
            run_folder,
            _run_folder_guard: guard,
            preview: None,
            progress: crate::job::Progress::default(),
            realisations: vec![],
            shown: Shown::Live,
            shown_curves: Arc::default(),
            phase: 0,
            view: View::default(),
            pictures: Pictures::default(),
            devices: None,
            probe: Some(Background { job, latest }),
            cost: None,
            cost_for: None,
            estimate: None,
            vgg19: store::deepest(&store::folder()),
            fetch: None,
            fetch_progress: FetchProgress::default(),
            messages: Messages::default(),
            export: ExportChoice::default(),
            overlays: overlays::Overlays::default(),
            last_frame: Instant::now(),
            was_busy: false,
        };
        app.open_sample(ctx, Sample::Bicontinuous);
        // What the window opens with is nothing that a person has decided.
        app.history =
            History::new(Situation { raw: app.raw.clone(), source: Source::default(), settings: app.settings.clone() });
        if let Some(path) = file {
            app.files.open(path);
        }
        app
    }

    /// The settings of the next run.
    pub fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }

    /// The phases of the open micrograph as its recipe makes them, once they are worked out.
    pub fn phases(&self) -> Option<Arc<PhaseMap>> {
        let document = self.document.as_ref().filter(|_| self.is_document_wanted())?;
        document.phases().cloned()
    }

    /// Whether the document is what the recipe makes of the wanted micrograph.
    fn is_document_wanted(&self) -> bool {
        let same = |d: &Document| self.raw.as_ref().is_some_and(|raw| Arc::ptr_eq(raw, &d.raw));
        self.document.as_ref().is_some_and(|d| d.recipe == self.settings.recipe && same(d))
    }

    /// Whether everything that was asked for has been worked out.
    pub fn is_settled(&self) -> bool {
        (self.is_document_wanted() || self.refused.is_some()) && !self.evaluating && !self.measuring
    }

    /// Iterations and seeds of the depth study.
    pub fn set_study(&mut self, iterations: usize, seeds: usize) {
        self.depth_space.set(iterations, seeds);
    }

    /// The Latent workspace.
    pub fn latent(&self) -> &workspace::LatentSpace {
        &self.latent_space
    }

    /// The same, to be changed.
    pub fn latent_mut(&mut self) -> &mut workspace::LatentSpace {
        &mut self.latent_space
    }

    /// Depths that the depth study has done.
    pub fn studied_depths(&self) -> usize {
        self.depth_space.depths()
    }

    /// The finished realisations.
    pub fn realisations(&self) -> &[Arc<Realisation>] {
        &self.realisations
    }

    /// Whether a run is under way.
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Iterations of the running realisation.
    pub fn iteration(&self) -> usize {
        self.progress.iteration
    }

    /// Whether the run waits.
    pub fn is_paused(&self) -> bool {
        self.progress.paused
    }

    /// Whether memory and operations of the settings have been worked out.
    pub fn cost_is_known(&self) -> bool {
        self.cost.is_some()
    }

    /// Where exports go.
    pub fn set_export_folder(&mut self, folder: &std::path::Path) {
        self.export.folder = folder.display().to_string();
    }

    /// The texts of all messages, oldest first.
    pub fn message_texts(&self) -> Vec<String> {
        self.messages.all.iter().map(|m| m.text.clone()).collect()
    }

    /// Notes what has been decided, once the hand is off the control.
    fn note_decisions(&mut self, ctx: &Context) {
        if !ctx.input(|i| i.pointer.any_down()) && !ctx.text_edit_focused() {
            self.history.note(self.raw.as_ref(), &self.source, &self.settings);
        }
    }

    fn restore(&mut self, situation: Option<Situation>) {
        let Some(situation) = situation else { return };
        self.refused = None;
        self.source = situation.source;
        self.raw = situation.raw;
        self.settings = situation.settings;
        self.micrograph_space.refresh();
    }

    fn take_background_events(&mut self) {
        if let Some(table) = self.probe.as_ref().and_then(|p| p.latest.take()) {
            self.devices = Some(table);
            self.probe = None;
        }
        if let Some(cost) = self.estimate.as_ref().and_then(|e| e.latest.take()) {
            self.cost = cost;
            self.estimate = None;
        }
        self.take_fetch_events();
        self.evaluate();
        self.estimate_cost();
    }

    /// What to do for a command.
    fn perform(&mut self, ctx: &Context, command: Command) {
        match command {
            Command::Open => self.files.open_dialog(),
            Command::OpenPath => self.overlays.path = Some((files::Ask::Open, String::new())),
            Command::OpenSample(sample) => {
                self.open_sample(ctx, sample);
                if let (Some(document), None) = (&self.document, &self.running) {
                    self.messages.note(format!("{}: {}.", document.raw.name, document.summary()));
                }
            }
            Command::Undo => {
                // A decision that is still in the hand is one that can be undone.
                self.history.note(self.raw.as_ref(), &self.source, &self.settings);
                let before = self.history.undo().cloned();
                self.restore(before);
            }
            Command::Redo => {
                let after = self.history.redo().cloned();
                self.restore(after);
            }
            Command::NextWorkspace => {
                let at = Workspace::ALL.iter().position(|w| *w == self.workspace).unwrap_or(0);
                self.workspace = Workspace::ALL[(at + 1) % Workspace::ALL.len()];
            }
            Command::Workspace(workspace) => self.workspace = workspace,
            Command::SaveProject => self.save_project(),
            Command::SaveProjectAs => self.ask_project_name(),
            Command::Export => {
                // What is exported is what is shown.
                if let (Shown::Live, Some(last)) = (self.shown, self.realisations.len().checked_sub(1)) {
                    self.show_realisation(ctx, last);
                }
                self.overlays.export = self.shown_realisation().is_some();
                self.overlays.export_error.clear();
            }
            Command::StartOrPause => match &mut self.running {
                Some(running) => {
                    running.wants_pause = !running.wants_pause;
                    running.request(if running.wants_pause { Request::Pause } else { Request::Resume });
                }
                None => self.start(ctx),
            },
            Command::StopAndKeep => self.request(Request::StopAndKeep),
            Command::Cancel => self.request(Request::Cancel),
            Command::Fit => self.view = View::default(),
            Command::OneToOne => self.view.zoom = Some(1.0 / ctx.pixels_per_point()),
            Command::ResetSettings => {
                self.settings = Settings { recipe: self.settings.recipe.clone(), ..Settings::default() };
            }
            Command::ToggleTheme => {
                let dark = ctx.theme() == egui::Theme::Dark;
                ctx.set_theme(if dark { egui::ThemePreference::Light } else { egui::ThemePreference::Dark });
            }
            Command::Messages => self.messages.open = !self.messages.open,
            Command::Help => self.overlays.help = !self.overlays.help,
            Command::Palette => self.overlays.palette = Some(String::new()),
        }
    }

    /// Why a command cannot be called now, if it cannot.
    fn unavailable(&self, command: Command) -> Option<&'static str> {
        match command {
            Command::Undo if !self.history.can_undo() && self.history_is_current() => Some("There is nothing to undo."),
            Command::Redo if !self.history.can_redo() => Some("There is nothing to redo."),
            Command::Export if self.shown_realisation().is_none() => Some("There is no finished realisation yet."),
            Command::StopAndKeep | Command::Cancel if self.running.is_none() => Some("Nothing is running."),
            Command::StartOrPause if self.document.is_none() => Some("Open a micrograph first."),
            _ => None,
        }
    }

    /// Whether nothing has been decided since the last note.
    fn history_is_current(&self) -> bool {
        self.history.is_present(self.raw.as_ref(), &self.settings)
    }

    fn request(&self, request: Request) {
        if let Some(running) = &self.running {
            running.request(request);
        }
    }

    /// The finished realisation that is shown, else the last one.
    fn shown_realisation(&self) -> Option<&Arc<Realisation>> {
        match self.shown {
            Shown::Realisation(n) => self.realisations.get(n),
            Shown::Live => self.realisations.last(),
        }
    }

    /// Files that were dropped and keys that were pressed.
    fn take_input(&mut self, ctx: &Context) {
        self.take_dropped_files(ctx);
        let unsaved = self.running.is_some() || self.has_unsaved_work();
        if ctx.input(|i| i.viewport().close_requested()) && unsaved && !self.overlays.quit_confirmed {
            ctx.send_viewport_cmd(egui::ViewportCommand::CancelClose);
            self.overlays.quit = true;
        }
        // A dialog has the keys to itself: Escape closes it and stops nothing.
        if !self.overlays.any()
            && let Some(command) = command::pressed(ctx, self.was_busy)
            && self.unavailable(command).is_none()
        {
            self.perform(ctx, command);
        }
    }

    fn note_slow_frame(&mut self) {
        let gap = self.last_frame.elapsed();
        if self.running.is_some() && gap.as_millis() > 100 {
            tracing::debug!("{} ms since the last frame", gap.as_millis());
        }
        self.last_frame = Instant::now();
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        self.take_file_events(ctx);
        self.take_background_events();
        self.take_run_events(ctx);
        self.take_study_events();
        self.take_latent_events();
    }

    /// The ground of the whole window, so that no panel has to fill it again: without a GPU every layer costs time.
    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let start = Instant::now();
        self.note_slow_frame();
        self.take_input(ui.ctx());
        let bare = theme::bare(ui);
        Panel::top("commands").frame(bare).show(ui, |ui| self.top_bar(ui));
        Panel::bottom("status").frame(bare).show(ui, |ui| self.status_bar(ui));
        Panel::left("settings").frame(bare).default_size(312.0).size_range(280.0..=460.0).show(ui, |ui| {
            // Every workspace's panel is as wide as the last: nothing jumps.
            ui.set_min_width(ui.available_width());
            match self.workspace {
                Workspace::Micrograph => self.micrograph_panel(ui),
                Workspace::Reconstruct => self.settings_panel(ui),
                Workspace::Compare => self.compare_panel(ui),
                Workspace::Depths => self.depth_panel(ui),
                Workspace::Latent => self.latent_panel(ui),
            }
        });
        egui::CentralPanel::default().frame(bare).show(ui, |ui| match self.workspace {
            Workspace::Micrograph => self.micrograph_view(ui),
            Workspace::Reconstruct => self.pictures_and_plots(ui),
            Workspace::Compare => self.compare_view(ui),
            Workspace::Depths => self.depth_view(ui),
            Workspace::Latent => self.latent_view(ui),
        });
        self.show_overlays(ui);
        self.note_decisions(ui.ctx());
        self.autosave(ui.ctx());
        self.was_busy = egui::Popup::is_any_open(ui) || ui.memory(|m| m.focused().is_some());
        tracing::trace!("frame took {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    }
}

/// Why the window could not open, in a sentence with the remedy.
pub fn why_no_window(error: &eframe::Error) -> String {
    match error {
        eframe::Error::WinitEventLoop(_) => {
            "There is no display, so no window can open: neither DISPLAY nor WAYLAND_DISPLAY leads to one.".into()
        }
        eframe::Error::Wgpu(_) => {
            "No graphics driver can draw the window: Vulkan, Metal, Direct3D 12 or OpenGL is needed \
             (on Debian and Ubuntu the package mesa-vulkan-drivers brings one that needs no GPU)."
                .into()
        }
        other => format!("The window could not be opened: {other}."),
    }
}
