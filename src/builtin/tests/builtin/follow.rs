use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use secret_manager_builtin::{Format, Precondition, Vault};
use secret_manager_manager::{Caller, Edit, Environment, Keyring, Manager, Same, key};
use secret_manager_model::Kind;
use secret_manager_store::{Sqlite, SqliteOptions};
use zeroize::Zeroizing;

use crate::{anna, closed, new_vault, place};

/// Longer than any test waits.
const PATIENCE: Duration = Duration::from_secs(60);

async fn put(vault: &Vault, name: &str, value: &str) {
    vault.put(name, Kind::Text, value, Precondition::Any, anna()).await.unwrap();
}

/// What the service's command line has of a vault.
async fn other_process(directory: &Path) -> Manager {
    let files = place(directory).directory;
    let database = files.join("secret-manager.db");
    let store = Sqlite::open(&database, SqliteOptions::default()).await.unwrap();
    let key_file = files.join("key");
    let keys = Keyring::of_file(key::read(&key_file).unwrap(), &key_file);
    Manager::open(Arc::new(store), keys, Environment::system()).await.unwrap()
}

#[tokio::test]
async fn whoever_follows_hears_of_each_change() {
    let (_directory, vault) = new_vault().await;
    put(&vault, "KEY", "one").await;
    let mut follower = vault.follow(1).await.unwrap();
    assert!(follower.next(Duration::ZERO).await.unwrap().is_none());

    put(&vault, "KEY", "two").await;
    let tagged = follower.next(PATIENCE).await.unwrap().unwrap();
    assert_eq!((tagged.delta.from, tagged.delta.version), (1, 2));
    assert_eq!(tagged.delta.changed["KEY"].value.expose(), "\"two\"");
    assert_eq!(tagged.tag, vault.tag().await.unwrap());

    vault.remove("KEY", Precondition::Any, anna()).await.unwrap();
    let tagged = follower.next(PATIENCE).await.unwrap().unwrap();
    assert_eq!(tagged.delta.removed.len(), 1);
}

#[tokio::test]
async fn what_was_destroyed_is_told_as_removed() {
    let (_directory, vault) = new_vault().await;
    put(&vault, "A", "one").await;
    put(&vault, "B", "one").await;
    let mut follower = vault.follow(2).await.unwrap();
    put(&vault, "C", "one").await;
    vault.destroy("A", None, anna()).await.unwrap();
    let delta = follower.next(PATIENCE).await.unwrap().unwrap().delta;
    assert_eq!((delta.from, delta.version), (2, 4));
    assert_eq!(delta.removed.iter().map(|name| name.as_str()).collect::<Vec<_>>(), ["A"]);
    assert!(delta.changed.contains_key("B") && delta.changed.contains_key("C"));

    vault.destroy("C", None, anna()).await.unwrap();
    let delta = follower.next(PATIENCE).await.unwrap().unwrap().delta;
    assert_eq!(delta.removed.iter().map(|name| name.as_str()).collect::<Vec<_>>(), ["C"]);
}

#[tokio::test]
async fn a_change_of_another_process_is_heard_too() {
    let (directory, vault) = new_vault().await;
    let mut follower = vault.follow(0).await.unwrap();

    let other = other_process(directory.path()).await;
    let space = other.space_named("Node-RED").await.unwrap();
    let secrets = Format::Env.read("KEY=one").unwrap();
    let edits = secrets.into_iter().map(|(name, value)| Edit::put(name, value)).collect();
    other.apply(&space.id, edits, Same::Write, &Caller::command_line()).await.unwrap();

    let delta = follower.next(PATIENCE).await.unwrap().unwrap().delta;
    assert_eq!(delta.changed["KEY"].value.expose(), "\"one\"");
}

#[tokio::test]
async fn a_space_that_was_renamed_is_the_vault_s_still() {
    let (directory, vault) = new_vault().await;
    put(&vault, "KEY", "one").await;
    closed(vault).await;
    let other = other_process(directory.path()).await;
    let space = other.space_named("Node-RED").await.unwrap();
    other.rename_space(&space.id, "plant", &Caller::command_line()).await.unwrap();
    let vault = Vault::open(&place(directory.path())).await.unwrap();
    let list = vault.list().await.unwrap();
    assert_eq!((&*list.space.name, list.secrets.len()), ("plant", 1));
}

#[tokio::test]
async fn several_may_follow_and_a_closed_vault_ends_nothing_of_theirs() {
    let (_directory, vault) = new_vault().await;
    let mut followers = [vault.follow(0).await.unwrap(), vault.follow(0).await.unwrap()];
    let text = Zeroizing::new("A=1\nB=2\n".to_owned());
    vault.import(Format::Env, text, false, anna()).await.unwrap();
    drop(vault);
    for follower in &mut followers {
        let delta = follower.next(PATIENCE).await.unwrap().unwrap().delta;
        assert_eq!((delta.version, delta.changed.len()), (1, 2));
    }
}
