//! Writers of one space that prepare a change beforehand take turns, so that they don't make each other
//! start again. What is prepared within its commit needs no turn of its own, but has to stay out of
//! theirs. Those of other spaces go on at the same time and share the flush of the disk; those of
//! other processes are met at the commit.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use secret_manager_store::SpaceId;
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

type Lock = Arc<RwLock<()>>;

#[derive(Default)]
pub(crate) struct Turns(Mutex<HashMap<SpaceId, Lock>>);

/// Lasts until it is dropped.
pub(crate) type Turn = OwnedRwLockWriteGuard<()>;

impl Turns {
    pub(crate) async fn take(&self, space: &SpaceId) -> Turn {
        self.of(space).write_owned().await
    }

    /// Together with others that share it.
    pub(crate) async fn share(&self, space: &SpaceId) -> OwnedRwLockReadGuard<()> {
        self.of(space).read_owned().await
    }

    fn of(&self, space: &SpaceId) -> Lock {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that nobody holds or waits for are of no use to the next one either.
        locks.retain(|id, lock| id == space || Arc::strong_count(lock) > 1);
        Arc::clone(locks.entry(space.clone()).or_default())
    }
}
