//! What the store is given and gives back.

use std::fmt;

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
    /// A deleted secret keeps its row and its versions, so that its numbers go on when it is made
    /// again.
    pub deleted_at: Option<Timestamp>,
}

/// A secret with the value of its current version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueRow {
    pub secret: SecretRow,
    pub sealed_value: Vec<u8>,
}

/// A change of a space, applied whole or not at all.
#[derive(Clone, Debug)]
pub struct SpaceChange {
    pub space: SpaceId,
    /// The version that the change was prepared from.
    pub from_version: u64,
    pub tag: String,
    pub at: Timestamp,
    pub by: String,
    pub puts: Vec<PutRow>,
    pub deletions: Vec<SecretId>,
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
