mod watch;

use proptest::prelude::*;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

fn failure(remedy: Remedy) -> Failure {
    Failure::new(remedy, "test")
}

fn snapshot(version: u64) -> Event {
    Event::Fetched(Answer::Snapshot { space: "s".into(), version })
}

fn delta(from: u64, version: u64) -> Event {
    Event::Fetched(Answer::Delta { space: "s".into(), from, version })
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
        let actions =
            bench.tell(Event::Start { interval: MINUTE, live: false, kept: false, ticket: 1 });
        assert_eq!(actions, [Action::Fetch]);
        bench
    }

    /// Version 5 is published, and the watch is open.
    fn watching() -> Self {
        let mut bench = Self { machine: Machine::default(), now: Instant::now() };
        bench.tell(Event::Start { interval: MINUTE, live: true, kept: false, ticket: 1 });
        assert_eq!(bench.tell(snapshot(5)).last(), Some(&Action::Watch));
        bench
    }

    /// Version 5 is published, and a watch is opened that is to tell whether it still is the one.
    fn resuming() -> Self {
        let mut bench = Self::watching();
        bench.tell(Event::Heard(Heard::Alive));
        bench.tell(Event::Deaf(failure(Remedy::Retry)));
        assert_eq!(bench.wait(), [Action::Resume]);
        bench
    }

    fn synced() -> Self {
        let mut bench = Self::started();
        let actions = bench.tell(snapshot(5));
        assert_eq!(actions, [Action::Publish, Action::Confirm, Action::Finish(vec![1], Ok(()))]);
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
fn a_delta_from_what_is_published_is_applied() {
    let mut bench = Bench::synced();
    for (from, version) in [(5, 7), (7, 7), (7, 8)] {
        bench.wait();
        let applied = [Action::Amend, Action::Confirm, Action::Finish(vec![], Ok(()))];
        assert_eq!(bench.tell(delta(from, version)), applied);
        assert_eq!((bench.machine.state(), bench.due_in()), (State::Synced, Some(MINUTE)));
    }
    // A watch goes on from there.
    let mut bench = Bench::watching();
    bench.tell(Event::Heard(Heard::Behind));
    assert_eq!(bench.tell(delta(5, 7))[0], Action::Amend);
    assert_eq!(bench.tell(change(7, 8)), [Action::Amend, Action::Confirm]);
}

#[test]
fn instead_of_a_delta_from_elsewhere_all_there_is_is_asked_for_once() {
    let elsewhere = || Event::Fetched(Answer::Delta { space: "t".into(), from: 5, version: 7 });
    for odd in [delta(4, 7), delta(6, 7), elsewhere()] {
        let mut bench = Bench::synced();
        bench.tell(Event::Sync(2));
        bench.tell(Event::Sync(3));
        assert_eq!((bench.tell(odd), bench.due_in()), (vec![Action::FetchAll], None));
        // Not even one that fits.
        let ended = Err(Ended::Failed(Failure::new(
            Remedy::Repair,
            "the answer is a delta, and nothing was said to lead on from",
        )));
        assert_eq!(bench.tell(delta(5, 7)), [Action::Finish(vec![2, 3], ended)]);
        assert_eq!(bench.machine.state(), State::Stale);
        assert_eq!(bench.wait(), [Action::Fetch]);
        assert_eq!(bench.tell(delta(5, 7))[0], Action::Amend);
    }
    let mut bench = Bench::synced();
    bench.tell(Event::Sync(2));
    bench.tell(Event::Sync(3));
    bench.tell(delta(4, 7));
    assert_eq!(
        bench.tell(snapshot(7)),
        [Action::Publish, Action::Confirm, Action::Finish(vec![2], Ok(())), Action::Fetch]
    );
}

#[test]
fn a_delta_that_another_one_has_overtaken_is_no_fault() {
    for (heard, fetched, expected) in [
        (7, 6, Action::Confirm),
        (7, 7, Action::Confirm),
        // It knows more, but not from where things are now.
        (7, 8, Action::FetchAll),
    ] {
        let mut bench = Bench::watching();
        bench.tell(Event::Sync(2));
        assert_eq!(bench.tell(change(5, heard)), [Action::Amend, Action::Confirm]);
        assert_eq!(bench.tell(delta(5, fetched))[0], expected, "{heard} {fetched}");
    }
}

#[test]
fn a_delta_between_two_denials_shows_that_they_are_not_in_a_row() {
    let mut bench = Bench::synced();
    bench.wait();
    bench.tell(failed(Remedy::Authorise));
    bench.wait();
    assert_eq!(bench.tell(delta(4, 7)), [Action::FetchAll]);
    assert!(!bench.tell(failed(Remedy::Authorise)).contains(&Action::Withdraw));
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
    bench.tell(Event::Start { interval: MINUTE, live: true, kept: false, ticket: 2 });
    assert!(bench.tell(snapshot(4)).contains(&Action::Publish));
}

#[test]
fn a_new_start_serves_those_who_waited() {
    let mut bench = Bench::started();
    bench.tell(Event::Sync(2));
    let actions =
        bench.tell(Event::Start { interval: MINUTE, live: false, kept: false, ticket: 3 });
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

fn change(from: u64, version: u64) -> Event {
    Event::Heard(Heard::Change { space: "s".into(), from, version })
}

#[test]
fn a_start_with_kept_values_waits_for_its_turn_where_engines_are_many() {
    let start = |kept| Event::Start { interval: MINUTE, live: true, kept, ticket: 1 };
    let bench = |spread: u64| {
        let mut bench = Bench { machine: Machine::default(), now: Instant::now() };
        bench.machine.restored("s".into(), 5);
        bench.machine.kept_spread(Duration::from_secs(spread));
        bench
    };
    let mut many = bench(80);
    assert_eq!(many.tell(start(true)), [Action::Finish(vec![1], Ok(()))]);
    assert_eq!((many.machine.state(), many.due_in()), (State::Waiting, Some(MINUTE * 2 / 3)));
    assert_eq!(many.wait(), [Action::Resume]);
    assert_eq!(many.tell(Event::Heard(Heard::Alive)), [Action::Confirm]);
    assert_eq!((many.machine.state(), many.machine.is_live()), (State::Synced, true));

    // Somebody wants it now.
    let mut asked = bench(80);
    asked.tell(start(true));
    assert_eq!(asked.tell(Event::Sync(2)), [Action::Fetch]);
    assert_eq!(bench(80).tell(start(false)), [Action::Fetch]);
    assert_eq!(bench(1).tell(start(true)), [Action::Fetch]);
}

#[test]
fn a_shorter_spread_is_believed_by_halves() {
    let mut machine = Machine::default();
    let mut told = |seconds| {
        machine.told_spread(Duration::from_secs(seconds));
        machine.spread().as_secs()
    };
    assert_eq!(
        [80, 0, 0, 100, 90, 60, 0, 0, 0, 0, 0].map(&mut told),
        [80, 40, 20, 100, 90, 60, 30, 15, 7, 3, 0]
    );
}

fn any_event() -> impl Strategy<Value = u8> {
    0..20_u8
}

proptest! {
    #[test]
    fn one_fetch_at_a_time_and_every_ticket_finished_once(
        events in prop::collection::vec(any_event(), 0..200),
    ) {
        let mut machine = Machine::default();
        let mut now = Instant::now();
        let (mut in_flight, mut watching) = (false, false);
        let (mut issued, mut finished) = (0, Vec::new());
        for choice in events.into_iter().chain([9]) {
            let event = match choice {
                0 => { issued += 1; Event::Start { interval: MINUTE, live: true, kept: false, ticket: issued } }
                1 | 2 => { issued += 1; Event::Sync(issued) }
                3 => { now = machine.due().unwrap_or(now); Event::Due }
                4 if in_flight => Event::Fetched(Answer::Unchanged),
                5 if in_flight => snapshot(u64::from(choice)),
                6 if in_flight => failed(Remedy::Retry),
                7 if in_flight => failed(Remedy::Authorise),
                9 => Event::Stop,
                10 if watching => change(5, 6),
                11 if watching => change(7, 8),
                12 if watching => Event::Deaf(failure(Remedy::Retry)),
                13 if watching => Event::Heard(Heard::Alive),
                14 if watching => Event::Heard(Heard::Behind),
                15 if watching => Event::Deaf(failure(Remedy::Repair)),
                16 => { machine.told_spread(MINUTE); continue }
                17 if in_flight => delta(5, 7),
                18 if in_flight => delta(7, 8),
                19 if watching => Event::Heard(Heard::Missed),
                _ => continue,
            };
            if matches!(event, Event::Fetched(_)) {
                in_flight = false;
            }
            for action in machine.handle(event, now, 0.5) {
                match action {
                    Action::Fetch | Action::FetchAll => {
                        prop_assert!(!in_flight, "two fetches at a time");
                        in_flight = true;
                    }
                    Action::Abandon => in_flight = false,
                    Action::Watch | Action::Resume => {
                        prop_assert!(!watching, "two watches at a time");
                        watching = true;
                    }
                    Action::Unwatch => watching = false,
                    Action::Finish(tickets, _) => finished.extend(tickets),
                    Action::Publish | Action::Amend | Action::Confirm | Action::Withdraw => {}
                }
            }
            let running = machine.state() != State::Idle;
            prop_assert_eq!(running, in_flight || machine.next_fetch().is_some());
            prop_assert!(running || !watching);
        }
        finished.sort_unstable();
        prop_assert_eq!(finished, (1..=issued).collect::<Vec<_>>());
    }
}
