//! The engine with the real source and a server whose watches fail. docs/faults.md is the table of what
//! is tested here.
//!
//! Whatever comes on a watch, flows read the newest value that is known and never again an older one, the
//! status stays as it is, and what a watch should have brought is there within the first pause. The clock
//! jumps to the next deadline by itself as soon as nothing else happens.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use secret_manager_sync::{Plan, State};
use secret_manager_testkit::{Reply, Request, Server};
use tokio::time::Instant;

use crate::faults::{body, entry, plan};
use crate::script::Subject;

/// A server whose first watch goes wrong, and whose others are as they should be.
struct Faulty {
    version: AtomicU64,
    /// What the first watch gets, and the version that the source has from then on.
    first: Mutex<Option<(Reply, u64)>>,
}

impl Faulty {
    fn answer(&self, request: &Request) -> Reply {
        if asks_for_secrets(request) {
            let (version, etag) = self.current();
            let held = request.header("if-none-match");
            return if held.is_some_and(|held| etag.ends_with(held)) {
                Reply::http("304 Not Modified", &[&etag], b"")
            } else {
                Reply::http("200 OK", &[&etag], body(version).as_bytes())
            };
        }
        assert!(request.line().starts_with("GET /api/v1/watch?since="), "{}", request.line());
        if let Some((reply, version)) = self.first.lock().unwrap().take() {
            self.version.store(version, Ordering::SeqCst);
            return reply;
        }
        let (_, etag) = self.current();
        let head = format!("HTTP/1.1 200 OK\r\n{etag}\r\ncontent-type: text/event-stream\r\n\r\n");
        Reply::Held(head.into_bytes())
    }

    /// The version, and the header that names it.
    fn current(&self) -> (u64, String) {
        let version = self.version.load(Ordering::SeqCst);
        (version, format!("etag: \"v{version}\""))
    }
}

/// All of them, or what has changed since a version.
fn asks_for_secrets(request: &Request) -> bool {
    request.line().split('?').next() == Some("GET /api/v1/snapshot")
}

/// An event as the service sends it. The value is the version's number.
fn event((from, version): (u64, u64)) -> String {
    let changed = entry("KEY", &format!("\"canary-{version}\"")).replace('\n', "");
    format!(
        "id: {version}\nevent: change\ndata: {{\"space\":{{\"id\":\"s1\",\"name\":\"demo\"}},\
         \"from\":{from},\"version\":{version},\"createdAt\":\"2024-01-01T00:00:00Z\",\
         \"updatedAt\":\"2024-01-02T00:00:00Z\",\"issuedAt\":\"2024-01-03T00:00:00Z\",\
         \"etag\":\"\\\"v{version}\\\"\",\"changed\":{{{changed}}},\"removed\":[]}}\n\n"
    )
}

/// How many snapshots and watches were asked for.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    snapshots: usize,
    watches: usize,
}

impl Asked {
    fn of(server: &Server) -> Self {
        let requests = server.requests();
        let snapshots = requests.iter().filter(|one| asks_for_secrets(one)).count();
        Self { snapshots, watches: requests.len() - snapshots }
    }
}

/// Follows a source whose first watch gets this, until the newest value is there and a watch is open.
async fn follow(name: &str, first: Reply, newest: u64, expected: Asked, within: Duration) {
    let faulty = Faulty { version: 1.into(), first: Mutex::new(Some((first, newest))) };
    let script = Arc::new(faulty);
    let server = Server::http(move |request| script.answer(request)).await;
    let subject = Subject::new();
    let begin = Instant::now();
    let ticket = subject.engine.start(Plan { live: true, ..plan(server.url()) });
    assert_eq!(subject.finished(ticket).await, None, "{name}");

    let mut read = 1;
    while (read, subject.engine.status().live) != (newest, true) {
        assert!(begin.elapsed() < within, "{name}: {read} after {:?}", begin.elapsed());
        tokio::time::sleep(Duration::from_millis(5)).await;
        let value = subject.value("KEY").unwrap();
        let version = value.trim_matches('"').strip_prefix("canary-").unwrap().parse().unwrap();
        assert!(version >= read, "{name}: {version} after {read}");
        read = version;
        let status = subject.engine.status();
        assert_eq!((status.state, status.failure.is_none()), (State::Synced, true), "{name}");
    }
    assert_eq!(Asked::of(&server), expected, "{name}");
}

/// As long as the first pause at most, with some time for the rest.
const SOON: Duration = Duration::from_secs(3);

#[tokio::test(start_paused = true)]
async fn events_doubled_overtaken_and_lost_lead_to_the_newest_values() {
    let undisturbed = || Asked { snapshots: 1, watches: 1 };
    let fetched = || Asked { snapshots: 2, watches: 2 };
    for (name, events, expected) in [
        ("in their order", &[(1, 2), (2, 3), (3, 4)][..], undisturbed()),
        ("doubled", &[(1, 2), (1, 2), (2, 3), (2, 3), (3, 4)], undisturbed()),
        ("the first once more at the end", &[(1, 2), (2, 3), (1, 2), (3, 4)], undisturbed()),
        ("overtaken by a longer one", &[(1, 3), (1, 2), (2, 3), (3, 4)], undisturbed()),
        ("overlapping", &[(1, 3), (2, 4)], undisturbed()),
        ("the first lost", &[(2, 3), (3, 4)], fetched()),
        ("one in the middle lost", &[(1, 2), (3, 4)], fetched()),
        ("out of order", &[(2, 3), (1, 2), (3, 4)], fetched()),
        ("backwards", &[(3, 4), (2, 3), (1, 2)], fetched()),
    ] {
        let stream: String = events.iter().copied().map(event).collect();
        let first = Reply::Held(Reply::event_stream(stream.as_bytes()));
        follow(name, first, 4, expected, SOON).await;
    }
}

/// Nothing tells of it but the silence, which is believed after 45 s.
#[tokio::test(start_paused = true)]
async fn a_last_event_that_is_lost_is_missed_when_nothing_follows() {
    let first = Reply::Held(Reply::event_stream(event((1, 2)).as_bytes()));
    let expected = Asked { snapshots: 2, watches: 2 };
    follow("silence", first, 3, expected, Duration::from_secs(45) + SOON).await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_cut_at_every_byte_of_an_event_misses_nothing() {
    let whole = event((1, 2));
    for cut in 0..=whole.len() {
        let first = Reply::Bytes(Reply::event_stream(&whole.as_bytes()[..cut]));
        let snapshots = if cut == whole.len() { 1 } else { 2 };
        let expected = Asked { snapshots, watches: 2 };
        follow(&format!("cut after {cut} bytes"), first, 2, expected, SOON).await;
    }
}
