//! `secret-manager backup` and `secret-manager restore`

use std::path::PathBuf;

use clap::Args;
use secret_manager_manager::{self as manager, Caller, Environment};
use serde::Serialize;

use super::data::{DataOptions, WhenAbsent};
use super::failure::Failure;
use super::output::{self, Output};

/// Write everything at this moment to an encrypted file, also while the service runs
///
/// The file opens with the key that is in use now and with no other; keep the two apart.
#[derive(Debug, Args)]
pub(super) struct Backup {
    file: PathBuf,
    /// Overwrite a file that is there
    #[arg(long)]
    force: bool,
}

/// Restore a backup into an empty data directory
///
/// Only the key may be there. Afterwards everybody has to sign in again; what was changed, revoked or
/// taken back after the backup has to be done again.
#[derive(Debug, Args)]
pub(super) struct Restore {
    file: PathBuf,
}

#[derive(Serialize)]
struct BackupReport {
    file: String,
    bytes: u64,
    key: String,
}

#[derive(Serialize)]
struct RestoreReport {
    database: String,
    layout: i64,
    spaces: usize,
    secrets: u64,
    key: String,
}

impl Backup {
    pub(super) async fn run(self, data: &DataOptions, output: Output) -> Result<(), Failure> {
        let data = data.open(WhenAbsent::Refuse).await?;
        let caller = Caller::command_line();
        let made = data.manager.back_up(&self.file, self.force, &caller).await?;
        let file = self.file.display().to_string();
        let text = format!("wrote {file} ({} bytes); it needs key {}", made.bytes, made.key_id);
        output.print(&BackupReport { file, bytes: made.bytes, key: made.key_id }, &text)
    }
}

impl Restore {
    pub(super) async fn run(self, data: &DataOptions, output: Output) -> Result<(), Failure> {
        let (database, keys) = data.place_to_restore()?;
        let (environment, caller) = (Environment::system(), Caller::command_line());
        let made = manager::restore(&self.file, &database, keys, environment, &caller).await?;
        output::note(
            "Access tokens, members and secrets are as they were at the backup: revoke again what \
             was revoked since.",
        );
        let text = format!(
            "restored {} with {} spaces and {} secrets",
            database.display(),
            made.spaces,
            made.secrets
        );
        let report = RestoreReport {
            database: database.display().to_string(),
            layout: made.layout,
            spaces: made.spaces,
            secrets: made.secrets,
            key: made.key_id,
        };
        output.print(&report, &text)
    }
}
