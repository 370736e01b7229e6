//! A source that answers as a script says, and an engine with its news bell.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use secret_manager_model::{
    Delta, Refused, Secret, SecretName, SecretValue, Snapshot, SpaceRef, Timestamp,
};
use secret_manager_source::{
    Failure, Fetched, Fetching, Heard, Hearing, Held, Opening, Remedy, Source, Validator, Watch,
};
use secret_manager_sync::{Engine, News, Plan, State, Ticket};
use tokio::sync::{Notify, mpsc};

pub(crate) const MINUTE: Duration = Duration::from_secs(60);

pub(crate) enum Step {
    Secrets(u64, &'static [(&'static str, &'static str)]),
    /// From one version to another; see [`delta`].
    Changes(u64, u64, &'static [(&'static str, Option<&'static str>)]),
    /// A snapshot of which a secret had to be left out.
    Refused(u64),
    Unchanged,
    Fail(Remedy),
    Panic,
    Hang,
}

/// Answers with its steps in turn, and then for ever with "unchanged".
#[derive(Default)]
pub(crate) struct Script {
    steps: Mutex<VecDeque<Step>>,
    watches: Mutex<VecDeque<Line>>,
    watched: Mutex<Vec<u64>>,
    asked: Mutex<Vec<Option<Held>>>,
    resumed: Mutex<Vec<(u64, String)>>,
    /// In seconds.
    spread: AtomicU64,
}

impl Script {
    pub(crate) fn new(steps: impl IntoIterator<Item = Step>) -> Arc<Self> {
        Arc::new(Self { steps: Mutex::new(steps.into_iter().collect()), ..Self::default() })
    }

    /// Lets one watch be opened. What is sent is heard.
    pub(crate) fn offer_watch(&self) -> Speak {
        let (speak, line) = mpsc::unbounded_channel();
        self.watches.lock().unwrap().push_back(Line(line));
        speak
    }

    /// The versions since which it was watched.
    pub(crate) fn watched(&self) -> Vec<u64> {
        self.watched.lock().unwrap().clone()
    }

    /// From now on starts are to be spread over so many seconds.
    pub(crate) fn ask_for_spread(&self, seconds: u64) {
        self.spread.store(seconds, Ordering::Relaxed);
    }

    /// The versions and validators with which a watch was resumed.
    pub(crate) fn resumed(&self) -> Vec<(u64, String)> {
        self.resumed.lock().unwrap().clone()
    }

    /// The validators with which it was asked.
    pub(crate) fn asked(&self) -> Vec<Option<String>> {
        let asked = self.asked.lock().unwrap();
        asked.iter().map(|held| Some(held.as_ref()?.validator.as_str().to_owned())).collect()
    }

    /// The versions since which changes would have done.
    pub(crate) fn asked_since(&self) -> Vec<Option<u64>> {
        self.asked.lock().unwrap().iter().map(|held| held.as_ref()?.since).collect()
    }
}

/// What a test says on a watch.
pub(crate) type Speak = mpsc::UnboundedSender<Result<Heard, Failure>>;

/// A watch on which a test speaks.
struct Line(mpsc::UnboundedReceiver<Result<Heard, Failure>>);

impl Watch for Line {
    fn next(&mut self) -> Hearing<'_> {
        Box::pin(async move { self.0.recv().await.expect("a test that speaks to the end") })
    }
}

impl Source for Script {
    fn description(&self) -> &str {
        "script"
    }

    fn watch<'a>(&'a self, since: u64, _held: Option<&'a Validator>) -> Opening<'a> {
        let watch = self.watches.lock().unwrap().pop_front();
        self.watched.lock().unwrap().push(since);
        Box::pin(async move {
            match watch {
                Some(watch) => Ok(Box::new(watch) as Box<dyn Watch>),
                None => Err(Failure::new(Remedy::Reconfigure, "scripted: nothing to watch")),
            }
        })
    }

    fn resume<'a>(&'a self, since: u64, held: &'a Validator) -> Opening<'a> {
        let watch = self.watches.lock().unwrap().pop_front();
        self.resumed.lock().unwrap().push((since, held.as_str().to_owned()));
        Box::pin(async move {
            let refused = || Failure::new(Remedy::Repair, "scripted: nothing to resume");
            watch.map(|watch| Box::new(watch) as Box<dyn Watch>).ok_or_else(refused)
        })
    }

    fn spread(&self) -> Duration {
        Duration::from_secs(self.spread.load(Ordering::Relaxed))
    }

    fn fetch<'a>(&'a self, held: Option<&'a Held>) -> Fetching<'a> {
        self.asked.lock().unwrap().push(held.cloned());
        let step = self.steps.lock().unwrap().pop_front();
        Box::pin(async move {
            match step {
                None | Some(Step::Unchanged) => Ok(Fetched::NotModified),
                Some(Step::Secrets(version, secrets)) => Ok(Fetched::Snapshot {
                    snapshot: Box::new(snapshot(version, secrets)),
                    validator: Some(Validator::new(format!("v{version}"))),
                }),
                Some(Step::Refused(version)) => {
                    let refused = Refused { count: 1, ..Refused::default() };
                    Ok(Fetched::Snapshot {
                        snapshot: Box::new(Snapshot { refused, ..snapshot(version, &[]) }),
                        validator: Some(Validator::new(format!("v{version}"))),
                    })
                }
                Some(Step::Changes(from, version, changes)) => Ok(Fetched::Delta {
                    delta: Box::new(delta(from, version, changes)),
                    validator: Some(Validator::new(format!("v{version}"))),
                }),
                Some(Step::Fail(remedy)) => Err(Failure::new(remedy, "scripted")),
                Some(Step::Panic) => panic!("scripted"),
                Some(Step::Hang) => std::future::pending().await,
            }
        })
    }
}

pub(crate) fn snapshot(version: u64, secrets: &[(&str, &str)]) -> Snapshot {
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

/// What leads from one version to another. A name without a value is removed.
pub(crate) fn delta(from: u64, version: u64, changes: &[(&str, Option<&str>)]) -> Delta {
    let time = Timestamp::from_millis(0).unwrap();
    let mut delta = Delta {
        space: SpaceRef { id: "s".into(), name: "space".into() },
        from,
        version,
        created_at: time,
        updated_at: time,
        issued_at: time,
        changed: HashMap::new(),
        removed: Vec::new(),
        refused: Refused::default(),
    };
    for (name, value) in changes {
        let name = SecretName::parse(name).unwrap();
        match value {
            None => delta.removed.push(name),
            Some(value) => {
                let value = SecretValue::text(value).unwrap();
                delta.changed.insert(name, Secret { value, version, updated_at: time });
            }
        }
    }
    delta
}

pub(crate) fn heard(delta: Delta) -> Result<Heard, Failure> {
    let validator = Some(Validator::new(format!("v{}", delta.version)));
    Ok(Heard::Change { delta: Box::new(delta), validator })
}

pub(crate) fn plan(source: &Arc<Script>) -> Plan {
    Plan {
        source: Arc::clone(source) as Arc<dyn Source>,
        interval: MINUTE,
        live: false,
        cache: None,
    }
}

/// An engine with its news bell.
pub(crate) struct Subject {
    pub(crate) engine: Engine,
    bell: Arc<Notify>,
    rung: Arc<AtomicUsize>,
}

impl Subject {
    pub(crate) fn new() -> Self {
        Self::with_clock(|| 1_000)
    }

    /// With a wall clock of its own, in milliseconds.
    pub(crate) fn with_clock(clock: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        let (bell, rung) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
        let notify = {
            let (bell, rung) = (Arc::clone(&bell), Arc::clone(&rung));
            Box::new(move || {
                rung.fetch_add(1, Ordering::SeqCst);
                bell.notify_one();
            })
        };
        let clock = Arc::new(move || Timestamp::from_millis(clock()).unwrap());
        let engine = Engine::new(&tokio::runtime::Handle::current(), clock, 7, notify);
        Self { engine, bell, rung }
    }

    pub(crate) fn started(source: &Arc<Script>) -> (Self, Ticket) {
        let subject = Self::new();
        let ticket = subject.engine.start(plan(source));
        (subject, ticket)
    }

    pub(crate) async fn news(&self) -> News {
        self.bell.notified().await;
        self.engine.drain()
    }

    /// Waits until the ticket is finished and says with which error code.
    pub(crate) async fn finished(&self, ticket: Ticket) -> Option<&'static str> {
        loop {
            let news = self.news().await;
            if let Some(found) = news.finished.iter().find(|finished| finished.ticket == ticket) {
                return found.error().map(|(code, _)| code);
            }
        }
    }

    /// How often there was news.
    pub(crate) fn rung(&self) -> usize {
        self.rung.load(Ordering::SeqCst)
    }

    pub(crate) fn value(&self, name: &str) -> Option<String> {
        self.engine.read(name, str::to_owned)
    }

    pub(crate) fn state(&self) -> State {
        self.engine.status().state
    }
}

pub(crate) fn names<'a>(names: impl Iterator<Item = &'a SecretName>) -> Vec<&'a str> {
    names.map(SecretName::as_str).collect()
}
