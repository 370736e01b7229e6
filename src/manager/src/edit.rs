//! Changing secrets: the one way for a single edit and for a whole import.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use secret_manager_model::{SecretName, SecretValue, Timestamp};
use secret_manager_store::{SecretId, SecretRow, SpaceId, SpaceRow, StoreError, Usage};

use crate::audit::Entry;
use crate::manager::busy;
use crate::manifest::Sum;
use crate::plan::{Past, Plan, Planner, check, live};
use crate::vault::Vault;
use crate::{Action, Caller, Error, Manager, SecretSummary, Thing};

/// Losing this many races in a row means that something else is wrong.
const ATTEMPTS: usize = 100;

#[derive(Clone, Debug)]
pub struct Edit {
    pub name: SecretName,
    pub change: Change,
    pub precondition: Precondition,
}

impl Edit {
    /// Sets a secret, whatever was there.
    pub fn put(name: SecretName, value: SecretValue) -> Self {
        Self { name, change: Change::Put(value), precondition: Precondition::Any }
    }
}

#[derive(Clone, Debug)]
pub enum Change {
    Put(SecretValue),
    Delete,
    /// A new version with the content and kind of an older one.
    Rollback(u64),
    /// A deleted secret comes back: a new version with its last content.
    Restore,
    /// The secret, deleted or not, is gone for good with all its versions. Made again, it begins
    /// with version 1.
    Destroy,
    /// The values of these older versions are gone for good.
    DestroyVersions(Vec<u64>),
}

/// What has to hold for the edit to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precondition {
    Any,
    /// The secret must not exist.
    Absent,
    /// The secret must exist.
    Present,
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
    /// The secret of the last edit that was a put, as the change leaves it.
    pub summary: Option<SecretSummary>,
}

/// What became of an edit, with the secret's version now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Added(u64),
    Changed(u64),
    Unchanged(u64),
    Removed,
    Destroyed,
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
        let action = action(&edits, same);
        self.change(space, None, edits, same, action, caller).await
    }

    /// As [`Self::apply`] for changes that are no import, and if a version is given only if the space
    /// still has it.
    pub async fn apply_from(
        &self,
        space: &SpaceId,
        version: Option<u64>,
        edits: Vec<Edit>,
        same: Same,
        caller: &Caller,
    ) -> Result<Applied, Error> {
        self.change(space, version, edits, same, Action::SecretsChange, caller).await
    }

    async fn change(
        &self,
        space: &SpaceId,
        version: Option<u64>,
        edits: Vec<Edit>,
        same: Same,
        action: Action,
        caller: &Caller,
    ) -> Result<Applied, Error> {
        let mut names = HashSet::with_capacity(edits.len());
        if !edits.iter().all(|edit| names.insert(&edit.name)) {
            return Err(Error::Invalid("the same name stands twice in one change".into()));
        }
        drop(names);

        let edits = Arc::new(edits);
        if let [Edit { change: Change::Put(_) | Change::Delete, .. }] = &**edits
            && (same, version) == (Same::Write, None)
            && let Some(applied) = self.apply_one(space, &edits, caller).await?
        {
            return Ok(applied);
        }
        let _turn = self.turns.take(space).await;
        for _ in 0..ATTEMPTS {
            let entry = self.record(caller, action).space(space);
            let Some(plan) = self.plan(space, version, &edits, same, caller, entry).await? else {
                continue;
            };
            let (change, audit, followed) = match plan.change {
                Some(change) => change,
                None => return Ok(plan.applied),
            };
            match self.store.commit(change, audit).await {
                Err(StoreError::Stale) => {}
                Err(error) => return Err(error.into()),
                Ok(()) => {
                    self.remembered.follow(space, &followed);
                    return Ok(plan.applied);
                }
            }
        }
        Err(Error::Busy)
    }

    /// A single secret is sealed so fast that it is done within the commit. Any number of these go
    /// to the disk together, and none has to begin again. `None` when the space has to be checked
    /// first, which takes longer.
    async fn apply_one(
        &self,
        space: &SpaceId,
        edits: &Arc<Vec<Edit>>,
        caller: &Caller,
    ) -> Result<Option<Applied>, Error> {
        let _turn = self.turns.share(space).await;
        let vault = self.vault(&self.space_row(space).await?)?;
        let hashes: Vec<_> = edits.iter().map(|edit| vault.name_hash(&edit.name)).collect();
        let entry = self.record(caller, action(edits, Same::Write)).space(space);
        let planner = self.planner(vault, edits, caller, entry)?;
        let outcome = Arc::<Mutex<Option<Result<Applied, Error>>>>::default();
        let prepare = {
            let (edits, hashes) = (Arc::clone(edits), hashes.clone());
            let (remembered, outcome) = (Arc::clone(&self.remembered), Arc::clone(&outcome));
            move |space: &SpaceRow, current: &[Option<SecretRow>], usage: Usage| {
                let checked = remembered.find(space)?;
                let planner = Planner { usage, sum: checked.sum, ..planner };
                let plan = hashes
                    .iter()
                    .zip(current)
                    .try_for_each(|(name, row)| {
                        checked.confirm_found(name, row.as_ref(), &planner.vault)
                    })
                    .and_then(|()| planner.plan(space, &edits, &hashes, current));
                // Given back, so that it can be changed in place.
                drop(checked);
                let (change, applied) = match plan {
                    Ok(plan) => (plan.change, Ok(plan.applied)),
                    Err(error) => (None, Err(error)),
                };
                *outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(applied);
                let (change, audit, followed) = change?;
                // The next one in the same transaction needs it. Should the commit fail, what is
                // remembered has a tag that no space ever gets, and nobody takes it for current.
                remembered.follow(&space.id, &followed);
                Some((change, audit))
            }
        };
        self.store.change(space, hashes, Box::new(prepare)).await?;
        let outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner).take();
        outcome.transpose()
    }

    /// What [`Self::apply`] would do, without doing it.
    pub(crate) async fn preview(
        &self,
        space: &SpaceId,
        edits: Vec<Edit>,
        same: Same,
        caller: &Caller,
    ) -> Result<Applied, Error> {
        let edits = Arc::new(edits);
        let mut attempts = self.attempts(space);
        let plan = loop {
            // Nothing is done, so this is never written.
            let entry = self.record(caller, action(&edits, same));
            match self.plan(space, None, &edits, same, caller, entry).await? {
                Some(plan) => break plan,
                None => attempts.again().await?,
            }
        };
        // Nothing was done, so the version is still the one before.
        let before = plan.change.map(|(change, ..)| change.from_version);
        let version = before.unwrap_or(plan.applied.version);
        Ok(Applied { version, ..plan.applied })
    }

    /// Reads what is there and works out the change, without making it. `None` when the space changed
    /// meanwhile.
    async fn plan(
        &self,
        space: &SpaceId,
        version: Option<u64>,
        edits: &Arc<Vec<Edit>>,
        same: Same,
        caller: &Caller,
        entry: Entry,
    ) -> Result<Option<Plan>, Error> {
        // The space is read first: whatever changes after that makes the commit stale.
        let row = self.space_row(space).await?;
        if version.is_some_and(|version| version != row.version) {
            return Err(Error::PreconditionFailed { current: Some(row.version) });
        }
        let vault = self.vault(&row)?;
        let hashes: Vec<_> = edits.iter().map(|edit| vault.name_hash(&edit.name)).collect();
        let current = self.store.secrets_by_hash(space, hashes.clone()).await?;
        let Some(checked) = self.checked(&row).await? else { return Ok(None) };
        if !self
            .confirm(&row, hashes.iter().zip(current.iter().map(Option::as_ref)), &vault)
            .await?
        {
            return Ok(None);
        }
        let sum = checked.sum;
        // Given back, so that it can be changed in place after the commit.
        drop(checked);
        let values = match same {
            Same::Write => HashMap::new(),
            Same::Skip => self.sealed_values(space).await?,
        };
        let planner = Planner {
            pasts: self.past(&vault, space, edits, &current).await?,
            values,
            usage: self.store.usage(space).await?,
            sum,
            ..self.planner(vault, edits, caller, entry)?
        };
        let edits = Arc::clone(edits);
        busy(move || planner.plan(&row, &edits, &hashes, &current).map(Some)).await
    }

    /// With what it takes for every change, and nothing of what was there before.
    fn planner(
        &self,
        vault: Vault,
        edits: &[Edit],
        caller: &Caller,
        entry: Entry,
    ) -> Result<Planner, Error> {
        Ok(Planner {
            vault,
            values: HashMap::new(),
            pasts: HashMap::new(),
            usage: Usage::default(),
            summary: None,
            sum: Sum::default(),
            now: self.environment.now(),
            // Random ids cost little, so each edit gets one whether it needs it or not.
            new_ids: edits
                .iter()
                .map(|_| self.environment.random_id())
                .collect::<Result<_, _>>()?,
            tag: self.environment.random_id()?,
            by: caller.actor.display_name().to_owned(),
            entry,
        })
    }

    async fn sealed_values(&self, space: &SpaceId) -> Result<HashMap<SecretId, Vec<u8>>, Error> {
        let snapshot = self.store.snapshot(space).await?;
        let (_, rows) = snapshot.ok_or(Error::NotFound(Thing::Space))?;
        Ok(rows.into_iter().map(|row| (row.secret.id, row.sealed_value)).collect())
    }

    /// What the edits need of the secrets' history.
    async fn past(
        &self,
        vault: &Vault,
        space: &SpaceId,
        edits: &[Edit],
        current: &[Option<SecretRow>],
    ) -> Result<HashMap<SecretName, Past>, Error> {
        let mut pasts = HashMap::new();
        for (edit, row) in edits.iter().zip(current) {
            let Some(row) = row else { continue };
            // An edit that will be refused anyway is refused for that reason, not for what its
            // version has become.
            if check(edit.precondition, live(row)).is_err() {
                continue;
            }
            let older = match (&edit.change, live(row)) {
                (Change::Rollback(version), Some(_)) => *version,
                (Change::Restore, None) => row.version,
                (Change::DestroyVersions(_), _) => {
                    let found = self.store.versions(space, row.name_hash).await?;
                    let versions = found.map(|(_, versions)| versions).unwrap_or_default();
                    pasts.insert(edit.name.clone(), Past::Versions(versions));
                    continue;
                }
                _ => continue,
            };
            let (value, _) = self.version_value(vault, &row.id, older).await?;
            pasts.insert(edit.name.clone(), Past::Older(value));
        }
        Ok(pasts)
    }
}

/// What the trail calls it.
fn action(edits: &[Edit], same: Same) -> Action {
    match (edits, same) {
        (_, Same::Skip) => Action::SecretsImport,
        ([edit], Same::Write) => match edit.change {
            Change::Put(_) => Action::SecretPut,
            Change::Delete => Action::SecretDelete,
            Change::Rollback(_) => Action::SecretRollback,
            Change::Restore => Action::SecretRestore,
            Change::Destroy | Change::DestroyVersions(_) => Action::SecretDestroy,
        },
        _ => Action::SecretsChange,
    }
}
