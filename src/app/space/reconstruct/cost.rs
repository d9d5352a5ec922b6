//! What the next run will cost, worked out beside the window.

use crate::app::shared::Shared;
use crate::app::shared::watch::{News, Watch};
use crate::compute::DeviceKind;
use crate::job::Estimate;
use crate::micrograph::Recipe;
use crate::reconstruct::{Cost, Settings};

/// What a cost depends on: settings without what costs nothing, size and kind of device.
type Question = (Settings, (usize, usize), DeviceKind);

/// The newest estimate.
#[derive(Default)]
pub struct CostEstimate {
    /// The cost, once it is known.
    pub found: Option<Cost>,
    /// The estimate under way or ended.
    pub estimate: Watch<Estimate>,
    asked: Option<Question>,
    /// The settings' revision, document and device of the last look.
    looked: Option<(u64, u64, DeviceKind)>,
}

/// Settings without what costs nothing: the seed, and the recipe, whose every stroke would be a new question.
pub fn cost_settings(settings: &Settings) -> Settings {
    Settings { seed: 0, recipe: Recipe::default(), ..settings.clone() }
}

impl CostEstimate {
    /// Takes an answer, and asks anew when what the cost depends on has changed and no question is under way.
    pub fn poll(&mut self, shared: &mut Shared) {
        // A picture that is too small for the depth is no event: the panel says it.
        let mut quiet = crate::app::shared::messages::Messages::default();
        while let Some(news) = self.estimate.poll(&mut quiet) {
            if let News::Output(cost) = news {
                self.found = Some(cost);
            }
        }
        let Some(document) = shared.document.as_ref().filter(|_| !self.estimate.is_running()) else { return };
        let kind = shared.devices.chosen(&shared.settings.device).map_or(DeviceKind::Cpu, |d| d.kind);
        let look = (shared.revisions.settings, document.number, kind);
        if self.looked.replace(look) == Some(look) {
            return;
        }
        let size = shared.settings.output_size(document.size());
        let question = (cost_settings(&shared.settings), size, kind);
        if self.asked.as_ref() != Some(&question) {
            self.ask(question, shared);
        }
    }

    /// Asks the last question again.
    pub fn retry(&mut self, shared: &Shared) {
        if let Some(question) = self.asked.take() {
            self.ask(question, shared);
        }
    }

    fn ask(&mut self, question: Question, shared: &Shared) {
        let (settings, size, kind) = question.clone();
        self.found = None;
        self.estimate.start(Estimate { settings, size, kind }, &shared.wake);
        self.asked = Some(question);
    }

    /// Whether the estimate is of these settings.
    pub fn is_of(&self, settings: &Settings) -> bool {
        self.asked.as_ref().is_some_and(|(asked, ..)| *asked == cost_settings(settings))
    }
}
