//! How good a latent model is.

use std::sync::Arc;

use super::train::Train;
use super::{Control, Ending, Failure, Progress, Task, Wanted, device};
use crate::compute::graph::Precision;
use crate::latent::{Judgement, Model, judge};

/// A seed of synthetic micrographs other than those that a model of this seed was trained on.
pub fn unseen_seed(seed: u64) -> u64 {
    seed.wrapping_add(1_000_000)
}

/// Judges a model by patches it was not trained on; what is held out is drawn as for the training.
pub struct Judge {
    /// The model.
    pub model: Arc<Model>,
    /// The patches, as a training would take them.
    pub patches: Train,
}

/// The share that is done, 0 … 1.
#[derive(Clone, Copy, Debug, Default)]
pub struct JudgeProgress(pub f64);

impl Progress for JudgeProgress {
    fn share(&self) -> f64 {
        self.0
    }

    fn doing(&self) -> String {
        "measuring patches".into()
    }
}

impl Task for Judge {
    const NAME: &'static str = "judgement";
    type Progress = JudgeProgress;
    type Output = Arc<Judgement>;

    fn run(self, control: &Control<JudgeProgress, Arc<Judgement>>) -> Result<Ending, Failure> {
        let Self { model, patches } = self;
        let go_on = || control.wait_while_paused() == Wanted::Run;
        let data = patches.dataset(&|| !go_on())?;
        data.left_out.iter().for_each(|reason| control.warn(reason.clone()));
        let weights = model.weights()?;
        let settings = &patches.settings;
        let found = device::with_device(&settings.device, Precision::Single, control, |device| {
            judge(&model, &data, &weights, &device, settings.seed, &mut |share| {
                control.show(JudgeProgress(share));
                go_on()
            })
        })?;
        let Some(found) = found else { return Ok(Ending::Cancelled) };
        control.give(Arc::new(found));
        Ok(Ending::Finished)
    }
}
