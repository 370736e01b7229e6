//! The handle by which an engine is used. All of its methods return at once, but for the one that
//! waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use secret_manager_model::{Kind, Secret, SecretName, Timestamp};
use tokio::runtime;
use tokio::sync::mpsc;

use crate::driver::{Clock, Command, Plan};
use crate::machine::Ticket;
use crate::masking::Masking;
use crate::news::{Change, News};
use crate::shared::{Notify, Shared};
use crate::status::Status;
use crate::supervisor;

/// What is known of one published secret besides its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub name: SecretName,
    pub kind: Kind,
    /// Of the secret.
    pub version: u64,
    pub updated_at: Timestamp,
}

/// Keeps the secrets of one space up to date. Dropping it ends the engine and wipes the values.
pub struct Engine {
    commands: mpsc::UnboundedSender<Command>,
    shared: Arc<Shared>,
    last_ticket: AtomicU32,
}

impl Engine {
    /// An engine that does nothing yet. Its task runs on `runtime`; `seed` is for its random pauses.
    pub fn new(runtime: &runtime::Handle, clock: Clock, seed: u64, notify: Notify) -> Self {
        let (commands, inbox) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared::new(notify));
        runtime.spawn(supervisor::supervise(inbox, Arc::clone(&shared), clock, seed));
        Self { commands, shared, last_ticket: AtomicU32::new(0) }
    }

    /// From now on, what is published is masked. What is published already isn't.
    pub fn mask_with(&self, masking: Arc<Masking>) {
        self.shared.mask_with(masking);
    }

    /// Syncs at once and then at intervals, from now on as planned. What is published stays so until
    /// the source answers; when nothing is, what the cache keeps is published first.
    pub fn start(&self, plan: Plan) -> Ticket {
        let ticket = self.next_ticket();
        self.send(Command::Start(plan, ticket));
        ticket
    }

    pub fn sync_now(&self) -> Ticket {
        let ticket = self.next_ticket();
        self.send(Command::Sync(ticket));
        ticket
    }

    /// Blocks the caller until the sync that was asked for with `ticket` has succeeded or failed, `limit`
    /// at most. What it brought, or what the cache keeps, is published then. Says whether it has ended.
    pub fn wait_for(&self, ticket: Ticket, limit: Duration) -> bool {
        self.shared.wait_for(ticket, limit)
    }

    /// Ends all activity. What is published stays so.
    pub fn stop(&self) {
        self.send(Command::Stop);
    }

    /// Stops, and forgets the published values and those that the cache keeps.
    pub fn clear(&self) {
        self.send(Command::Clear);
    }

    pub fn status(&self) -> Status {
        self.shared.status()
    }

    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<_> =
            self.shared.secrets().keys().map(|name| name.as_str().to_owned()).collect();
        names.sort_unstable();
        names
    }

    /// What there is, without the values; sorted by name.
    pub fn entries(&self) -> Vec<Entry> {
        let secrets = Arc::clone(&self.shared.secrets());
        let entry = |(name, secret): (&SecretName, &Secret)| Entry {
            name: name.clone(),
            kind: secret.value.kind(),
            version: secret.version,
            updated_at: secret.updated_at,
        };
        let mut entries: Vec<_> = secrets.iter().map(entry).collect();
        entries.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        entries
    }

    pub fn has(&self, name: &str) -> bool {
        self.shared.secrets().contains_key(name)
    }

    /// Lends the JSON form of a secret's value.
    pub fn read<T>(&self, name: &str, with: impl FnOnce(&str) -> T) -> Option<T> {
        self.shared.secrets().get(name).map(|secret| with(secret.value.expose()))
    }

    /// What happened since the last call.
    pub fn drain(&self) -> News {
        self.shared.drain()
    }

    /// Takes back a change from [`Engine::drain`]: it may have many names, and freeing them is left to
    /// the engine's thread.
    pub fn give_back(&self, change: Change) {
        self.shared.give_back(change);
    }

    fn next_ticket(&self) -> Ticket {
        self.last_ticket.fetch_add(1, Ordering::Relaxed).wrapping_add(1)
    }

    fn send(&self, command: Command) {
        // The task ends only with this handle or with the runtime, and then nobody is served.
        let _ = self.commands.send(command);
    }
}
