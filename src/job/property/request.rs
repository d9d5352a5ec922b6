//! What is asked for, and what comes back.

use std::sync::Arc;

use crate::micrograph::{PhaseMap, PixelSize};
use crate::property::{Properties, PropertySet, Wanted};

/// A phase map whose properties are computed.
#[derive(Clone, Debug)]
pub struct PropertyMap {
    /// Its name.
    pub name: String,
    /// What it was made by; nothing for an original.
    pub made_by: Option<String>,
    /// Its phases.
    pub map: Arc<PhaseMap>,
    /// The size of a pixel, where it is known.
    pub pixel_size: Option<PixelSize>,
}

/// A request for the properties of some maps.
#[derive(Clone, Debug)]
pub struct ComputeProperties {
    /// The maps: an original first, if there is one.
    pub maps: Vec<PropertyMap>,
    /// What the phases are made of.
    pub set: PropertySet,
    /// What is computed, and how.
    pub wanted: Wanted,
    /// Whether the first map's quarters are computed too, for the interval that the size of its field explains.
    pub quarters: bool,
}

/// A result that is ready.
#[derive(Clone, Debug)]
pub enum PropertyOutput {
    /// The properties of the map with this number.
    Map(usize, Arc<Properties>),
    /// The properties of a quarter of the first map.
    Quarter(Arc<Properties>),
}

/// All results so far.
#[derive(Clone, Debug)]
pub struct PropertyResults {
    /// What was asked for.
    pub request: Arc<ComputeProperties>,
    /// The properties of each map, once they are ready.
    pub maps: Vec<Option<Arc<Properties>>>,
    /// The properties of the first map's quarters.
    pub quarters: Vec<Arc<Properties>>,
}

impl PropertyResults {
    /// Without any result yet.
    pub fn new(request: Arc<ComputeProperties>) -> Self {
        Self { maps: vec![None; request.maps.len()], quarters: vec![], request }
    }

    /// Takes a result.
    pub fn take(&mut self, output: PropertyOutput) {
        match output {
            PropertyOutput::Map(number, properties) => self.maps[number] = Some(properties),
            PropertyOutput::Quarter(properties) => self.quarters.push(properties),
        }
    }
}
