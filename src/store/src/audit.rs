//! The audit trail: what the store keeps of what happened.
//!
//! A record is written in the transaction of the change that it tells of, so there is neither one
//! without the other. Each carries a message authentication code over itself and the code of the
//! record before it: whoever edits, removes, inserts or reorders records breaks the chain. The
//! newest code stands once more in the *head*, with a code of its own, so that a trail whose end was
//! cut off doesn't fit its head.
//!
//! The key of these codes is the manager's. The store is handed a [`Chain`] that computes with it.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use secret_manager_model::Timestamp;

use crate::SpaceId;

/// A message authentication code of the chain.
pub type Mac = [u8; 32];

/// What stands before the first record.
pub const CHAIN_START: Mac = [0; 32];

/// Computes with the audit key.
pub trait Chain: Send + Sync {
    /// The code of a record that follows the one with the code `previous`.
    fn record(&self, previous: &Mac, record: &[u8]) -> Mac;

    fn head(&self, sequence: u64, newest: &Mac) -> Mac;
}

/// What happened, as whoever lets it happen states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    pub at: Timestamp,
    pub actor_kind: String,
    pub actor_id: Option<String>,
    pub actor_name: Option<String>,
    pub action: String,
    pub result: String,
    pub origin: Option<IpAddr>,
    pub request: Option<String>,
    pub space: Option<SpaceId>,
    /// What it was done to, when that isn't a secret: the name of a user, a token, a space; in clear.
    pub subject: Option<String>,
    /// Names of secrets, sealed with the space's data key.
    pub sealed_names: Option<Vec<u8>>,
    /// Of how many secrets, whether or not their names fit in.
    pub count: u64,
    /// The space's version that was handed out, for a record that tells of reading.
    pub read_version: Option<u64>,
}

/// A record on its way into the trail. Every method of the store that takes one writes it in the
/// transaction of the change, and not at all when there is no change.
#[derive(Clone)]
pub struct Audit {
    pub record: AuditRecord,
    pub chain: Arc<dyn Chain>,
}

impl fmt::Debug for Audit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.record.fmt(formatter)
    }
}

/// A record in the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// 1 for the first record, +1 for each; none is left out.
    pub sequence: u64,
    pub record: AuditRecord,
    /// The space's version after it.
    pub version: Option<u64>,
    pub mac: Mac,
}

/// The end of the trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// Of the newest record; 0 when there is none.
    pub sequence: u64,
    /// The code of the newest record.
    pub newest: Mac,
    /// The code over both.
    pub mac: Mac,
}

/// The wrapped key of the trail's codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditKeyRow {
    pub wrapped_key: Vec<u8>,
    /// Which key-encryption key wrapped it.
    pub kek_id: String,
}

/// Which records to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    pub space: Option<SpaceId>,
    /// Older than this sequence only.
    pub before: Option<u64>,
    /// Not before this time.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub to: Option<Timestamp>,
    /// The id or the name of who did it.
    pub actor: Option<String>,
    pub action: Option<String>,
    pub result: Option<String>,
}

/// Shown each record of the trail in its order: its sequence, and `None` for what can't be read as a
/// record any more.
pub type AuditVisitor = Box<dyn FnMut(u64, Option<AuditRow>) + Send>;

impl AuditRow {
    /// The bytes that the record's code is computed over. Each field is preceded by its length, or by
    /// a mark of its own when it is absent, so that no two records have the same bytes.
    pub fn canonical(&self) -> Vec<u8> {
        let Self { sequence, record, version, mac: _ } = self;
        let AuditRecord {
            at,
            actor_kind,
            actor_id,
            actor_name,
            action,
            result,
            origin,
            request,
            space,
            subject,
            sealed_names,
            count,
            read_version,
        } = record;
        let mut bytes = Vec::with_capacity(512);
        let mut put = |field: Option<&[u8]>| match field {
            None => bytes.push(0),
            Some(field) => {
                bytes.push(1);
                bytes.extend_from_slice(&(field.len() as u64).to_be_bytes());
                bytes.extend_from_slice(field);
            }
        };
        fn number(number: Option<u64>) -> Option<[u8; 8]> {
            number.map(u64::to_be_bytes)
        }
        put(Some(b"secret-manager audit record v1"));
        put(Some(&sequence.to_be_bytes()));
        put(Some(&at.as_millis().to_be_bytes()));
        put(Some(actor_kind.as_bytes()));
        put(actor_id.as_deref().map(str::as_bytes));
        put(actor_name.as_deref().map(str::as_bytes));
        put(Some(action.as_bytes()));
        put(Some(result.as_bytes()));
        put(origin.map(address_bytes).as_deref());
        put(request.as_deref().map(str::as_bytes));
        put(space.as_ref().map(|space| space.as_str().as_bytes()));
        put(subject.as_deref().map(str::as_bytes));
        put(sealed_names.as_deref());
        put(Some(&count.to_be_bytes()));
        put(number(*read_version).as_ref().map(<[u8; 8]>::as_slice));
        put(number(*version).as_ref().map(<[u8; 8]>::as_slice));
        bytes
    }
}

/// 4 or 16 bytes.
pub(crate) fn address_bytes(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}
