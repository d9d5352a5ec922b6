//! The work of the workspace: the search, and its results.

use super::state::{By, DesignSpace, Target};
use crate::app::shared::methods::gram_settings;
use crate::app::shared::watch::News;
use crate::app::shared::{self, Shared};
use crate::job::{Design, Designed, Ending, Measure, write_design};
use crate::property::{PropertySet, Wanted};

/// The materials, and how properties are computed.
pub fn materials(space: &DesignSpace, shared: &Shared) -> (PropertySet, Wanted) {
    let (mut set, wanted) = shared::materials::materials(shared, space.wanted.properties());
    if space.wanted.model.is_none() {
        // The built-in model has two phases.
        set.phases.truncate(2);
    }
    (set, wanted)
}

/// Why nothing can be designed now.
pub fn missing(space: &DesignSpace, shared: &Shared) -> Option<&'static str> {
    match space.wanted.by {
        _ if space.is_running() => Some("A search is under way; stop it first."),
        By::Predicting if shared.predictor.is_none() => {
            Some("Learn a property in the Learn workspace, or open a predictor there.")
        }
        _ => None,
    }
}

/// Starts to search; without `wishes` pictures are made at random only.
pub fn design(space: &mut DesignSpace, shared: &mut Shared, wishes: bool) {
    if missing(space, shared).is_none() {
        space.job.start(request(space, shared, wishes), &shared.wake);
    }
}

/// What the panel asks for.
pub fn request(space: &DesignSpace, shared: &Shared, wishes: bool) -> Design {
    let wanted = &space.wanted;
    let measure = match (wanted.by, &shared.predictor) {
        (By::Predicting, Some(open)) => Measure::Predict(open.predictor.clone(), Box::new(open.about.clone())),
        _ => Measure::Solve(Box::new(materials(space, shared))),
    };
    let targets = [wanted.target, wanted.second_target];
    let wish = targets.into_iter().take(wanted.count_of_properties()).map(Target::goal).collect();
    Design {
        model: wanted.model.clone(),
        measure,
        wishes: if wishes { vec![wish] } else { vec![] },
        count: wanted.count,
        first: wanted.first,
        most: wanted.most,
        tolerance: wanted.tolerance / 100.0,
        refine: wanted.refines.then(|| gram_settings(shared)),
        edge: None,
        seed: wanted.seed,
        device: shared.settings.device.clone(),
    }
}

/// Takes what the job has to say.
pub fn poll(space: &mut DesignSpace, shared: &mut Shared) {
    space.job.take_progress();
    while let Some(news) = space.job.poll(&mut shared.messages) {
        match news {
            News::Output(designed) => {
                (space.designed, space.shown) = (Some(designed), None);
                shared.changed();
            }
            News::Ended(Ending::Finished) => {
                propose_targets(space);
                shared.messages.note("The search is done.");
            }
            News::Ended(Ending::Kept | Ending::Cancelled) => shared.messages.note("The search was stopped."),
            News::Ended(Ending::Failed(_)) => {}
        }
    }
}

/// Targets that nobody has changed become the middle of what can be reached.
fn propose_targets(space: &mut DesignSpace) {
    let Some(designed) = &space.designed else { return };
    let targets = [&mut space.wanted.target, &mut space.wanted.second_target];
    for (n, target) in targets.into_iter().enumerate().take(designed.names.len()) {
        let is_untouched = *target == Target::default() || space.proposed[n] == Some(*target);
        if is_untouched && designed.wished.is_empty() && designed.reached(n) != (0.0, 0.0) {
            let (low, high) = designed.reached(n);
            // Three digits are easier to read and to change.
            let middle: f64 = format!("{:.2e}", 0.5 * (low + high)).parse().unwrap_or(low);
            *target = Target { is_range: false, low: middle, high: middle };
            space.proposed[n] = Some(*target);
        }
    }
}

/// Writes the results into the export folder.
pub fn export(space: &DesignSpace, shared: &mut Shared) {
    let Some(designed) = space.designed.clone() else { return };
    shared.write(shared.export.path("designed"), move |folder| write_design(folder, &designed).map(|_| ()));
}

/// The pictures that are shown: candidates, or some at random from the least to the largest property.
pub fn pictures(designed: &Designed) -> Vec<usize> {
    /// Pictures at random that are shown.
    const SOME: usize = 8;
    if !designed.wished.is_empty() {
        return designed.candidates().map(|c| c.picture).collect();
    }
    let mut order: Vec<usize> = (0..designed.pictures.len()).collect();
    order.sort_by(|a, b| designed.pictures[*a].values[0].total_cmp(&designed.pictures[*b].values[0]));
    let last = order.len().saturating_sub(1);
    let mut some: Vec<usize> = (0..SOME).filter_map(|n| order.get(n * last / (SOME - 1)).copied()).collect();
    some.dedup();
    some
}
