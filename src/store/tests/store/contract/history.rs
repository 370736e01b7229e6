use std::sync::Arc;

use secret_manager_store::{Held, Rename, SecretId, SpaceChange, SpaceId, Store, StoreError};

use super::{audit, backends, change, hash, put, space, time};

fn id() -> SpaceId {
    SpaceId::new("s1")
}

fn secret(id: &str) -> SecretId {
    SecretId::new(id)
}

/// A store whose space has secrets `a` and `b` at its version 1, and what keeps it alive.
async fn filled() -> Vec<super::Fresh> {
    let backends = backends().await;
    for fresh in &backends {
        fresh.store.insert_space(space("s1"), audit()).await.unwrap();
        let puts = vec![put("a", 1), put("b", 1)];
        commit(&fresh.store, SpaceChange { puts, ..change("s1", 0) }).await;
    }
    backends
}

async fn commit(store: &Arc<dyn Store>, change: SpaceChange) {
    store.commit(change, audit()).await.unwrap();
}

async fn versions(store: &Arc<dyn Store>, name: &str) -> Vec<u64> {
    let (_, versions) = store.versions(&id(), hash(name)).await.unwrap().unwrap();
    versions.iter().map(|version| version.version).collect()
}

/// The ids of what changed and of what was removed.
async fn changes(store: &Arc<dyn Store>, since: u64) -> Option<(Vec<String>, Vec<String>)> {
    let told = store.changes(&id(), since).await.unwrap().unwrap();
    let with_values = store.delta(&id(), since.into(), u64::MAX).await.unwrap().unwrap();
    assert_eq!(told.space, with_values.space);
    let changes = told.changes?;
    let delta = with_values.changes.unwrap();
    let values: Vec<_> = delta.changed.iter().map(|row| row.secret.clone()).collect();
    assert_eq!((&values, &delta.removed), (&changes.changed, &changes.removed));
    let ids = |rows: &[secret_manager_store::SecretRow]| {
        let mut ids: Vec<_> = rows.iter().map(|row| row.id.as_str().to_owned()).collect();
        ids.sort();
        ids
    };
    Some((ids(&changes.changed), ids(&changes.removed)))
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn older_versions_are_listed_and_read_also_of_a_deleted_secret() {
    for fresh in filled().await {
        let store = &fresh.store;
        let rolled_back = put("a", 2);
        let rolled_back = secret_manager_store::PutRow { rolled_back_from: Some(1), ..rolled_back };
        commit(store, SpaceChange { puts: vec![rolled_back], ..change("s1", 1) }).await;
        commit(store, SpaceChange { deletions: vec![secret("a")], ..change("s1", 2) }).await;

        let (row, versions) = store.versions(&id(), hash("a")).await.unwrap().unwrap();
        assert_eq!((row.version, row.deleted_at), (2, Some(time(102))));
        let told: Vec<_> = versions
            .iter()
            .map(|row| (row.version, row.created_at, row.rolled_back_from))
            .collect();
        assert_eq!(told, [(2, time(101), Some(1)), (1, time(100), None)]);
        assert!(versions.iter().all(|row| row.created_by == "test" && !row.destroyed));
        let first = store.version(&secret("a"), 1).await.unwrap().unwrap();
        assert_eq!(first.version, versions[1]);
        assert_eq!(first.sealed_value.as_deref(), Some(&b"value a 1"[..]));
        for version in [0, 3, u64::MAX] {
            assert_eq!(store.version(&secret("a"), version).await.unwrap(), None);
        }
        assert_eq!(store.versions(&id(), hash("c")).await.unwrap(), None);
        assert_eq!(store.versions(&SpaceId::new("s2"), hash("a")).await.unwrap(), None);

        let (_, deleted) = store.deleted(&id()).await.unwrap().unwrap();
        assert_eq!(deleted, [row]);
        assert_eq!(store.deleted(&SpaceId::new("s2")).await.unwrap(), None);
    }
}

#[tokio::test]
async fn as_many_versions_are_kept_as_the_space_says() {
    for fresh in filled().await {
        let store = &fresh.store;
        for version in 2..=104 {
            let puts = vec![put("a", version)];
            commit(store, SpaceChange { puts, ..change("s1", version - 1) }).await;
        }
        assert_eq!(versions(store, "a").await, (5..=104).rev().collect::<Vec<_>>());
        let (row, _) = store.versions(&id(), hash("a")).await.unwrap().unwrap();
        assert_eq!(row.created_at, time(100), "an edit is no new creation");

        assert_eq!(store.keep_versions(&id(), 3, audit()).await.unwrap().kept_versions, 3);
        assert_eq!(versions(store, "a").await.len(), 100, "until the next change");
        commit(store, SpaceChange { puts: vec![put("a", 105)], ..change("s1", 104) }).await;
        assert_eq!(versions(store, "a").await, [105, 104, 103]);
        assert_eq!(versions(store, "b").await, [1]);
        let unknown = store.keep_versions(&SpaceId::new("s2"), 3, audit()).await;
        assert_eq!(unknown, Err(StoreError::NotFound));
    }
}

#[tokio::test]
async fn a_destroyed_secret_leaves_nothing_behind() {
    for fresh in filled().await {
        let store = &fresh.store;
        commit(store, SpaceChange { deletions: vec![secret("b")], ..change("s1", 1) }).await;
        let destructions = vec![secret("a"), secret("b")];
        commit(store, SpaceChange { destructions, ..change("s1", 2) }).await;
        for name in ["a", "b"] {
            assert_eq!(store.versions(&id(), hash(name)).await.unwrap(), None);
            assert_eq!(store.version(&secret(name), 1).await.unwrap(), None);
        }
        let again = SpaceChange { destructions: vec![secret("a")], ..change("s1", 3) };
        assert_eq!(store.commit(again, audit()).await, Err(StoreError::NotFound));
        // The name may be used again and belongs to another secret then.
        let again = secret_manager_store::PutRow { id: secret("a2"), ..put("a", 1) };
        commit(store, SpaceChange { puts: vec![again], ..change("s1", 3) }).await;
    }
}

#[tokio::test]
async fn values_of_older_versions_can_be_destroyed_and_the_current_one_not() {
    for fresh in filled().await {
        let store = &fresh.store;
        commit(store, SpaceChange { puts: vec![put("a", 2)], ..change("s1", 1) }).await;
        let erasing =
            |version| SpaceChange { erasures: vec![(secret("a"), version)], ..change("s1", 2) };
        for version in [2, 3] {
            assert_eq!(store.commit(erasing(version), audit()).await, Err(StoreError::NotFound));
        }
        commit(store, erasing(1)).await;
        let (_, versions) = store.versions(&id(), hash("a")).await.unwrap().unwrap();
        assert_eq!(versions.iter().map(|row| row.destroyed).collect::<Vec<_>>(), [false, true]);
        let row = store.version(&secret("a"), 1).await.unwrap().unwrap();
        assert_eq!((row.version.destroyed, row.sealed_value), (true, None));
        assert_eq!(store.snapshot(&id()).await.unwrap().unwrap().0.version, 3);
    }
}

#[tokio::test]
async fn nothing_of_another_space_is_destroyed() {
    for fresh in filled().await {
        let store = &fresh.store;
        commit(store, SpaceChange { puts: vec![put("a", 2)], ..change("s1", 1) }).await;
        store.insert_space(space("s2"), audit()).await.unwrap();
        let destroying = SpaceChange { destructions: vec![secret("a")], ..change("s2", 0) };
        assert_eq!(store.commit(destroying, audit()).await, Err(StoreError::NotFound));
        let erasing = SpaceChange { erasures: vec![(secret("a"), 1)], ..change("s2", 0) };
        assert_eq!(store.commit(erasing, audit()).await, Err(StoreError::NotFound));
        assert_eq!(versions(store, "a").await, [2, 1]);
    }
}

#[tokio::test]
async fn what_changed_since_a_version_is_told() {
    for fresh in filled().await {
        let store = &fresh.store;
        commit(store, SpaceChange { puts: vec![put("a", 2)], ..change("s1", 1) }).await;
        commit(store, SpaceChange { deletions: vec![secret("b")], ..change("s1", 2) }).await;
        commit(store, SpaceChange { puts: vec![put("c", 1)], ..change("s1", 3) }).await;
        for (since, changed, removed) in [
            (0, &["a", "c"][..], &["b"][..]),
            (1, &["a", "c"], &["b"]),
            (2, &["c"], &["b"]),
            (3, &["c"], &[]),
            (4, &[], &[]),
        ] {
            let expected = Some((names(changed), names(removed)));
            assert_eq!(changes(store, since).await, expected, "since {since}");
        }
        for since in [5, u64::MAX] {
            assert_eq!(changes(store, since).await, None, "a version that there never was");
        }
        assert_eq!(store.changes(&SpaceId::new("s2"), 0).await.unwrap(), None);
        // Three rows are more than two.
        assert_eq!(store.delta(&id(), 0.into(), 2).await.unwrap().unwrap().changes, None);
        // A secret that comes back was changed and not removed.
        commit(store, SpaceChange { puts: vec![put("b", 2)], ..change("s1", 4) }).await;
        assert_eq!(changes(store, 3).await, Some((names(&["b", "c"]), names(&[]))));
    }
}

fn held(version: u64, tag: &str) -> Held {
    Held { version, tag: Some(tag.into()) }
}

/// Whether it is known that the space was there, which a delta from there agrees with.
async fn was_at(store: &Arc<dyn Store>, version: u64, tag: &str) -> bool {
    let was_there = store.was_at(&id(), held(version, tag)).await.unwrap();
    let delta = store.delta(&id(), held(version, tag), u64::MAX).await.unwrap().unwrap();
    assert_eq!(delta.changes.is_some(), was_there, "{version} {tag}");
    was_there
}

#[tokio::test]
async fn it_is_known_for_a_while_where_a_space_was() {
    for fresh in filled().await {
        let store = &fresh.store;
        store.insert_space(space("s2"), audit()).await.unwrap();
        commit(store, change("s1", 1)).await;
        for (version, tag) in [(0, "new"), (1, "tag 1"), (2, "tag 2")] {
            assert!(was_at(store, version, tag).await, "{version} {tag}");
        }
        for (version, tag) in [(1, "tag 2"), (2, "tag 1"), (3, "tag 3"), (1, ""), (u64::MAX, "new")]
        {
            assert!(!was_at(store, version, tag).await, "{version} {tag}");
        }
        let another = SpaceId::new("s2");
        assert!(!store.was_at(&another, held(1, "tag 1")).await.unwrap());
        assert!(!store.was_at(&id(), 1.into()).await.unwrap(), "a version alone is not enough");

        // Another name is another tag of the same version. Both have been there.
        let rename = Rename {
            from_tag: "tag 2".into(),
            tag: "renamed".into(),
            name: "other".into(),
            sealed_manifest: vec![9],
        };
        store.rename_space(&id(), rename, audit()).await.unwrap();
        assert!(was_at(store, 2, "tag 2").await && was_at(store, 2, "renamed").await);
        let next = SpaceChange { from_tag: "renamed".into(), ..change("s1", 2) };
        commit(store, next).await;
        for version in 3..=129 {
            commit(store, change("s1", version)).await;
        }
        assert!(!was_at(store, 2, "renamed").await && was_at(store, 3, "tag 3").await);
        assert!(store.was_at(&another, held(0, "new")).await.unwrap(), "each space has its own");
        store.delete_space(&another, audit()).await.unwrap();
        assert!(!store.was_at(&another, held(0, "new")).await.unwrap());
    }
}

#[tokio::test]
async fn what_was_destroyed_is_known_to_be_unknown() {
    for fresh in filled().await {
        let store = &fresh.store;
        commit(store, SpaceChange { deletions: vec![secret("b")], ..change("s1", 1) }).await;
        commit(store, SpaceChange { puts: vec![put("c", 1)], ..change("s1", 2) }).await;
        // Who knows of the deletion misses nothing by the destruction.
        commit(store, SpaceChange { destructions: vec![secret("b")], ..change("s1", 3) }).await;
        assert_eq!(changes(store, 1).await, None);
        assert_eq!(changes(store, 2).await, Some((names(&["c"]), names(&[]))));
        // One that was there until now is missed by everybody.
        commit(store, SpaceChange { destructions: vec![secret("a")], ..change("s1", 4) }).await;
        assert_eq!(changes(store, 4).await, None);
        assert_eq!(changes(store, 5).await, Some((names(&[]), names(&[]))));
    }
}
