//! Writes that share a transaction and know nothing of each other.

use std::path::Path;
use std::sync::Arc;

use secret_manager_store::{AuditFilter, SpaceId, Sqlite, SqliteOptions, Store, StoreError};

use crate::contract::{audit, begin, change, put, space};

const WRITERS: u64 = 32;
const WRITES: u64 = 10;

#[tokio::test(flavor = "multi_thread")]
async fn of_many_writes_at_once_those_that_fail_touch_no_others() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let store = Arc::new(Sqlite::open(&path, SqliteOptions::default()).await.unwrap());
    begin(&*store).await;
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let id = format!("s{writer}");
                store.insert_space(space(&id), audit()).await.unwrap();
                for version in 0..WRITES {
                    let mut wrong = change(&id, version + 7);
                    wrong.puts = vec![put(&format!("x{writer}"), 1)];
                    let mut half = change(&id, version);
                    half.puts = vec![put(&format!("y{writer}"), 1)];
                    half.deletions = vec![put("not there", 1).id];
                    let mut right = change(&id, version);
                    right.puts = vec![put(&format!("a{writer}"), version + 1)];
                    let (wrong, half, right) = tokio::join!(
                        store.commit(wrong, audit()),
                        store.commit(half, audit()),
                        store.commit(right, audit())
                    );
                    assert_eq!(wrong, Err(StoreError::Stale));
                    // Not there, or too late.
                    assert!(matches!(half, Err(StoreError::NotFound | StoreError::Stale)));
                    right.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    for writer in 0..WRITERS {
        let id = SpaceId::new(format!("s{writer}"));
        let (row, secrets) = store.snapshot(&id).await.unwrap().unwrap();
        assert_eq!((row.version, secrets.len()), (WRITES, 1));
        assert_eq!(secrets[0].secret.version, WRITES);
    }
    let newest = store.audit(AuditFilter::default(), 1).await.unwrap();
    assert_eq!(newest[0].sequence, WRITERS * (1 + WRITES), "one record for each that succeeded");
}

/// What a machine would find on its disk if it stopped now, as far as the program has to do with it.
async fn after_a_crash(path: &Path) -> (Sqlite, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let copy = directory.path().join("test.db");
    std::fs::copy(path, &copy).unwrap();
    std::fs::copy(path.with_extension("db-wal"), copy.with_extension("db-wal")).unwrap();
    (Sqlite::open(&copy, SqliteOptions::default()).await.unwrap(), directory)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_in_the_files_by_then() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let store = Arc::new(Sqlite::open(&path, SqliteOptions::default()).await.unwrap());
    begin(&*store).await;
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (store, path) = (Arc::clone(&store), path.clone());
            tokio::spawn(async move {
                let id = format!("s{writer}");
                store.insert_space(space(&id), audit()).await.unwrap();
                for version in 0..6 {
                    store.commit(change(&id, version), audit()).await.unwrap();
                    let (found, _directory) = after_a_crash(&path).await;
                    let row = found.space(&SpaceId::new(&*id)).await.unwrap().unwrap();
                    assert_eq!(row.version, version + 1);
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

#[tokio::test]
async fn a_write_that_nobody_waits_for_any_more_harms_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let store = Sqlite::open(&path, SqliteOptions::default()).await.unwrap();
    begin(&store).await;
    store.insert_space(space("s1"), audit()).await.unwrap();
    // Asked once, so that it is in the queue, and then dropped.
    let mut given_up = Box::pin(store.commit(change("s1", 5), audit()));
    let once = std::future::poll_fn(|context| {
        std::task::Poll::Ready(given_up.as_mut().poll(context).is_pending())
    });
    once.await;
    drop(given_up);
    store.commit(change("s1", 0), audit()).await.unwrap();
}
