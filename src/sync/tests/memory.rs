//! What an engine holds in memory over a long run: as much after many thousand syncs, faults, changes
//! and watches as after the first few. A program of its own, because it counts every allocation.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]
#![expect(unsafe_code, reason = "an allocator that counts, and otherwise is the system's")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use secret_manager_model::{
    Delta, Refused, Secret, SecretName, SecretValue, Snapshot, SpaceRef, Timestamp,
};
use secret_manager_source::{
    Failure, Fetched, Fetching, Heard, Hearing, Held, Opening, Remedy, Source, Validator, Watch,
};
use secret_manager_sync::{Engine, Plan};
use tokio::runtime::Handle;
use tokio::sync::Notify;

struct Counting;

static BYTES: AtomicI64 = AtomicI64::new(0);
static PIECES: AtomicI64 = AtomicI64::new(0);

// SAFETY: everything is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.fetch_add(layout.size().cast_signed() as i64, Ordering::Relaxed);
        PIECES.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises are the system allocator's conditions.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size().cast_signed() as i64, Ordering::Relaxed);
        PIECES.fetch_sub(1, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A source for which nothing lasts: of each ten answers some are new, some fail and one panics, and
/// each watch tells of a few changes before it breaks.
#[derive(Default)]
struct Restless {
    asked: AtomicU64,
    watched: AtomicU64,
    version: Arc<AtomicU64>,
}

const NAMES: u64 = 20;
const MISTAKE: &str = "a mistake of a test";

fn space() -> SpaceRef {
    SpaceRef { id: "s".into(), name: "space".into() }
}

fn secret(number: u64, version: u64) -> (SecretName, Secret) {
    let value = SecretValue::text(&format!("{version:0>100}")).unwrap();
    let secret = Secret { value, version, updated_at: Timestamp::EPOCH };
    (SecretName::parse(&format!("NAME_{number:02}")).unwrap(), secret)
}

fn validator(version: u64) -> Option<Validator> {
    Some(Validator::new(format!("{version:0>20}")))
}

impl Source for Restless {
    fn description(&self) -> &str {
        "restless"
    }

    fn fetch<'a>(&'a self, held: Option<&'a Held>) -> Fetching<'a> {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst) % 10;
        let version = self.version.load(Ordering::SeqCst);
        Box::pin(async move {
            match turn {
                0 => panic!("{MISTAKE}"),
                1 => Err(Failure::new(Remedy::Authorise, "denied")),
                2 => Err(Failure::new(
                    Remedy::Wait(Some(Duration::from_secs(7))),
                    "asks for a pause",
                )),
                3 => Err(Failure::new(Remedy::Repair, "not understood")),
                _ if held.map(|held| &held.validator) == validator(version).as_ref() => {
                    Ok(Fetched::NotModified)
                }
                _ => Ok(Fetched::Snapshot {
                    snapshot: Box::new(Snapshot {
                        space: space(),
                        version,
                        created_at: Timestamp::EPOCH,
                        updated_at: Timestamp::EPOCH,
                        issued_at: Timestamp::EPOCH,
                        // Some of the names come and go.
                        secrets: (0..NAMES - version % 5).map(|n| secret(n, version)).collect(),
                        refused: Refused::default(),
                    }),
                    validator: validator(version),
                }),
            }
        })
    }

    fn watch<'a>(&'a self, since: u64, _held: Option<&'a Validator>) -> Opening<'a> {
        let turn = self.watched.fetch_add(1, Ordering::SeqCst);
        let version = Arc::clone(&self.version);
        Box::pin(async move {
            match turn % 3 {
                0 => Err(Failure::new(Remedy::Retry, "cut")),
                _ => Ok(Box::new(Line { since, version, left: turn % 7 }) as Box<dyn Watch>),
            }
        })
    }
}

struct Line {
    since: u64,
    version: Arc<AtomicU64>,
    left: u64,
}

impl Watch for Line {
    fn next(&mut self) -> Hearing<'_> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_secs(10)).await;
            if self.left == 0 {
                // In the middle of an event, or for good.
                return Err(Failure::new(Remedy::Retry, "the connection was reset"));
            }
            self.left -= 1;
            let from = self.since;
            let version = self.version.fetch_add(1, Ordering::SeqCst) + 1;
            self.since = version;
            let (added, _) = secret(version % NAMES, version);
            let delta = Box::new(Delta {
                space: space(),
                from,
                version,
                created_at: Timestamp::EPOCH,
                updated_at: Timestamp::EPOCH,
                issued_at: Timestamp::EPOCH,
                changed: HashMap::from([secret((version + 1) % NAMES, version)]),
                removed: vec![added],
                refused: Refused::default(),
            });
            Ok(Heard::Change { delta, validator: validator(version) })
        })
    }
}

#[tokio::test(start_paused = true)]
async fn memory_stays_as_it_is_over_a_long_run() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.payload_as_str() != Some(MISTAKE) {
            report(panic);
        }
    }));
    let source = Arc::new(Restless::default());
    let bell = Arc::new(Notify::new());
    let ring = {
        let bell = Arc::clone(&bell);
        Box::new(move || bell.notify_one())
    };
    let engine = Engine::new(&Handle::current(), Arc::new(|| Timestamp::EPOCH), 7, ring);
    let plan = Plan {
        source: Arc::clone(&source) as Arc<dyn Source>,
        interval: Duration::from_secs(1),
        live: true,
        cache: None,
    };

    let run = async |fetches: u64| {
        let begin = source.asked.load(Ordering::SeqCst);
        engine.start(plan.clone());
        while source.asked.load(Ordering::SeqCst) < begin + fetches {
            bell.notified().await;
            engine.drain();
            // Every now and then somebody asks.
            if source.asked.load(Ordering::SeqCst).is_multiple_of(9) {
                engine.sync_now();
            }
        }
        engine.stop();
        // Until everything that was asked for has ended.
        for _ in 0..100 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            engine.drain();
        }
        engine.clear();
        tokio::time::sleep(Duration::from_secs(1)).await;
        engine.drain();
        (PIECES.load(Ordering::Relaxed), BYTES.load(Ordering::Relaxed))
    };

    run(1000).await;
    let (pieces, bytes) = run(1000).await;
    let (more_pieces, more_bytes) = run(10_000).await;
    let (pieces, bytes) = (more_pieces - pieces, more_bytes - bytes);
    let (watched, version) = (&source.watched, &source.version);
    let [watched, version] = [watched, version].map(|count| count.load(Ordering::SeqCst));
    assert!(watched > 500 && version > 1000, "{watched} watches and {version} versions");
    // A single piece kept for each fetch, watch or change would be thousands.
    assert!(pieces < 50 && bytes < 8 * 1024, "{pieces} pieces of {bytes} bytes were kept");
}
