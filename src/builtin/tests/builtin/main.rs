//! The built-in vault through its public surface.

#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

mod follow;
mod keys;
mod secrets;

use std::path::Path;
use std::sync::Arc;

use secret_manager_builtin::{KeyPlace, Place, Problem, User, Vault};
use tempfile::TempDir;

fn place(directory: &Path) -> Place {
    Place { directory: directory.join("vault"), key: KeyPlace::File(None) }
}

async fn new_vault() -> (TempDir, Arc<Vault>) {
    let directory = TempDir::new().unwrap();
    let vault = Vault::open(&place(directory.path())).await.unwrap();
    (directory, vault)
}

/// A vault that nobody has open any more: the last one closes it on a thread of its own.
async fn closed(vault: Arc<Vault>) {
    let weak = Arc::downgrade(&vault);
    drop(vault);
    assert_eq!(weak.strong_count(), 0);
}

fn anna() -> User {
    User { name: Some("anna".into()), origin: "192.0.2.7".parse().ok() }
}

fn refused<T>(outcome: Result<T, Problem>) -> Problem {
    outcome.err().expect("it was refused")
}
