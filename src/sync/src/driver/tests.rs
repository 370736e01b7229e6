//! A mistake in the work on the cache, which only a test within this crate can make. What else an engine
//! does is tested from outside (`tests/sync`).

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use secret_manager_model::{
    Refused, Secret, SecretName, SecretValue, Snapshot, SpaceRef, Timestamp,
};
use secret_manager_source::{Failure, Fetched, Fetching, Held, Opening, Remedy, Source, Validator};
use tokio::runtime::Handle;

use crate::{Cache, Engine, Plan, State, Status};

/// Has a new version each time it is asked.
#[derive(Default)]
struct Counting(AtomicU64);

impl Source for Counting {
    fn description(&self) -> &str {
        "counting"
    }

    fn fetch<'a>(&'a self, _: Option<&'a Held>) -> Fetching<'a> {
        let version = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        let value = SecretValue::text(&version.to_string()).unwrap();
        let secret = Secret { value, version, updated_at: Timestamp::EPOCH };
        let snapshot = Box::new(Snapshot {
            space: SpaceRef { id: "s".into(), name: "space".into() },
            version,
            created_at: Timestamp::EPOCH,
            updated_at: Timestamp::EPOCH,
            issued_at: Timestamp::EPOCH,
            secrets: HashMap::from([(SecretName::parse("A").unwrap(), secret)]),
            refused: Refused::default(),
        });
        Box::pin(async { Ok(Fetched::Snapshot { snapshot, validator: None }) })
    }

    fn watch<'a>(&'a self, _: u64, _: Option<&'a Validator>) -> Opening<'a> {
        Box::pin(async { Err(Failure::new(Remedy::Reconfigure, "nothing to watch")) })
    }
}

/// Disks take their time, and no clock of a test waits for them.
async fn until(engine: &Engine, holds: impl Fn(&Status) -> bool) -> Status {
    loop {
        let status = engine.status();
        if holds(&status) {
            return status;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_panic_in_the_work_on_the_cache_is_told_and_ends_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let cache = Cache::new(directory.path(), "SECRETS", "");
    let broken = Arc::clone(&cache.broken);
    broken.store(true, Ordering::SeqCst);
    let clock = Arc::new(|| Timestamp::EPOCH);
    let engine = Engine::new(&Handle::current(), clock, 7, Box::new(|| {}));
    let plan = Plan {
        source: Arc::new(Counting::default()),
        interval: Duration::from_secs(60),
        live: false,
        cache: Some(cache.clone()),
    };

    // First in reading, then in writing.
    engine.start(plan);
    let told = |status: &Status| {
        let problem = status.cache_problem.as_deref().unwrap_or_default();
        problem.ends_with("an internal error ended the work on it; please report it")
    };
    let status = until(&engine, |status| status.facts.is_some()).await;
    assert!(status.state == State::Synced && told(&status), "{status:?}");
    until(&engine, told).await;

    // Syncs go on all the while, and so does the cache once the mistake is gone.
    for version in 2..5 {
        engine.sync_now();
        let synced = |status: &Status| status.facts.as_ref().map(|facts| facts.version);
        let status = until(&engine, |status| synced(status) == Some(version)).await;
        assert!(status.state == State::Synced && status.failure.is_none() && told(&status));
        assert_eq!(engine.read("A", str::to_owned), Some(format!("\"{version}\"")));
    }
    broken.store(false, Ordering::SeqCst);
    engine.sync_now();
    until(&engine, |status| status.cache_problem.is_none()).await;
    engine.stop();
    until(&engine, |status| status.state == State::Idle).await;
    while cache.load("counting").unwrap().is_none_or(|good| good.facts.version < 5) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
