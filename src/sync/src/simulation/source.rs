//! The network, and the source's side of it.

use std::time::Duration;

use secret_manager_source::{Failure, Remedy};

use super::{Content, Happening, MINUTE, SECOND, World};
use crate::machine::{Answer, Event, Heard};
use crate::status::State;

impl World {
    pub(super) fn asked(&mut self, fetch: u64, held: Option<u64>) {
        let stale = self.storm && self.random.u8(..10) == 0;
        let version = if stale { self.random.u64(..=self.version()) } else { self.version() };
        let holds = Some((version, self.history[version as usize]));
        let fails = self.storm && self.random.u8(..3) == 0;
        let (answer, holds) = match (fails, held) {
            (true, _) => (Answer::Failed(Failure::new(self.remedy(), "simulated")), None),
            (false, Some(held)) if held == version => (Answer::Unchanged, holds),
            (false, _) => (Answer::Snapshot { space: "s".into(), version }, holds),
        };
        let latency = self.latency();
        self.after(latency, Happening::Answered { fetch, held, answer, holds });
    }

    pub(super) fn answered(
        &mut self,
        held: Option<u64>,
        answer: Answer,
        holds: Option<(u64, Content)>,
    ) {
        self.fetch = None;
        self.denials = match &answer {
            Answer::Failed(failure) if failure.remedy == Remedy::Authorise => self.denials + 1,
            _ => 0,
        };
        self.at_hand = holds;
        if holds.is_some() {
            self.machine.told_spread(self.spread);
        }
        self.tell(Event::Fetched(answer));
        if let Some((version, _)) = holds
            && self.machine.state() == State::Synced
        {
            let backwards = held.is_some_and(|held| version < held);
            assert!(self.just_started || !backwards, "3: {version} although {held:?} was held");
            self.just_started = false;
            let published = self.published.map(|(published, _)| published);
            assert!(published >= Some(version), "3: {published:?} although {version} was answered");
        }
    }

    pub(super) fn watch_asked(&mut self, watch: u64, since: u64, resumed: bool) {
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
        (self.told, self.told_at) = (since, self.now);
        if resumed && since != self.version() {
            // It goes on from where the source stands.
            self.told = self.version();
            self.say(watch, Heard::Behind, self.version());
        } else {
            self.resuming = resumed;
            self.say(watch, Heard::Alive, self.version());
        }
        self.after(15 * SECOND, Happening::Beat { watch });
        self.tell_watch(watch);
    }

    pub(super) fn tell_watch(&mut self, watch: u64) {
        let (from, version) = (self.told, self.version());
        if from >= version {
            return;
        }
        self.told = version;
        let change = || Heard::Change { space: "s".into(), from, version };
        let fate = if self.storm { self.random.u8(..10) } else { 9 };
        match fate {
            // Lost.
            0 => {}
            // Doubled.
            1 => {
                self.say(watch, change(), version);
                self.say(watch, change(), version);
            }
            // Overtaken by the next.
            2 => {
                let (late, content) = (self.latency() * 2, self.history[version as usize]);
                self.after(late, Happening::Told { watch, heard: change(), content });
            }
            // In pieces that overlap.
            3 if version > from + 1 => {
                let half = Heard::Change { space: "s".into(), from, version: version - 1 };
                self.say(watch, half, version - 1);
                self.say(watch, change(), version);
            }
            // Of another space.
            4 if self.random.bool() => {
                let odd = Heard::Change { space: "t".into(), from, version };
                self.say(watch, odd, version);
            }
            _ => self.say(watch, change(), version),
        }
    }

    /// Says something on the watch, after what was said before.
    pub(super) fn say(&mut self, watch: u64, heard: Heard, version: u64) {
        if self.half_open {
            return;
        }
        let content = self.history[version as usize];
        self.told_at = self.told_at.max(self.now + self.latency_of_a_word());
        let pause = self.told_at - self.now;
        self.after(pause, Happening::Told { watch, heard, content });
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
