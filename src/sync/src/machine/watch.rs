//! The half of the machine that is about the watch: when one is opened, what is heard on it, and what
//! its end means.

use std::time::{Duration, Instant};

use secret_manager_source::{Failure, Remedy};

use super::{Action, Heard, Machine, asked};
use crate::schedule;

/// A source sends something every 15 s: a watch that is silent for longer than this is dead, though
/// nobody has said so.
pub(super) const SILENCE: Duration = Duration::from_secs(45);
/// A watch that ends sooner counts as a failure, however well it began.
const STEADY: Duration = Duration::from_secs(30);
/// A watch that is resumed and hasn't said by then whether anything was missed is not waited for: what is
/// on the way may hold back streams.
pub(super) const RESUME_PATIENCE: Duration = Duration::from_secs(10);
/// The pause before the next attempt where there was nothing to watch: the source may be renewed.
pub(super) const UNWATCHABLE_PAUSE: Duration = Duration::from_secs(60 * 60);

#[derive(Debug)]
pub(super) struct Watch {
    opened: Instant,
    /// When something was heard last; before that, when it was opened.
    heard: Instant,
    /// Something was heard at all.
    works: bool,
    /// It was not opened after a fetch.
    resumed: bool,
    /// A fetch has to bring what is published to where the watch has gone on from.
    behind: bool,
}

impl Machine {
    /// Whether changes are heard of as they are made.
    pub(crate) fn is_live(&self) -> bool {
        self.watch.as_ref().is_some_and(|watch| watch.works && !watch.behind)
    }

    /// Whether no watch is opened yet, because the last one ended.
    pub(crate) fn waits_to_watch(&self, now: Instant) -> bool {
        self.watch_from.is_some_and(|from| from > now)
    }

    pub(super) fn may_watch(&self, now: Instant) -> bool {
        let could = self.live && self.watch.is_none() && self.published.is_some();
        could && !self.waits_to_watch(now)
    }

    pub(super) fn watch(&mut self, now: Instant) -> Option<Action> {
        self.may_watch(now).then(|| {
            self.watch = Some(Watch::opened(now, false));
            Action::Watch
        })
    }

    pub(super) fn resume(&mut self, now: Instant) -> Vec<Action> {
        self.watch = Some(Watch::opened(now, true));
        self.due = Some(now + RESUME_PATIENCE);
        vec![Action::Resume]
    }

    pub(super) fn heard(&mut self, heard: Heard, now: Instant, random: f64) -> Vec<Action> {
        let (Some(interval), Some(watch)) = (self.interval, &mut self.watch) else {
            return Vec::new();
        };
        let is_first = !std::mem::replace(&mut watch.works, true);
        watch.heard = now;
        let (space, from, version) = match heard {
            Heard::Alive if is_first && watch.resumed => {
                // What is published is what the source has, and the watch goes on from there.
                self.confirmed(interval, now, random);
                return vec![Action::Confirm];
            }
            // Should that not come, a fetch that is due soon brings it.
            Heard::Alive | Heard::Missed => return Vec::new(),
            Heard::Behind if watch.behind => return Vec::new(),
            Heard::Behind => {
                watch.behind = true;
                return self.fetch_what_was_missed();
            }
            // The fetch that is to come or under way may not know of it.
            Heard::Change { .. } if watch.behind => {
                self.again |= self.in_flight.is_some();
                return Vec::new();
            }
            Heard::Change { space, from, version } => (space, from, version),
        };
        match &mut self.published {
            Some((known, published)) if *known == space && from <= *published => {
                // Heard before; a fetch was faster, or the stream repeats itself.
                if version <= *published {
                    return Vec::new();
                }
                *published = version;
                self.confirmed(interval, now, random);
                vec![Action::Amend, Action::Confirm]
            }
            _ => {
                let gap = Failure::new(Remedy::Repair, "a change was missed on the watch");
                self.deaf(&gap, now, random)
            }
        }
    }

    /// At once, or after the fetch under way: its answer may be older than what was heard.
    fn fetch_what_was_missed(&mut self) -> Vec<Action> {
        if self.in_flight.is_some() {
            self.again = true;
            return Vec::new();
        }
        self.fetch(Vec::new())
    }

    /// There is no watch any more. What it should have told is fetched: at once when it told something
    /// that can't be right, and otherwise when the next one may be opened.
    pub(super) fn deaf(&mut self, failure: &Failure, now: Instant, random: f64) -> Vec<Action> {
        let Some(watch) = &self.watch else { return Vec::new() };
        // Of what was never a watch nothing was missed.
        let odd = watch.works && failure.remedy == Remedy::Repair;
        // Nothing is known of the source yet; only a fetch tells whether it is there.
        let unanswered = watch.resumed && !watch.works;
        let unresumable = unanswered && failure.remedy == Remedy::Repair;
        if now.saturating_duration_since(watch.opened) >= STEADY {
            self.watch_failures = 0;
        }
        if !unresumable {
            self.watch_failures = self.watch_failures.saturating_add(1);
        }
        let pause = match failure.remedy {
            Remedy::Reconfigure => UNWATCHABLE_PAUSE,
            _ => schedule::back_off(self.watch_failures, asked(failure), self.spread, random),
        };
        let from = now + pause;
        // What can't be resumed is opened after the fetch, as if it had not been tried.
        self.watch_from = (!unresumable).then_some(from);
        let mut actions = self.unwatch();
        match self.due {
            // During a fetch, or while fetches fail and have pauses of their own.
            None => self.again |= odd,
            Some(_) if self.failures > 0 => {}
            Some(_) if odd || unanswered => actions.extend(self.fetch(Vec::new())),
            Some(due) => self.due = Some(due.min(from)),
        }
        actions
    }

    pub(super) fn unwatch(&mut self) -> Vec<Action> {
        self.watch.take().map(|_| Action::Unwatch).into_iter().collect()
    }
}

impl Watch {
    fn opened(now: Instant, resumed: bool) -> Self {
        Self { opened: now, heard: now, works: false, resumed, behind: false }
    }

    /// A fetch has brought what was missed.
    pub(super) fn caught_up(&mut self) {
        self.behind = false;
    }

    pub(super) fn silent_from(&self) -> Instant {
        self.heard + SILENCE
    }
}
