//! `secret-manager space …`

use clap::Subcommand;
use secret_manager_manager::{Caller, Space as SpaceFacts};
use secret_manager_model::Timestamp;
use serde::Serialize;

use super::data::{DataOptions, WhenAbsent};
use super::failure::Failure;
use super::output::{self, Output};

/// Make, list, set up and delete spaces
#[derive(Debug, Subcommand)]
pub(super) enum Space {
    /// Make a space
    Create { name: String },
    /// List all spaces
    List,
    /// Change a space's settings
    Set {
        name: String,
        /// How many versions of each secret are kept: 1 to 1000. Fewer than before takes effect on
        /// a secret with its next change
        #[arg(long, value_name = "N", required = true)]
        kept_versions: Option<u64>,
    },
    /// Delete a space with all its secrets, their versions and its access tokens, for good
    Delete { name: String },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    id: String,
    name: String,
    version: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    secrets: Option<u64>,
    created_at: Timestamp,
    updated_at: Timestamp,
    kept_versions: u64,
}

#[derive(Serialize)]
struct List {
    spaces: Vec<Row>,
}

#[derive(Serialize)]
struct Deleted {
    id: String,
    name: String,
}

impl Row {
    fn of(space: SpaceFacts, secrets: Option<u64>) -> Self {
        Self {
            id: space.id.as_str().to_owned(),
            name: space.name,
            version: space.version,
            secrets,
            created_at: space.created_at,
            updated_at: space.updated_at,
            kept_versions: space.kept_versions,
        }
    }
}

impl Space {
    pub(super) async fn run(self, data: &DataOptions, output: Output) -> Result<(), Failure> {
        match self {
            Self::Create { name } => {
                let data = data.open(WhenAbsent::Create).await?;
                if let Some(advice) = data.key_advice() {
                    output::note(&advice);
                }
                let space = data.manager.create_space(&name, &Caller::command_line()).await?;
                let text = format!("created space {:?}", space.name);
                output.print(&Row::of(space, None), &text)
            }
            Self::List => {
                let spaces = data.open(WhenAbsent::Refuse).await?.manager.spaces().await?;
                let spaces: Vec<_> = spaces
                    .into_iter()
                    .map(|(space, usage)| Row::of(space, Some(usage.secrets)))
                    .collect();
                let rows: Vec<_> = spaces
                    .iter()
                    .map(|row| {
                        [
                            row.name.clone(),
                            row.version.to_string(),
                            row.secrets.unwrap_or_default().to_string(),
                            row.updated_at.to_string(),
                        ]
                    })
                    .collect();
                let text = output::table(["NAME", "VERSION", "SECRETS", "UPDATED"], &rows);
                output.print(&List { spaces }, &text)
            }
            Self::Set { name, kept_versions } => {
                let data = data.open(WhenAbsent::Refuse).await?;
                let mut space = data.space(&name).await?;
                if let Some(count) = kept_versions {
                    let caller = Caller::command_line();
                    space = data.manager.keep_versions(&space.id, count, &caller).await?;
                }
                let text =
                    format!("space {name:?} keeps {} versions of each secret", space.kept_versions);
                output.print(&Row::of(space, None), &text)
            }
            Self::Delete { name } => {
                let data = data.open(WhenAbsent::Refuse).await?;
                let space = data.space(&name).await?;
                data.manager.delete_space(&space.id, &Caller::command_line()).await?;
                let text = format!("deleted space {name:?}");
                output.print(&Deleted { id: space.id.as_str().to_owned(), name }, &text)
            }
        }
    }
}
