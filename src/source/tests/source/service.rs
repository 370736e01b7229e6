//! The service source against servers on loopback: every sort of answer has a defined outcome.

use std::time::Duration;

use secret_manager_source::{Config, Failure, Fetched, Remedy, ServiceConfig, Tls, Validator};
use secret_manager_testkit::{Authority, Reply, Server, Validity};
use zeroize::Zeroizing;

use crate::{SNAPSHOT, config};

async fn fetch(config: ServiceConfig) -> Result<Fetched, Failure> {
    fetch_holding(config, None).await
}

async fn fetch_holding(
    config: ServiceConfig,
    held: Option<&Validator>,
) -> Result<Fetched, Failure> {
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

    let again = fetch_holding(config(server.url()), Some(&validator)).await;
    assert!(matches!(again, Ok(Fetched::NotModified)));
    for request in server.requests() {
        assert_eq!(request.line(), "GET /api/v1/snapshot");
        assert_eq!(request.header("authorization"), Some("Bearer canary-token"));
        assert_eq!(request.header("accept-encoding"), None, "compressed answers are not asked for");
    }
}

#[tokio::test]
async fn refusals_are_sorted_by_what_helps() {
    for (status, remedy) in [
        ("401 Unauthorized", Remedy::Authorise),
        ("403 Forbidden", Remedy::Authorise),
        ("404 Not Found", Remedy::Reconfigure),
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
