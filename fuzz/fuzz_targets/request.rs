//! Whole requests to the service, with everything behind them: bodies, headers, cookies, tokens, paths,
//! queries. An input is a request as it stands on the wire, with `\n` for line ends; SESSION and TOKEN
//! in it stand for an owner's session and an access token.
//!
//! What has to hold: no request is answered with an internal error; without a session or token nothing
//! but what everybody may see is answered; problems have the documented form and quote no value.

#![no_main]

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, Uri};
use libfuzzer_sys::fuzz_target;
use secret_manager_fuzz::{headers, replaced};
use secret_manager_manager::{
    Caller, Change, Edit, Environment, Manager, Password, PasswordCost, Precondition, Rules, Same,
    key,
};
use secret_manager_model::{SecretName, SecretValue};
use secret_manager_service::fuzzing::Service;
use secret_manager_service::{Config, Rate, Rates};
use secret_manager_store::{Sqlite, SqliteOptions};
use tokio::runtime::Runtime;

/// A service with somebody who may do everything.
struct World {
    runtime: Runtime,
    service: Service,
    manager: Arc<Manager>,
    session: String,
    token: String,
    _directory: tempfile::TempDir,
}

static WORLD: Mutex<Option<World>> = Mutex::new(None);

/// What is answered to everybody.
const FOR_EVERYBODY: [&str; 8] = [
    "/healthz",
    "/readyz",
    "/metrics",
    "/api/v1/openapi.json",
    "/api/v1/service",
    "/api/v1/session",
    "/api/v1/setup",
    "/api/v1/invitations",
];

fuzz_target!(|text: &[u8]| {
    let mut world = WORLD.lock().unwrap_or_else(PoisonError::into_inner);
    let World { runtime, service, manager, session, token, .. } =
        world.get_or_insert_with(World::new);
    let wire =
        replaced(&replaced(text, b"SESSION", session.as_bytes()), b"TOKEN", token.as_bytes());
    let Some(request) = parse(&wire) else { return };
    let knows = wire != text;
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let canary = text.windows(6).any(|part| part == b"canary");

    let (status, response_headers, body) = runtime.block_on(async {
        let peer = "127.0.0.1".parse().expect("an address");
        let (parts, body) = service.answer(request, peer).await.into_parts();
        let kind = parts.headers.get("content-type").cloned();
        // A stream of events doesn't end.
        let endless = kind.is_some_and(|kind| kind == "text/event-stream");
        let body = if endless { Body::empty() } else { body };
        let body = axum::body::to_bytes(body, 64 << 20).await.expect("a body");
        (parts.status, parts.headers, body)
    });

    assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR, "{method} {path}");
    assert!(response_headers.contains_key("cache-control"));
    assert!(response_headers.contains_key("x-request-id"));
    if status.is_success() && path.starts_with("/api") && !knows {
        assert!(
            FOR_EVERYBODY.iter().any(|known| path.starts_with(known)),
            "{method} {path}: {status}"
        );
    }
    if status.is_client_error() && method != Method::HEAD {
        assert_eq!(response_headers["content-type"], "application/problem+json", "{method} {path}");
        let problem: serde_json::Value = serde_json::from_slice(&body).expect("a problem");
        assert_eq!(problem["status"], status.as_u16());
        assert!(problem["code"].is_string() && problem["detail"].is_string());
        let detail = problem["detail"].as_str().unwrap_or_default();
        // Names of secrets are told where many are sent.
        let many = method == Method::PATCH || path.ends_with("/import");
        assert!(many || !canary || !detail.contains("canary"), "{method} {path}: {detail}");
    }
    if !method.is_safe() && status.is_success() {
        // Something may be gone that the next input needs.
        let whole = runtime.block_on(async {
            let token = manager.authenticate(token).await.is_ok();
            let session = manager.authenticate_session(session).await;
            match session {
                Ok(session) => token && manager.space_of(&session.user.id, "plant").await.is_ok(),
                Err(_) => false,
            }
        });
        if !whole {
            *world = None;
        }
    }
});

impl World {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("test.db");
        let (service, manager, session, token) = runtime.block_on(async {
            let store = Sqlite::open(&path, SqliteOptions::default()).await.expect("a store");
            let kek =
                key::from_base64("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").expect("a key");
            let manager = Manager::open(Arc::new(store), kek, Environment::system()).await;
            let password_cost = PasswordCost { memory_kib: 8, passes: 1, lanes: 1 };
            let rules = Rules { password_cost, ..Rules::default() };
            let manager = Arc::new(manager.expect("a manager").with_rules(rules));
            let by = Caller::command_line();
            let space = manager.create_space("plant", &by).await.expect("a space");
            let token = manager.create_token(&space.id, "", None, &by).await.expect("a token");
            let code = manager.setup_code().await.expect("a code").expect("nobody is there yet");
            let password = Password::new("correct battery horse");
            let session = manager.set_up(code.expose(), "anna", None, &password, &by).await;
            for name in ["A", "B"] {
                let edit = Edit {
                    name: SecretName::parse(name).expect("a name"),
                    change: Change::Put(SecretValue::text("value").expect("a value")),
                    precondition: Precondition::Any,
                };
                manager.apply(&space.id, vec![edit], Same::Write, &by).await.expect("an edit");
            }
            let rate = Rate { burst: NonZeroU32::MIN, every: Duration::ZERO };
            let config = Config {
                rates: Rates { guesses: rate, people: rate },
                ..Config::new(Arc::clone(&manager))
            };
            let session = session.expect("a session").expose().to_owned();
            (Service::new(config), manager, session, token.expose().to_owned())
        });
        Self { runtime, service, manager, session, token, _directory: directory }
    }
}

fn parse(wire: &[u8]) -> Option<Request<Body>> {
    let (head, body) = match wire.windows(2).position(|pair| pair == b"\n\n") {
        Some(end) => (&wire[..end], &wire[end + 2..]),
        None => (wire, &b""[..]),
    };
    let mut lines = head.splitn(2, |byte| *byte == b'\n');
    let line = std::str::from_utf8(lines.next()?).ok()?;
    let (method, address) = line.split_once(' ')?;
    let mut request = Request::new(Body::from(body.to_vec()));
    *request.method_mut() = Method::from_bytes(method.as_bytes()).ok()?;
    *request.uri_mut() = address.parse::<Uri>().ok().filter(|uri| uri.path().starts_with('/'))?;
    *request.headers_mut() = headers(lines.next().unwrap_or_default())?;
    Some(request)
}
