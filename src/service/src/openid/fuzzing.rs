//! See `fuzzing.rs` of the crate.

use axum::http::HeaderMap;
use axum::http::header::{COOKIE, HeaderValue};
use secret_manager_manager::Arrival;

use super::provider::Secrets;
use super::ticket::{Begun, Tickets};
use super::{OpenIdConfig, provider, within_the_page};

/// Tickets of one process.
pub struct Sealed(Tickets);

impl Sealed {
    pub fn new() -> Self {
        Self(Tickets::new().expect("randomness"))
    }

    /// The header of a browser that began a sign-in.
    pub fn cookie(&self, next: &str, state: &str) -> String {
        let secrets =
            Secrets { state: state.into(), nonce: String::new(), verifier: String::new() };
        let begun = Begun { next: within_the_page(next), link_to: None };
        let Ok(cookie) = self.0.seal(begun, secrets) else { panic!("it could not be sealed") };
        cookie.stripped().to_string()
    }

    /// Where to go on, when this header brings the ticket that the state belongs to.
    pub fn next(&self, header: &[u8], state: &str) -> Option<String> {
        let header = HeaderValue::from_bytes(header).ok()?;
        let headers = HeaderMap::from_iter([(COOKIE, header)]);
        self.0.open(&headers, state).ok().map(|ticket| ticket.begun.next)
    }
}

impl Default for Sealed {
    fn default() -> Self {
        Self::new()
    }
}

/// Whom a provider's answer to a code stands for.
pub fn arrival(
    config: &OpenIdConfig,
    metadata: &str,
    keys: &str,
    answer: &[u8],
    nonce: &str,
) -> Option<Arrival> {
    provider::fuzzing::arrival(config, metadata, keys, answer, nonce)
}
