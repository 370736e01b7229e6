//! The address of the service as the person who asks sees it, for links.

use axum::extract::FromRequestParts;
use axum::http::header::{HOST, HeaderMap, HeaderName, ORIGIN};
use axum::http::request::Parts;
use zeroize::Zeroizing;

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
    /// What stands behind `#` never reaches a server, and so no log.
    pub(crate) fn with_fragment(&self, path: &str, secret: &str) -> Zeroizing<String> {
        let length = self.0.len() + path.len() + 1 + secret.len();
        let mut url = Zeroizing::new(String::with_capacity(length));
        url.push_str(&self.0);
        url.push_str(path);
        url.push('#');
        url.push_str(secret);
        url
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
