//! What engines were answered lately, kept for those that ask next.
//!
//! Nothing in here is believed because it is here. What a token opens is kept with the database's
//! revision from before it was read, and counts only as long as the revision is the same: after any
//! commit of any process it is read again. A snapshot is kept with the space that it was made from,
//! and counts only for exactly that space (another tag is another snapshot) and only as long as
//! nobody outside of this process has committed anything.
//!
//! Snapshots hold values, so they are bounded in size, dropped soon after nobody asks any more, and
//! wiped when the last answer that they are part of has been sent.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use secret_manager_model::wire::SharedHead;
use secret_manager_store::{AccessRow, SpaceId, SpaceRow};
use tokio::sync::OnceCell;
use tokio::time::Instant;

/// More tokens than this in use at once only means that some are read from the database more often.
const ACCESSES: usize = 4096;

/// Of all kept snapshots together. The largest space fits twice.
const BYTES: usize = 64 * 1024 * 1024;

/// Engines ask together, after a change or when a plant starts. Later they ask whether anything has
/// changed, and that needs no snapshot.
const IDLE: Duration = Duration::from_secs(10);

/// A token's hash.
type Hash = [u8; 32];

#[derive(Default)]
pub(crate) struct Recent(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    /// With the revision from before they were read.
    accesses: HashMap<Hash, (u64, Arc<AccessRow>)>,
    snapshots: HashMap<SpaceId, Slot>,
    /// Whether a task looks for what nobody asks for any more.
    swept: bool,
}

struct Slot {
    space: SpaceRow,
    place: Place,
    used: Instant,
}

/// For a snapshot that is made by whoever asks first; those who ask meanwhile wait for it.
pub(crate) type Place = Arc<OnceCell<Prepared>>;

/// A snapshot, ready to be sent.
#[derive(Clone)]
pub(crate) struct Prepared {
    pub(crate) tag: String,
    pub(crate) version: u64,
    pub(crate) secrets: usize,
    /// From before it was read.
    pub(crate) outside_commits: u64,
    pub(crate) head: SharedHead,
    pub(crate) rest: Bytes,
}

impl Recent {
    /// What the token opens, if it was read at this revision.
    pub(crate) fn access(&self, hash: &Hash, revision: u64) -> Option<Arc<AccessRow>> {
        let kept = self.lock();
        let (read_at, row) = kept.accesses.get(hash)?;
        (*read_at == revision).then(|| Arc::clone(row))
    }

    /// Keeps what was read after the database had this revision.
    pub(crate) fn keep_access(&self, hash: Hash, revision: u64, row: &Arc<AccessRow>) {
        let mut kept = self.lock();
        if kept.accesses.len() >= ACCESSES && !kept.accesses.contains_key(&hash) {
            kept.accesses.clear();
        }
        kept.accesses.insert(hash, (revision, Arc::clone(row)));
        self.sweep_later(&mut kept);
    }

    /// The place for the snapshot of a space that is as it says.
    pub(crate) fn snapshot(&self, space: &SpaceRow) -> Place {
        let mut kept = self.lock();
        let used = Instant::now();
        if let Some(slot) = kept.snapshots.get_mut(&space.id)
            && slot.space == *space
        {
            slot.used = used;
            return Arc::clone(&slot.place);
        }
        let place = Place::default();
        let slot = Slot { space: space.clone(), place: Arc::clone(&place), used };
        kept.snapshots.insert(space.id.clone(), slot);
        self.sweep_later(&mut kept);
        place
    }

    /// Gives up snapshots, those that were asked for longest ago first, until the rest fits.
    pub(crate) fn make_room(&self) {
        let mut kept = self.lock();
        while kept.bytes() > BYTES {
            let oldest = kept.snapshots.iter().min_by_key(|(_, slot)| slot.used);
            let Some((id, _)) = oldest else { return };
            let id = id.clone();
            kept.snapshots.remove(&id);
        }
    }

    /// Gives up a place whose snapshot turned out not to be the one. A place that somebody made for
    /// a better one in the meantime stays.
    pub(crate) fn forget(&self, space: &SpaceRow, place: &Place) {
        let mut kept = self.lock();
        if kept.snapshots.get(&space.id).is_some_and(|slot| Arc::ptr_eq(&slot.place, place)) {
            kept.snapshots.remove(&space.id);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sweep_later(&self, kept: &mut Kept) {
        if std::mem::replace(&mut kept.swept, true) {
            return;
        }
        let kept = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(IDLE).await;
                let Some(kept) = kept.upgrade() else { return };
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.snapshots.retain(|_, slot| slot.used.elapsed() < IDLE);
                if kept.snapshots.is_empty() {
                    kept.accesses.clear();
                    kept.swept = false;
                    return;
                }
            }
        });
    }
}

impl Kept {
    fn bytes(&self) -> usize {
        let made = self.snapshots.values().filter_map(|slot| slot.place.get());
        made.map(|snapshot| snapshot.rest.len()).sum()
    }
}
