//! Asks the user for a path or a choice.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use egui::{Key, RichText, ScrollArea, TextEdit, Ui};

use super::question::{Answer, Ask, PathKind};
use super::state::{Asked, OnAnswer, Shared};
use crate::app::command::Action;
use crate::app::theme;
use crate::app::widgets::{dialog, primary, row};
use crate::micrograph::ENDINGS;

/// A dialog that closes sooner was never shown: a desktop without file dialogs answers at once.
const SHORTEST_DIALOG: Duration = Duration::from_millis(400);

impl Shared {
    /// Asks, and calls `then` with the answer. Without an answer nothing happens.
    pub fn ask(&mut self, ask: Ask, then: impl FnOnce(&mut Self, Answer) + Send + 'static) {
        match ask {
            Ask::Path { .. } => ask_system(self, ask, Box::new(then)),
            Ask::Choice { .. } => self.ask_here(ask, then),
        }
    }

    /// The same in the window itself: for desktops without a file dialog.
    pub fn ask_here(&mut self, ask: Ask, then: impl FnOnce(&mut Self, Answer) + Send + 'static) {
        let typed = match &ask {
            Ask::Path { proposed, .. } => proposed.display().to_string(),
            Ask::Choice { .. } => String::new(),
        };
        self.asked.push(Asked { ask, then: Box::new(then), typed });
    }
}

/// Asks for files or folders, and hands them to a space like dropped ones.
pub fn ask_for_files(
    shared: &mut Shared,
    space: &'static str,
    kind: PathKind,
    title: &'static str,
    filters: &'static [(&'static str, &'static [&'static str])],
) {
    let ask = Ask::Path { kind, title, action: "Choose", filters, proposed: PathBuf::new() };
    shared.ask(ask, move |shared, answer| shared.act(Action::Files(space, answer.paths())));
}

/// A row in which the file of a latent model is chosen for a space; `built_in` says what is taken without one.
pub fn model_row(
    ui: &mut Ui,
    shared: &mut Shared,
    space: &'static str,
    tip: &str,
    built_in: &str,
    model: &mut Option<PathBuf>,
) {
    row(ui, "Model", tip, |ui| {
        ui.horizontal(|ui| {
            if ui.button("Model…").on_hover_text(tip).clicked() {
                ask_for_files(shared, space, PathKind::File, "A latent model", &[("Models", &["safetensors"])]);
            }
            if model.is_some() && ui.small_button("×").on_hover_text("Take the built-in model.").clicked() {
                *model = None;
            }
            let name = model.as_ref().and_then(|path| path.file_name());
            let name = name.map_or(built_in.to_string(), |name| name.to_string_lossy().into_owned());
            ui.add(egui::Label::new(RichText::new(name).weak()).truncate());
        })
        .response
    });
}

/// The filters of micrographs; a dialog for folders has none.
pub fn picture_filters(kind: PathKind) -> &'static [(&'static str, &'static [&'static str])] {
    if kind == PathKind::Files { &[("Micrographs", ENDINGS)] } else { &[] }
}

fn ask_system(shared: &mut Shared, ask: Ask, then: OnAnswer) {
    let Ask::Path { kind, title, filters, proposed, .. } = &ask else { return };
    let mut dialog = rfd::AsyncFileDialog::new().set_title(*title);
    for (name, endings) in *filters {
        dialog = dialog.add_filter(*name, endings);
    }
    if *kind == PathKind::Save
        && let Some(name) = proposed.file_name()
    {
        dialog = dialog.set_file_name(name.to_string_lossy());
    }
    type Found = Option<Vec<rfd::FileHandle>>;
    // Created here, since some systems require their dialogs on the window's thread.
    let chosen: std::pin::Pin<Box<dyn Future<Output = Found> + Send>> = match kind {
        PathKind::File => in_list(dialog.pick_file()),
        PathKind::Save => in_list(dialog.save_file()),
        PathKind::Folder => in_list(dialog.pick_folder()),
        PathKind::Files => Box::pin(dialog.pick_files()),
        PathKind::Folders => Box::pin(dialog.pick_folders()),
    };
    shared.in_background(false, move || {
        let start = Instant::now();
        let chosen = pollster::block_on(chosen);
        let was_shown = start.elapsed() >= SHORTEST_DIALOG;
        Box::new(move |shared| match chosen {
            Some(files) => then(shared, Answer::Paths(files.iter().map(|f| f.path().to_path_buf()).collect())),
            None if was_shown => {}
            None => {
                shared.messages.note("This desktop has no file dialog; type the path instead.");
                shared.ask_here(ask, then);
            }
        })
    });
}

/// Shows the question that was asked last.
pub fn show_asked(shared: &mut Shared, ui: &Ui) {
    let Some(mut asked) = shared.asked.pop() else { return };
    let (answer, closed) = match &asked.ask {
        Ask::Path { title, action, .. } => typed_path(ui, title, action, &mut asked.typed),
        Ask::Choice { title, text, answers, can_dismiss } => choice(ui, title, text, answers, *can_dismiss),
    };
    let saves = matches!(asked.ask, Ask::Path { kind: PathKind::Save, .. });
    match answer {
        Some(Answer::Paths(paths)) if saves && paths.iter().any(|path| path.exists()) => {
            ask_to_replace(shared, paths, asked.then);
        }
        Some(answer) => (asked.then)(shared, answer),
        None if closed => {}
        None => shared.asked.push(asked),
    }
}

/// Asks before files are replaced that nobody has asked about, such as one whose path was typed: the system's dialogs ask
/// themselves. Then calls `then` with the paths.
pub fn ask_to_replace(shared: &mut Shared, paths: Vec<PathBuf>, then: OnAnswer) {
    let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    let ask = Ask::Choice {
        title: "Replace the file?".into(),
        text: format!("{} exists.", names.join(", ")),
        answers: ["Replace", "Keep it"].map(String::from).into(),
        can_dismiss: true,
    };
    shared.ask_here(ask, |shared, answer| {
        if matches!(answer, Answer::Choice(0)) {
            then(shared, Answer::Paths(paths));
        }
    });
}

fn in_list<F: Future<Output = Option<rfd::FileHandle>> + Send + 'static>(
    file: F,
) -> std::pin::Pin<Box<dyn Future<Output = Option<Vec<rfd::FileHandle>>> + Send>> {
    Box::pin(async { file.await.map(|file| vec![file]) })
}

/// A field for a path. Returns the answer, and whether the dialog was closed.
fn typed_path(ui: &Ui, title: &str, action: &str, typed: &mut String) -> (Option<Answer>, bool) {
    let mut done = false;
    let modal = dialog(ui, "path").show(ui.ctx(), |ui| {
        ui.set_width(520.0);
        ui.heading(title);
        let hint = "/home/…/micrograph.tif";
        let field = ui.add(TextEdit::singleline(typed).hint_text(hint).desired_width(f32::INFINITY));
        field.request_focus();
        done = ui.input(|i| i.key_pressed(Key::Enter));
        ui.horizontal(|ui| {
            done |= ui.add_enabled(!typed.trim().is_empty(), egui::Button::new(action)).clicked();
            if ui.button("Close").clicked() {
                ui.close();
            }
        });
    });
    let path = typed.trim();
    let answer = (done && !path.is_empty()).then(|| Answer::Paths(vec![path.into()]));
    (answer, modal.should_close())
}

/// A text with buttons. Returns the answer, and whether the dialog was closed.
fn choice(ui: &Ui, title: &str, text: &str, answers: &[String], can_dismiss: bool) -> (Option<Answer>, bool) {
    let mut chosen = None;
    let modal = dialog(ui, "choice").show(ui.ctx(), |ui| {
        ui.set_width(460.0);
        ui.heading(title);
        ScrollArea::vertical().max_height(320.0).show(ui, |ui| ui.label(text));
        ui.add_space(theme::STEP);
        ui.horizontal_wrapped(|ui| {
            for (n, answer) in answers.iter().enumerate() {
                let button = if n == 0 { primary(ui, answer) } else { egui::Button::new(answer) };
                if ui.add(button).clicked() {
                    chosen = Some(Answer::Choice(n));
                }
            }
        });
    });
    (chosen, can_dismiss && modal.should_close())
}
