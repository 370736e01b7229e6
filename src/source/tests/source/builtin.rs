use std::path::Path;
use std::sync::Arc;

use secret_manager_builtin::{Precondition, User, Vault};
use secret_manager_model::Kind;
use secret_manager_source::{
    Config, Fetched, Heard, Held, KeyPlace, Place, Remedy, Source, Validator,
};
use tempfile::TempDir;

fn place(directory: &Path) -> Place {
    Place { directory: directory.join("vault"), key: KeyPlace::File(None) }
}

async fn put(vault: &Vault, value: &str) {
    let user = User::default();
    vault.put("KEY", Kind::Text, value, Precondition::Any, user).await.unwrap();
}

async fn new_source() -> (TempDir, Arc<Vault>, Arc<dyn Source>) {
    let directory = TempDir::new().unwrap();
    let place = place(directory.path());
    let vault = Vault::open(&place).await.unwrap();
    (directory, vault, Config::Builtin(place).open().unwrap())
}

async fn snapshot(source: &dyn Source) -> (u64, Option<Validator>) {
    match source.fetch(None).await.unwrap() {
        Fetched::Snapshot { snapshot, validator } => (snapshot.version, validator),
        _ => panic!("nothing was held"),
    }
}

fn held(validator: Option<Validator>, since: u64) -> Option<Held> {
    validator.map(|validator| Held { validator, since: Some(since) })
}

#[tokio::test]
async fn what_is_held_is_confirmed_until_it_is_changed() {
    let (_directory, vault, source) = new_source().await;
    let (version, validator) = snapshot(&*source).await;
    assert_eq!(version, 0);
    let held = held(validator, 0);
    assert!(matches!(source.fetch(held.as_ref()).await.unwrap(), Fetched::NotModified));
    put(&vault, "one").await;
    assert!(matches!(source.fetch(held.as_ref()).await.unwrap(), Fetched::Snapshot { .. }));
}

#[tokio::test]
async fn a_change_comes_on_the_watch_with_the_validator_of_what_it_leads_to() {
    let (_directory, vault, source) = new_source().await;
    let mut watch = source.watch(0, None).await.unwrap();
    assert!(matches!(watch.next().await.unwrap(), Heard::Alive));
    put(&vault, "one").await;
    let Heard::Change { delta, validator } = watch.next().await.unwrap() else {
        panic!("a change was made");
    };
    assert_eq!((delta.from, delta.version), (0, 1));
    let held = held(validator, 1);
    assert!(matches!(source.fetch(held.as_ref()).await.unwrap(), Fetched::NotModified));
}

#[tokio::test]
async fn what_is_mended_takes_effect_with_the_next_fetch() {
    let directory = TempDir::new().unwrap();
    let place = place(directory.path());
    let source = Config::Builtin(place.clone()).open().unwrap();
    std::fs::create_dir(&place.directory).unwrap();
    let key = place.directory.join("key");
    std::fs::write(&key, "short").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();
    }
    let failure = source.fetch(None).await.unwrap_err();
    assert_eq!(failure.remedy, Remedy::Reconfigure);
    assert!(failure.message.contains("5 bytes instead of 32"), "{failure}");
    std::fs::remove_file(&key).unwrap();
    assert_eq!(snapshot(&*source).await.0, 0);
}
