//! What every backend does.

use std::sync::Arc;

use async_trait::async_trait;
use secret_manager_model::Timestamp;

use crate::{
    AccessRow, Audit, AuditFilter, AuditHead, AuditKeyRow, AuditRow, AuditVisitor, Chain,
    CheckedRow, Held, Leap, OldValueRow, People, Protection, Rename, SecretId, SecretRow, Since,
    SpaceChange, SpaceId, SpaceRow, StoreCopy, StoreError, TokenId, TokenRow, Usage, UserId,
    ValueRow, VersionRow, WrappedKeys,
};

/// Shown the space, the secrets with the hashes that were asked for (deleted ones too) and how full
/// the space is, says what to change. The transaction waits for it meanwhile.
pub type Prepare =
    Box<dyn FnOnce(&SpaceRow, &[Option<SecretRow>], Usage) -> Option<(SpaceChange, Audit)> + Send>;

/// A place for rows. Each method is one transaction; none waits longer than the backend's timeout
/// for a lock.
#[async_trait]
pub trait Store: People + Send + Sync + 'static {
    /// [`StoreError::NameTaken`] when another space has the name; [`StoreError::Stale`] when the data
    /// use another key-encryption key.
    async fn insert_space(&self, space: SpaceRow, audit: Audit) -> Result<(), StoreError>;

    /// As [`Self::insert_space`], with its first owner. [`StoreError::NotFound`] when the user is
    /// gone.
    async fn insert_owned_space(
        &self,
        space: SpaceRow,
        owner: UserId,
        audit: Audit,
    ) -> Result<(), StoreError>;

    /// Sorted by name.
    async fn spaces(&self) -> Result<Vec<(SpaceRow, Usage)>, StoreError>;

    async fn space(&self, id: &SpaceId) -> Result<Option<SpaceRow>, StoreError>;

    async fn space_named(&self, name: &str) -> Result<Option<SpaceRow>, StoreError>;

    async fn usage(&self, space: &SpaceId) -> Result<Usage, StoreError>;

    /// Its tag is made anew, because readers get the name as well. [`StoreError::NameTaken`] when
    /// another space has the name.
    async fn rename_space(
        &self,
        space: &SpaceId,
        rename: Rename,
        audit: Audit,
    ) -> Result<SpaceRow, StoreError>;

    /// Older versions go with the next change of each secret. Returns the space as it is now.
    async fn keep_versions(
        &self,
        space: &SpaceId,
        count: u64,
        audit: Audit,
    ) -> Result<SpaceRow, StoreError>;

    /// With everything in it: secrets, their versions and the access tokens.
    async fn delete_space(&self, id: &SpaceId, audit: Audit) -> Result<(), StoreError>;

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

    /// The space and its deleted secrets at one moment.
    async fn deleted(
        &self,
        space: &SpaceId,
    ) -> Result<Option<(SpaceRow, Vec<SecretRow>)>, StoreError>;

    /// A secret, deleted or not, with those of its versions that are kept, the newest first.
    async fn versions(
        &self,
        space: &SpaceId,
        hash: [u8; 32],
    ) -> Result<Option<(SecretRow, Vec<VersionRow>)>, StoreError>;

    /// One version of a secret.
    async fn version(
        &self,
        secret: &SecretId,
        version: u64,
    ) -> Result<Option<OldValueRow>, StoreError>;

    /// The space and what changed in it since one of its versions, at one moment. There are no
    /// changes when what changed since that version isn't known.
    async fn changes(
        &self,
        space: &SpaceId,
        since: u64,
    ) -> Result<Option<Since<SecretRow>>, StoreError>;

    /// As [`Self::changes`], with values. There are none either when they are more than `most`, or when
    /// the reader names a tag and [`Self::was_at`] doesn't hold.
    async fn delta(
        &self,
        space: &SpaceId,
        held: Held,
        most: u64,
    ) -> Result<Option<Since<ValueRow>>, StoreError>;

    /// Whether this version with this tag is known to lie on the space's way to its present state. What
    /// was long ago isn't known any more, nor is a version without its tag.
    async fn was_at(&self, space: &SpaceId, held: Held) -> Result<bool, StoreError>;

    /// The space and the rows of all its secrets, deleted ones too, at one moment.
    async fn checked_rows(
        &self,
        space: &SpaceId,
    ) -> Result<Option<(SpaceRow, Vec<CheckedRow>)>, StoreError>;

    /// Gives a space of an older layout its seals. [`StoreError::Stale`] when it has them already or
    /// has changed.
    async fn protect(&self, protection: Protection, audit: Audit) -> Result<(), StoreError>;

    /// [`StoreError::Stale`] when the space no longer has [`SpaceChange::from_version`].
    async fn commit(&self, change: SpaceChange, audit: Audit) -> Result<(), StoreError>;

    /// A change that is prepared within the transaction that makes it, for those that take next to
    /// no time to prepare: it can't be stale, and goes to the disk together with others. Nothing is
    /// done when `prepare` wants nothing. [`StoreError::NotFound`] when the space is gone.
    async fn change(
        &self,
        space: &SpaceId,
        hashes: Vec<[u8; 32]>,
        prepare: Prepare,
    ) -> Result<(), StoreError>;

    /// [`StoreError::NotFound`] when the space is gone.
    async fn insert_token(&self, token: TokenRow, audit: Audit) -> Result<(), StoreError>;

    /// Of one space or of all, the oldest first.
    async fn tokens(&self, space: Option<&SpaceId>) -> Result<Vec<TokenRow>, StoreError>;

    /// What the access token with this hash opens, both at one moment. Revoked and expired ones too:
    /// the rules are the manager's.
    async fn access(&self, hash: [u8; 32]) -> Result<Option<AccessRow>, StoreError>;

    /// A token that is revoked already keeps its first time. Returns the token as it is now. The
    /// record's space is filled in here: whoever revokes knows only the token.
    async fn revoke_token(
        &self,
        id: &TokenId,
        at: Timestamp,
        audit: Audit,
    ) -> Result<TokenRow, StoreError>;

    async fn touch_token(&self, id: &TokenId, at: Timestamp) -> Result<(), StoreError>;

    /// Makes a change durable that changes nothing: proof that others would be, too.
    async fn check_writable(&self) -> Result<(), StoreError>;

    /// Which key-encryption keys the data keys are wrapped with, each once.
    async fn kek_ids(&self) -> Result<Vec<String>, StoreError>;

    /// How much room the rows take where they are kept.
    async fn bytes(&self) -> Result<u64, StoreError>;

    /// A number that is another one after each commit, whoever made it, in whatever process. What was
    /// read when it was the same is still current. Told without waiting; `None` when that can't be,
    /// and then nothing is known to be current.
    fn revision(&self) -> Option<u64>;

    /// Writes a record of something that changes nothing in the store.
    async fn note(&self, audit: Audit) -> Result<(), StoreError>;

    async fn audit_key(&self) -> Result<Option<AuditKeyRow>, StoreError>;

    /// Begins the trail with this key, unless there is one. Returns the key that it has.
    async fn begin_audit(
        &self,
        key: AuditKeyRow,
        chain: Arc<dyn Chain>,
    ) -> Result<AuditKeyRow, StoreError>;

    /// At most `limit` records, the newest first.
    async fn audit(&self, filter: AuditFilter, limit: usize) -> Result<Vec<AuditRow>, StoreError>;

    /// How many records were ever made, for people.
    async fn audit_length(&self) -> Result<u64, StoreError>;

    /// Shows the whole trail as it is at one moment, the oldest record first. Returns its head.
    async fn walk_audit(&self, visitor: AuditVisitor) -> Result<Option<AuditHead>, StoreError>;

    /// A number that is another one when somebody else than this store has committed something. Every
    /// write brings it up to date; in between it may lag behind. When it is the same before a read
    /// and after a later write, the read is as good as if it had been made just before the write, but
    /// for what this store changed itself.
    fn outside_commits(&self) -> u64;

    /// At one moment. [`StoreError::NotFound`] before the audit trail begins.
    async fn wrapped_keys(&self) -> Result<WrappedKeys, StoreError>;

    /// Puts these into their places, all wrapped with one key. From then on [`Self::insert_space`]
    /// takes no other one; spaces that were made just before are left as they are.
    async fn rewrap(&self, keys: WrappedKeys, audit: Audit) -> Result<(), StoreError>;

    /// Waits until the revision is another one than `seen`, and returns it: at once when it is
    /// already, and soon after a commit otherwise, whatever process made it. Idle until then. For
    /// one caller at a time.
    async fn committed(&self, seen: Option<u64>) -> u64;

    /// Version and tag of each of these spaces, all at one moment; `None` for those that are gone.
    async fn heads(&self, spaces: Vec<SpaceId>) -> Result<Vec<Option<(u64, String)>>, StoreError>;

    /// The tokens that are revoked or have expired by `now`, and when the next one expires.
    async fn ended_tokens(
        &self,
        now: Timestamp,
    ) -> Result<(Vec<TokenId>, Option<Timestamp>), StoreError>;

    /// A copy of everything at one moment, while others go on writing. `random` tells copies apart
    /// that are made at once.
    async fn copy(&self, random: u64) -> Result<StoreCopy, StoreError>;

    /// After a restore: each space goes on with another version and tag, no delta leads there, and
    /// all sessions have ended. [`StoreError::Stale`] when a version isn't later.
    async fn leap(&self, leaps: Vec<Leap>, audit: Audit) -> Result<(), StoreError>;

    /// The number of the layout, for people.
    async fn layout(&self) -> Result<i64, StoreError>;
}
