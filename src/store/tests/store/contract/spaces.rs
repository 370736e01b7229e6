use secret_manager_store::{SpaceId, StoreError, Usage};

use super::{audit, backends, change, put, space};

#[tokio::test]
async fn a_space_is_found_by_id_and_by_name() {
    for fresh in backends().await {
        let store = fresh.store;
        store.insert_space(space("s1"), audit()).await.unwrap();
        assert_eq!(store.space(&SpaceId::new("s1")).await.unwrap(), Some(space("s1")));
        assert_eq!(store.space_named("name of s1").await.unwrap(), Some(space("s1")));
        assert_eq!(store.space(&SpaceId::new("s2")).await.unwrap(), None);
        assert_eq!(store.space_named("NAME OF S1").await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_name_belongs_to_one_space() {
    for fresh in backends().await {
        let store = fresh.store;
        store.insert_space(space("s1"), audit()).await.unwrap();
        let mut other = space("s2");
        other.name = "name of s1".into();
        assert_eq!(store.insert_space(other, audit()).await, Err(StoreError::NameTaken));
        assert_eq!(store.spaces().await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn spaces_are_listed_by_name_with_what_they_hold() {
    for fresh in backends().await {
        let store = fresh.store;
        for id in ["s2", "s1", "s3"] {
            store.insert_space(space(id), audit()).await.unwrap();
        }
        let mut filled = change("s2", 0);
        filled.puts = vec![put("a", 1), put("b", 1)];
        store.commit(filled, audit()).await.unwrap();
        let mut emptied = change("s2", 1);
        emptied.deletions = vec![put("a", 1).id];
        store.commit(emptied, audit()).await.unwrap();

        let spaces = store.spaces().await.unwrap();
        let found: Vec<_> =
            spaces.iter().map(|(space, usage)| (space.id.as_str(), *usage)).collect();
        let one = Usage { secrets: 1, bytes: 10 };
        assert_eq!(found, [("s1", Usage::default()), ("s2", one), ("s3", Usage::default())]);
        assert_eq!(store.usage(&SpaceId::new("s2")).await.unwrap(), one);
    }
}

#[tokio::test]
async fn a_deleted_space_takes_everything_along() {
    for fresh in backends().await {
        let store = fresh.store;
        let id = SpaceId::new("s1");
        store.insert_space(space("s1"), audit()).await.unwrap();
        let mut filled = change("s1", 0);
        filled.puts = vec![put("a", 1)];
        store.commit(filled, audit()).await.unwrap();
        store.insert_token(super::tokens::token("t", "s1"), audit()).await.unwrap();

        store.delete_space(&id, audit()).await.unwrap();
        assert_eq!(store.delete_space(&id, audit()).await, Err(StoreError::NotFound));
        assert_eq!(store.commit(change("s1", 1), audit()).await, Err(StoreError::NotFound));
        assert_eq!(store.snapshot(&id).await.unwrap(), None);
        assert_eq!(store.usage(&id).await.unwrap(), Usage::default());
        assert_eq!(store.tokens(None).await.unwrap(), []);
        // The name is free again, and the new space starts empty.
        store.insert_space(space("s1"), audit()).await.unwrap();
        assert_eq!(store.contents(&id).await.unwrap(), Some((space("s1"), vec![])));
    }
}

#[tokio::test]
async fn every_commit_makes_another_revision() {
    for fresh in backends().await {
        let store = fresh.store;
        let first = store.revision().unwrap();
        assert_eq!(store.revision(), Some(first));
        assert_eq!(store.spaces().await.unwrap(), []);
        assert_eq!(store.revision(), Some(first));
        store.insert_space(space("s1"), audit()).await.unwrap();
        let second = store.revision().unwrap();
        assert_ne!(second, first);
        assert!(store.insert_space(space("s1"), audit()).await.is_err());
        assert_eq!(store.revision(), Some(second));
        store.delete_space(&SpaceId::new("s1"), audit()).await.unwrap();
        assert!(![first, second].contains(&store.revision().unwrap()));
    }
}

#[tokio::test]
async fn whoever_waits_is_told_of_a_commit() {
    for fresh in backends().await {
        let store = fresh.store;
        let seen = store.committed(None).await;
        let waiting = {
            let store = std::sync::Arc::clone(&store);
            tokio::spawn(async move { store.committed(Some(seen)).await })
        };
        store.insert_space(space("s1"), audit()).await.unwrap();
        assert_ne!(waiting.await.unwrap(), seen);
    }
}

#[tokio::test]
async fn it_is_told_where_spaces_stand() {
    for fresh in backends().await {
        let store = fresh.store;
        store.insert_space(space("s1"), audit()).await.unwrap();
        store.insert_space(space("s2"), audit()).await.unwrap();
        store.commit(change("s2", 0), audit()).await.unwrap();
        let ids = ["s2", "gone", "s1"].map(SpaceId::new).to_vec();
        let heads = store.heads(ids).await.unwrap();
        assert_eq!(heads, [Some((1, "tag 1".into())), None, Some((0, "new".into()))]);
    }
}
