//! The network, and the source's side of it.

use std::time::Duration;

use secret_manager_source::{Failure, Remedy};

use super::{Happening, Head, KNOWN, MINUTE, NAMES, SECOND, Secret, World};
use crate::machine::{Answer, Event, Heard};
use crate::status::State;

impl World {
    // What the source holds.

    pub(super) fn write(&mut self) {
        let mut head = self.another_head();
        head.version += 1;
        let name = self.random.usize(..NAMES);
        head.secrets[name] = Secret { version: head.version, value: head.tag };
        self.latest = self.latest.max(head.version);
        self.history.push(head);
    }

    /// The same version and secrets under another tag.
    pub(super) fn rename(&mut self) {
        let head = self.another_head();
        self.history.push(head);
    }

    /// Somebody puts it back to what it was, and streams end with that. It is written on, to the same
    /// versions and on from there; now or later.
    pub(super) fn put_back(&mut self) {
        let to = self.random.usize(..self.history.len());
        self.history.truncate(to + 1);
        self.told = self.head();
        if self.watch.is_some() {
            self.tell(Event::Deaf(Failure::new(Remedy::Retry, "simulated")));
        }
        while self.random.bool() || self.random.bool() && self.head().version < self.latest {
            self.write();
        }
    }

    fn another_head(&mut self) -> Head {
        self.made += 1;
        Head { tag: self.made, ..self.head() }
    }

    /// Whether the source knows of a head that it lies on the way to where it stands.
    fn knows(&self, head: &Head) -> bool {
        self.history.iter().rev().take(KNOWN).any(|known| known == head)
    }

    // What it answers.

    pub(super) fn asked(&mut self, fetch: u64, held: Option<Head>) {
        let stale = self.storm && self.random.u8(..10) == 0;
        let index = self.random.usize(..self.history.len());
        let head = if stale { self.history[index] } else { self.head() };
        let fails = self.storm && self.random.u8(..3) == 0;
        let (answer, holds) = if fails {
            (Answer::Failed(Failure::new(self.remedy(), "simulated")), None)
        } else {
            (self.answer(held, head), Some(head))
        };
        let latency = self.latency();
        self.after(latency, Happening::Answered { fetch, held, answer, holds });
    }

    fn answer(&mut self, held: Option<Head>, head: Head) -> Answer {
        let version = head.version;
        let delta = |space: &str, from| Answer::Delta { space: space.into(), from, version };
        match held {
            Some(held) if held == head => Answer::Unchanged,
            // What no source should answer: a delta from where nobody is, of another space, or for
            // somebody who holds nothing.
            Some(held) if self.storm && self.random.u8(..20) == 0 => match self.random.bool() {
                true if held.version > 0 => delta("s", held.version - 1),
                _ => delta("t", held.version),
            },
            None if self.storm && self.random.u8(..20) == 0 => {
                delta("s", self.published.unwrap_or(head).version)
            }
            Some(held)
                if self.knows(&held) && held.version <= version && self.random.u8(..4) > 0 =>
            {
                delta("s", held.version)
            }
            _ => Answer::Snapshot { space: "s".into(), version },
        }
    }

    pub(super) fn answered(&mut self, held: Option<Head>, answer: Answer, holds: Option<Head>) {
        self.fetch = None;
        self.denials = match &answer {
            Answer::Failed(failure) if failure.remedy == Remedy::Authorise => self.denials + 1,
            _ => 0,
        };
        self.at_hand = holds;
        if let Answer::Delta { from, .. } = &answer {
            self.begins = *from;
        }
        if holds.is_some() {
            self.machine.told_spread(self.spread);
        }
        self.asks_again = false;
        self.tell(Event::Fetched(answer));
        if let Some(Head { version, .. }) = holds
            && self.machine.state() == State::Synced
            && !self.asks_again
        {
            let backwards = held.is_some_and(|held| version < held.version);
            assert!(self.just_started || !backwards, "3: {version} although {held:?} was held");
            self.just_started = false;
            let published = self.published.map(|published| published.version);
            assert!(published >= Some(version), "3: {published:?} although {version} was answered");
        }
    }

    pub(super) fn watch_asked(&mut self, watch: u64, held: Head, resumed: bool) {
        self.half_open = false;
        if self.storm {
            match self.random.u8(..6) {
                0 => {
                    let remedy = self.remedy();
                    self.tell(Event::Deaf(Failure::new(remedy, "simulated")));
                    return;
                }
                1 => return,
                2 | 3 => {
                    let (after, remedy) = (self.random.u64(..3 * MINUTE), self.remedy());
                    self.after(after, Happening::Cut { watch, remedy });
                }
                4 => self.half_open = true,
                _ => {}
            }
        }
        let head = self.head();
        (self.opened, self.told, self.told_at) = (true, held, self.now);
        let first = if held == head {
            self.resuming = resumed;
            Heard::Alive
        } else if self.knows(&held) {
            Heard::Missed
        } else {
            // It goes on from where the source stands.
            self.told = head;
            Heard::Behind
        };
        self.say(watch, first, head);
        self.after(15 * SECOND, Happening::Beat { watch });
        self.tell_watch(watch);
    }

    pub(super) fn tell_watch(&mut self, watch: u64) {
        let (told, head) = (self.told, self.head());
        if !self.opened || told == head {
            return;
        }
        self.told = head;
        let (from, version) = (told.version, head.version);
        if from == version {
            self.say(watch, Heard::Behind, head);
            return;
        }
        let change = || Heard::Change { space: "s".into(), from, version };
        let fate = if self.storm { self.random.u8(..10) } else { 9 };
        match fate {
            // Lost.
            0 => {}
            // Doubled.
            1 => {
                self.say(watch, change(), head);
                self.say(watch, change(), head);
            }
            // Overtaken by the next.
            2 => {
                let late = self.latency() * 2;
                self.after(late, Happening::Told { watch, heard: change(), end: head });
            }
            // In pieces that overlap.
            3 if version > from + 1 => {
                let before = |head: &&Head| head.version == version - 1;
                let half = *self.history.iter().rev().find(before).unwrap();
                let heard = Heard::Change { space: "s".into(), from, version: half.version };
                self.say(watch, heard, half);
                self.say(watch, change(), head);
            }
            // Of another space.
            4 if self.random.bool() => {
                let odd = Heard::Change { space: "t".into(), from, version };
                self.say(watch, odd, head);
            }
            _ => self.say(watch, change(), head),
        }
    }

    /// Says something on the watch, after what was said before.
    pub(super) fn say(&mut self, watch: u64, heard: Heard, end: Head) {
        if self.half_open {
            return;
        }
        self.told_at = self.told_at.max(self.now + self.latency_of_a_word());
        let pause = self.told_at - self.now;
        self.after(pause, Happening::Told { watch, heard, end });
    }

    pub(super) fn latency(&mut self) -> u64 {
        let most = if self.storm { 30 * SECOND } else { 100 };
        self.random.u64(1..most)
    }

    pub(super) fn latency_of_a_word(&mut self) -> u64 {
        self.random.u64(1..if self.storm { 5 * SECOND } else { 100 })
    }

    fn remedy(&mut self) -> Remedy {
        match self.random.u8(..8) {
            0 => Remedy::Reconfigure,
            1 | 2 => Remedy::Authorise,
            3 => Remedy::Wait(None),
            4 => Remedy::Wait(Some(Duration::from_secs(self.random.u64(..100_000)))),
            5 => Remedy::Repair,
            _ => Remedy::Retry,
        }
    }
}
