//! A service in this process and the smallest client that talks to it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use secret_manager_manager::{
    Caller, Change, Edit, Environment, Manager, PasswordCost, Precondition, Rules, Same, Space, key,
};
use secret_manager_model::{SecretName, SecretValue};
use secret_manager_service::{Config, serve};
use secret_manager_store::{Sqlite, SqliteOptions};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) struct Service {
    pub(crate) manager: Arc<Manager>,
    pub(crate) space: Space,
    pub(crate) token: String,
    pub(crate) address: SocketAddr,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) stopped: JoinHandle<()>,
    directory: tempfile::TempDir,
}

impl Service {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// With one space that holds the text secret `A`, and a token for it.
    pub(crate) async fn start_with(adapt: impl FnOnce(&mut Config)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("test.db");
        let store = Sqlite::open(&path, SqliteOptions::default()).await.unwrap();
        let kek = key::from_base64("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap();
        let manager = Manager::open(Arc::new(store), kek, Environment::system()).await.unwrap();
        // Hashing passwords properly is tested elsewhere; here it would only take long.
        let password_cost = PasswordCost { memory_kib: 8, passes: 1, lanes: 1 };
        let manager = manager.with_rules(Rules { password_cost, ..Rules::default() });
        let manager = Arc::new(manager);
        let space = manager.create_space("plant", &Caller::command_line()).await.unwrap();
        let token = manager
            .create_token(&space.id, "", None, &Caller::command_line())
            .await
            .unwrap()
            .expose()
            .to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut config = Config::new(Arc::clone(&manager));
        adapt(&mut config);
        let (stop, told) = oneshot::channel();
        let stopped = tokio::spawn(serve(listener, config, async {
            let _ = told.await;
        }));
        let service = Self { manager, space, token, address, stop, stopped, directory };
        service.put("A", "value of A").await;
        service
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.directory.path().join("test.db")
    }

    pub(crate) async fn put(&self, name: &str, value: &str) {
        let edit = Edit {
            name: SecretName::parse(name).unwrap(),
            change: Change::Put(SecretValue::text(value).unwrap()),
            precondition: Precondition::Any,
        };
        let by = Caller::command_line();
        self.manager.apply(&self.space.id, vec![edit], Same::Write, &by).await.unwrap();
    }

    /// `GET /api/v1/snapshot` with the token and these headers besides.
    pub(crate) async fn snapshot(&self, headers: &[&str]) -> Reply {
        let authorization = format!("Authorization: Bearer {}", self.token);
        let headers: Vec<_> =
            [authorization.as_str()].into_iter().chain(headers.iter().copied()).collect();
        self.request("GET /api/v1/snapshot", &headers).await
    }

    pub(crate) async fn metrics(&self) -> String {
        self.request("GET /metrics", &[]).await.body
    }

    pub(crate) async fn request(&self, line: &str, headers: &[&str]) -> Reply {
        let stream = TcpStream::connect(self.address).await.unwrap();
        exchange(stream, line, headers).await
    }
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Checks that this is a problem with this status and code.
    pub(crate) fn expect_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert_eq!(problem["code"], code);
        assert_eq!(problem["requestId"].as_str(), self.header("x-request-id"));
        for member in ["type", "title", "detail"] {
            assert!(problem[member].is_string(), "{member}: {problem}");
        }
    }
}

/// One request on a connection of its own.
pub(crate) async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    line: &str,
    headers: &[&str],
) -> Reply {
    exchange_with_body(stream, line, headers, b"").await
}

pub(crate) async fn exchange_with_body(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    line: &str,
    headers: &[&str],
    body: &[u8],
) -> Reply {
    let mut head = format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    if !body.is_empty() {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    for header in headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    // A service that refuses a body early is fine.
    let _ = stream.write_all(body).await;
    let mut reply = Vec::new();
    while !is_event_stream(&reply) && stream.read_buf(&mut reply).await.unwrap() > 0 {}
    let reply = String::from_utf8(reply).unwrap();
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Reply { status, head: head.to_owned(), body: body.to_owned() }
}

/// Those have no end to wait for; their head says enough.
fn is_event_stream(reply: &[u8]) -> bool {
    let Some(end) = reply.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    reply[..end].windows(17).any(|window| window == b"text/event-stream")
}
