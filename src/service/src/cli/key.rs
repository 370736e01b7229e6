//! `secret-manager key …`

use clap::Subcommand;
use secret_manager_manager::{Caller, Rotated};
use serde::Serialize;

use super::data::{DataOptions, WhenAbsent};
use super::failure::Failure;
use super::output::{self, Output};

/// Replace the key
#[derive(Debug, Subcommand)]
pub(super) enum Key {
    /// Replace the key that encrypts the spaces' keys by a new one, or finish a rotation that was
    /// interrupted
    ///
    /// The service goes on meanwhile. The old key is kept beside the new one, because backups that
    /// were made with it need it. With SECRET_MANAGER_KEY the new key comes from
    /// SECRET_MANAGER_NEW_KEY; restart the service with both first.
    Rotate,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    from: String,
    to: String,
    spaces: usize,
    /// `null` when the keys come from the environment.
    old_file: Option<String>,
}

impl Key {
    pub(super) async fn run(self, data: &DataOptions, output: Output) -> Result<(), Failure> {
        let Self::Rotate = self;
        let data = data.open(WhenAbsent::Refuse).await?;
        let Rotated { from, to, spaces, old_file } =
            data.manager.rotate_key(&Caller::command_line()).await?;
        let text = match from == to {
            true => format!("finished the rotation to key {to}"),
            false => format!("rotated key {from} to {to}"),
        };
        let old_file = old_file.map(|path| path.display().to_string());
        output::note(&match &old_file {
            Some(path) => format!(
                "Keep a copy of the new key apart from the database and its backups. Backups from \
                 before need the old one: {path}"
            ),
            None => "Start the service with the new key as SECRET_MANAGER_KEY from now on.".into(),
        });
        output.print(&Report { from, to, spaces, old_file }, &text)
    }
}
