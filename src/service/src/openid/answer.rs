//! What the browser is shown on its way: to the provider, on to the page, or why not.
//!
//! Pages without script and style of their own, under the strictest policy; the codes in their
//! address are told to nobody.

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION,
    REFERRER_POLICY, SET_COOKIE, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::Response;
use axum_extra::extract::cookie::{Cookie, SameSite};
use openidconnect::DiscoveryError;
use secret_manager_manager::Refusal;

use super::client::HttpError;
use super::ticket::COOKIE;
use crate::auth::session;
use crate::error::sentence;

const HEADERS: [(HeaderName, &str); 5] = [
    (CONTENT_TYPE, "text/html; charset=utf-8"),
    (CACHE_CONTROL, "no-store"),
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// Why somebody isn't signed in. What the person reads says what to do.
pub(super) struct Failure {
    status: StatusCode,
    text: String,
}

impl Failure {
    fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }

    /// No ticket, or one for another attempt.
    pub(super) fn begin_again() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "This sign-in was begun in another browser or too long ago. Please begin again.",
        )
    }

    pub(super) fn code_refused(error: &str) -> Self {
        tracing::warn!(error, "the OpenID provider refused a code");
        Self::new(
            StatusCode::BAD_REQUEST,
            "The provider doesn't accept this sign-in any more. Please begin again.",
        )
    }

    pub(super) fn refused_there(error: &str) -> Self {
        // Whoever sends the browser here chooses it, so no more than what codes look like.
        let code: String = error
            .chars()
            .filter(|character| character.is_ascii_alphanumeric() || *character == '_')
            .take(64)
            .collect();
        tracing::info!(error = code, "the OpenID provider didn't sign somebody in");
        Self::new(StatusCode::FORBIDDEN, "The provider did not sign you in.")
    }

    pub(super) fn refused(refusal: Refusal) -> Self {
        Self::new(StatusCode::FORBIDDEN, sentence(&refusal))
    }

    pub(super) fn unreachable(error: &HttpError) -> Self {
        tracing::warn!(%error, "the OpenID provider can't be reached");
        Self::still_unreachable()
    }

    pub(super) fn still_unreachable() -> Self {
        Self::new(
            StatusCode::BAD_GATEWAY,
            "The provider can't be reached at the moment. Please try again later, or sign in with a \
             password.",
        )
    }

    pub(super) fn not_discovered(error: &DiscoveryError<HttpError>) -> Self {
        match error {
            DiscoveryError::Request(error) => Self::unreachable(error),
            DiscoveryError::Response(status, ..) => Self::unreachable(&HttpError::Failed(format!(
                "it answered with {status} when it was asked for its configuration"
            ))),
            DiscoveryError::Validation(why) => Self::untrusted(why),
            _ => Self::untrusted("its configuration was not understood"),
        }
    }

    /// The log says why; whoever sent this here learns nothing from it.
    pub(super) fn untrusted(why: &str) -> Self {
        tracing::warn!(why, "an answer of the OpenID provider is not trusted");
        Self::new(
            StatusCode::BAD_GATEWAY,
            "The provider's answer can't be trusted, so you are not signed in. Please begin again; if \
             it happens again, an administrator finds the reason in the log.",
        )
    }

    pub(super) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something failed here. Please try again later.",
        )
    }
}

pub(super) fn to_provider(url: &str, ticket: &Cookie<'_>) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers = response.headers_mut();
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.extend(HeaderValue::from_str(url).map(|url| (LOCATION, url)));
    set(&mut response, ticket);
    response
}

/// Goes on by itself, from a page of the service; `token` begins a session.
pub(super) fn go_on(next: &str, token: Option<&str>) -> Response {
    let next = escaped(next);
    let mut response = page(
        StatusCode::OK,
        "Signed in",
        &format!("<meta http-equiv=\"refresh\" content=\"0; url={next}\">"),
        &format!("<p>You are signed in. <a href=\"{next}\">Go on</a></p>"),
    );
    if let Some(token) = token {
        session::begin(response.headers_mut(), token);
    }
    take_ticket(&mut response);
    response
}

pub(super) fn failed(failure: &Failure) -> Response {
    let mut response = page(
        failure.status,
        "Not signed in",
        "",
        &format!(
            "<h1>Not signed in</h1><p>{}</p><p><a href=\"/\">Back to the Secret Manager</a></p>",
            escaped(&failure.text)
        ),
    );
    take_ticket(&mut response);
    response
}

fn page(status: StatusCode, title: &str, head: &str, body: &str) -> Response {
    let text = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <title>{title} – Secret Manager</title>{head}</head><body><main>{body}</main></body></html>\n"
    );
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value)));
    response.headers_mut().extend(headers);
    response
}

/// A ticket is good for one way back.
fn take_ticket(response: &mut Response) {
    let mut cookie = Cookie::build((COOKIE, ""))
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .build();
    cookie.make_removal();
    set(response, &cookie);
}

fn set(response: &mut Response, cookie: &Cookie<'_>) {
    if let Ok(mut cookie) = HeaderValue::from_str(&cookie.to_string()) {
        cookie.set_sensitive(true);
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
