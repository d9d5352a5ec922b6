//! The work of the workspace: estimates that follow, and the computation of everything.

use std::sync::Arc;

use super::state::{self, Asked, PropertySpace, Tab};
use crate::app::shared::Shared;
use crate::app::shared::watch::News;
use crate::job::{ComputeProperties, PropertyOutput, PropertyResults, write_properties};
use crate::property::Wanted;

/// Keeps bounds and estimates up to date while the workspace is shown.
pub fn estimate(space: &mut PropertySpace, shared: &mut Shared, is_shown: bool) {
    while let Some(news) = space.live.poll(&mut shared.messages) {
        if let (News::Output(PropertyOutput::Map(_, found)), Some(asked)) = (news, &space.asked) {
            space.estimates = Some((asked.clone(), found));
        }
    }
    if !is_shown || space.live.is_running() {
        return;
    }
    let originals = state::originals(shared);
    let Some(original) = space.original_of(&originals) else { return };
    let Some(map) = original.phases.clone() else { return };
    space.fit_set(map.phases);
    // Other workspaces estimate the same of what they make.
    if shared.materials.as_ref().is_none_or(|kept| kept.0 != space.set || kept.1 != space.wanted) {
        shared.materials = Some(Arc::new((space.set.clone(), space.wanted.clone())));
    }
    let wanted = Wanted { full_fields: false, keep_fields: false, ..space.wanted.clone() };
    let asked = Asked { map: map.clone(), set: space.set.clone(), wanted: wanted.clone() };
    if wanted.properties.is_empty() {
        (space.asked, space.estimates) = (None, None);
        return;
    }
    if space.asked.as_ref().is_some_and(|before| before.is_same(&asked)) {
        return;
    }
    let mut maps = space.maps(shared, &original);
    maps.truncate(1);
    space.asked = Some(asked);
    space.live.start(ComputeProperties { maps, set: space.set.clone(), wanted, quarters: false }, &shared.wake);
}

/// Starts the computation of everything.
pub fn compute(space: &mut PropertySpace, shared: &mut Shared) {
    if blocked(space, shared).is_some() {
        return;
    }
    let originals = state::originals(shared);
    let Some(original) = space.original_of(&originals) else { return };
    let maps = space.maps(shared, &original);
    let request = ComputeProperties {
        maps,
        set: space.set.clone(),
        wanted: space.wanted.clone(),
        quarters: space.wanted.full_fields,
    };
    space.results = Some(PropertyResults::new(Arc::new(request.clone())));
    space.fields.clear();
    space.tab = Tab::Results;
    space.started = Some(std::time::Instant::now());
    space.job.start(request, &shared.wake);
    shared.changed();
}

/// Writes the results into the export folder.
pub fn export(space: &PropertySpace, shared: &mut Shared) {
    let Some(results) = space.results.clone() else { return };
    shared.write(shared.export.path("properties"), move |folder| write_properties(folder, &results).map(|_| ()));
}

/// Why nothing can be computed now.
pub fn blocked(space: &PropertySpace, shared: &Shared) -> Option<&'static str> {
    if space.is_running() {
        return Some("Properties are being computed; stop that first.");
    }
    if state::originals(shared).is_empty() {
        return Some("Open a micrograph with phases first.");
    }
    space.wanted.properties.is_empty().then_some("Tick at least one property.")
}
