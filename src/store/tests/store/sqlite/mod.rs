//! What only a file can do: modes, layouts, locks of other processes, damage.

mod full;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use secret_manager_store::{Held, SpaceChange, SpaceId, Sqlite, SqliteOptions, Store, StoreError};

use crate::contract::{audit, begin, change, put, space};

/// The layout that this program makes.
const LAYOUT: i64 = 6;

async fn open(path: &Path) -> Result<Sqlite, StoreError> {
    open_with(path, SqliteOptions::default()).await
}

async fn open_with(path: &Path, options: SqliteOptions) -> Result<Sqlite, StoreError> {
    let store = Sqlite::open(path, options).await?;
    begin(&store).await;
    Ok(store)
}

#[cfg(unix)]
#[tokio::test]
async fn files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("a/b");
    let store = open(&data.join("test.db")).await.unwrap();
    store.insert_space(space("s1"), audit()).await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    let files: Vec<_> =
        std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 3, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn what_was_written_is_there_after_a_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    open(&path).await.unwrap().insert_space(space("s1"), audit()).await.unwrap();
    let store = open(&path).await.unwrap();
    assert_eq!(store.space(&SpaceId::new("s1")).await.unwrap(), Some(space("s1")));
    assert_eq!(store.layout().await.unwrap(), LAYOUT);
}

#[tokio::test]
async fn a_newer_layout_is_refused_and_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    drop(open(&path).await.unwrap());
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let before = std::fs::read(&path).unwrap();

    let error = open(&path).await.err().unwrap();
    assert_eq!(error, StoreError::Newer { found: 99, supported: LAYOUT });
    assert!(error.to_string().contains("newer version"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_foreign_file_is_refused_and_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let foreign = directory.path().join("foreign.db");
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    let text = directory.path().join("text.db");
    std::fs::write(&text, "not a database at all, but long enough to be looked at ".repeat(20))
        .unwrap();
    for path in [foreign, text] {
        let before = std::fs::read(&path).unwrap();
        assert_eq!(open(&path).await.err(), Some(StoreError::Foreign), "{}", path.display());
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
}

#[tokio::test]
async fn a_lock_of_another_process_is_waited_for_and_then_reported() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let impatient =
        SqliteOptions { busy_timeout: Duration::from_millis(50), ..SqliteOptions::default() };
    let store = open_with(&path, impatient).await.unwrap();
    store.insert_space(space("s1"), audit()).await.unwrap();

    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let started = Instant::now();
    assert_eq!(store.commit(change("s1", 0), audit()).await, Err(StoreError::Busy));
    assert!(started.elapsed() >= Duration::from_millis(50));
    // Readers don't care, and the file can still be opened.
    assert!(store.space(&SpaceId::new("s1")).await.unwrap().is_some());
    assert!(open_with(&path, impatient).await.is_ok());

    other.execute_batch("COMMIT").unwrap();
    store.commit(change("s1", 0), audit()).await.unwrap();
}

#[tokio::test]
async fn a_writer_that_waits_gets_its_turn() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let store = Arc::new(Sqlite::open(&path, SqliteOptions::default()).await.unwrap());
    begin(&*store).await;
    store.insert_space(space("s1"), audit()).await.unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let waiting = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.commit(change("s1", 0), audit()).await }
    });
    tokio::task::yield_now().await;
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(waiting.await.unwrap(), Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_first_starts_at_once_make_one_database() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let starts: Vec<_> = (0..6)
        .map(|_| {
            let path = path.clone();
            tokio::spawn(async move { Sqlite::open(&path, SqliteOptions::default()).await })
        })
        .collect();
    for start in starts {
        let store = start.await.unwrap().unwrap();
        assert_eq!(store.layout().await.unwrap(), LAYOUT);
    }
}

/// What was destroyed is in no file any more, neither in the database nor in its write-ahead log.
#[tokio::test]
async fn destroyed_values_are_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let store = open(&path).await.unwrap();
    store.insert_space(space("s1"), audit()).await.unwrap();
    for version in 1..=3 {
        let puts = vec![put("a", version), put("b", version)];
        store.commit(SpaceChange { puts, ..change("s1", version - 1) }, audit()).await.unwrap();
    }
    let found = |what: &str| {
        let files = std::fs::read_dir(directory.path()).unwrap();
        files
            .map(|file| std::fs::read(file.unwrap().path()).unwrap())
            .any(|bytes| bytes.windows(what.len()).any(|window| window == what.as_bytes()))
    };
    assert!(found("value a 1") && found("value b 3") && found("name b 3"));

    let erasures = vec![(put("a", 1).id, 1)];
    store.commit(SpaceChange { erasures, ..change("s1", 3) }, audit()).await.unwrap();
    assert!(!found("value a 1") && found("value a 2"));
    let destructions = vec![put("b", 1).id];
    store.commit(SpaceChange { destructions, ..change("s1", 4) }, audit()).await.unwrap();
    assert!(!found("value b 1") && !found("value b 3") && !found("name b 3"));
    assert!(found("value a 3"));
}

#[tokio::test]
async fn a_space_that_is_put_back_was_never_where_it_was_after_that() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let store = open(&path).await.unwrap();
    store.insert_space(space("s1"), audit()).await.unwrap();
    for version in 0..3 {
        store.commit(change("s1", version), audit()).await.unwrap();
    }
    let was_at = async |version, tag: &str| {
        let held = Held { version, tag: Some(tag.into()) };
        store.was_at(&SpaceId::new("s1"), held).await.unwrap()
    };
    // By hand, and with nothing but the row of the space.
    let other = Connection::open(&path).unwrap();
    other.execute("UPDATE spaces SET version = 1, tag = 'tag 1'", []).unwrap();
    assert!(was_at(1, "tag 1").await && !was_at(2, "tag 2").await && !was_at(3, "tag 3").await);
    other.execute("UPDATE spaces SET version = 3, tag = 'another'", []).unwrap();
    assert!(was_at(3, "another").await && !was_at(3, "tag 3").await);
    let row = "CREATE TEMP TABLE row AS SELECT * FROM spaces; DELETE FROM spaces;
               INSERT INTO spaces SELECT * FROM row";
    other.execute_batch(&format!("PRAGMA foreign_keys = OFF; {row}")).unwrap();
    assert!(was_at(3, "another").await && !was_at(1, "tag 1").await);
}

#[tokio::test]
async fn data_of_the_first_layout_are_brought_up_to_date() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(include_str!("../../../src/sqlite/migrations/0001_first.sql"))
        .unwrap();
    connection
        .execute_batch(
            "PRAGMA user_version = 1; PRAGMA application_id = 0x534d6e72;
             INSERT INTO spaces VALUES ('s1', 'name of s1', x'01', 'kek', 7, 'tag', 1, 5);
             INSERT INTO secrets VALUES
                 ('a', 's1', zeroblob(32), x'02', 2, 10, 3, 4, NULL),
                 ('b', 's1', randomblob(32), x'03', 1, 10, 3, 5, 5);
             INSERT INTO secret_versions VALUES
                 ('a', 1, 'text', 3, 'somebody', x'04'), ('a', 2, 'json', 4, 'me', x'05'),
                 ('b', 1, 'text', 3, 'me', x'06');",
        )
        .unwrap();
    drop(connection);

    let store = open(&path).await.unwrap();
    let (row, secrets) = store.snapshot(&SpaceId::new("s1")).await.unwrap().unwrap();
    assert_eq!((row.version, row.kept_versions, row.deltas_from), (7, 100, 7));
    let held = Held { version: 7, tag: Some("tag".into()) };
    assert!(store.was_at(&SpaceId::new("s1"), held).await.unwrap());
    assert_eq!(secrets.len(), 1);
    assert_eq!(
        (secrets[0].sealed_value.as_slice(), &*secrets[0].secret.updated_by),
        (&[5][..], "me")
    );
    let (_, versions) = store.versions(&row.id, [0; 32]).await.unwrap().unwrap();
    assert_eq!(versions.iter().map(|row| row.version).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(store.changes(&row.id, 6).await.unwrap().unwrap().changes, None);
    assert!(store.changes(&row.id, 7).await.unwrap().unwrap().changes.is_some());
}

#[tokio::test]
async fn a_place_that_can_not_be_written_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = open(&file.join("test.db")).await.err().unwrap();
    assert!(matches!(&error, StoreError::Unavailable(text) if text.contains("file")), "{error}");
}

#[tokio::test]
async fn what_another_process_commits_is_seen_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let store = open(&path).await.unwrap();
    let other = open(&path).await.unwrap();
    for round in 0..100 {
        let before = store.revision().unwrap();
        other.insert_space(space(&format!("s{round}")), audit()).await.unwrap();
        assert_ne!(store.revision().unwrap(), before);
    }
}

#[tokio::test]
async fn commits_of_others_are_told_from_own_ones() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let store = open(&path).await.unwrap();
    let other = open(&path).await.unwrap();
    store.insert_space(space("s1"), audit()).await.unwrap();
    let before = store.outside_commits();
    store.note(audit()).await.unwrap();
    assert_eq!(store.outside_commits(), before);
    other.insert_space(space("s2"), audit()).await.unwrap();
    store.note(audit()).await.unwrap();
    let after = store.outside_commits();
    assert_ne!(after, before);
    store.note(audit()).await.unwrap();
    assert_eq!(store.outside_commits(), after);
}

#[tokio::test]
async fn a_lock_makes_nobody_wait_for_the_revision() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let store = open(&path).await.unwrap();
    store.insert_space(space("s1"), audit()).await.unwrap();
    let before = store.revision();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE; UPDATE spaces SET version = 7").unwrap();
    assert_eq!(store.revision(), before);
    other.execute_batch("COMMIT").unwrap();
    assert_ne!(store.revision(), before);
}

#[tokio::test]
async fn whoever_waits_is_told_what_another_process_commits() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let store = open(&path).await.unwrap();
    let other = open(&path).await.unwrap();
    let mut seen = store.committed(None).await;
    for round in 0..20 {
        other.insert_space(space(&format!("s{round}")), audit()).await.unwrap();
        let told = std::time::Duration::from_secs(1);
        // Long before the look that comes every few seconds without a reason.
        let now = tokio::time::timeout(told, store.committed(Some(seen))).await.unwrap();
        assert_ne!(now, seen);
        seen = now;
    }
}
