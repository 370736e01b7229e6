//! One who watches: the stream of events on one connection.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use secret_manager_manager::{Error, Head};
use tokio::sync::watch;

use super::topic::{Shows, State, Step, Topic};
use super::{Hub, Right, event};
use crate::metrics::Counted;

/// Compares with a tag.
pub(crate) type IsIt = Box<dyn Fn(&str) -> bool + Send>;

pub(crate) struct Watcher {
    hub: Arc<Hub>,
    topic: Arc<Topic>,
    state: watch::Receiver<State>,
    right: Right,
    has: Has,
    is_open: bool,
    _counted: Counted,
}

/// What the client has of the space.
pub(crate) enum Has {
    Nothing,
    /// The snapshot with the entity tag for which this answers true, if it is the current one. Else it
    /// has what stands beside it, if that is known to lie on the space's way, or nothing that could be
    /// gone on from.
    Tagged(IsIt, Option<Head>),
    /// As the client says; whether it is this space's present or a past that a restored backup has
    /// undone, the version alone can't tell.
    Version(u64),
    All(Head),
}

impl Watcher {
    pub(super) fn new(hub: Arc<Hub>, topic: Arc<Topic>, right: Right, has: Has) -> Self {
        let state = topic.subscribe();
        let counted = Counted::new(&hub.metrics.watchers(right.shows()));
        Self { hub, topic, state, right, has, is_open: false, _counted: counted }
    }

    pub(super) fn topic(&self) -> &Arc<Topic> {
        &self.topic
    }

    /// Finds out whether a snapshot that the client has is the current one, or one that can be gone on
    /// from.
    pub(super) async fn confirm(&mut self) -> Result<(), Error> {
        let Has::Tagged(is_it, base) = &mut self.has else { return Ok(()) };
        let head = self.state.borrow().head.clone();
        let current = head.filter(|head| is_it(&head.tag));
        self.has = match (current, base.take()) {
            (Some(current), _) => Has::All(current),
            (None, Some(base)) if self.hub.manager.was_at(&self.topic.space, &base).await? => {
                Has::All(base)
            }
            _ => Has::Nothing,
        };
        Ok(())
    }

    /// Whether what the client is known to have is where the space stands.
    pub(crate) fn is_current(&self) -> bool {
        matches!(&self.has, Has::All(has) if self.state.borrow().head.as_ref() == Some(has))
    }

    /// The tag of what the client is known to have.
    pub(crate) fn tag(&self) -> Option<&str> {
        match &self.has {
            Has::All(head) => Some(&head.tag),
            _ => None,
        }
    }

    /// The body of the answer. It ends with the right to watch, the space or the service.
    pub(crate) fn into_body(self) -> Body {
        Body::from_stream(futures_util::stream::unfold(self, async |mut watcher| {
            let piece = watcher.next().await?;
            Some((Ok::<_, Infallible>(piece), watcher))
        }))
    }

    /// Asked for only when the client has taken what came before.
    async fn next(&mut self) -> Option<Bytes> {
        if !self.is_open {
            self.is_open = true;
            return Some(event::opening());
        }
        loop {
            let head = {
                let state = self.state.borrow_and_update();
                if state.is_closed || state.ended.contains(&self.right) {
                    return None;
                }
                state.head.clone()?
            };
            // In a box: it takes much more room than waiting, and no time to speak of.
            match Box::pin(self.step_to(head)).await {
                Ok(Some(event)) => return Some(event),
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(space = %self.topic.space, %error, "a stream of events ended");
                    return None;
                }
            }
            // Errs when the topic is gone, which it can't be while this holds it.
            match tokio::time::timeout(self.hub.heartbeat, self.state.changed()).await {
                Ok(changed) => changed.ok()?,
                Err(_) => return Some(event::HEARTBEAT),
            }
        }
    }

    /// The event that brings the client to where the space stands, if it isn't there.
    async fn step_to(&mut self, head: Head) -> Result<Option<Bytes>, Error> {
        let from = match &self.has {
            Has::All(has) if *has == head => return Ok(None),
            Has::Version(version) if *version == head.version => {
                self.has = Has::All(head);
                return Ok(None);
            }
            Has::Nothing | Has::Tagged(..) => {
                let version = head.version;
                self.has = Has::All(head);
                // People see a list that they have just got; an engine has to get one.
                return Ok((self.right.shows() == Shows::Values).then(|| event::reset(version)));
            }
            Has::Version(version) | Has::All(Head { version, .. }) => *version,
        };
        let step = self.topic.step(&self.hub.manager, self.right.shows(), from, &head).await?;
        let (to, event) = match step {
            Step::Change { to, text } if to.version != from => (to, Some(text)),
            // Nothing to tell, unless the space has come to this version by another way.
            Step::Change { to, .. } => {
                let is_another = matches!(&self.has, Has::All(has) if has.tag != to.tag);
                let version = to.version;
                (to, is_another.then(|| event::reset(version)))
            }
            Step::Reset { to } => {
                let version = to.version;
                (to, Some(event::reset(version)))
            }
        };
        self.has = Has::All(to);
        Ok(event)
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.hub.leave(&self.topic, &self.right);
    }
}
