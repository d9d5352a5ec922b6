//! The download of the trained network as a job.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Control, Ending, Event, Job, Latest, Wake, Wanted};
use crate::net::Depth;
use crate::net::weights::download::{DownloadError, Server};
use crate::net::weights::store::{self, FetchError};

/// Bytes that have arrived, of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FetchProgress {
    /// Arrived.
    pub done: u64,
    /// In all.
    pub all: u64,
}

/// Fetches what `depth` needs into `folder`; the second value is where the newest progress lies.
pub fn fetch_weights(server: Server, folder: PathBuf, depth: Depth, wake: Wake) -> (Job, Arc<Latest<FetchProgress>>) {
    let latest = Arc::new(Latest::default());
    let slot = latest.clone();
    let work = move |control: &Control| {
        let mut progress = |done, all| {
            slot.put(FetchProgress { done, all });
            control.wake();
            !matches!(control.wait_while_paused(), Wanted::Cancel | Wanted::Keep)
        };
        match store::fetch(&server, &folder, depth, &mut progress) {
            Ok(path) => {
                control.tell(Event::Saved(path));
                Ending::Finished
            }
            Err(FetchError::Download(DownloadError::Cancelled)) => Ending::Cancelled,
            Err(error) => Ending::Failed(error.to_string()),
        }
    };
    (Job::spawn("download", wake, work), latest)
}
