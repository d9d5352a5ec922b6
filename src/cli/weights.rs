//! `microwright weights`

use std::path::PathBuf;

use anyhow::bail;

use super::follow::follow;
use super::print::say;
use crate::compute::mebibytes;
use crate::job::{Ending, Fetch};
use crate::net::weights::download::{self, Server};
use crate::net::weights::store;
use crate::net::{Layer, Weights};

#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Show which weights are available.
    List,
    /// Download VGG-19 to the depth that is needed (CC BY 4.0, Visual Geometry Group, University of Oxford).
    Fetch {
        /// The last layer that is needed.
        #[arg(long, default_value = "pool3")]
        depth: Layer,
        /// Another address of the published files; HTTPS, or http://127.0.0.1:PORT on this machine.
        #[arg(long, value_name = "URL", default_value = download::ADDRESS)]
        address: String,
    },
    /// Store VGG-19 from a folder of tfjs shards or a safetensors file of the original weights.
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
            let kept = store::import(path, &store::folder(), Layer::CONV1_1)?;
            say!("{}", kept.display());
            Ok(())
        }
    }
}

fn list() -> anyhow::Result<()> {
    let built_in = Weights::built_in(Layer::POOL3);
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
    for depth in ["pool1", "pool2", "pool3", "pool4", "pool5"].iter().filter_map(|name| Layer::named(name)) {
        text.push_str(&format!("           to {depth}: {:>10}\n", mebibytes(download::download_bytes(depth))));
    }
    super::print::print(&text)
}

fn fetch(depth: Layer, address: &str) -> anyhow::Result<()> {
    let server = Server { address: address.trim_end_matches('/').into(), ..Server::default() };
    let task = Fetch { server, folder: store::folder(), depth };
    match follow(task, |_| vec![], |path| say!("{}", path.display()))? {
        Ending::Finished => Ok(()),
        Ending::Failed(reason) => bail!("{reason}"),
        Ending::Kept | Ending::Cancelled => bail!("Cancelled; what has arrived is kept."),
    }
}
