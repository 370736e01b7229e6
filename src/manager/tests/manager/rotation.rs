//! Rotating the key: online, and whatever happens on the way.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use secret_manager_manager::key::{self, KeyFileError};
use secret_manager_manager::{Error, Kek, Keyring, Manager, Rotated, RotationError, SpaceId};

use crate::{World, apply, me, name, put, text};

/// Data whose key is in a file.
struct Keyed {
    world: World,
    space: SpaceId,
}

impl Keyed {
    /// With a secret A in a space.
    async fn new() -> (Self, Manager) {
        let world = World::new();
        let file = world.directory.path().join("key");
        key::read_or_create(&file).unwrap();
        let manager = world.open_keyed(of_file(&file), None).await.unwrap();
        let space = manager.create_space("s", &me()).await.unwrap().id;
        apply(&manager, &space, vec![put("A", "value")]).await.unwrap();
        (Self { world, space }, manager)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.world.directory.path().join(name)
    }

    fn id(&self, name: &str) -> String {
        key::read(&self.file(name)).unwrap().id().to_string()
    }

    /// As a process that starts now.
    async fn open(&self) -> Result<Manager, Error> {
        self.world.open_keyed(of_file(&self.file("key")), None).await
    }

    async fn check(&self, manager: &Manager) {
        let secret = manager.secret(&self.space, &name("A"), &me()).await.unwrap();
        assert_eq!(secret.value, text("value"));
        let report = manager.verify_audit(None).await.unwrap();
        assert_eq!(report.problems, []);
    }

    /// Which of the key's files there are, without the lock.
    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.world.directory.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with("key") && name != "key.lock")
            .collect();
        names.sort();
        names
    }
}

fn of_file(path: &Path) -> Keyring {
    Keyring::of_file(key::read(path).unwrap(), path)
}

async fn rotate(manager: &Manager) -> Rotated {
    manager.rotate_key(&me()).await.unwrap()
}

#[tokio::test]
async fn a_rotated_key_takes_the_place_of_the_old_one() {
    let (keyed, running) = Keyed::new().await;
    let before = keyed.id("key");
    let rotated = rotate(&keyed.open().await.unwrap()).await;
    let after = keyed.id("key");
    assert_ne!(before, after);
    let old = format!("key.old-{before}");
    let expected = Rotated {
        from: before.clone(),
        to: after.clone(),
        spaces: 1,
        old_file: Some(keyed.file(&old)),
    };
    assert_eq!(rotated, expected);
    assert_eq!(keyed.files(), ["key".to_owned(), old.clone()]);
    assert_eq!(keyed.id(&old), before);
    let beside = key::beside(&keyed.file("key")).unwrap();
    assert_eq!(beside.new, None);
    assert_eq!(beside.old.iter().map(ToString::to_string).collect::<Vec<_>>(), [before.as_str()]);

    // A process that was running, one that starts, and one that only has the old key.
    keyed.check(&running).await;
    assert_eq!(running.key_id().await.unwrap(), after);
    keyed.check(&keyed.open().await.unwrap()).await;
    let old_key = key::read(&keyed.file(&old)).unwrap();
    let refused = keyed.world.open_keyed(old_key, None).await.err();
    assert_eq!(refused, Some(Error::WrongKey { given: before, needed: after }));
    #[cfg(unix)]
    for file in keyed.files() {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(keyed.file(&file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[tokio::test]
async fn a_rotation_that_was_interrupted_leaves_data_that_open_and_is_finished_later() {
    for step in 1..=4 {
        let (keyed, running) = Keyed::new().await;
        let first = keyed.id("key");
        let old = keyed.file(&format!("key.old-{first}"));
        let (key_file, new_file) = (keyed.file("key"), keyed.file("key.new"));
        // The files as a crash after each step leaves them.
        if step == 1 {
            key::read_or_create(&new_file).unwrap();
        } else {
            rotate(&running).await;
            if step < 4 {
                std::fs::rename(&key_file, &new_file).unwrap();
                std::fs::hard_link(&old, &key_file).unwrap();
            }
            if step == 2 {
                std::fs::remove_file(&old).unwrap();
            }
        }
        let waiting = key::beside(&key_file).unwrap().new.map(|id| id.to_string());
        assert_eq!(waiting.is_some(), step < 4, "after step {step}");

        keyed.check(&running).await;
        let started = keyed.open().await.unwrap();
        keyed.check(&started).await;
        let made = started.create_space("made meanwhile", &me()).await.unwrap();
        let rotated = rotate(&started).await;
        match step {
            1 => assert_eq!((rotated.from, rotated.spaces), (first.clone(), 2)),
            2 | 3 => assert_eq!((&rotated.from, rotated.spaces), (&rotated.to, 0)),
            _ => assert_eq!(rotated.spaces, 2),
        }
        if let Some(waiting) = waiting {
            assert_eq!(keyed.id("key"), waiting, "it went on with the key that was there");
        }
        assert!(!new_file.exists() && old.exists(), "after step {step}");
        for manager in [keyed.open().await.unwrap(), running] {
            keyed.check(&manager).await;
            apply(&manager, &made.id, vec![put("B", "x")]).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_fails_while_the_key_is_rotated_again_and_again() {
    let (keyed, service) = Keyed::new().await;
    let (keyed, service) = (Arc::new(keyed), Arc::new(service));
    let stop = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..4)
        .map(|reader| {
            let (keyed, service) = (Arc::clone(&keyed), Arc::clone(&service));
            let stop = Arc::clone(&stop);
            tokio::spawn(async move {
                let mut rounds = 0;
                while !stop.load(Ordering::Relaxed) || rounds == 0 {
                    let snapshot = service.snapshot(&keyed.space, &me()).await.unwrap();
                    assert_eq!(snapshot.snapshot.secrets["A"].value, text("value"));
                    let own = format!("OWN_{reader}");
                    apply(&service, &keyed.space, vec![put(&own, "x")]).await.unwrap();
                    service.check_ready().await.unwrap();
                    // Some, because each start looks at all of them.
                    if rounds % 4 == 0 {
                        let made = format!("{reader} {rounds}");
                        service.create_space(&made, &me()).await.unwrap();
                    }
                    rounds += 1;
                }
            })
        })
        .collect();
    let mut rotated = 0;
    // As another process would: each with what it finds at its start.
    for _ in 0..8 {
        let other = keyed.open().await.unwrap();
        rotated += rotate(&other).await.spaces;
    }
    stop.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
    assert!(rotated >= 8);
    // No space was left behind with an old key.
    for file in keyed.files().iter().filter(|file| file.starts_with("key.old-")) {
        std::fs::remove_file(keyed.file(file)).unwrap();
    }
    keyed.check(&keyed.open().await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rotations_at_once_take_turns_or_are_refused() {
    let (keyed, _) = Keyed::new().await;
    let keyed = Arc::new(keyed);
    let first = keyed.id("key");
    let rotations: Vec<_> = (0..8)
        .map(|_| {
            let keyed = Arc::clone(&keyed);
            tokio::spawn(async move { keyed.open().await.unwrap().rotate_key(&me()).await })
        })
        .collect();
    let mut done = 0;
    for rotation in rotations {
        match rotation.await.unwrap() {
            Ok(_) => done += 1,
            Err(RotationError::KeyFile(KeyFileError::Rotating)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert!(done >= 1);
    assert_ne!(keyed.id("key"), first);
    assert_eq!(keyed.files().len(), done + 1, "{:?}", keyed.files());
    keyed.check(&keyed.open().await.unwrap()).await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_key_that_others_can_read_is_not_taken() {
    use std::os::unix::fs::PermissionsExt;

    let (keyed, manager) = Keyed::new().await;
    let (before, new) = (keyed.id("key"), keyed.file("key.new"));
    std::fs::write(&new, [7; 32]).unwrap();
    std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o644)).unwrap();
    let refused = manager.rotate_key(&me()).await.unwrap_err().to_string();
    assert!(refused.contains("chmod 600") && refused.contains("key.new"), "{refused}");
    assert_eq!((keyed.id("key"), manager.key_id().await.unwrap()), (before.clone(), before));
    keyed.check(&keyed.open().await.unwrap()).await;
}

#[tokio::test]
async fn keys_from_the_environment_are_rotated_when_both_are_there() {
    let world = World::new();
    let kek = |byte| Kek::from_bytes(&[byte; 32]).unwrap();
    let alone = world.open().await;
    let space = alone.create_space("s", &me()).await.unwrap().id;
    apply(&alone, &space, vec![put("A", "value")]).await.unwrap();
    let refused = alone.rotate_key(&me()).await.unwrap_err();
    assert!(matches!(refused, RotationError::NoNewKey), "{refused}");

    let service = world.open_keyed(Keyring::of(kek(1), [kek(2)]), None).await.unwrap();
    let other = world.open_keyed(Keyring::of(kek(1), [kek(2)]), None).await.unwrap();
    let rotated = rotate(&other).await;
    assert_eq!((rotated.to, rotated.old_file), (kek(2).id().to_string(), None));
    for manager in [service, world.open_with(2).await.unwrap()] {
        let secret = manager.secret(&space, &name("A"), &me()).await.unwrap();
        assert_eq!(secret.value, text("value"));
    }
    assert!(matches!(world.open_with(1).await.err(), Some(Error::WrongKey { .. })));
}

#[tokio::test]
async fn an_id_from_the_database_leads_to_no_other_file() {
    let (keyed, manager) = Keyed::new().await;
    // A readable key in a place that a path out of the directory would name.
    let outside = tempfile::tempdir().unwrap();
    key::read_or_create(&outside.path().join("x")).unwrap();
    let id = format!("/../../{}/x", outside.path().display());
    let connection = rusqlite::Connection::open(keyed.world.database()).unwrap();
    connection.execute("UPDATE spaces SET kek_id = ?1", [&id]).unwrap();
    let refused = manager.snapshot(&keyed.space, &me()).await.err();
    assert!(matches!(refused, Some(Error::WrongKey { .. })), "{refused:?}");
}
