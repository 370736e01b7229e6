//! Works out what a set of edits does to a space: pure but for the encryption, and without effect
//! until it is committed.

use std::collections::{BTreeSet, HashMap};

use secret_manager_model::limits::{SECRETS_PER_SPACE, SPACE_BYTES};
use secret_manager_model::{SecretName, SecretValue, Timestamp};
use secret_manager_store::{
    Audit, PutRow, SecretId, SecretRow, SpaceChange, SpaceRow, Usage, VersionRow,
};

use crate::audit::Entry;
use crate::edit::{Applied, Change, Edit, Outcome, Precondition};
use crate::manifest::{Followed, Sum, seal_change};
use crate::vault::Vault;
use crate::{Error, SecretSummary, Thing};

pub(crate) struct Plan {
    /// `None` when nothing changes.
    pub(crate) change: Option<(SpaceChange, Audit, Followed)>,
    /// What is true once the change is committed.
    pub(crate) applied: Applied,
}

/// What an edit needs of its secret's history.
pub(crate) enum Past {
    /// The value of the version that comes back.
    Older(SecretValue),
    /// The versions that there are.
    Versions(Vec<VersionRow>),
}

pub(crate) struct Planner {
    pub(crate) vault: Vault,
    /// Current values, where they are needed for comparing.
    pub(crate) values: HashMap<SecretId, Vec<u8>>,
    pub(crate) pasts: HashMap<SecretName, Past>,
    pub(crate) usage: Usage,
    /// What the space's rows add up to before the change.
    pub(crate) sum: Sum,
    pub(crate) now: Timestamp,
    /// Of the last put so far.
    pub(crate) summary: Option<SecretSummary>,
    pub(crate) new_ids: Vec<String>,
    pub(crate) tag: String,
    pub(crate) by: String,
    /// The record of the change, up to the names.
    pub(crate) entry: Entry,
}

/// One edit with what there is for it.
struct Step<'a> {
    edit: &'a Edit,
    hash: [u8; 32],
    /// The secret, deleted or not.
    row: Option<&'a SecretRow>,
    /// For a secret that is made now.
    new_id: String,
}

impl Planner {
    pub(crate) fn plan(
        mut self,
        space: &SpaceRow,
        edits: &[Edit],
        hashes: &[[u8; 32]],
        current: &[Option<SecretRow>],
    ) -> Result<Plan, Error> {
        let mut change = SpaceChange {
            space: space.id.clone(),
            from_version: space.version,
            from_tag: space.tag.clone(),
            tag: std::mem::take(&mut self.tag),
            at: self.now,
            by: std::mem::take(&mut self.by),
            puts: Vec::new(),
            deletions: Vec::new(),
            destructions: Vec::new(),
            erasures: Vec::new(),
            seals: Vec::new(),
            sealed_manifest: Vec::new(),
        };
        let mut outcomes = Vec::with_capacity(edits.len());
        let new_ids = std::mem::take(&mut self.new_ids);
        for (((edit, hash), row), new_id) in edits.iter().zip(hashes).zip(current).zip(new_ids) {
            let step = Step { edit, hash: *hash, row: row.as_ref(), new_id };
            outcomes.push(self.step(step, &mut change)?);
        }
        let nothing = change.puts.is_empty()
            && change.deletions.is_empty()
            && change.destructions.is_empty()
            && change.erasures.is_empty();
        if nothing {
            let (version, at, summary) = (space.version, space.updated_at, self.summary);
            let applied = Applied { version, at, outcomes, summary };
            return Ok(Plan { change: None, applied });
        }
        // A change that only takes away is welcome whatever the limits.
        if !change.puts.is_empty() {
            check_limits(self.usage)?;
        }
        let touched = edits.iter().zip(&outcomes);
        let touched = touched.filter(|(_, outcome)| !matches!(outcome, Outcome::Unchanged(_)));
        let names: Vec<_> = touched.map(|(edit, _)| &edit.name).collect();
        let rows = current.iter().flatten();
        let followed = seal_change(space, rows, self.sum, &mut change, &self.vault)?;
        let audit = self.entry.secrets(&self.vault, names.into_iter())?.finish();
        let (version, at, summary) = (space.version + 1, self.now, self.summary);
        let applied = Applied { version, at, outcomes, summary };
        Ok(Plan { change: Some((change, audit, followed)), applied })
    }

    /// Adds one edit to the change.
    fn step(&mut self, step: Step<'_>, change: &mut SpaceChange) -> Result<Outcome, Error> {
        if let Some(row) = step.row {
            self.vault.confirm_name(row, &step.edit.name)?;
        }
        let found = step.row.and_then(live);
        check(step.edit.precondition, found)?;
        let no_secret = || Error::NotFound(Thing::Secret);
        match &step.edit.change {
            Change::Put(value) => self.put(&step, value, None, change),
            Change::Rollback(version) => {
                found.ok_or_else(no_secret)?;
                let value = self.older(&step.edit.name)?;
                self.put(&step, &value, Some(*version), change)
            }
            Change::Restore => {
                let row = step.row.ok_or_else(no_secret)?;
                check(Precondition::Absent, found)?;
                let value = self.older(&step.edit.name)?;
                self.put(&step, &value, Some(row.version), change)
            }
            Change::Delete => {
                let row = found.ok_or_else(no_secret)?;
                self.usage = without(self.usage, row);
                change.deletions.push(row.id.clone());
                Ok(Outcome::Removed)
            }
            Change::Destroy => {
                let row = step.row.ok_or_else(no_secret)?;
                self.usage = found.map_or(self.usage, |row| without(self.usage, row));
                change.destructions.push(row.id.clone());
                Ok(Outcome::Destroyed)
            }
            Change::DestroyVersions(versions) => {
                let row = step.row.ok_or_else(no_secret)?;
                self.destroy_versions(row, &step.edit.name, versions, change)?;
                Ok(Outcome::Destroyed)
            }
        }
    }

    fn put(
        &mut self,
        step: &Step<'_>,
        value: &SecretValue,
        rolled_back_from: Option<u64>,
        change: &mut SpaceChange,
    ) -> Result<Outcome, Error> {
        let found = step.row.and_then(live);
        if let Some(row) = found
            && self.is_current(row, value)?
        {
            self.summary = Some(SecretSummary {
                name: step.edit.name.clone(),
                kind: row.kind,
                version: row.version,
                created_at: row.created_at,
                updated_at: row.updated_at,
                updated_by: row.updated_by.clone(),
            });
            return Ok(Outcome::Unchanged(row.version));
        }
        // A deleted secret goes on counting where it stopped.
        let version = step.row.map_or(1, |row| row.version + 1);
        let id = step.row.map_or_else(|| SecretId::new(&*step.new_id), |row| row.id.clone());
        let put = PutRow {
            sealed_name: self.vault.seal_name(&id, version, &step.edit.name)?,
            sealed_value: self.vault.seal_value(&id, version, value)?,
            id,
            name_hash: step.hash,
            version,
            kind: value.kind(),
            size: value.expose().len() as u64,
            rolled_back_from,
        };
        self.usage = found.map_or(self.usage, |row| without(self.usage, row));
        self.usage.secrets += 1;
        self.usage.bytes += put.size;
        self.summary = Some(SecretSummary {
            name: step.edit.name.clone(),
            kind: put.kind,
            version,
            // One that comes back after a deletion begins anew.
            created_at: found.map_or(self.now, |row| row.created_at),
            updated_at: self.now,
            updated_by: change.by.clone(),
        });
        change.puts.push(put);
        Ok(if found.is_none() { Outcome::Added(version) } else { Outcome::Changed(version) })
    }

    fn older(&mut self, name: &SecretName) -> Result<SecretValue, Error> {
        match self.pasts.remove(name) {
            Some(Past::Older(value)) => Ok(value),
            _ => Err(Error::NotFound(Thing::Version)),
        }
    }

    fn destroy_versions(
        &mut self,
        row: &SecretRow,
        name: &SecretName,
        versions: &[u64],
        change: &mut SpaceChange,
    ) -> Result<(), Error> {
        if versions.contains(&row.version) {
            return Err(Error::Invalid(format!(
                "version {} is the latest one; set or roll back the secret first, or destroy all of \
                 it",
                row.version
            )));
        }
        let there = match self.pasts.remove(name) {
            Some(Past::Versions(there)) => there,
            _ => Vec::new(),
        };
        let versions: BTreeSet<_> = versions.iter().copied().collect();
        for version in versions {
            let found = there.iter().find(|row| row.version == version);
            // What is destroyed already stays so.
            if !found.ok_or(Error::NotFound(Thing::Version))?.destroyed {
                change.erasures.push((row.id.clone(), version));
            }
        }
        Ok(())
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

/// A secret that is in its space, as opposed to a deleted one.
pub(crate) fn live(row: &SecretRow) -> Option<&SecretRow> {
    Some(row).filter(|row| row.deleted_at.is_none())
}

pub(crate) fn check(precondition: Precondition, live: Option<&SecretRow>) -> Result<(), Error> {
    let current = live.map(|row| row.version);
    let holds = match precondition {
        Precondition::Any => true,
        Precondition::Absent => current.is_none(),
        Precondition::Present => current.is_some(),
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
