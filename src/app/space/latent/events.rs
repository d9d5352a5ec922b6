//! Events of training, judging and exploring, and the opening of models.

use std::path::PathBuf;
use std::sync::Arc;

use super::state::{LatentSpace, OpenModel, Page, SheetKind};
use crate::app::shared::Shared;
use crate::app::shared::watch::{News, OneShot};
use crate::job::{Ending, Event, Explored, Explorer, PaintedSheet, Train};
use crate::latent::Model;

/// Handles all new events.
pub fn poll(space: &mut LatentSpace, shared: &mut Shared) {
    while let Some(news) = space.reading.poll(&mut shared.messages) {
        if let News::Output((model, name, bytes)) = news {
            shared.messages.note(format!("{name} is open in the Latent workspace."));
            open_model(space, shared, model, name, bytes);
        }
    }
    poll_training(space, shared);
    while let Some(news) = space.judging.poll(&mut shared.messages) {
        match news {
            News::Output(judgement) => space.judgement = Some(judgement),
            News::Ended(Ending::Finished) => shared.messages.note("The model is judged."),
            News::Ended(Ending::Kept | Ending::Cancelled) => shared.messages.note("The judgement was stopped."),
            News::Ended(Ending::Failed(_)) => {}
        }
    }
    space.judging.take_progress();
    poll_exploring(space, shared);
}

fn poll_training(space: &mut LatentSpace, shared: &mut Shared) {
    space.training.take_progress();
    while let Some(news) = space.training.poll(&mut shared.messages) {
        let ending = match news {
            News::Output(model) => {
                let output = space.trained.as_ref().map(|trained| trained.output.clone()).unwrap_or_default();
                let name = output.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let bytes = model.to_bytes(false).ok().map(Arc::new);
                open_model(space, shared, model, name, bytes);
                continue;
            }
            News::Ended(ending) => ending,
        };
        let Some(trained) = space.trained.take() else { continue };
        let output = trained.output.display();
        match ending {
            Ending::Finished => shared.messages.note(format!("The training is done; the model is in {output}.")),
            Ending::Kept => {
                shared.messages.note(format!("The training was stopped; the model as it was then is in {output}."));
            }
            Ending::Cancelled => shared.messages.note("The training was cancelled."),
            Ending::Failed(_) => {}
        }
        let is_left = Train::checkpoint(&trained.output).exists();
        space.resumable = is_left.then_some(Train { resume: true, ..trained });
    }
}

fn poll_exploring(space: &mut LatentSpace, shared: &mut Shared) {
    let Some(open) = &mut space.open else { return };
    if let Some(shown) = open.explorer.shown.take() {
        let fits = |r: &Explored| r.cell.z == open.start && r.edge == shown.edge;
        if !open.reference.as_ref().is_some_and(fits) && shown.cell.z == open.start {
            open.reference = Some(shown.clone());
        }
        open.shown = Some(shown);
        space.picture_is_old = true;
    }
    if let Some(sheet) = open.explorer.sheet.take() {
        open.sheet = sheet;
    }
    if let Some(encoded) = open.explorer.encoded.take() {
        match encoded.point {
            Err(reason) => shared.messages.error(reason),
            Ok(z) if open.encodes_target => {
                open.target = Some((encoded.name, z));
                open.sheet_kind = SheetKind::Interpolation;
            }
            Ok(z) => open.set_start(z, encoded.name),
        }
        open.encodes_target = false;
    }
    while let Some(event) = open.explorer.poll() {
        match event {
            Event::Warning(text) => shared.messages.warning(text),
            Event::Ended(Ending::Failed(reason)) => shared.messages.error(reason),
            _ => {}
        }
    }
}

/// Reads a model's file on another thread.
pub fn read_model(space: &mut LatentSpace, shared: &Shared, path: PathBuf) {
    let read = move || {
        let model = Model::open(&path).map_err(|e| e.to_string())?;
        let bytes = std::fs::read(&path).ok().map(Arc::new);
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok((Arc::new(model), name, bytes))
    };
    space.reading.start_detached(OneShot(Box::new(read)), &shared.wake);
}

/// Opens the built-in model, but only once: when the workspace is first shown without a model.
pub fn open_built_in_once(space: &mut LatentSpace, shared: &mut Shared) {
    if !space.has_opened_built_in && space.open.is_none() && !space.reading.is_running() {
        // Another page may have been asked for already.
        let page = space.page;
        open_built_in(space, shared);
        space.page = page;
    }
}

/// Opens the built-in model.
pub fn open_built_in(space: &mut LatentSpace, shared: &mut Shared) {
    space.has_opened_built_in = true;
    match Model::built_in() {
        Ok(model) => open_model(space, shared, Arc::new(model), "Graphite (built in)".into(), None),
        Err(error) => shared.messages.error(error.to_string()),
    }
}

/// Opens a model on the Explore page.
pub fn open_model(
    space: &mut LatentSpace,
    shared: &mut Shared,
    model: Arc<Model>,
    name: String,
    bytes: Option<Arc<Vec<u8>>>,
) {
    if bytes.is_some() {
        shared.changed();
    }
    let explorer = Explorer::start(model.clone(), shared.settings.device.clone(), shared.wake.clone());
    let (order, alive) = crate::latent::order_by_divergence(&model.summary.divergence);
    let mean: Vec<f32> = model.summary.spread.iter().map(|(m, _)| *m as f32).collect();
    space.open = Some(OpenModel {
        edge: model.settings.edge,
        pad: (order[0], *order.get(1).unwrap_or(&order[0])),
        order,
        alive,
        z: mean.clone(),
        start: mean,
        start_name: "Mean of the data".into(),
        layout: 1,
        asked: None,
        shown: None,
        reference: None,
        sheet: PaintedSheet::default(),
        sheet_kind: SheetKind::Traversal,
        sample_seed: 1,
        target: None,
        encodes_target: false,
        name,
        bytes,
        explorer,
        model,
    });
    // A judgement of the previous model must not appear under this one's name.
    space.judgement = None;
    space.judging.stop();
    space.sheet_shown = (0, 0);
    if !space.training.is_running() {
        space.page = Page::Explore;
    }
}
