//! The program: the window, or the command line.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use microwright::app;
use microwright::cli::{self, Arguments};

/// Where the built-in micrograph is reconstructed when there is no display.
const DEMONSTRATION: &str = "microwright-demonstration";

fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env();
    let filter = filter.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("off"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Some(command) => cli::run(command),
        None => window(arguments.file),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("microwright: {}", sentence(&error));
            ExitCode::FAILURE
        }
    }
}

fn window(file: Option<PathBuf>) -> anyhow::Result<()> {
    match app::run(file.clone()) {
        Ok(()) => Ok(()),
        Err(error) => {
            eprintln!("{}", app::why_no_window(&error));
            if let Some(file) = file {
                let file = file.display();
                anyhow::bail!("{file} was not opened. Try `microwright reconstruct {file} --output FOLDER`.");
            }
            eprintln!("The command line works without it (microwright --help).");
            eprintln!("The built-in micrograph is now reconstructed into the folder {DEMONSTRATION}.");
            cli::demonstrate(Path::new(DEMONSTRATION))
        }
    }
}

/// An error and those causes that it does not name itself.
fn sentence(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}
