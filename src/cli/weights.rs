//! `microwright weights`

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use indicatif::{ProgressBar, ProgressStyle};

use super::say;
use crate::compute::mebibytes;
use crate::job::{Ending, Event, fetch_weights};
use crate::net::weights::download::{self, Server};
use crate::net::weights::store;
use crate::net::{Depth, Weights};

#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Show which weights there are.
    List,
    /// Download VGG-19 as deep as it is needed (CC BY 4.0, Visual Geometry Group, University of Oxford).
    Fetch {
        /// The last layer that is needed.
        #[arg(long, default_value = "pool3")]
        depth: Depth,
        /// Another address of the published files; HTTPS, or http://127.0.0.1:PORT on this machine.
        #[arg(long, value_name = "URL", default_value = download::ADDRESS)]
        address: String,
    },
    /// Keep VGG-19 from a folder of tfjs shards or a safetensors file of the original weights.
    Import {
        /// The folder or file.
        path: PathBuf,
    },
}

pub fn run(action: &Action) -> anyhow::Result<()> {
    match action {
        Action::List => list(),
        Action::Fetch { depth, address } => fetch(*depth, address),
        Action::Import { path } => {
            let kept = store::import(path, &store::folder(), Depth::CONV1_1)?;
            say!("{}", kept.display());
            Ok(())
        }
    }
}

fn list() -> anyhow::Result<()> {
    let built_in = Weights::built_in(Depth::POOL3);
    let mut text =
        format!("builtin  random filters with a fixed seed, to pool5 (to pool3: sha256 {})\n", built_in.hash());
    let folder = store::folder();
    match store::deepest(&folder) {
        Some(depth) => {
            let weights = store::load(&folder, depth)?;
            let path = store::path(&folder);
            text.push_str(&format!(
                "vgg19    trained, to {depth} (sha256 {}), CC BY 4.0, {}\n",
                weights.hash(),
                path.display()
            ));
        }
        None => text.push_str("vgg19    not on this machine; `microwright weights fetch` downloads:\n"),
    }
    for depth in ["pool1", "pool2", "pool3", "pool4", "pool5"].iter().filter_map(|name| Depth::named(name)) {
        text.push_str(&format!("           to {depth}: {:>10}\n", mebibytes(download::download_bytes(depth))));
    }
    super::print(&text)
}

fn fetch(depth: Depth, address: &str) -> anyhow::Result<()> {
    let bar = ProgressBar::new(download::download_bytes(depth));
    bar.set_style(ProgressStyle::with_template("[{bar:32}] {bytes}/{total_bytes}  {eta} left")?.progress_chars("=> "));
    let server = Server { address: address.trim_end_matches('/').into(), ..Server::default() };
    let (job, latest) = fetch_weights(server, store::folder(), depth, Arc::new(|| {}));
    let ending = loop {
        if let Some(progress) = latest.take() {
            bar.set_position(progress.done);
        }
        match job.wait(Duration::from_millis(100)) {
            Some(Event::Saved(path)) => bar.suspend(|| say!("{}", path.display())),
            Some(Event::Ended(ending)) => break ending,
            _ => {}
        }
    };
    bar.finish_and_clear();
    match ending {
        Ending::Finished => Ok(()),
        Ending::Failed(reason) => bail!("{reason}"),
        Ending::Kept | Ending::Cancelled => bail!("Cancelled; what has arrived is kept."),
    }
}
