//! Somebody who uses the service over HTTP.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::http::{Reply, Service, exchange_with_body};
use crate::program::Running;

pub(crate) const PASSWORD: &str = "correct battery horse";

/// Holds a session, or none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Person {
    pub(crate) cookie: Option<String>,
}

/// Something that answers HTTP.
pub(crate) trait Answers {
    fn at(&self) -> SocketAddr;
}

impl Answers for Service {
    fn at(&self) -> SocketAddr {
        self.address
    }
}

impl Answers for Running {
    fn at(&self) -> SocketAddr {
        self.address().parse().unwrap()
    }
}

/// One request, as it is put together.
pub(crate) struct Ask {
    address: SocketAddr,
    line: String,
    headers: Vec<String>,
    body: Vec<u8>,
}

impl Person {
    /// Without a session.
    pub(crate) fn nobody() -> Self {
        Self::default()
    }

    /// The person that this answer signed in.
    pub(crate) fn of(reply: &Reply) -> Self {
        assert_eq!(reply.status, 201, "{}", reply.body);
        let cookie = reply.header("set-cookie").unwrap();
        Self { cookie: cookie.split(';').next().map(str::to_owned) }
    }

    /// `line` is a method and a path under /api/v1.
    pub(crate) fn ask(&self, service: &impl Answers, line: &str) -> Ask {
        let (method, path) = line.split_once(' ').unwrap();
        self.ask_at(service, &format!("{method} /api/v1{path}"))
    }

    /// `line` is a method and a whole path.
    pub(crate) fn ask_at(&self, service: &impl Answers, line: &str) -> Ask {
        let address = service.at();
        let ask = Ask { address, line: line.to_owned(), headers: Vec::new(), body: Vec::new() };
        match &self.cookie {
            Some(cookie) => ask.header(&format!("Cookie: {cookie}")),
            None => ask,
        }
    }

    pub(crate) async fn get(&self, service: &impl Answers, path: &str) -> Value {
        let reply = self.ask(service, &format!("GET {path}")).send().await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        reply.json()
    }
}

impl Ask {
    pub(crate) fn header(mut self, header: &str) -> Self {
        self.headers.push(header.to_owned());
        self
    }

    pub(crate) fn json(self, body: Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub(crate) fn body(mut self, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header(&format!("Content-Type: {kind}"))
    }

    pub(crate) async fn send(self) -> Reply {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let headers: Vec<_> = self.headers.iter().map(String::as_str).collect();
        exchange_with_body(stream, &self.line, &headers, &self.body).await
    }
}

impl Service {
    /// The first administrator, `anna`.
    pub(crate) async fn set_up(&self) -> Person {
        let code = self.manager.setup_code().await.unwrap().unwrap();
        let body = json!({"code": code.expose(), "name": "anna", "password": PASSWORD});
        Person::of(&Person::nobody().ask(self, "POST /setup").json(body).send().await)
    }

    /// Somebody whom the administrator invites.
    pub(crate) async fn invite(&self, administrator: &Person, name: &str) -> Person {
        let reply = administrator.ask(self, "POST /users").json(json!({"name": name})).send().await;
        assert_eq!(reply.status, 201, "{}", reply.body);
        let code = reply.json()["invitation"]["code"].as_str().unwrap().to_owned();
        let body = json!({"code": code, "password": PASSWORD});
        let accept = Person::nobody().ask(self, "POST /invitations/accept").json(body);
        Person::of(&accept.send().await)
    }

    pub(crate) async fn sign_in(&self, name: &str, password: &str) -> Reply {
        let body = json!({"name": name, "password": password});
        Person::nobody().ask(self, "POST /session").json(body).send().await
    }
}
