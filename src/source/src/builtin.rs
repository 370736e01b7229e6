//! The source that reads the built-in vault of this Node-RED: no connection, no port.
//!
//! The vault is opened by the first fetch, and again by each one after that failed: what a person
//! mends takes effect with the next sync.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secret_manager_builtin::{Code, Follower, Place, Problem, Vault};

use crate::failure::{Failure, Remedy};
use crate::{Fetched, Fetching, Heard, Hearing, Held, Opening, Source, Validator, Watch};

/// Between signs of life of a watch on which nothing happens; an engine waits three times as long.
const QUIET: Duration = Duration::from_secs(15);

pub(crate) struct Builtin {
    place: Place,
    vault: Mutex<Option<Arc<Vault>>>,
}

impl Builtin {
    pub(crate) fn new(place: Place) -> Self {
        Self { place, vault: Mutex::default() }
    }

    /// Always all of it: what is read isn't sent anywhere.
    async fn ask(&self, held: Option<&Held>) -> Result<Fetched, Failure> {
        let vault = self.vault().await?;
        if let Some(held) = held
            && vault.tag().await? == held.validator.as_str()
        {
            return Ok(Fetched::NotModified);
        }
        let tagged = vault.snapshot().await?;
        let validator = Some(Validator::new(tagged.tag));
        Ok(Fetched::Snapshot { snapshot: Box::new(tagged.snapshot), validator })
    }

    async fn open_watch(&self, since: u64) -> Result<Box<dyn Watch>, Failure> {
        let follower = self.vault().await?.follow(since).await?;
        Ok(Box::new(Changes { follower, told: false }))
    }

    async fn vault(&self) -> Result<Arc<Vault>, Failure> {
        let known = self.vault.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(vault) = known {
            return Ok(vault);
        }
        let vault = Vault::open(&self.place).await?;
        *self.vault.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&vault));
        Ok(vault)
    }
}

impl Source for Builtin {
    fn description(&self) -> &str {
        "built-in vault"
    }

    fn fetch<'a>(&'a self, held: Option<&'a Held>) -> Fetching<'a> {
        Box::pin(self.ask(held))
    }

    fn watch<'a>(&'a self, since: u64, _held: Option<&'a Validator>) -> Opening<'a> {
        Box::pin(self.open_watch(since))
    }
}

struct Changes {
    follower: Follower,
    /// Whoever opened it was told so.
    told: bool,
}

impl Changes {
    async fn hear(&mut self) -> Result<Heard, Failure> {
        if !std::mem::replace(&mut self.told, true) {
            return Ok(Heard::Alive);
        }
        match self.follower.next(QUIET).await {
            Ok(None) => Ok(Heard::Alive),
            Ok(Some(tagged)) => {
                let validator = Some(Validator::new(tagged.tag));
                Ok(Heard::Change { delta: Box::new(tagged.delta), validator })
            }
            // A fetch says what is wrong, if anything is.
            Err(problem) => Err(Failure::new(Remedy::Repair, problem.message)),
        }
    }
}

impl Watch for Changes {
    fn next(&mut self) -> Hearing<'_> {
        Box::pin(self.hear())
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let remedy = match problem.code {
            Code::Misconfigured => Remedy::Reconfigure,
            Code::Busy => Remedy::Wait(None),
            _ => Remedy::Retry,
        };
        Self::new(remedy, problem.message)
    }
}
