//! The engine as its users see it, with a source that answers as a script says and a clock that
//! jumps to the next deadline by itself.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use secret_manager_model::{
    Refused, Secret, SecretName, SecretValue, Snapshot, SpaceRef, Timestamp,
};
use secret_manager_source::{Failure, Fetched, Fetching, Remedy, Source, Validator};
use secret_manager_sync::{Engine, News, State, Ticket};
use tokio::sync::Notify;

const MINUTE: Duration = Duration::from_secs(60);

enum Step {
    Secrets(u64, &'static [(&'static str, &'static str)]),
    Unchanged,
    Fail(Remedy),
    Panic,
    Hang,
}

/// Answers with its steps in turn, and then for ever with "unchanged".
#[derive(Default)]
struct Script {
    steps: Mutex<VecDeque<Step>>,
    asked: Mutex<Vec<Option<String>>>,
}

impl Script {
    fn new(steps: impl IntoIterator<Item = Step>) -> Arc<Self> {
        Arc::new(Self { steps: Mutex::new(steps.into_iter().collect()), ..Self::default() })
    }

    fn asked(&self) -> Vec<Option<String>> {
        self.asked.lock().unwrap().clone()
    }
}

impl Source for Script {
    fn description(&self) -> &str {
        "script"
    }

    fn fetch<'a>(&'a self, held: Option<&'a Validator>) -> Fetching<'a> {
        self.asked.lock().unwrap().push(held.map(|held| held.as_str().to_owned()));
        let step = self.steps.lock().unwrap().pop_front();
        Box::pin(async move {
            match step {
                None | Some(Step::Unchanged) => Ok(Fetched::NotModified),
                Some(Step::Secrets(version, secrets)) => Ok(Fetched::Snapshot {
                    snapshot: Box::new(snapshot(version, secrets)),
                    validator: Some(Validator::new(format!("v{version}"))),
                }),
                Some(Step::Fail(remedy)) => Err(Failure::new(remedy, "scripted")),
                Some(Step::Panic) => panic!("scripted"),
                Some(Step::Hang) => std::future::pending().await,
            }
        })
    }
}

fn snapshot(version: u64, secrets: &[(&str, &str)]) -> Snapshot {
    let time = Timestamp::from_millis(0).unwrap();
    let secrets = secrets.iter().map(|(name, value)| {
        let value = SecretValue::text(value).unwrap();
        (SecretName::parse(name).unwrap(), Secret { value, version, updated_at: time })
    });
    Snapshot {
        space: SpaceRef { id: "s".into(), name: "space".into() },
        version,
        created_at: time,
        updated_at: time,
        issued_at: time,
        secrets: secrets.collect(),
        refused: Refused::default(),
    }
}

/// An engine with its news bell.
struct Subject {
    engine: Engine,
    bell: Arc<Notify>,
    rung: Arc<AtomicUsize>,
}

impl Subject {
    fn new() -> Self {
        let (bell, rung) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
        let notify = {
            let (bell, rung) = (Arc::clone(&bell), Arc::clone(&rung));
            Box::new(move || {
                rung.fetch_add(1, Ordering::SeqCst);
                bell.notify_one();
            })
        };
        let clock = Arc::new(|| Timestamp::from_millis(1_000).unwrap());
        let engine = Engine::new(&tokio::runtime::Handle::current(), clock, 7, notify);
        Self { engine, bell, rung }
    }

    fn started(source: &Arc<Script>) -> (Self, Ticket) {
        let subject = Self::new();
        let ticket = subject.engine.start(Arc::clone(source) as Arc<dyn Source>, MINUTE);
        (subject, ticket)
    }

    async fn news(&self) -> News {
        self.bell.notified().await;
        self.engine.drain()
    }

    /// Waits until the ticket is finished and says with which error code.
    async fn finished(&self, ticket: Ticket) -> Option<&'static str> {
        loop {
            let news = self.news().await;
            if let Some(found) = news.finished.iter().find(|finished| finished.ticket == ticket) {
                return found.error().map(|(code, _)| code);
            }
        }
    }

    fn value(&self, name: &str) -> Option<String> {
        self.engine.read(name, str::to_owned)
    }

    fn state(&self) -> State {
        self.engine.status().state
    }
}

fn names<'a>(names: impl Iterator<Item = &'a SecretName>) -> Vec<&'a str> {
    names.map(SecretName::as_str).collect()
}

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
    let rung = subject.rung.load(Ordering::SeqCst);
    tokio::time::sleep(MINUTE * 10).await;
    assert!(source.asked().len() >= 9, "{}", source.asked().len());
    assert_eq!(subject.rung.load(Ordering::SeqCst), rung);
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
    assert_eq!(subject.rung.load(Ordering::SeqCst), 1);
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

    let again = subject.engine.start(Arc::clone(&source) as Arc<dyn Source>, MINUTE);
    assert_eq!(subject.finished(again).await, None);
    assert_eq!(source.asked().last(), Some(&Some("v1".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn another_source_is_asked_without_a_validator() {
    let (subject, ticket) = Subject::started(&Script::new([Step::Secrets(9, &[("A", "1")])]));
    subject.finished(ticket).await;
    let other = Script::new([Step::Secrets(2, &[("A", "1"), ("B", "1")])]);
    let ticket = subject.engine.start(Arc::clone(&other) as Arc<dyn Source>, MINUTE);
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
