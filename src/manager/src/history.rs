//! What secrets were before: their older versions, and those that were deleted.

use secret_manager_model::{Kind, SecretName, SecretValue, Timestamp};
use secret_manager_store::{SecretId, SpaceId, VersionRow};

use crate::manager::busy;
use crate::vault::Vault;
use crate::{Action, Caller, Error, Manager, Revealed, SecretSummary, Space, Thing};

/// The kept versions of a secret, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// When and by whom it was deleted, if it was.
    pub deleted: Option<Deletion>,
    pub versions: Vec<Version>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletion {
    pub at: Timestamp,
    pub by: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    pub version: u64,
    pub kind: Kind,
    pub created_at: Timestamp,
    pub created_by: String,
    /// The older version whose content this one took.
    pub rolled_back_from: Option<u64>,
    pub state: VersionState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionState {
    /// What readers of the space get.
    Current,
    /// Can be revealed and rolled back to. The last version of a deleted secret is one, too.
    Kept,
    /// Its value is gone for good.
    Destroyed,
}

impl VersionState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Kept => "kept",
            Self::Destroyed => "destroyed",
        }
    }
}

/// A secret that was taken out of its space and can be restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletedSecret {
    pub secret: SecretSummary,
    pub deletion: Deletion,
}

impl Manager {
    /// Of a secret that is there or was deleted.
    pub async fn history(&self, space: &SpaceId, name: &SecretName) -> Result<History, Error> {
        let mut attempts = self.attempts(space);
        let (row, versions) = loop {
            let space = self.space_row(space).await?;
            let vault = self.vault(&space)?;
            let hash = vault.name_hash(name);
            let found = self.store.versions(&space.id, hash).await?;
            let row = found.as_ref().map(|(row, _)| row);
            if self.confirm(&space, [(&hash, row)].into_iter(), &vault).await? {
                let found = found.ok_or(Error::NotFound(Thing::Secret))?;
                vault.confirm_name(&found.0, name)?;
                break found;
            }
            attempts.again().await?;
        };
        drop(attempts);
        let live = row.deleted_at.is_none();
        let versions = versions.into_iter().map(|version| Version {
            state: match version.destroyed {
                true => VersionState::Destroyed,
                false if live && version.version == row.version => VersionState::Current,
                false => VersionState::Kept,
            },
            version: version.version,
            kind: version.kind,
            created_at: version.created_at,
            created_by: version.created_by,
            rolled_back_from: version.rolled_back_from,
        });
        Ok(History {
            deleted: deletion(row.deleted_at, row.deleted_by),
            versions: versions.collect(),
        })
    }

    /// Reveals an older version of a secret, or the current one. A deleted secret has to be restored
    /// first.
    pub async fn secret_version(
        &self,
        space: &SpaceId,
        name: &SecretName,
        version: u64,
        caller: &Caller,
    ) -> Result<Revealed, Error> {
        let (vault, row) = self.confirmed_row(space, name).await?;
        let row = row.filter(|row| row.deleted_at.is_none());
        let row = row.ok_or(Error::NotFound(Thing::Secret))?;
        let (value, made) = self.version_value(&vault, &row.id, version).await?;
        let entry = self.record(caller, Action::SecretReveal).space(space);
        let entry = entry.subject(&format!("version {version}"));
        self.store.note(entry.secrets(&vault, [name].into_iter())?.finish()).await?;
        Ok(Revealed {
            value,
            version,
            created_at: row.created_at,
            updated_at: made.created_at,
            updated_by: made.created_by,
        })
    }

    /// Secrets that were deleted and not destroyed, sorted by name.
    pub async fn deleted_secrets(
        &self,
        space: &SpaceId,
    ) -> Result<(Space, Vec<DeletedSecret>), Error> {
        let (space, rows, checked) = self.with_checks(space, || self.store.deleted(space)).await?;
        let vault = self.vault(&space)?;
        busy(move || {
            checked.confirm_all(rows.iter(), (false, None), &vault)?;
            let mut secrets = Vec::with_capacity(rows.len());
            for row in rows {
                let secret = SecretSummary::of(&row, &vault)?;
                let deletion = deletion(row.deleted_at, row.deleted_by);
                secrets.extend(deletion.map(|deletion| DeletedSecret { secret, deletion }));
            }
            secrets.sort_unstable_by(|a, b| a.secret.name.cmp(&b.secret.name));
            Ok((Space::of(&space), secrets))
        })
        .await
    }

    /// The value of one version with the facts about it.
    pub(crate) async fn version_value(
        &self,
        vault: &Vault,
        secret: &SecretId,
        version: u64,
    ) -> Result<(SecretValue, VersionRow), Error> {
        let found = self.store.version(secret, version).await?;
        let row = found.ok_or(Error::NotFound(Thing::Version))?;
        let sealed = row.sealed_value.ok_or(Error::ValueDestroyed { version })?;
        let value = vault.open_version(secret, version, row.version.kind, &sealed)?;
        Ok((value, row.version))
    }
}

fn deletion(at: Option<Timestamp>, by: Option<String>) -> Option<Deletion> {
    // Who deleted a secret isn't known when that was before this was kept.
    at.map(|at| Deletion { at, by: by.unwrap_or_default() })
}
