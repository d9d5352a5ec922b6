//! `microwright latent`

mod judge;
mod train;

/// What to do with latent models.
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Train a variational autoencoder on micrographs.
    Train(train::Arguments),
    /// Measure how good a model is, by held-out patches.
    Judge(judge::Arguments),
}

pub fn run(action: &Action) -> anyhow::Result<()> {
    match action {
        Action::Train(arguments) => train::run(arguments),
        Action::Judge(arguments) => judge::run(arguments),
    }
}
