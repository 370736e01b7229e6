//! The service source against servers on loopback: every sort of answer has a defined outcome.

use std::time::Duration;

use secret_manager_source::{
    Config, Failure, Fetched, Held, Remedy, ServiceConfig, Tls, Validator,
};
use secret_manager_testkit::{Authority, Reply, Server, Validity};
use zeroize::Zeroizing;

use crate::{SNAPSHOT, config};

const DELTA: &str = r#"{"space":{"id":"s1","name":"demo"},"from":5,"version":7,
"createdAt":"2024-01-01T00:00:00Z","updatedAt":"2024-01-02T00:00:00Z",
"issuedAt":"2024-01-03T00:00:00Z","changed":{"KEY":{"type":"text","value":"canary-value",
"version":2,"updatedAt":"2024-01-02T00:00:00Z"}},"removed":["OLD"]}"#;

async fn fetch(config: ServiceConfig) -> Result<Fetched, Failure> {
    fetch_holding(config, None).await
}

async fn fetch_holding(config: ServiceConfig, held: Option<&Held>) -> Result<Fetched, Failure> {
    let source = Config::Service(config).open()?;
    let outcome = source.fetch(held).await;
    if let Err(failure) = &outcome {
        let text = format!("{failure} {failure:?}");
        assert!(!text.contains("canary"), "{text}");
    }
    outcome
}

/// The failure that a server with this one answer leads to.
async fn failure_of(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Failure {
    let server = Server::http(move |_| reply()).await;
    fetch(config(server.url())).await.expect_err("a failure")
}

#[tokio::test]
async fn a_snapshot_is_fetched_with_the_token_and_not_twice() {
    let server = Server::http(|request| match request.header("if-none-match") {
        Some("\"v7\"") => Reply::http("304 Not Modified", &["etag: \"v7\""], b""),
        _ => Reply::http("200 OK", &["etag: \"v7\""], SNAPSHOT.as_bytes()),
    })
    .await;
    let Ok(Fetched::Snapshot { snapshot, validator }) = fetch(config(server.url())).await else {
        panic!("no snapshot");
    };
    assert_eq!((snapshot.version, snapshot.secrets.len()), (7, 1));
    let validator = validator.unwrap();
    assert_eq!(validator.as_str(), "\"v7\"");

    for since in [None, Some(7)] {
        let held = Held { validator: validator.clone(), since };
        let again = fetch_holding(config(server.url()), Some(&held)).await;
        assert!(matches!(again, Ok(Fetched::NotModified)));
    }
    let lines =
        server.requests().iter().map(|request| request.line().to_owned()).collect::<Vec<_>>();
    let whole = "GET /api/v1/snapshot";
    assert_eq!(lines, [whole, whole, "GET /api/v1/snapshot?since=7"]);
    for request in server.requests() {
        assert_eq!(request.header("authorization"), Some("Bearer canary-token"));
        assert_eq!(request.header("accept-encoding"), None, "compressed answers are not asked for");
    }
}

/// What is fetched by somebody who holds version 5 from a server that knows it, or doesn't.
async fn fetched(
    since: Option<u64>,
    delta_base: &'static str,
    delta: impl Into<String>,
) -> (Result<Fetched, Failure>, Vec<String>) {
    let delta = delta.into();
    let server = Server::http(move |request| {
        let base = format!("delta-base: {delta_base}");
        let headers = ["etag: \"v7\"", &base];
        match request.line().contains("since=") {
            true => Reply::http("200 OK", &headers, delta.as_bytes()),
            false => Reply::http("200 OK", &headers[..1], SNAPSHOT.as_bytes()),
        }
    })
    .await;
    let held = Held { validator: Validator::new("\"v5\""), since };
    let outcome = fetch_holding(config(server.url()), Some(&held)).await;
    let requests = server.requests();
    let asked = requests.iter().map(|request| {
        let condition = request.header("if-none-match").unwrap_or_default();
        format!("{} {condition}", request.line())
    });
    (outcome, asked.collect())
}

#[tokio::test]
async fn what_has_changed_is_fetched_where_the_service_knows_what_is_held() {
    for base in ["\"v5\"", "W/\"v5\""] {
        let (outcome, asked) = fetched(Some(5), base, DELTA).await;
        let Ok(Fetched::Delta { delta, validator }) = outcome else { panic!("no delta") };
        assert_eq!((delta.from, delta.version, delta.changed.len()), (5, 7, 1));
        assert_eq!(validator.unwrap().as_str(), "\"v7\"");
        assert_eq!(asked, ["GET /api/v1/snapshot?since=5 \"v5\""]);
    }
    // A service may answer with all there is.
    let (outcome, asked) = fetched(Some(5), "\"v5\"", SNAPSHOT).await;
    assert!(matches!(outcome, Ok(Fetched::Snapshot { .. })));
    assert_eq!(asked.len(), 1);
    // And where a delta is of no use, none is asked for.
    let (outcome, asked) = fetched(None, "\"v5\"", DELTA).await;
    assert!(matches!(outcome, Ok(Fetched::Snapshot { .. })));
    assert_eq!(asked, ["GET /api/v1/snapshot \"v5\""]);
}

#[tokio::test]
async fn a_delta_that_can_not_be_relied_upon_is_no_answer() {
    for (name, base, delta) in [
        ("a service that believes the version alone", "", DELTA.to_owned()),
        ("another one's", "\"v4\"", DELTA.to_owned()),
        ("from another version", "\"v5\"", DELTA.replace("\"from\":5", "\"from\":4")),
        ("a name that is left out", "\"v5\"", DELTA.replace("KEY", "__proto__")),
    ] {
        let (outcome, asked) = fetched(Some(5), base, delta).await;
        let Ok(Fetched::Snapshot { snapshot, .. }) = outcome else { panic!("{name}") };
        assert_eq!(snapshot.version, 7, "{name}");
        // Once more, for whatever there is.
        assert_eq!(
            asked,
            ["GET /api/v1/snapshot?since=5 \"v5\"", "GET /api/v1/snapshot "],
            "{name}"
        );
    }
    for (name, delta) in [
        ("a step back", DELTA.replace("\"from\":5", "\"from\":8")),
        ("changed and removed", DELTA.replace("OLD", "KEY")),
        ("both", DELTA.replace("\"from\":5", "\"from\":5,\"secrets\":{}")),
        ("cut off", DELTA[..DELTA.len() - 1].to_owned()),
    ] {
        let (outcome, asked) = fetched(Some(5), "\"v5\"", delta).await;
        assert_eq!((outcome.unwrap_err().remedy, asked.len()), (Remedy::Repair, 1), "{name}");
    }
}

#[tokio::test]
async fn a_service_that_answers_everything_with_deltas_is_asked_twice_and_no_more() {
    let server = Server::http(|_| Reply::http("200 OK", &[], DELTA.as_bytes())).await;
    let held = Held { validator: Validator::new("\"v5\""), since: Some(5) };
    let failure = fetch_holding(config(server.url()), Some(&held)).await.unwrap_err();
    assert_eq!((failure.remedy, server.requests().len()), (Remedy::Repair, 2));
}

#[tokio::test]
async fn refusals_are_sorted_by_what_helps() {
    for (status, remedy) in [
        ("401 Unauthorized", Remedy::Authorise),
        ("403 Forbidden", Remedy::Authorise),
        ("404 Not Found", Remedy::Reconfigure),
        ("405 Method Not Allowed", Remedy::Reconfigure),
        ("410 Gone", Remedy::Reconfigure),
        ("429 Too Many Requests", Remedy::Wait(Some(Duration::from_secs(9)))),
        ("500 Internal Server Error", Remedy::Retry),
        ("502 Bad Gateway", Remedy::Retry),
        ("503 Service Unavailable", Remedy::Wait(Some(Duration::from_secs(9)))),
        ("204 No Content", Remedy::Repair),
        ("304 Not Modified", Remedy::Repair),
        ("418 I'm a teapot", Remedy::Repair),
    ] {
        let failure =
            failure_of(move || Reply::http(status, &["retry-after: 9"], b"canary-body")).await;
        assert_eq!(failure.remedy, remedy, "{status}");
        assert!(failure.message.contains(&status[..3]), "{status}: {failure}");
    }
}

#[tokio::test]
async fn answers_that_are_no_snapshot_are_refused() {
    let failure = failure_of(|| Reply::http("200 OK", &[], b"<html>canary</html>")).await;
    assert_eq!(failure.remedy, Remedy::Repair);
    assert!(failure.message.contains("web page"), "{failure}");
    for body in ["", "{}", "\"canary", "\u{feff}{}", "null"] {
        let failure = failure_of(|| Reply::http("200 OK", &[], body.as_bytes())).await;
        assert_eq!(failure.remedy, Remedy::Repair, "{body:?}");
    }
}

#[tokio::test]
async fn connections_that_break_are_told_apart() {
    let refused = {
        let server = Server::http(|_| Reply::Hangup).await;
        server.url()
    };
    tokio::task::yield_now().await;
    let failure = fetch(config(refused)).await.unwrap_err();
    assert_eq!((failure.remedy, &*failure.message), (Remedy::Retry, "the connection was refused"));

    let hangup = failure_of(|| Reply::Hangup).await;
    assert_eq!(
        (hangup.remedy, &*hangup.message),
        (Remedy::Retry, "the connection ended too early")
    );
    let garbage = failure_of(|| Reply::Bytes(b"SSH-2.0-OpenSSH\r\n".to_vec())).await;
    assert!(garbage.message.contains("not understood as HTTP"), "{garbage}");

    let cut = failure_of(|| {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", SNAPSHOT.len());
        Reply::Bytes([head.as_bytes(), &SNAPSHOT.as_bytes()[..40]].concat())
    })
    .await;
    assert_eq!((cut.remedy, &*cut.message), (Remedy::Retry, "the connection ended too early"));
}

#[tokio::test]
async fn a_body_over_the_cap_is_not_read() {
    let announced = failure_of(|| {
        Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 33554433\r\n\r\n".to_vec())
    })
    .await;
    assert_eq!(announced.message, "the answer is larger than 32 MiB");
    let unannounced = failure_of(|| {
        let mut bytes = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
        bytes.resize(33 * 1024 * 1024, b' ');
        Reply::Bytes(bytes)
    })
    .await;
    assert_eq!(unannounced.message, "the answer is larger than 32 MiB");
}

#[tokio::test]
async fn redirects_stay_within_the_origin() {
    let other = Server::http(|_| Reply::http("200 OK", &[], SNAPSHOT.as_bytes())).await;
    let location = format!("location: {}/api/v1/snapshot", other.url());
    let server = Server::http(move |_| Reply::http("302 Found", &[&location], b"")).await;
    let failure = fetch(config(server.url())).await.unwrap_err();
    assert_eq!(failure.remedy, Remedy::Reconfigure);
    assert!(failure.message.contains("another server"), "{failure}");
    assert!(other.requests().is_empty(), "the token went to another origin");

    let server = Server::http(|request| match request.line() {
        "GET /moved" => Reply::http("200 OK", &[], SNAPSHOT.as_bytes()),
        _ => Reply::http("307 Temporary Redirect", &["location: /moved"], b""),
    })
    .await;
    assert!(fetch(config(server.url())).await.is_ok());

    let circle =
        failure_of(|| Reply::http("302 Found", &["location: /api/v1/snapshot"], b"")).await;
    assert!(circle.message.contains("again and again"), "{circle}");
}

#[tokio::test]
async fn certificates_are_verified() {
    let authority = Authority::default();
    let trusted = Tls { authorities: Some(authority.pem()), ..Tls::default() };
    for (host, validity, tls, expected) in [
        ("127.0.0.1", Validity::Now, trusted.clone(), None),
        ("127.0.0.1", Validity::Now, Tls::default(), Some("not trusted")),
        ("127.0.0.1", Validity::Expired, trusted.clone(), Some("expired")),
        ("127.0.0.1", Validity::NotYet, trusted.clone(), Some("not valid yet")),
        ("example.com", Validity::Now, trusted.clone(), Some("another host name")),
    ] {
        let identity = authority.issue(host, validity);
        let server =
            Server::https(identity.server(), |_| Reply::http("200 OK", &[], SNAPSHOT.as_bytes()))
                .await;
        let outcome = fetch(ServiceConfig { tls, ..config(server.url()) }).await;
        match (outcome, expected) {
            (Ok(_), None) => {}
            (Err(failure), Some(words)) => {
                assert_eq!(failure.remedy, Remedy::Reconfigure);
                assert!(failure.message.contains(words), "{failure}");
                assert!(server.requests().is_empty(), "the token was sent");
            }
            (outcome, expected) => panic!("{outcome:?}, expected {expected:?}"),
        }
    }
}

#[tokio::test]
async fn authorities_from_the_environment_join_the_built_in_ones() {
    let authority = Authority::default();
    let identity = authority.issue("127.0.0.1", Validity::Now);
    let server =
        Server::https(identity.server(), |_| Reply::http("200 OK", &[], SNAPSHOT.as_bytes())).await;
    let tls = Tls { extra_authorities: Some(authority.pem()), ..Tls::default() };
    assert!(fetch(ServiceConfig { tls, ..config(server.url()) }).await.is_ok());
}

#[tokio::test]
async fn a_client_certificate_is_shown_when_given() {
    let authority = Authority::default();
    let server_identity = authority.issue("127.0.0.1", Validity::Now);
    let server = Server::https(authority.server_for_known_clients(&server_identity), |_| {
        Reply::http("200 OK", &[], SNAPSHOT.as_bytes())
    })
    .await;
    let client = authority.issue("engine", Validity::Now);
    let tls = |identity| Tls { authorities: Some(authority.pem()), identity, ..Tls::default() };
    let key = Zeroizing::new(client.key_pem());
    let known = tls(Some((client.certificate_pem(), key)));
    assert!(fetch(ServiceConfig { tls: known, ..config(server.url()) }).await.is_ok());
    assert!(fetch(ServiceConfig { tls: tls(None), ..config(server.url()) }).await.is_err());
}

#[tokio::test]
async fn http_and_https_mixed_up_are_said_so() {
    let plain = Server::http(|_| Reply::http("200 OK", &[], b"")).await;
    let url = plain.url().replace("http:", "https:");
    let failure = fetch(config(url)).await.unwrap_err();
    assert!(failure.message.contains("no TLS"), "{failure}");
}

#[tokio::test]
async fn unusable_certificates_are_refused_before_anything_is_sent() {
    let authority = Authority::default();
    let one = authority.issue("a", Validity::Now);
    let other = authority.issue("b", Validity::Now);
    let identity = |certificate: String, key: String| Tls {
        identity: Some((certificate, Zeroizing::new(key))),
        ..Tls::default()
    };
    for (tls, words) in [
        (Tls { authorities: Some("canary".into()), ..Tls::default() }, "CA certificate"),
        (identity("canary".into(), one.key_pem()), "client certificate"),
        (identity(one.certificate_pem(), "canary".into()), "client key"),
        (identity(one.certificate_pem(), other.key_pem()), "does not go with"),
    ] {
        let failure =
            fetch(ServiceConfig { tls, ..config("https://127.0.0.1:9".into()) }).await.unwrap_err();
        assert_eq!(failure.remedy, Remedy::Reconfigure);
        assert!(
            failure.message.contains(words) && !failure.message.contains("canary"),
            "{failure}"
        );
    }
}
