use secret_manager_store::{AuditKeyRow, SpaceId, SpaceRow, StoreError, WrappedDek, WrappedKeys};

use super::{audit, backends, space};

#[tokio::test]
async fn wrapped_keys_are_replaced_together_and_new_spaces_follow() {
    for fresh in backends().await {
        let store = fresh.store;
        for id in ["s1", "s2"] {
            store.insert_space(space(id), audit()).await.unwrap();
        }
        let WrappedKeys { audit_key, data_keys } = store.wrapped_keys().await.unwrap();
        assert_eq!((audit_key.kek_id.as_str(), data_keys.len()), ("kek", 2));
        assert!(data_keys.iter().all(|key| key.kek_id == "kek" && key.wrapped_dek == [1, 2, 3]));

        let rewrapped =
            |id| WrappedDek { space: SpaceId::new(id), wrapped_dek: vec![9], kek_id: "new".into() };
        let audit_key = AuditKeyRow { wrapped_key: vec![8], kek_id: "new".into() };
        // One space is missing and one is gone: neither is in the way.
        let data_keys = vec![rewrapped("s1"), rewrapped("gone")];
        let keys = WrappedKeys { audit_key: audit_key.clone(), data_keys };
        store.rewrap(keys, audit()).await.unwrap();
        let left = store.wrapped_keys().await.unwrap();
        assert_eq!(left.audit_key, audit_key);
        let ids: Vec<_> =
            left.data_keys.iter().map(|key| (key.space.as_str(), key.kek_id.as_str())).collect();
        assert_eq!(ids, [("s1", "new"), ("s2", "kek")]);
        assert_eq!(store.kek_ids().await.unwrap().len(), 2);

        let late = store.insert_space(space("s3"), audit()).await;
        assert_eq!(late, Err(StoreError::Stale));
        let new = SpaceRow { kek_id: "new".into(), ..space("s3") };
        store.insert_space(new, audit()).await.unwrap();
    }
}
