//! Reading single secrets and lists of them.

use secret_manager_model::{Kind, Secret, SecretName, Timestamp};
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
    ) -> Result<Secret, Error> {
        let vault = self.vault(&self.space_row(space).await?)?;
        let row = self.store.value(space, vault.name_hash(name)).await?;
        let row = row.ok_or(Error::NotFound(Thing::Secret))?;
        vault.confirm_name(&row.secret, name)?;
        let secret = Secret {
            value: vault.open_value(&row)?,
            version: row.secret.version,
            updated_at: row.secret.updated_at,
        };
        let entry = self.record(caller, Action::SecretReveal).space(space);
        self.store.note(entry.secrets(&vault, [name].into_iter())?.finish()).await?;
        Ok(secret)
    }

    /// One secret without its value.
    pub async fn secret_summary(
        &self,
        space: &SpaceId,
        name: &SecretName,
    ) -> Result<SecretSummary, Error> {
        let vault = self.vault(&self.space_row(space).await?)?;
        let rows = self.store.secrets_by_hash(space, vec![vault.name_hash(name)]).await?;
        let row = rows.into_iter().flatten().find(|row| row.deleted_at.is_none());
        let row = row.ok_or(Error::NotFound(Thing::Secret))?;
        vault.confirm_name(&row, name)?;
        SecretSummary::of(&row, &vault)
    }

    pub async fn secrets(&self, space: &SpaceId) -> Result<SecretList, Error> {
        let contents = self.store.contents(space).await?;
        let (space, rows) = contents.ok_or(Error::NotFound(Thing::Space))?;
        let vault = self.vault(&space)?;
        busy(move || {
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
