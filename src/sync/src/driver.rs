//! The task of an engine: waits for commands, answers and the clock, asks the machine what to do, and
//! does it. The only file here that awaits.

use std::sync::Arc;
use std::time::{Duration, Instant};

use secret_manager_model::{Snapshot, Timestamp};
use secret_manager_source::{Failure, Fetched, Remedy, Source, Validator};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::machine::{Action, Answer, Event, Machine, Ticket};
use crate::shared::{Secrets, Shared};
use crate::status::{Facts, Status};

/// Says what time it is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

pub(crate) enum Command {
    Start { source: Arc<dyn Source>, interval: Duration, ticket: Ticket },
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
    /// The validator of what is published, if that came from the present source.
    held: Option<Validator>,
    /// What was fetched and is not published yet.
    fetched: Option<(Box<Snapshot>, Option<Validator>)>,
    facts: Option<Facts>,
    checked_at: Option<Timestamp>,
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
        shared,
        clock,
        random: fastrand::Rng::with_seed(seed),
        machine: Machine::default(),
        source: None,
        fetch: None,
        held: None,
        fetched: None,
        facts: None,
        checked_at: None,
    };
    loop {
        let due = driver.machine.due();
        tokio::select! {
            biased;
            command = commands.recv() => match command {
                Some(command) => driver.obey(command),
                None => break,
            },
            outcome = ended(&mut driver.fetch), if driver.fetch.is_some() => {
                driver.fetch = None;
                driver.take(outcome);
            }
            () = at(due), if due.is_some() => driver.tell(Event::Due),
        }
        driver.shared.announce();
    }
}

async fn ended(fetch: &mut Option<Fetch>) -> Outcome {
    let Some(fetch) = fetch else { return std::future::pending().await };
    (&mut fetch.0).await.unwrap_or_else(|_| {
        // The panic's message is left out: it could quote what was read.
        Err(Failure::new(Remedy::Retry, "an internal error ended the fetch; please report it"))
    })
}

async fn at(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}

impl Driver {
    fn obey(&mut self, command: Command) {
        match command {
            Command::Start { source, interval, ticket } => {
                // A validator says nothing to another source, nor to the same with another token.
                if !self.source.as_ref().is_some_and(|known| Arc::ptr_eq(known, &source)) {
                    self.held = None;
                }
                self.source = Some(source);
                self.tell(Event::Start { interval, ticket });
            }
            Command::Sync(ticket) => self.tell(Event::Sync(ticket)),
            Command::Stop => self.tell(Event::Stop),
            Command::Clear => {
                self.machine.forget();
                self.withdraw();
                self.tell(Event::Stop);
            }
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
        let now = tokio::time::Instant::now().into_std();
        for action in self.machine.handle(event, now, self.random.f64()) {
            match action {
                Action::Fetch => self.fetch(),
                Action::Abandon => self.fetch = None,
                Action::Publish => self.publish(),
                Action::Withdraw => self.withdraw(),
                Action::Confirm => self.checked_at = Some((self.clock)()),
                Action::Finish(tickets, outcome) => self.shared.finish(tickets, &outcome),
            }
        }
        self.shared.set_status(self.status(now));
    }

    fn fetch(&mut self) {
        let Some(source) = self.source.clone() else { return };
        let held = self.held.clone();
        let fetch = tokio::spawn(async move { source.fetch(held.as_ref()).await });
        self.fetch = Some(Fetch(fetch));
    }

    fn publish(&mut self) {
        let Some((snapshot, validator)) = self.fetched.take() else { return };
        let Snapshot { space, version, created_at, updated_at, issued_at, secrets, refused } =
            *snapshot;
        let synced_at = (self.clock)();
        self.held = validator;
        let source = self.description();
        self.facts = Some(Facts {
            source,
            space,
            version,
            created_at,
            updated_at,
            issued_at,
            synced_at,
            refused,
        });
        self.shared.publish(Some(version), secrets);
    }

    fn withdraw(&mut self) {
        self.held = None;
        self.facts = None;
        self.checked_at = None;
        self.shared.publish(None, Secrets::new());
    }

    fn description(&self) -> String {
        self.source.as_ref().map(|source| source.description().to_owned()).unwrap_or_default()
    }

    fn status(&self, now: Instant) -> Status {
        let next_at = self.machine.due().and_then(|due| {
            let pause = i64::try_from(due.saturating_duration_since(now).as_millis()).ok()?;
            Timestamp::from_millis((self.clock)().as_millis().saturating_add(pause))
        });
        Status {
            state: self.machine.state(),
            source: self.description(),
            facts: self.facts.clone(),
            checked_at: self.checked_at,
            next_at,
            failure: self.machine.failure().cloned(),
        }
    }
}
