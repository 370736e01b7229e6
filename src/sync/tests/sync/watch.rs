//! Changes that the engine hears of as they are made.

use std::sync::Arc;
use std::time::Duration;

use secret_manager_source::{Failure, Heard, Remedy};
use secret_manager_sync::{Plan, State};

use crate::script::{MINUTE, Script, Speak, Step, Subject, delta, heard, names, plan};

/// An engine that holds version 5 (A = 1, B = 1) and listens.
async fn listening(more: impl IntoIterator<Item = Step>) -> (Subject, Arc<Script>, Speak) {
    let first = Step::Secrets(5, &[("A", "1"), ("B", "1")]);
    let source = Script::new([first].into_iter().chain(more));
    let speak = source.offer_watch();
    let subject = Subject::new();
    let ticket = subject.engine.start(Plan { live: true, ..plan(&source) });
    assert_eq!(subject.finished(ticket).await, None);
    speak.send(Ok(Heard::Alive)).unwrap();
    until_live(&subject, true).await;
    (subject, source, speak)
}

async fn until_live(subject: &Subject, live: bool) {
    while subject.engine.status().live != live {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_is_readable_as_soon_as_it_is_heard() {
    let (subject, source, speak) = listening([]).await;
    assert_eq!(source.watched(), [5]);
    let before = tokio::time::Instant::now();
    let changes = [("A", Some("2")), ("B", None), ("C", Some("1")), ("NEVER", None)];
    speak.send(heard(delta(5, 7, &changes))).unwrap();
    let change = subject.news().await.change.unwrap();
    assert_eq!(before.elapsed(), Duration::ZERO);
    assert_eq!(change.version, Some(7));
    assert_eq!(names(change.added()), ["C"]);
    assert_eq!(names(change.changed()), ["A"]);
    assert_eq!(names(change.removed()), ["B"]);
    assert_eq!(subject.value("A").as_deref(), Some("\"2\""));
    let facts = subject.engine.status().facts.unwrap();
    assert_eq!(facts.version, 7);

    // The next fetch is conditional on what the delta led to.
    tokio::time::sleep(MINUTE * 2).await;
    assert_eq!(source.asked()[..2], [None, Some("v7".into())]);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_changes_nothing_is_no_news() {
    let (subject, _source, speak) = listening([]).await;
    let rung = subject.rung();
    speak.send(heard(delta(5, 6, &[("A", Some("1"))]))).unwrap();
    while subject.engine.status().facts.unwrap().version < 6 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(subject.rung(), rung);
}

#[tokio::test(start_paused = true)]
async fn what_was_missed_is_fetched() {
    let (subject, source, speak) = listening([Step::Secrets(8, &[("A", "3")])]).await;
    speak.send(heard(delta(6, 7, &[("A", Some("2"))]))).unwrap();
    let change = subject.news().await.change.unwrap();
    assert_eq!((change.version, subject.value("A")), (Some(8), Some("\"3\"".into())));
    // And watched again, from there on.
    let speak = source.offer_watch();
    speak.send(Ok(Heard::Alive)).unwrap();
    until_live(&subject, true).await;
    assert_eq!(source.watched(), [5]);
    assert_eq!(source.resumed(), [(8, "v8".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn a_silent_watch_is_given_up_and_polling_goes_on() {
    let (subject, source, _speak) = listening([]).await;
    until_live(&subject, false).await;
    let asked = source.asked().len();
    tokio::time::sleep(MINUTE * 10).await;
    assert!(source.asked().len() >= asked + 9);
    assert_eq!(subject.state(), State::Synced);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_breaks_comes_back_and_a_panic_in_it_is_survived() {
    let (subject, source, speak) = listening([]).await;
    let next = source.offer_watch();
    speak.send(Err(Failure::new(Remedy::Retry, "cut"))).unwrap();
    until_live(&subject, false).await;
    next.send(Ok(Heard::Alive)).unwrap();
    until_live(&subject, true).await;
    // The test's end of the line makes it panic when it goes.
    drop(next);
    until_live(&subject, false).await;
    let last = source.offer_watch();
    last.send(heard(delta(5, 6, &[("A", Some("2"))]))).unwrap();
    subject.news().await;
    assert_eq!(subject.value("A").as_deref(), Some("\"2\""));
    assert_eq!(subject.state(), State::Synced);
}

#[tokio::test(start_paused = true)]
async fn without_live_nothing_is_watched() {
    let source = Script::new([Step::Secrets(5, &[("A", "1")])]);
    let _speak = source.offer_watch();
    let subject = Subject::new();
    let ticket = subject.engine.start(plan(&source));
    subject.finished(ticket).await;
    tokio::time::sleep(MINUTE * 3).await;
    assert!(source.watched().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_stops_lets_the_watch_go() {
    let (subject, _source, speak) = listening([]).await;
    subject.engine.stop();
    speak.closed().await;
    assert_eq!(subject.state(), State::Idle);
}
