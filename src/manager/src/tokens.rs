//! Access tokens: what a flow's engine shows to read one space.

use std::fmt;
use std::sync::{Arc, PoisonError};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use ring::digest;
use secret_manager_model::Timestamp;
use secret_manager_store::{AccessRow, SpaceId, SpaceRow, StoreError, TokenId, TokenRow};
use zeroize::Zeroizing;

use crate::{Action, Caller, Error, Manager, Thing};

/// Lets people and scanners for leaked credentials recognise a token.
const PREFIX: &str = "smt_";

const NAME_LENGTH: usize = 100;

/// The last use of a token is written at most this often.
const TOUCH_INTERVAL_MILLIS: i64 = 60_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub id: TokenId,
    pub space: SpaceId,
    pub name: String,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    /// To the minute.
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

/// A token that was just made: the only time that it can be read.
pub struct NewToken {
    secret: Zeroizing<String>,
    pub token: Token,
}

impl NewToken {
    /// What the reader of the space has to show.
    pub fn expose(&self) -> &str {
        &self.secret
    }
}

impl fmt::Debug for NewToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "NewToken({}, •••)", self.token.id)
    }
}

/// What a valid token opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access(Arc<AccessRow>);

impl Access {
    pub fn token(&self) -> &TokenId {
        &self.0.token.id
    }

    /// What people called the token.
    pub fn name(&self) -> &str {
        &self.0.token.name
    }

    pub fn space(&self) -> &SpaceId {
        &self.0.space.id
    }

    /// Of the space's snapshot as it is now.
    pub fn tag(&self) -> &str {
        &self.0.space.tag
    }

    pub(crate) fn space_row(&self) -> &SpaceRow {
        &self.0.space
    }
}

impl Manager {
    pub async fn create_token(
        &self,
        space: &SpaceId,
        name: &str,
        expires_at: Option<Timestamp>,
        caller: &Caller,
    ) -> Result<NewToken, Error> {
        let now = self.environment.now();
        if expires_at.is_some_and(|time| time <= now) {
            return Err(Error::Invalid("the token would have expired already".into()));
        }
        if name.chars().count() > NAME_LENGTH || name.chars().any(char::is_control) {
            return Err(Error::Invalid(format!(
                "the name of an access token has at most {NAME_LENGTH} characters and no control \
                 characters"
            )));
        }
        let random = Zeroizing::new(self.environment.random::<32>()?);
        let mut secret = Zeroizing::new(String::with_capacity(PREFIX.len() + 43));
        secret.push_str(PREFIX);
        BASE64_URL_SAFE_NO_PAD.encode_string(*random, &mut secret);
        let row = TokenRow {
            id: TokenId::new(self.environment.random_id()?),
            space: space.clone(),
            name: name.to_owned(),
            hash: hash(&secret),
            created_at: now,
            expires_at,
            last_used_at: None,
            revoked_at: None,
        };
        let token = Token::of(row.clone());
        let subject = format!("{} {name}", row.id);
        let entry = self.record(caller, Action::TokenCreate).space(space);
        self.store.insert_token(row, entry.subject(subject.trim_end()).finish()).await?;
        Ok(NewToken { secret, token })
    }

    /// Of one space or of all, revoked and expired ones too; the oldest first.
    pub async fn tokens(&self, space: Option<&SpaceId>) -> Result<Vec<Token>, Error> {
        Ok(self.store.tokens(space).await?.into_iter().map(Token::of).collect())
    }

    pub async fn revoke_token(&self, id: &TokenId, caller: &Caller) -> Result<Token, Error> {
        let audit = self.record(caller, Action::TokenRevoke).subject(id.as_str()).finish();
        match self.store.revoke_token(id, self.environment.now(), audit).await {
            Err(StoreError::NotFound) => Err(Error::NotFound(Thing::Token)),
            result => Ok(Token::of(result?)),
        }
    }

    /// What the token opens, or [`Error::Denied`], which doesn't tell why. Whatever was sent is
    /// hashed and looked up by its hash, so the time it takes says nothing about other tokens.
    pub async fn authenticate(&self, token: &str) -> Result<Access, Error> {
        let opened = self.opened_by(hash(token)).await?;
        let row = &opened.token;
        let now = self.environment.now();
        if row.revoked_at.is_some() || row.expires_at.is_some_and(|time| time <= now) {
            return Err(Error::Denied);
        }
        self.touch(row, now);
        Ok(Access(opened))
    }

    /// As it is now: from memory only when nothing was committed since it was read.
    async fn opened_by(&self, hash: [u8; 32]) -> Result<Arc<AccessRow>, Error> {
        let revision = self.store.revision();
        if let Some(row) = revision.and_then(|revision| self.recent.access(&hash, revision)) {
            return Ok(row);
        }
        let row = Arc::new(self.store.access(hash).await?.ok_or(Error::Denied)?);
        if let Some(revision) = revision {
            self.recent.keep_access(hash, revision, &row);
        }
        Ok(row)
    }

    /// Notes the use beside the request, which neither waits for it nor fails with it.
    fn touch(&self, row: &TokenRow, now: Timestamp) {
        let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        let last = touched.get(&row.id).copied().max(row.last_used_at);
        // A clock that was set back would stop the notes for as long, so both directions count.
        let recent = last
            .is_some_and(|last| (now.as_millis() - last.as_millis()).abs() < TOUCH_INTERVAL_MILLIS);
        if recent {
            return;
        }
        touched.insert(row.id.clone(), now);
        drop(touched);

        let store = Arc::clone(&self.store);
        let id = row.id.clone();
        tokio::spawn(async move {
            if let Err(error) = store.touch_token(&id, now).await {
                tracing::warn!(token = %id, %error, "could not note the use of an access token");
            }
        });
    }
}

impl Token {
    fn of(row: TokenRow) -> Self {
        Self {
            id: row.id,
            space: row.space,
            name: row.name,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            revoked_at: row.revoked_at,
        }
    }
}

fn hash(token: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    hash
}
