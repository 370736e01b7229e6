//! `secret-manager import`: many secrets in one change.

use std::path::PathBuf;

use clap::Args;
use secret_manager_format::{self as format, Mistake, Place};
use secret_manager_manager::Caller;
use secret_manager_model::Timestamp;
use secret_manager_model::limits::SNAPSHOT_BYTES;
use serde::Serialize;

use super::data::{DataOptions, WhenAbsent};
use super::failure::Failure;
use super::input;
use super::output::Output;
use crate::format::Format;

/// Longer lists of mistakes are cut here.
const NAMED_MISTAKES: usize = 20;

/// Set many secrets from a file, as one version of the space
///
/// Everything in the file is set or, when anything in it is wrong, nothing. Secrets that are not in
/// the file stay, and those that hold the same value already are left alone.
///
/// JSON: one object, each member a secret; a string becomes a text secret, anything else a JSON
/// secret. Env: lines KEY=VALUE, all text secrets.
#[derive(Debug, Args)]
pub(super) struct Import {
    #[arg(long, env = "SECRET_MANAGER_SPACE")]
    space: String,
    #[arg(long)]
    format: Format,
    /// - for standard input
    file: PathBuf,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Imported {
    space_version: u64,
    added: usize,
    changed: usize,
    unchanged: usize,
    updated_at: Timestamp,
}

impl Import {
    pub(super) async fn run(self, data: &DataOptions, output: Output) -> Result<(), Failure> {
        let text = input::read(&self.file, SNAPSHOT_BYTES)?;
        let secrets = format::Format::from(self.format).read(&text);
        let secrets = secrets.map_err(|mistakes| refuse(&mistakes))?;
        let data = data.open(WhenAbsent::Refuse).await?;
        let space = data.space(&self.space).await?;
        let done = data.manager.import(&space.id, secrets, false, &Caller::command_line()).await?;

        let imported = Imported {
            space_version: done.version,
            added: done.added.len(),
            changed: done.changed.len(),
            unchanged: done.unchanged.len(),
            updated_at: done.at,
        };
        let text = format!(
            "imported into version {}: {} added, {} changed, {} unchanged",
            imported.space_version, imported.added, imported.changed, imported.unchanged
        );
        output.print(&imported, &text)
    }
}

fn refuse(mistakes: &[Mistake]) -> Failure {
    let more = match mistakes.len().saturating_sub(NAMED_MISTAKES) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let named: Vec<_> = mistakes.iter().take(NAMED_MISTAKES).map(named).collect();
    Failure::new(format!("nothing was imported: {}{more}", named.join(", ")))
}

fn named(mistake: &Mistake) -> String {
    let reason = &mistake.reason;
    match &mistake.place {
        Place::File => reason.clone(),
        Place::Line(line) => format!("line {line} ({reason})"),
        Place::Spot { line, column } => format!("{reason} at line {line}, column {column}"),
        // Shown with escapes, so that a name can't write on the terminal.
        Place::Member(name) => format!("{name:?} ({reason})"),
    }
}
