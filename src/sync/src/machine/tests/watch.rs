use super::super::watch::{RESUME_PATIENCE, SILENCE, UNWATCHABLE_PAUSE};
use super::*;

#[test]
fn changes_are_applied_as_they_are_heard() {
    let mut bench = Bench::watching();
    assert!(!bench.machine.is_live());
    assert_eq!(bench.tell(Event::Heard(Heard::Alive)), []);
    assert!(bench.machine.is_live());
    assert_eq!(bench.tell(change(5, 6)), [Action::Amend, Action::Confirm]);
    assert_eq!(bench.tell(change(6, 9)), [Action::Amend, Action::Confirm]);
    // Doubled, or out of order after a longer one.
    assert_eq!(bench.tell(change(6, 9)), []);
    assert_eq!(bench.tell(change(7, 8)), []);
    // Overlapping: it says how things are at its end, wherever on its way one starts.
    assert_eq!(bench.tell(change(7, 10)), [Action::Amend, Action::Confirm]);
    assert_eq!(bench.machine.next_fetch(), Some(bench.now + MINUTE));
}

#[test]
fn what_can_not_be_applied_is_fetched_at_once() {
    let of_another_space = Heard::Change { space: "t".into(), from: 5, version: 6 };
    for event in [change(6, 7), Event::Heard(of_another_space)] {
        let mut bench = Bench::watching();
        assert_eq!(bench.tell(event), [Action::Unwatch, Action::Fetch]);
        // Once: an odd source isn't hammered on.
        let done = bench.tell(snapshot(7));
        assert_eq!(done, [Action::Publish, Action::Confirm, Action::Finish(vec![], Ok(()))]);
        assert_eq!(bench.due_in(), Some(Duration::from_millis(1500)));
        assert_eq!(bench.wait(), [Action::Resume]);
        assert_eq!(bench.tell(Event::Heard(Heard::Alive)), [Action::Confirm]);
    }
}

#[test]
fn what_is_odd_during_a_fetch_is_followed_by_another() {
    let mut bench = Bench::watching();
    bench.tell(Event::Sync(2));
    assert_eq!(bench.tell(change(6, 7)), [Action::Unwatch]);
    assert_eq!(bench.tell(snapshot(5)).last(), Some(&Action::Fetch));
    assert_ne!(bench.tell(snapshot(7)).last(), Some(&Action::Fetch));
}

#[test]
fn an_answer_that_a_delta_has_overtaken_is_no_step_back() {
    let mut bench = Bench::watching();
    bench.tell(Event::Sync(2));
    assert_eq!(bench.tell(change(5, 6)), [Action::Amend, Action::Confirm]);
    let finish = Action::Finish(vec![2], Ok(()));
    assert_eq!(bench.tell(snapshot(5)), [Action::Confirm, finish]);
    bench.tell(Event::Sync(3));
    let refused = bench.tell(snapshot(5));
    assert!(matches!(&*refused, [Action::Finish(_, Err(Ended::Failed(_)))]), "{refused:?}");
}

#[test]
fn a_watch_that_ends_is_resumed() {
    let mut bench = Bench::watching();
    bench.tell(Event::Heard(Heard::Alive));
    bench.now += MINUTE / 2;
    assert_eq!(bench.tell(Event::Deaf(failure(Remedy::Retry))), [Action::Unwatch]);
    assert_eq!(bench.machine.state(), State::Synced);
    assert!(!bench.machine.is_live());
    assert_eq!(bench.due_in(), Some(Duration::from_millis(1500)));
    assert_eq!(bench.wait(), [Action::Resume]);
    assert!(!bench.machine.is_live());
    // Only a fetch tells whether the source is away. Its fetches have their own pauses then, and no
    // watch is tried.
    assert_eq!(bench.tell(Event::Deaf(failure(Remedy::Retry))), [Action::Unwatch, Action::Fetch]);
    bench.tell(failed(Remedy::Retry));
    assert_eq!(bench.machine.state(), State::Stale);
    assert_eq!(bench.wait(), [Action::Fetch]);
    assert_eq!(bench.tell(Event::Fetched(Answer::Unchanged)).len(), 2);
    assert_eq!(bench.wait(), [Action::Resume]);
    assert_eq!(bench.tell(Event::Heard(Heard::Alive)), [Action::Confirm]);
    assert!(bench.machine.is_live());
}

#[test]
fn silence_ends_a_watch() {
    let mut bench = Bench::watching();
    bench.now += SILENCE - Duration::from_secs(1);
    assert_eq!(bench.tell(Event::Due), []);
    bench.tell(Event::Heard(Heard::Alive));
    bench.now += SILENCE;
    // The interval has passed as well.
    assert_eq!(bench.tell(Event::Due), [Action::Unwatch, Action::Fetch]);
}

#[test]
fn where_streams_are_cut_the_attempts_grow_rare_and_polling_goes_on() {
    let mut bench = Bench::watching();
    bench.tell(Event::Deaf(failure(Remedy::Retry)));
    let (mut attempts, mut fetches) = (0, 0);
    let begin = bench.now;
    while bench.now < begin + 60 * MINUTE {
        let mut actions = bench.wait();
        if actions == [Action::Resume] {
            attempts += 1;
            actions = bench.tell(Event::Deaf(failure(Remedy::Retry)));
        }
        assert_eq!(actions.last(), Some(&Action::Fetch));
        fetches += 1;
        assert!(!bench.tell(Event::Fetched(Answer::Unchanged)).contains(&Action::Watch));
    }
    assert!((15..40).contains(&attempts), "{attempts}");
    assert!((60..90).contains(&fetches), "{fetches}");
}

#[test]
fn what_has_nothing_to_watch_is_polled() {
    let mut bench = Bench::watching();
    bench.tell(Event::Deaf(failure(Remedy::Reconfigure)));
    for _ in 0..30 {
        assert_eq!(bench.due_in(), Some(MINUTE));
        bench.wait();
        let actions = bench.tell(Event::Fetched(Answer::Unchanged));
        assert!(!actions.contains(&Action::Watch));
    }
    bench.now += UNWATCHABLE_PAUSE;
    assert_eq!(bench.tell(Event::Due), [Action::Resume]);
}

#[test]
fn what_a_resumed_watch_has_missed_is_fetched_while_it_goes_on() {
    let mut bench = Bench::resuming();
    assert_eq!(bench.tell(Event::Heard(Heard::Behind)), [Action::Fetch]);
    // Said once more by an event; and changes that the fetch may not know of.
    assert_eq!(bench.tell(Event::Heard(Heard::Behind)), []);
    assert!(!bench.machine.is_live());
    assert_eq!(bench.tell(change(7, 8)), []);
    assert_eq!(bench.tell(snapshot(7)).last(), Some(&Action::Fetch));
    assert_eq!(bench.tell(snapshot(8)).last(), Some(&Action::Finish(vec![], Ok(()))));
    assert!(bench.machine.is_live());
    assert_eq!(bench.tell(change(8, 9)), [Action::Amend, Action::Confirm]);
}

#[test]
fn what_a_resumed_watch_has_missed_may_come_on_it() {
    let mut bench = Bench::resuming();
    assert_eq!(bench.tell(Event::Heard(Heard::Missed)), []);
    assert_eq!(bench.due_in(), Some(RESUME_PATIENCE));
    assert_eq!(bench.tell(change(5, 8)), [Action::Amend, Action::Confirm]);
    assert_eq!(bench.machine.next_fetch(), Some(bench.now + MINUTE));
    // It doesn't come, or not so that it can be used.
    for (event, expected) in [
        (Event::Due, vec![Action::Fetch]),
        (Event::Heard(Heard::Behind), vec![Action::Fetch]),
        (change(6, 8), vec![Action::Unwatch, Action::Fetch]),
    ] {
        let mut bench = Bench::resuming();
        bench.tell(Event::Heard(Heard::Missed));
        bench.now = bench.machine.due().unwrap();
        assert_eq!(bench.tell(event), expected);
    }
}

#[test]
fn what_can_not_be_resumed_is_opened_after_a_fetch() {
    let mut bench = Bench::resuming();
    let refused = Event::Deaf(failure(Remedy::Repair));
    assert_eq!(bench.tell(refused), [Action::Unwatch, Action::Fetch]);
    assert_eq!(bench.tell(Event::Fetched(Answer::Unchanged)).last(), Some(&Action::Watch));
}

#[test]
fn a_watch_that_does_not_say_what_was_missed_is_not_waited_for() {
    let mut bench = Bench::resuming();
    assert_eq!(
        (bench.wait(), bench.due_in()),
        (vec![Action::Fetch], Some(SILENCE - RESUME_PATIENCE))
    );
    assert_eq!(bench.tell(Event::Fetched(Answer::Unchanged)).len(), 2);
}

#[test]
fn a_pause_that_the_source_asks_for_is_kept() {
    let mut bench = Bench::watching();
    let asked = Some(Duration::from_secs(33));
    bench.tell(Event::Deaf(failure(Remedy::Wait(asked))));
    assert_eq!(bench.due_in(), asked);
}

#[test]
fn starts_stops_and_denials_close_the_watch() {
    let mut bench = Bench::watching();
    let start = Event::Start { interval: MINUTE, live: true, kept: false, ticket: 2 };
    assert_eq!(bench.tell(start), [Action::Unwatch, Action::Fetch]);
    assert_eq!(bench.tell(Event::Fetched(Answer::Unchanged)).last(), Some(&Action::Watch));
    for _ in 0..2 {
        bench.tell(Event::Sync(3));
        let actions = bench.tell(failed(Remedy::Authorise));
        assert_eq!(actions.contains(&Action::Unwatch), actions.contains(&Action::Withdraw));
    }
    assert_eq!(bench.machine.state(), State::Denied);
    assert_eq!(Bench::watching().tell(Event::Stop), [Action::Unwatch]);
    assert_eq!(bench.tell(change(5, 6)), []);
}
