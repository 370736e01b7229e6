//! Signing in elsewhere: who an OpenID provider says somebody is, and whether that is enough here.
//!
//! An identity is an issuer and its subject. Once it is linked to a user nothing else counts; an
//! e-mail address only matters at the first time, and then never for somebody who has another way in:
//! an address can be given to another person, and whoever has it at the provider must not get a
//! user's spaces by that alone. So an identity is linked
//!
//! - to a user whose login name is the e-mail address that the provider has verified, and who has an
//!   invitation that is still open: an administrator expects this person;
//! - to a user who has signed in already and asks for it.
//!
//! Where the operator allows it, somebody unknown with a verified address becomes a user: an
//! ordinary one, without any space.

use secret_manager_model::LoginName;
use secret_manager_store::{Checked, Identity, StoreError, UserId, UserRow};

use crate::{Action, AuditResult, Caller, Error, Manager, NewSession, NewUser, Refusal, Thing};

/// Somebody who comes from an OpenID provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    pub identity: Identity,
    /// Only one that the provider says it has verified.
    pub verified_email: Option<String>,
    pub display_name: Option<String>,
}

impl Manager {
    /// Signs in whom the identity belongs to, after linking it when the rules allow that.
    pub async fn sign_in_elsewhere(
        &self,
        arrival: &Arrival,
        create_users: bool,
        caller: &Caller,
    ) -> Result<NewSession, Error> {
        let user = match self.find_or_admit(arrival, create_users, caller).await {
            Err(refusal @ Error::NotWelcome(_)) => {
                self.note(caller, Action::SessionCreate, AuditResult::Denied, None, None).await?;
                return Err(refusal);
            }
            found => found?,
        };
        let (session, row) = self.new_session(&user)?;
        let checked = Checked::Identity(arrival.identity.clone());
        match self.store.sign_in(row, checked, self.signs_in(caller, &user)).await {
            // Disabled or unlinked at this very moment.
            Err(StoreError::Stale) => Err(Error::NotWelcome(Refusal::NotInvited)),
            result => Ok(result.map(|()| session)?),
        }
    }

    /// Links the identity to a user who has signed in. To have it already is fine.
    pub async fn link_identity(
        &self,
        user: &UserId,
        identity: &Identity,
        caller: &Caller,
    ) -> Result<(), Error> {
        if let Some(owner) = self.store.user_of_identity(identity).await? {
            let is_mine = owner.id == *user;
            return if is_mine { Ok(()) } else { Err(Error::NotWelcome(Refusal::Taken)) };
        }
        let row = self.store.user(user).await?.ok_or(Error::NotFound(Thing::User))?;
        if row.disabled_at.is_some() {
            return Err(Error::NotWelcome(Refusal::Disabled));
        }
        let now = self.environment.now();
        let audit = self.record(caller, Action::UserLink).subject(&row.name).finish();
        match self.store.link_identity(&row.id, identity.clone(), now, false, audit).await {
            Err(StoreError::NameTaken) => Err(Error::NotWelcome(Refusal::Taken)),
            result => Ok(result?),
        }
    }

    async fn find_or_admit(
        &self,
        arrival: &Arrival,
        create_users: bool,
        caller: &Caller,
    ) -> Result<UserRow, Error> {
        match self.store.user_of_identity(&arrival.identity).await? {
            Some(user) if user.disabled_at.is_some() => Err(Error::NotWelcome(Refusal::Disabled)),
            Some(user) => Ok(user),
            None => self.admit(arrival, create_users, caller).await,
        }
    }

    /// The user for an identity that is not linked yet.
    async fn admit(
        &self,
        arrival: &Arrival,
        create_users: bool,
        caller: &Caller,
    ) -> Result<UserRow, Error> {
        if self.setup_needed().await? {
            return Err(Error::NotWelcome(Refusal::SetupNeeded));
        }
        let name = arrival.verified_email.as_deref().and_then(|email| LoginName::parse(email).ok());
        let Some(name) = name else { return Err(Error::NotWelcome(Refusal::NoEmail)) };
        match self.store.user_named(name.as_str()).await? {
            Some(user) => self.link_invited(user, arrival, caller).await,
            None if create_users => self.create_linked(name, arrival, caller).await,
            None => Err(Error::NotWelcome(Refusal::NotInvited)),
        }
    }

    async fn link_invited(
        &self,
        user: UserRow,
        arrival: &Arrival,
        caller: &Caller,
    ) -> Result<UserRow, Error> {
        if user.disabled_at.is_some() {
            return Err(Error::NotWelcome(Refusal::Disabled));
        }
        if user.password_hash.is_some() || user.linked {
            return Err(Error::NotWelcome(Refusal::OtherMeans));
        }
        let now = self.environment.now();
        let identity = arrival.identity.clone();
        let caller = caller.known_as(&user);
        let audit = self.record(&caller, Action::UserLink).subject(&user.name).finish();
        match self.store.link_identity(&user.id, identity, now, true, audit).await {
            Ok(()) => Ok(user),
            Err(StoreError::NotFound) => Err(Error::NotWelcome(Refusal::NotInvited)),
            Err(StoreError::NameTaken) => Err(Error::NotWelcome(Refusal::OtherMeans)),
            Err(error) => Err(error.into()),
        }
    }

    async fn create_linked(
        &self,
        name: LoginName,
        arrival: &Arrival,
        caller: &Caller,
    ) -> Result<UserRow, Error> {
        let new = NewUser { name, display_name: None, administrator: false };
        let shown = NewUser { display_name: arrival.display_name.clone(), ..new.clone() };
        // A name that breaks the rules here is no reason to keep somebody out.
        let row = self.new_user_row(&shown).or_else(|_| self.new_user_row(&new))?;
        let caller = caller.known_as(&row);
        let audit = self.record(&caller, Action::UserCreate).subject(&row.name).finish();
        match self.store.insert_linked_user(row.clone(), arrival.identity.clone(), audit).await {
            Ok(()) => Ok(row),
            // Somebody was faster with one of the two.
            Err(StoreError::NameTaken) => Err(Error::NotWelcome(Refusal::OtherMeans)),
            Err(error) => Err(error.into()),
        }
    }
}
