//! What the next run will cost, computed on another thread.

use crate::app::shared::Shared;
use crate::app::shared::watch::{News, Watch};
use crate::compute::DeviceKind;
use crate::job::Estimate;
use crate::micrograph::Recipe;
use crate::reconstruct::{Cost, Settings};

/// What a cost depends on: the settings of [`cost_settings`], the size and the kind of device.
type CostInputs = (Settings, (usize, usize), DeviceKind);

/// The newest estimate.
#[derive(Default)]
pub struct CostEstimate {
    /// The cost, once it is known.
    pub found: Option<Cost>,
    /// The running or last estimate.
    pub estimate: Watch<Estimate>,
    /// The inputs of that estimate.
    inputs: Option<CostInputs>,
    /// The settings' revision, document and device when the inputs were last compared.
    compared: Option<(u64, u64, DeviceKind)>,
}

/// Settings without what does not change the cost: the seed and the recipe. Else every stroke would start an estimate.
pub fn cost_settings(settings: &Settings) -> Settings {
    Settings { seed: 0, recipe: Recipe::default(), ..settings.clone() }
}

impl CostEstimate {
    /// Takes a finished estimate. Starts another one if its inputs have changed and none is running.
    pub fn poll(&mut self, shared: &mut Shared) {
        // Failures, such as a picture that is too small for the depth, are no messages: the panel shows them.
        let mut quiet = crate::app::shared::messages::Messages::default();
        while let Some(news) = self.estimate.poll(&mut quiet) {
            if let News::Output(cost) = news {
                self.found = Some(cost);
            }
        }
        let Some(document) = shared.document.as_ref().filter(|_| !self.estimate.is_running()) else { return };
        let kind = shared.devices.chosen(&shared.settings.device).map_or(DeviceKind::Cpu, |d| d.kind);
        let state = (shared.revisions.settings, document.number, kind);
        if self.compared.replace(state) == Some(state) {
            return;
        }
        let size = shared.settings.output_size(document.size());
        let inputs = (cost_settings(&shared.settings), size, kind);
        if self.inputs.as_ref() != Some(&inputs) {
            self.start(inputs, shared);
        }
    }

    /// Repeats the last estimate.
    pub fn retry(&mut self, shared: &Shared) {
        if let Some(inputs) = self.inputs.take() {
            self.start(inputs, shared);
        }
    }

    fn start(&mut self, inputs: CostInputs, shared: &Shared) {
        let (settings, size, kind) = inputs.clone();
        self.found = None;
        self.estimate.start(Estimate { settings, size, kind }, &shared.wake);
        self.inputs = Some(inputs);
    }

    /// Whether the estimate is of these settings.
    pub fn is_of(&self, settings: &Settings) -> bool {
        self.inputs.as_ref().is_some_and(|(estimated, ..)| *estimated == cost_settings(settings))
    }
}
