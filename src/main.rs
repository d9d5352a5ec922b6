//! The program: the window, or the command line.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use microwright::app;
use microwright::cli::{self, Arguments};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

/// Where the built-in micrograph is reconstructed when there is no display.
const DEMONSTRATION: &str = "microwright-demonstration";

fn main() -> ExitCode {
    log_to_stderr();
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

/// Writes what `RUST_LOG` asks for (such as `warn` or `wgpu_core=info`); nothing without it.
fn log_to_stderr() {
    let wanted = std::env::var("RUST_LOG").ok().and_then(|text| text.parse::<Targets>().ok());
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    tracing_subscriber::registry().with(lines.with_filter(wanted.unwrap_or_default())).init();
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
