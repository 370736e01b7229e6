//! Sessions: a person who has signed in, in one browser.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use secret_manager_model::{LoginName, Timestamp};
use secret_manager_store::{Audit, Checked, SessionId, SessionRow, StoreError, UserId, UserRow};

use crate::attempts::{self, later};
use crate::invitations::{Code, hash, login_name};
use crate::{Action, AuditResult, Caller, Error, Manager, Password, Thing, User};

/// The last use of a session is written at most this often.
const TOUCH_INTERVAL_MILLIS: i64 = 60_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub user: User,
    pub created_at: Timestamp,
    /// When it ends unless it is used before.
    pub expires_at: Timestamp,
}

/// A session that just began: the only time that its token can be read.
pub struct NewSession {
    token: Code,
    pub session: Session,
}

impl NewSession {
    /// What the browser has to show.
    pub fn expose(&self) -> &str {
        self.token.expose()
    }
}

impl fmt::Debug for NewSession {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "NewSession({}, •••)", self.session.id)
    }
}

impl Manager {
    /// By login name and password. An unknown name, a wrong password and a disabled user can't be
    /// told apart, neither by the answer nor by the time it takes.
    pub async fn sign_in(
        &self,
        name: &str,
        password: &Password,
        caller: &Caller,
    ) -> Result<NewSession, Error> {
        let user = match LoginName::parse(name) {
            Ok(name) => self.store.user_named(name.as_str()).await?,
            Err(_) => None,
        };
        // The trail names people who are there, and not what else was typed as a name.
        let known = user.as_ref().map(|user| user.name.clone());
        let refuse = async |result| {
            self.note(caller, Action::SessionCreate, result, None, known.as_deref()).await
        };
        if let Some(locked) = self.count_attempt(name).await? {
            refuse(AuditResult::Denied).await?;
            return Err(locked);
        }
        let user = user.filter(|user| user.disabled_at.is_none());
        let hash = user.as_ref().and_then(|user| user.password_hash.clone());
        let right = self.passwords.verify(password, hash.as_ref()).await?;
        let (Some(user), Some(hash), true) = (user, hash, right) else {
            refuse(AuditResult::Failed).await?;
            return Err(Error::CredentialsWrong);
        };
        let (session, row) = self.new_session(&user)?;
        let checked =
            Checked::Password { hash: hash.clone(), name_hash: self.login_hash(&user.name) };
        let audit = self.signs_in(caller, &user);
        match self.store.sign_in(row, checked, audit).await {
            // Disabled, or another password, while this one was being checked.
            Err(StoreError::Stale) => {
                refuse(AuditResult::Failed).await?;
                return Err(Error::CredentialsWrong);
            }
            result => result?,
        }
        if self.passwords.is_outdated(&hash) {
            let renewed = self.passwords.hash(password, &self.environment).await?;
            match self.store.replace_password(&user.id, hash, renewed, None, None).await {
                Ok(()) | Err(StoreError::Stale | StoreError::Busy) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(session)
    }

    /// Whose session this is, or [`Error::SessionEnded`], which doesn't tell why.
    pub async fn authenticate_session(&self, token: &str) -> Result<Session, Error> {
        let found = self.store.session_by_hash(hash(token)).await?;
        let (row, user) =
            found.filter(|(row, user)| self.lives(row, user)).ok_or(Error::SessionEnded)?;
        let now = self.environment.now();
        let last_used_at = self.touch_session(&row, now);
        Ok(self.session_of(&SessionRow { last_used_at, ..row }, user))
    }

    pub async fn end_session(&self, session: &Session, caller: &Caller) -> Result<(), Error> {
        let audit = self.record(caller, Action::SessionDelete).subject(&session.user.name);
        Ok(self.store.delete_session(&session.id, audit.finish()).await?)
    }

    /// Everywhere. Returns how many there were.
    pub async fn end_sessions(&self, user: &UserId, caller: &Caller) -> Result<u64, Error> {
        let row = self.store.user(user).await?.ok_or(Error::NotFound(Thing::User))?;
        let audit = self.record(caller, Action::SessionDeleteAll).subject(&row.name);
        Ok(self.store.delete_sessions(user, audit.finish()).await?)
    }

    /// Ends the user's other sessions. A wrong current password counts as a failed sign-in, so that
    /// a stolen session is no way to guess it.
    pub async fn change_password(
        &self,
        session: &Session,
        current: &Password,
        new: &Password,
        caller: &Caller,
    ) -> Result<(), Error> {
        let user = self.store.user(&session.user.id).await?.ok_or(Error::NotFound(Thing::User))?;
        let Some(from) = user.password_hash.clone() else {
            return Err(Error::Invalid("this user has no password, but signs in elsewhere".into()));
        };
        new.check(&login_name(&user)?)?;
        let refuse = async |result| {
            self.note(caller, Action::UserPassword, result, None, Some(&user.name)).await
        };
        if let Some(locked) = self.count_attempt(&user.name).await? {
            refuse(AuditResult::Denied).await?;
            return Err(locked);
        }
        if !self.passwords.verify(current, Some(&from)).await? {
            refuse(AuditResult::Failed).await?;
            return Err(Error::CredentialsWrong);
        }
        let to = self.passwords.hash(new, &self.environment).await?;
        let kept = Some(session.id.clone());
        let audit = self.record(caller, Action::UserPassword).subject(&user.name).finish();
        match self.store.replace_password(&user.id, from, to, kept, Some(audit)).await {
            Err(StoreError::Stale) => return Err(Error::CredentialsWrong),
            result => result?,
        }
        Ok(self.store.forget_attempts(self.login_hash(&user.name)).await?)
    }

    /// The record of a sign-in that succeeds.
    pub(crate) fn signs_in(&self, caller: &Caller, user: &UserRow) -> Audit {
        self.record(&caller.known_as(user), Action::SessionCreate).subject(&user.name).finish()
    }

    /// Returns the refusal when the name is locked.
    async fn count_attempt(&self, name: &str) -> Result<Option<Error>, Error> {
        let now = self.environment.now();
        let key = self.login_hash(name);
        let forgotten = attempts::forgotten(now);
        match self.store.count_attempt(key, now, forgotten, attempts::count).await? {
            Ok(_) => Ok(None),
            Err(locked) => {
                let retry_after = attempts::remaining(&locked, now);
                let retry_after = retry_after.unwrap_or(Duration::from_secs(1));
                Ok(Some(Error::Locked { retry_after }))
            }
        }
    }

    pub(crate) fn login_hash(&self, name: &str) -> [u8; 32] {
        self.trail.login_hash(&name.to_ascii_lowercase())
    }

    pub(crate) fn new_session(&self, user: &UserRow) -> Result<(NewSession, SessionRow), Error> {
        let token = Code::new(&self.environment)?;
        let now = self.environment.now();
        let row = SessionRow {
            id: SessionId::new(self.environment.random_id()?),
            user: user.id.clone(),
            token_hash: token.hash(),
            created_at: now,
            last_used_at: now,
            expires_at: later(now, self.rules.session_longest),
        };
        let user = UserRow { last_sign_in_at: Some(now), ..user.clone() };
        Ok((NewSession { token, session: self.session_of(&row, user) }, row))
    }

    fn session_of(&self, row: &SessionRow, user: UserRow) -> Session {
        Session {
            id: row.id.clone(),
            // Whoever has signed in isn't kept out by other people's attempts.
            user: self.user_of(user, &HashSet::new()),
            created_at: row.created_at,
            expires_at: self.ends_at(row),
        }
    }

    pub(crate) fn lives(&self, row: &SessionRow, user: &UserRow) -> bool {
        self.ends_at(row) > self.environment.now() && user.disabled_at.is_none()
    }

    fn ends_at(&self, row: &SessionRow) -> Timestamp {
        later(row.last_used_at, self.rules.session_idle).min(row.expires_at)
    }

    /// Notes the use beside the request, which neither waits for it nor fails with it.
    fn touch_session(&self, row: &SessionRow, now: Timestamp) -> Timestamp {
        if now.as_millis() - row.last_used_at.as_millis() < TOUCH_INTERVAL_MILLIS {
            return row.last_used_at;
        }
        let store = Arc::clone(&self.store);
        let id = row.id.clone();
        tokio::spawn(async move {
            if let Err(error) = store.touch_session(&id, now).await {
                tracing::warn!(session = %id, %error, "could not note the use of a session");
            }
        });
        now
    }
}
