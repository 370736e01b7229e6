//! The service source against servers on loopback, and the built-in vault on disk.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod builtin;
mod service;
mod timeouts;
mod watch;

use secret_manager_source::{ServiceConfig, Tls};
use zeroize::Zeroizing;

const SNAPSHOT: &str = r#"{"space":{"id":"s1","name":"demo"},"version":7,
"createdAt":"2024-01-01T00:00:00Z","updatedAt":"2024-01-02T00:00:00Z",
"issuedAt":"2024-01-03T00:00:00Z","secrets":{"KEY":{"type":"text","value":"canary-value",
"version":2,"updatedAt":"2024-01-02T00:00:00Z"}}}"#;

const TOKEN: &str = "canary-token";

fn config(url: String) -> ServiceConfig {
    ServiceConfig {
        url,
        token: Zeroizing::new(TOKEN.to_owned()),
        allow_http: false,
        tls: Tls::default(),
    }
}
