use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use secret_manager_store::{
    Audit, AuditFilter, AuditHead, AuditKeyRow, AuditRecord, AuditRow, CHAIN_START, Chain, SpaceId,
    Store, StoreError,
};

use super::{Sum, audit, backends, change, put, space, time};

/// A record of this action in this space.
fn of(action: &str, space: Option<&str>) -> Audit {
    let mut audit = audit();
    audit.record.action = action.into();
    audit.record.space = space.map(SpaceId::new);
    audit
}

async fn all(store: &dyn Store) -> (Vec<AuditRow>, AuditHead) {
    let rows = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&rows);
    let visitor = Box::new(move |sequence, row: Option<AuditRow>| {
        let row = row.unwrap();
        assert_eq!(row.sequence, sequence);
        seen.lock().unwrap().push(row);
    });
    let head = store.walk_audit(visitor).await.unwrap().unwrap();
    let rows = std::mem::take(&mut *rows.lock().unwrap());
    (rows, head)
}

#[tokio::test]
async fn a_record_comes_back_as_it_was_written() {
    for fresh in backends().await {
        let store = fresh.store;
        let full = AuditRecord {
            origin: Some(IpAddr::from([0xfe80, 0, 0, 0, 0, 0, 0, 7])),
            request: Some("00ff".into()),
            space: Some(SpaceId::new("gone")),
            subject: Some("☃".into()),
            sealed_names: Some(vec![0, 1, 255]),
            count: 3,
            read_version: Some(9),
            ..audit().record
        };
        for origin in [full.origin, Some(IpAddr::from([10, 0, 0, 1])), None] {
            let record = AuditRecord { origin, ..full.clone() };
            store.note(Audit { record: record.clone(), ..audit() }).await.unwrap();
            let rows = store.audit(AuditFilter::default(), 1).await.unwrap();
            assert_eq!((&rows[0].record, rows[0].version), (&record, None));
        }
    }
}

#[tokio::test]
async fn each_record_is_chained_to_the_one_before_and_the_head_to_the_last() {
    for fresh in backends().await {
        let store = fresh.store;
        store.insert_space(space("s1"), of("space.create", Some("s1"))).await.unwrap();
        store.commit(change("s1", 0), of("secret.put", Some("s1"))).await.unwrap();
        store.note(of("session.create", None)).await.unwrap();
        store.delete_space(&SpaceId::new("s1"), of("space.delete", Some("s1"))).await.unwrap();

        let (rows, head) = all(&*store).await;
        let mut previous = CHAIN_START;
        for (row, sequence) in rows.iter().zip(1..) {
            assert_eq!(row.sequence, sequence);
            assert_eq!(row.mac, Sum.record(&previous, &row.canonical()));
            previous = row.mac;
        }
        let versions: Vec<_> = rows.iter().map(|row| row.version).collect();
        assert_eq!(versions, [Some(0), Some(1), None, Some(2)]);
        assert_eq!((head.sequence, head.newest), (4, previous));
        assert_eq!(head.mac, Sum.head(4, &previous));
    }
}

#[tokio::test]
async fn what_was_not_done_leaves_no_record() {
    for fresh in backends().await {
        let store = fresh.store;
        store.insert_space(space("s1"), audit()).await.unwrap();
        assert_eq!(store.commit(change("s1", 7), audit()).await, Err(StoreError::Stale));
        let mut half = change("s1", 0);
        half.deletions = vec![put("not there", 1).id];
        assert_eq!(store.commit(half, audit()).await, Err(StoreError::NotFound));
        let nowhere = SpaceId::new("s2");
        assert_eq!(store.delete_space(&nowhere, audit()).await, Err(StoreError::NotFound));

        let (rows, head) = all(&*store).await;
        assert_eq!((rows.len(), head.sequence), (1, 1));
    }
}

#[tokio::test]
async fn records_are_found_by_what_they_say_the_newest_first() {
    for fresh in backends().await {
        let store = fresh.store;
        for (at, action, space, actor) in [
            (1, "secret.put", Some("s1"), "u1"),
            (2, "secret.put", Some("s2"), "u2"),
            (3, "secret.reveal", Some("s1"), "u2"),
            (4, "session.create", None, "u1"),
        ] {
            let mut audit = of(action, space);
            audit.record.at = time(at);
            audit.record.actor_id = Some(actor.into());
            audit.record.actor_name = Some(format!("name of {actor}"));
            audit.record.result = if at == 4 { "denied" } else { "ok" }.into();
            store.note(audit).await.unwrap();
        }
        let any = AuditFilter::default;
        let text = |text: &str| Some(text.to_owned());
        for (filter, expected) in [
            (any(), vec![4, 3, 2, 1]),
            (AuditFilter { space: Some(SpaceId::new("s1")), ..any() }, vec![3, 1]),
            (AuditFilter { before: Some(3), ..any() }, vec![2, 1]),
            (AuditFilter { from: Some(time(2)), to: Some(time(4)), ..any() }, vec![3, 2]),
            (AuditFilter { actor: text("u2"), ..any() }, vec![3, 2]),
            (AuditFilter { actor: text("name of u1"), ..any() }, vec![4, 1]),
            (AuditFilter { action: text("secret.put"), ..any() }, vec![2, 1]),
            (AuditFilter { result: text("denied"), ..any() }, vec![4]),
            (AuditFilter { space: Some(SpaceId::new("s1")), actor: text("u1"), ..any() }, vec![1]),
            (AuditFilter { action: text("nothing"), ..any() }, vec![]),
        ] {
            let rows = store.audit(filter.clone(), 10).await.unwrap();
            let found: Vec<_> = rows.iter().map(|row| row.sequence).collect();
            assert_eq!(found, expected, "{filter:?}");
        }
        assert_eq!(store.audit(any(), 2).await.unwrap().len(), 2);
    }
}

#[tokio::test]
async fn a_trail_has_one_key_for_all_its_life() {
    for fresh in backends().await {
        let first = fresh.store.audit_key().await.unwrap().unwrap();
        let other = AuditKeyRow { wrapped_key: vec![8], kek_id: "other".into() };
        let kept = fresh.store.begin_audit(other, Arc::new(Sum)).await.unwrap();
        assert_eq!(kept, first);
        assert_eq!(fresh.store.audit_key().await.unwrap(), Some(first));
    }
}
