//! The executable `secret-manager`: parses the command line and hands over.

use std::process::ExitCode;

use clap::Parser;
use secret_manager_service::cli::{self, Arguments};

fn main() -> ExitCode {
    cli::run(Arguments::parse())
}
