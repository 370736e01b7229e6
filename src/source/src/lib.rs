//! Where an engine reads the secrets of a space from.
//!
//! A [`Source`] answers one question: "what are the secrets now, given that I hold the snapshot with
//! this validator?" *Not modified* is an answer like any other, and an error says what the asker can
//! do next. A source keeps no schedule and retries nothing: that is the engine's.
//!
//! Some sources also tell of changes as they are made: on a [`Watch`]. It is only ever an addition: what
//! it misses, the next fetch brings.
//!
//! Each kind of source is one file and one variant of [`Config`].

mod builtin;
mod events;
mod failure;
#[cfg(fuzzing)]
pub mod fuzzing;
mod http;
mod service;
mod watch;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use secret_manager_model::{Delta, Snapshot};

pub use failure::{Failure, Remedy};
pub use http::Tls;
pub use secret_manager_builtin::{KeyPlace, Place};
pub use service::ServiceConfig;

/// What a source answered. The engine hands the validator back with its next question.
#[derive(Debug)]
pub enum Fetched {
    NotModified,
    Snapshot {
        snapshot: Box<Snapshot>,
        validator: Option<Validator>,
    },
    /// What leads from just what is held to what there is now. Only where a delta was of use.
    Delta {
        delta: Box<Delta>,
        validator: Option<Validator>,
    },
}

/// What the asker holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub validator: Validator,
    /// The version of it, where a delta from there would be of use as well as a snapshot.
    pub since: Option<u64>,
}

/// The source's own mark of a snapshot (an HTTP entity tag), opaque to everybody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validator(String);

impl Validator {
    pub fn new(mark: impl Into<String>) -> Self {
        Self(mark.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The answer of a source, some time later.
pub type Fetching<'a> = Pin<Box<dyn Future<Output = Result<Fetched, Failure>> + Send + 'a>>;

/// What came on a watch.
#[derive(Debug)]
pub enum Heard {
    /// The source is there. The first of these says that the watch has been opened; of one that was
    /// resumed, also that what is held is still what the source has.
    Alive,
    /// What is held isn't what the source has any more, but the way on from there is known: what has
    /// changed since comes next.
    Missed,
    /// What is held isn't known to lead to where the watch goes on from: a fetch is needed first.
    Behind,
    /// The validator is that of the snapshot to which the delta leads, if the source tells it.
    Change { delta: Box<Delta>, validator: Option<Validator> },
}

/// The next thing on a watch, some time later.
pub type Hearing<'a> = Pin<Box<dyn Future<Output = Result<Heard, Failure>> + Send + 'a>>;

/// A connection on which a source tells of changes.
pub trait Watch: Send {
    /// What comes next. An error is the end.
    fn next(&mut self) -> Hearing<'_>;
}

/// A watch, as soon as it is open.
pub type Opening<'a> = Pin<Box<dyn Future<Output = Result<Box<dyn Watch>, Failure>> + Send + 'a>>;

pub trait Source: Send + Sync {
    /// What is read, for people. Holds no credentials, and differs from place to place: what was kept
    /// of one isn't taken for what is kept of another.
    fn description(&self) -> &str;

    /// Asks once. `held` is what the asker has, if anything. A source answers a delta only when it knows
    /// that the version there had that validator: a version alone doesn't tell which history it is of.
    fn fetch<'a>(&'a self, held: Option<&'a Held>) -> Fetching<'a>;

    /// Opens a watch that tells what changes after the given version of the space, which the source has
    /// just confirmed. Should it be another one's by now that has this version, which the validator tells,
    /// what comes first is [`Heard::Behind`].
    fn watch<'a>(&'a self, since: u64, held: Option<&'a Validator>) -> Opening<'a>;

    /// Opens a watch that first says whether the snapshot that is held is still what the source has, or
    /// was once: a fetch and a watch in one request. A failure says nothing of the source: a fetch then
    /// finds out.
    fn resume<'a>(&'a self, _since: u64, _held: &'a Validator) -> Opening<'a> {
        Box::pin(std::future::ready(Err(Failure::new(
            Remedy::Repair,
            "a watch of this source can't be resumed",
        ))))
    }

    /// Over how long the source last asked those who do the same at once to spread it. Of interest where
    /// many engines share a source.
    fn spread(&self) -> Duration {
        Duration::ZERO
    }
}

/// The settings of a source, one variant for each kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Config {
    /// A Secret Manager service.
    Service(ServiceConfig),
    /// The built-in vault of this Node-RED.
    Builtin(Place),
}

impl Config {
    /// Makes the source. Addresses and tokens are checked at once, certificates by the first fetch.
    /// No connection is opened.
    pub fn open(self) -> Result<Arc<dyn Source>, Failure> {
        match self {
            Self::Service(config) => Ok(Arc::new(service::Service::new(config)?)),
            Self::Builtin(place) => Ok(Arc::new(builtin::Builtin::new(place))),
        }
    }
}
