//! Spaces: what holds secrets and has a key of its own.

use secret_manager_envelope::Dek;
use secret_manager_model::Timestamp;
use secret_manager_model::limits::{KEPT_VERSIONS, MOST_KEPT_VERSIONS};
use secret_manager_store::{Rename, SpaceId, SpaceRow, StoreError, Usage};

use crate::manifest::Sum;
use crate::vault::Vault;
use crate::{Action, Actor, Caller, Error, Manager, Thing};

/// Losing this many races in a row means that something else is wrong.
const ATTEMPTS: usize = 100;

const NAME_LENGTH: usize = 100;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space {
    pub id: SpaceId,
    pub name: String,
    pub version: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// How many versions of each secret are kept.
    pub kept_versions: u64,
}

impl Space {
    pub(crate) fn of(row: &SpaceRow) -> Self {
        Self {
            id: row.id.clone(),
            name: row.name.clone(),
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            kept_versions: row.kept_versions,
        }
    }
}

impl Manager {
    /// A user who makes a space becomes its first owner.
    pub async fn create_space(&self, name: &str, caller: &Caller) -> Result<Space, Error> {
        check_name(name)?;
        for _ in 0..ATTEMPTS {
            let row = self.new_space(name).await?;
            let space = Space::of(&row);
            let entry = self.record(caller, Action::SpaceCreate).space(&row.id).subject(name);
            let audit = entry.finish();
            let inserted = match &caller.actor {
                Actor::User { id, .. } => {
                    self.store.insert_owned_space(row, id.clone(), audit).await
                }
                _ => self.store.insert_space(row, audit).await,
            };
            match inserted {
                // The key was rotated in between.
                Err(StoreError::Stale) => {}
                result => return result.map(|()| space).map_err(Error::from),
            }
        }
        Err(Error::Busy)
    }

    async fn new_space(&self, name: &str) -> Result<SpaceRow, Error> {
        let id = SpaceId::new(self.environment.random_id()?);
        let now = self.environment.now();
        let dek = Dek::generate()?;
        let kek = self.current_kek().await?;
        let mut row = SpaceRow {
            wrapped_dek: kek.wrap(&dek, id.as_str())?,
            id,
            name: name.to_owned(),
            kek_id: kek.id().as_str().to_owned(),
            version: 0,
            tag: self.environment.random_id()?,
            created_at: now,
            updated_at: now,
            kept_versions: KEPT_VERSIONS,
            deltas_from: 0,
            sealed_manifest: None,
        };
        let vault = Vault::new(dek, row.id.clone());
        let mut sum = Sum::default();
        sum.add(&vault.space_seal(&row));
        row.sealed_manifest = Some(vault.seal_manifest(&row, &sum)?);
        Ok(row)
    }

    /// All spaces with how full they are, sorted by name.
    pub async fn spaces(&self) -> Result<Vec<(Space, Usage)>, Error> {
        let rows = self.store.spaces().await?;
        Ok(rows.iter().map(|(row, usage)| (Space::of(row), *usage)).collect())
    }

    pub async fn space_named(&self, name: &str) -> Result<Space, Error> {
        let row = self.store.space_named(name).await?;
        row.as_ref().map(Space::of).ok_or(Error::NotFound(Thing::Space))
    }

    pub async fn usage(&self, id: &SpaceId) -> Result<Usage, Error> {
        Ok(self.store.usage(id).await?)
    }

    /// Readers get the new name with their next request: they compare tags, and this makes a new one.
    pub async fn rename_space(
        &self,
        id: &SpaceId,
        name: &str,
        caller: &Caller,
    ) -> Result<Space, Error> {
        check_name(name)?;
        let _turn = self.turns.take(id).await;
        for _ in 0..ATTEMPTS {
            let row = self.space_row(id).await?;
            let Some(checked) = self.checked(&row).await? else { continue };
            let vault = self.vault(&row)?;
            let tag = self.environment.random_id()?;
            let renamed = SpaceRow { name: name.to_owned(), tag, ..row.clone() };
            let mut sum = checked.sum;
            sum.subtract(&vault.space_seal(&row));
            sum.add(&vault.space_seal(&renamed));
            let rename = Rename {
                from_tag: row.tag,
                sealed_manifest: vault.seal_manifest(&renamed, &sum)?,
                tag: renamed.tag,
                name: renamed.name,
            };
            let audit = self.record(caller, Action::SpaceUpdate).space(id).subject(name).finish();
            match self.store.rename_space(id, rename, audit).await {
                Err(StoreError::Stale) => {}
                result => return Ok(Space::of(&result?)),
            }
        }
        Err(Error::Busy)
    }

    /// Sets how many versions of each secret are kept. Fewer than before takes effect on a secret
    /// with its next change, so a number set by mistake can be put right before anything is lost.
    pub async fn keep_versions(
        &self,
        id: &SpaceId,
        count: u64,
        caller: &Caller,
    ) -> Result<Space, Error> {
        if !(1..=MOST_KEPT_VERSIONS).contains(&count) {
            return Err(Error::Invalid(format!(
                "a space keeps 1 to {MOST_KEPT_VERSIONS} versions of each secret, not {count}"
            )));
        }
        let entry = self.record(caller, Action::SpaceUpdate).space(id);
        let audit = entry.subject(&format!("keeps {count} versions")).finish();
        Ok(Space::of(&self.store.keep_versions(id, count, audit).await?))
    }

    /// With all secrets, their versions and the access tokens. There is no way back.
    pub async fn delete_space(&self, id: &SpaceId, caller: &Caller) -> Result<(), Error> {
        let space = self.space_row(id).await?;
        let entry = self.record(caller, Action::SpaceDelete).space(id).subject(&space.name);
        Ok(self.store.delete_space(id, entry.finish()).await?)
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    let length = name.chars().count();
    let rule = if length == 0 || length > NAME_LENGTH {
        format!("has 1 to {NAME_LENGTH} characters; this one has {length}")
    } else if name.trim() != name {
        "doesn't start or end with a space".into()
    } else if name.chars().any(char::is_control) {
        "has no control characters".into()
    } else {
        return Ok(());
    };
    Err(Error::Invalid(format!("the name of a space {rule}")))
}
