//! The trait's methods: which connection each runs on and which rows it asks for.

use std::sync::Arc;

use async_trait::async_trait;
use secret_manager_model::{Role, Timestamp};

use super::{
    Sqlite, audit, blocking, commit, copy, history, keys, members, migrations, secrets, sessions,
    spaces, tokens,
};
use crate::{
    AccessRow, Audit, AuditFilter, AuditHead, AuditKeyRow, AuditRow, AuditVisitor, Chain,
    CheckedRow, Held, Leap, MemberRow, OldValueRow, Prepare, Protection, Rename, SecretId,
    SecretRow, Since, SpaceChange, SpaceId, SpaceRow, Store, StoreCopy, StoreError, TokenId,
    TokenRow, Usage, UserId, ValueRow, VersionRow, WrappedKeys,
};

#[async_trait]
impl Store for Sqlite {
    async fn insert_space(&self, space: SpaceRow, audit: Audit) -> Result<(), StoreError> {
        self.write(move |write| {
            spaces::insert(write, &space)?;
            write.append(&audit)
        })
        .await
    }

    async fn insert_owned_space(
        &self,
        space: SpaceRow,
        owner: UserId,
        audit: Audit,
    ) -> Result<(), StoreError> {
        self.write(move |write| {
            spaces::insert(write, &space)?;
            let added_at = space.created_at;
            let owner = MemberRow { space: space.id, user: owner, role: Role::Owner, added_at };
            members::put(write, &owner)?;
            write.append(&audit)
        })
        .await
    }

    async fn spaces(&self) -> Result<Vec<(SpaceRow, Usage)>, StoreError> {
        self.read(|connection| spaces::all(connection)).await
    }

    async fn space(&self, id: &SpaceId) -> Result<Option<SpaceRow>, StoreError> {
        let id = id.clone();
        self.glance(move |connection| spaces::by_id(connection, id.as_str())).await
    }

    async fn space_named(&self, name: &str) -> Result<Option<SpaceRow>, StoreError> {
        let name = name.to_owned();
        self.glance(move |connection| spaces::by_name(connection, &name)).await
    }

    async fn usage(&self, space: &SpaceId) -> Result<Usage, StoreError> {
        let space = space.clone();
        self.read(move |connection| spaces::usage(connection, &space)).await
    }

    async fn rename_space(
        &self,
        space: &SpaceId,
        rename: Rename,
        audit: Audit,
    ) -> Result<SpaceRow, StoreError> {
        let space = space.clone();
        self.write(move |write| {
            let row = spaces::rename(write, &space, &rename)?;
            write.append(&audit)?;
            Ok(row)
        })
        .await
    }

    async fn keep_versions(
        &self,
        space: &SpaceId,
        count: u64,
        audit: Audit,
    ) -> Result<SpaceRow, StoreError> {
        let space = space.clone();
        self.write(move |write| {
            let row = spaces::keep_versions(write, &space, count)?;
            write.append(&audit)?;
            Ok(row)
        })
        .await
    }

    async fn delete_space(&self, id: &SpaceId, audit: Audit) -> Result<(), StoreError> {
        let id = id.clone();
        self.write(move |write| {
            let version = spaces::delete(write, &id)?;
            // With its wrapped key goes all that it opened.
            write.empty_log();
            // As if the end were one more change: an older copy of the space that was put back then
            // doesn't agree with the trail.
            write.append_last(&audit, version + 1)
        })
        .await
    }

    async fn secrets_by_hash(
        &self,
        space: &SpaceId,
        hashes: Vec<[u8; 32]>,
    ) -> Result<Vec<Option<SecretRow>>, StoreError> {
        let space = space.clone();
        self.read(move |connection| secrets::by_hashes(connection, &space, &hashes)).await
    }

    async fn value(&self, space: &SpaceId, hash: [u8; 32]) -> Result<Option<ValueRow>, StoreError> {
        let space = space.clone();
        self.read(move |connection| secrets::value(connection, &space, &hash)).await
    }

    async fn contents(
        &self,
        space: &SpaceId,
    ) -> Result<Option<(SpaceRow, Vec<SecretRow>)>, StoreError> {
        let space = space.clone();
        self.read(move |connection| secrets::contents(connection, &space)).await
    }

    async fn snapshot(
        &self,
        space: &SpaceId,
    ) -> Result<Option<(SpaceRow, Vec<ValueRow>)>, StoreError> {
        let space = space.clone();
        self.read(move |connection| secrets::snapshot(connection, &space)).await
    }

    async fn deleted(
        &self,
        space: &SpaceId,
    ) -> Result<Option<(SpaceRow, Vec<SecretRow>)>, StoreError> {
        let space = space.clone();
        self.read(move |connection| secrets::deleted(connection, &space)).await
    }

    async fn versions(
        &self,
        space: &SpaceId,
        hash: [u8; 32],
    ) -> Result<Option<(SecretRow, Vec<VersionRow>)>, StoreError> {
        let space = space.clone();
        self.read(move |connection| history::versions(connection, &space, &hash)).await
    }

    async fn version(
        &self,
        secret: &SecretId,
        version: u64,
    ) -> Result<Option<OldValueRow>, StoreError> {
        let secret = secret.clone();
        self.read(move |connection| history::version(connection, &secret, version)).await
    }

    async fn changes(
        &self,
        space: &SpaceId,
        since: u64,
    ) -> Result<Option<Since<SecretRow>>, StoreError> {
        let space = space.clone();
        self.read(move |connection| history::changes(connection, &space, since)).await
    }

    async fn delta(
        &self,
        space: &SpaceId,
        held: Held,
        most: u64,
    ) -> Result<Option<Since<ValueRow>>, StoreError> {
        let space = space.clone();
        self.read(move |connection| history::delta(connection, &space, &held, most)).await
    }

    async fn was_at(&self, space: &SpaceId, held: Held) -> Result<bool, StoreError> {
        let space = space.clone();
        self.glance(move |connection| spaces::was_at(connection, &space, &held)).await
    }

    async fn checked_rows(
        &self,
        space: &SpaceId,
    ) -> Result<Option<(SpaceRow, Vec<CheckedRow>)>, StoreError> {
        let space = space.clone();
        self.read(move |connection| secrets::checked_rows(connection, &space)).await
    }

    async fn protect(&self, protection: Protection, audit: Audit) -> Result<(), StoreError> {
        self.write(move |write| {
            commit::protect(write, &protection)?;
            write.append(&audit)
        })
        .await
    }

    async fn commit(&self, change: SpaceChange, audit: Audit) -> Result<(), StoreError> {
        self.write(move |write| {
            commit::commit(write, &change)?;
            write.append(&audit)
        })
        .await
    }

    async fn change(
        &self,
        space: &SpaceId,
        hashes: Vec<[u8; 32]>,
        prepare: Prepare,
    ) -> Result<(), StoreError> {
        let space = space.clone();
        self.write(move |write| {
            let row = spaces::by_id(write, space.as_str())?.ok_or(StoreError::NotFound)?;
            let current = secrets::within(write, &space, &hashes)?;
            let usage = spaces::usage(write, &space)?;
            let Some((change, audit)) = prepare(&row, &current, usage) else { return Ok(()) };
            commit::commit(write, &change)?;
            write.append(&audit)
        })
        .await
    }

    async fn insert_token(&self, token: TokenRow, audit: Audit) -> Result<(), StoreError> {
        self.write(move |write| {
            tokens::insert(write, &token)?;
            write.append(&audit)
        })
        .await
    }

    async fn tokens(&self, space: Option<&SpaceId>) -> Result<Vec<TokenRow>, StoreError> {
        let space = space.cloned();
        self.read(move |connection| tokens::all(connection, space.as_ref().map(SpaceId::as_str)))
            .await
    }

    async fn access(&self, hash: [u8; 32]) -> Result<Option<AccessRow>, StoreError> {
        self.glance(move |connection| tokens::access(connection, &hash)).await
    }

    async fn revoke_token(
        &self,
        id: &TokenId,
        at: Timestamp,
        mut audit: Audit,
    ) -> Result<TokenRow, StoreError> {
        let id = id.clone();
        self.write(move |write| {
            let token = tokens::revoke(write, &id, at)?;
            audit.record.space = Some(token.space.clone());
            write.append(&audit)?;
            Ok(token)
        })
        .await
    }

    async fn touch_token(&self, id: &TokenId, at: Timestamp) -> Result<(), StoreError> {
        let id = id.clone();
        self.write(move |write| tokens::touch(write, &id, at)).await
    }

    async fn note(&self, audit: Audit) -> Result<(), StoreError> {
        self.writer.note(audit).await
    }

    async fn audit_key(&self) -> Result<Option<AuditKeyRow>, StoreError> {
        self.read(|connection| audit::key(connection)).await
    }

    async fn begin_audit(
        &self,
        key: AuditKeyRow,
        chain: Arc<dyn Chain>,
    ) -> Result<AuditKeyRow, StoreError> {
        // Read first: a start needs no lock when there is nothing to write.
        match self.audit_key().await? {
            Some(key) => Ok(key),
            None => self.write(move |write| audit::begin(write, key, &*chain)).await,
        }
    }

    async fn audit(&self, filter: AuditFilter, limit: usize) -> Result<Vec<AuditRow>, StoreError> {
        self.read(move |connection| audit::list(connection, &filter, limit)).await
    }

    async fn audit_length(&self) -> Result<u64, StoreError> {
        self.read(|connection| Ok(audit::head(connection)?.map_or(0, |head| head.sequence))).await
    }

    async fn walk_audit(&self, visitor: AuditVisitor) -> Result<Option<AuditHead>, StoreError> {
        self.read(move |connection| audit::walk(connection, visitor)).await
    }

    async fn check_writable(&self) -> Result<(), StoreError> {
        self.write(|write| migrations::rewrite_layout(write)).await
    }

    async fn kek_ids(&self) -> Result<Vec<String>, StoreError> {
        self.read(|connection| spaces::kek_ids(connection)).await
    }

    async fn bytes(&self) -> Result<u64, StoreError> {
        self.size().await
    }

    fn revision(&self) -> Option<u64> {
        self.lookout.revision().ok()
    }

    fn outside_commits(&self) -> u64 {
        self.writer.outside_commits()
    }

    async fn wrapped_keys(&self) -> Result<WrappedKeys, StoreError> {
        self.read(keys::all).await
    }

    async fn rewrap(&self, keys: WrappedKeys, audit: Audit) -> Result<(), StoreError> {
        self.write(move |write| {
            keys::replace(write, &keys)?;
            write.append(&audit)?;
            // What the old key opens shouldn't be left in the log.
            write.empty_log();
            Ok(())
        })
        .await
    }

    async fn committed(&self, seen: Option<u64>) -> u64 {
        self.bell.wait(|| self.revision().filter(|now| Some(*now) != seen)).await
    }

    async fn heads(&self, spaces: Vec<SpaceId>) -> Result<Vec<Option<(u64, String)>>, StoreError> {
        self.read(move |connection| spaces::heads(connection, &spaces)).await
    }

    async fn ended_tokens(
        &self,
        now: Timestamp,
    ) -> Result<(Vec<TokenId>, Option<Timestamp>), StoreError> {
        self.read(move |connection| tokens::ended(connection, now)).await
    }

    async fn copy(&self, random: u64) -> Result<StoreCopy, StoreError> {
        let (path, busy_timeout) = (self.path.clone(), self.busy_timeout);
        blocking(move || copy::copy(&path, random, busy_timeout)).await
    }

    async fn leap(&self, leaps: Vec<Leap>, audit: Audit) -> Result<(), StoreError> {
        self.write(move |write| {
            write.append(&audit)?;
            for leap in leaps {
                copy::leap(write, &leap)?;
                write.append(&leap.audit)?;
            }
            sessions::delete_all(write)
        })
        .await
    }

    async fn layout(&self) -> Result<i64, StoreError> {
        self.read(|connection| migrations::layout(connection)).await
    }
}
