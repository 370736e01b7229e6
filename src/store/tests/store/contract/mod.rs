//! What every backend does, told through the trait only. A new backend adds one line to `backends`.

mod audit;
mod history;
mod keys;
mod people;
mod secrets;
mod spaces;
mod tokens;

use std::sync::Arc;

use secret_manager_model::{Kind, Timestamp};
use secret_manager_store::{
    Audit, AuditKeyRow, AuditRecord, Chain, Mac, PutRow, SecretId, SpaceChange, SpaceId, SpaceRow,
    Sqlite, SqliteOptions, Store,
};

/// An empty store and what keeps it alive.
struct Fresh {
    store: Arc<dyn Store>,
    _directory: tempfile::TempDir,
}

async fn backends() -> Vec<Fresh> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let sqlite = Sqlite::open(&path, SqliteOptions::default()).await.unwrap();
    begin(&sqlite).await;
    vec![Fresh { store: Arc::new(sqlite), _directory: directory }]
}

/// No cryptography, but every byte counts.
pub(crate) struct Sum;

impl Chain for Sum {
    fn record(&self, previous: &Mac, record: &[u8]) -> Mac {
        let mut mac = *previous;
        for (index, byte) in record.iter().enumerate() {
            let place = &mut mac[index % 32];
            *place = place.wrapping_mul(31).wrapping_add(*byte);
        }
        mac
    }

    fn head(&self, sequence: u64, newest: &Mac) -> Mac {
        self.record(newest, &sequence.to_be_bytes())
    }
}

pub(crate) async fn begin(store: &dyn Store) {
    let key = AuditKeyRow { wrapped_key: vec![7], kek_id: "kek".into() };
    store.begin_audit(key, Arc::new(Sum)).await.unwrap();
}

/// A record that says nothing in particular.
pub(crate) fn audit() -> Audit {
    let record = AuditRecord {
        at: time(5),
        actor_kind: "user".into(),
        actor_id: Some("u1".into()),
        actor_name: Some("anna".into()),
        action: "test.run".into(),
        result: "ok".into(),
        origin: None,
        request: None,
        space: None,
        subject: None,
        sealed_names: None,
        count: 0,
        read_version: None,
    };
    Audit { record, chain: Arc::new(Sum) }
}

pub(crate) fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

pub(crate) fn space(id: &str) -> SpaceRow {
    SpaceRow {
        id: SpaceId::new(id),
        name: format!("name of {id}"),
        wrapped_dek: vec![1, 2, 3],
        kek_id: "kek".into(),
        version: 0,
        tag: "new".into(),
        created_at: time(1),
        updated_at: time(1),
        kept_versions: 100,
        deltas_from: 0,
        sealed_manifest: Some(vec![9]),
    }
}

/// A change of `space` from `version` that does nothing yet.
pub(crate) fn change(space: &str, from_version: u64) -> SpaceChange {
    SpaceChange {
        space: SpaceId::new(space),
        from_version,
        from_tag: match from_version {
            0 => "new".into(),
            version => format!("tag {version}"),
        },
        tag: format!("tag {}", from_version + 1),
        at: time(100 + i64::try_from(from_version).unwrap()),
        by: "test".into(),
        puts: Vec::new(),
        deletions: Vec::new(),
        destructions: Vec::new(),
        erasures: Vec::new(),
        seals: Vec::new(),
        sealed_manifest: vec![9],
    }
}

pub(crate) fn put(id: &str, version: u64) -> PutRow {
    PutRow {
        id: SecretId::new(id),
        name_hash: hash(id),
        sealed_name: format!("name {id} {version}").into_bytes(),
        version,
        kind: if version % 2 == 1 { Kind::Text } else { Kind::Json },
        sealed_value: format!("value {id} {version}").into_bytes(),
        size: version * 10,
        rolled_back_from: None,
    }
}

pub(crate) fn hash(id: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash[..id.len()].copy_from_slice(id.as_bytes());
    hash
}
