//! How many engines there are, and what follows for them: over how long they are to spread what they
//! would all do at once, such as coming again after a power cut or after this service was restarted.
//!
//! The service keeps no list of engines, so it counts what it sees: streams that are open, and tokens
//! and addresses that asked for a snapshot lately. Many engines behind one address that share a token
//! and hold no stream look like one.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use secret_manager_manager::{Actor, Caller};

use crate::metrics::Metrics;
use crate::watch::Shows;

/// Engines ask once a minute unless they are told otherwise.
const PERIOD: Duration = Duration::from_secs(60);

/// So many of them come in a second, on the average. They ask once a minute, which of a thousand is 17
/// in a second; so with this it is never three times that, though they come at random, and some have to
/// ask twice.
const ENGINES_PER_SECOND: u64 = 8;

/// In seconds. From here on more engines means more of them in a second, as it does at all times.
const LONGEST: u64 = 120;

/// In seconds. What so few engines do at once is no trouble.
const SHORTEST: u64 = 2;

/// Beyond this it makes no difference.
const MOST: usize = 65_536;

const SPREAD: HeaderName = HeaderName::from_static("secret-manager-spread");

pub(crate) struct Fleet {
    hasher: RandomState,
    asked: Mutex<Asked>,
}

struct Asked {
    /// When the present period began.
    since: Instant,
    /// Hashes of token and address.
    present: HashSet<u64>,
    /// How many they were in the period before.
    before: usize,
}

impl Fleet {
    pub(crate) fn new() -> Self {
        let asked = Asked { since: Instant::now(), present: HashSet::new(), before: 0 };
        Self { hasher: RandomState::new(), asked: Mutex::new(asked) }
    }

    /// An engine has asked for a snapshot.
    pub(crate) fn asked(&self, caller: &Caller) {
        let Actor::Token { id, .. } = &caller.actor else { return };
        let who = self.hasher.hash_one((id, caller.origin));
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).note(who, Instant::now());
    }

    /// Says in an answer to an engine over how long to spread. Nothing is said where engines are few.
    pub(crate) fn tell(&self, metrics: &Metrics, headers: &mut HeaderMap) {
        let watching = u64::try_from(metrics.watchers(Shows::Values).get()).unwrap_or(0);
        let asking = self.asked.lock().unwrap_or_else(PoisonError::into_inner).count();
        // Those that watch ask as well.
        let seconds = spread(watching.max(asking));
        if seconds > 0 {
            headers.insert(SPREAD, HeaderValue::from(seconds));
        }
    }
}

impl Asked {
    fn note(&mut self, who: u64, now: Instant) {
        let past = now.saturating_duration_since(self.since);
        if past >= PERIOD {
            // Nobody asked in the period before when this one went on for longer.
            self.before = if past < 2 * PERIOD { self.present.len() } else { 0 };
            self.present.clear();
            self.present.shrink_to(2 * self.before);
            self.since = now;
        }
        if self.present.len() < MOST {
            self.present.insert(who);
        }
    }

    fn count(&self) -> u64 {
        self.present.len().max(self.before) as u64
    }
}

/// In seconds.
fn spread(engines: u64) -> u64 {
    let seconds = (engines / ENGINES_PER_SECOND).min(LONGEST);
    if seconds < SHORTEST { 0 } else { seconds }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_engines_spread_nothing_and_many_no_longer_than_two_minutes() {
        let engines = [0, 1, 15, 16, 100, 500, 1_000, 10_000, u64::MAX];
        assert_eq!(engines.map(spread), [0, 0, 0, 2, 12, 62, 120, 120, 120]);
    }

    #[test]
    fn those_that_ask_are_counted_once_and_forgotten_when_they_stay_away() {
        let began = Instant::now();
        let mut asked = Asked { since: began, present: HashSet::new(), before: 0 };
        for round in 0..3 {
            for who in 0..100 {
                asked.note(who, began + PERIOD * round / 4);
            }
        }
        assert_eq!(asked.count(), 100);
        asked.note(0, began + PERIOD);
        assert_eq!(asked.count(), 100);
        asked.note(0, began + 2 * PERIOD);
        assert_eq!(asked.count(), 1);
        asked.note(1, began + 9 * PERIOD);
        assert_eq!(asked.count(), 1);
    }
}
