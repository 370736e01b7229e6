//! Older versions of secrets and deleted ones.

use secret_manager_manager::{Change, DeletedSecret, Error, Version, VersionState};
use secret_manager_model::{Kind, Timestamp};
use serde::Serialize;

use super::{At, List, Row, edit};
use crate::cli::data::{DataOptions, WhenAbsent};
use crate::cli::failure::Failure;
use crate::cli::output::{self, Output};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Deletion {
    deleted_at: Timestamp,
    deleted_by: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Versions<'a> {
    key: &'a str,
    deleted_at: Option<Timestamp>,
    versions: Vec<VersionFacts>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VersionFacts {
    version: u64,
    #[serde(rename = "type")]
    kind: Kind,
    created_at: Timestamp,
    created_by: String,
    rolled_back_from: Option<u64>,
    state: &'static str,
}

/// A version that was made of an older one.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BroughtBack<'a> {
    key: &'a str,
    version: u64,
    space_version: u64,
    updated_at: Timestamp,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Destroyed<'a> {
    key: &'a str,
    /// `null` when nothing of the secret is left.
    versions: Option<Vec<u64>>,
    space_version: u64,
}

pub(super) async fn versions(data: &DataOptions, output: Output, at: &At) -> Result<(), Failure> {
    let name = at.name()?;
    let data = data.open(WhenAbsent::Refuse).await?;
    let space = data.space(&at.space).await?;
    let history =
        data.manager.history(&space.id, &name).await.map_err(|error| at.explain(error))?;
    let versions: Vec<_> = history.versions.into_iter().map(VersionFacts::of).collect();
    let rows: Vec<_> = versions.iter().map(VersionFacts::row).collect();
    let mut text = output::table(["VERSION", "TYPE", "CREATED", "BY", "STATE"], &rows);
    if let Some(deletion) = &history.deleted {
        text.push_str(&format!("\ndeleted {} by {}", deletion.at, deletion.by));
    }
    let deleted_at = history.deleted.map(|deletion| deletion.at);
    output.print(&Versions { key: &at.key, deleted_at, versions }, &text)
}

pub(super) async fn deleted(
    data: &DataOptions,
    output: Output,
    space: &str,
) -> Result<(), Failure> {
    let data = data.open(WhenAbsent::Refuse).await?;
    let space = data.space(space).await?;
    let (space, secrets) = data.manager.deleted_secrets(&space.id).await?;
    let rows: Vec<_> = secrets
        .iter()
        .map(|DeletedSecret { secret, deletion }| {
            let version = secret.version.to_string();
            [secret.name.to_string(), version, deletion.at.to_string(), deletion.by.clone()]
        })
        .collect();
    let text = output::table(["KEY", "VERSION", "DELETED", "BY"], &rows);
    let secrets = secrets.into_iter().map(|DeletedSecret { secret, deletion }| {
        let deletion = Deletion { deleted_at: deletion.at, deleted_by: deletion.by };
        Row { deletion: Some(deletion), ..Row::of(&secret) }
    });
    output.print(&List::of(space, secrets.collect()), &text)
}

pub(super) async fn rollback(
    data: &DataOptions,
    output: Output,
    at: &At,
    version: u64,
) -> Result<(), Failure> {
    let name = at.name()?;
    let data = data.open(WhenAbsent::Refuse).await?;
    let (made, space_version, updated_at) =
        edit(&data, at, name, Change::Rollback(version)).await?;
    let result = BroughtBack { key: &at.key, version: made, space_version, updated_at };
    output.print(
        &result,
        &format!("{} has the content of version {version} again, as version {made}", at.key),
    )
}

pub(super) async fn restore(data: &DataOptions, output: Output, at: &At) -> Result<(), Failure> {
    let name = at.name()?;
    let data = data.open(WhenAbsent::Refuse).await?;
    // Looked at first, because the refusal speaks of versions.
    let space = data.space(&at.space).await?;
    match data.manager.history(&space.id, &name).await {
        Ok(history) if history.deleted.is_none() => {
            return Err(Failure::new(format!("{} is not deleted", at.key)));
        }
        Err(Error::NotFound(_)) => {
            return Err(Failure::new(format!(
                "there is no deleted secret {}; see: secret-manager secret list --deleted --space \
                 {:?}",
                at.key, at.space
            )));
        }
        other => drop(other?),
    }
    let (version, space_version, updated_at) = edit(&data, at, name, Change::Restore).await?;
    let result = BroughtBack { key: &at.key, version, space_version, updated_at };
    output.print(&result, &format!("restored {} as version {version}", at.key))
}

pub(super) async fn destroy(
    data: &DataOptions,
    output: Output,
    at: &At,
    versions: Vec<u64>,
) -> Result<(), Failure> {
    let name = at.name()?;
    let data = data.open(WhenAbsent::Refuse).await?;
    let (change, versions, text) = match versions.is_empty() {
        true => (Change::Destroy, None, format!("destroyed {} with all its versions", at.key)),
        false => {
            let numbers: Vec<_> = versions.iter().map(u64::to_string).collect();
            let text = format!("destroyed the value of {}, version {}", at.key, numbers.join(", "));
            (Change::DestroyVersions(versions.clone()), Some(versions), text)
        }
    };
    let (_, space_version, _) = edit(&data, at, name, change).await?;
    output.print(&Destroyed { key: &at.key, versions, space_version }, &text)
}

impl VersionFacts {
    fn of(version: Version) -> Self {
        Self {
            version: version.version,
            kind: version.kind,
            created_at: version.created_at,
            created_by: version.created_by,
            rolled_back_from: version.rolled_back_from,
            state: match version.state {
                VersionState::Current => "current",
                VersionState::Kept => "kept",
                VersionState::Destroyed => "destroyed",
            },
        }
    }

    fn row(&self) -> [String; 5] {
        let state = match self.rolled_back_from {
            Some(from) => format!("{} (content of version {from})", self.state),
            None => self.state.to_owned(),
        };
        [
            self.version.to_string(),
            self.kind.as_str().to_owned(),
            self.created_at.to_string(),
            self.created_by.clone(),
            state,
        ]
    }
}
