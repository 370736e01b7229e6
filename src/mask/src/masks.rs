//! The masks of a process: values come and go, and texts are masked all the time.
//!
//! Making a matcher takes a time that grows with what it finds. So there are two: an old one for most
//! values, and a young one for those that came since. The young one is made anew with each change; when
//! it has grown, one takes the place of both.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::leaves::{Leaves, Rules};
use crate::matcher::Matcher;
use crate::spans::{Text, mask};

/// So long a value that was replaced or withdrawn is masked: flows that have read it may still print it.
const KEPT: Duration = Duration::from_secs(10 * 60);

/// The shortest time from one making of everything to the next because values have gone.
const PAUSE: Duration = Duration::from_secs(60);

/// The young matcher has at least room for so many values.
const FEW: usize = 64;

/// Masks all values that it was told of.
pub struct Masks {
    rules: Rules,
    hashers: [RandomState; 2],
    values: Mutex<Values>,
    matchers: RwLock<Arc<[Arc<Matcher>]>>,
    /// Held while a matcher is made: one at a time.
    making: Mutex<()>,
}

/// Stands for a value. It can't be read back.
type Key = [u64; 2];

#[derive(Default)]
struct Values {
    known: HashMap<Key, Value>,
    /// Those that the old matcher doesn't find.
    young: Vec<Key>,
}

struct Value {
    leaves: Arc<Leaves>,
    /// By how many secrets it is held at present.
    holders: usize,
    /// Since when it is held by none.
    idle_since: Instant,
}

impl Masks {
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            hashers: [RandomState::new(), RandomState::new()],
            values: Mutex::default(),
            matchers: RwLock::new(Arc::new([])),
            making: Mutex::default(),
        }
    }

    /// The text without secrets; nothing when there is none in it.
    pub fn mask(&self, text: &[u8], kind: Text) -> Option<Zeroizing<Vec<u8>>> {
        let matchers = Arc::clone(&self.matchers.read().unwrap_or_else(PoisonError::into_inner));
        mask(&matchers, text, kind)
    }

    /// From the return of this call on, these values (in their JSON form) are masked. Takes a time that
    /// grows with what is new. Whoever publishes one calls [`Masks::hold`] next.
    pub fn cover<'a>(&self, values: impl IntoIterator<Item = &'a str>, now: Instant) {
        let _making = lock(&self.making);
        let mut fresh = Vec::new();
        let mut known = lock(&self.values);
        for json in values {
            let key = self.key(json);
            match known.known.get_mut(&key) {
                Some(value) if value.holders == 0 => value.idle_since = now,
                Some(_) => {}
                None => fresh.push((key, json)),
            }
        }
        drop(known);
        if fresh.is_empty() {
            return;
        }
        let fresh: Vec<_> = fresh
            .into_iter()
            .map(|(key, json)| (key, Arc::new(Leaves::of(json, &self.rules))))
            .collect();
        let mut values = lock(&self.values);
        for (key, leaves) in fresh {
            let value = Value { leaves, holders: 0, idle_since: now };
            if values.known.insert(key, value).is_none() {
                values.young.push(key);
            }
        }
        if values.young.len() > room(values.known.len()) {
            self.make_all(values);
        } else {
            self.make_young(values);
        }
    }

    /// Secrets have these values from now on, and others no longer. All have been covered before.
    pub fn hold<'a>(
        &self,
        new: impl IntoIterator<Item = &'a str>,
        old: impl IntoIterator<Item = &'a str>,
        now: Instant,
    ) {
        let mut values = lock(&self.values);
        for json in new {
            if let Some(value) = values.known.get_mut(&self.key(json)) {
                value.holders += 1;
            }
        }
        for json in old {
            if let Some(value) = values.known.get_mut(&self.key(json)) {
                value.holders = value.holders.saturating_sub(1);
                value.idle_since = now;
            }
        }
    }

    /// Forgets values that have been idle for long. Says when there is something to forget next.
    pub fn tidy(&self, now: Instant) -> Option<Instant> {
        let _making = lock(&self.making);
        let mut values = lock(&self.values);
        let before = values.known.len();
        values.known.retain(|_, value| value.holders > 0 || now < value.idle_since + KEPT);
        let idle = values.known.values().filter(|value| value.holders == 0);
        let next = idle.map(|value| (value.idle_since + KEPT).max(now + PAUSE)).min();
        if values.known.len() < before {
            self.make_all(values);
        }
        next
    }

    fn make_all(&self, mut values: MutexGuard<'_, Values>) {
        values.young.clear();
        let leaves = values.known.values().map(|value| Arc::clone(&value.leaves)).collect();
        drop(values);
        self.set_matchers(Arc::new([self.make(leaves)]));
    }

    fn make_young(&self, values: MutexGuard<'_, Values>) {
        let young = values.young.iter().filter_map(|key| values.known.get(key));
        let leaves = young.map(|value| Arc::clone(&value.leaves)).collect();
        drop(values);
        let young = self.make(leaves);
        let old = self.matchers.read().unwrap_or_else(PoisonError::into_inner).first().cloned();
        match old {
            Some(old) => self.set_matchers(Arc::new([old, young])),
            None => self.set_matchers(Arc::new([self.make(Vec::new()), young])),
        }
    }

    fn make(&self, leaves: Vec<Arc<Leaves>>) -> Arc<Matcher> {
        Arc::new(Matcher::new(leaves, &self.rules))
    }

    fn set_matchers(&self, matchers: Arc<[Arc<Matcher>]>) {
        let mut place = self.matchers.write().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut *place, matchers);
        drop(place);
        drop(old);
    }

    fn key(&self, json: &str) -> Key {
        let [one, other] = &self.hashers;
        [one.hash_one(json), other.hash_one(json)]
    }
}

/// How many values the young matcher takes, so that making it, and making everything when it is full,
/// cost about the same over time.
fn room(values: usize) -> usize {
    FEW.max(2 * values.isqrt())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
