//! The run that the workspace watches, and what is shown of it.

use std::sync::Arc;

use egui::{Color32, Context};

use super::state::{DISCARD, KEEP, RESUME, ReconstructSpace, START_ANEW, Shown, StartedRun};
use crate::app::command::Action;
use crate::app::shared::Shared;
use crate::app::shared::document::Document;
use crate::app::shared::question::{Answer, Ask};
use crate::app::shared::watch::News;
use crate::app::widgets::Picture;
use crate::compute::graph::Precision;
use crate::compute::mebibytes;
use crate::figure::duration;
use crate::job::{CHECKPOINT, Ending, Preview, Request, Run, RunProgress};
use crate::micrograph::PhaseMap;
use crate::net::WeightsKind;
use crate::net::weights::download::download_bytes;
use crate::reconstruct::gram::{Encoding, phase_vectors};
use crate::reconstruct::{Realisation, SavedRun};

/// Seconds of work that are thrown away without a question.
const FEW: f64 = 60.0;

/// Starts a reconstruction of what is open. Asks first, unless `anew`, if a stopped run of more than a minute then can no
/// longer go on.
pub fn start(space: &mut ReconstructSpace, shared: &mut Shared, ctx: &Context, anew: bool) {
    let Some(document) = shared.document.clone() else { return };
    if !anew && let Some(saved) = SavedRun::read(&shared.folder.path.join(CHECKPOINT)).filter(|run| run.seconds >= FEW)
    {
        return ask_before_starting(shared, &saved, space.resumable.is_some());
    }
    if shared.network.missing(&shared.settings).is_some() {
        ask_to_download(shared);
        return;
    }
    if let Err(error) = shared.settings.check(document.size()) {
        shared.messages.error(error.to_string());
        return;
    }
    shared.update_revisions();
    if !shared.is_document_wanted() {
        shared.messages.warning("The phases are still being worked out; start again in a moment.");
        return;
    }
    let settings = shared.settings.clone();
    begin(space, shared, ctx, StartedRun { document, settings }, false);
}

fn ask_before_starting(shared: &mut Shared, saved: &SavedRun, can_resume: bool) {
    const START_NEW: &str = "Start a new run";
    let resume = "Resume the stopped run".to_string();
    let ask = Ask::Choice {
        title: "Start a new run?".into(),
        text: format!(
            "A stopped run{} can still go on, after {} of computing for realisation {}. A new run takes its place.",
            if can_resume { "" } else { " of another project" },
            duration(saved.seconds),
            saved.realisation + 1
        ),
        answers: if can_resume { vec![resume, START_NEW.into()] } else { vec![START_NEW.into(), "Close".into()] },
        can_dismiss: true,
    };
    shared.ask(ask, move |shared, answer| match (answer, can_resume) {
        (Answer::Choice(0), true) => shared.act(Action::DoIn("Reconstruct", RESUME)),
        (Answer::Choice(1), true) | (Answer::Choice(0), false) => shared.act(Action::DoIn("Reconstruct", START_ANEW)),
        _ => {}
    });
}

/// The run of the checkpoint in the window's folder, if it is one of the open micrograph: after a crash the folder has the
/// checkpoint of the window that did not close properly.
pub fn interrupted(shared: &Shared) -> Option<StartedRun> {
    let saved = SavedRun::read(&shared.folder.path.join(CHECKPOINT))?;
    let open = shared.document.as_ref()?;
    if open.target.fingerprint() != saved.fingerprint {
        return None;
    }
    // The recipe of the run is mostly the one that is open, which then need not be applied again.
    let document = Document::new(open.raw.clone(), saved.settings.recipe.clone(), Some(open)).ok()?;
    Some(StartedRun { document, settings: saved.settings })
}

/// Offers to download the weights of a run that are not on this machine.
fn ask_to_download(shared: &mut Shared) {
    let Some(depth) = shared.settings.method.gram().map(|gram| gram.depth) else { return };
    let size = mebibytes(download_bytes(depth));
    let ask = Ask::Choice {
        title: "VGG-19 is not on this machine yet".into(),
        text: format!(
            "The run needs the network's weights to {depth} ({size}, CC BY 4.0, Visual Geometry Group). Download them and \
             start again, or take the built-in weights."
        ),
        answers: [format!("Download {size}"), "Take the built-in weights".into(), "Close".into()].into(),
        can_dismiss: true,
    };
    shared.ask(ask, move |shared, answer| match answer {
        Answer::Choice(0) => shared.network.start_fetch(depth, &shared.wake),
        Answer::Choice(1) => shared.settings_mut().set_weights(WeightsKind::BuiltIn),
        _ => {}
    });
}

/// Resumes a failed run from its checkpoint, on the device and in the precision that are chosen now.
pub fn resume_failed(space: &mut ReconstructSpace, shared: &mut Shared, ctx: &Context) {
    let Some(StartedRun { document, mut settings }) = space.resumable.take() else { return };
    settings.device = shared.settings.device.clone();
    settings.precision = shared.settings.precision;
    // Another micrograph may be open by now; a run is shown beside its own.
    shared.show_document(document.clone());
    begin(space, shared, ctx, StartedRun { document, settings }, true);
}

fn begin(space: &mut ReconstructSpace, shared: &mut Shared, ctx: &Context, started: StartedRun, resume: bool) {
    let run = Run {
        target: started.document.target.clone(),
        settings: started.settings.clone(),
        folder: Some(shared.folder.path.clone()),
        write: false,
        resume,
    };
    if !resume {
        // The state of an earlier run must not pass for that of this one.
        let _ = std::fs::remove_file(shared.folder.path.join(CHECKPOINT));
    }
    space.resumable = None;
    space.since = Some(std::time::Instant::now());
    space.started = Some(started);
    clear_live(space);
    show_original(space, shared, ctx);
    space.run.start(run, &shared.wake);
    shared.keeps_micrograph = true;
}

/// Cancels the run; asks before if that throws away more than a minute of work.
pub fn cancel(space: &ReconstructSpace, shared: &mut Shared) {
    let progress = &space.run.progress;
    if progress.seconds < FEW {
        space.run.request(Request::Cancel);
        return;
    }
    let finished = match progress.realisation {
        0 => String::new(),
        1 => " The finished realisation stays.".into(),
        n => format!(" The {n} finished realisations stay."),
    };
    let ask = Ask::Choice {
        title: "Throw this realisation away?".into(),
        text: format!(
            "{} of computing for realisation {} would be lost. “Stop and keep” ends it too, but keeps it as it is, and it \
             can go on later.{finished}",
            duration(progress.seconds),
            progress.realisation + 1
        ),
        answers: ["Go on", "Stop and keep", "Throw it away"].map(String::from).into(),
        can_dismiss: true,
    };
    shared.ask(ask, |shared, answer| match answer {
        Answer::Choice(1) => shared.act(Action::DoIn("Reconstruct", KEEP)),
        Answer::Choice(2) => shared.act(Action::DoIn("Reconstruct", DISCARD)),
        _ => {}
    });
}

/// Shows another document once it is open; while a run goes on, its own original stays in its panes.
pub fn follow_document(space: &mut ReconstructSpace, shared: &Shared, ctx: &Context) {
    let Some(document) = &shared.document else { return };
    if space.document == document.number {
        return;
    }
    space.document = document.number;
    if space.run.is_running() {
        return;
    }
    match space.shown {
        Shown::Realisation(n) if space.pictures.thumbnails.is_empty() && n < shared.realisations.len() => {
            show_realisation(space, shared, ctx, n);
        }
        _ => {
            clear_live(space);
            show_original(space, shared, ctx);
        }
    }
}

/// Handles the events of the run.
pub fn poll(space: &mut ReconstructSpace, shared: &mut Shared, ctx: &Context) {
    if space.run.take_progress() {
        if let Some(preview) = space.run.progress.preview.take() {
            show_preview(space, shared, ctx, preview);
        }
        update_speed(space, shared);
    }
    while let Some(news) = space.run.poll(&mut shared.messages) {
        match news {
            News::Output(realisation) => shared.add_realisation(&realisation),
            News::Ended(ending) => end(space, shared, ctx, ending),
        }
    }
    make_thumbnails(space, shared, ctx);
}

/// Updates the device's speed: a run measures it better than the probe's short test.
fn update_speed(space: &ReconstructSpace, shared: &mut Shared) {
    const MIN_ITERATIONS: f64 = 5.0;
    // An iteration at a coarse size takes more than its share of the pixels; from here on most were at the full size.
    const MIN_SHARE: f64 = 0.5;
    let (Some(StartedRun { settings, document }), Some(cost)) = (&space.started, space.cost.found) else { return };
    let progress = &space.run.progress;
    // The table holds the speed of single precision.
    let is_single = settings.precision == Precision::Single;
    let inputs_fit = space.cost.is_of(settings, document.size(), document.phases().map_or(0, |map| map.phases));
    if !is_single
        || progress.work.0 < MIN_ITERATIONS
        || progress.share_of_realisation() < MIN_SHARE
        || progress.seconds <= 0.0
        || !inputs_fit
    {
        return;
    }
    // The table holds the speed of the network alone.
    let Some(seconds) = space.cost.network_seconds(progress.seconds_per_iteration()) else { return };
    let speed = cost.operations as f64 / seconds;
    if let Some(table) = &mut shared.devices.table
        && let Some(device) = table.chosen(&settings.device).cloned()
    {
        table.set_speed(&device, speed);
    }
}

fn end(space: &mut ReconstructSpace, shared: &mut Shared, ctx: &Context, ending: Ending) {
    let ended = space.started.take();
    space.ended = Some(std::time::Instant::now());
    space.run.progress.paused = false;
    match ending {
        Ending::Finished => {
            let seconds = space.since.map_or(0.0, |since| since.elapsed().as_secs_f64());
            let taken = if seconds < 1.0 { String::new() } else { format!(" in {}", duration(seconds)) };
            shared.messages.note(format!("Done{taken}. Choose a realisation below the plots, or export it."));
        }
        Ending::Kept => {
            let is_saved = shared.folder.path.join(CHECKPOINT).exists();
            let resume = if is_saved { " The run can go on with Resume." } else { "" };
            shared.messages.note(format!("Stopped early; what was made is kept as it is.{resume}"));
            space.resumable = ended.filter(|_| is_saved);
        }
        Ending::Cancelled => shared.messages.note("The run was cancelled."),
        Ending::Failed(_) => {
            let is_saved = shared.folder.path.join(CHECKPOINT).exists();
            space.resumable = ended.filter(|_| is_saved);
        }
    }
    // What was live belonged to this run's original; another micrograph may be open.
    space.preview = None;
    if space.shown == Shown::Live {
        match shared.realisations.len().checked_sub(1) {
            Some(last) => show_realisation(space, shared, ctx, last),
            None => {
                clear_live(space);
                show_original(space, shared, ctx);
            }
        }
    }
}

/// Shows the original of the run, or the open document, in its pane.
fn show_original(space: &mut ReconstructSpace, shared: &Shared, ctx: &Context) {
    let Some(document) = space.live_document(shared).cloned() else { return };
    let slot = &mut space.pictures.original;
    match document.phases() {
        Some(map) => Picture::show_phases(slot, ctx, "original", map, &document.recipe),
        None => {
            let image = document.micrograph().image();
            Picture::show_image(slot, ctx, "original", &image, document.size());
        }
    }
}

/// Clears what a run shows; finished realisations stay.
fn clear_live(space: &mut ReconstructSpace) {
    space.preview = None;
    space.shown = Shown::Live;
    space.curves = Arc::default();
    space.run.progress = RunProgress::default();
    space.pictures.image = None;
    space.pictures.phases = None;
}

fn show_preview(space: &mut ReconstructSpace, shared: &Shared, ctx: &Context, preview: Preview) {
    if space.shown == Shown::Live {
        show_result(space, shared, ctx, &preview.image, preview.size, preview.phases.as_deref());
        space.curves = preview.curves.clone();
    }
    space.preview = Some(preview);
}

/// Shows an image and its phases in the panes.
fn show_result(
    space: &mut ReconstructSpace,
    shared: &Shared,
    ctx: &Context,
    image: &[f32],
    size: (usize, usize),
    phases: Option<&PhaseMap>,
) {
    let settings = match space.shown {
        Shown::Realisation(n) => shared.realisations.get(n).map(|r| &r.report.settings),
        Shown::Live => space.started.as_ref().map(|started| &started.settings),
    };
    let vectors = settings.zip(phases).map(|(settings, map)| {
        // The other methods make phases, and their image is that of the corners.
        let encoding = settings.method.gram().map_or(Encoding::Corners, |gram| gram.encoding);
        phase_vectors(map.phases, encoding, settings.seed)
    });
    match settings.zip(vectors) {
        Some((settings, vectors)) => {
            let colors = settings.recipe.phase_colors(vectors.len());
            let color = |i: usize| blended(&image[3 * i..3 * i + 3], &vectors, &colors);
            Picture::show(&mut space.pictures.image, ctx, "image", size, color);
        }
        None => Picture::show_image(&mut space.pictures.image, ctx, "image", image, size),
    }
    let Some(map) = phases else {
        space.pictures.phases = None;
        return;
    };
    let recipe = match space.shown {
        Shown::Realisation(n) => shared.realisations.get(n).map(|r| &r.report.settings.recipe),
        Shown::Live => space.started.as_ref().map(|started| &started.settings.recipe),
    };
    let recipe = recipe.unwrap_or(&shared.settings.recipe);
    Picture::show_phases(&mut space.pictures.phases, ctx, "phases", map, recipe);
}

/// The colour of a pixel of the image that is optimised: those of the phases, each the more the nearer the pixel is to its
/// vector.
fn blended(pixel: &[f32], vectors: &[[f32; 3]], colors: &[[u8; 3]]) -> Color32 {
    let distance = |v: &[f32; 3]| (0..3).map(|c| (pixel[c] - v[c]).powi(2)).sum::<f32>();
    let weights: Vec<f32> = vectors.iter().map(|v| 1.0 / (distance(v) + 1.0)).collect();
    let all: f32 = weights.iter().sum();
    let mix = |c: usize| weights.iter().zip(colors).map(|(w, color)| w * f32::from(color[c])).sum::<f32>() / all;
    Color32::from_rgb(mix(0) as u8, mix(1) as u8, mix(2) as u8)
}

/// Shows a finished realisation in panes and plots.
pub fn show_realisation(space: &mut ReconstructSpace, shared: &Shared, ctx: &Context, number: usize) {
    let Some(realisation) = shared.realisations.get(number).cloned() else { return };
    space.shown = Shown::Realisation(number);
    show_result(space, shared, ctx, &realisation.image, realisation.size, realisation.phases.as_deref());
    space.curves = Arc::new(realisation.curves.clone());
    // It is shown beside its own original, which may have been opened before the one that is open now.
    if let Some(map) = &realisation.original {
        let recipe = &realisation.report.settings.recipe;
        Picture::show_phases(&mut space.pictures.original, ctx, "original", map, recipe);
    }
}

/// Opens the dialog to export the shown realisation, or else the last one.
pub fn open_export(space: &mut ReconstructSpace, shared: &Shared, ctx: &Context) {
    if let (Shown::Live, Some(last)) = (space.shown, shared.realisations.len().checked_sub(1)) {
        show_realisation(space, shared, ctx, last);
    }
    space.export.is_open = !shared.realisations.is_empty();
    space.export.error.clear();
    space.export.replaces = false;
}

/// Shows the run again.
pub fn show_live(space: &mut ReconstructSpace, shared: &Shared, ctx: &Context) {
    space.shown = Shown::Live;
    show_original(space, shared, ctx);
    if let Some(preview) = space.preview.take() {
        show_preview(space, shared, ctx, preview);
    }
}

/// Makes the small pictures of realisations that have none yet.
fn make_thumbnails(space: &mut ReconstructSpace, shared: &Shared, ctx: &Context) {
    let thumbnails = &mut space.pictures.thumbnails;
    thumbnails.truncate(shared.realisations.len());
    for (n, realisation) in shared.realisations.iter().enumerate() {
        if thumbnails.get(n).is_some_and(|(shown, _)| Arc::ptr_eq(shown, realisation)) {
            continue;
        }
        thumbnails.truncate(n);
        thumbnails.extend(thumbnail(realisation, ctx).map(|picture| (realisation.clone(), picture)));
    }
}

fn thumbnail(realisation: &Realisation, ctx: &Context) -> Option<Picture> {
    let name = format!("thumbnail {}", realisation.number);
    let mut slot = None;
    match &realisation.phases {
        Some(map) => Picture::show_phases(&mut slot, ctx, &name, map, &realisation.report.settings.recipe),
        None => Picture::show_image(&mut slot, ctx, &name, &realisation.image, realisation.size),
    }
    slot.iter_mut().for_each(Picture::forget);
    slot
}
