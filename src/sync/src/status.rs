//! How the engine is doing, as told to those who ask.

use secret_manager_model::{Refused, SpaceRef, Timestamp};
use secret_manager_source::Failure;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Not started, or stopped.
    #[default]
    Idle,
    /// Started, and no fetch has ended yet.
    Syncing,
    /// Started with what the cache keeps; the first fetch is planned.
    Waiting,
    /// The last fetch was good.
    Synced,
    /// Secrets are published, but the last fetch failed.
    Stale,
    /// Nothing is published, and the last fetch failed.
    Unreachable,
    /// Nothing is published, and access is denied.
    Denied,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Syncing => "syncing",
            Self::Waiting => "waiting",
            Self::Synced => "synced",
            Self::Stale => "stale",
            Self::Unreachable => "unreachable",
            Self::Denied => "denied",
        }
    }
}

/// What is known of the published snapshot besides its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Where it was read, for people.
    pub source: String,
    pub space: SpaceRef,
    pub version: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub issued_at: Timestamp,
    /// When it was fetched.
    pub synced_at: Timestamp,
    /// It comes from the last-good cache; the source has not confirmed it since the start.
    pub cached: bool,
    /// What came with it and was left out.
    pub refused: Refused,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    pub state: State,
    /// What is asked, for people.
    pub source: String,
    /// `None` while nothing is published.
    pub facts: Option<Facts>,
    /// When the source last confirmed what is published.
    pub checked_at: Option<Timestamp>,
    /// Changes are heard of as they are made.
    pub live: bool,
    /// When the next fetch is due.
    pub next_at: Option<Timestamp>,
    /// Why the last fetch failed, if it did.
    pub failure: Option<Failure>,
    /// What is wrong with the last-good cache.
    pub cache_problem: Option<String>,
}

impl Status {
    /// Whether a person would see a difference to `other`. The times of good syncs are none: an
    /// unchanged sync is to reach nobody.
    pub(crate) fn looks_other_than(&self, other: &Self) -> bool {
        fn refused(status: &Status) -> Option<&Refused> {
            status.facts.as_ref().map(|facts| &facts.refused).filter(|refused| refused.count > 0)
        }
        self.state != other.state
            || self.failure != other.failure
            || (self.failure.is_some() && self.next_at != other.next_at)
            || refused(self) != refused(other)
            || self.cache_problem != other.cache_problem
    }
}
