//! People's sessions, in a cookie.
//!
//! The cookie's name begins with `__Host-`: browsers then take it only over TLS (or from this very
//! machine), for this host alone and for all of its addresses. `SameSite=Strict` keeps it out of
//! whatever other sites link to or send; scripts can't read it.

use axum::extract::FromRequestParts;
use axum::http::HeaderValue;
use axum::http::header::{HeaderMap, SET_COOKIE};
use axum::http::request::Parts;
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use secret_manager_manager::{Actor, Caller, Session, User};

use super::caller;
use crate::error::{Code, Problem};
use crate::shared::Shared;

pub(crate) const COOKIE: &str = "__Host-session";

/// Somebody who signed in.
pub(crate) struct SignedIn {
    pub(crate) session: Session,
    pub(crate) caller: Caller,
}

/// Somebody who signed in and manages users and makes spaces.
pub(crate) struct Administrator(pub(crate) SignedIn);

impl SignedIn {
    pub(crate) fn user(&self) -> &User {
        &self.session.user
    }
}

impl FromRequestParts<Shared> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let jar = CookieJar::from_headers(&parts.headers);
        let token = jar.get(COOKIE).ok_or(Code::SessionMissing)?;
        let session = shared.manager.authenticate_session(token.value()).await?;
        let actor = Actor::User { id: session.user.id.clone(), name: session.user.name.clone() };
        Ok(Self { session, caller: caller(parts, actor) })
    }
}

impl FromRequestParts<Shared> for Administrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let signed_in = SignedIn::from_request_parts(parts, shared).await?;
        if !signed_in.user().administrator {
            return Err(Code::AdministratorRequired.into());
        }
        Ok(Self(signed_in))
    }
}

/// Gives the browser its session.
pub(crate) fn begin(headers: &mut HeaderMap, token: &str) {
    set(headers, cookie(token));
}

/// Takes it away again.
pub(crate) fn end(headers: &mut HeaderMap) {
    let mut cookie = cookie("");
    cookie.make_removal();
    set(headers, cookie);
}

/// It ends with the browser, and on the service's side when the session does.
fn cookie(token: &str) -> Cookie<'_> {
    Cookie::build((COOKIE, token))
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Strict)
        .build()
}

fn set(headers: &mut HeaderMap, cookie: Cookie<'_>) {
    // Tokens are base64: every character of them may stand in a header.
    if let Ok(mut cookie) = HeaderValue::from_str(&cookie.to_string()) {
        cookie.set_sensitive(true);
        headers.append(SET_COOKIE, cookie);
    }
}
