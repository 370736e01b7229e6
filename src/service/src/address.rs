//! The address of the service as the person who asks sees it, for links.

use axum::extract::FromRequestParts;
use axum::http::header::{HOST, HeaderMap, HeaderName, ORIGIN};
use axum::http::request::Parts;

use crate::error::Problem;
use crate::shared::Shared;

/// Scheme, host and port, such as `https://secrets.example`.
///
/// What the operator says (`--public-url`) counts. Else a browser tells it in `Origin`, also through a proxy that does TLS; [`crate::admission`] made sure
/// that it is not another site's. Otherwise it is what the request was sent to. Whoever asks gets
/// only links for themselves, so nobody else can be sent astray by a header.
pub(crate) struct PublicAddress(String);

impl FromRequestParts<Shared> for PublicAddress {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        if let Some(address) = &shared.public_url {
            return Ok(Self(address.trim_end_matches('/').to_owned()));
        }
        let text = |name: HeaderName| text(&parts.headers, name);
        let origin = text(ORIGIN).filter(|origin| origin.contains("://"));
        Ok(Self(origin.map_or_else(
            || {
                let scheme = if shared.tls { "https" } else { "http" };
                format!("{scheme}://{}", text(HOST).unwrap_or("localhost"))
            },
            str::to_owned,
        )))
    }
}

impl PublicAddress {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
