//! `microwright latent`

mod judge;
mod study;
mod train;
mod walk;

/// What to do with latent models.
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Train a variational autoencoder on micrographs.
    Train(Box<train::Arguments>),
    /// Write random samples, or layouts of one latent point.
    Sample(walk::SampleArguments),
    /// Write a picture of what each dimension does.
    Traverse(walk::TraverseArguments),
    /// Print the latent points of micrographs.
    Encode(walk::EncodeArguments),
    /// Compare kinds of models, numbers of dimensions or options, over several seeds.
    Study(study::Arguments),
    /// Measure how good a model is, by held-out patches.
    Judge(judge::Arguments),
}

pub fn run(action: &Action) -> anyhow::Result<()> {
    match action {
        Action::Train(arguments) => train::run(arguments),
        Action::Sample(arguments) => walk::sample(arguments),
        Action::Traverse(arguments) => walk::traverse(arguments),
        Action::Encode(arguments) => walk::encode(arguments),
        Action::Study(arguments) => study::run(arguments),
        Action::Judge(arguments) => judge::run(arguments),
    }
}
