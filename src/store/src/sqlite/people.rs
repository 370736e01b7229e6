//! The methods about people: which connection each runs on and which rows it asks for.

use async_trait::async_trait;
use secret_manager_model::{Role, Timestamp};

use super::{Sqlite, attempts, error, members, sessions, users};
use crate::{
    Attempts, Checked, CountAttempt, Identity, InvitationRow, MemberRow, PasswordHash, People,
    SessionId, SessionRow, SpaceId, SpaceRow, StoreError, Usage, UserChange, UserId, UserRow,
};

#[async_trait]
impl People for Sqlite {
    async fn insert_user(
        &self,
        user: UserRow,
        invitation: InvitationRow,
    ) -> Result<(), StoreError> {
        self.write(move |connection| {
            users::insert(connection, &user)?;
            sessions::insert_invitation(connection, &invitation)
        })
        .await
    }

    async fn users(&self) -> Result<Vec<UserRow>, StoreError> {
        self.read(|connection| users::all(connection)).await
    }

    async fn user(&self, id: &UserId) -> Result<Option<UserRow>, StoreError> {
        let id = id.clone();
        self.read(move |connection| users::by_id(connection, id.as_str())).await
    }

    async fn user_named(&self, name: &str) -> Result<Option<UserRow>, StoreError> {
        let name = name.to_owned();
        self.read(move |connection| users::by_name(connection, &name)).await
    }

    async fn any_user(&self) -> Result<bool, StoreError> {
        self.read(|connection| users::any(connection)).await
    }

    async fn update_user(
        &self,
        id: &UserId,
        change: UserChange,
        at: Timestamp,
    ) -> Result<UserRow, StoreError> {
        let id = id.clone();
        self.write(move |connection| users::update(connection, &id, &change, at)).await
    }

    async fn delete_user(&self, id: &UserId) -> Result<(), StoreError> {
        let id = id.clone();
        self.write(move |connection| users::delete(connection, &id)).await
    }

    async fn invite(&self, invitation: InvitationRow) -> Result<(), StoreError> {
        self.write(move |connection| sessions::invite(connection, &invitation)).await
    }

    async fn invitation(
        &self,
        code_hash: [u8; 32],
    ) -> Result<Option<(InvitationRow, UserRow)>, StoreError> {
        self.read(move |connection| sessions::invitation(connection, &code_hash)).await
    }

    async fn accept_invitation(
        &self,
        code_hash: [u8; 32],
        password_hash: PasswordHash,
        session: SessionRow,
        name_hash: [u8; 32],
    ) -> Result<(), StoreError> {
        self.write(move |connection| {
            sessions::accept(connection, &code_hash, &password_hash, &session, &name_hash)
        })
        .await
    }

    async fn put_setup_code(&self, hash: [u8; 32], at: Timestamp) -> Result<bool, StoreError> {
        self.write(move |connection| sessions::put_setup_code(connection, &hash, at)).await
    }

    async fn setup_code(&self) -> Result<Option<[u8; 32]>, StoreError> {
        self.read(|connection| sessions::setup_code(connection)).await
    }

    async fn set_up(
        &self,
        code_hash: [u8; 32],
        user: UserRow,
        session: SessionRow,
    ) -> Result<(), StoreError> {
        self.write(move |connection| sessions::set_up(connection, &code_hash, &user, &session))
            .await
    }

    async fn count_attempt(
        &self,
        name_hash: [u8; 32],
        at: Timestamp,
        forget: Timestamp,
        count: CountAttempt,
    ) -> Result<Result<Attempts, Attempts>, StoreError> {
        self.write(move |connection| attempts::count(connection, &name_hash, at, forget, count))
            .await
    }

    async fn locked(&self, at: Timestamp) -> Result<Vec<[u8; 32]>, StoreError> {
        self.read(move |connection| attempts::locked(connection, at)).await
    }

    async fn forget_attempts(&self, name_hash: [u8; 32]) -> Result<(), StoreError> {
        self.write(move |connection| attempts::forget(connection, &name_hash)).await
    }

    async fn sign_in(&self, session: SessionRow, checked: Checked) -> Result<(), StoreError> {
        self.write(move |connection| sessions::sign_in(connection, &session, &checked)).await
    }

    async fn replace_password(
        &self,
        user: &UserId,
        from: PasswordHash,
        to: PasswordHash,
        ends_sessions: Option<SessionId>,
    ) -> Result<(), StoreError> {
        let user = user.clone();
        self.write(move |connection| {
            if !users::set_password(connection, &user, Some(&from), Some(&to))? {
                return Err(StoreError::Stale);
            }
            if let Some(except) = ends_sessions {
                sessions::delete_of_user(connection, &user, Some(&except))?;
            }
            Ok(())
        })
        .await
    }

    async fn session_by_hash(
        &self,
        token_hash: [u8; 32],
    ) -> Result<Option<(SessionRow, UserRow)>, StoreError> {
        self.read(move |connection| sessions::by_hash(connection, &token_hash)).await
    }

    async fn touch_session(&self, id: &SessionId, at: Timestamp) -> Result<(), StoreError> {
        let id = id.clone();
        self.write(move |connection| sessions::touch(connection, &id, at)).await
    }

    async fn delete_session(&self, id: &SessionId) -> Result<(), StoreError> {
        let id = id.clone();
        self.write(move |connection| sessions::delete(connection, &id)).await
    }

    async fn delete_sessions(&self, user: &UserId) -> Result<u64, StoreError> {
        let user = user.clone();
        self.write(move |connection| sessions::delete_of_user(connection, &user, None)).await
    }

    async fn user_of_identity(&self, identity: &Identity) -> Result<Option<UserRow>, StoreError> {
        let identity = identity.clone();
        self.read(move |connection| users::by_identity(connection, &identity)).await
    }

    async fn link_identity(
        &self,
        user: &UserId,
        identity: Identity,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let user = user.clone();
        self.write(move |connection| {
            users::link(connection, &user, &identity, at)?;
            sessions::delete_invitation(connection, &user)
        })
        .await
    }

    async fn insert_linked_user(
        &self,
        user: UserRow,
        identity: Identity,
    ) -> Result<(), StoreError> {
        self.write(move |connection| {
            users::insert(connection, &user)?;
            users::link(connection, &user.id, &identity, user.created_at)
        })
        .await
    }

    async fn members(&self, space: &SpaceId) -> Result<Vec<(MemberRow, UserRow)>, StoreError> {
        let space = space.clone();
        self.read(move |connection| members::of_space(connection, &space)).await
    }

    async fn spaces_of(&self, user: &UserId) -> Result<Vec<(SpaceRow, Usage, Role)>, StoreError> {
        let user = user.clone();
        self.read(move |connection| {
            // One transaction, so that no space goes between the list and its rows.
            let transaction = connection.transaction().map_err(error::from)?;
            members::of_user(&transaction, &user)
        })
        .await
    }

    async fn role(&self, space: &SpaceId, user: &UserId) -> Result<Option<Role>, StoreError> {
        let (space, user) = (space.clone(), user.clone());
        self.read(move |connection| members::role_of(connection, &space, &user)).await
    }

    async fn put_member(&self, member: MemberRow) -> Result<(MemberRow, bool), StoreError> {
        self.write(move |connection| members::put(connection, &member)).await
    }

    async fn delete_member(&self, space: &SpaceId, user: &UserId) -> Result<(), StoreError> {
        let (space, user) = (space.clone(), user.clone());
        self.write(move |connection| members::delete(connection, &space, &user)).await
    }
}
