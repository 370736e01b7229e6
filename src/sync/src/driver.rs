//! The task of an engine: waits for commands, answers and the clock, asks the machine what to do, and
//! does it. The only file here that awaits.

use std::sync::Arc;
use std::time::{Duration, Instant};

use secret_manager_model::{Snapshot, Timestamp};
use secret_manager_source::{Failure, Fetched, Remedy, Source, Validator};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::cache::{Cache, CacheError};
use crate::keeping::Keeping;
use crate::machine::{Action, Answer, Event, Machine, Ticket};
use crate::publication::Publication;
use crate::shared::Shared;
use crate::status::Status;

/// Says what time it is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The longest time that a start waits for the cache: a disk that hangs must not keep the engine from
/// asking the source.
const LOAD_TIMEOUT: Duration = Duration::from_secs(2);

/// What an engine does from its start on.
pub struct Plan {
    pub source: Arc<dyn Source>,
    /// From one sync to the next.
    pub interval: Duration,
    /// Where what is published is kept for the next start of the process.
    pub cache: Option<Cache>,
}

pub(crate) enum Command {
    Start(Plan, Ticket),
    Sync(Ticket),
    Stop,
    Clear,
}

type Outcome = Result<Fetched, Failure>;

struct Driver {
    shared: Arc<Shared>,
    clock: Clock,
    random: fastrand::Rng,
    machine: Machine,
    source: Option<Arc<dyn Source>>,
    /// The fetch in flight, in a task of its own so that a panic in it ends nothing else.
    fetch: Option<Fetch>,
    /// What was fetched and is not published yet.
    fetched: Option<(Box<Snapshot>, Option<Validator>)>,
    publication: Publication,
    keeping: Keeping,
    /// The work on the cache's file, which is finished even when the engine ends.
    job: Option<JoinHandle<Result<(), CacheError>>>,
}

/// A fetch in flight. It ends with its owner.
struct Fetch(JoinHandle<Outcome>);

impl Drop for Fetch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

pub(crate) async fn run(
    mut commands: mpsc::UnboundedReceiver<Command>,
    shared: Arc<Shared>,
    clock: Clock,
    seed: u64,
) {
    let mut driver = Driver {
        publication: Publication::new(Arc::clone(&shared)),
        shared,
        clock,
        random: fastrand::Rng::with_seed(seed),
        machine: Machine::default(),
        source: None,
        fetch: None,
        fetched: None,
        keeping: Keeping::default(),
        job: None,
    };
    loop {
        let due = driver.due();
        tokio::select! {
            biased;
            command = commands.recv() => match command {
                Some(command) => driver.obey(command).await,
                None => break,
            },
            outcome = ended(&mut driver.fetch), if driver.fetch.is_some() => {
                driver.fetch = None;
                driver.take(outcome);
            }
            outcome = done(&mut driver.job), if driver.job.is_some() => {
                driver.job = None;
                driver.keeping.ended(outcome);
                driver.show();
            }
            () = at(due), if due.is_some() => driver.tell(Event::Due),
        }
        driver.keep();
        driver.shared.announce();
    }
    driver.finish().await;
}

async fn ended(fetch: &mut Option<Fetch>) -> Outcome {
    let Some(fetch) = fetch else { return std::future::pending().await };
    (&mut fetch.0).await.unwrap_or_else(|_| {
        // The panic's message is left out: it could quote what was read.
        Err(Failure::new(Remedy::Retry, "an internal error ended the fetch; please report it"))
    })
}

async fn done(job: &mut Option<JoinHandle<Result<(), CacheError>>>) -> Result<(), CacheError> {
    let Some(job) = job else { return std::future::pending().await };
    job.await.unwrap_or_else(|error| Err(std::io::Error::other(panicked(&error)).into()))
}

fn panicked(_message_left_out: &tokio::task::JoinError) -> &'static str {
    "an internal error ended the work on it; please report it"
}

async fn at(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}

impl Driver {
    async fn obey(&mut self, command: Command) {
        match command {
            Command::Start(Plan { source, interval, cache }, ticket) => {
                if !self.source.as_ref().is_some_and(|known| Arc::ptr_eq(known, &source)) {
                    self.publication.change_source();
                }
                self.source = Some(source);
                self.keeping.set_cache(cache.map(Arc::new));
                if self.publication.facts().is_none() {
                    self.restore().await;
                }
                self.tell(Event::Start { interval, ticket });
            }
            Command::Sync(ticket) => self.tell(Event::Sync(ticket)),
            Command::Stop => {
                self.keeping.hurry(now());
                self.tell(Event::Stop);
            }
            Command::Clear => {
                self.machine.forget();
                self.withdraw();
                self.tell(Event::Stop);
            }
        }
    }

    /// The engine ends; what is to be kept is kept all the same.
    async fn finish(mut self) {
        self.fetch = None;
        self.keeping.hurry(now());
        if self.job.is_some() {
            self.keeping.ended(done(&mut self.job).await);
        }
        self.keep();
    }

    /// Publishes what the cache keeps. Before anything is asked, so that the outcome of the first
    /// fetch, for which messages wait, finds it there.
    async fn restore(&mut self) {
        let Some(cache) = self.keeping.cache().cloned() else { return };
        let source = self.description();
        let loading = tokio::task::spawn_blocking(move || cache.load(&source));
        let outcome = match tokio::time::timeout(LOAD_TIMEOUT, loading).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => Err(std::io::Error::other(panicked(&error)).into()),
            Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
        };
        self.keeping.loaded(&outcome);
        if let Ok(Some(good)) = outcome {
            self.publication.restore(good);
            self.machine.restored();
        }
    }

    fn take(&mut self, outcome: Outcome) {
        let answer = match outcome {
            Ok(Fetched::NotModified) => Answer::Unchanged,
            Ok(Fetched::Snapshot { snapshot, validator }) => {
                let (space, version) = (snapshot.space.id.clone(), snapshot.version);
                self.fetched = Some((snapshot, validator));
                Answer::Snapshot { space, version }
            }
            Err(failure) => Answer::Failed(failure),
        };
        self.tell(Event::Fetched(answer));
        self.fetched = None;
    }

    fn tell(&mut self, event: Event) {
        let random = self.random.f64();
        for action in self.machine.handle(event, now(), random) {
            match action {
                Action::Fetch => self.fetch(),
                Action::Abandon => self.fetch = None,
                Action::Publish => self.publish(),
                Action::Withdraw => self.withdraw(),
                Action::Confirm => {
                    let at = (self.clock)();
                    self.publication.confirm(at);
                    self.keeping.confirm(at, now());
                }
                Action::Finish(tickets, outcome) => self.shared.finish(tickets, &outcome),
            }
        }
        self.show();
    }

    fn fetch(&mut self) {
        let Some(source) = self.source.clone() else { return };
        let held = self.publication.held().cloned();
        let fetch = tokio::spawn(async move { source.fetch(held.as_ref()).await });
        self.fetch = Some(Fetch(fetch));
    }

    fn publish(&mut self) {
        let Some((snapshot, validator)) = self.fetched.take() else { return };
        let source = self.description();
        self.publication.publish(*snapshot, validator, source, (self.clock)());
        self.keeping.save(now());
    }

    fn withdraw(&mut self) {
        self.publication.withdraw();
        self.keeping.wipe(now());
    }

    /// Begins the work on the cache's file that is due.
    fn keep(&mut self) {
        if let Some(job) = self.keeping.begin(now(), || self.publication.good()) {
            self.job = Some(tokio::task::spawn_blocking(|| job.run()));
        }
    }

    fn due(&self) -> Option<Instant> {
        let dues = [self.machine.due(), self.keeping.due()];
        dues.into_iter().flatten().min()
    }

    fn description(&self) -> String {
        self.source.as_ref().map(|source| source.description().to_owned()).unwrap_or_default()
    }

    fn show(&self) {
        let next_at = self.machine.due().and_then(|due| {
            let pause = i64::try_from(due.saturating_duration_since(now()).as_millis()).ok()?;
            Timestamp::from_millis((self.clock)().as_millis().saturating_add(pause))
        });
        self.shared.set_status(Status {
            state: self.machine.state(),
            source: self.description(),
            facts: self.publication.facts().cloned(),
            checked_at: self.publication.checked_at(),
            next_at,
            failure: self.machine.failure().cloned(),
            cache_problem: self.keeping.problem().cloned(),
        });
    }
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
