//! The methods about people: which connection each runs on and which rows it asks for.

use async_trait::async_trait;
use secret_manager_model::{Role, Timestamp};

use super::{Sqlite, attempts, error, members, sessions, users};
use crate::{
    Attempts, Audit, Checked, CountAttempt, Identity, InvitationRow, MemberRow, PasswordHash,
    People, SessionId, SessionRow, SpaceId, SpaceRow, StoreError, Usage, UserChange, UserId,
    UserRow,
};

#[async_trait]
impl People for Sqlite {
    async fn insert_user(
        &self,
        user: UserRow,
        invitation: InvitationRow,
        audit: Audit,
    ) -> Result<(), StoreError> {
        self.write(move |write| {
            users::insert(write, &user)?;
            sessions::insert_invitation(write, &invitation)?;
            write.append(&audit)
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
        audit: Audit,
    ) -> Result<UserRow, StoreError> {
        let id = id.clone();
        self.write(move |write| {
            let user = users::update(write, &id, &change, at)?;
            write.append(&audit)?;
            Ok(user)
        })
        .await
    }

    async fn delete_user(&self, id: &UserId, audit: Audit) -> Result<(), StoreError> {
        let id = id.clone();
        self.write(move |write| {
            users::delete(write, &id)?;
            write.append(&audit)
        })
        .await
    }

    async fn invite(&self, invitation: InvitationRow, audit: Audit) -> Result<(), StoreError> {
        self.write(move |write| {
            sessions::invite(write, &invitation)?;
            write.append(&audit)
        })
        .await
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
        audits: [Audit; 2],
    ) -> Result<(), StoreError> {
        self.write(move |write| {
            sessions::accept(write, &code_hash, &password_hash, &session, &name_hash)?;
            audits.iter().try_for_each(|audit| write.append(audit))
        })
        .await
    }

    async fn put_setup_code(&self, hash: [u8; 32], at: Timestamp) -> Result<bool, StoreError> {
        self.write(move |write| sessions::put_setup_code(write, &hash, at)).await
    }

    async fn setup_code(&self) -> Result<Option<[u8; 32]>, StoreError> {
        self.read(|connection| sessions::setup_code(connection)).await
    }

    async fn set_up(
        &self,
        code_hash: [u8; 32],
        user: UserRow,
        session: SessionRow,
        audits: [Audit; 2],
    ) -> Result<(), StoreError> {
        self.write(move |write| {
            sessions::set_up(write, &code_hash, &user, &session)?;
            audits.iter().try_for_each(|audit| write.append(audit))
        })
        .await
    }

    async fn count_attempt(
        &self,
        name_hash: [u8; 32],
        at: Timestamp,
        forget: Timestamp,
        count: CountAttempt,
    ) -> Result<Result<Attempts, Attempts>, StoreError> {
        self.write(move |write| attempts::count(write, &name_hash, at, forget, count)).await
    }

    async fn locked(&self, at: Timestamp) -> Result<Vec<[u8; 32]>, StoreError> {
        self.read(move |connection| attempts::locked(connection, at)).await
    }

    async fn forget_attempts(&self, name_hash: [u8; 32]) -> Result<(), StoreError> {
        self.write(move |write| attempts::forget(write, &name_hash)).await
    }

    async fn sign_in(
        &self,
        session: SessionRow,
        checked: Checked,
        audit: Audit,
    ) -> Result<(), StoreError> {
        self.write(move |write| {
            sessions::sign_in(write, &session, &checked)?;
            write.append(&audit)
        })
        .await
    }

    async fn replace_password(
        &self,
        user: &UserId,
        from: PasswordHash,
        to: PasswordHash,
        ends_sessions: Option<SessionId>,
        audit: Option<Audit>,
    ) -> Result<(), StoreError> {
        let user = user.clone();
        self.write(move |write| {
            if !users::set_password(write, &user, Some(&from), Some(&to))? {
                return Err(StoreError::Stale);
            }
            if let Some(except) = ends_sessions {
                sessions::delete_of_user(write, &user, Some(&except))?;
            }
            audit.iter().try_for_each(|audit| write.append(audit))
        })
        .await
    }

    async fn session_by_hash(
        &self,
        token_hash: [u8; 32],
    ) -> Result<Option<(SessionRow, UserRow)>, StoreError> {
        self.glance(move |connection| sessions::by_hash(connection, &token_hash)).await
    }

    async fn session(&self, id: &SessionId) -> Result<Option<(SessionRow, UserRow)>, StoreError> {
        let id = id.clone();
        self.read(move |connection| sessions::by_id(connection, &id)).await
    }

    async fn touch_session(&self, id: &SessionId, at: Timestamp) -> Result<(), StoreError> {
        let id = id.clone();
        self.write(move |write| sessions::touch(write, &id, at)).await
    }

    async fn delete_session(&self, id: &SessionId, audit: Audit) -> Result<(), StoreError> {
        let id = id.clone();
        self.write(
            move |write| {
                if sessions::delete(write, &id)? { write.append(&audit) } else { Ok(()) }
            },
        )
        .await
    }

    async fn delete_sessions(&self, user: &UserId, audit: Audit) -> Result<u64, StoreError> {
        let user = user.clone();
        self.write(move |write| {
            let deleted = sessions::delete_of_user(write, &user, None)?;
            write.append(&audit)?;
            Ok(deleted)
        })
        .await
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
        by_invitation: bool,
        audit: Audit,
    ) -> Result<(), StoreError> {
        let user = user.clone();
        self.write(move |write| {
            if !sessions::use_up_invitation(write, &user, at)? && by_invitation {
                return Err(StoreError::NotFound);
            }
            users::link(write, &user, &identity, at)?;
            write.append(&audit)
        })
        .await
    }

    async fn insert_linked_user(
        &self,
        user: UserRow,
        identity: Identity,
        audit: Audit,
    ) -> Result<(), StoreError> {
        self.write(move |write| {
            users::insert(write, &user)?;
            users::link(write, &user.id, &identity, user.created_at)?;
            write.append(&audit)
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
        self.glance(move |connection| members::role_of(connection, &space, &user)).await
    }

    async fn put_member(
        &self,
        member: MemberRow,
        audit: Audit,
    ) -> Result<(MemberRow, bool), StoreError> {
        self.write(move |write| {
            let put = members::put(write, &member)?;
            write.append(&audit)?;
            Ok(put)
        })
        .await
    }

    async fn delete_member(
        &self,
        space: &SpaceId,
        user: &UserId,
        audit: Audit,
    ) -> Result<(), StoreError> {
        let (space, user) = (space.clone(), user.clone());
        self.write(move |write| {
            members::delete(write, &space, &user)?;
            write.append(&audit)
        })
        .await
    }
}
