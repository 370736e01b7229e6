//! The engine's side: does what the machine says, and checks that it may.

use std::time::Duration;

use super::{Content, Happening, World};
use crate::machine::{Action, Event};
use crate::status::State;

impl World {
    pub(super) fn tell(&mut self, event: Event) {
        let now = self.begin + Duration::from_millis(self.now);
        let random = self.random.f64();
        for action in self.machine.handle(event, now, random) {
            self.act(action);
        }
        self.at_hand = None;
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Fetch => {
                assert_eq!(self.fetch, None, "4: two fetches");
                self.fetch = Some(self.next);
                let held = self.published.map(|(version, _)| version);
                let latency = self.latency();
                self.after(latency, Happening::Asked { fetch: self.next, held });
            }
            Action::Abandon => self.fetch = None,
            Action::Publish => {
                let (version, content) = self.at_hand.unwrap();
                if let Some((published, _)) = self.published
                    && !self.just_started
                {
                    assert!(version >= published, "1: {version} after {published}");
                }
                self.publish(version, content);
            }
            Action::Watch => self.open_watch(false),
            Action::Resume => self.open_watch(true),
            Action::Unwatch => self.watch = None,
            Action::Amend => {
                let (version, end) = self.at_hand.unwrap();
                let (published, mut content) = self.published.unwrap();
                assert!(version > published, "1: {version} after {published}");
                // A delta has all that changed after its beginning. Applied to what is published, it has
                // to lead to its own end.
                for (name, changed) in end.into_iter().enumerate() {
                    if changed > self.begins {
                        content[name] = changed;
                    }
                }
                self.publish(version, content);
            }
            Action::Confirm => {}
            Action::Withdraw => {
                assert!(self.denials >= 2, "6: withdrawn after {} denials", self.denials);
                self.published = None;
            }
            Action::Finish(tickets, _) => {
                for ticket in tickets {
                    let finished = &mut self.finished[ticket as usize - 1];
                    assert!(!std::mem::replace(finished, true), "5: a ticket was finished twice");
                }
            }
        }
    }

    fn open_watch(&mut self, resumed: bool) {
        assert_eq!(self.watch, None, "4: two watches");
        self.watch = Some(self.next);
        self.resuming = false;
        let (since, _) = self.published.unwrap();
        let latency = self.latency_of_a_word();
        self.after(latency, Happening::WatchAsked { watch: self.next, since, resumed });
    }

    fn publish(&mut self, version: u64, content: Content) {
        assert_eq!(content, self.history[version as usize], "2: not what version {version} holds");
        self.published = Some((version, content));
    }

    pub(super) fn assert_all_is_well(&self) {
        assert_eq!(self.machine.state(), State::Synced, "7: not in step");
        let published = self.published.map(|(version, _)| version);
        assert_eq!(published, Some(self.version()), "7: not what the source holds");
        if self.live && !self.machine.waits_to_watch(self.begin + Duration::from_millis(self.now)) {
            assert!(self.machine.is_live(), "7: no watch");
        }
    }
}
