//! Changing secrets: the one way for a single edit and for a whole import.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use secret_manager_model::limits::{SECRETS_PER_SPACE, SPACE_BYTES};
use secret_manager_model::{SecretName, SecretValue, Timestamp};
use secret_manager_store::{
    PutRow, SecretId, SecretRow, SpaceChange, SpaceId, SpaceRow, StoreError, Usage,
};

use crate::manager::busy;
use crate::vault::Vault;
use crate::{Caller, Error, Manager, Thing};

/// Losing this many races in a row means that something else is wrong.
const ATTEMPTS: usize = 100;

#[derive(Clone, Debug)]
pub struct Edit {
    pub name: SecretName,
    pub change: Change,
    pub precondition: Precondition,
}

#[derive(Clone, Debug)]
pub enum Change {
    Put(SecretValue),
    Delete,
}

/// What has to hold for the edit to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precondition {
    Any,
    /// The secret must not exist.
    Absent,
    /// The secret must have this version.
    Version(u64),
}

/// What to do with a put of the value that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Same {
    /// Make a new version: the writer said so.
    Write,
    /// Leave it, so that an import that is repeated changes nothing.
    Skip,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Of the space, now.
    pub version: u64,
    pub at: Timestamp,
    /// One for each edit, in their order.
    pub outcomes: Vec<Outcome>,
}

/// What became of an edit, with the secret's version now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Added(u64),
    Changed(u64),
    Unchanged(u64),
    Removed,
}

impl Manager {
    /// Applies all edits as one change of the space, or none of them.
    pub async fn apply(
        &self,
        space: &SpaceId,
        edits: Vec<Edit>,
        same: Same,
        caller: &Caller,
    ) -> Result<Applied, Error> {
        let mut names = HashSet::with_capacity(edits.len());
        if !edits.iter().all(|edit| names.insert(&edit.name)) {
            return Err(Error::Invalid("the same name stands twice in one change".into()));
        }
        drop(names);

        let edits = Arc::new(edits);
        let _turn = self.writing.lock().await;
        for _ in 0..ATTEMPTS {
            let plan = self.plan(space, &edits, same, caller).await?;
            let change = match plan.change {
                Some(change) => change,
                None => return Ok(plan.applied),
            };
            match self.store.commit(change).await {
                Err(StoreError::Stale) => {}
                result => return result.map(|()| plan.applied).map_err(Error::from),
            }
        }
        Err(Error::Busy)
    }

    /// Reads what is there and works out the change, without making it.
    async fn plan(
        &self,
        space: &SpaceId,
        edits: &Arc<Vec<Edit>>,
        same: Same,
        caller: &Caller,
    ) -> Result<Plan, Error> {
        // The space is read first: whatever changes after that makes the commit stale.
        let row = self.space_row(space).await?;
        let vault = self.vault(&row)?;
        let hashes: Vec<_> = edits.iter().map(|edit| vault.name_hash(&edit.name)).collect();
        let current = self.store.secrets_by_hash(space, hashes.clone()).await?;
        let values = match same {
            Same::Write => HashMap::new(),
            Same::Skip => self.sealed_values(space).await?,
        };
        let planner = Planner {
            vault,
            values,
            usage: self.store.usage(space).await?,
            now: self.environment.now(),
            // Random ids cost little, so each edit gets one whether it needs it or not.
            new_ids: edits
                .iter()
                .map(|_| self.environment.random_id())
                .collect::<Result<_, _>>()?,
            tag: self.environment.random_id()?,
            by: caller.actor.display_name().to_owned(),
        };
        let edits = Arc::clone(edits);
        busy(move || planner.plan(&row, &edits, &hashes, &current)).await
    }

    async fn sealed_values(&self, space: &SpaceId) -> Result<HashMap<SecretId, Vec<u8>>, Error> {
        let snapshot = self.store.snapshot(space).await?;
        let (_, rows) = snapshot.ok_or(Error::NotFound(Thing::Space))?;
        Ok(rows.into_iter().map(|row| (row.secret.id, row.sealed_value)).collect())
    }
}

struct Plan {
    /// `None` when nothing changes.
    change: Option<SpaceChange>,
    /// What is true once the change is committed.
    applied: Applied,
}

struct Planner {
    vault: Vault,
    /// Current values, where they are needed for comparing.
    values: HashMap<SecretId, Vec<u8>>,
    usage: Usage,
    now: Timestamp,
    new_ids: Vec<String>,
    tag: String,
    by: String,
}

impl Planner {
    fn plan(
        mut self,
        space: &SpaceRow,
        edits: &[Edit],
        hashes: &[[u8; 32]],
        current: &[Option<SecretRow>],
    ) -> Result<Plan, Error> {
        let mut puts = Vec::new();
        let mut deletions = Vec::new();
        let mut outcomes = Vec::with_capacity(edits.len());
        let new_ids = std::mem::take(&mut self.new_ids);
        for (((edit, hash), row), new_id) in edits.iter().zip(hashes).zip(current).zip(new_ids) {
            if let Some(row) = row {
                self.vault.confirm_name(row, &edit.name)?;
            }
            let live = row.as_ref().filter(|row| row.deleted_at.is_none());
            check(edit.precondition, live)?;
            let outcome = match (&edit.change, live) {
                (Change::Delete, None) => return Err(Error::NotFound(Thing::Secret)),
                (Change::Delete, Some(live)) => {
                    self.usage = without(self.usage, live);
                    deletions.push(live.id.clone());
                    Outcome::Removed
                }
                (Change::Put(value), Some(live)) if self.is_current(live, value)? => {
                    Outcome::Unchanged(live.version)
                }
                (Change::Put(value), live) => {
                    // A deleted secret goes on counting where it stopped.
                    let version = row.as_ref().map_or(1, |row| row.version + 1);
                    let id = row.as_ref().map_or(SecretId::new(new_id), |row| row.id.clone());
                    let put = self.put(id, *hash, version, &edit.name, value)?;
                    self.usage = live.map_or(self.usage, |live| without(self.usage, live));
                    self.usage.secrets += 1;
                    self.usage.bytes += put.size;
                    puts.push(put);
                    if live.is_none() { Outcome::Added(version) } else { Outcome::Changed(version) }
                }
            };
            outcomes.push(outcome);
        }
        if puts.is_empty() && deletions.is_empty() {
            let applied = Applied { version: space.version, at: space.updated_at, outcomes };
            return Ok(Plan { change: None, applied });
        }
        // A change that only takes away is welcome whatever the limits.
        if !puts.is_empty() {
            check_limits(self.usage)?;
        }
        let change = SpaceChange {
            space: space.id.clone(),
            from_version: space.version,
            tag: self.tag,
            at: self.now,
            by: self.by,
            puts,
            deletions,
        };
        let applied = Applied { version: space.version + 1, at: self.now, outcomes };
        Ok(Plan { change: Some(change), applied })
    }

    fn put(
        &self,
        id: SecretId,
        name_hash: [u8; 32],
        version: u64,
        name: &SecretName,
        value: &SecretValue,
    ) -> Result<PutRow, Error> {
        Ok(PutRow {
            sealed_name: self.vault.seal_name(&id, version, name)?,
            sealed_value: self.vault.seal_value(&id, version, value)?,
            id,
            name_hash,
            version,
            kind: value.kind(),
            size: value.expose().len() as u64,
        })
    }

    fn is_current(&self, row: &SecretRow, value: &SecretValue) -> Result<bool, Error> {
        let Some(sealed) = self.values.get(&row.id) else { return Ok(false) };
        // Sizes differ in most cases, which saves decrypting.
        if row.kind != value.kind() || row.size != value.expose().len() as u64 {
            return Ok(false);
        }
        Ok(*self.vault.open_content(row, sealed)? == value.expose_text().as_bytes())
    }
}

fn check(precondition: Precondition, live: Option<&SecretRow>) -> Result<(), Error> {
    let current = live.map(|row| row.version);
    let holds = match precondition {
        Precondition::Any => true,
        Precondition::Absent => current.is_none(),
        Precondition::Version(version) => current == Some(version),
    };
    if holds { Ok(()) } else { Err(Error::PreconditionFailed { current }) }
}

/// Saturating: the numbers may be newer than the row, and then the commit is refused anyway.
fn without(usage: Usage, row: &SecretRow) -> Usage {
    Usage { secrets: usage.secrets.saturating_sub(1), bytes: usage.bytes.saturating_sub(row.size) }
}

fn check_limits(usage: Usage) -> Result<(), Error> {
    if usage.secrets > SECRETS_PER_SPACE as u64 {
        return Err(Error::TooManySecrets { secrets: usage.secrets });
    }
    if usage.bytes > SPACE_BYTES as u64 {
        return Err(Error::TooManyBytes { bytes: usage.bytes });
    }
    Ok(())
}
