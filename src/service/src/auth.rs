//! Who asks. A handler that needs a right names it among its arguments; without one it has no way to
//! the data, so a forgotten check doesn't compile.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use secret_manager_manager::{Manager, SpaceId};

use crate::error::{Code, Problem};

/// The space that the request's access token opens.
pub(crate) struct AccessToken(pub(crate) SpaceId);

impl FromRequestParts<Arc<Manager>> for AccessToken {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        manager: &Arc<Manager>,
    ) -> Result<Self, Problem> {
        let token = bearer(parts)?;
        let access = manager.authenticate(token).await?;
        tracing::debug!(token = %access.token, "authenticated");
        Ok(Self(access.space))
    }
}

fn bearer(parts: &Parts) -> Result<&str, Problem> {
    let mut headers = parts.headers.get_all(AUTHORIZATION).iter();
    let Some(header) = headers.next() else { return Err(Code::TokenMissing.into()) };
    if headers.next().is_some() {
        return Err(Code::TokenInvalid.into());
    }
    let text = header.to_str().map_err(|_| Problem::from(Code::TokenInvalid))?;
    match text.split_once(' ') {
        // Names of schemes are case-insensitive (RFC 9110, section 11.1).
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => Err(Code::TokenMissing.into()),
    }
}
