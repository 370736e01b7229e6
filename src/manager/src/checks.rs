//! Checking what was read against the space's manifest, and remembering what was checked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use secret_manager_store::{AuditFilter, Protection, SecretRow, SpaceId, SpaceRow, StoreError};

use crate::manager::busy;
use crate::manifest::{Checked, Followed, Sum};
use crate::turns::Turn;
use crate::vault::Vault;
use crate::{Action, Caller, Error, Manager, Thing};

/// Of all spaces together. The largest spaces fit twenty times, in some 30 MB.
const REMEMBERED: usize = 200_000;

/// Misses in a row before a reader asks this process's writers to wait.
const FREE_ATTEMPTS: u32 = 2;

/// More misses in a row mean that other processes write without a pause.
const ATTEMPTS: u32 = 100;

/// Spaces in the state in which they were last checked or changed. As names of states are never used
/// twice, what is kept here can be out of date but not wrong.
#[derive(Default)]
pub(crate) struct Remembered(Mutex<HashMap<SpaceId, Arc<Checked>>>);

impl Remembered {
    pub(crate) fn find(&self, space: &SpaceRow) -> Option<Arc<Checked>> {
        self.lock().get(&space.id).filter(|checked| checked.tag == space.tag).map(Arc::clone)
    }

    fn keep(&self, space: &SpaceId, checked: Arc<Checked>) {
        let mut all = self.lock();
        all.remove(space);
        if all.values().map(|checked| checked.len()).sum::<usize>() > REMEMBERED {
            all.clear();
        }
        all.insert(space.clone(), checked);
    }

    pub(crate) fn follow(&self, space: &SpaceId, change: &Followed) {
        let mut all = self.lock();
        let Some(checked) = all.remove(space) else { return };
        if checked.tag == change.from_tag {
            let mut checked = Arc::unwrap_or_clone(checked);
            checked.follow(change);
            all.insert(space.clone(), Arc::new(checked));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SpaceId, Arc<Checked>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reading again because the space changed between two readings.
pub(crate) struct Attempts<'a> {
    manager: &'a Manager,
    space: &'a SpaceId,
    missed: u32,
    turn: Option<Turn>,
}

impl Attempts<'_> {
    pub(crate) async fn again(&mut self) -> Result<(), Error> {
        self.missed += 1;
        if self.missed > ATTEMPTS {
            return Err(Error::Busy);
        }
        if self.missed == FREE_ATTEMPTS {
            self.turn = Some(self.manager.turns.take(self.space).await);
        }
        Ok(())
    }
}

impl Manager {
    pub(crate) fn attempts<'a>(&'a self, space: &'a SpaceId) -> Attempts<'a> {
        Attempts { manager: self, space, missed: 0, turn: None }
    }

    /// What the space's rows have to be. `None` when it isn't in this state any more.
    pub(crate) async fn checked(&self, space: &SpaceRow) -> Result<Option<Arc<Checked>>, Error> {
        if let Some(checked) = self.remembered.find(space) {
            return Ok(Some(checked));
        }
        let Some((row, rows)) = self.store.checked_rows(&space.id).await? else { return Ok(None) };
        if row.tag != space.tag {
            return Ok(None);
        }
        let vault = self.vault(&row)?;
        let checked = busy(move || Checked::new(&row, &rows, &vault).map(Arc::new)).await?;
        self.remembered.keep(&space.id, Arc::clone(&checked));
        Ok(Some(checked))
    }

    /// What `read` answers of the space, with what its rows have to be: of one and the same state.
    pub(crate) async fn with_checks<T, F>(
        &self,
        space: &SpaceId,
        read: impl Fn() -> F,
    ) -> Result<(SpaceRow, T, Arc<Checked>), Error>
    where
        F: Future<Output = Result<Option<(SpaceRow, T)>, StoreError>>,
    {
        let mut attempts = self.attempts(space);
        loop {
            let (space, found) = read().await?.ok_or(Error::NotFound(Thing::Space))?;
            if let Some(checked) = self.checked(&space).await? {
                return Ok((space, found, checked));
            }
            attempts.again().await?;
        }
    }

    /// Whether rows that were looked for by the hashes of their names belong to the state that was read before them;
    /// `false` when the space has changed in between, so that they have to be read again.
    pub(crate) async fn confirm(
        &self,
        space: &SpaceRow,
        found: impl Iterator<Item = (&[u8; 32], Option<&SecretRow>)>,
        vault: &Vault,
    ) -> Result<bool, Error> {
        let Some(checked) = self.checked(space).await? else { return Ok(false) };
        let mut found = found;
        let confirmed = found.try_for_each(|(name, row)| checked.confirm_found(name, row, vault));
        let Err(problem) = confirmed else {
            return Ok(true);
        };
        // Of two readings with the same tag, all that was read between them is of that state.
        match self.store.space(&space.id).await? {
            Some(now) if now.tag == space.tag => Err(problem),
            _ => Ok(false),
        }
    }

    /// Gives the spaces of an older layout their manifests: at the first start with this one.
    pub(crate) async fn protect_spaces(&self) -> Result<(), Error> {
        for (space, _) in self.store.spaces().await? {
            if space.sealed_manifest.is_none() {
                self.protect(&space).await?;
            }
        }
        Ok(())
    }

    async fn protect(&self, space: &SpaceRow) -> Result<(), Error> {
        // From its first record on a space has a manifest, so this one was taken away.
        let records = AuditFilter { space: Some(space.id.clone()), ..AuditFilter::default() };
        if !self.store.audit(records, 1).await?.is_empty() {
            tracing::error!(space = %space.id, "the manifest of a space was removed");
            return Ok(());
        }
        let Some((row, rows)) = self.store.checked_rows(&space.id).await? else { return Ok(()) };
        let vault = self.vault(&row)?;
        let protection = busy(move || {
            let mut sum = Sum::default();
            sum.add(&vault.space_seal(&row));
            let mut seals = Vec::with_capacity(rows.len());
            for secret in rows.iter().filter_map(|row| row.secret.as_ref()) {
                let seal = vault.seal_of(secret);
                sum.add(&seal);
                seals.push((secret.id.clone(), seal));
            }
            let sealed_manifest = vault.seal_manifest(&row, &sum)?;
            Ok(Protection { space: row.id, tag: row.tag, seals, sealed_manifest })
        })
        .await?;
        let entry = self.record(&Caller::system(), Action::SpaceUpdate).space(&space.id);
        match self.store.protect(protection, entry.subject("first manifest").finish()).await {
            // Another process was faster.
            Err(StoreError::Stale) => Ok(()),
            result => Ok(result?),
        }
    }
}
