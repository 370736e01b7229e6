//! All secrets of a space at one version, and the tag that says whether a reader has them already.

use std::collections::HashMap;

use bytes::Bytes;
use secret_manager_model::wire::SharedSnapshot;
use secret_manager_model::{Refused, Secret, Snapshot, SpaceRef};
use secret_manager_store::{SpaceId, SpaceRow};

use crate::manager::busy;
use crate::recent::{Place, Prepared};
use crate::{Access, Action, Caller, Error, Manager};

#[derive(Clone, Debug)]
pub struct TaggedSnapshot {
    /// Equal tags mean equal secrets.
    pub tag: String,
    pub snapshot: Snapshot,
}

/// A snapshot as an engine gets it, in two parts that follow each other.
#[derive(Clone, Debug)]
pub struct SnapshotAnswer {
    pub tag: String,
    /// Begins the document; holds no values.
    pub head: String,
    /// Shared with other answers; wiped when the last one of them is done with it.
    pub rest: Bytes,
}

impl Manager {
    /// What a flow's engine gets: all values, in the form in which they are sent.
    pub async fn answer(&self, access: &Access, caller: &Caller) -> Result<SnapshotAnswer, Error> {
        let space = access.space_row();
        let place = self.recent.snapshot(space);
        let prepared = self.prepared(&place, space).await?;
        self.note_answer(&prepared, space, caller).await?;
        // The record has reached the disk, and on its way commits of others were noticed. A snapshot
        // from before one of those isn't what a reading of the database would say, be it that
        // somebody tampered with it.
        if self.store.outside_commits() == prepared.outside_commits {
            return Ok(self.issue(prepared));
        }
        self.recent.forget(space, &place);
        let place = self.recent.snapshot(space);
        let newer = self.prepared(&place, space).await?;
        if newer.version != prepared.version {
            self.note_answer(&newer, space, caller).await?;
        }
        Ok(self.issue(newer))
    }

    /// The space's snapshot, made by the first one who needs it.
    async fn prepared(&self, place: &Place, space: &SpaceRow) -> Result<Prepared, Error> {
        if let Some(prepared) = place.get() {
            return Ok(prepared.clone());
        }
        let prepared = place.get_or_try_init(|| self.prepare(&space.id)).await?;
        if prepared.tag == space.tag {
            self.recent.make_room();
        } else {
            // The space has changed since the token was checked. What was read is newer, and fine to
            // be handed out, but it isn't what this place is for.
            self.recent.forget(space, place);
        }
        Ok(prepared.clone())
    }

    async fn prepare(&self, space: &SpaceId) -> Result<Prepared, Error> {
        let outside_commits = self.store.outside_commits();
        let TaggedSnapshot { tag, snapshot } = self.read_all(space).await?;
        busy(move || {
            let SharedSnapshot { head, rest } = SharedSnapshot::new(&snapshot);
            Ok(Prepared {
                tag,
                version: snapshot.version,
                secrets: snapshot.secrets.len(),
                outside_commits,
                head,
                rest: Bytes::from_owner(rest),
            })
        })
        .await
    }

    async fn note_answer(
        &self,
        answer: &Prepared,
        space: &SpaceRow,
        caller: &Caller,
    ) -> Result<(), Error> {
        let entry = self.record(caller, Action::SnapshotRead).space(&space.id);
        let entry = entry.read(answer.version, answer.secrets);
        Ok(self.store.note(entry.finish()).await?)
    }

    fn issue(&self, prepared: Prepared) -> SnapshotAnswer {
        let Prepared { tag, head, rest, .. } = prepared;
        SnapshotAnswer { tag, head: head.issued(self.environment.now()), rest }
    }

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
        let (space, rows, checked) = self.with_checks(space, || self.store.snapshot(space)).await?;
        let vault = self.vault(&space)?;
        let issued_at = self.environment.now();
        busy(move || {
            checked.confirm_all(rows.iter().map(|row| &row.secret), (true, None), &vault)?;
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
