//! The engine as its users see it. The clock jumps to the next deadline by itself.

use std::sync::Arc;
use std::time::Duration;

use secret_manager_model::Kind;
use secret_manager_source::Remedy;
use secret_manager_sync::State;

use crate::script::{MINUTE, Script, Step, Subject, names, plan};

#[tokio::test(start_paused = true)]
async fn what_is_fetched_can_be_read_and_changes_are_named() {
    let source = Script::new([
        Step::Secrets(1, &[("A", "1"), ("B", "1")]),
        Step::Secrets(2, &[("B", "2"), ("C", "1")]),
    ]);
    let (subject, ticket) = Subject::started(&source);
    assert_eq!(subject.finished(ticket).await, None);
    assert_eq!(subject.value("A").as_deref(), Some("\"1\""));
    assert_eq!(subject.engine.names(), ["A", "B"]);
    assert!(subject.engine.has("A") && !subject.engine.has("C"));
    let entries = subject.engine.entries();
    let listed = entries.iter().map(|entry| (entry.name.as_str(), entry.kind, entry.version));
    assert_eq!(listed.collect::<Vec<_>>(), [("A", Kind::Text, 1), ("B", Kind::Text, 1)]);

    let news = subject.news().await;
    let change = news.change.unwrap();
    assert_eq!(change.version, Some(2));
    assert_eq!(names(change.added()), ["C"]);
    assert_eq!(names(change.changed()), ["B"]);
    assert_eq!(names(change.removed()), ["A"]);
    assert_eq!((subject.value("A"), subject.value("B")), (None, Some("\"2\"".into())));
    assert_eq!(source.asked(), [None, Some("v1".into())]);
}

#[tokio::test(start_paused = true)]
async fn unchanged_syncs_reach_nobody() {
    let source = Script::new([Step::Secrets(1, &[("A", "1")])]);
    let (subject, ticket) = Subject::started(&source);
    subject.finished(ticket).await;
    let rung = subject.rung();
    tokio::time::sleep(MINUTE * 10).await;
    assert!(source.asked().len() >= 9, "{}", source.asked().len());
    assert_eq!(subject.rung(), rung);
    assert_eq!(subject.state(), State::Synced);
}

#[tokio::test(start_paused = true)]
async fn the_reader_is_told_once_until_it_comes() {
    let source = Script::new((1..=5).map(|version| match version % 2 {
        0 => Step::Secrets(version, &[("A", "even")]),
        _ => Step::Secrets(version, &[("A", "odd")]),
    }));
    let (subject, _) = Subject::started(&source);
    tokio::time::sleep(MINUTE * 10).await;
    assert_eq!(subject.rung(), 1);
    let change = subject.engine.drain().change.unwrap();
    assert_eq!((change.version, names(change.added())), (Some(5), vec!["A"]));
}

#[tokio::test(start_paused = true)]
async fn failures_keep_what_is_published_and_heal() {
    let source = Script::new([
        Step::Secrets(1, &[("A", "1")]),
        Step::Fail(Remedy::Retry),
        Step::Panic,
        Step::Fail(Remedy::Repair),
        Step::Unchanged,
    ]);
    let (subject, ticket) = Subject::started(&source);
    subject.finished(ticket).await;
    for code in ["unavailable", "unavailable", "invalid"] {
        let news = subject.news().await;
        assert!(news.state_changed && news.change.is_none());
        let status = subject.engine.status();
        assert_eq!((status.state, status.failure.unwrap().code()), (State::Stale, code));
        assert!(status.next_at.is_some());
        assert!(subject.engine.has("A"));
    }
    assert!(subject.news().await.state_changed);
    assert_eq!(subject.state(), State::Synced);
}

#[tokio::test(start_paused = true)]
async fn denial_twice_in_a_row_withdraws_until_access_is_back() {
    let source = Script::new([
        Step::Secrets(1, &[("A", "1")]),
        Step::Fail(Remedy::Authorise),
        Step::Fail(Remedy::Authorise),
        Step::Secrets(1, &[("A", "1")]),
    ]);
    let (subject, ticket) = Subject::started(&source);
    subject.finished(ticket).await;
    subject.news().await;
    assert!(subject.engine.has("A"));

    let change = subject.news().await.change.unwrap();
    assert_eq!((change.version, names(change.removed())), (None, vec!["A"]));
    assert!(!subject.engine.has("A"));
    assert_eq!(subject.state(), State::Denied);
    assert_eq!(subject.engine.status().facts, None);

    subject.news().await;
    assert!(subject.engine.has("A"));
    assert_eq!(source.asked().last(), Some(&None), "what is gone can't be held");
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_a_hanging_fetch_and_a_start_begins_anew() {
    let source = Script::new([Step::Secrets(1, &[("A", "1")]), Step::Hang]);
    let (subject, ticket) = Subject::started(&source);
    subject.finished(ticket).await;
    let hanging = subject.engine.sync_now();
    tokio::task::yield_now().await;
    subject.engine.stop();
    assert_eq!(subject.finished(hanging).await, Some("stopped"));
    assert_eq!(subject.state(), State::Idle);
    assert!(subject.engine.has("A"), "a stop forgets nothing");

    let again = subject.engine.start(plan(&source));
    assert_eq!(subject.finished(again).await, None);
    assert_eq!(source.asked().last(), Some(&Some("v1".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn another_source_is_asked_without_a_validator() {
    let (subject, ticket) = Subject::started(&Script::new([Step::Secrets(9, &[("A", "1")])]));
    subject.finished(ticket).await;
    let other = Script::new([Step::Secrets(2, &[("A", "1"), ("B", "1")])]);
    let ticket = subject.engine.start(plan(&other));
    assert!(subject.engine.has("A"), "published until the other source answers");
    assert_eq!(subject.finished(ticket).await, None);
    assert_eq!(other.asked(), [None]);
    assert_eq!(subject.engine.names(), ["A", "B"]);
}

#[tokio::test(start_paused = true)]
async fn cleared_means_gone() {
    let (subject, ticket) = Subject::started(&Script::new([Step::Secrets(1, &[("A", "1")])]));
    subject.finished(ticket).await;
    subject.engine.clear();
    let change = subject.news().await.change.unwrap();
    assert_eq!(names(change.removed()), ["A"]);
    assert_eq!((subject.value("A"), subject.state()), (None, State::Idle));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_engine_lets_go_of_everything() {
    let source = Script::new([Step::Secrets(1, &[("A", "1")]), Step::Hang]);
    let (subject, ticket) = Subject::started(&source);
    subject.finished(ticket).await;
    subject.engine.sync_now();
    tokio::task::yield_now().await;
    drop(subject);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(Arc::strong_count(&source), 1);
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_interrupted_goes_on() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let mistake = Arc::new(AtomicBool::new(false));
    let clock = Arc::clone(&mistake);
    let subject = Subject::with_clock(move || {
        assert!(!clock.swap(false, Ordering::SeqCst), "a mistake in the engine's own task");
        1_000
    });
    let source = Script::new([
        Step::Secrets(1, &[("A", "1")]),
        Step::Unchanged,
        Step::Secrets(2, &[("A", "2")]),
    ]);
    let first = subject.engine.start(plan(&source));
    assert_eq!(subject.finished(first).await, None);

    mistake.store(true, Ordering::SeqCst);
    let interrupted = subject.engine.sync_now();
    assert_eq!(subject.finished(interrupted).await, Some("unavailable"));
    let status = subject.engine.status();
    assert_eq!(status.state, State::Stale);
    assert!(status.failure.unwrap().message.contains("internal error"));
    assert_eq!(subject.value("A").as_deref(), Some("\"1\""));

    while subject.state() != State::Synced {
        subject.news().await;
    }
    assert_eq!(subject.value("A").as_deref(), Some("\"2\""));
    assert!(source.asked().len() >= 3);
    let again = subject.engine.sync_now();
    assert_eq!(subject.finished(again).await, None);

    // And one that was stopped stays so.
    subject.engine.stop();
    while subject.state() != State::Idle {
        subject.news().await;
    }
    mistake.store(true, Ordering::SeqCst);
    let refused = subject.engine.sync_now();
    assert!(subject.finished(refused).await.is_some());
    tokio::time::sleep(MINUTE * 10).await;
    assert_eq!(subject.state(), State::Idle);
}

#[tokio::test]
async fn whoever_cannot_await_may_wait_for_the_first_outcome() {
    for (step, value) in
        [(Step::Secrets(1, &[("A", "1")]), Some("\"1\"")), (Step::Fail(Remedy::Retry), None)]
    {
        let (subject, ticket) = Subject::started(&Script::new([step]));
        let waiting = move || (subject.engine.wait_for(ticket, MINUTE), subject);
        let (ended, subject) = tokio::task::spawn_blocking(waiting).await.unwrap();
        assert!(ended);
        assert_eq!(subject.value("A").as_deref(), value);
        let state = if value.is_some() { State::Synced } else { State::Unreachable };
        assert_eq!(subject.state(), state);
        assert!(subject.engine.drain().finished.iter().any(|finished| finished.ticket == ticket));
    }

    let (subject, ticket) = Subject::started(&Script::new([Step::Hang]));
    assert!(!subject.engine.wait_for(ticket, Duration::from_millis(1)));
    assert_eq!(subject.state(), State::Idle);
}
