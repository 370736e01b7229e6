//! The engine with the real source and a server that fails in every way. docs/faults.md is the table
//! of what is tested here.
//!
//! In all of the cases flows keep the last good values, the status tells the truth, nothing that was
//! sent is quoted, and as soon as the fault is over the newest values are there by themselves.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use secret_manager_source::{Config, ServiceConfig, Tls};
use secret_manager_sync::{Plan, State};
use secret_manager_testkit::{Authority, Hole, Reply, Request, Server, Validity};
use tokio::task::JoinSet;
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::script::Subject;

type Fault = Box<dyn Fn() -> Reply + Send + Sync>;

/// What a person reads of the first failure, besides what the status says of itself.
struct Case {
    name: &'static str,
    fault: Fault,
    code: &'static str,
    words: &'static str,
    /// All in all: before, during and after the fault.
    requests: usize,
}

fn case(
    name: &'static str,
    code: &'static str,
    words: &'static str,
    fault: impl Fn() -> Reply + Send + Sync + 'static,
) -> Case {
    Case { name, fault: Box::new(fault), code, words, requests: 3 }
}

pub(crate) fn body(version: u64) -> String {
    document(version, &entry("KEY", &format!("\"canary-{version}\"")))
}

fn document(version: impl std::fmt::Display, secrets: &str) -> String {
    format!(
        r#"{{"space":{{"id":"s1","name":"demo"}},"version":{version},
        "createdAt":"2024-01-01T00:00:00Z","updatedAt":"2024-01-02T00:00:00Z",
        "issuedAt":"2024-01-03T00:00:00Z","secrets":{{{secrets}}}}}"#
    )
}

pub(crate) fn entry(name: &str, value: &str) -> String {
    format!(
        r#""{name}":{{"type":"text","value":{value},"version":1,
        "updatedAt":"2024-01-02T00:00:00Z"}}"#
    )
}

fn status(status: &'static str, headers: &'static [&'static str]) -> impl Fn() -> Reply {
    move || Reply::http(status, headers, b"{\"detail\":\"canary\"}")
}

fn ok(body: impl Into<Vec<u8>>) -> Reply {
    Reply::http("200 OK", &["content-type: application/json"], &body.into())
}

/// With a length that is not that of the body.
fn of_length(length: usize) -> Reply {
    let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
    Reply::Bytes([head.as_bytes(), body(2).as_bytes()].concat())
}

/// The first bytes of a gzip stream of 10 GiB of zeros. It was not asked for, so it is not unpacked.
fn bomb() -> Reply {
    let start = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xec\xc1\x01\x01\x00\x00\x00\x80\x90";
    Reply::http("200 OK", &["content-encoding: gzip"], &start.repeat(1000))
}

fn chunked(chunks: &'static [u8]) -> Reply {
    let head = b"HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
    Reply::Bytes([head, chunks].concat())
}

#[rustfmt::skip]
fn cases() -> Vec<Case> {
    vec![
        case("hangup", "unavailable", "ended too early", || Reply::Hangup),
        case("reset", "unavailable", "the connection was reset", || Reply::Reset),
        case("truncated", "unavailable", "ended too early", || of_length(10_000)),
        case("length too small", "invalid", "ends too early", || of_length(100)),
        case("length too large for the cap", "invalid", "32 MiB", || of_length(1 << 40)),
        case("length that is no number", "unavailable", "HTTP", || Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: canary\r\n\r\n{}".to_vec())),
        case("chunks that are none", "unavailable", "", || chunked(b"zz\r\ncanary")),
        case("chunks that end early", "unavailable", "ended too early", || chunked(b"5\r\n{\"spa\r\n")),
        case("another protocol", "unavailable", "not understood as HTTP", || Reply::Bytes(b"SSH-2.0-canary\r\n".to_vec())),
        case("headers without end", "unavailable", "HTTP", || Reply::Bytes([b"HTTP/1.1 200 OK\r\n".as_slice(), &b"x: canary\r\n".repeat(100_000)].concat())),
        case("nothing", "invalid", "ends too early", || ok("")),
        case("a web page", "invalid", "web page", || ok("<html>canary</html>")),
        case("other JSON", "invalid", "not a snapshot", || ok("{\"canary\":1}")),
        case("deep JSON", "invalid", "not a snapshot", || ok("[".repeat(1_000_000))),
        case("deep JSON beside the secrets", "invalid", "not ", || ok(body(2).replace("\"version\":2", &format!("\"version\":2,\"canary\":{}", "[".repeat(1_000_000))))),
        case("a secret twice", "invalid", "not a snapshot", || ok(document(2, &[entry("KEY", "\"canary-a\""), entry("KEY", "\"canary-b\"")].join(",")))),
        case("a member twice", "invalid", "not a snapshot", || ok(document("2,\"version\":3", ""))),
        case("a version past all numbers", "invalid", "not ", || ok(document("1e400", ""))),
        case("a version of 2^64", "invalid", "not a snapshot", || ok(document("18446744073709551616", ""))),
        case("a version below zero", "invalid", "not a snapshot", || ok(document("-1", ""))),
        case("a version that goes backwards", "invalid", "version 0, which is older", || ok(body(0))),
        case("a text secret that is no text", "invalid", "not a snapshot", || ok(document(2, &entry("KEY", "{\"canary\":1}")))),
        case("invalid UTF-8", "invalid", "not UTF-8", || ok(body(2).bytes().map(|byte| if byte == b'-' { 0xff } else { byte }).collect::<Vec<_>>())),
        case("half a surrogate pair", "invalid", "not ", || ok(document(2, &entry("KEY\\ud800", "\"canary\"")))),
        case("a gzip bomb", "invalid", "answer", bomb),
        case("33 MiB", "invalid", "32 MiB", || Reply::Bytes([b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".as_slice(), &vec![b' '; 33 << 20]].concat())),
        case("not modified, though it was", "unavailable", "", || Reply::Bytes(b"HTTP/1.1 304 ".to_vec())),
        Case { requests: 3 + 5, ..case("a redirect loop", "misconfigured", "again and again", status("302 Found", &["location: /api/v1/snapshot"])) },
        case("a redirect to another origin", "misconfigured", "another server", status("307 Temporary Redirect", &["location: http://127.0.0.1:1/canary"])),
        case("a redirect to nowhere", "invalid", "HTTP 302", status("302 Found", &[])),
        case("400", "invalid", "HTTP 400", status("400 Bad Request", &[])),
        case("401 once", "denied", "HTTP 401", status("401 Unauthorized", &[])),
        case("403 once", "denied", "HTTP 403", status("403 Forbidden", &[])),
        case("404", "misconfigured", "HTTP 404", status("404 Not Found", &[])),
        case("409", "invalid", "HTTP 409", status("409 Conflict", &[])),
        case("413", "invalid", "HTTP 413", status("413 Content Too Large", &[])),
        case("429", "throttled", "HTTP 429", status("429 Too Many Requests", &[])),
        case("429 for 2 s", "throttled", "HTTP 429", status("429 Too Many Requests", &["retry-after: 2"])),
        case("429 for no time", "throttled", "HTTP 429", status("429 Too Many Requests", &["retry-after: 0"])),
        case("429 for nonsense", "throttled", "HTTP 429", status("429 Too Many Requests", &["retry-after: canary"])),
        case("500", "unavailable", "HTTP 500", status("500 Internal Server Error", &[])),
        case("502", "unavailable", "HTTP 502", status("502 Bad Gateway", &[])),
        case("503", "throttled", "HTTP 503", status("503 Service Unavailable", &[])),
        case("503 until a day gone by", "throttled", "HTTP 503", status("503 Service Unavailable", &["retry-after: Sun, 06 Nov 1994 08:49:37 GMT"])),
        case("599", "unavailable", "HTTP 599", status("599 canary", &[])),
        case("100 and nothing more", "unavailable", "", || Reply::Bytes(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec())),
        case("204", "invalid", "HTTP 204", || Reply::Bytes(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec())),
        case("206", "invalid", "HTTP 206", status("206 Partial Content", &[])),
    ]
}

/// A server, and the switch that makes it fail.
struct Faulty {
    failing: AtomicBool,
    version: AtomicU64,
    fault: Fault,
}

impl Faulty {
    fn answer(&self, request: &Request) -> Reply {
        assert_eq!(request.line(), "GET /api/v1/snapshot");
        if self.failing.load(Ordering::SeqCst) {
            return (self.fault)();
        }
        ok(body(self.version.load(Ordering::SeqCst)))
    }
}

pub(crate) fn plan(url: String) -> Plan {
    plan_with(url, Tls::default())
}

fn plan_with(url: String, tls: Tls) -> Plan {
    let config = ServiceConfig {
        url,
        token: Zeroizing::new("canary-token".to_owned()),
        allow_http: false,
        tls,
    };
    let source = Config::Service(config).open().unwrap();
    Plan { source, interval: Duration::from_secs(3600), live: false, cache: None }
}

async fn endure(Case { name, fault, code, words, requests }: Case) {
    let faulty =
        Arc::new(Faulty { failing: AtomicBool::new(false), version: AtomicU64::new(1), fault });
    let script = Arc::clone(&faulty);
    let server = Server::http(move |request| script.answer(request)).await;
    let subject = Subject::new();
    let first = subject.engine.start(plan(server.url()));
    assert_eq!(subject.finished(first).await, None, "{name}");

    faulty.failing.store(true, Ordering::SeqCst);
    faulty.version.store(2, Ordering::SeqCst);
    let sync = subject.engine.sync_now();
    assert_eq!(subject.finished(sync).await, Some(code), "{name}");
    let status = subject.engine.status();
    assert_eq!(status.state, State::Stale, "{name}");
    let message = status.failure.unwrap().message;
    assert!(message.contains(words), "{name}: {message}");
    assert!(!message.contains("canary") && message.len() < 200, "{name}: {message}");
    assert_eq!(subject.value("KEY").as_deref(), Some("\"canary-1\""), "{name}");

    faulty.failing.store(false, Ordering::SeqCst);
    let over = Instant::now();
    while subject.state() != State::Synced {
        subject.news().await;
    }
    // The bound of the first pause is 2 s, and nobody here asks for a longer one.
    assert!(over.elapsed() < Duration::from_secs(5), "{name}: {:?}", over.elapsed());
    assert_eq!(subject.value("KEY").as_deref(), Some("\"canary-2\""), "{name}");
    assert_eq!(server.requests().len(), requests, "{name}: one at a time, and none too many");
}

#[tokio::test]
async fn whatever_goes_wrong_the_last_good_values_stay_and_the_next_ones_come() {
    let mut running = JoinSet::new();
    for case in cases() {
        running.spawn(endure(case));
    }
    let ended = running.join_all().await;
    assert_eq!(ended.len(), cases().len());
}

/// The clock jumps to the next deadline by itself as soon as nothing else happens.
#[tokio::test(start_paused = true)]
async fn an_answer_that_takes_too_long_is_given_up_and_the_next_one_comes() {
    let begun = || Reply::event_stream(b"{\"canary\":");
    let drip = || {
        let answer = Reply::event_stream(body(2).as_bytes());
        let pieces = answer.chunks(1).map(<[u8]>::to_vec).collect();
        Reply::Pieces { pieces, pause: Duration::from_secs(1) }
    };
    for case in [
        case("half-open", "unavailable", "no answer in time", || Reply::Silence),
        case("stuck", "unavailable", "no answer in time", move || Reply::Held(begun())),
        case("byte by byte", "unavailable", "no answer in time", drip),
    ] {
        endure(case).await;
    }
}

/// An engine that has values, and the port at which its server was.
async fn without_its_server() -> (Subject, u16) {
    let server = Server::http(|_| ok(body(1))).await;
    let subject = Subject::new();
    let first = subject.engine.start(plan(server.url()));
    assert_eq!(subject.finished(first).await, None);
    (subject, server.port())
}

/// The newer values come by themselves.
async fn expect_newer(subject: &Subject, name: &str) {
    while subject.state() != State::Synced {
        subject.news().await;
    }
    assert_eq!(subject.value("KEY").as_deref(), Some("\"canary-2\""), "{name}");
}

/// Such as one that nobody renewed in time, or that of another machine at this address.
#[tokio::test]
async fn a_certificate_that_is_good_no_longer_leaves_the_values_until_another_is_shown() {
    let authority = Authority::default();
    for (host, validity, words) in [
        ("127.0.0.1", Validity::Expired, "expired"),
        ("127.0.0.1", Validity::NotYet, "not valid yet"),
        ("example.com", Validity::Now, "another host name"),
    ] {
        let good = || authority.issue("127.0.0.1", Validity::Now).server();
        let server = Server::https(good(), |_| ok(body(1))).await;
        let (url, port) = (server.url(), server.port());
        let subject = Subject::new();
        let tls = Tls { authorities: Some(authority.pem()), ..Tls::default() };
        let first = subject.engine.start(plan_with(url, tls));
        assert_eq!(subject.finished(first).await, None, "{words}");
        drop(server);

        let bad = authority.issue(host, validity).server();
        let server = Server::https_at(port, bad, |_| ok(body(2))).await;
        let sync = subject.engine.sync_now();
        assert_eq!(subject.finished(sync).await, Some("misconfigured"), "{words}");
        let status = subject.engine.status();
        let message = status.failure.unwrap().message;
        assert!(status.state == State::Stale && message.contains(words), "{words}: {message}");
        assert_eq!(subject.value("KEY").as_deref(), Some("\"canary-1\""), "{words}");
        assert!(server.requests().is_empty(), "{words}: the token was sent");
        drop(server);

        let _server = Server::https_at(port, good(), |_| ok(body(2))).await;
        expect_newer(&subject, words).await;
    }
}

/// Where packets vanish, no connection is refused and none is made.
#[tokio::test]
async fn a_server_behind_a_black_hole_is_found_again() {
    let (subject, port) = without_its_server().await;
    let hole = Hole::open_at(port).await;

    tokio::time::pause();
    let begin = Instant::now();
    let sync = subject.engine.sync_now();
    assert_eq!(subject.finished(sync).await, Some("unavailable"));
    assert_eq!(begin.elapsed().as_secs(), 5);
    let status = subject.engine.status();
    assert_eq!(
        (status.state, &*status.failure.unwrap().message),
        (State::Stale, "no connection in time")
    );
    assert_eq!(subject.value("KEY").as_deref(), Some("\"canary-1\""));

    tokio::time::resume();
    drop(hole);
    let _server = Server::http_at(port, |_| ok(body(2))).await;
    expect_newer(&subject, "a black hole").await;
}

#[tokio::test]
async fn a_server_that_is_gone_is_found_again() {
    let (subject, port) = without_its_server().await;
    let sync = subject.engine.sync_now();
    assert_eq!(subject.finished(sync).await, Some("unavailable"));
    assert_eq!(subject.value("KEY").as_deref(), Some("\"canary-1\""));
    let _server = Server::http_at(port, |_| ok(body(2))).await;
    expect_newer(&subject, "gone").await;
}

#[tokio::test]
async fn names_that_break_objects_are_left_out_and_told() {
    let names = ["__proto__", "constructor", "toJSON", "a b", ""];
    let secrets: Vec<_> = names.iter().map(|name| entry(name, "\"x\"")).collect();
    let secrets = format!("{},{}", entry("KEY", "\"canary\""), secrets.join(","));
    let server = Server::http(move |_| ok(document(1, &secrets))).await;
    let subject = Subject::new();
    let first = subject.engine.start(plan(server.url()));
    assert_eq!(subject.finished(first).await, None);
    assert_eq!(subject.engine.names(), ["KEY"]);
    assert_eq!(subject.engine.status().facts.unwrap().refused.count, names.len());
}

#[tokio::test]
async fn numbers_keep_every_digit() {
    let number = "1e400";
    let entry = entry("N", number).replace("\"text\"", "\"json\"");
    let server = Server::http(move |_| ok(document(1, &entry))).await;
    let subject = Subject::new();
    let first = subject.engine.start(plan(server.url()));
    assert_eq!(subject.finished(first).await, None);
    assert_eq!(subject.value("N").as_deref(), Some(number));
}

/// The wall clock is for telling only: the engine waits by another one.
#[tokio::test(start_paused = true)]
async fn a_wall_clock_that_jumps_changes_no_pause() {
    use crate::script::{MINUTE, Script, Step, plan};
    let day = 24 * 60 * 60 * 1000;
    let jumps = Mutex::new((0..).map(move |n: i64| 1_000 + n % 3 * 400 * day));
    let subject = Subject::with_clock(move || jumps.lock().unwrap().next().unwrap());
    let source = Script::new([Step::Secrets(1, &[("A", "1")])]);
    let first = subject.engine.start(plan(&source));
    subject.finished(first).await;
    tokio::time::sleep(MINUTE * 10).await;
    let asked = source.asked().len();
    assert!((9..=12).contains(&asked), "{asked}");
    assert_eq!(subject.state(), State::Synced);
}
