//! What all spaces of the window use.

pub mod ask;
pub mod devices;
pub mod document;
pub mod export;
pub mod folder;
pub mod history;
pub mod materials;
pub mod messages;
pub mod methods;
pub mod open;
pub mod original;
pub mod plots;
pub mod predictor;
pub mod question;
pub mod read;
pub mod recent;
pub mod send;
pub mod source;
pub mod state;
pub mod watch;
pub mod work;

pub use state::Shared;

/// Handles the events of everything that runs for all spaces.
pub fn poll(shared: &mut Shared) {
    work::poll(shared);
    shared.devices.poll(&mut shared.messages);
    shared.network.poll(&mut shared.settings, &mut shared.messages);
    open::evaluate(shared);
}
