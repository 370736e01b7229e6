//! A space that is watched: where it stands, who watches it, and what leads to where it stands.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use secret_manager_manager::{Caller, Error, Head, Manager, SpaceId};
use tokio::sync::{OnceCell, watch};

use super::{Right, event};

/// How long an event is kept for watchers that come for it later than the others. It holds values.
const KEPT: Duration = Duration::from_secs(5);

/// So long watchers are kept asleep while the step is made that they will ask for.
const PATIENCE: Duration = Duration::from_millis(20);

/// What a watcher may see of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Shows {
    /// For engines.
    Values,
    /// For people.
    Names,
}

pub(super) struct Topic {
    pub(super) space: SpaceId,
    /// Held while it is read where the space stands.
    pub(super) reading: tokio::sync::Mutex<()>,
    state: watch::Sender<State>,
    watchers: Mutex<HashMap<Right, usize>>,
    events: Mutex<Events>,
}

/// What watchers wait for to change.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// Known before the first watcher asks.
    pub(super) head: Option<Head>,
    /// The space is gone or the service stops.
    pub(super) is_closed: bool,
    /// Those of this topic's watchers that have to go.
    pub(super) ended: HashSet<Right>,
}

/// A step from the version that a watcher has.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Change {
        to: Head,
        text: Bytes,
    },
    /// What changed since isn't known: the watcher needs a whole snapshot.
    Reset {
        to: Head,
    },
}

type Events = HashMap<(Shows, u64), Arc<OnceCell<Step>>>;

impl Topic {
    pub(super) fn new(space: SpaceId) -> Arc<Self> {
        Arc::new(Self {
            space,
            reading: tokio::sync::Mutex::default(),
            state: watch::Sender::default(),
            watchers: Mutex::default(),
            events: Mutex::default(),
        })
    }

    pub(super) fn enter(&self, right: &Right) {
        let mut watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        *watchers.entry(right.clone()).or_default() += 1;
    }

    /// Whether it was the last one.
    pub(super) fn leave(&self, right: &Right) -> bool {
        let mut watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = watchers.get_mut(right) {
            *count -= 1;
            if *count == 0 {
                watchers.remove(right);
            }
        }
        watchers.is_empty()
    }

    pub(super) fn rights(&self) -> Vec<Right> {
        let watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        watchers.keys().cloned().collect()
    }

    /// What the watchers see of a change.
    fn shown(&self) -> HashSet<Shows> {
        let watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        watchers.keys().map(Right::shows).collect()
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<State> {
        let mut state = self.state.subscribe();
        // The first look has to see what is there already.
        state.mark_changed();
        state
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state.borrow().is_closed
    }

    pub(super) fn close(&self) {
        self.state.send_modify(|state| state.is_closed = true);
    }

    pub(super) fn end(&self, rights: HashSet<Right>) {
        self.state.send_if_modified(|state| {
            let is_news = !rights.is_subset(&state.ended);
            state.ended = rights;
            is_news
        });
    }

    /// Takes note of where the space stands, and wakes the watchers when that is news. What nearly all
    /// of them will ask for then, the step from where the space stood, is made before.
    pub(super) async fn stands_at(self: &Arc<Self>, manager: &Arc<Manager>, head: Head) {
        let before = self.state.borrow().head.clone();
        if before.as_ref() == Some(&head) {
            return;
        }
        // What led to the head before leads to this one no longer.
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clear();
        if let Some(before) = before {
            self.prepare(manager, before.version, &head).await;
        }
        self.state.send_modify(|state| state.head = Some(head));
    }

    /// Makes the steps from a version that the watchers have. One that takes long goes on being made: the
    /// watchers wait for it themselves then, and those of other spaces don't.
    async fn prepare(self: &Arc<Self>, manager: &Arc<Manager>, from: u64, head: &Head) {
        let steps = self.shown().into_iter().map(|shows| {
            let (topic, manager, head) = (Arc::clone(self), Arc::clone(manager), head.clone());
            tokio::spawn(async move { topic.step(&manager, shows, from, &head).await.map(drop) })
        });
        // Whoever asks for a step that failed makes it anew, and tells the error.
        let _ = tokio::time::timeout(PATIENCE, futures_util::future::join_all(steps)).await;
    }

    /// What leads from version `from` to where the space stands, which is `head` or what came after it;
    /// read once for all who ask.
    pub(super) async fn step(
        self: &Arc<Self>,
        manager: &Manager,
        shows: Shows,
        from: u64,
        head: &Head,
    ) -> Result<Step, Error> {
        let event = {
            let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(events.entry((shows, from)).or_default())
        };
        let make = async || {
            let step = self.make_step(manager, shows, from, head).await?;
            self.forget_later(shows, from);
            Ok::<_, Error>(step)
        };
        event.get_or_try_init(make).await.cloned()
    }

    async fn make_step(
        &self,
        manager: &Manager,
        shows: Shows,
        from: u64,
        head: &Head,
    ) -> Result<Step, Error> {
        let change = match shows {
            // In the audit trail this is one reading, whoever gets it; who could have is told by
            // the records of those who began to watch.
            Shows::Values => manager
                .delta(&self.space, from, &Caller::system())
                .await?
                .map(|tagged| (tagged.delta.version, tagged.tag.clone(), event::values(&tagged))),
            Shows::Names => manager
                .changes(&self.space, from)
                .await?
                .map(|changes| (changes.version, changes.tag.clone(), event::names(&changes))),
        };
        Ok(match change {
            Some((version, tag, text)) => Step::Change { to: Head { version, tag }, text },
            None => Step::Reset { to: head.clone() },
        })
    }

    fn forget_later(self: &Arc<Self>, shows: Shows, from: u64) {
        let topic = Arc::downgrade(self);
        tokio::spawn(async move {
            tokio::time::sleep(KEPT).await;
            if let Some(topic) = topic.upgrade() {
                let mut events = topic.events.lock().unwrap_or_else(PoisonError::into_inner);
                events.remove(&(shows, from));
            }
        });
    }
}
