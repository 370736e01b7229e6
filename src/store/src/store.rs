//! What every backend does.

use async_trait::async_trait;
use secret_manager_model::Timestamp;

use crate::{
    People, SecretRow, SpaceChange, SpaceId, SpaceRow, StoreError, TokenId, TokenRow, Usage,
    ValueRow,
};

/// How many versions of a secret are kept; older ones go when a new one comes.
pub const KEPT_VERSIONS: u64 = 100;

/// A place for rows. Each method is one transaction; none waits longer than the backend's timeout
/// for a lock.
#[async_trait]
pub trait Store: People + Send + Sync + 'static {
    /// [`StoreError::NameTaken`] when another space has the name.
    async fn insert_space(&self, space: SpaceRow) -> Result<(), StoreError>;

    /// Sorted by name.
    async fn spaces(&self) -> Result<Vec<(SpaceRow, Usage)>, StoreError>;

    async fn space(&self, id: &SpaceId) -> Result<Option<SpaceRow>, StoreError>;

    async fn space_named(&self, name: &str) -> Result<Option<SpaceRow>, StoreError>;

    async fn usage(&self, space: &SpaceId) -> Result<Usage, StoreError>;

    /// With everything in it: secrets, their versions and the access tokens.
    async fn delete_space(&self, id: &SpaceId) -> Result<(), StoreError>;

    /// One answer for each hash, in the same order; deleted secrets too.
    async fn secrets_by_hash(
        &self,
        space: &SpaceId,
        hashes: Vec<[u8; 32]>,
    ) -> Result<Vec<Option<SecretRow>>, StoreError>;

    /// The secret with its current value; `None` for a deleted one.
    async fn value(&self, space: &SpaceId, hash: [u8; 32]) -> Result<Option<ValueRow>, StoreError>;

    /// The space and all its secrets at one moment, without values and deleted ones.
    async fn contents(
        &self,
        space: &SpaceId,
    ) -> Result<Option<(SpaceRow, Vec<SecretRow>)>, StoreError>;

    /// The space and all its secrets at one moment, with values.
    async fn snapshot(
        &self,
        space: &SpaceId,
    ) -> Result<Option<(SpaceRow, Vec<ValueRow>)>, StoreError>;

    /// [`StoreError::Stale`] when the space no longer has [`SpaceChange::from_version`].
    async fn commit(&self, change: SpaceChange) -> Result<(), StoreError>;

    /// [`StoreError::NotFound`] when the space is gone.
    async fn insert_token(&self, token: TokenRow) -> Result<(), StoreError>;

    /// Of one space or of all, the oldest first.
    async fn tokens(&self, space: Option<&SpaceId>) -> Result<Vec<TokenRow>, StoreError>;

    /// Revoked and expired ones too: the rules are the manager's.
    async fn token_by_hash(&self, hash: [u8; 32]) -> Result<Option<TokenRow>, StoreError>;

    /// A token that is revoked already keeps its first time. Returns the token as it is now.
    async fn revoke_token(&self, id: &TokenId, at: Timestamp) -> Result<TokenRow, StoreError>;

    async fn touch_token(&self, id: &TokenId, at: Timestamp) -> Result<(), StoreError>;

    /// Makes a change durable that changes nothing: proof that others would be, too.
    async fn check_writable(&self) -> Result<(), StoreError>;

    /// Which key-encryption keys the data keys are wrapped with, each once.
    async fn kek_ids(&self) -> Result<Vec<String>, StoreError>;

    /// How much room the rows take where they are kept.
    async fn bytes(&self) -> Result<u64, StoreError>;

    /// The number of the layout, for people.
    async fn layout(&self) -> Result<i64, StoreError>;
}
