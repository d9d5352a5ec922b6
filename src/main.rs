//! The program: the window, or the command line.

use std::process::ExitCode;

use clap::Parser;
use microwright::cli::{self, Arguments};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Some(command) => cli::run(command),
        None => Ok(()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("microwright: {error:#}");
            ExitCode::FAILURE
        }
    }
}
