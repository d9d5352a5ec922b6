//! The window: what is open, what runs, and how both are shown.

mod command;
mod document;
mod export;
mod figure;
mod files;
mod messages;
mod overlays;
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
use files::{FileEvent, Files};
use messages::Messages;
use running::Running;
use widgets::{Picture, View};

use crate::job::{Cost, DeviceTable, FetchProgress, Job, Latest, Preview, Request, Wake, estimate_cost, probe_devices};
use crate::micrograph::Segmentation;
use crate::net::weights::store;
use crate::net::{Depth, WeightsKind};
use crate::reconstruct::{Realisation, Settings};
use crate::stats::Curves;
use crate::synth::Sample;

/// The program's name in title and storage.
const NAME: &str = "Microwright";
/// The window's icon.
const ICON: &[u8] = include_bytes!("../../assets/icon.png");
/// Edge of the built-in micrographs.
const SAMPLE_SIZE: usize = 256;

/// What the panes and plots show of the reconstruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    /// The newest state of the run.
    Live,
    /// A finished realisation.
    Realisation(usize),
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
    document: Option<Document>,
    settings: Settings,
    running: Option<Running>,
    /// A run that failed but left a checkpoint.
    resumable: Option<(crate::micrograph::Micrograph, Settings)>,
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
            document: None,
            settings: Settings::default(),
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
        if let Some(path) = file {
            app.files.open(path);
        }
        app
    }

    /// The settings of the next run.
    pub fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
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

    fn open_sample(&mut self, ctx: &Context, sample: Sample) {
        if self.running.is_some() {
            self.messages.warning("A run is under way; stop it before another micrograph is opened.");
            return;
        }
        match Document::new(sample.micrograph(SAMPLE_SIZE), Segmentation::Auto) {
            Ok(document) => self.show_document(ctx, document),
            Err(error) => self.messages.error(error.to_string()),
        }
    }

    /// Shows a document in place of the one before; a run on that goes on.
    fn show_document(&mut self, ctx: &Context, document: Document) {
        let same = self.document.as_ref().is_some_and(|d| d.micrograph == document.micrograph);
        // The brightest or last phase is usually the one that is spoken of.
        self.phase = document.phases.as_ref().map_or(0, |map| map.phases - 1);
        self.settings.segmentation = document.segmentation;
        if !same {
            self.view = View::default();
        }
        self.clear_live();
        self.document = Some(document);
        self.show_original(ctx);
    }

    /// Puts the open micrograph into its pane.
    fn show_original(&mut self, ctx: &Context) {
        let Some(document) = &self.document else { return };
        let slot = &mut self.pictures.original;
        match &document.phases {
            Some(map) => Picture::show_phases(slot, ctx, "original", map),
            None => Picture::show_image(slot, ctx, "original", &document.micrograph.image(), document.size()),
        }
    }

    /// Empties what a run shows; finished realisations stay.
    fn clear_live(&mut self) {
        self.preview = None;
        self.shown = Shown::Live;
        self.shown_curves = Arc::default();
        self.progress = crate::job::Progress::default();
        self.pictures.image = None;
        self.pictures.phases = None;
    }

    fn take_file_events(&mut self, ctx: &Context) {
        while let Some(event) = self.files.poll() {
            match event {
                FileEvent::Opened(Ok(_), _) if self.running.is_some() => {
                    self.messages.warning("A run is under way; stop it before another micrograph is opened.");
                }
                FileEvent::Opened(Ok(document), _) => {
                    let name = document.micrograph.name.clone();
                    self.messages.note(format!("{name}: {}.", document.summary()));
                    self.show_document(ctx, *document);
                }
                FileEvent::Opened(Err(reason), _) | FileEvent::Failed(reason) => self.messages.error(reason),
                FileEvent::Report(report) => {
                    self.messages.note(format!("The settings are now those of the report on {}.", report.input.name));
                    self.settings = report.settings;
                    self.resegment();
                }
                FileEvent::Weights(path) => self.settings.weights = WeightsKind::File(path),
                FileEvent::Folder(folder) => self.export.folder = folder.display().to_string(),
                FileEvent::Exported(Ok(folder)) => {
                    self.overlays.export = false;
                    self.messages.note(format!("Written to {}.", folder.display()));
                }
                FileEvent::Exported(Err(reason)) => {
                    self.overlays.export_error.clone_from(&reason);
                    self.messages.error(reason);
                }
            }
        }
    }

    /// Tells phases apart again when the settings say so differently from the document.
    fn resegment(&mut self) {
        if let Some(document) = &self.document
            && document.segmentation != self.settings.segmentation
        {
            self.files.segment(document.micrograph.clone(), self.settings.segmentation);
        }
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
        self.estimate_cost();
    }

    /// Starts an estimate when what it depends on has changed and none is under way.
    fn estimate_cost(&mut self) {
        let (Some(document), None) = (&self.document, &self.estimate) else { return };
        let size = self.settings.output_size(document.size());
        let kind = self.chosen_device().map_or(crate::compute::DeviceKind::Cpu, |d| d.kind);
        // A seed costs nothing.
        let wanted = (Settings { seed: 0, ..self.settings.clone() }, size, kind);
        if self.cost_for.as_ref() == Some(&wanted) {
            return;
        }
        let (job, latest) = estimate_cost(wanted.0.clone(), size, kind, self.wake.clone());
        self.estimate = Some(Background { job, latest });
        self.cost_for = Some(wanted);
    }

    fn chosen_device(&self) -> Option<&crate::compute::DeviceInfo> {
        self.devices.as_ref()?.chosen(&self.settings.device)
    }

    /// What to do for a command.
    fn perform(&mut self, ctx: &Context, command: Command) {
        match command {
            Command::Open => self.files.open_dialog(),
            Command::OpenPath => self.overlays.open_path = Some(String::new()),
            Command::OpenSample(sample) => {
                self.open_sample(ctx, sample);
                if let (Some(document), None) = (&self.document, &self.running) {
                    self.messages.note(format!("{}: {}.", document.micrograph.name, document.summary()));
                }
            }
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
                self.settings = Settings::default();
                self.resegment();
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
            Command::Export if self.shown_realisation().is_none() => Some("There is no finished realisation yet."),
            Command::StopAndKeep | Command::Cancel if self.running.is_none() => Some("Nothing is running."),
            Command::StartOrPause if self.document.is_none() => Some("Open a micrograph first."),
            _ => None,
        }
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
        if ctx.input(|i| i.viewport().close_requested()) && self.running.is_some() && !self.overlays.quit_confirmed {
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

    fn take_dropped_files(&mut self, ctx: &Context) {
        let dropped: Vec<PathBuf> = ctx.input(|i| i.raw.dropped_files.iter().map(|f| f.path().to_owned()).collect());
        for path in dropped {
            self.files.open(path);
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
        Panel::left("settings")
            .frame(bare)
            .default_size(312.0)
            .size_range(280.0..=460.0)
            .show(ui, |ui| self.settings_panel(ui));
        egui::CentralPanel::default().frame(bare).show(ui, |ui| self.pictures_and_plots(ui));
        self.show_overlays(ui);
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
