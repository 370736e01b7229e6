//! What changed in a space since a version that somebody holds.

use std::collections::HashMap;

use secret_manager_model::{Delta, Refused, Secret, SecretName, SpaceRef, Timestamp};
use secret_manager_store::{Held, Since, SpaceId};

use crate::manager::busy;
use crate::{Action, Caller, Error, Manager, Thing};

/// A delta may list this many more entries than a snapshot would. With few secrets neither is
/// large, and who watches a space is better off with the delta.
const SLACK: u64 = 64;

#[derive(Clone, Debug)]
pub struct TaggedDelta {
    /// Of the snapshot that the delta leads to.
    pub tag: String,
    pub delta: Delta,
}

/// Names that changed since a version; no values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// Of the snapshot that they lead to.
    pub tag: String,
    pub from: u64,
    pub version: u64,
    pub updated_at: Timestamp,
    /// Who made the last one, when that can still be told.
    pub by: Option<String>,
    /// Sorted; so are the removed ones, of which some may have come and gone in between.
    pub changed: Vec<SecretName>,
    pub removed: Vec<SecretName>,
}

impl Manager {
    /// What leads from what is held to the current version, for a flow's engine: all values that
    /// changed. `None` when only a snapshot helps: the space was never at that version or isn't known
    /// to have had that tag there, what changed since isn't known any more (a secret was destroyed), or
    /// the delta would be the larger of both.
    pub async fn delta(
        &self,
        space: &SpaceId,
        held: impl Into<Held>,
        caller: &Caller,
    ) -> Result<Option<TaggedDelta>, Error> {
        let held = held.into();
        let since = held.version;
        let most = self.store.usage(space).await?.secrets + SLACK;
        let mut attempts = self.attempts(space);
        let (space, changes, checked) = loop {
            let found = self.store.delta(space, held.clone(), most).await?;
            let Since { space, changes } = found.ok_or(Error::NotFound(Thing::Space))?;
            let Some(changes) = changes else { return Ok(None) };
            if let Some(checked) = self.checked(&space).await? {
                break (space, changes, checked);
            }
            attempts.again().await?;
        };
        drop(attempts);
        let vault = self.vault(&space)?;
        let issued_at = self.environment.now();
        let id = space.id.clone();
        let tagged = busy(move || {
            let changed = changes.changed.iter().map(|row| &row.secret);
            checked.confirm_all(changed, (true, Some(since)), &vault)?;
            checked.confirm_all(changes.removed.iter(), (false, Some(since)), &vault)?;
            let mut changed = HashMap::with_capacity(changes.changed.len());
            for row in changes.changed {
                let secret = Secret {
                    value: vault.open_value(&row)?,
                    version: row.secret.version,
                    updated_at: row.secret.updated_at,
                };
                changed.insert(vault.open_name(&row.secret)?, secret);
            }
            let removed = changes.removed.iter().map(|row| vault.open_name(row));
            let delta = Delta {
                space: SpaceRef { id: space.id.as_str().to_owned(), name: space.name },
                from: since,
                version: space.version,
                created_at: space.created_at,
                updated_at: space.updated_at,
                issued_at,
                changed,
                removed: removed.collect::<Result<_, _>>()?,
                refused: Refused::default(),
            };
            Ok(TaggedDelta { tag: space.tag, delta })
        })
        .await?;
        // Names alone are no values.
        if !tagged.delta.changed.is_empty() {
            let entry = self.record(caller, Action::SnapshotRead).space(&id);
            let entry = entry.subject(&format!("since version {since}"));
            let entry = entry.read(tagged.delta.version, tagged.delta.changed.len());
            self.store.note(entry.finish()).await?;
        }
        Ok(Some(tagged))
    }

    /// The names that changed since a version, for people. `None` as with [`Self::delta`], but for
    /// the size.
    pub async fn changes(&self, space: &SpaceId, since: u64) -> Result<Option<Changes>, Error> {
        let mut attempts = self.attempts(space);
        let (space, rows, checked) = loop {
            let found = self.store.changes(space, since).await?;
            let Since { space, changes: rows } = found.ok_or(Error::NotFound(Thing::Space))?;
            let Some(rows) = rows else { return Ok(None) };
            if let Some(checked) = self.checked(&space).await? {
                break (space, rows, checked);
            }
            attempts.again().await?;
        };
        drop(attempts);
        let vault = self.vault(&space)?;
        busy(move || {
            checked.confirm_all(rows.changed.iter(), (true, Some(since)), &vault)?;
            checked.confirm_all(rows.removed.iter(), (false, Some(since)), &vault)?;
            let by = rows.changed.iter().map(|row| (row, Some(&row.updated_by)));
            let by = by.chain(rows.removed.iter().map(|row| (row, row.deleted_by.as_ref())));
            let by = by
                .filter(|(row, _)| row.space_version == space.version)
                .find_map(|(_, by)| by.cloned());
            let names = |rows: &[_]| -> Result<Vec<_>, Error> {
                let mut names: Vec<_> =
                    rows.iter().map(|row| vault.open_name(row)).collect::<Result<_, _>>()?;
                names.sort_unstable();
                Ok(names)
            };
            Ok(Some(Changes {
                tag: space.tag,
                from: since,
                version: space.version,
                updated_at: space.updated_at,
                by,
                changed: names(&rows.changed)?,
                removed: names(&rows.removed)?,
            }))
        })
        .await
    }
}
