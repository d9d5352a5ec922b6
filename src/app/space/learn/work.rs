//! The work of the workspace: columns, learning, predicting, opening.

use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::state::{CHOOSE_SET, LearnSpace, NAME, Set, Tab};
use crate::app::command::Action;
use crate::app::shared::Shared;
use crate::app::shared::ask::picture_filters;
use crate::app::shared::methods::gram_settings;
use crate::app::shared::predictor::OpenPredictor;
use crate::app::shared::question::{Ask, PathKind};
use crate::app::shared::watch::{News, OneShot};
use crate::job::{About, Ending, Learn, MapSource, PredictProperty, columns_to_learn, write_artificial, write_learned};
use crate::learn::Regressor;
use crate::micrograph::ENDINGS;

/// Keeps the columns up to date while the workspace is shown.
pub fn columns(space: &mut LearnSpace, shared: &mut Shared) {
    while let Some(news) = space.reading.poll(&mut shared.messages) {
        if let News::Output(found) = news {
            space.columns = Some(found);
        }
    }
    let wanted = &space.wanted;
    let asked = wanted.columns_key();
    if space.asked == asked || space.reading.is_running() {
        return;
    }
    let (table, pattern) = (wanted.table_of(), wanted.pattern_of());
    (space.asked, space.table) = (asked, table.clone());
    let source = wanted.source();
    if wanted.set == Set::Files && (wanted.files.is_empty() || table.is_none() && pattern.is_none()) {
        space.columns = None;
        return;
    }
    let read = move || Ok(columns_to_learn(&source, table.as_deref(), pattern.as_deref()));
    space.reading.start_detached(OneShot(Box::new(read)), &shared.wake);
}

/// Keeps the cost of networks up to date while the workspace is shown.
pub fn cost(space: &mut LearnSpace, shared: &mut Shared) {
    while let Some(news) = space.costing.poll(&mut shared.messages) {
        if let News::Output(found) = news {
            space.cost = found;
        }
    }
    let wanted = &space.wanted;
    if space.cost_asked.as_ref() == Some(wanted) || space.costing.is_running() || space.is_running() {
        return;
    }
    (space.cost_asked, space.cost) = (Some(wanted.clone()), None);
    if space.wanted.regressors.contains(&Regressor::Network) {
        let request = request(space, shared);
        space.costing.start_detached(OneShot(Box::new(move || Ok(request.network_cost()))), &shared.wake);
    }
}

/// Why nothing can be learned now.
pub fn missing(space: &LearnSpace) -> Option<&'static str> {
    let wanted = &space.wanted;
    match &space.columns {
        _ if space.is_running() || space.is_studying() => Some("Something is under way; stop that first."),
        _ if wanted.set == Set::Files && wanted.files.is_empty() => {
            Some("Choose micrographs or a folder first, or drop them here.")
        }
        Some(Ok(columns)) if columns.contains(&wanted.column) => match () {
            () if wanted.readings.is_empty() => Some("Tick something that is read of the micrographs."),
            () if wanted.regressors.is_empty() => Some("Tick a regression."),
            () => None,
        },
        _ => Some("Choose a table with a value for each micrograph."),
    }
}

/// What the panel asks for.
pub fn request(space: &LearnSpace, shared: &Shared) -> Learn {
    let wanted = &space.wanted;
    let weights = gram_settings(shared).weights;
    let prepares = wanted.set == Set::Files && wanted.prepares && shared.document.is_some();
    Learn {
        source: wanted.source(),
        recipe: prepares.then(|| shared.settings.recipe.clone()),
        patches: wanted.cuts.then_some((wanted.edge, wanted.stride)),
        table: space.table.clone(),
        pattern: wanted.pattern_of(),
        column: wanted.column.clone(),
        inputs: wanted.readings.iter().map(|kind| kind.distances(&weights, wanted.model.as_deref())).collect(),
        regressors: wanted.regressors.clone(),
        split: wanted.split.into_parts(wanted.parts),
        repeats: wanted.repeats,
        seed: wanted.seed,
        preset: wanted.preset,
        frozen: wanted.frozen,
        finished: None,
        device: shared.settings.device.clone(),
    }
}

/// A file for what is done of a request: the same for the same request.
fn parts_of(request: &Learn) -> PathBuf {
    let name = crate::folders::hex(&Sha256::digest(format!("{request:?}"))[..8]);
    crate::folders::data().join("learning").join(format!("{name}.parts"))
}

/// Starts to learn.
pub fn learn(space: &mut LearnSpace, shared: &mut Shared) {
    if missing(space).is_none() {
        let request = request(space, shared);
        let finished = Some(parts_of(&request));
        space.study.failure = None;
        space.job.start(Learn { finished, ..request }, &shared.wake);
    }
}

/// Takes what the jobs have to say.
pub fn poll(space: &mut LearnSpace, shared: &mut Shared) {
    space.job.take_progress();
    while let Some(news) = space.job.poll(&mut shared.messages) {
        match news {
            News::Output(learned) => {
                space.predicting.stop();
                shared.predictor = Some(OpenPredictor::of(&learned));
                (space.learned, space.attempt, space.tab) = (Some(learned), 0, Tab::Scores);
                space.predicted.clear();
                shared.changed();
            }
            News::Ended(Ending::Finished) => shared.messages.note("The property is learned."),
            News::Ended(Ending::Kept | Ending::Cancelled) => shared.messages.note("The learning was stopped."),
            News::Ended(Ending::Failed(_)) => {}
        }
    }
    space.study.take_progress();
    while let Some(news) = space.study.poll(&mut shared.messages) {
        match news {
            News::Output(found) => {
                (space.artificial, space.tab) = (Some(found), Tab::Artificial);
                shared.changed();
            }
            News::Ended(Ending::Finished) => shared.messages.note("Artificial micrographs are studied."),
            News::Ended(Ending::Kept | Ending::Cancelled) => shared.messages.note("The study was stopped."),
            News::Ended(Ending::Failed(_)) => {}
        }
    }
    while let Some(news) = space.opening.poll(&mut shared.messages) {
        if let News::Output(open) = news {
            shared.messages.note(format!("{} predicts {}.", open.name, open.about.column));
            space.predicting.stop();
            space.predicted.clear();
            (shared.predictor, space.tab) = (Some(open), Tab::Predictions);
        }
    }
    space.predicting.take_progress();
    while let Some(news) = space.predicting.poll(&mut shared.messages) {
        if let News::Output((found, left_out)) = news {
            left_out.into_iter().for_each(|reason| shared.messages.warning(reason));
            space.predicted.splice(0..0, found);
            space.tab = Tab::Predictions;
            shared.changed();
        }
    }
    if !space.waiting.is_empty() && !space.predicting.is_running() {
        let files = std::mem::take(&mut space.waiting);
        let Some(open) = shared.predictor.clone() else { return };
        let request = PredictProperty {
            predictor: open.predictor,
            about: open.about,
            source: MapSource::Files(files),
            device: shared.settings.device.clone(),
        };
        space.predicting.start(request, &shared.wake);
    }
}

/// Opens a predictor.
pub fn open(space: &mut LearnSpace, shared: &mut Shared, path: PathBuf) {
    let read = move || {
        let bytes = std::fs::read(&path).map_err(|e| format!("{} could not be read: {e}.", path.display()))?;
        let (predictor, about) = About::read(&bytes, &path)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(OpenPredictor { name, predictor: Arc::new(predictor), about })
    };
    space.opening.start_detached(OneShot(Box::new(read)), &shared.wake);
}

/// Asks for micrographs, or for a folder of them, to learn from.
pub fn ask_for_set(shared: &mut Shared, kind: PathKind) {
    let ask = Ask::Path {
        kind,
        title: "Micrographs, or a folder of them",
        action: "Choose",
        filters: picture_filters(kind),
        proposed: PathBuf::new(),
    };
    shared.ask(ask, |shared, answer| {
        shared.act(Action::DoIn(NAME, CHOOSE_SET));
        shared.act(Action::Files(NAME, answer.paths()));
    });
}

/// Asks for micrographs to predict.
pub fn ask_for_predictions(shared: &mut Shared) {
    let ask = Ask::Path {
        kind: PathKind::Files,
        title: "Micrographs to predict",
        action: "Predict",
        filters: &[("Micrographs", ENDINGS)],
        proposed: PathBuf::new(),
    };
    shared.ask(ask, |shared, answer| shared.act(Action::Files(NAME, answer.paths())));
}

/// Writes the results into the export folder.
pub fn export(space: &LearnSpace, shared: &mut Shared) {
    if let Some(learned) = space.learned.clone() {
        shared.write(shared.export.path("learned"), move |folder| write_learned(folder, &learned).map(|_| ()));
    }
    if let Some(found) = space.artificial.clone() {
        shared.write(shared.export.path("artificial"), move |folder| write_artificial(folder, &found).map(|_| ()));
    }
}
