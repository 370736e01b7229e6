use std::collections::BTreeSet;
use std::sync::Arc;

use secret_manager_store::{SecretRow, SpaceChange, SpaceId, SpaceRow, StoreError, Usage};

use super::{audit, backends, change, hash, put, space, time};

fn id() -> SpaceId {
    SpaceId::new("s1")
}

#[tokio::test]
async fn a_change_counts_the_space_up_and_gives_it_another_tag() {
    for fresh in backends().await {
        let store = fresh.store;
        store.insert_space(space("s1"), audit()).await.unwrap();
        let mut first = change("s1", 0);
        first.puts = vec![put("a", 1), put("b", 1)];
        store.commit(first, audit()).await.unwrap();

        let (row, mut secrets) = store.snapshot(&id()).await.unwrap().unwrap();
        assert_eq!((row.version, row.tag.as_str(), row.updated_at), (1, "tag 1", time(100)));
        secrets.sort_by(|a, b| a.secret.id.cmp(&b.secret.id));
        assert_eq!(secrets.len(), 2);
        assert_eq!(secrets[0].sealed_value, b"value a 1");
        let expected = SecretRow {
            id: put("a", 1).id,
            name_hash: hash("a"),
            sealed_name: b"name a 1".to_vec(),
            version: 1,
            kind: put("a", 1).kind,
            size: 10,
            created_at: time(100),
            updated_at: time(100),
            updated_by: "test".into(),
            space_version: 1,
            deleted_at: None,
            deleted_by: None,
        };
        assert_eq!(secrets[0].secret, expected);
        let (_, contents) = store.contents(&id()).await.unwrap().unwrap();
        assert!(contents.contains(&expected));
    }
}

#[tokio::test]
async fn a_change_from_another_version_changes_nothing() {
    for fresh in backends().await {
        let store = fresh.store;
        store.insert_space(space("s1"), audit()).await.unwrap();
        store.commit(change("s1", 0), audit()).await.unwrap();
        for version in [0, 2] {
            let mut stale = change("s1", version);
            stale.puts = vec![put("a", 1)];
            assert_eq!(
                store.commit(stale, audit()).await,
                Err(StoreError::Stale),
                "from {version}"
            );
        }
        let (row, secrets) = store.snapshot(&id()).await.unwrap().unwrap();
        assert_eq!((row.version, secrets.len()), (1, 0));
    }
}

#[tokio::test]
async fn a_change_is_applied_whole_or_not_at_all() {
    for fresh in backends().await {
        let store = fresh.store;
        store.insert_space(space("s1"), audit()).await.unwrap();
        let mut half = change("s1", 0);
        half.puts = vec![put("a", 1)];
        half.deletions = vec![put("not there", 1).id];
        assert_eq!(store.commit(half, audit()).await, Err(StoreError::NotFound));
        let mut doubled = change("s1", 0);
        doubled.puts = vec![put("a", 1), put("a", 1)];
        assert!(matches!(store.commit(doubled, audit()).await, Err(StoreError::Damaged(_))));

        let (row, secrets) = store.snapshot(&id()).await.unwrap().unwrap();
        assert_eq!((row.version, row.tag.as_str(), secrets.len()), (0, "new", 0));
    }
}

#[tokio::test]
async fn a_deleted_secret_is_gone_and_goes_on_counting_when_it_comes_back() {
    for fresh in backends().await {
        let store = fresh.store;
        store.insert_space(space("s1"), audit()).await.unwrap();
        let mut made = change("s1", 0);
        made.puts = vec![put("a", 1)];
        store.commit(made, audit()).await.unwrap();
        let mut deleted = change("s1", 1);
        deleted.deletions = vec![put("a", 1).id];
        store.commit(deleted, audit()).await.unwrap();

        assert_eq!(store.value(&id(), hash("a")).await.unwrap(), None);
        assert_eq!(store.contents(&id()).await.unwrap().unwrap().1, []);
        let rows = store.secrets_by_hash(&id(), vec![hash("b"), hash("a")]).await.unwrap();
        assert_eq!(rows[0], None);
        let row = rows[1].as_ref().unwrap();
        assert_eq!((row.version, row.deleted_at), (1, Some(time(101))));
        assert_eq!(row.deleted_by.as_deref(), Some("test"));

        let mut again = change("s1", 2);
        again.puts = vec![put("a", 2)];
        store.commit(again, audit()).await.unwrap();
        let row = store.value(&id(), hash("a")).await.unwrap().unwrap();
        assert_eq!(row.sealed_value, b"value a 2");
        assert_eq!((row.secret.created_at, row.secret.deleted_at), (time(102), None));
    }
}

#[tokio::test]
async fn a_secret_is_found_in_its_own_space_only() {
    for fresh in backends().await {
        let store = fresh.store;
        store.insert_space(space("s1"), audit()).await.unwrap();
        store.insert_space(space("s2"), audit()).await.unwrap();
        let mut made = change("s1", 0);
        made.puts = vec![put("a", 1)];
        store.commit(made, audit()).await.unwrap();

        let other = SpaceId::new("s2");
        assert_eq!(store.value(&other, hash("a")).await.unwrap(), None);
        assert_eq!(store.secrets_by_hash(&other, vec![hash("a")]).await.unwrap(), [None]);
        let mut foreign = change("s2", 0);
        foreign.deletions = vec![put("a", 1).id];
        assert_eq!(store.commit(foreign, audit()).await, Err(StoreError::NotFound));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_writers_at_the_same_version_one_wins() {
    for fresh in backends().await {
        let store = fresh.store;
        store.insert_space(space("s1"), audit()).await.unwrap();
        for version in 0..5 {
            let writers: Vec<_> = (0..8)
                .map(|_| {
                    let store = Arc::clone(&store);
                    tokio::spawn(async move { store.commit(change("s1", version), audit()).await })
                })
                .collect();
            let mut results = Vec::new();
            for writer in writers {
                results.push(writer.await.unwrap());
            }
            let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
            assert_eq!((won.len(), lost.len()), (1, 7));
            let reasons: BTreeSet<_> = lost.iter().map(|result| format!("{result:?}")).collect();
            assert_eq!(reasons, BTreeSet::from(["Err(Stale)".to_owned()]));
        }
        assert_eq!(store.space(&id()).await.unwrap().unwrap().version, 5);
    }
}

#[tokio::test]
async fn a_change_may_be_prepared_within_its_commit() {
    for fresh in backends().await {
        let store = fresh.store;
        store.insert_space(space("s1"), audit()).await.unwrap();
        let id = SpaceId::new("s1");
        for version in 1..=3 {
            let prepare = move |space: &SpaceRow, found: &[Option<SecretRow>], usage: Usage| {
                assert_eq!(space.version, version - 1);
                let before = found[0].as_ref().map_or(0, |row| row.version);
                assert_eq!((before, usage.secrets), (version - 1, u64::from(version > 1)));
                let change =
                    SpaceChange { puts: vec![put("a", version)], ..change("s1", space.version) };
                Some((change, audit()))
            };
            store.change(&id, vec![hash("a")], Box::new(prepare)).await.unwrap();
        }
        // Nothing wanted, nothing done.
        store.change(&id, vec![], Box::new(|_, _, _| None)).await.unwrap();
        assert_eq!(store.space(&id).await.unwrap().unwrap().version, 3);
        let gone = store.change(&SpaceId::new("s2"), vec![], Box::new(|_, _, _| None)).await;
        assert_eq!(gone, Err(StoreError::NotFound));
    }
}
