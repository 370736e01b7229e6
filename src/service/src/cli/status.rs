//! `secret-manager status`

use clap::Args;
use secret_manager_manager::key;
use serde::Serialize;

use super::data::{DataOptions, WhenAbsent};
use super::failure::Failure;
use super::output::{self, Output};

/// Check that the data can be opened, and say what there is
#[derive(Debug, Args)]
pub(super) struct Status {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    version: &'static str,
    database: Database,
    key: Key,
    spaces: usize,
    secrets: u64,
    tokens: usize,
}

#[derive(Serialize)]
struct Database {
    path: String,
    layout: i64,
    bytes: u64,
}

#[derive(Serialize)]
struct Key {
    id: String,
    /// `null` when the key comes from the environment.
    file: Option<String>,
    /// Of a rotation that was interrupted.
    new: Option<String>,
    /// Of keys that were rotated out and are kept.
    old: Vec<String>,
}

impl Status {
    pub(super) async fn run(self, data: &DataOptions, output: Output) -> Result<(), Failure> {
        let data = data.open(WhenAbsent::Refuse).await?;
        let manager = &data.manager;
        let spaces = manager.spaces().await?;
        let usable = |token: &secret_manager_manager::Token| token.revoked_at.is_none();
        let beside = match &data.key_file {
            Some(path) => key::beside(path)?,
            None => key::Beside::default(),
        };
        if beside.new.is_some() {
            output::note(
                "A rotation of the key was interrupted; finish it with: secret-manager key rotate",
            );
        }
        let report = Report {
            version: env!("CARGO_PKG_VERSION"),
            database: Database {
                path: data.database.display().to_string(),
                layout: manager.layout().await?,
                bytes: std::fs::metadata(&data.database).map_or(0, |metadata| metadata.len()),
            },
            key: Key {
                id: manager.key_id().await?,
                file: data.key_file.as_ref().map(|path| path.display().to_string()),
                new: beside.new.map(|id| id.to_string()),
                old: beside.old.iter().map(ToString::to_string).collect(),
            },
            spaces: spaces.len(),
            secrets: spaces.iter().map(|(_, usage)| usage.secrets).sum(),
            tokens: manager.tokens(None).await?.iter().filter(|token| usable(token)).count(),
        };
        let text = format!(
            "Secret Manager {}\ndatabase  {} ({} bytes, layout {})\nkey       {} ({})\n\
             spaces    {}\nsecrets   {}\ntokens    {}",
            report.version,
            report.database.path,
            report.database.bytes,
            report.database.layout,
            report.key.id,
            report.key.file.as_deref().unwrap_or("from the environment"),
            report.spaces,
            report.secrets,
            report.tokens,
        );
        output.print(&report, &text)
    }
}
