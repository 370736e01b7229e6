//! Backups and what is made of them.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use secret_manager_manager::{
    BackupError, Change, Environment, Error, Held, Kek, Keyring, Manager, Restored, SpaceId,
    restore,
};
use secret_manager_store::{Sqlite, SqliteOptions, StoreError};

use crate::{World, apply, delete, edit, me, name, password, put, text, user};

fn kek(byte: u8) -> Kek {
    Kek::from_bytes(&[byte; 32]).unwrap()
}

/// Data with a backup of them.
struct Backed {
    world: World,
    manager: Manager,
    space: SpaceId,
    file: PathBuf,
}

impl Backed {
    async fn new() -> Self {
        let world = World::new();
        let manager = world.open().await;
        let space = manager.create_space("s", &me()).await.unwrap().id;
        apply(&manager, &space, vec![put("A", "old"), put("B", "deleted")]).await.unwrap();
        apply(&manager, &space, vec![put("A", "new"), delete("B")]).await.unwrap();
        // Large enough for several chunks.
        let large = "x".repeat(100_000);
        apply(&manager, &space, vec![put("LARGE", &large)]).await.unwrap();
        let file = world.directory.path().join("backup");
        manager.back_up(&file, false, &me()).await.unwrap();
        Self { world, manager, space, file }
    }

    async fn restore(&self, into: &World) -> Result<Restored, BackupError> {
        self.restore_with(kek(1), into).await
    }

    async fn restore_with(
        &self,
        keys: impl Into<Keyring>,
        into: &World,
    ) -> Result<Restored, BackupError> {
        let clock = self.world.clock.clone();
        let environment = Environment::with_clock(move || clock.now());
        restore(&self.file, &into.database(), keys.into(), environment, &me()).await
    }

    /// Restores into an empty place, where nothing may be afterwards.
    async fn refused(&self) -> BackupError {
        let into = World::new();
        let error = self.restore(&into).await.unwrap_err();
        assert_eq!(std::fs::read_dir(into.directory.path()).unwrap().count(), 0, "{error}");
        error
    }
}

#[tokio::test]
async fn everything_comes_back_from_a_backup() {
    let backed = Backed::new().await;
    // After the backup.
    apply(&backed.manager, &backed.space, vec![put("A", "newest")]).await.unwrap();
    let into = World::new();
    let restored = backed.restore(&into).await.unwrap();
    assert_eq!((restored.spaces, restored.secrets), (1, 2));
    assert_eq!(restored.key_id, kek(1).id().as_str());
    let files = std::fs::read_dir(into.directory.path()).unwrap();
    assert_eq!(files.count(), 1, "one file, and nothing beside it");

    let manager = into.open().await;
    let secret = manager.secret(&backed.space, &name("A"), &me()).await.unwrap();
    assert_eq!((secret.value, secret.version), (text("new"), 2));
    let old = manager.secret_version(&backed.space, &name("A"), 1, &me()).await.unwrap();
    assert_eq!(old.value, text("old"));
    apply(&manager, &backed.space, vec![edit("B", Change::Restore)]).await.unwrap();
    assert_eq!(manager.verify_audit(None).await.unwrap().problems, []);
}

#[tokio::test]
async fn who_holds_something_newer_than_the_backup_is_not_confused() {
    let backed = Backed::new().await;
    let tag_then = backed.manager.tag(&backed.space).await.unwrap();
    apply(&backed.manager, &backed.space, vec![put("A", "lost")]).await.unwrap();
    let held = backed.manager.snapshot(&backed.space, &me()).await.unwrap().snapshot;
    let mut latest = held.version;
    // Also when the same backup is restored again, after the space had gone on.
    for _ in 0..2 {
        let into = World::new();
        backed.restore(&into).await.unwrap();
        let manager = into.open().await;
        let now = manager.snapshot(&backed.space, &me()).await.unwrap();
        assert!(now.snapshot.version > latest, "an engine takes nothing older than it has");
        assert_ne!(now.tag, tag_then, "the engine is not told that nothing changed");
        for since in [held.version - 1, held.version, now.snapshot.version - 1] {
            assert!(manager.delta(&backed.space, since, &me()).await.unwrap().is_none());
        }
        // Nor from what the backup itself holds, though that is where it comes from.
        let backed_up = Held { version: held.version - 1, tag: Some(tag_then.clone()) };
        assert!(manager.delta(&backed.space, backed_up, &me()).await.unwrap().is_none());
        for value in ["1", "2"] {
            latest = apply(&manager, &backed.space, vec![put("A", value)]).await.unwrap().version;
        }
        let since = now.snapshot.version;
        let delta = manager.delta(&backed.space, since, &me()).await.unwrap().unwrap().delta;
        let after = delta.apply(now.snapshot).unwrap();
        assert_eq!(after.secrets["A"].value, text("2"));
        backed.world.clock.advance(1000);
    }
}

#[tokio::test]
async fn nobody_is_signed_in_after_a_restore() {
    let backed = Backed::new().await;
    user(&backed.manager, "anna", false).await;
    let session = backed.manager.sign_in("anna", &password("anna"), &me()).await.unwrap();
    backed.manager.authenticate_session(session.expose()).await.unwrap();
    backed.manager.back_up(&backed.file, true, &me()).await.unwrap();
    let into = World::new();
    backed.restore(&into).await.unwrap();
    let manager = into.open().await;
    let ended = manager.authenticate_session(session.expose()).await;
    assert_eq!(ended, Err(Error::SessionEnded));
    manager.sign_in("anna", &password("anna"), &me()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_one_state_however_much_is_written_meanwhile() {
    let world = World::new();
    let manager = Arc::new(world.open().await);
    let space = manager.create_space("s", &me()).await.unwrap().id;
    apply(&manager, &space, vec![put("A", "0"), put("B", "0")]).await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let writing = tokio::spawn({
        let (manager, space, stop) = (Arc::clone(&manager), space.clone(), Arc::clone(&stop));
        async move {
            let mut round = 0;
            while !stop.load(Ordering::Relaxed) {
                round += 1;
                let value = round.to_string();
                apply(&manager, &space, vec![put("A", &value), put("B", &value)]).await.unwrap();
            }
        }
    });
    let other = world.open().await;
    for round in 0..6 {
        let file = world.directory.path().join(format!("backup {round}"));
        let before = other.space_named("s").await.unwrap().version;
        other.back_up(&file, false, &me()).await.unwrap();
        let into = World::new();
        let environment = Environment::system();
        restore(&file, &into.database(), kek(1).into(), environment, &me()).await.unwrap();
        let restored = into.open().await;
        let snapshot = restored.snapshot(&space, &me()).await.unwrap().snapshot;
        assert_eq!(snapshot.secrets["A"].value, snapshot.secrets["B"].value);
        assert!(snapshot.secrets["A"].version >= before, "what was committed before is in it");
        assert_eq!(restored.verify_audit(None).await.unwrap().problems, []);
    }
    stop.store(true, Ordering::Relaxed);
    writing.await.unwrap();
}

#[tokio::test]
async fn a_damaged_backup_is_refused_and_leaves_nothing() {
    let backed = Backed::new().await;
    let good = std::fs::read(&backed.file).unwrap();
    assert!(good.len() > 3 * 65536);
    let chunk = 65536 + 16;
    // The header has 57 bytes.
    let head = &good[..57];
    let chunks: Vec<_> = good[57..].chunks(chunk).collect();
    let join = |chunks: &[&[u8]]| [head, &chunks.concat()].concat();
    let flipped = |position: usize| {
        let mut bytes = good.clone();
        bytes[position] ^= 0x40;
        bytes
    };
    let second = backed.world.directory.path().join("second");
    backed.manager.back_up(&second, false, &me()).await.unwrap();
    let other = std::fs::read(second).unwrap();
    let mut swapped = chunks.clone();
    swapped.swap(0, 1);
    let mixed = [&good[..57 + chunk], &other[57 + chunk..]].concat();
    for (what, bytes) in [
        ("a bit of the salt", flipped(40)),
        ("a bit of the first chunk", flipped(100)),
        ("a bit in the middle", flipped(good.len() / 2)),
        ("the last bit", flipped(good.len() - 1)),
        ("the last byte cut off", good[..good.len() - 1].to_vec()),
        ("cut between chunks", good[..57 + chunk].to_vec()),
        ("nothing but the header", head.to_vec()),
        ("bytes at the end", [&good[..], b"more"].concat()),
        ("chunks exchanged", join(&swapped)),
        ("a chunk left out", join(&chunks[1..])),
        ("parts of two backups", mixed),
    ] {
        std::fs::write(&backed.file, bytes).unwrap();
        let error = backed.refused().await;
        assert!(matches!(error, BackupError::Damaged(_)), "{what}: {error}");
    }
    for (what, bytes) in [
        ("empty", Vec::new()),
        ("half a header", good[..30].to_vec()),
        ("something else", b"SQLite format 3\0".repeat(10)),
        ("another format", flipped(8)),
    ] {
        std::fs::write(&backed.file, bytes).unwrap();
        let error = backed.refused().await;
        assert!(matches!(error, BackupError::NotABackup(_)), "{what}: {error}");
    }
    std::fs::remove_file(&backed.file).unwrap();
    assert!(matches!(backed.refused().await, BackupError::File { .. }));
    std::fs::write(&backed.file, good).unwrap();
    backed.restore(&World::new()).await.unwrap();
}

#[tokio::test]
async fn a_backup_opens_with_its_own_key_only() {
    let backed = Backed::new().await;
    let into = World::new();
    let refused = backed.restore_with(kek(2), &into).await.unwrap_err();
    assert!(
        matches!(&refused, BackupError::WrongKey { needed, .. } if needed == kek(1).id().as_str())
    );
    assert!(refused.to_string().contains("--key-file"), "{refused}");
    assert_eq!(std::fs::read_dir(into.directory.path()).unwrap().count(), 0);
    // From before a rotation: with the old key at hand.
    let both = backed.world.open_keyed(Keyring::of(kek(1), [kek(2)]), None).await.unwrap();
    both.rotate_key(&me()).await.unwrap();
    let restored = backed.restore_with(Keyring::of(kek(2), [kek(1)]), &into).await.unwrap();
    assert_eq!(restored.key_id, kek(1).id().as_str());
    // And one from after it needs the new one.
    let after = backed.world.directory.path().join("after");
    let made = both.back_up(&after, false, &me()).await.unwrap();
    assert_eq!(made.key_id, kek(2).id().as_str());
}

#[tokio::test]
async fn data_are_never_restored_over_others() {
    let backed = Backed::new().await;
    for file in ["test.db", "test.db-wal", "test.db-journal"] {
        let into = World::new();
        let path = into.directory.path().join(file);
        std::fs::write(&path, "something").unwrap();
        let refused = backed.restore(&into).await.unwrap_err();
        assert!(matches!(refused, BackupError::NotEmpty(_)), "{refused}");
        assert_eq!(std::fs::read(path).unwrap(), b"something");
    }
    // What an interrupted restore left is no obstacle.
    let into = World::new();
    std::fs::write(into.directory.path().join("test.db.restoring"), "half").unwrap();
    std::fs::write(into.directory.path().join("test.db.restoring-wal"), "half").unwrap();
    backed.restore(&into).await.unwrap();
    assert_eq!(std::fs::read_dir(into.directory.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_backup_of_a_newer_version_is_refused() {
    let backed = Backed::new().await;
    let connection = rusqlite::Connection::open(backed.world.database()).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    std::fs::remove_file(&backed.file).unwrap();
    backed.manager.back_up(&backed.file, false, &me()).await.unwrap();
    let refused = backed.refused().await;
    let newer = matches!(refused, BackupError::Content(StoreError::Newer { found: 99, .. }));
    assert!(newer && refused.to_string().contains("newer version"), "{refused}");
}

#[tokio::test]
async fn a_backup_that_is_there_is_overwritten_on_demand_only() {
    let backed = Backed::new().await;
    let first = std::fs::read(&backed.file).unwrap();
    let refused = backed.manager.back_up(&backed.file, false, &me()).await.unwrap_err();
    assert!(matches!(&refused, BackupError::Exists(_)) && refused.to_string().contains("--force"));
    assert_eq!(std::fs::read(&backed.file).unwrap(), first);
    backed.manager.back_up(&backed.file, true, &me()).await.unwrap();
    assert_ne!(std::fs::read(&backed.file).unwrap(), first);
    let nowhere = backed.world.directory.path().join("no directory/backup");
    let refused = backed.manager.back_up(&nowhere, false, &me()).await.unwrap_err();
    assert!(refused.to_string().contains("no directory"), "{refused}");
    // Neither parts nor copies are left.
    let mut names: Vec<_> = std::fs::read_dir(backed.world.directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["backup", "test.db", "test.db-shm", "test.db-wal"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&backed.file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_copy_that_was_abandoned_is_taken_away_later() {
    let backed = Backed::new().await;
    let old = backed.world.directory.path().join("test.db.copy-0123456789abcdef");
    let young = backed.world.directory.path().join("test.db.copy-fedcba9876543210");
    for path in [&old, &young] {
        std::fs::write(path, "left behind").unwrap();
    }
    let yesterday = std::time::SystemTime::now() - std::time::Duration::from_secs(25 * 60 * 60);
    std::fs::File::options().write(true).open(&old).unwrap().set_modified(yesterday).unwrap();
    backed.manager.back_up(&backed.file, true, &me()).await.unwrap();
    assert!(!old.exists() && young.exists());
}

#[tokio::test]
async fn a_store_without_a_trail_has_no_backup() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let store = Sqlite::open(&path, SqliteOptions::default()).await.unwrap();
    let copy = secret_manager_store::Store::copy(&store, 1).await;
    assert_eq!(copy.err(), Some(StoreError::NotFound));
    let files = std::fs::read_dir(directory.path()).unwrap();
    let names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().contains("copy")), "{names:?}");
}
