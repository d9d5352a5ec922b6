//! The download of the trained network.

use std::path::PathBuf;

use super::{Control, Ending, Failure, Progress, Task, Wanted};
use crate::net::Layer;
use crate::net::weights::download::{DownloadError, Server};
use crate::net::weights::store::{self, FetchError};

/// Downloads the layers of the trained network that a depth needs; its output is the file that holds them.
pub struct Fetch {
    /// Where the files are published.
    pub server: Server,
    /// The folder that the weights are kept in.
    pub folder: PathBuf,
    /// The last layer that is needed.
    pub depth: Layer,
}

/// Bytes received, and bytes in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FetchProgress {
    /// Bytes received.
    pub done: u64,
    /// Bytes in all.
    pub all: u64,
}

impl Progress for FetchProgress {
    fn share(&self) -> f64 {
        self.done as f64 / self.all.max(1) as f64
    }

    fn doing(&self) -> String {
        format!("{} of {}", crate::compute::mebibytes(self.done), crate::compute::mebibytes(self.all))
    }
}

impl Task for Fetch {
    const NAME: &'static str = "download";
    type Progress = FetchProgress;
    type Output = PathBuf;

    fn run(self, control: &Control<FetchProgress, PathBuf>) -> Result<Ending, Failure> {
        let mut progress = |done, all| {
            control.show(FetchProgress { done, all });
            !matches!(control.wait_while_paused(), Wanted::Cancel | Wanted::Keep)
        };
        match store::fetch(&self.server, &self.folder, self.depth, &mut progress) {
            Ok(path) => {
                control.output(path);
                Ok(Ending::Finished)
            }
            Err(FetchError::Download(DownloadError::Cancelled)) => Ok(Ending::Cancelled),
            Err(error) => Err(error.into()),
        }
    }
}
