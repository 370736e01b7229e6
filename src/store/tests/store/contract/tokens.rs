use secret_manager_store::{AccessRow, SpaceId, Store, StoreError, TokenId, TokenRow};

use super::{audit, backends, hash, space, time};

pub(super) fn token(id: &str, space: &str) -> TokenRow {
    TokenRow {
        id: TokenId::new(id),
        space: SpaceId::new(space),
        name: format!("for {id}"),
        hash: hash(id),
        created_at: time(1),
        expires_at: Some(time(1000)),
        last_used_at: None,
        revoked_at: None,
    }
}

async fn found(store: &dyn Store, id: &str) -> Option<TokenRow> {
    store.access(hash(id)).await.unwrap().map(|opened| opened.token)
}

#[tokio::test]
async fn a_token_is_found_by_its_hash() {
    for fresh in backends().await {
        let store = fresh.store;
        store.insert_space(space("s1"), audit()).await.unwrap();
        store.insert_token(token("t1", "s1"), audit()).await.unwrap();
        assert_eq!(found(&*store, "t1").await, Some(token("t1", "s1")));
        assert_eq!(found(&*store, "t2").await, None);
        let lost = store.insert_token(token("t2", "no space"), audit()).await;
        assert_eq!(lost, Err(StoreError::NotFound));
    }
}

#[tokio::test]
async fn a_token_opens_its_space() {
    for fresh in backends().await {
        let store = fresh.store;
        store.insert_space(space("s1"), audit()).await.unwrap();
        store.insert_space(space("s2"), audit()).await.unwrap();
        store.insert_token(token("t1", "s1"), audit()).await.unwrap();
        let opened = AccessRow { token: token("t1", "s1"), space: space("s1") };
        assert_eq!(store.access(hash("t1")).await.unwrap(), Some(opened));
        assert_eq!(store.access(hash("t2")).await.unwrap(), None);
        store.delete_space(&SpaceId::new("s1"), audit()).await.unwrap();
        assert_eq!(store.access(hash("t1")).await.unwrap(), None);
    }
}

#[tokio::test]
async fn tokens_are_listed_for_one_space_or_all() {
    for fresh in backends().await {
        let store = fresh.store;
        store.insert_space(space("s1"), audit()).await.unwrap();
        store.insert_space(space("s2"), audit()).await.unwrap();
        for (id, space, created) in [("t1", "s1", 3), ("t2", "s2", 2), ("t3", "s1", 1)] {
            let row = TokenRow { created_at: time(created), ..token(id, space) };
            store.insert_token(row, audit()).await.unwrap();
        }
        let ids = |rows: Vec<TokenRow>| {
            rows.iter().map(|row| row.id.as_str().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(ids(store.tokens(None).await.unwrap()), ["t3", "t2", "t1"]);
        let one = Some(SpaceId::new("s1"));
        assert_eq!(ids(store.tokens(one.as_ref()).await.unwrap()), ["t3", "t1"]);
    }
}

#[tokio::test]
async fn a_revocation_keeps_its_first_time_and_a_use_its_last() {
    for fresh in backends().await {
        let store = fresh.store;
        store.insert_space(space("s1"), audit()).await.unwrap();
        store.insert_token(token("t1", "s1"), audit()).await.unwrap();
        let id = TokenId::new("t1");
        for (at, last) in [(5, 5), (9, 9), (7, 9)] {
            store.touch_token(&id, time(at)).await.unwrap();
            let row = found(&*store, "t1").await.unwrap();
            assert_eq!(row.last_used_at, Some(time(last)));
        }
        assert_eq!(
            store.revoke_token(&id, time(10), audit()).await.unwrap().revoked_at,
            Some(time(10))
        );
        assert_eq!(
            store.revoke_token(&id, time(20), audit()).await.unwrap().revoked_at,
            Some(time(10))
        );
        let unknown = store.revoke_token(&TokenId::new("t2"), time(1), audit()).await;
        assert_eq!(unknown, Err(StoreError::NotFound));
    }
}

#[tokio::test]
async fn ended_tokens_are_told_and_when_the_next_one_ends() {
    for fresh in backends().await {
        let store = fresh.store;
        store.insert_space(space("s1"), audit()).await.unwrap();
        for (id, expires_at) in [("t1", None), ("t2", Some(5)), ("t3", Some(7)), ("t4", Some(6))] {
            let row = TokenRow { expires_at: expires_at.map(time), ..token(id, "s1") };
            store.insert_token(row, audit()).await.unwrap();
        }
        store.revoke_token(&TokenId::new("t4"), time(2), audit()).await.unwrap();
        let ids = |ids: &[&str]| ids.iter().map(|id| TokenId::new(*id)).collect::<Vec<_>>();
        assert_eq!(store.ended_tokens(time(4)).await.unwrap(), (ids(&["t4"]), Some(time(5))));
        let (mut ended, next) = store.ended_tokens(time(5)).await.unwrap();
        ended.sort_unstable();
        assert_eq!((ended, next), (ids(&["t2", "t4"]), Some(time(7))));
        assert_eq!(store.ended_tokens(time(8)).await.unwrap().1, None);
    }
}
