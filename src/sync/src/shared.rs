//! What the task that syncs and those who read have in common.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use secret_manager_model::{Diff, Secret, SecretName};
use secret_manager_source::Failure;

use crate::machine::{Ended, Ticket};
use crate::masking::Masking;
use crate::news::{Change, Finished, News};
use crate::status::{State, Status};

/// Called on the engine's thread when [`crate::Engine::drain`] has something to tell, and not again before
/// it was called.
pub type Notify = Box<dyn Fn() + Send + Sync>;

pub(crate) type Secrets = HashMap<SecretName, Secret>;

/// Written by the engine's task, read by whoever holds the [`crate::Engine`].
pub(crate) struct Shared {
    /// Replaced as a whole, so that a reader sees one snapshot or the next.
    secrets: RwLock<Arc<Secrets>>,
    status: Mutex<Status>,
    news: Mutex<Inbox>,
    /// Told when requested syncs have ended.
    ended: Condvar,
    notify: Notify,
    /// Set before anything is published, or never.
    masking: OnceLock<Arc<Masking>>,
}

#[derive(Default)]
struct Inbox {
    news: News,
    /// The reader was told and has not come yet: telling again would add nothing.
    announced: bool,
    /// The latest request that has ended, for those who wait for one.
    last_ended: Ticket,
    /// What the reader is done with; dropped by the engine's task when it next comes by.
    spent: Vec<Change>,
}

impl Shared {
    pub(crate) fn new(notify: Notify) -> Self {
        Self {
            secrets: RwLock::default(),
            status: Mutex::default(),
            news: Mutex::default(),
            ended: Condvar::new(),
            notify,
            masking: OnceLock::new(),
        }
    }

    pub(crate) fn mask_with(&self, masking: Arc<Masking>) {
        // Others would not know of what was published with the first.
        let _ = self.masking.set(masking);
    }

    pub(crate) fn masking(&self) -> Option<Arc<Masking>> {
        self.masking.get().cloned()
    }

    pub(crate) fn secrets(&self) -> RwLockReadGuard<'_, Arc<Secrets>> {
        self.secrets.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn status(&self) -> Status {
        self.lock_status().clone()
    }

    pub(crate) fn drain(&self) -> News {
        let mut inbox = self.lock_news();
        inbox.announced = false;
        std::mem::take(&mut inbox.news)
    }

    /// Takes back a change, so that freeing its names holds up the engine's task and not the reader.
    pub(crate) fn give_back(&self, change: Change) {
        self.lock_news().spent.push(change);
    }

    /// Publishes other secrets and notes the difference. The old ones are wiped on this thread.
    pub(crate) fn publish(&self, version: Option<u64>, secrets: Arc<Secrets>) {
        let before = Arc::clone(&self.secrets());
        let diff = Diff::between(&before, &secrets);
        if let Some(masking) = self.masking.get() {
            let new = diff.added.iter().chain(&diff.changed).filter_map(|name| secrets.get(name));
            let old = diff.removed.iter().chain(&diff.changed).filter_map(|name| before.get(name));
            masking.replaced(new, old);
        }
        *self.secrets.write().unwrap_or_else(PoisonError::into_inner) = secrets;
        drop(before);
        self.lock_news().news.note_change(version, diff);
    }

    /// Changes the published secrets, at a cost of what changes and not of what there is.
    pub(crate) fn amend(&self, version: u64, changed: Secrets, removed: &[SecretName]) {
        if let Some(masking) = self.masking.get() {
            let published = self.secrets();
            let old = changed.keys().chain(removed).filter_map(|name| published.get(name));
            masking.replaced(changed.values(), old);
        }
        let mut secrets = self.secrets.write().unwrap_or_else(PoisonError::into_inner);
        // A copy of all is only made while the cache is being written.
        let published = Arc::make_mut(&mut secrets);
        let mut diff = Diff::default();
        let mut old = Vec::new();
        for name in removed {
            if let Some(secret) = published.remove(name) {
                diff.removed.push(name.clone());
                old.push(secret);
            }
        }
        for (name, secret) in changed {
            match published.entry(name) {
                Entry::Vacant(place) => {
                    diff.added.push(place.key().clone());
                    place.insert(secret);
                }
                Entry::Occupied(mut place) => {
                    if place.get().value != secret.value {
                        diff.changed.push(place.key().clone());
                    }
                    old.push(place.insert(secret));
                }
            }
        }
        drop(secrets);
        drop(old);
        self.lock_news().news.note_change(Some(version), diff);
    }

    pub(crate) fn finish(&self, tickets: Vec<Ticket>, outcome: &Result<(), Ended>) {
        let mut inbox = self.lock_news();
        inbox.last_ended = tickets.iter().copied().fold(inbox.last_ended, Ticket::max);
        let finished =
            tickets.into_iter().map(|ticket| Finished { ticket, outcome: outcome.clone() });
        inbox.news.finished.extend(finished);
        drop(inbox);
        self.ended.notify_all();
    }

    /// Blocks the caller until the sync of a request, or of a later one, has ended, `limit` at most.
    /// Says whether it has.
    pub(crate) fn wait_for(&self, ticket: Ticket, limit: Duration) -> bool {
        let under_way = |inbox: &mut Inbox| inbox.last_ended < ticket;
        let waited = self.ended.wait_timeout_while(self.lock_news(), limit, under_way);
        let (inbox, _) = waited.unwrap_or_else(PoisonError::into_inner);
        inbox.last_ended >= ticket
    }

    /// The work was interrupted; what is published is there as before.
    pub(crate) fn interrupted(&self, failure: Failure) {
        let status = self.status();
        let state = match (status.state, &status.facts) {
            (State::Idle, _) => State::Idle,
            (_, Some(_)) => State::Stale,
            (_, None) => State::Unreachable,
        };
        let failure = Some(failure);
        self.set_status(Status { state, failure, live: false, next_at: None, ..status });
    }

    pub(crate) fn set_status(&self, status: Status) {
        let mut current = self.lock_status();
        let looks_other = status.looks_other_than(&current);
        *current = status;
        drop(current);
        self.lock_news().news.state_changed |= looks_other;
    }

    /// Tells the reader if there is something to tell that it doesn't know of.
    pub(crate) fn announce(&self) {
        let mut inbox = self.lock_news();
        let spent = std::mem::take(&mut inbox.spent);
        let tell = !inbox.announced && !inbox.news.is_empty();
        inbox.announced |= tell;
        drop(inbox);
        drop(spent);
        if tell {
            (self.notify)();
        }
    }

    fn lock_status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_news(&self) -> MutexGuard<'_, Inbox> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(masking) = self.masking.get() {
            masking.replaced([], self.secrets().values());
        }
    }
}
