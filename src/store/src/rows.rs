//! What the store is given and gives back.

use std::fmt;

use crate::AuditKeyRow;
use secret_manager_model::{Kind, Timestamp};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    )*};
}

ids!(
    /// Of a space. Never used again, also when the space is gone.
    SpaceId,
    /// Of a secret. Stays the same when the secret is deleted and made again.
    SecretId,
    /// Of an access token; says nothing about the token itself.
    TokenId,
    /// Of a person with an account. Never used again, also when the account is gone.
    UserId,
    /// Of a person's session; says nothing about its token.
    SessionId
);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpaceRow {
    pub id: SpaceId,
    /// Unique among all spaces; in clear.
    pub name: String,
    pub wrapped_dek: Vec<u8>,
    /// Which key-encryption key wrapped the data key.
    pub kek_id: String,
    /// 0 for a new space, +1 for each change.
    pub version: u64,
    /// Made anew with each change. Unlike the version it also differs when a restored backup counts
    /// through the same versions a second time, so it is what readers compare.
    pub tag: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// How many versions of each secret are kept; older ones go when a new one comes.
    pub kept_versions: u64,
    /// What changed is known since this version of the space, and not since an earlier one: a secret
    /// of which there was something to tell is gone without a trace.
    pub deltas_from: u64,
    /// What all secrets of the space add up to, sealed; `None` only in data of an older layout that
    /// were not opened with the key yet.
    pub sealed_manifest: Option<Vec<u8>>,
}

/// All that key-encryption keys wrapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKeys {
    pub audit_key: AuditKeyRow,
    pub data_keys: Vec<WrappedDek>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedDek {
    pub space: SpaceId,
    pub wrapped_dek: Vec<u8>,
    pub kek_id: String,
}

/// How full a space is: what the limits are checked against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub secrets: u64,
    /// Of all current values, in the size that the writer stated ([`PutRow::size`]).
    pub bytes: u64,
}

/// A secret without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretRow {
    pub id: SecretId,
    pub name_hash: [u8; 32],
    pub sealed_name: Vec<u8>,
    pub version: u64,
    pub kind: Kind,
    pub size: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Who made the current version.
    pub updated_by: String,
    /// The space's version that the last change of the secret made; its deletion is one.
    pub space_version: u64,
    /// A deleted secret keeps its row and its versions, so that its numbers go on when it is made
    /// again.
    pub deleted_at: Option<Timestamp>,
    pub deleted_by: Option<String>,
}

/// A keyed hash of a secret's row.
pub type Seal = [u8; 32];

/// A secret's row, deleted or not, as it is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedRow {
    pub seal: Option<Seal>,
    /// `None` when the row doesn't lead to its current version or can't be read.
    pub secret: Option<SecretRow>,
}

/// A secret with the value of its current version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueRow {
    pub secret: SecretRow,
    pub sealed_value: Vec<u8>,
}

/// One version of a secret, without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionRow {
    pub version: u64,
    pub kind: Kind,
    pub created_at: Timestamp,
    pub created_by: String,
    pub rolled_back_from: Option<u64>,
    /// The value is gone; that there was one is still known.
    pub destroyed: bool,
}

/// One version of a secret with its value, unless that was destroyed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldValueRow {
    pub version: VersionRow,
    pub sealed_value: Option<Vec<u8>>,
}

/// What a reader has of a space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub version: u64,
    /// The tag of that version. `None` when the reader says nothing of it; then nobody can tell whether
    /// the version belongs to the history that the space has now.
    pub tag: Option<String>,
}

impl From<u64> for Held {
    fn from(version: u64) -> Self {
        Self { version, tag: None }
    }
}

/// A space, and what changed in it since one of its versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Since<T> {
    pub space: SpaceRow,
    /// `None` when it isn't known, or is more than was asked for.
    pub changes: Option<Changes<T>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes<T> {
    /// Added or changed, as they are now.
    pub changed: Vec<T>,
    /// Deleted. Some may have come and gone in between.
    pub removed: Vec<SecretRow>,
}

/// Another name for a space.
#[derive(Clone, Debug)]
pub struct Rename {
    /// [`StoreError::Stale`](crate::StoreError::Stale) when the space has another tag by now.
    pub from_tag: String,
    pub tag: String,
    pub name: String,
    pub sealed_manifest: Vec<u8>,
}

/// The first seals of a space.
#[derive(Clone, Debug)]
pub struct Protection {
    pub space: SpaceId,
    pub tag: String,
    pub seals: Vec<(SecretId, Seal)>,
    pub sealed_manifest: Vec<u8>,
}

/// A change of a space, applied whole or not at all.
#[derive(Clone, Debug)]
pub struct SpaceChange {
    pub space: SpaceId,
    /// The version that the change was prepared from.
    pub from_version: u64,
    /// The tag that the space had at that time: a change of its name makes another one as well.
    pub from_tag: String,
    pub tag: String,
    pub at: Timestamp,
    pub by: String,
    pub puts: Vec<PutRow>,
    pub deletions: Vec<SecretId>,
    /// Secrets, deleted or not, that go for good with all their versions.
    pub destructions: Vec<SecretId>,
    /// Versions whose values go for good.
    pub erasures: Vec<(SecretId, u64)>,
    /// The new seals of the secrets that were put or deleted.
    pub seals: Vec<(SecretId, Seal)>,
    pub sealed_manifest: Vec<u8>,
}

/// A new version of a secret; its first one when the id is new.
#[derive(Clone, Debug)]
pub struct PutRow {
    pub id: SecretId,
    pub name_hash: [u8; 32],
    pub sealed_name: Vec<u8>,
    pub version: u64,
    pub kind: Kind,
    pub sealed_value: Vec<u8>,
    pub size: u64,
    pub rolled_back_from: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    pub id: TokenId,
    pub space: SpaceId,
    pub name: String,
    /// SHA-256 of the token. The token has 256 random bits, so nothing slower is needed.
    pub hash: [u8; 32],
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

/// What an access token opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessRow {
    pub token: TokenRow,
    pub space: SpaceRow,
}
