//! For those who follow what happens here: whether anything did, and where the spaces stand.

use std::collections::HashSet;
use std::time::Duration;

use secret_manager_model::Timestamp;
use secret_manager_store::{Held, SessionId, SpaceId, TokenId, UserId};

use crate::{Error, Manager};

/// Where a space stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub version: u64,
    /// Another one after each change, also when a restored backup counts through the same versions
    /// a second time.
    pub tag: String,
}

/// Access tokens that open nothing any more.
#[derive(Clone, Debug, Default)]
pub struct EndedTokens {
    pub tokens: HashSet<TokenId>,
    /// How long until the next one expires.
    pub next: Option<Duration>,
}

impl Manager {
    /// Waits until something was committed, by whatever process, since the revision that was `seen`,
    /// and returns the new one. For one caller at a time.
    pub async fn committed(&self, seen: Option<u64>) -> u64 {
        self.store.committed(seen).await
    }

    /// Where these spaces stand; `None` for those that are gone.
    pub async fn heads(&self, spaces: Vec<SpaceId>) -> Result<Vec<Option<Head>>, Error> {
        let rows = self.store.heads(spaces).await?;
        let head = |(version, tag)| Head { version, tag };
        Ok(rows.into_iter().map(|row| row.map(head)).collect())
    }

    /// Whether this version with this tag is known to lie on the space's way to where it stands.
    pub async fn was_at(&self, space: &SpaceId, head: &Head) -> Result<bool, Error> {
        let Head { version, tag } = head.clone();
        Ok(self.store.was_at(space, Held { version, tag: Some(tag) }).await?)
    }

    /// Which access tokens open nothing any more.
    pub async fn ended_tokens(&self) -> Result<EndedTokens, Error> {
        let now = self.environment.now();
        let (tokens, next) = self.store.ended_tokens(now).await?;
        let until = |time: Timestamp| {
            let millis = u64::try_from(time.as_millis() - now.as_millis()).unwrap_or_default();
            Duration::from_millis(millis)
        };
        Ok(EndedTokens { tokens: tokens.into_iter().collect(), next: next.map(until) })
    }

    /// Whether a session still lives and its user is still a member of the space. Watching is no use
    /// of the session: a page that is left open doesn't keep it alive.
    pub async fn may_watch(
        &self,
        session: &SessionId,
        user: &UserId,
        space: &SpaceId,
    ) -> Result<bool, Error> {
        let Some((row, owner)) = self.store.session(session).await? else { return Ok(false) };
        let lives = owner.id == *user && self.lives(&row, &owner);
        Ok(lives && self.store.role(space, user).await?.is_some())
    }
}
