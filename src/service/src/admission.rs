//! What is asked of every request of a person's before anything else: that no page of another site
//! sent it, and that its address doesn't ask too often without being signed in.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::StatusCode;
use axum::http::header::{HOST, HeaderMap, HeaderName, ORIGIN};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use axum_extra::extract::cookie::CookieJar;

use crate::auth::session::COOKIE;
use crate::error::{Code, Problem};
use crate::request;
use crate::shared::Shared;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Around all addresses that people use. Who is signed in may ask as often as the machine can answer:
/// a program that changes thousands of secrets is nothing to be kept out.
pub(crate) async fn admit(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let address = request::address(request.extensions());
    let count = || match (&shared.limiters.people, address) {
        (Some(limiter), Some(address)) => limiter.check(address),
        _ => Ok(()),
    };
    let shows_session = CookieJar::from_headers(request.headers()).get(COOKIE).is_some();
    if !shows_session && let Err(problem) = count() {
        return problem.into_response();
    }
    if !request.method().is_safe() && is_cross_site(request.headers()) {
        return Problem::from(Code::CrossSite).into_response();
    }
    let response = next.run(request).await;
    // A cookie that is no session is no way around the count.
    if shows_session
        && response.status() == StatusCode::UNAUTHORIZED
        && let Err(problem) = count()
    {
        return problem.into_response();
    }
    response
}

/// A handler that takes this among its arguments can be used for guessing; see [`crate::rate`].
pub(crate) struct Guess;

impl FromRequestParts<Shared> for Guess {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let address = request::address(&parts.extensions);
        if let (Some(limiter), Some(address)) = (&shared.limiters.guesses, address) {
            limiter.check(address)?;
        }
        Ok(Self)
    }
}

/// Browsers say where a request comes from; programs that are none don't, and they have no cookie
/// that somebody else could make use of. `Sec-Fetch-Site` can't be set by a page. Where a browser
/// doesn't know it (or leaves it out, over plain HTTP to other machines), `Origin` has to name this
/// very host.
fn is_cross_site(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get(FETCH_SITE) {
        return !matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    let Some(origin) = headers.get(ORIGIN) else { return false };
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    !matches!((origin, host), (Some((_, origin)), Some(host)) if origin.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cross_site(headers: &[(HeaderName, &'static str)]) -> bool {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap()));
        is_cross_site(&headers.collect())
    }

    #[test]
    fn only_the_services_own_pages_and_programs_are_let_in() {
        let host = (HOST, "secrets.example:8200");
        for site in ["same-origin", "none"] {
            // What the browser says of itself has more weight than what it may have left out.
            assert!(!cross_site(&[(FETCH_SITE, site), (ORIGIN, "null")]), "{site}");
        }
        for site in ["cross-site", "same-site", "", "Same-Origin"] {
            let own = (ORIGIN, "https://secrets.example:8200");
            assert!(cross_site(&[(FETCH_SITE, site), own, host.clone()]), "{site}");
        }
        assert!(!cross_site(std::slice::from_ref(&host)));
        for origin in ["http://secrets.example:8200", "https://SECRETS.example:8200"] {
            assert!(!cross_site(&[(ORIGIN, origin), host.clone()]), "{origin}");
        }
        for origin in ["null", "", "https://secrets.example", "https://evil.example", "x"] {
            assert!(cross_site(&[(ORIGIN, origin), host.clone()]), "{origin}");
        }
        assert!(cross_site(&[(ORIGIN, "https://secrets.example")]));
    }
}
