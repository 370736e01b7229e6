//! A disk without room: what doesn't fit is refused whole, and goes on when there is room again.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use secret_manager_store::{
    AuditFilter, SpaceChange, SpaceId, Sqlite, SqliteOptions, Store, StoreError,
};
use tokio::sync::Barrier;

use crate::contract::{audit, begin, change, put, space};

/// A change whose value takes this many bytes.
fn large(space: &str, from_version: u64, bytes: usize) -> SpaceChange {
    let mut large = change(space, from_version);
    large.puts = vec![put(&format!("{space} {from_version}"), 1)];
    large.puts[0].sealed_value = vec![7; bytes];
    large
}

/// The version of the space, and that its records are those of its changes.
async fn version(store: &Sqlite, id: &str) -> u64 {
    let version = store.space(&SpaceId::new(id)).await.unwrap().unwrap().version;
    let of_space = AuditFilter { action: Some(id.into()), ..AuditFilter::default() };
    let records = store.audit(of_space, 10_000).await.unwrap().len() as u64;
    assert_eq!(records, version, "a record without its change, or a change without its record");
    version
}

async fn commit(store: &Sqlite, change: SpaceChange) -> Result<(), StoreError> {
    let mut audit = audit();
    // Found again by this in `version`.
    audit.record.action = change.space.to_string();
    store.commit(change, audit).await
}

#[tokio::test]
async fn what_does_not_fit_changes_nothing_and_smaller_things_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let options = SqliteOptions { most_pages: Some(100), ..Default::default() };
    let store = Sqlite::open(&directory.path().join("test.db"), options).await.unwrap();
    begin(&store).await;
    store.insert_space(space("s1"), audit()).await.unwrap();
    store.insert_space(space("s2"), audit()).await.unwrap();
    commit(&store, large("s1", 0, 100_000)).await.unwrap();

    assert_eq!(commit(&store, large("s1", 1, 400_000)).await, Err(StoreError::Full));
    assert_eq!(version(&store, "s1").await, 1);
    commit(&store, large("s1", 1, 10)).await.unwrap();

    // Until nothing fits any more, not even a record.
    let mut last = 0;
    let refused = loop {
        match commit(&store, large("s2", last, 1_000)).await {
            Ok(()) => last += 1,
            Err(error) => break error,
        }
    };
    assert_eq!((refused, version(&store, "s2").await), (StoreError::Full, last));
    while store.note(audit()).await.is_ok() {}
    assert_eq!(store.note(audit()).await, Err(StoreError::Full));
    assert!(store.snapshot(&SpaceId::new("s1")).await.unwrap().is_some(), "reading goes on");

    // What is taken away makes room for the record that says so, and for what follows.
    store.delete_space(&SpaceId::new("s1"), audit()).await.unwrap();
    commit(&store, large("s2", last, 1_000)).await.unwrap();
    assert_eq!(version(&store, "s2").await, last + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_writes_that_wait_together_those_that_were_answered_are_there_and_no_others() {
    let directory = tempfile::tempdir().unwrap();
    let options = SqliteOptions { most_pages: Some(120), ..Default::default() };
    let store = Sqlite::open(&directory.path().join("test.db"), options).await.unwrap();
    let store = Arc::new(store);
    begin(&*store).await;
    for writer in 0..16 {
        store.insert_space(space(&format!("s{writer}")), audit()).await.unwrap();
    }
    let begun = Arc::new(Barrier::new(16));
    let writers: Vec<_> = (0..16)
        .map(|writer| {
            let store = Arc::clone(&store);
            let begun = Arc::clone(&begun);
            tokio::spawn(async move {
                let id = format!("s{writer}");
                // A group with one that doesn't fit is refused whole, so that all of them could be.
                commit(&store, large(&id, 0, 2_000)).await.unwrap();
                begun.wait().await;
                let mut done = 1;
                for _ in 0..20 {
                    let bytes = if writer % 4 == 0 { 300_000 } else { 2_000 };
                    match commit(&store, large(&id, done, bytes)).await {
                        Ok(()) => done += 1,
                        Err(error) => assert_eq!(error, StoreError::Full),
                    }
                }
                assert_eq!(version(&store, &id).await, done);
                done
            })
        })
        .collect();
    let mut done = 0;
    for writer in writers {
        done += writer.await.unwrap();
    }
    assert!(done < 16 * 21, "{done}");
}

/// A disk of this many bytes, for those who may mount one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(bytes: u32) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let size = format!("size={bytes}");
        let mut mount = Command::new("mount");
        let mount = mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(directory.path());
        // Only root may, and not in every container.
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then_some(Self(directory))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).output();
    }
}

#[tokio::test]
async fn a_real_disk_that_fills_up_is_no_more_than_a_refusal() {
    let Some(disk) = SmallDisk::mount(4 << 20) else { return };
    let store = Sqlite::open(&disk.path().join("test.db"), SqliteOptions::default()).await.unwrap();
    begin(&store).await;
    store.insert_space(space("s1"), audit()).await.unwrap();
    let ballast = disk.path().join("ballast");
    let mut done = 0;
    for round in 0..3 {
        // Everything that is left, to the last byte.
        let mut file = std::fs::File::create(&ballast).unwrap();
        while std::io::Write::write_all(&mut file, &[0; 512]).is_ok() {}
        drop(file);
        let refused = loop {
            match commit(&store, large("s1", done, 5_000)).await {
                Ok(()) => done += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(refused, StoreError::Full, "round {round}");
        assert_eq!(version(&store, "s1").await, done);
        std::fs::remove_file(&ballast).unwrap();
        commit(&store, large("s1", done, 5_000)).await.unwrap();
        done += 1;
        assert_eq!(version(&store, "s1").await, done);
    }
}
