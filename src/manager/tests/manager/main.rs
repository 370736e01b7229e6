//! The rules, over a real database in a directory of its own.

#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

mod answers;
mod audit;
mod backup;
mod delta;
mod history;
mod identities;
mod integrity;
mod key;
mod limits;
mod members;
mod people;
mod rotation;
mod secrets;
mod sign_in;
mod spaces;
mod tampering;
mod tokens;
mod writers;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use secret_manager_envelope::Kek;
use secret_manager_manager::{
    Applied, Caller, Change, Edit, Environment, Error, Keyring, Manager, NewUser, Password,
    PasswordCost, Precondition, Rules, Same, SpaceId, User,
};
use secret_manager_model::{LoginName, SecretName, SecretValue, Timestamp};
use secret_manager_store::{Sqlite, SqliteOptions};

/// A clock that stands still until it is told otherwise.
#[derive(Clone)]
struct Clock(Arc<AtomicI64>);

impl Clock {
    fn advance(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// Data in a directory of their own, which any number of managers may open, as processes would.
struct World {
    clock: Clock,
    directory: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let clock = Clock(Arc::new(AtomicI64::new(1_700_000_000_000)));
        Self { clock, directory: tempfile::tempdir().unwrap() }
    }

    fn database(&self) -> PathBuf {
        self.directory.path().join("test.db")
    }

    async fn open(&self) -> Manager {
        self.open_with(1).await.unwrap()
    }

    async fn open_with(&self, key: u8) -> Result<Manager, Error> {
        self.open_as(key, None).await
    }

    /// With a file that may have this many pages.
    async fn open_as(&self, key: u8, most_pages: Option<u32>) -> Result<Manager, Error> {
        self.open_keyed(Kek::from_bytes(&[key; 32]).unwrap(), most_pages).await
    }

    async fn open_keyed(
        &self,
        keys: impl Into<Keyring>,
        most_pages: Option<u32>,
    ) -> Result<Manager, Error> {
        let options = SqliteOptions { most_pages, ..SqliteOptions::default() };
        let store = Sqlite::open(&self.database(), options).await.unwrap();
        let clock = self.clock.clone();
        let environment = Environment::with_clock(move || clock.now());
        let manager = Manager::open(Arc::new(store), keys, environment).await?;
        // Passwords of tests are worth no effort.
        let password_cost = PasswordCost { memory_kib: 64, passes: 1, lanes: 1 };
        Ok(manager.with_rules(Rules { password_cost, ..Rules::default() }))
    }
}

fn me() -> Caller {
    Caller::command_line()
}

fn name(text: &str) -> SecretName {
    SecretName::parse(text).unwrap()
}

fn text(text: &str) -> SecretValue {
    SecretValue::text(text).unwrap()
}

fn put(key: &str, value: &str) -> Edit {
    edit(key, Change::Put(text(value)))
}

fn delete(key: &str) -> Edit {
    edit(key, Change::Delete)
}

fn edit(key: &str, change: Change) -> Edit {
    Edit { name: name(key), change, precondition: Precondition::Any }
}

fn destroy(key: &str) -> Edit {
    Edit { change: Change::Destroy, ..delete(key) }
}

async fn apply(manager: &Manager, space: &SpaceId, edits: Vec<Edit>) -> Result<Applied, Error> {
    manager.apply(space, edits, Same::Write, &me()).await
}

/// Somebody who signs in with the password `"<name>'s long password"`.
async fn user(manager: &Manager, name: &str, administrator: bool) -> User {
    let new = NewUser { name: login(name), display_name: None, administrator };
    let (_, invitation) = manager.create_user(new, &me()).await.unwrap();
    let accepted = manager.accept_invitation(invitation.expose(), &password(name), &me()).await;
    accepted.unwrap().session.user
}

fn login(name: &str) -> LoginName {
    LoginName::parse(name).unwrap()
}

fn password(name: &str) -> Password {
    Password::new(&format!("{name}'s long password"))
}
