//! Access tokens, in the header `Authorization: Bearer smt_…`.

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use secret_manager_manager::{Access, Actor, Caller};

use super::caller;
use crate::error::{Code, Problem};
use crate::shared::Shared;

/// What the request's access token opens, and the token as the one who asks.
pub(crate) struct AccessToken {
    pub(crate) access: Access,
    pub(crate) caller: Caller,
}

impl FromRequestParts<Shared> for AccessToken {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let token = bearer(parts)?;
        let access = shared.manager.authenticate(token).await?;
        tracing::debug!(token = %access.token(), "authenticated");
        let actor = Actor::Token { id: access.token().clone(), name: access.name().to_owned() };
        Ok(Self { access, caller: caller(parts, actor) })
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
