//! Push: who watches a space is told of each of its changes as it happens.
//!
//! The [`Hub`] is the one place that follows the database. When something was committed, by this
//! process or by a command beside it, it reads where the watched spaces stand and which rights have
//! ended, and wakes the watchers concerned. A watcher then asks its [`Topic`] for what leads from the
//! version it has to the current one; all that start from the same version share one answer, so a
//! change is read, decrypted and written once, however many watch. It is made before they are woken.
//!
//! Nothing is queued for a watcher. One that is slow finds a longer way to go when it asks again, and
//! one that takes nothing at all is cut off by the connection's time limit. While nobody watches, the
//! hub sleeps.

mod event;
mod topic;
mod watcher;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::HeaderMap;
use secret_manager_manager::{Caller, Error, Manager, SessionId, SpaceId, Thing, TokenId, UserId};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

pub(crate) use topic::Shows;
use topic::Topic;
pub(crate) use watcher::{Has, IsIt, Watcher};

use crate::fleet::Fleet;
use crate::metrics::Metrics;

/// Between two looks at the spaces. A burst of commits is one look.
const SPACES_INTERVAL: Duration = Duration::from_millis(5);

/// Between two looks at the rights, while things are being committed.
const RIGHTS_INTERVAL: Duration = Duration::from_millis(250);

/// Sessions end by being idle, which nothing is committed for.
const SESSIONS_INTERVAL: Duration = Duration::from_secs(30);

/// After something went wrong with the database.
const PAUSE: Duration = Duration::from_millis(500);

/// By what right somebody watches.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Right {
    Token(TokenId),
    Membership { session: SessionId, user: UserId },
}

impl Right {
    /// Engines get the values, people the names.
    fn shows(&self) -> Shows {
        match self {
            Self::Token(_) => Shows::Values,
            Self::Membership { .. } => Shows::Names,
        }
    }
}

pub(crate) struct Hub {
    manager: Arc<Manager>,
    metrics: Arc<Metrics>,
    fleet: Fleet,
    /// For streams on which nothing happens.
    heartbeat: Duration,
    /// The spaces that are watched; `None` once the service stops.
    topics: Mutex<Option<HashMap<SpaceId, Arc<Topic>>>>,
    /// Somebody has begun to watch.
    arrived: Notify,
}

impl Hub {
    pub(crate) fn new(manager: Arc<Manager>, metrics: Arc<Metrics>, heartbeat: Duration) -> Self {
        let topics = Mutex::new(Some(HashMap::new()));
        let fleet = Fleet::new();
        Self { manager, metrics, fleet, heartbeat, topics, arrived: Notify::new() }
    }

    /// Follows the database until it is time to stop, then ends all streams.
    pub(crate) async fn run(&self, mut stopped: watch::Receiver<()>) {
        tokio::select! {
            _ = stopped.changed() => {}
            () = self.follow() => {}
        }
        let topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner).take();
        topics.into_iter().flatten().for_each(|(_, topic)| topic.close());
    }

    /// An engine has asked for a snapshot.
    pub(crate) fn asked(&self, caller: &Caller) {
        self.fleet.asked(caller);
    }

    /// Tells an engine what there is to know of all the others.
    pub(crate) fn tell_engine(&self, headers: &mut HeaderMap) {
        self.fleet.tell(&self.metrics, headers);
    }

    /// Begins to watch a space, from what the watcher has.
    pub(crate) async fn watch(
        self: &Arc<Self>,
        space: &SpaceId,
        right: Right,
        has: Has,
    ) -> Result<Watcher, Error> {
        let topic = {
            let mut topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
            let topics = topics.as_mut().ok_or(Error::Busy)?;
            let topic = topics.entry(space.clone()).or_insert_with(|| Topic::new(space.clone()));
            // Within the lock: a topic with a watcher is not taken away.
            topic.enter(&right);
            Arc::clone(topic)
        };
        let mut watcher = Watcher::new(Arc::clone(self), topic, right, has);
        // What was committed before the topic was entered is read here; what comes after it, by
        // the hub.
        self.read_heads(vec![Arc::clone(watcher.topic())]).await?;
        if watcher.topic().is_closed() {
            return Err(Error::NotFound(Thing::Space));
        }
        watcher.confirm().await?;
        // And the right may have ended after it was checked.
        self.arrived.notify_one();
        Ok(watcher)
    }

    fn leave(&self, topic: &Arc<Topic>, right: &Right) {
        let mut topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        let is_last = topic.leave(right);
        if let Some(topics) = topics.as_mut()
            && is_last
            && topics.get(&topic.space).is_some_and(|current| Arc::ptr_eq(current, topic))
        {
            topics.remove(&topic.space);
        }
    }

    async fn follow(&self) {
        let mut seen = None;
        let mut rights_due = Instant::now();
        let mut rights_read = None;
        loop {
            if self.topics().is_empty() {
                self.arrived.notified().await;
                rights_due = Instant::now();
            }
            let news = tokio::select! {
                revision = self.manager.committed(seen) => {
                    seen = Some(revision);
                    true
                }
                () = self.arrived.notified() => true,
                () = tokio::time::sleep_until(rights_due) => false,
            };
            let topics = self.topics();
            if news {
                // At once when it was long ago, and not too often while much is being committed.
                let earliest = rights_read.map_or_else(Instant::now, |at| at + RIGHTS_INTERVAL);
                rights_due = rights_due.min(earliest);
                if let Err(error) = self.read_heads(topics.clone()).await {
                    seen = None;
                    self.pause(&error).await;
                }
            }
            if rights_due <= Instant::now() {
                rights_read = Some(Instant::now());
                match self.read_rights(&topics).await {
                    Ok(next) => rights_due = Instant::now() + next,
                    Err(error) => self.pause(&error).await,
                }
            }
            tokio::time::sleep(SPACES_INTERVAL).await;
        }
    }

    async fn pause(&self, error: &Error) {
        tracing::warn!(%error, "can't see what has changed; trying again");
        tokio::time::sleep(PAUSE).await;
    }

    fn topics(&self) -> Vec<Arc<Topic>> {
        let topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        topics.iter().flat_map(HashMap::values).cloned().collect()
    }

    /// Tells the topics where their spaces stand. The topics are locked meanwhile, so that of two
    /// readings the later one has the last word.
    async fn read_heads(&self, topics: Vec<Arc<Topic>>) -> Result<(), Error> {
        for some in topics.chunks(HEADS_AT_ONCE) {
            let mut locked = Vec::with_capacity(some.len());
            for topic in some {
                locked.push(topic.reading.lock().await);
            }
            let spaces = some.iter().map(|topic| topic.space.clone()).collect();
            let heads = self.manager.heads(spaces).await?;
            let told = some.iter().zip(heads).map(async |(topic, head)| match head {
                Some(head) => topic.stands_at(&self.manager, head).await,
                None => topic.close(),
            });
            futures_util::future::join_all(told).await;
        }
        Ok(())
    }

    /// Ends the streams whose right has ended. Returns when to look again at the latest.
    async fn read_rights(&self, topics: &[Arc<Topic>]) -> Result<Duration, Error> {
        let ended = self.manager.ended_tokens().await?;
        let mut next = ended.next.unwrap_or(Duration::MAX);
        for topic in topics {
            let mut gone = HashSet::new();
            for right in topic.rights() {
                let lives = match &right {
                    Right::Token(token) => !ended.tokens.contains(token),
                    Right::Membership { session, user } => {
                        next = next.min(SESSIONS_INTERVAL);
                        self.manager.may_watch(session, user, &topic.space).await?
                    }
                };
                if !lives {
                    gone.insert(right);
                }
            }
            topic.end(gone);
        }
        // A day is as good as never, and no clock overflows.
        Ok(next.min(Duration::from_hours(24)))
    }
}

/// In one transaction: so many that a change of one space among a thousand is soon noticed, and so
/// few that no other reader waits.
const HEADS_AT_ONCE: usize = 256;
