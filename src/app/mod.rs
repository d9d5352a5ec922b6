//! The window: what is open, what runs, and how both are shown.
//!
//! [`App`] holds what all workspaces share and the workspaces themselves; each workspace is a folder in `space/`.

mod bars;
mod command;
mod entry;
mod overlays;
mod project;
mod shared;
mod space;
#[cfg(test)]
mod tests;
mod theme;
mod widgets;

use std::path::{Path, PathBuf};
use std::time::Instant;

use egui::{Context, Panel};

use command::{Action, Command};
use overlays::Overlays;
use project::ProjectState;
use shared::Shared;
pub use space::{
    CompareSpace, DesignSpace, LatentSpace, LearnSpace, MapSpace, MicrographSpace, PropertySpace, ReconstructSpace,
    StudiesSpace,
};
pub use space::{Space, SpaceCommand, Status};
use widgets::View;

use crate::reconstruct::Settings;
use crate::synth::Sample;

/// The program's name in title and storage.
const NAME: &str = "Microwright";
/// The window's icon.
const ICON: &[u8] = include_bytes!("../../assets/icon.png");
/// The workspace that the window opens with.
const FIRST: &str = "Reconstruct";

/// The whole window.
pub struct App {
    shared: Shared,
    spaces: Vec<Box<dyn Space>>,
    /// Index of the space that is shown.
    current: usize,
    project: ProjectState,
    overlays: Overlays,
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
        // The window's place and size are kept with everything else of the program.
        persistence_path: Some(crate::folders::data().join("window.ron")),
        // There are no gradients to smooth, and without a GPU every pixel's noise is computed on the cores.
        dithering: false,
        ..Default::default()
    };
    // All cores compute, at a lower priority than the window. Fails only if the pool already exists.
    let _ = rayon::ThreadPoolBuilder::new().start_handler(|_| crate::job::lower_priority()).build_global();
    eframe::run_native(NAME, options, Box::new(move |cc| Ok(Box::new(App::new(&cc.egui_ctx, file)))))
}

impl App {
    /// The window as it opens: with a file, or with a built-in micrograph.
    pub fn new(ctx: &Context, file: Option<PathBuf>) -> Self {
        Self::with_spaces(ctx, file, space::all())
    }

    /// The same with other workspaces.
    pub fn with_spaces(ctx: &Context, file: Option<PathBuf>, spaces: Vec<Box<dyn Space>>) -> Self {
        theme::install(ctx);
        let openers = spaces.iter().filter_map(|space| Some((space.name(), space.own_files()?))).collect();
        let mut shared = Shared::new(ctx, openers);
        let current = spaces.iter().position(|space| space.name() == FIRST).unwrap_or(0);
        shared.open_sample(Sample::Bicontinuous);
        // The sample that the window opens with is no step that can be undone.
        shared.start_history();
        let project = ProjectState::new(&mut shared);
        if let Some(path) = file {
            shared.open(path);
        }
        let overlays = Overlays::default();
        Self { shared, spaces, current, project, overlays, last_frame: Instant::now(), was_busy: false }
    }

    /// The settings of the next run, mutable.
    pub fn settings_mut(&mut self) -> &mut Settings {
        self.shared.settings_mut()
    }

    /// What all workspaces share.
    pub fn shared(&self) -> &Shared {
        &self.shared
    }

    /// The same, mutable.
    pub fn shared_mut(&mut self) -> &mut Shared {
        &mut self.shared
    }

    /// The workspace of a type.
    ///
    /// # Panics
    /// The window has no such workspace.
    pub fn space<S: Space>(&self) -> &S {
        let found = self.spaces.iter().find_map(|space| (&**space as &dyn std::any::Any).downcast_ref());
        found.expect("a workspace of this window")
    }

    /// The same, mutable.
    ///
    /// # Panics
    /// The window has no such workspace.
    pub fn space_mut<S: Space>(&mut self) -> &mut S {
        let found = self.spaces.iter_mut().find_map(|space| (&mut **space as &mut dyn std::any::Any).downcast_mut());
        found.expect("a workspace of this window")
    }

    /// The texts of all messages, oldest first.
    pub fn message_texts(&self) -> Vec<String> {
        self.shared.messages.all.iter().map(|m| m.text.clone()).collect()
    }

    /// Saves to the project's file, or asks for a name where it has none, or where another window has written the file.
    pub fn save_project(&mut self) {
        self.project.save(&mut self.shared, false);
    }

    /// Saves the project under a name.
    pub fn save_project_as(&mut self, path: &Path) {
        self.shared.act(Action::SaveProject { path: path.into(), quit: false });
    }

    /// The space of a name.
    fn find(&self, name: &str) -> Option<usize> {
        self.spaces.iter().position(|space| space.name() == name)
    }

    /// Does one action, at the start or the end of a frame.
    fn perform(&mut self, ctx: &Context, action: Action) {
        self.shared.revisions.touched = true;
        match action {
            Action::Do(command) => self.command(ctx, command),
            Action::Go(name) => self.current = self.find(name).unwrap_or(self.current),
            Action::DoIn(name, id) => {
                let Some(at) = self.find(name) else { return };
                self.spaces[at].perform(id, ctx, &mut self.shared);
            }
            Action::Files(name, files) => {
                let Some(at) = self.find(name) else { return };
                let left = self.spaces[at].take_files(files, &mut self.shared);
                left.into_iter().for_each(|path| self.shared.open(path));
            }
            Action::Open(path) => self.shared.open(path),
            Action::OpenIn(name, path) => {
                let Some(at) = self.find(name) else { return };
                self.current = at;
                self.spaces[at].open(path, &mut self.shared);
            }
            Action::SaveProject { path, quit } => self.project.write(&mut self.shared, &self.spaces, path, quit),
            Action::ProjectSaved { path, result, quit } => {
                if self.project.saved(&mut self.shared, path, result) && quit {
                    self.perform(ctx, Action::Quit);
                }
            }
            Action::ShowProject { path, stamp, project } => {
                self.project.show(&mut self.shared, &mut self.spaces, path, stamp, *project);
            }
            Action::Recover { copy, open } => self.project.recover(&mut self.shared, copy, open),
            Action::SaveAndQuit => self.project.save(&mut self.shared, true),
            Action::Quit => {
                self.overlays.quits = true;
                ctx.send_viewport_cmd(egui::ViewportCommand::Close);
            }
        }
    }

    fn command(&mut self, ctx: &Context, command: Command) {
        let shared = &mut self.shared;
        match command {
            Command::Open => shared::read::ask_for_micrograph(shared, false),
            Command::OpenPath => shared::read::ask_for_micrograph(shared, true),
            Command::OpenSample(sample) => {
                shared.open_sample(sample);
                if let (Some(document), false) = (&shared.document, shared.keeps_micrograph) {
                    shared.messages.note(format!("{}: {}.", document.raw.name, document.summary()));
                }
            }
            Command::Undo => {
                // A change that is not recorded yet can be undone as well.
                shared.record_undo();
                let before = shared.history.undo().cloned();
                shared.restore(before);
            }
            Command::Redo => {
                let after = shared.history.redo().cloned();
                shared.restore(after);
            }
            Command::NextWorkspace => self.current = (self.current + 1) % self.spaces.len(),
            Command::SaveProject => self.project.save(shared, false),
            Command::SaveProjectAs => project::ask_for_project_name(shared, false),
            Command::Fit => shared.view = View::default(),
            Command::OneToOne => shared.view.zoom = Some(1.0 / ctx.pixels_per_point()),
            Command::ResetSettings => {
                shared.settings = Settings { recipe: shared.settings.recipe.clone(), ..Settings::default() };
            }
            Command::ToggleTheme => {
                let dark = ctx.theme() == egui::Theme::Dark;
                ctx.set_theme(if dark { egui::ThemePreference::Light } else { egui::ThemePreference::Dark });
            }
            Command::Messages => shared.messages.open = !shared.messages.open,
            Command::Help => self.overlays.help = !self.overlays.help,
            Command::Palette => self.overlays.palette = Some(String::new()),
            Command::Quit => ctx.send_viewport_cmd(egui::ViewportCommand::Close),
        }
    }

    /// Handles dropped files, a request to close the window, and keys.
    fn take_input(&mut self, ctx: &Context) {
        let dropped: Vec<PathBuf> = ctx.input(|i| i.raw.dropped_files.iter().map(|f| f.path().to_owned()).collect());
        if !dropped.is_empty() {
            let left = self.spaces[self.current].take_files(dropped, &mut self.shared);
            left.into_iter().for_each(|path| self.shared.open(path));
        }
        if ctx.input(|i| i.viewport().close_requested()) && !self.overlays.quits {
            let lost = self.project.would_lose(&self.shared, &self.spaces);
            if !lost.is_empty() {
                ctx.send_viewport_cmd(egui::ViewportCommand::CancelClose);
                project::ask_before_closing(&mut self.shared, &lost);
            }
        }
        // An open dialog gets all keys.
        if self.overlays.any() || !self.shared.asked.is_empty() {
            return;
        }
        // Escape closes what lies on top, and never ends a run.
        if !self.was_busy && ctx.input(|i| i.key_pressed(egui::Key::Escape)) {
            if self.shared.messages.open {
                self.shared.messages.open = false;
            } else {
                widgets::shrink_all(ctx);
            }
        }
        let entries = || entry::entries(&self.spaces, self.current, &self.shared);
        if let Some(entry) = entry::pressed(ctx, self.was_busy, entries) {
            match entry.unavailable {
                None => self.perform(ctx, entry.action),
                Some(reason) => self.shared.messages.note(reason),
            }
        }
    }

    fn take_actions(&mut self, ctx: &Context) {
        for action in std::mem::take(&mut self.shared.actions) {
            self.perform(ctx, action);
        }
    }

    /// Names the project or the file in the window's title, with a dot for what is not saved.
    fn show_title(&mut self, ctx: &Context) {
        let file = || self.shared.raw.as_ref().map(|raw| raw.name.clone());
        let shown = self.project.name(&self.shared).or_else(file);
        let title = shown.map_or(NAME.into(), |shown| format!("{shown} — {NAME}"));
        if self.overlays.title != title {
            ctx.send_viewport_cmd(egui::ViewportCommand::Title(title.clone()));
            self.overlays.title = title;
        }
    }

    fn note_slow_frame(&mut self) {
        let gap = self.last_frame.elapsed();
        if self.shared.busy.is_some() && gap.as_millis() > 100 {
            tracing::debug!("{} ms since the last frame", gap.as_millis());
        }
        self.last_frame = Instant::now();
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        // Settings change only by input, by a file that was read, or by a command.
        if ctx.input(|i| !i.events.is_empty() || i.pointer.any_down()) {
            self.shared.revisions.touched = true;
        }
        if self.shared.revisions.touched {
            self.shared.update_revisions();
        }
        shared::poll(&mut self.shared);
        for space in &mut self.spaces {
            space.poll(ctx, &mut self.shared);
        }
        self.shared.busy = self.spaces.iter().find(|space| space.status().is_some()).map(|space| space.name());
        self.shared.keeps_micrograph = self.spaces.iter().any(|space| space.keeps_micrograph());
        self.take_actions(ctx);
        self.show_title(ctx);
    }

    /// The background of the whole window. Panels do not fill it again: without a GPU every layer costs time.
    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let start = Instant::now();
        self.note_slow_frame();
        self.take_input(ui.ctx());
        let bare = theme::bare(ui);
        Panel::top("commands").frame(bare).show(ui, |ui| {
            let project = self.project.name(&self.shared);
            bars::top_bar(&mut self.shared, &self.spaces, self.current, project, ui);
        });
        Panel::bottom("status").frame(bare).show(ui, |ui| bars::status_bar(&mut self.shared, &self.spaces, ui));
        let (space, shared) = (&mut self.spaces[self.current], &mut self.shared);
        Panel::left("settings").frame(bare).default_size(312.0).size_range(280.0..=460.0).show(ui, |ui| {
            // All workspaces share one panel width, so that nothing jumps when the tab changes.
            ui.set_min_width(ui.available_width());
            // Each keeps its own scroll position and what is unfolded.
            ui.push_id(space.name(), |ui| space.panel(ui, shared));
        });
        egui::CentralPanel::default().frame(bare).show(ui, |ui| space.view(ui, shared));
        overlays::show(&mut self.overlays, &mut self.shared, &self.spaces, self.current, ui);
        self.take_actions(ui.ctx());
        // Changes become one undo step once the pointer is released and no text is being typed.
        let may_have_changed = self.shared.has_unrecorded_changes() || ui.input(|i| !i.events.is_empty());
        if may_have_changed && !ui.input(|i| i.pointer.any_down()) && !ui.text_edit_focused() {
            self.shared.record_undo();
        }
        self.project.copy(ui.ctx(), &mut self.shared, &self.spaces);
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
