//! `microwright latent`

mod apply;
mod judge;
mod study;
mod train;

/// What to do with latent models.
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Train a variational autoencoder on micrographs.
    Train(Box<train::Arguments>),
    /// Write random samples, or layouts of one latent point.
    Sample(apply::SampleArguments),
    /// Write a picture that shows the effect of each dimension.
    Traverse(apply::TraverseArguments),
    /// Print the latent points of micrographs.
    Encode(apply::EncodeArguments),
    /// Compare kinds of models, numbers of dimensions or options, over several seeds.
    Study(study::Arguments),
    /// Measure how good a model is, on held-out patches.
    Judge(judge::Arguments),
}

pub fn run(action: &Action) -> anyhow::Result<()> {
    match action {
        Action::Train(arguments) => train::run(arguments),
        Action::Sample(arguments) => apply::sample(arguments),
        Action::Traverse(arguments) => apply::traverse(arguments),
        Action::Encode(arguments) => apply::encode(arguments),
        Action::Study(arguments) => study::run(arguments),
        Action::Judge(arguments) => judge::run(arguments),
    }
}
