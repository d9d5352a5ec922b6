//! The devices that can compute, and the trained network's weights on this machine.

use super::messages::Messages;
use super::watch::{News, Watch};
use crate::compute::DeviceInfo;
use crate::job::{DeviceTable, Ending, Fetch, Probe, Wake};
use crate::net::weights::download::Server;
use crate::net::weights::store;
use crate::net::{Layer, WeightsKind};
use crate::reconstruct::Settings;

/// The devices of this machine.
#[derive(Default)]
pub struct Devices {
    /// The devices and their speeds, once they are known.
    pub table: Option<DeviceTable>,
    /// The task that finds them.
    pub probe: Watch<Probe>,
}

impl Devices {
    /// Starts to find the devices and to measure how fast each is.
    pub fn start_probe(&mut self, wake: &Wake) {
        self.probe.start(Probe, wake);
    }

    pub fn poll(&mut self, messages: &mut Messages) {
        while let Some(news) = self.probe.poll(messages) {
            if let News::Output(table) = news {
                self.table = Some(table);
            }
        }
    }

    /// The device that a setting stands for, once it is known.
    pub fn chosen(&self, wanted: &str) -> Option<&DeviceInfo> {
        self.table.as_ref()?.chosen(wanted)
    }
}

/// The trained network on this machine.
pub struct Network {
    /// How deep it is kept.
    pub kept: Option<Layer>,
    /// The download.
    pub fetch: Watch<Fetch>,
}

impl Default for Network {
    fn default() -> Self {
        Self { kept: store::deepest(&store::folder()), fetch: Watch::default() }
    }
}

impl Network {
    /// Why the chosen weights cannot be used yet.
    pub fn missing(&self, settings: &Settings) -> Option<&'static str> {
        let gram = settings.method.gram()?;
        let short = gram.weights == WeightsKind::Vgg19 && self.kept.is_none_or(|kept| kept < gram.depth);
        short.then_some("VGG-19 has to be downloaded first, or choose the built-in weights.")
    }

    /// Fetches the trained network as deep as it is needed.
    pub fn start_fetch(&mut self, depth: Layer, wake: &Wake) {
        self.fetch.start(Fetch { server: Server::default(), folder: store::folder(), depth }, wake);
    }

    /// Handles events of the download. Once it is finished, the settings use VGG-19.
    pub fn poll(&mut self, settings: &mut Settings, messages: &mut Messages) {
        self.fetch.take_progress();
        while let Some(news) = self.fetch.poll(messages) {
            let News::Ended(ending) = news else { continue };
            self.kept = store::deepest(&store::folder());
            match ending {
                Ending::Finished => {
                    let depth = self.kept.map_or("", Layer::name);
                    messages.note(format!("VGG-19 is on this machine, to {depth} (CC BY 4.0, Visual Geometry Group)."));
                    settings.set_weights(WeightsKind::Vgg19);
                }
                Ending::Kept | Ending::Cancelled => {
                    messages.note("The download was stopped; what has arrived is kept.");
                }
                Ending::Failed(_) => {}
            }
        }
    }
}
