//! Reading single secrets and lists of them.

use secret_manager_model::{Kind, SecretName, SecretValue, Timestamp};
use secret_manager_store::{SecretRow, SpaceId};

use crate::manager::busy;
use crate::vault::Vault;
use crate::{Action, Caller, Error, Manager, Space, Thing};

/// What may be known of a secret without revealing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretSummary {
    pub name: SecretName,
    pub kind: Kind,
    pub version: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub updated_by: String,
}

/// A secret with its value, at one of its versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revealed {
    pub value: SecretValue,
    pub version: u64,
    /// When the secret was first made.
    pub created_at: Timestamp,
    /// When this version was made, and by whom.
    pub updated_at: Timestamp,
    pub updated_by: String,
}

/// All secrets of a space without their values, sorted by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretList {
    pub space: Space,
    pub secrets: Vec<SecretSummary>,
}

impl SecretSummary {
    pub(crate) fn of(row: &SecretRow, vault: &Vault) -> Result<Self, Error> {
        Ok(Self {
            name: vault.open_name(row)?,
            kind: row.kind,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            updated_by: row.updated_by.clone(),
        })
    }
}

impl Manager {
    /// Reveals one secret.
    pub async fn secret(
        &self,
        space: &SpaceId,
        name: &SecretName,
        caller: &Caller,
    ) -> Result<Revealed, Error> {
        let mut attempts = self.attempts(space);
        let (vault, row) = loop {
            let space = self.space_row(space).await?;
            let vault = self.vault(&space)?;
            let hash = vault.name_hash(name);
            let row = self.store.value(&space.id, hash).await?;
            let sound = match &row {
                Some(row) => {
                    let found = [(&hash, Some(&row.secret))];
                    self.confirm(&space, found.into_iter(), &vault).await?
                }
                // There may be a deleted one.
                None => {
                    let found = self.store.secrets_by_hash(&space.id, vec![hash]).await?;
                    let found = found.iter().map(|row| (&hash, row.as_ref()));
                    self.confirm(&space, found, &vault).await?
                }
            };
            if sound {
                break (vault, row);
            }
            attempts.again().await?;
        };
        drop(attempts);
        let row = row.ok_or(Error::NotFound(Thing::Secret))?;
        vault.confirm_name(&row.secret, name)?;
        let secret = Revealed {
            value: vault.open_value(&row)?,
            version: row.secret.version,
            created_at: row.secret.created_at,
            updated_at: row.secret.updated_at,
            updated_by: row.secret.updated_by,
        };
        let entry = self.record(caller, Action::SecretReveal).space(space);
        self.store.note(entry.secrets(&vault, [name].into_iter())?.finish()).await?;
        Ok(secret)
    }

    /// The row of a secret that is there or was deleted.
    pub(crate) async fn confirmed_row(
        &self,
        space: &SpaceId,
        name: &SecretName,
    ) -> Result<(Vault, Option<SecretRow>), Error> {
        let mut attempts = self.attempts(space);
        loop {
            let space = self.space_row(space).await?;
            let vault = self.vault(&space)?;
            let hash = vault.name_hash(name);
            let row = self.store.secrets_by_hash(&space.id, vec![hash]).await?.pop().flatten();
            if self.confirm(&space, [(&hash, row.as_ref())].into_iter(), &vault).await? {
                row.iter().try_for_each(|row| vault.confirm_name(row, name))?;
                return Ok((vault, row));
            }
            attempts.again().await?;
        }
    }

    pub async fn secrets(&self, space: &SpaceId) -> Result<SecretList, Error> {
        let (space, rows, checked) = self.with_checks(space, || self.store.contents(space)).await?;
        let vault = self.vault(&space)?;
        busy(move || {
            checked.confirm_all(rows.iter(), (true, None), &vault)?;
            let mut secrets = rows
                .iter()
                .map(|row| SecretSummary::of(row, &vault))
                .collect::<Result<Vec<_>, Error>>()?;
            secrets.sort_unstable_by(|a, b| a.name.cmp(&b.name));
            Ok(SecretList { space: Space::of(&space), secrets })
        })
        .await
    }
}
