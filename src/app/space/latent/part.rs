//! The latent model's part of a project.

use std::path::Path;
use std::sync::Arc;

use super::events;
use super::state::LatentSpace;
use crate::app::shared::Shared;
use crate::latent::Model;
use crate::project::Part;

/// The name of the part.
pub const NAME: &str = "latent";
/// The model's file in it.
const MODEL: &str = "model.safetensors";

/// The model's name and its latent point when the project was saved.
#[derive(serde::Serialize, serde::Deserialize)]
struct Place {
    name: String,
    is_built_in: bool,
    z: Vec<f32>,
    start: Vec<f32>,
    start_name: String,
    layout: u64,
    edge: usize,
}

/// The part of a space, if a model is open.
pub fn of(space: &LatentSpace) -> Option<Part> {
    let open = space.open.as_ref()?;
    let mut part = Part::default();
    if let Some(bytes) = &open.bytes {
        part.put_file(MODEL, bytes.clone());
    }
    part.put(&Place {
        name: open.name.clone(),
        is_built_in: open.bytes.is_none(),
        z: open.z.clone(),
        start: open.start.clone(),
        start_name: open.start_name.clone(),
        layout: open.layout,
        edge: open.edge,
    });
    Some(part)
}

/// Opens the model of a part at its saved latent point.
pub fn restore(space: &mut LatentSpace, shared: &mut Shared, part: &Part) -> Result<(), String> {
    let place: Place = part.get()?;
    if place.is_built_in {
        events::open_built_in(space, shared);
    } else {
        let bytes = part.file(MODEL)?.clone();
        let model = Model::from_bytes(&bytes, Path::new(&place.name)).map_err(|e| e.to_string())?;
        events::open_model(space, shared, Arc::new(model), place.name, Some(bytes));
    }
    let Some(open) = &mut space.open else { return Ok(()) };
    let fits = |z: &[f32]| z.len() == open.z.len() && z.iter().all(|v| v.is_finite());
    if !fits(&place.z) || !fits(&place.start) {
        return Err("its latent point does not fit the model".into());
    }
    (open.z, open.start, open.start_name, open.layout) = (place.z, place.start, place.start_name, place.layout);
    let own = open.model.settings.edge;
    if [1, 2, 4, 8].iter().any(|factor| factor * own == place.edge && place.edge <= 1024) {
        open.edge = place.edge;
    }
    Ok(())
}
