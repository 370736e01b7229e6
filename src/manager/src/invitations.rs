//! Codes that work once: an invitation lets a user set a password, the set-up code makes the first
//! administrator. Both are 256 random bits of which only the SHA-256 is kept.

use std::fmt;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use ring::digest;
use secret_manager_model::{LoginName, Timestamp};
use secret_manager_store::{Audit, InvitationRow, StoreError, UserId, UserRow};
use zeroize::Zeroizing;

use crate::attempts::later;
use crate::users::of_user;
use crate::{
    Action, AuditResult, Caller, Environment, Error, Manager, NewSession, NewUser, Password, Thing,
};

/// 256 random bits for a person or a browser to show once.
pub(crate) struct Code(Zeroizing<String>);

impl Code {
    pub(crate) fn new(environment: &Environment) -> Result<Self, Error> {
        let random = Zeroizing::new(environment.random::<32>()?);
        let mut text = Zeroizing::new(String::with_capacity(43));
        BASE64_URL_SAFE_NO_PAD.encode_string(*random, &mut text);
        Ok(Self(text))
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    pub(crate) fn hash(&self) -> [u8; 32] {
        hash(&self.0)
    }
}

pub(crate) fn hash(code: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, code.as_bytes()).as_ref());
    hash
}

/// An invitation that was just made: the only time that its code can be read.
pub struct Invitation {
    code: Code,
    pub expires_at: Timestamp,
}

impl Invitation {
    /// What the user has to show.
    pub fn expose(&self) -> &str {
        self.code.expose()
    }
}

impl fmt::Debug for Invitation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Invitation(•••, until {})", self.expires_at)
    }
}

/// The code of this start.
pub struct SetupCode(Code);

impl SetupCode {
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl fmt::Debug for SetupCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SetupCode(•••)")
    }
}

impl Manager {
    /// A new invitation: the user's password, identities, sessions and older invitation are gone.
    pub async fn invite_user(&self, id: &UserId, caller: &Caller) -> Result<Invitation, Error> {
        let user = self.store.user(id).await?.ok_or(Error::NotFound(Thing::User))?;
        let (invitation, row) = self.new_invitation(id)?;
        let audit = self.record(caller, Action::UserInvite).subject(&user.name).finish();
        self.store.invite(row, audit).await.map_err(of_user)?;
        Ok(invitation)
    }

    /// Sets the password and signs in.
    pub async fn accept_invitation(
        &self,
        code: &str,
        password: &Password,
        caller: &Caller,
    ) -> Result<NewSession, Error> {
        let code_hash = hash(code);
        let found = self.store.invitation(code_hash).await?;
        let now = self.environment.now();
        let found = found.filter(|(row, user)| row.expires_at > now && user.disabled_at.is_none());
        let Some((_, user)) = found else {
            self.note(caller, Action::UserPassword, AuditResult::Denied, None, None).await?;
            return Err(Error::InvitationInvalid);
        };
        password.check(&login_name(&user)?)?;
        let password_hash = self.passwords.hash(password, &self.environment).await?;
        let name_hash = self.login_hash(&user.name);
        let audits = self.begins_session(&caller.known_as(&user), Action::UserPassword, &user);
        let (session, row) = self.new_session(&UserRow {
            password_hash: Some(password_hash.clone()),
            last_sign_in_at: Some(now),
            ..user
        })?;
        match self.store.accept_invitation(code_hash, password_hash, row, name_hash, audits).await {
            Err(StoreError::NotFound) => Err(Error::InvitationInvalid),
            result => Ok(result.map(|()| session)?),
        }
    }

    /// Whether there is nobody yet who could sign in.
    pub async fn setup_needed(&self) -> Result<bool, Error> {
        Ok(!self.store.any_user().await?)
    }

    /// A fresh code for a start without users; those of earlier starts stop working. `None` when
    /// there are users.
    pub async fn setup_code(&self) -> Result<Option<SetupCode>, Error> {
        if !self.setup_needed().await? {
            return Ok(None);
        }
        let code = Code::new(&self.environment)?;
        let kept = self.store.put_setup_code(code.hash(), self.environment.now()).await?;
        Ok(kept.then_some(SetupCode(code)))
    }

    /// Makes the first administrator and signs in. Of several at once exactly one succeeds.
    pub async fn set_up(
        &self,
        code: &str,
        name: &str,
        display_name: Option<String>,
        password: &Password,
        caller: &Caller,
    ) -> Result<NewSession, Error> {
        let code_hash = hash(code);
        // Before anything is said about names and passwords, and before the costly hashing.
        if self.store.setup_code().await? != Some(code_hash) {
            self.note(caller, Action::UserSetup, AuditResult::Denied, None, None).await?;
            return Err(Error::SetupCodeInvalid);
        }
        let name = parse_name(name)?;
        password.check(&name)?;
        let password_hash = self.passwords.hash(password, &self.environment).await?;
        let new = NewUser { name, display_name, administrator: true };
        let user = UserRow { password_hash: Some(password_hash), ..self.new_user_row(&new)? };
        let (session, row) = self.new_session(&user)?;
        let audits = self.begins_session(&caller.known_as(&user), Action::UserSetup, &user);
        match self.store.set_up(code_hash, user, row, audits).await {
            Err(StoreError::NotFound) => Err(Error::SetupCodeInvalid),
            result => Ok(result.map(|()| session)?),
        }
    }

    /// The records of what a user does who comes in by a code: that, and signing in.
    fn begins_session(&self, caller: &Caller, action: Action, user: &UserRow) -> [Audit; 2] {
        [action, Action::SessionCreate]
            .map(|action| self.record(caller, action).subject(&user.name).finish())
    }

    pub(crate) fn new_invitation(
        &self,
        user: &UserId,
    ) -> Result<(Invitation, InvitationRow), Error> {
        let code = Code::new(&self.environment)?;
        let created_at = self.environment.now();
        let expires_at = later(created_at, self.rules.invitation);
        let row =
            InvitationRow { user: user.clone(), code_hash: code.hash(), created_at, expires_at };
        Ok((Invitation { code, expires_at }, row))
    }
}

fn parse_name(name: &str) -> Result<LoginName, Error> {
    LoginName::parse(name).map_err(|error| Error::Invalid(error.to_string()))
}

pub(crate) fn login_name(user: &UserRow) -> Result<LoginName, Error> {
    LoginName::parse(&user.name)
        .map_err(|_| Error::Corrupt("a login name breaks the rules for them".into()))
}
