//! A fetch that brings what has changed instead of all there is.

use std::sync::Arc;

use secret_manager_model::Refused;
use secret_manager_source::{Failure, Heard, Remedy};
use secret_manager_sync::{Plan, State};

use crate::script::{MINUTE, Script, Speak, Step, Subject, delta, heard, names, plan};

const FIRST: Step = Step::Secrets(5, &[("A", "1"), ("B", "1")]);

/// An engine that polls and holds version 5 (A = 1, B = 1).
async fn polling(more: impl IntoIterator<Item = Step>) -> (Subject, Arc<Script>) {
    let source = Script::new([FIRST].into_iter().chain(more));
    let (subject, ticket) = Subject::started(&source);
    assert_eq!(subject.finished(ticket).await, None);
    (subject, source)
}

async fn synced(subject: &Subject) -> Option<&'static str> {
    subject.finished(subject.engine.sync_now()).await
}

/// The same with live updates, after its watch was cut. The first thing on the one that is resumed is that
/// something was missed.
async fn resumed(more: impl IntoIterator<Item = Step>) -> (Subject, Arc<Script>, Speak) {
    let source = Script::new([FIRST].into_iter().chain(more));
    let first = source.offer_watch();
    let subject = Subject::new();
    let ticket = subject.engine.start(Plan { live: true, ..plan(&source) });
    assert_eq!(subject.finished(ticket).await, None);
    first.send(Ok(Heard::Alive)).unwrap();
    first.send(Err(Failure::new(Remedy::Retry, "cut"))).unwrap();
    let second = source.offer_watch();
    second.send(Ok(Heard::Missed)).unwrap();
    (subject, source, second)
}

fn version(subject: &Subject) -> u64 {
    subject.engine.status().facts.unwrap().version
}

#[tokio::test(start_paused = true)]
async fn a_change_is_fetched_by_itself() {
    let changes = [("A", Some("2")), ("B", None), ("C", Some("1")), ("NEVER", None)];
    let changes: &'static [_] = Box::leak(Box::new(changes));
    let (subject, source) = polling([Step::Changes(5, 7, changes)]).await;
    let ticket = subject.engine.sync_now();
    let news = subject.news().await;
    assert!(news.finished.iter().any(|finished| finished.ticket == ticket));
    let change = news.change.unwrap();
    assert_eq!((change.version, version(&subject)), (Some(7), 7));
    assert_eq!(names(change.added()), ["C"]);
    assert_eq!(names(change.changed()), ["A"]);
    assert_eq!(names(change.removed()), ["B"]);
    assert_eq!(subject.value("A").as_deref(), Some("\"2\""));

    // The next one leads on from there.
    assert_eq!(synced(&subject).await, None);
    assert_eq!(source.asked(), [None, Some("v5".into()), Some("v7".into())]);
    assert_eq!(source.asked_since(), [None, Some(5), Some(7)]);
}

#[tokio::test(start_paused = true)]
async fn another_name_of_the_space_is_no_news_of_secrets() {
    let (subject, _source) = polling([Step::Changes(5, 5, &[])]).await;
    let rung = subject.rung();
    assert_eq!(synced(&subject).await, None);
    assert_eq!((version(&subject), subject.rung()), (5, rung + 1), "only that it has ended");
}

#[tokio::test(start_paused = true)]
async fn a_delta_from_elsewhere_is_left_and_all_there_is_fetched() {
    for elsewhere in [4, 6] {
        let odd = Step::Changes(elsewhere, 7, &[("A", Some("wrong"))]);
        let all = Step::Secrets(7, &[("A", "2")]);
        let (subject, source) = polling([odd, all]).await;
        assert_eq!(synced(&subject).await, None);
        assert_eq!((version(&subject), subject.value("A")), (7, Some("\"2\"".into())));
        assert_eq!(source.asked(), [None, Some("v5".into()), None], "at once, and nothing is told");
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_has_nothing_but_deltas_is_not_asked_without_end() {
    let odd = || Step::Changes(4, 7, &[("A", Some("wrong"))]);
    let fits = Step::Changes(5, 7, &[("A", Some("wrong"))]);
    let (subject, source) = polling([odd(), odd(), odd(), fits]).await;
    for asked in [3, 5] {
        assert_eq!(synced(&subject).await, Some("invalid"));
        assert_eq!((source.asked().len(), subject.state()), (asked, State::Stale));
        assert_eq!((version(&subject), subject.value("A")), (5, Some("\"1\"".into())));
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_left_out_is_fetched_with_all_the_rest() {
    let source = Script::new([Step::Refused(5)]);
    let (subject, ticket) = Subject::started(&source);
    assert_eq!(subject.finished(ticket).await, None);
    assert_ne!(subject.engine.status().facts.unwrap().refused, Refused::default());
    assert_eq!(synced(&subject).await, None);
    assert_eq!(source.asked(), [None, Some("v5".into())]);
    assert_eq!(source.asked_since(), [None, None]);
}

#[tokio::test(start_paused = true)]
async fn a_resumed_watch_goes_on_with_what_was_missed() {
    let (subject, source, second) = resumed([]).await;
    second.send(heard(delta(5, 8, &[("A", Some("2"))]))).unwrap();
    while subject.value("A").as_deref() != Some("\"2\"") {
        subject.news().await;
    }
    assert_eq!((version(&subject), subject.engine.status().live), (8, true));
    assert_eq!(source.resumed(), [(5, "v5".to_owned())]);
    assert_eq!(source.asked().len(), 1, "nothing had to be fetched");
}

#[tokio::test(start_paused = true)]
async fn what_was_missed_is_fetched_when_it_does_not_come() {
    let (subject, source, second) = resumed([Step::Changes(5, 8, &[("A", Some("2"))])]).await;
    let before = tokio::time::Instant::now();
    while subject.value("A").as_deref() != Some("\"2\"") {
        subject.news().await;
    }
    assert!(before.elapsed() < MINUTE / 2, "{:?}", before.elapsed());
    assert_eq!(source.asked_since(), [None, Some(5)]);
    // Said twice it is passed over.
    second.send(heard(delta(5, 8, &[("A", Some("2"))]))).unwrap();
    second.send(heard(delta(8, 9, &[("B", None)]))).unwrap();
    while subject.value("B").is_some() {
        subject.news().await;
    }
    assert_eq!(version(&subject), 9);
}
