//! What a reconstruction will cost.

use super::{Control, Ending, Failure, Task};
use crate::compute::DeviceKind;
use crate::net::Weights;
use crate::reconstruct::gram::resources;
use crate::reconstruct::{Cost, Settings};

/// Estimates memory and operations of an iteration. It is a task because planning a deep network takes a moment.
pub struct Estimate {
    /// The settings of the run.
    pub settings: Settings,
    /// Height and width of the result.
    pub size: (usize, usize),
    /// The kind of device that is to compute.
    pub kind: DeviceKind,
}

impl Task for Estimate {
    const NAME: &'static str = "estimate";
    type Progress = ();
    type Output = Cost;

    fn run(self, control: &Control<(), Cost>) -> Result<Ending, Failure> {
        let Self { settings, size, kind } = self;
        let Some(gram) = settings.method.gram() else { return Ok(Ending::Finished) };
        // The size of the original is not known here; it is taken to be that of the result.
        control.output(resources(kind, &Weights::blank(gram.deepest()), (&settings, gram), size, size)?);
        Ok(Ending::Finished)
    }
}
