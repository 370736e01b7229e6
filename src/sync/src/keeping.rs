//! When the last-good cache is written. Pure: it is told the time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use secret_manager_model::Timestamp;

use crate::cache::{Cache, CacheError, Good};

/// The shortest time from one write to the next: a space that changes all the time is written once for
/// many changes.
const PAUSE: Duration = Duration::from_secs(1);
/// What is kept says when it was confirmed last; it is written again when that is this much behind.
const CONFIRMED_BEHIND: i64 = 60 * 60 * 1000;

/// What is to be done with the file.
pub(crate) enum Job {
    Save(Arc<Cache>, Box<Good>),
    Wipe(Arc<Cache>),
}

impl Job {
    /// Blocks.
    pub(crate) fn run(self) -> Result<(), CacheError> {
        match self {
            Self::Save(cache, good) => cache.save(&good),
            Self::Wipe(cache) => cache.wipe(),
        }
    }
}

/// Jobs come one after the other, so that a file that was wiped isn't brought back by a write that
/// began earlier. Of several wishes the last one counts.
#[derive(Default)]
pub(crate) struct Keeping {
    cache: Option<Arc<Cache>>,
    wish: Option<Wish>,
    busy: bool,
    not_before: Option<Instant>,
    /// When that what is kept was confirmed, as the file says.
    kept: Option<Timestamp>,
    /// As the file says.
    spread: Duration,
    problem: Option<String>,
}

#[derive(Clone, Copy)]
enum Wish {
    Save(Instant),
    Wipe(Instant),
}

impl Keeping {
    pub(crate) fn set_cache(&mut self, cache: Option<Arc<Cache>>) {
        self.cache = cache;
        self.problem = None;
    }

    pub(crate) fn cache(&self) -> Option<&Arc<Cache>> {
        self.cache.as_ref()
    }

    pub(crate) fn problem(&self) -> Option<&String> {
        self.problem.as_ref()
    }

    /// Something was published.
    pub(crate) fn save(&mut self, now: Instant) {
        self.wish = Some(Wish::Save(self.not_before.map_or(now, |moment| moment.max(now))));
    }

    /// What is published was confirmed, and this is what the source asks for.
    pub(crate) fn confirm(&mut self, at: Timestamp, spread: Duration, now: Instant) {
        let behind = |kept: Timestamp| at.as_millis() - kept.as_millis() >= CONFIRMED_BEHIND;
        // A few engines more or less make no difference.
        let other = spread.abs_diff(self.spread) > self.spread / 4;
        if self.kept.is_some_and(|kept| other || behind(kept)) {
            self.save(now);
        }
    }

    pub(crate) fn wipe(&mut self, now: Instant) {
        self.wish = Some(Wish::Wipe(now));
    }

    /// The engine stops: what would wait a moment longer might not be done at all.
    pub(crate) fn hurry(&mut self, now: Instant) {
        if let Some(Wish::Save(at)) = &mut self.wish {
            *at = now;
        }
    }

    /// What was kept has been read, or why it couldn't be.
    pub(crate) fn loaded(&mut self, outcome: &Result<Option<Good>, CacheError>) {
        self.problem = outcome.as_ref().err().map(ToString::to_string);
        let good = outcome.as_ref().ok().and_then(Option::as_ref);
        self.kept = good.map(|good| good.checked_at);
        self.spread = good.map(|good| good.spread).unwrap_or_default();
    }

    /// When [`Keeping::begin`] has something to begin.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.cache.as_ref()?;
        match self.wish {
            Some(Wish::Save(at) | Wish::Wipe(at)) if !self.busy => Some(at),
            _ => None,
        }
    }

    /// The job whose time has come. It has ended when [`Keeping::ended`] is told.
    pub(crate) fn begin(
        &mut self,
        now: Instant,
        good: impl FnOnce() -> Option<Good>,
    ) -> Option<Job> {
        if self.due()? > now {
            return None;
        }
        let cache = Arc::clone(self.cache.as_ref()?);
        let job = match self.wish.take()? {
            Wish::Wipe(_) => {
                self.kept = None;
                Job::Wipe(cache)
            }
            Wish::Save(_) => {
                let good = good()?;
                (self.kept, self.spread) = (Some(good.checked_at), good.spread);
                self.not_before = Some(now + PAUSE);
                Job::Save(cache, Box::new(good))
            }
        };
        self.busy = true;
        Some(job)
    }

    pub(crate) fn ended(&mut self, outcome: Result<(), CacheError>) {
        self.busy = false;
        self.problem = outcome.err().map(|error| error.to_string());
    }
}
