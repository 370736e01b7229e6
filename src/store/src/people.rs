//! People: what the store keeps of them and what every backend does with it.
//!
//! A condition that has to hold across rows (the last administrator stays, a code works once) is
//! checked in the transaction that changes them, so it holds however many processes write.

use std::fmt;

use async_trait::async_trait;
use secret_manager_model::{Role, Timestamp};

use crate::{Audit, SessionId, SpaceId, SpaceRow, StoreError, Usage, UserId};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRow {
    pub id: UserId,
    /// Unique; in small letters.
    pub name: String,
    pub display_name: String,
    pub administrator: bool,
    /// `None` until an invitation is accepted, and for people who sign in elsewhere.
    pub password_hash: Option<PasswordHash>,
    /// Whether an identity at an OpenID provider belongs to the user.
    pub linked: bool,
    pub created_at: Timestamp,
    pub last_sign_in_at: Option<Timestamp>,
    pub disabled_at: Option<Timestamp>,
}

/// A password's hash with its salt and parameters, as one text. Not printed: whoever reads it in a
/// log can try passwords on it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PasswordHash(•••)")
    }
}

/// What changes of a user; `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserChange {
    pub display_name: Option<String>,
    pub administrator: Option<bool>,
    pub disabled: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvitationRow {
    pub user: UserId,
    pub code_hash: [u8; 32],
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    pub id: SessionId,
    pub user: UserId,
    pub token_hash: [u8; 32],
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    pub expires_at: Timestamp,
}

/// How signing in under a name went of late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempts {
    /// In a row.
    pub failures: u32,
    pub last_at: Timestamp,
    pub locked_until: Option<Timestamp>,
}

/// Looks at the attempts so far and counts one more, or refuses it. Pure: it runs inside a
/// transaction.
pub type CountAttempt = fn(Option<Attempts>, Timestamp) -> Result<Attempts, Attempts>;

/// Who somebody is to an OpenID provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub issuer: String,
    pub subject: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRow {
    pub space: SpaceId,
    pub user: UserId,
    pub role: Role,
    pub added_at: Timestamp,
}

/// A place for people. Each method is one transaction.
#[async_trait]
pub trait People: Send + Sync + 'static {
    /// [`StoreError::NameTaken`] when another user has the name.
    async fn insert_user(
        &self,
        user: UserRow,
        invitation: InvitationRow,
        audit: Audit,
    ) -> Result<(), StoreError>;

    /// Sorted by name.
    async fn users(&self) -> Result<Vec<UserRow>, StoreError>;

    async fn user(&self, id: &UserId) -> Result<Option<UserRow>, StoreError>;

    async fn user_named(&self, name: &str) -> Result<Option<UserRow>, StoreError>;

    async fn any_user(&self) -> Result<bool, StoreError>;

    /// Disabling ends the user's sessions. [`StoreError::LastAdministrator`] when nobody would be
    /// left who can sign in as one. Returns the user as it is now.
    async fn update_user(
        &self,
        id: &UserId,
        change: UserChange,
        at: Timestamp,
        audit: Audit,
    ) -> Result<UserRow, StoreError>;

    /// With sessions, invitation, identities and memberships. [`StoreError::LastAdministrator`] as
    /// with an update; [`StoreError::LastOwner`] when a space would be left without one.
    async fn delete_user(&self, id: &UserId, audit: Audit) -> Result<(), StoreError>;

    /// Replaces an older invitation, takes away the password and the identities, ends the sessions.
    async fn invite(&self, invitation: InvitationRow, audit: Audit) -> Result<(), StoreError>;

    /// Expired ones too: the rules are the manager's.
    async fn invitation(
        &self,
        code_hash: [u8; 32],
    ) -> Result<Option<(InvitationRow, UserRow)>, StoreError>;

    /// Uses the invitation up, sets the password, forgets failed attempts under `name_hash` and
    /// begins a session. [`StoreError::NotFound`] when the invitation is gone or the user disabled.
    async fn accept_invitation(
        &self,
        code_hash: [u8; 32],
        password_hash: PasswordHash,
        session: SessionRow,
        name_hash: [u8; 32],
        audits: [Audit; 2],
    ) -> Result<(), StoreError>;

    /// Replaces an older one. `false` when there is a user already, and then none is kept.
    async fn put_setup_code(&self, hash: [u8; 32], at: Timestamp) -> Result<bool, StoreError>;

    async fn setup_code(&self) -> Result<Option<[u8; 32]>, StoreError>;

    /// Uses the code up, makes the first user, who becomes the owner of all spaces that there are,
    /// and begins a session. [`StoreError::NotFound`] when this isn't the code (any more) or there
    /// is a user already.
    async fn set_up(
        &self,
        code_hash: [u8; 32],
        user: UserRow,
        session: SessionRow,
        audits: [Audit; 2],
    ) -> Result<(), StoreError>;

    /// Notes an attempt before it is made, so that many at once don't count as one; what `count`
    /// refuses is returned as it is. Forgets others whose last attempt was before `forget`.
    async fn count_attempt(
        &self,
        name_hash: [u8; 32],
        at: Timestamp,
        forget: Timestamp,
        count: CountAttempt,
    ) -> Result<Result<Attempts, Attempts>, StoreError>;

    /// The name hashes that are locked.
    async fn locked(&self, at: Timestamp) -> Result<Vec<[u8; 32]>, StoreError>;

    async fn forget_attempts(&self, name_hash: [u8; 32]) -> Result<(), StoreError>;

    /// Notes the sign-in and forgets failed attempts under `name_hash`. [`StoreError::Stale`] when
    /// the user was disabled or no longer has the password that was checked.
    async fn sign_in(
        &self,
        session: SessionRow,
        checked: Checked,
        audit: Audit,
    ) -> Result<(), StoreError>;

    /// Replaces the password's hash; with `ends_sessions` it ends all sessions but that one.
    /// [`StoreError::Stale`] when the hash is no longer `from`.
    async fn replace_password(
        &self,
        user: &UserId,
        from: PasswordHash,
        to: PasswordHash,
        ends_sessions: Option<SessionId>,
        audit: Option<Audit>,
    ) -> Result<(), StoreError>;

    /// Ended ones too: the rules are the manager's.
    async fn session_by_hash(
        &self,
        token_hash: [u8; 32],
    ) -> Result<Option<(SessionRow, UserRow)>, StoreError>;

    /// As [`Self::session_by_hash`].
    async fn session(&self, id: &SessionId) -> Result<Option<(SessionRow, UserRow)>, StoreError>;

    async fn touch_session(&self, id: &SessionId, at: Timestamp) -> Result<(), StoreError>;

    /// Ending what has ended is fine, and leaves no record.
    async fn delete_session(&self, id: &SessionId, audit: Audit) -> Result<(), StoreError>;

    /// How many there were.
    async fn delete_sessions(&self, user: &UserId, audit: Audit) -> Result<u64, StoreError>;

    async fn user_of_identity(&self, identity: &Identity) -> Result<Option<UserRow>, StoreError>;

    /// Uses up an invitation that hasn't expired at `at`; with `by_invitation` there has to be one,
    /// else it is [`StoreError::NotFound`]. [`StoreError::NameTaken`] when the identity belongs to
    /// somebody or the user has another one of that issuer.
    async fn link_identity(
        &self,
        user: &UserId,
        identity: Identity,
        at: Timestamp,
        by_invitation: bool,
        audit: Audit,
    ) -> Result<(), StoreError>;

    /// A user who signs in elsewhere from the beginning. [`StoreError::NameTaken`] as above.
    async fn insert_linked_user(
        &self,
        user: UserRow,
        identity: Identity,
        audit: Audit,
    ) -> Result<(), StoreError>;

    /// Sorted by the users' names.
    async fn members(&self, space: &SpaceId) -> Result<Vec<(MemberRow, UserRow)>, StoreError>;

    /// The spaces of which the user is a member, sorted by name.
    async fn spaces_of(&self, user: &UserId) -> Result<Vec<(SpaceRow, Usage, Role)>, StoreError>;

    async fn role(&self, space: &SpaceId, user: &UserId) -> Result<Option<Role>, StoreError>;

    /// `true` when the user was no member before; a member keeps the time it was added.
    /// [`StoreError::LastOwner`] when nobody would be left as owner.
    async fn put_member(
        &self,
        member: MemberRow,
        audit: Audit,
    ) -> Result<(MemberRow, bool), StoreError>;

    /// [`StoreError::LastOwner`] as above.
    async fn delete_member(
        &self,
        space: &SpaceId,
        user: &UserId,
        audit: Audit,
    ) -> Result<(), StoreError>;
}

/// What a sign-in was checked against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    /// The password with this hash, of the name with this hash.
    Password { hash: PasswordHash, name_hash: [u8; 32] },
    /// A linked identity.
    Identity(Identity),
}
