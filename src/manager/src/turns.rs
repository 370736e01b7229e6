//! Writers of one space take turns, so that they don't make each other start again. Those of other
//! spaces go on at the same time and share the flush of the disk; those of other processes are met
//! at the commit.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use secret_manager_store::SpaceId;
use tokio::sync::OwnedMutexGuard;

type Lock = Arc<tokio::sync::Mutex<()>>;

#[derive(Default)]
pub(crate) struct Turns(Mutex<HashMap<SpaceId, Lock>>);

/// Lasts until it is dropped.
pub(crate) type Turn = OwnedMutexGuard<()>;

impl Turns {
    pub(crate) async fn take(&self, space: &SpaceId) -> Turn {
        let lock = {
            let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // Those that nobody holds or waits for are of no use to the next one either.
            locks.retain(|id, lock| id == space || Arc::strong_count(lock) > 1);
            Arc::clone(locks.entry(space.clone()).or_default())
        };
        lock.lock_owned().await
    }
}
