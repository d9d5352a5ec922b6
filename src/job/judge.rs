//! Judging how good a latent model is.

use std::sync::Arc;

use super::train::Train;
use super::{Control, Ending, Failure, Progress, Task, Wanted, device};
use crate::compute::graph::Precision;
use crate::latent::{Judgement, Model, judge};

/// A seed for synthetic micrographs that a model with this seed was not trained on.
pub fn unseen_seed(seed: u64) -> u64 {
    seed.wrapping_add(1_000_000)
}

/// Judges a model by patches that it was not trained on. They are chosen as the held-out patches of a training are.
pub struct Judge {
    /// The model.
    pub model: Arc<Model>,
    /// The source of the patches, as for a training.
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
        control.output(Arc::new(found));
        Ok(Ending::Finished)
    }
}
