//! Keeps an engine going when a mistake in it ends its task: what is published stays, those who wait
//! are told, the status says so, and after a pause the work goes on as it was planned.

use std::collections::BTreeSet;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use secret_manager_source::{Failure, Remedy};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::driver::{self, Clock, Command, Plan};
use crate::machine::{Ended, Ticket};
use crate::schedule;
use crate::shared::Shared;

/// Who has worked for so long has recovered from the last interruption.
const RECOVERED: Duration = Duration::from_secs(10 * 60);

/// What outlives an interruption.
#[derive(Default)]
pub(crate) struct Life(Mutex<Work>);

#[derive(Default)]
struct Work {
    /// Nothing while stopped.
    plan: Option<Plan>,
    /// Of those who wait for the task. Who waits in its inbox is served by the next one.
    tickets: BTreeSet<Ticket>,
}

impl Life {
    /// Notes a command before anything is done for it.
    pub(crate) fn note(&self, command: &Command) {
        let mut work = self.work();
        match command {
            Command::Start(plan, ticket) => {
                work.plan = Some(plan.clone());
                work.tickets.insert(*ticket);
            }
            Command::Sync(ticket) => {
                work.tickets.insert(*ticket);
            }
            Command::Stop | Command::Clear => work.plan = None,
        }
    }

    pub(crate) fn finished(&self, tickets: &[Ticket]) {
        let mut work = self.work();
        for ticket in tickets {
            work.tickets.remove(ticket);
        }
    }

    /// What to go on with.
    pub(crate) fn plan(&self) -> Option<Plan> {
        self.work().plan.clone()
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs until the engine's handle is gone.
pub(crate) async fn supervise(
    commands: mpsc::UnboundedReceiver<Command>,
    shared: Arc<Shared>,
    clock: Clock,
    seed: u64,
) {
    let inbox = Arc::new(tokio::sync::Mutex::new(commands));
    let life = Arc::new(Life::default());
    let mut interruptions = 0;
    loop {
        let began = Instant::now();
        let (inbox, shared_too) = (Arc::clone(&inbox), Arc::clone(&shared));
        let work = driver::run(inbox, shared_too, Arc::clone(&clock), seed, Arc::clone(&life));
        match tokio::spawn(work).await {
            Err(error) if error.is_panic() => {}
            _ => return,
        }
        interruptions = if began.elapsed() < RECOVERED { interruptions + 1 } else { 1 };
        let failure =
            Failure::new(Remedy::Retry, "an internal error interrupted it; please report it");
        let tickets = mem::take(&mut life.work().tickets);
        shared.finish(tickets.into_iter().collect(), &Err(Ended::Failed(failure.clone())));
        shared.interrupted(failure);
        shared.announce();
        let pause = schedule::back_off(interruptions, None, Duration::ZERO, fastrand::f64());
        tokio::time::sleep(pause).await;
    }
}
