//! Users: people with an account.

use std::collections::HashSet;

use secret_manager_model::limits::DISPLAY_NAME_LENGTH;
use secret_manager_model::{LoginName, Timestamp};
use secret_manager_store::{StoreError, UserChange, UserId, UserRow};

use crate::{Action, Caller, Error, Invitation, Manager, Thing};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    /// What the user signs in with.
    pub name: String,
    /// What others are shown.
    pub display_name: String,
    /// May manage users and make spaces.
    pub administrator: bool,
    pub state: UserState,
    pub created_at: Timestamp,
    pub last_sign_in_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserState {
    Active,
    /// Has no means to sign in yet but an invitation, which may have expired.
    Invited,
    /// Too many failed attempts; passes by itself.
    Locked,
    Disabled,
}

impl UserState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Invited => "invited",
            Self::Locked => "locked",
            Self::Disabled => "disabled",
        }
    }
}

#[derive(Clone, Debug)]
pub struct NewUser {
    pub name: LoginName,
    /// The login name when it is left out.
    pub display_name: Option<String>,
    pub administrator: bool,
}

impl Manager {
    /// Sorted by login name.
    pub async fn users(&self) -> Result<Vec<User>, Error> {
        let locked: HashSet<_> =
            self.store.locked(self.environment.now()).await?.into_iter().collect();
        let users = self.store.users().await?;
        Ok(users.into_iter().map(|row| self.user_of(row, &locked)).collect())
    }

    /// By id or, when there is none with it, by login name in any spelling.
    pub async fn user(&self, reference: &str) -> Result<User, Error> {
        let row = self.user_row(reference).await?;
        self.with_state(row).await
    }

    /// The new user signs in by the invitation, which sets the password.
    pub async fn create_user(
        &self,
        new: NewUser,
        caller: &Caller,
    ) -> Result<(User, Invitation), Error> {
        let row = self.new_user_row(&new)?;
        let (invitation, invitation_row) = self.new_invitation(&row.id)?;
        let audit = self.record(caller, Action::UserCreate).subject(&row.name).finish();
        self.store.insert_user(row.clone(), invitation_row, audit).await.map_err(of_user)?;
        Ok((self.user_of(row, &HashSet::new()), invitation))
    }

    /// Disabling a user ends the user's sessions.
    pub async fn update_user(
        &self,
        id: &UserId,
        mut change: UserChange,
        caller: &Caller,
    ) -> Result<User, Error> {
        if let Some(name) = &mut change.display_name {
            *name = check_display_name(name)?;
        }
        let user = self.store.user(id).await?.ok_or(Error::NotFound(Thing::User))?;
        let subject = format!("{}{}", describe(&change), user.name);
        let audit = self.record(caller, Action::UserUpdate).subject(&subject).finish();
        let row = self.store.update_user(id, change, self.environment.now(), audit).await;
        self.with_state(row.map_err(of_user)?).await
    }

    /// With sessions and memberships, for good. What the user did stays in the history.
    pub async fn delete_user(&self, id: &UserId, caller: &Caller) -> Result<(), Error> {
        let user = self.store.user(id).await?.ok_or(Error::NotFound(Thing::User))?;
        let audit = self.record(caller, Action::UserDelete).subject(&user.name).finish();
        self.store.delete_user(id, audit).await.map_err(of_user)
    }

    pub(crate) async fn user_row(&self, reference: &str) -> Result<UserRow, Error> {
        if let Some(row) = self.store.user(&UserId::new(reference)).await? {
            return Ok(row);
        }
        let name = LoginName::parse(reference).map_err(|_| Error::NotFound(Thing::User))?;
        self.store.user_named(name.as_str()).await?.ok_or(Error::NotFound(Thing::User))
    }

    pub(crate) fn new_user_row(&self, new: &NewUser) -> Result<UserRow, Error> {
        let display_name = match new.display_name.as_deref().map(str::trim) {
            None | Some("") => new.name.as_str().to_owned(),
            Some(name) => check_display_name(name)?,
        };
        Ok(UserRow {
            id: UserId::new(self.environment.random_id()?),
            name: new.name.as_str().to_owned(),
            display_name,
            administrator: new.administrator,
            password_hash: None,
            linked: false,
            created_at: self.environment.now(),
            last_sign_in_at: None,
            disabled_at: None,
        })
    }

    pub(crate) async fn with_state(&self, row: UserRow) -> Result<User, Error> {
        let locked = self.store.locked(self.environment.now()).await?.into_iter().collect();
        Ok(self.user_of(row, &locked))
    }

    pub(crate) fn user_of(&self, row: UserRow, locked: &HashSet<[u8; 32]>) -> User {
        let state = if row.disabled_at.is_some() {
            UserState::Disabled
        } else if row.password_hash.is_none() && !row.linked {
            UserState::Invited
        } else if !locked.is_empty() && locked.contains(&self.login_hash(&row.name)) {
            UserState::Locked
        } else {
            UserState::Active
        };
        User {
            id: row.id,
            name: row.name,
            display_name: row.display_name,
            administrator: row.administrator,
            state,
            created_at: row.created_at,
            last_sign_in_at: row.last_sign_in_at,
        }
    }
}

fn check_display_name(name: &str) -> Result<String, Error> {
    let name = name.trim();
    let length = name.chars().count();
    if length == 0 || length > DISPLAY_NAME_LENGTH || name.chars().any(char::is_control) {
        return Err(Error::Invalid(format!(
            "a display name has 1 to {DISPLAY_NAME_LENGTH} characters and no control characters"
        )));
    }
    Ok(name.to_owned())
}

/// What the trail says of a change, before the name: `disabled: `.
fn describe(change: &UserChange) -> String {
    let words = [
        change.administrator.map(|on| if on { "administrator" } else { "no administrator" }),
        change.disabled.map(|on| if on { "disabled" } else { "enabled" }),
        change.display_name.as_ref().map(|_| "renamed"),
    ];
    let words: Vec<_> = words.into_iter().flatten().collect();
    if words.is_empty() { String::new() } else { format!("{}: ", words.join(", ")) }
}

pub(crate) fn of_user(error: StoreError) -> Error {
    match error {
        StoreError::NotFound => Error::NotFound(Thing::User),
        StoreError::NameTaken => Error::NameTaken(Thing::User),
        other => other.into(),
    }
}
