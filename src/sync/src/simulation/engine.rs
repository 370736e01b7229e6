//! The engine's side: does what the machine says, and checks that it may.

use std::time::Duration;

use super::{Happening, Head, World};
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
            Action::Fetch => self.ask(self.published),
            Action::FetchAll => {
                self.asks_again = true;
                self.ask(None);
            }
            Action::Abandon => self.fetch = None,
            Action::Publish => {
                let head = self.at_hand.unwrap();
                if let Some(published) = self.published
                    && !self.just_started
                {
                    assert!(head.version >= published.version, "1: {head:?} after {published:?}");
                }
                self.published = Some(head);
            }
            Action::Watch => self.open_watch(false),
            Action::Resume => self.open_watch(true),
            Action::Unwatch => self.watch = None,
            Action::Amend => {
                let end = self.at_hand.unwrap();
                let published = self.published.unwrap();
                assert!(end.version >= published.version, "1: {end:?} after {published:?}");
                // A delta has all that changed after its beginning. Applied to what is published, it has
                // to lead to its own end.
                let mut reached = published.secrets;
                for (secret, changed) in reached.iter_mut().zip(end.secrets) {
                    if changed.version > self.begins {
                        *secret = changed;
                    }
                }
                assert_eq!(reached, end.secrets, "2: not what the source holds");
                self.published = Some(end);
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

    fn ask(&mut self, held: Option<Head>) {
        assert_eq!(self.fetch, None, "4: two fetches");
        self.fetch = Some(self.next);
        let latency = self.latency();
        self.after(latency, Happening::Asked { fetch: self.next, held });
    }

    fn open_watch(&mut self, resumed: bool) {
        assert_eq!(self.watch, None, "4: two watches");
        self.watch = Some(self.next);
        (self.resuming, self.opened) = (false, false);
        let held = self.published.unwrap();
        let latency = self.latency_of_a_word();
        self.after(latency, Happening::WatchAsked { watch: self.next, held, resumed });
    }

    pub(super) fn assert_all_is_well(&self) {
        assert_eq!(self.machine.state(), State::Synced, "7: not in step");
        assert_eq!(self.published, Some(self.head()), "7: not what the source holds");
        if self.live && !self.machine.waits_to_watch(self.begin + Duration::from_millis(self.now)) {
            assert!(self.machine.is_live(), "7: no watch");
        }
    }
}
