//! All secrets of a space at one version, and the tag that says whether a reader has them already.

use std::collections::HashMap;

use secret_manager_model::{Refused, Secret, Snapshot, SpaceRef};
use secret_manager_store::SpaceId;

use crate::manager::busy;
use crate::{Action, Caller, Error, Manager, Thing};

#[derive(Clone, Debug)]
pub struct TaggedSnapshot {
    /// Equal tags mean equal secrets.
    pub tag: String,
    pub snapshot: Snapshot,
}

impl Manager {
    /// The tag alone: reads one row and decrypts nothing.
    pub async fn tag(&self, space: &SpaceId) -> Result<String, Error> {
        Ok(self.space_row(space).await?.tag)
    }

    /// What a flow's engine gets: all values.
    pub async fn snapshot(
        &self,
        space: &SpaceId,
        caller: &Caller,
    ) -> Result<TaggedSnapshot, Error> {
        let tagged = self.read_all(space).await?;
        self.note_read(&tagged.snapshot, space, caller, Action::SnapshotRead).await?;
        Ok(tagged)
    }

    /// What a person takes along in a file: all values.
    pub async fn export(&self, space: &SpaceId, caller: &Caller) -> Result<Snapshot, Error> {
        let snapshot = self.read_all(space).await?.snapshot;
        self.note_read(&snapshot, space, caller, Action::SecretsExport).await?;
        Ok(snapshot)
    }

    /// Before the values are handed out.
    async fn note_read(
        &self,
        snapshot: &Snapshot,
        space: &SpaceId,
        caller: &Caller,
        action: Action,
    ) -> Result<(), Error> {
        let entry = self.record(caller, action).space(space);
        let entry = entry.read(snapshot.version, snapshot.secrets.len());
        Ok(self.store.note(entry.finish()).await?)
    }

    async fn read_all(&self, space: &SpaceId) -> Result<TaggedSnapshot, Error> {
        let rows = self.store.snapshot(space).await?;
        let (space, rows) = rows.ok_or(Error::NotFound(Thing::Space))?;
        let vault = self.vault(&space)?;
        let issued_at = self.environment.now();
        busy(move || {
            let mut secrets = HashMap::with_capacity(rows.len());
            for row in rows {
                let secret = Secret {
                    value: vault.open_value(&row)?,
                    version: row.secret.version,
                    updated_at: row.secret.updated_at,
                };
                if secrets.insert(vault.open_name(&row.secret)?, secret).is_some() {
                    return Err(Error::Corrupt("two secrets have the same name".into()));
                }
            }
            let snapshot = Snapshot {
                space: SpaceRef { id: space.id.as_str().to_owned(), name: space.name },
                version: space.version,
                created_at: space.created_at,
                updated_at: space.updated_at,
                issued_at,
                secrets,
                refused: Refused::default(),
            };
            Ok(TaggedSnapshot { tag: space.tag, snapshot })
        })
        .await
    }
}
