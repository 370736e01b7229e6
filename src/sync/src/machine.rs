//! What to do next: the pure half of the engine. It is told what happened, when, and with which
//! random number, and answers with actions. It never waits, reads no clock and holds no value.

use std::time::{Duration, Instant};

use secret_manager_source::{Failure, Remedy};

use crate::schedule;
use crate::status::State;

/// Stands for one request to sync; it is finished once.
pub type Ticket = u32;

/// Values are withdrawn when access is denied this often in a row: once may be a mishap on the way.
const DENIALS_BEFORE_WITHDRAWAL: u32 = 2;

#[derive(Debug)]
pub(crate) enum Event {
    /// The engine starts, or starts anew with other settings.
    Start { interval: Duration, ticket: Ticket },
    /// Somebody wants a sync now.
    Sync(Ticket),
    /// The time of [`Machine::due`] may have come.
    Due,
    /// The fetch in flight has ended.
    Fetched(Answer),
    /// The engine stops.
    Stop,
}

#[derive(Debug)]
pub(crate) enum Answer {
    Unchanged,
    Snapshot { space: String, version: u64 },
    Failed(Failure),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// Ask the source. No second fetch is started before this one has ended or was abandoned.
    Fetch,
    /// Forget the fetch in flight.
    Abandon,
    /// Publish the snapshot that was just fetched.
    Publish,
    /// Note that the source has confirmed what is published.
    Confirm,
    /// Forget the published values, and those that are kept.
    Withdraw,
    /// Tell those who hold the tickets.
    Finish(Vec<Ticket>, Result<(), Ended>),
}

/// Why a requested sync brought nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Ended {
    Failed(Failure),
    Stopped,
}

#[derive(Debug, Default)]
pub(crate) struct Machine {
    /// `None` while stopped.
    interval: Option<Duration>,
    /// The tickets that the fetch in flight serves; `None` when there is none in flight.
    in_flight: Option<Vec<Ticket>>,
    /// Tickets that came during a fetch: its answer may be older than they are, so they get another.
    waiting: Vec<Ticket>,
    /// When to fetch next.
    due: Option<Instant>,
    failures: u32,
    denials: u32,
    last: Option<Result<(), Failure>>,
    /// Whether values are published.
    published: bool,
    /// Space and version of the newest snapshot since the start; nothing older is published.
    newest: Option<(String, u64)>,
}

impl Machine {
    pub(crate) fn handle(&mut self, event: Event, now: Instant, random: f64) -> Vec<Action> {
        match event {
            Event::Start { interval, ticket } => self.start(interval, ticket),
            Event::Sync(ticket) => self.sync(ticket),
            Event::Due if self.due.is_some_and(|due| due <= now) => self.fetch(Vec::new()),
            Event::Due => Vec::new(),
            Event::Fetched(answer) => self.fetched(answer, now, random),
            Event::Stop => self.stop(),
        }
    }

    /// When [`Event::Due`] is to come.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    pub(crate) fn state(&self) -> State {
        match (&self.last, self.published) {
            _ if self.interval.is_none() => State::Idle,
            (None, _) => State::Syncing,
            (Some(Ok(())), _) => State::Synced,
            (Some(Err(_)), true) => State::Stale,
            (Some(Err(failure)), false) if failure.remedy == Remedy::Authorise => State::Denied,
            (Some(Err(_)), false) => State::Unreachable,
        }
    }

    /// Why the last fetch failed, if it did.
    pub(crate) fn failure(&self) -> Option<&Failure> {
        self.last.as_ref()?.as_ref().err()
    }

    /// A start asks at once. What was asked for before is served by the new fetch, and a version
    /// older than the published one is taken: it may be another space, or one restored from a backup.
    fn start(&mut self, interval: Duration, ticket: Ticket) -> Vec<Action> {
        let mut tickets = self.in_flight.take();
        let abandoned = tickets.is_some().then_some(Action::Abandon);
        let tickets = tickets.get_or_insert_default();
        tickets.append(&mut self.waiting);
        tickets.push(ticket);
        self.interval = Some(interval);
        (self.failures, self.denials) = (0, 0);
        (self.last, self.newest) = (None, None);
        let fetch = self.fetch(std::mem::take(tickets));
        abandoned.into_iter().chain(fetch).collect()
    }

    fn sync(&mut self, ticket: Ticket) -> Vec<Action> {
        if self.interval.is_none() {
            return vec![Action::Finish(vec![ticket], Err(Ended::Stopped))];
        }
        if self.in_flight.is_some() {
            self.waiting.push(ticket);
            return Vec::new();
        }
        self.fetch(vec![ticket])
    }

    fn fetch(&mut self, tickets: Vec<Ticket>) -> Vec<Action> {
        self.due = None;
        self.in_flight = Some(tickets);
        vec![Action::Fetch]
    }

    fn fetched(&mut self, answer: Answer, now: Instant, random: f64) -> Vec<Action> {
        let (Some(interval), Some(tickets)) = (self.interval, self.in_flight.take()) else {
            return Vec::new();
        };
        match self.judge(answer) {
            Ok(publish) => {
                (self.failures, self.denials) = (0, 0);
                self.last = Some(Ok(()));
                self.due = Some(now + schedule::next_interval(interval, random));
                self.published |= publish.is_some();
                let mut actions = Vec::from_iter(publish);
                actions.extend([Action::Confirm, Action::Finish(tickets, Ok(()))]);
                if !self.waiting.is_empty() {
                    let waiting = std::mem::take(&mut self.waiting);
                    actions.extend(self.fetch(waiting));
                }
                actions
            }
            Err(failure) => self.failed(failure, tickets, now, random),
        }
    }

    /// Whether the answer brings something to publish, or is none to be used.
    fn judge(&mut self, answer: Answer) -> Result<Option<Action>, Failure> {
        match answer {
            Answer::Failed(failure) => Err(failure),
            Answer::Unchanged => Ok(None),
            Answer::Snapshot { space, version } => {
                if let Some((known, newest)) = &self.newest
                    && *known == space
                    && version < *newest
                {
                    return Err(Failure::new(
                        Remedy::Repair,
                        format!(
                            "the answer holds version {version}, which is older than the \
                             published version {newest}"
                        ),
                    ));
                }
                self.newest = Some((space, version));
                Ok(Some(Action::Publish))
            }
        }
    }

    fn failed(
        &mut self,
        failure: Failure,
        mut tickets: Vec<Ticket>,
        now: Instant,
        random: f64,
    ) -> Vec<Action> {
        self.failures = self.failures.saturating_add(1);
        self.denials = match failure.remedy {
            Remedy::Authorise => self.denials.saturating_add(1),
            _ => 0,
        };
        let asked = match failure.remedy {
            Remedy::Wait(asked) => asked,
            _ => None,
        };
        self.due = Some(now + schedule::back_off(self.failures, asked, random));
        // Those who came during the fetch are told as well: asking again at once would only hammer
        // on a source that is in trouble.
        tickets.append(&mut self.waiting);
        let mut actions = Vec::new();
        // Also when nothing is published: what the cache keeps has to go as well.
        if self.denials == DENIALS_BEFORE_WITHDRAWAL {
            self.published = false;
            self.newest = None;
            actions.push(Action::Withdraw);
        }
        actions.push(Action::Finish(tickets, Err(Ended::Failed(failure.clone()))));
        self.last = Some(Err(failure));
        actions
    }

    fn stop(&mut self) -> Vec<Action> {
        self.interval = None;
        self.due = None;
        let mut actions = Vec::new();
        let mut tickets = std::mem::take(&mut self.waiting);
        if let Some(served) = self.in_flight.take() {
            tickets.extend(served);
            actions.push(Action::Abandon);
        }
        if !tickets.is_empty() {
            actions.push(Action::Finish(tickets, Err(Ended::Stopped)));
        }
        actions
    }

    /// Values that were kept from an earlier run were published.
    pub(crate) fn restored(&mut self) {
        self.published = true;
    }

    /// The published values were forgotten from outside.
    pub(crate) fn forget(&mut self) {
        self.published = false;
        self.newest = None;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn failure(remedy: Remedy) -> Failure {
        Failure::new(remedy, "test")
    }

    fn snapshot(version: u64) -> Event {
        Event::Fetched(Answer::Snapshot { space: "s".into(), version })
    }

    fn failed(remedy: Remedy) -> Event {
        Event::Fetched(Answer::Failed(failure(remedy)))
    }

    /// A machine with a clock that stands still, unless it waits for what is due.
    struct Bench {
        machine: Machine,
        now: Instant,
    }

    impl Bench {
        fn started() -> Self {
            let mut bench = Self { machine: Machine::default(), now: Instant::now() };
            let actions = bench.tell(Event::Start { interval: MINUTE, ticket: 1 });
            assert_eq!(actions, [Action::Fetch]);
            bench
        }

        fn synced() -> Self {
            let mut bench = Self::started();
            let actions = bench.tell(snapshot(5));
            assert_eq!(
                actions,
                [Action::Publish, Action::Confirm, Action::Finish(vec![1], Ok(()))]
            );
            bench
        }

        fn tell(&mut self, event: Event) -> Vec<Action> {
            self.machine.handle(event, self.now, 0.5)
        }

        fn wait(&mut self) -> Vec<Action> {
            self.now = self.machine.due().unwrap();
            self.tell(Event::Due)
        }

        fn due_in(&self) -> Option<Duration> {
            self.machine.due().map(|due| due - self.now)
        }
    }

    #[test]
    fn a_good_sync_is_followed_by_one_an_interval_later() {
        let mut bench = Bench::synced();
        assert_eq!((bench.machine.state(), bench.due_in()), (State::Synced, Some(MINUTE)));
        assert_eq!(bench.wait(), [Action::Fetch]);
        assert_eq!(bench.due_in(), None);
        let unchanged = bench.tell(Event::Fetched(Answer::Unchanged));
        assert_eq!(unchanged, [Action::Confirm, Action::Finish(vec![], Ok(()))]);
        assert_eq!(bench.due_in(), Some(MINUTE));
    }

    #[test]
    fn requests_during_a_fetch_share_one_more() {
        let mut bench = Bench::synced();
        assert_eq!(bench.tell(Event::Sync(2)), [Action::Fetch]);
        assert_eq!(bench.tell(Event::Sync(3)), []);
        assert_eq!(bench.tell(Event::Sync(4)), []);
        assert_eq!(
            bench.tell(Event::Fetched(Answer::Unchanged)),
            [Action::Confirm, Action::Finish(vec![2], Ok(())), Action::Fetch]
        );
        assert_eq!(
            bench.tell(Event::Fetched(Answer::Unchanged)),
            [Action::Confirm, Action::Finish(vec![3, 4], Ok(()))]
        );
    }

    #[test]
    fn a_failure_keeps_what_is_published_and_backs_off() {
        let mut bench = Bench::synced();
        bench.tell(Event::Sync(2));
        let actions = bench.tell(failed(Remedy::Retry));
        let ended = Err(Ended::Failed(failure(Remedy::Retry)));
        assert_eq!(actions, [Action::Finish(vec![2], ended)]);
        assert_eq!(bench.machine.state(), State::Stale);
        assert_eq!(bench.due_in(), Some(Duration::from_millis(1500)));
        bench.wait();
        bench.tell(failed(Remedy::Wait(Some(Duration::from_secs(77)))));
        assert_eq!(bench.due_in(), Some(Duration::from_secs(77)));
        bench.wait();
        bench.tell(Event::Fetched(Answer::Unchanged));
        assert_eq!((bench.machine.state(), bench.due_in()), (State::Synced, Some(MINUTE)));
    }

    #[test]
    fn only_the_second_denial_in_a_row_withdraws() {
        let mut bench = Bench::synced();
        for (remedy, state) in [
            (Remedy::Authorise, State::Stale),
            (Remedy::Retry, State::Stale),
            (Remedy::Authorise, State::Stale),
        ] {
            bench.wait();
            assert!(!bench.tell(failed(remedy)).contains(&Action::Withdraw));
            assert_eq!(bench.machine.state(), state);
        }
        bench.wait();
        assert!(bench.tell(failed(Remedy::Authorise)).contains(&Action::Withdraw));
        assert_eq!(bench.machine.state(), State::Denied);
        bench.wait();
        assert!(bench.tell(snapshot(5)).contains(&Action::Publish));
    }

    #[test]
    fn nothing_older_is_published_until_a_new_start() {
        let mut bench = Bench::synced();
        bench.wait();
        let refused = bench.tell(snapshot(4));
        assert!(!refused.contains(&Action::Publish) && !refused.contains(&Action::Confirm));
        assert_eq!(bench.machine.state(), State::Stale);
        bench.tell(Event::Start { interval: MINUTE, ticket: 2 });
        assert!(bench.tell(snapshot(4)).contains(&Action::Publish));
    }

    #[test]
    fn a_new_start_serves_those_who_waited() {
        let mut bench = Bench::started();
        bench.tell(Event::Sync(2));
        let actions = bench.tell(Event::Start { interval: MINUTE, ticket: 3 });
        assert_eq!(actions, [Action::Abandon, Action::Fetch]);
        let actions = bench.tell(snapshot(1));
        let finish = Action::Finish(vec![1, 2, 3], Ok(()));
        assert_eq!(actions, [Action::Publish, Action::Confirm, finish]);
    }

    #[test]
    fn a_stop_ends_everything_but_what_is_published() {
        let mut bench = Bench::synced();
        bench.tell(Event::Sync(2));
        let stopped = Action::Finish(vec![2], Err(Ended::Stopped));
        assert_eq!(bench.tell(Event::Stop), [Action::Abandon, stopped]);
        assert_eq!((bench.machine.state(), bench.due_in()), (State::Idle, None));
        let refused = Action::Finish(vec![3], Err(Ended::Stopped));
        assert_eq!(bench.tell(Event::Sync(3)), [refused]);
        assert_eq!(bench.tell(snapshot(6)), []);
    }

    fn any_event() -> impl Strategy<Value = u8> {
        0..10_u8
    }

    proptest! {
        #[test]
        fn one_fetch_at_a_time_and_every_ticket_finished_once(
            events in prop::collection::vec(any_event(), 0..200),
        ) {
            let mut machine = Machine::default();
            let mut now = Instant::now();
            let (mut in_flight, mut issued, mut finished) = (false, 0, Vec::new());
            for choice in events.into_iter().chain([9]) {
                let event = match choice {
                    0 => { issued += 1; Event::Start { interval: MINUTE, ticket: issued } }
                    1 | 2 => { issued += 1; Event::Sync(issued) }
                    3 => { now = machine.due().unwrap_or(now); Event::Due }
                    4 if in_flight => Event::Fetched(Answer::Unchanged),
                    5 if in_flight => snapshot(u64::from(choice)),
                    6 if in_flight => failed(Remedy::Retry),
                    7 if in_flight => failed(Remedy::Authorise),
                    9 => Event::Stop,
                    _ => continue,
                };
                if matches!(event, Event::Fetched(_)) {
                    in_flight = false;
                }
                for action in machine.handle(event, now, 0.5) {
                    match action {
                        Action::Fetch => {
                            prop_assert!(!in_flight, "two fetches at a time");
                            in_flight = true;
                        }
                        Action::Abandon => in_flight = false,
                        Action::Finish(tickets, _) => finished.extend(tickets),
                        Action::Publish | Action::Confirm | Action::Withdraw => {}
                    }
                }
                let running = machine.state() != State::Idle;
                prop_assert_eq!(running, in_flight || machine.due().is_some());
            }
            finished.sort_unstable();
            prop_assert_eq!(finished, (1..=issued).collect::<Vec<_>>());
        }
    }
}
