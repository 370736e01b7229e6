//! The task of an engine: waits for commands, answers and the clock, asks the machine what to do, and
//! does it. Together with the supervisor, which begins it anew after a mistake, the only file here that
//! awaits.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use secret_manager_model::{Delta, Snapshot, Timestamp};
use secret_manager_source::{Failure, Fetched, Heard, Held, Remedy, Source, Validator};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

use crate::cache::{Cache, CacheError};
use crate::keeping::Keeping;
use crate::machine::{self, Action, Answer, Event, Machine, Ticket};
use crate::masking::Masking;
use crate::publication::Publication;
use crate::shared::Shared;
use crate::status::Status;
use crate::supervisor::Life;

/// Says what time it is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The longest time that a start waits for the cache: a disk that hangs must not keep the engine from
/// asking the source.
const LOAD_TIMEOUT: Duration = Duration::from_secs(2);

/// What an engine does from its start on.
#[derive(Clone)]
pub struct Plan {
    pub source: Arc<dyn Source>,
    /// From one sync to the next.
    pub interval: Duration,
    /// Whether to watch for changes in between.
    pub live: bool,
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

/// How many things on a watch may wait for the engine. The source's side waits when there are more.
const HEARD_AHEAD: usize = 4;

struct Driver {
    shared: Arc<Shared>,
    clock: Clock,
    random: fastrand::Rng,
    machine: Machine,
    life: Arc<Life>,
    source: Option<Arc<dyn Source>>,
    /// The fetch in flight, in a task of its own so that a panic in it ends nothing else.
    fetch: Option<Fetch>,
    /// What was fetched and is not published yet.
    fetched: Option<(Box<Snapshot>, Option<Validator>)>,
    watch: Option<Listening>,
    /// What was heard or fetched of what has changed, and is not applied yet.
    change: Option<(Box<Delta>, Option<Validator>)>,
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

/// An open watch, listened to in a task of its own. It ends with its owner.
struct Listening {
    heard: mpsc::Receiver<Result<Heard, Failure>>,
    /// Something has come on it.
    open: bool,
    task: JoinHandle<()>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The ticket of a start that nobody has asked for.
const NOBODY: Ticket = 0;

pub(crate) async fn run(
    commands: Arc<Mutex<mpsc::UnboundedReceiver<Command>>>,
    shared: Arc<Shared>,
    clock: Clock,
    seed: u64,
    life: Arc<Life>,
) {
    let mut commands = commands.lock().await;
    let mut driver = Driver {
        publication: Publication::new(Arc::clone(&shared)),
        shared,
        clock,
        random: fastrand::Rng::with_seed(seed),
        machine: Machine::default(),
        life,
        source: None,
        fetch: None,
        fetched: None,
        watch: None,
        change: None,
        keeping: Keeping::default(),
        job: None,
    };
    driver.resume().await;
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
            heard = heard(&mut driver.watch), if driver.watch.is_some() => driver.listen(heard),
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

async fn heard(watch: &mut Option<Listening>) -> Result<Heard, Failure> {
    let Some(watch) = watch else { return std::future::pending().await };
    watch.heard.recv().await.unwrap_or_else(|| {
        // Only a panic ends the task without a last word.
        Err(Failure::new(Remedy::Retry, "an internal error ended the watch; please report it"))
    })
}

/// Passes on what comes on a watch, to its end.
async fn listen(
    source: Arc<dyn Source>,
    since: u64,
    held: Option<Validator>,
    is_resumed: bool,
    heard: mpsc::Sender<Result<Heard, Failure>>,
    masking: Option<Arc<Masking>>,
) {
    let opened = match held {
        held if !is_resumed => source.watch(since, held.as_ref()).await,
        Some(held) => source.resume(since, &held).await,
        None => Err(Failure::new(Remedy::Repair, "the source gave no validator")),
    };
    let mut watch = match opened {
        Ok(watch) => watch,
        Err(failure) => {
            let _ = heard.send(Err(failure)).await;
            return;
        }
    };
    loop {
        let next = match watch.next().await {
            Ok(next) => {
                Masking::cover(masking.clone(), next, |heard| match heard {
                    Heard::Alive | Heard::Missed | Heard::Behind => Vec::new(),
                    Heard::Change { delta, .. } => delta.changed.values().collect(),
                })
                .await
            }
            ended => ended,
        };
        let ends = next.is_err();
        if heard.send(next).await.is_err() || ends {
            return;
        }
    }
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
    /// Goes on where another one was interrupted. For a first one there is nothing to go on with.
    async fn resume(&mut self) {
        self.publication.resume();
        if let Some(facts) = self.publication.facts() {
            self.machine.restored(facts.space.id.clone(), facts.version);
        }
        if let Some(plan) = self.life.plan() {
            self.obey(Command::Start(plan, NOBODY)).await;
            self.keep();
            self.shared.announce();
        }
    }

    async fn obey(&mut self, command: Command) {
        self.life.note(&command);
        match command {
            Command::Start(Plan { source, interval, live, cache }, ticket) => {
                if !self.source.as_ref().is_some_and(|known| Arc::ptr_eq(known, &source)) {
                    self.publication.change_source();
                }
                self.source = Some(source);
                self.keeping.set_cache(cache.map(Arc::new));
                let kept = self.publication.facts().is_none() && self.restore().await;
                self.tell(Event::Start { interval, live, kept, ticket });
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
        (self.fetch, self.watch) = (None, None);
        self.keeping.hurry(now());
        if self.job.is_some() {
            self.keeping.ended(done(&mut self.job).await);
        }
        self.keep();
    }

    /// Publishes what the cache keeps, if there is anything. Before anything is asked, so that the outcome
    /// of the first fetch, for which messages wait, finds it there.
    async fn restore(&mut self) -> bool {
        let Some(cache) = self.keeping.cache().cloned() else { return false };
        let source = self.description();
        let loading = tokio::task::spawn_blocking(move || cache.load(&source));
        let outcome = match tokio::time::timeout(LOAD_TIMEOUT, loading).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => Err(std::io::Error::other(panicked(&error)).into()),
            Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
        };
        self.keeping.loaded(&outcome);
        let Ok(Some(good)) = outcome else { return false };
        let masking = self.shared.masking();
        let good = Masking::cover(masking, good, |good| good.secrets.values().collect()).await;
        let Ok(good) = good else { return false };
        self.machine.restored(good.facts.space.id.clone(), good.facts.version);
        self.machine.kept_spread(good.spread);
        self.publication.restore(good);
        true
    }

    fn take(&mut self, outcome: Outcome) {
        if outcome.is_ok() {
            self.note_spread();
        }
        let answer = match outcome {
            Ok(Fetched::NotModified) => Answer::Unchanged,
            Ok(Fetched::Snapshot { snapshot, validator }) => {
                let (space, version) = (snapshot.space.id.clone(), snapshot.version);
                self.fetched = Some((snapshot, validator));
                Answer::Snapshot { space, version }
            }
            Ok(Fetched::Delta { delta, validator }) => {
                let (space, from) = (delta.space.id.clone(), delta.from);
                let version = delta.version;
                self.change = Some((delta, validator));
                Answer::Delta { space, from, version }
            }
            Err(failure) => Answer::Failed(failure),
        };
        self.tell(Event::Fetched(answer));
        (self.fetched, self.change) = (None, None);
    }

    /// What the source asks of its engines, as of the answer that has just come.
    fn note_spread(&mut self) {
        if let Some(source) = &self.source {
            self.machine.told_spread(source.spread());
        }
    }

    fn listen(&mut self, heard: Result<Heard, Failure>) {
        let opened =
            self.watch.as_mut().is_some_and(|watch| !std::mem::replace(&mut watch.open, true));
        if heard.is_ok() && opened {
            self.note_spread();
        }
        let event = match heard {
            Ok(Heard::Alive) => Event::Heard(machine::Heard::Alive),
            Ok(Heard::Missed) => Event::Heard(machine::Heard::Missed),
            Ok(Heard::Behind) => Event::Heard(machine::Heard::Behind),
            Ok(Heard::Change { delta, validator }) => {
                let (space, from) = (delta.space.id.clone(), delta.from);
                let version = delta.version;
                self.change = Some((delta, validator));
                Event::Heard(machine::Heard::Change { space, from, version })
            }
            Err(failure) => Event::Deaf(failure),
        };
        self.tell(event);
        self.change = None;
    }

    fn tell(&mut self, event: Event) {
        let random = self.random.f64();
        for action in self.machine.handle(event, now(), random) {
            match action {
                Action::Fetch => self.fetch(self.publication.held()),
                Action::FetchAll => self.fetch(None),
                Action::Abandon => self.fetch = None,
                Action::Publish => self.publish(),
                Action::Watch => self.watch(false),
                Action::Resume => self.watch(true),
                Action::Unwatch => self.watch = None,
                Action::Amend => self.amend(),
                Action::Withdraw => self.withdraw(),
                Action::Confirm => {
                    let at = (self.clock)();
                    self.publication.confirm(at);
                    self.keeping.confirm(at, self.machine.spread(), now());
                }
                Action::Finish(tickets, outcome) => {
                    // Who waits for it goes on at once, and is to find the status as it is then.
                    self.show();
                    self.life.finished(&tickets);
                    self.shared.finish(tickets, &outcome);
                }
            }
        }
        self.show();
    }

    fn fetch(&mut self, held: Option<Held>) {
        let Some(source) = self.source.clone() else { return };
        let masking = self.shared.masking();
        let fetch = tokio::spawn(async move {
            let fetched = source.fetch(held.as_ref()).await?;
            Masking::cover(masking, fetched, |fetched| match fetched {
                Fetched::NotModified => Vec::new(),
                Fetched::Snapshot { snapshot, .. } => snapshot.secrets.values().collect(),
                Fetched::Delta { delta, .. } => delta.changed.values().collect(),
            })
            .await
        });
        self.fetch = Some(Fetch(fetch));
    }

    fn publish(&mut self) {
        let Some((snapshot, validator)) = self.fetched.take() else { return };
        let source = self.description();
        self.publication.publish(*snapshot, validator, source, (self.clock)());
        self.keeping.save(now());
    }

    fn watch(&mut self, is_resumed: bool) {
        let Some(source) = self.source.clone() else { return };
        let Some(facts) = self.publication.facts() else { return };
        let held = self.publication.validator().cloned();
        let (told, heard) = mpsc::channel(HEARD_AHEAD);
        let masking = self.shared.masking();
        let task = tokio::spawn(listen(source, facts.version, held, is_resumed, told, masking));
        self.watch = Some(Listening { heard, open: false, task });
    }

    fn amend(&mut self) {
        let Some((delta, validator)) = self.change.take() else { return };
        self.publication.amend(*delta, validator, (self.clock)());
        self.keeping.save(now());
    }

    fn withdraw(&mut self) {
        self.publication.withdraw();
        self.keeping.wipe(now());
    }

    /// Begins the work on the cache's file that is due.
    fn keep(&mut self) {
        if let Some(job) =
            self.keeping.begin(now(), || self.publication.good(self.machine.spread()))
        {
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
        let next_at = self.machine.next_fetch().and_then(|due| {
            let pause = i64::try_from(due.saturating_duration_since(now()).as_millis()).ok()?;
            Timestamp::from_millis((self.clock)().as_millis().saturating_add(pause))
        });
        self.shared.set_status(Status {
            state: self.machine.state(),
            source: self.description(),
            facts: self.publication.facts().cloned(),
            checked_at: self.publication.checked_at(),
            live: self.machine.is_live(),
            next_at,
            failure: self.machine.failure().cloned(),
            cache_problem: self.keeping.problem().cloned(),
        });
    }
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
