//! The command line. Every command works on the data themselves, also while the service runs.

mod audit;
mod backup;
mod data;
mod expiry;
mod export;
mod failure;
mod health;
mod import;
mod input;
mod key;
mod member;
mod openid;
mod output;
mod secret;
mod serve;
mod signals;
mod space;
mod status;
mod token;
mod user;

use std::process::ExitCode;

use clap::builder::FalseyValueParser;
use clap::{Parser, Subcommand};

use data::DataOptions;
use failure::Failure;
use output::Output;

/// Keeps secrets for Node-RED: encrypted on disk, handed out to flows over HTTP.
///
/// Every command works on the same data, also while the service runs.
#[derive(Debug, Parser)]
#[command(name = "secret-manager", version, arg_required_else_help = true)]
pub struct Arguments {
    #[command(flatten)]
    data: DataOptions,
    /// Print one JSON document instead of text for people
    #[arg(long, global = true, env = "SECRET_MANAGER_JSON", help_heading = "Output", value_parser = FalseyValueParser::new())]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Health(health::Health),
    #[command(subcommand)]
    Space(space::Space),
    #[command(subcommand)]
    Token(token::Token),
    #[command(subcommand)]
    User(user::User),
    #[command(subcommand)]
    Member(member::Member),
    #[command(subcommand)]
    Secret(secret::Secret),
    #[command(subcommand)]
    Audit(audit::Audit),
    #[command(subcommand)]
    Key(key::Key),
    Import(import::Import),
    Export(export::Export),
    Backup(backup::Backup),
    Restore(backup::Restore),
    Status(status::Status),
}

/// Runs the command and says how it went: 0, or 1 with one line on standard error. (Mistakes in the
/// command line itself end with 2, before this.)
pub fn run(arguments: Arguments) -> ExitCode {
    let result = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("can't start: {error}")))
        .and_then(|runtime| runtime.block_on(dispatch(arguments)));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::note(&format!("error: {failure}"));
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { data, json, command } = arguments;
    let output = Output { json };
    match command {
        Command::Serve(command) => command.run(&data).await,
        Command::Health(command) => command.run().await,
        Command::Space(command) => command.run(&data, output).await,
        Command::Token(command) => command.run(&data, output).await,
        Command::User(command) => command.run(&data, output).await,
        Command::Member(command) => command.run(&data, output).await,
        Command::Secret(command) => command.run(&data, output).await,
        Command::Audit(command) => command.run(&data, output).await,
        Command::Key(command) => command.run(&data, output).await,
        Command::Import(command) => command.run(&data, output).await,
        Command::Export(command) => command.run(&data).await,
        Command::Backup(command) => command.run(&data, output).await,
        Command::Restore(command) => command.run(&data, output).await,
        Command::Status(command) => command.run(&data, output).await,
    }
}
