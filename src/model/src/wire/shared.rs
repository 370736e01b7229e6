//! A snapshot's JSON form for many readers: only the time of issue differs from one to the next.

use zeroize::Zeroizing;

use super::{HEADER_OVERHEAD, entries_size, write_entries};
use crate::{Snapshot, Timestamp};

/// What [`write_snapshot`](super::write_snapshot) writes, in two parts.
pub struct SharedSnapshot {
    pub head: SharedHead,
    /// What follows the time of issue. Wiped on drop because it holds values.
    pub rest: Zeroizing<Vec<u8>>,
}

/// The beginning of a snapshot, up to the time of issue. Holds no values.
#[derive(Clone, Debug)]
pub struct SharedHead(String);

impl SharedSnapshot {
    pub fn new(snapshot: &Snapshot) -> Self {
        let Snapshot { space, version, created_at, updated_at, secrets, .. } = snapshot;
        let space = serde_json::to_string(space).unwrap_or_default();
        let head = SharedHead(format!(
            "{{\"space\":{space},\"version\":{version},\"createdAt\":\"{created_at}\",\
             \"updatedAt\":\"{updated_at}\",\"issuedAt\":\""
        ));
        // A growing Vec would leave its outgrown copies unwiped, so its size is known beforehand.
        let mut rest = Zeroizing::new(Vec::with_capacity(HEADER_OVERHEAD + entries_size(secrets)));
        rest.extend_from_slice(b"\",\"secrets\":{");
        write_entries(&mut rest, secrets);
        rest.extend_from_slice(b"}}");
        Self { head, rest }
    }
}

impl SharedHead {
    /// With the time of issue; the rest comes right after it.
    pub fn issued(&self, at: Timestamp) -> String {
        format!("{}{at}", self.0)
    }
}
