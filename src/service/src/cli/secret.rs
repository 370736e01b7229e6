//! `secret-manager secret …`

mod history;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use secret_manager_manager::{
    Caller, Change, Edit, Error, Outcome, Precondition, Same, SecretSummary, Space, Thing,
};
use secret_manager_model::{Kind, SecretName, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;

use super::data::{Data, DataOptions, WhenAbsent};
use super::failure::Failure;
use super::input;
use super::output::{self, Output};

/// Set, reveal, list and delete secrets; their older versions
#[derive(Debug, Subcommand)]
pub(super) enum Secret {
    /// Set a secret; what it held before stays as an older version
    ///
    /// The value comes from standard input or from a file, never from the command line, where other
    /// users of the machine and the shell's history would see it:
    ///
    ///   printf %s "$PASSWORD" | secret-manager secret set --space plant DB_PASSWORD --stdin
    #[command(verbatim_doc_comment)]
    Set {
        #[command(flatten)]
        at: At,
        /// What a flow gets: a string, or what the JSON says
        #[arg(long = "type", value_name = "TYPE", default_value = "text")]
        kind: KindOption,
        #[command(flatten)]
        from: From,
    },
    /// Reveal the value of a secret
    Get {
        #[command(flatten)]
        at: At,
        /// An older version instead of the current one
        #[arg(long, value_name = "N")]
        version: Option<u64>,
    },
    /// List the secrets of a space without their values
    List {
        #[arg(long, env = "SECRET_MANAGER_SPACE")]
        space: String,
        /// Those that were deleted and can be restored
        #[arg(long)]
        deleted: bool,
    },
    /// Take a secret out of its space; it can be restored
    Delete {
        #[command(flatten)]
        at: At,
    },
    /// List the versions of a secret without their values
    Versions {
        #[command(flatten)]
        at: At,
    },
    /// Make a new version with the content of an older one
    Rollback {
        #[command(flatten)]
        at: At,
        /// The older version
        #[arg(long = "to", value_name = "N")]
        version: u64,
    },
    /// Bring a deleted secret back, as a new version with its last content
    Restore {
        #[command(flatten)]
        at: At,
    },
    /// Remove a secret with all its versions for good, or the values of older versions
    Destroy {
        #[command(flatten)]
        at: At,
        /// Only the value of this older version; may be given more than once
        #[arg(long = "version", value_name = "N")]
        versions: Vec<u64>,
    },
}

#[derive(Debug, Args)]
pub(super) struct At {
    #[arg(long, env = "SECRET_MANAGER_SPACE")]
    space: String,
    /// Name of the secret, as flows write it behind SECRETS.
    key: String,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct From {
    /// Read the value from standard input (UTF-8); of a text, one line end at the end is left out
    #[arg(long)]
    stdin: bool,
    /// Read the value from a file, in the same way
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum KindOption {
    Text,
    Json,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    key: &'a str,
    #[serde(rename = "type")]
    kind: Kind,
    version: u64,
    space_version: u64,
    updated_at: Timestamp,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Revealed<'a> {
    key: &'a str,
    #[serde(rename = "type")]
    kind: Kind,
    value: &'a RawValue,
    version: u64,
    updated_at: Timestamp,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Deleted<'a> {
    key: &'a str,
    space_version: u64,
    deleted_at: Timestamp,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List {
    space: SpaceName,
    version: u64,
    created_at: Timestamp,
    updated_at: Timestamp,
    secrets: Vec<Row>,
}

#[derive(Serialize)]
struct SpaceName {
    id: String,
    name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    key: String,
    #[serde(rename = "type")]
    kind: Kind,
    version: u64,
    created_at: Timestamp,
    updated_at: Timestamp,
    updated_by: String,
    /// Of a deleted secret.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    deletion: Option<history::Deletion>,
}

impl Secret {
    pub(super) async fn run(self, data: &DataOptions, output: Output) -> Result<(), Failure> {
        match self {
            Self::Set { at, kind, from } => set(data, output, &at, kind, &from).await,
            Self::Get { at, version } => get(data, output, &at, version).await,
            Self::List { space, deleted: false } => list(data, output, &space).await,
            Self::List { space, deleted: true } => history::deleted(data, output, &space).await,
            Self::Delete { at } => delete(data, output, &at).await,
            Self::Versions { at } => history::versions(data, output, &at).await,
            Self::Rollback { at, version } => history::rollback(data, output, &at, version).await,
            Self::Restore { at } => history::restore(data, output, &at).await,
            Self::Destroy { at, versions } => history::destroy(data, output, &at, versions).await,
        }
    }
}

async fn set(
    data: &DataOptions,
    output: Output,
    at: &At,
    kind: KindOption,
    from: &From,
) -> Result<(), Failure> {
    let name = at.name()?;
    let kind = match kind {
        KindOption::Text => Kind::Text,
        KindOption::Json => Kind::Json,
    };
    let path = from.file.as_deref().unwrap_or(Path::new("-"));
    let value = input::value(path, kind)?;
    let data = data.open(WhenAbsent::Refuse).await?;
    let (version, space_version, updated_at) = edit(&data, at, name, Change::Put(value)).await?;
    let written = Written { key: &at.key, kind, version, space_version, updated_at };
    output.print(&written, &format!("set {} to version {version}", at.key))
}

async fn get(
    data: &DataOptions,
    output: Output,
    at: &At,
    version: Option<u64>,
) -> Result<(), Failure> {
    let name = at.name()?;
    let data = data.open(WhenAbsent::Refuse).await?;
    let space = data.space(&at.space).await?.id;
    let caller = Caller::command_line();
    let secret = match version {
        None => data.manager.secret(&space, &name, &caller).await,
        Some(version) => data.manager.secret_version(&space, &name, version, &caller).await,
    };
    let secret = secret.map_err(|error| at.explain(error))?;
    if !output.json {
        return output::print(secret.value.expose_text().as_bytes());
    }
    let value = serde_json::from_str(secret.value.expose())
        .map_err(|_| Failure::new("the value is damaged"))?;
    let revealed = Revealed {
        key: &at.key,
        kind: secret.value.kind(),
        value,
        version: secret.version,
        updated_at: secret.updated_at,
    };
    output.print(&revealed, "")
}

async fn list(data: &DataOptions, output: Output, space: &str) -> Result<(), Failure> {
    let data = data.open(WhenAbsent::Refuse).await?;
    let space = data.space(space).await?;
    let list = data.manager.secrets(&space.id).await?;
    let secrets: Vec<_> = list.secrets.iter().map(Row::of).collect();
    let rows: Vec<_> = secrets
        .iter()
        .map(|row| {
            let kind = row.kind.as_str().to_owned();
            [row.key.clone(), kind, row.version.to_string(), row.updated_at.to_string()]
        })
        .collect();
    let text = output::table(["KEY", "TYPE", "VERSION", "UPDATED"], &rows);
    output.print(&List::of(list.space, secrets), &text)
}

async fn delete(data: &DataOptions, output: Output, at: &At) -> Result<(), Failure> {
    let name = at.name()?;
    let data = data.open(WhenAbsent::Refuse).await?;
    let (_, space_version, deleted_at) = edit(&data, at, name, Change::Delete).await?;
    let deleted = Deleted { key: &at.key, space_version, deleted_at };
    output.print(&deleted, &format!("deleted {}", at.key))
}

/// Makes one change. Returns the secret's version, the space's, and the time.
async fn edit(
    data: &Data,
    at: &At,
    name: SecretName,
    change: Change,
) -> Result<(u64, u64, Timestamp), Failure> {
    let space = data.space(&at.space).await?;
    let edit = Edit { name, change, precondition: Precondition::Any };
    let applied = data
        .manager
        .apply(&space.id, vec![edit], Same::Write, &Caller::command_line())
        .await
        .map_err(|error| at.explain(error))?;
    let version = match applied.outcomes.first() {
        Some(Outcome::Added(version) | Outcome::Changed(version) | Outcome::Unchanged(version)) => {
            *version
        }
        Some(Outcome::Removed | Outcome::Destroyed) | None => 0,
    };
    Ok((version, applied.version, applied.at))
}

impl At {
    fn name(&self) -> Result<SecretName, Failure> {
        SecretName::parse(&self.key).map_err(|error| Failure::new(error.to_string()))
    }

    fn explain(&self, error: Error) -> Failure {
        match error {
            Error::NotFound(Thing::Secret) => Failure::new(format!(
                "there is no secret {} in space {:?}; see: secret-manager secret list --space {:?}",
                self.key, self.space, self.space
            )),
            Error::NotFound(Thing::Version) => Failure::new(format!(
                "there is no such version of {}; see: secret-manager secret versions --space {:?} {}",
                self.key, self.space, self.key
            )),
            other => other.into(),
        }
    }
}

impl List {
    fn of(space: Space, secrets: Vec<Row>) -> Self {
        Self {
            space: SpaceName { id: space.id.as_str().to_owned(), name: space.name },
            version: space.version,
            created_at: space.created_at,
            updated_at: space.updated_at,
            secrets,
        }
    }
}

impl Row {
    fn of(secret: &SecretSummary) -> Self {
        Self {
            key: secret.name.to_string(),
            kind: secret.kind,
            version: secret.version,
            created_at: secret.created_at,
            updated_at: secret.updated_at,
            updated_by: secret.updated_by.clone(),
            deletion: None,
        }
    }
}
