//! What supervisors and monitoring systems see.

use std::collections::{BTreeMap, HashSet};

use rusqlite::Connection;
use tokio::net::{TcpListener, TcpStream};

use crate::http::{Reply, Service, exchange};
use crate::tls::Certificate;

#[tokio::test]
async fn a_service_that_can_work_is_ready() {
    let service = Service::start().await;
    for path in ["/healthz", "/readyz"] {
        let reply = service.request(&format!("GET {path}"), &[]).await;
        assert_eq!((reply.status, reply.body.as_str()), (200, r#"{"status":"ok"}"#), "{path}");
        service
            .request(&format!("PUT {path}"), &[])
            .await
            .expect_problem(405, "method_not_allowed");
    }
}

#[tokio::test]
async fn a_database_that_takes_no_changes_is_not_ready() {
    let service = Service::start().await;
    // Holds the lock that every writer needs.
    let other = Connection::open(service.database()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let reply = service.request("GET /readyz", &[]).await;
    reply.expect_problem(503, "database_unavailable");
    assert_eq!(service.request("GET /healthz", &[]).await.status, 200);
}

#[tokio::test]
async fn a_foreign_key_is_not_ready() {
    let service = Service::start().await;
    let other = Connection::open(service.database()).unwrap();
    other.execute("UPDATE spaces SET kek_id = 'another'", []).unwrap();
    service.request("GET /readyz", &[]).await.expect_problem(503, "key_unfit");
}

#[tokio::test]
async fn metrics_tell_what_happened() {
    let directory = tempfile::tempdir().unwrap();
    let files = Certificate::write(directory.path());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let beside = listener.local_addr().unwrap();
    let service = Service::start_with(|config| {
        config.tls = Some(files.open());
        config.metrics = Some(listener);
    })
    .await;
    let asked = async |line: &str, header: &str| {
        let stream = TcpStream::connect(service.address).await.unwrap();
        let stream = files.client().connect("localhost".try_into().unwrap(), stream).await.unwrap();
        exchange(stream, line, &[header]).await.status
    };
    let good = format!("Authorization: Bearer {}", service.token);
    assert_eq!(asked("GET /api/v1/snapshot", &good).await, 200);
    assert_eq!(asked("GET /api/v1/snapshot", "Authorization: Bearer smt_wrong").await, 401);
    assert_eq!(asked("GET /CANARY_PATH?CANARY_QUERY", &good).await, 404);
    assert_eq!(asked("CANARY /healthz", &good).await, 405);
    assert_eq!(asked("GET /metrics", &good).await, 403);

    let stream = TcpStream::connect(beside).await.unwrap();
    let reply = exchange(stream, "GET /metrics", &[]).await;
    assert_eq!(reply.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    for private in ["CANARY", "plant", "\"A\"", service.space.id.as_str(), &service.token] {
        assert!(!reply.body.contains(private), "{private}");
    }
    let samples = samples(&reply);
    let requests = |route: &str, method: &str, status: &str| {
        let name = format!(
            "secret_manager_http_requests_total{{route=\"{route}\",method=\"{method}\",\
             status=\"{status}\"}}"
        );
        samples.get(&name).copied()
    };
    assert_eq!(requests("/api/v1/snapshot", "GET", "2xx"), Some(1.0));
    assert_eq!(requests("/api/v1/snapshot", "GET", "4xx"), Some(1.0));
    assert_eq!(requests("unmatched", "GET", "4xx"), Some(1.0));
    assert_eq!(requests("/healthz", "other", "4xx"), Some(1.0));
    let count = "secret_manager_http_request_duration_seconds_count{route=\"/api/v1/snapshot\",method=\"GET\"}";
    assert_eq!(samples[count], 2.0);
    assert_eq!(samples["secret_manager_access_tokens_refused_total"], 1.0);
    assert_eq!(samples["secret_manager_connections_limit"], 16_384.0);
    assert!(samples["secret_manager_database_size_bytes"] > 4096.0);
    assert!(samples["secret_manager_audit_records"] >= 3.0, "space, token, secret and a snapshot");
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    assert!((now - samples["process_start_time_seconds"]).abs() < 60.0);
    assert!(samples["secret_manager_certificate_expiry_timestamp_seconds"] > now);
    let build = format!("secret_manager_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    assert_eq!(samples[&build], 1.0);
}

#[tokio::test]
async fn metrics_stay_on_this_machine() {
    let service = Service::start().await;
    assert_eq!(service.request("GET /metrics", &[]).await.status, 200);
    for header in ["X-Forwarded-For: 192.0.2.7", "Via: 1.1 proxy", "Forwarded: for=192.0.2.7"] {
        let reply = service.request("GET /metrics", &[header]).await;
        reply.expect_problem(403, "metrics_elsewhere");
    }
}

/// The samples by name and labels. Strict: refuses whatever Prometheus' parser or its linter
/// (`promtool check metrics`) would.
fn samples(reply: &Reply) -> BTreeMap<String, f64> {
    let mut samples = BTreeMap::new();
    let mut families = HashSet::new();
    let (mut family, mut kind) = ("", "");
    let mut helped = "";
    assert!(reply.body.ends_with('\n'));
    for line in reply.body.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(!help.is_empty(), "{line}");
            helped = name;
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            (family, kind) = rest.split_once(' ').unwrap();
            assert_eq!(helped, family, "each family has its help before its type");
            assert!(families.insert(family), "{family} stands in one block");
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert_eq!(kind == "counter", family.ends_with("_total"), "{line}");
            assert!(["secret_manager_", "process_"].iter().any(|own| family.starts_with(own)));
        } else {
            assert!(!line.starts_with('#'), "{line}");
            let (name, value) = line.rsplit_once(' ').unwrap();
            let (bare, labels) = match name.split_once('{') {
                Some((bare, labels)) => (bare, labels.strip_suffix('}').unwrap()),
                None => (name, ""),
            };
            let suffix = bare.strip_prefix(family).unwrap();
            let suffixes: &[_] =
                if kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
            assert!(suffixes.contains(&suffix), "{line}");
            assert!(
                bare.bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit())
            );
            for label in labels.split(',').filter(|label| !label.is_empty()) {
                let (label, text) = label.split_once('=').unwrap();
                assert!(label.bytes().all(|byte| byte.is_ascii_lowercase()), "{line}");
                assert!(text.len() >= 2 && text.starts_with('"') && text.ends_with('"'), "{line}");
            }
            let value = if value == "+Inf" { f64::INFINITY } else { value.parse().unwrap() };
            assert!(samples.insert(name.to_owned(), value).is_none(), "{name} stands once");
        }
    }
    samples
}
