//! What the browser is shown on its way: to the provider, on to the page, or why not.
//!
//! Pages without script and style of their own, under the strictest policy; the codes in their
//! address are told to nobody.

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION,
    REFERRER_POLICY, SET_COOKIE, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::Response;
use axum_extra::extract::cookie::{Cookie, SameSite};
use openidconnect::DiscoveryError;
use secret_manager_manager::Refusal;

use super::client::HttpError;
use super::language::Language;
use super::ticket::COOKIE;
use crate::auth::session;

const HEADERS: [(HeaderName, &str); 6] = [
    (CONTENT_TYPE, "text/html; charset=utf-8"),
    (CACHE_CONTROL, "no-store"),
    (VARY, "accept-language"),
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// Why somebody isn't signed in. What only the operator can use goes to the log, where the failure
/// is made; the person reads what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// No ticket, or one for another attempt.
    BeginAgain,
    CodeRefused,
    RefusedThere,
    Refused(Refusal),
    Unreachable,
    Untrusted,
    Internal,
}

impl Failure {
    pub(super) fn code_refused(error: &str) -> Self {
        tracing::warn!(error, "the OpenID provider refused a code");
        Self::CodeRefused
    }

    pub(super) fn refused_there(error: &str) -> Self {
        // Whoever sends the browser here chooses it, so no more than what codes look like.
        let code: String = error
            .chars()
            .filter(|character| character.is_ascii_alphanumeric() || *character == '_')
            .take(64)
            .collect();
        tracing::info!(error = code, "the OpenID provider didn't sign somebody in");
        Self::RefusedThere
    }

    pub(super) fn unreachable(error: &HttpError) -> Self {
        tracing::warn!(%error, "the OpenID provider can't be reached");
        Self::Unreachable
    }

    pub(super) fn untrusted(why: &str) -> Self {
        tracing::warn!(why, "an answer of the OpenID provider is not trusted");
        Self::Untrusted
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

    fn status(self) -> StatusCode {
        match self {
            Self::BeginAgain | Self::CodeRefused => StatusCode::BAD_REQUEST,
            Self::RefusedThere | Self::Refused(_) => StatusCode::FORBIDDEN,
            Self::Unreachable | Self::Untrusted => StatusCode::BAD_GATEWAY,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
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
pub(super) fn go_on(language: Language, next: &str, token: Option<&str>) -> Response {
    let next = escaped(next);
    let mut response = page(
        language,
        StatusCode::OK,
        language.signed_in(),
        &format!("<meta http-equiv=\"refresh\" content=\"0; url={next}\">"),
        &format!("<p><a href=\"{next}\">{}</a></p>", language.go_on()),
    );
    if let Some(token) = token {
        session::begin(response.headers_mut(), token);
    }
    take_ticket(&mut response);
    response
}

pub(super) fn failed(language: Language, failure: Failure) -> Response {
    let title = language.not_signed_in();
    let mut response = page(
        language,
        failure.status(),
        title,
        "",
        &format!(
            "<h1>{title}</h1><p>{}</p><p><a href=\"/\">{}</a></p>",
            escaped(language.failure(failure)),
            language.back()
        ),
    );
    take_ticket(&mut response);
    response
}

fn page(language: Language, status: StatusCode, title: &str, head: &str, body: &str) -> Response {
    let text = format!(
        "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <title>{title} – Secret Manager</title>{head}</head><body><main>{body}</main></body></html>\n",
        language.code()
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
