//! Errors of the HTTP API: RFC 9457 problem details.
//!
//! Each has two texts: one for the client, which says what to do and nothing about the inside, and
//! one for the log. The request id joins them. A handler only returns the [`Problem`]; the request's
//! middleware, which knows the id, writes both.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use secret_manager_manager::Error;
use serde::Serialize;

/// A kind of error. The code is part of the API: it stays when the texts change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    TokenMissing,
    TokenInvalid,
    NotFound,
    MethodNotAllowed,
    Busy,
    Internal,
}

impl Code {
    fn name(self) -> &'static str {
        match self {
            Self::TokenMissing => "token_missing",
            Self::TokenInvalid => "token_invalid",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Busy => "busy",
            Self::Internal => "internal",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::TokenMissing | Self::TokenInvalid => StatusCode::UNAUTHORIZED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn detail(self) -> &'static str {
        match self {
            Self::TokenMissing => "Send an access token: Authorization: Bearer smt_…",
            Self::TokenInvalid => {
                "The access token is unknown, expired or revoked. Ask for a new one."
            }
            Self::NotFound => "There is nothing at this address.",
            Self::MethodNotAllowed => "This address doesn't answer to this method; see Allow.",
            Self::Busy => "The service is busy. Try again in a moment.",
            Self::Internal => {
                "The service could not answer. Its log says why, under this request's id."
            }
        }
    }

    fn header(self) -> Option<(axum::http::HeaderName, HeaderValue)> {
        match self {
            // RFC 6750, section 3: no error code when no token was sent.
            Self::TokenMissing => Some((
                WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"Secret Manager\""),
            )),
            Self::TokenInvalid => Some((
                WWW_AUTHENTICATE,
                HeaderValue::from_static(
                    "Bearer realm=\"Secret Manager\", error=\"invalid_token\"",
                ),
            )),
            Self::Busy => Some((RETRY_AFTER, HeaderValue::from_static("1"))),
            _ => None,
        }
    }
}

/// An error on its way to the client and to the log.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    code: Code,
    /// For the log only.
    cause: Option<String>,
}

impl Problem {
    /// Writes the answer for the client.
    pub(crate) fn render(&self, request_id: &str) -> Response {
        let status = self.code.status();
        let body = Body {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: self.code.detail(),
            code: self.code.name(),
            request_id,
        };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.extend(self.code.header());
        response
    }

    /// Notes in the log what the client isn't told.
    pub(crate) fn log(&self, request_id: &str) {
        let Some(cause) = &self.cause else { return };
        match self.code {
            Code::Internal => tracing::error!(request_id, cause, "a request failed"),
            _ => tracing::warn!(request_id, cause, "a request could not be answered"),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    request_id: &'a str,
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self { code, cause: None }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let code = match error {
            Error::Denied => return Code::TokenInvalid.into(),
            Error::NotFound(_) => return Code::NotFound.into(),
            Error::Busy => Code::Busy,
            // None of the rest can come from reading a snapshot unless something is wrong here.
            Error::NameTaken(_)
            | Error::PreconditionFailed { .. }
            | Error::Invalid(_)
            | Error::TooManySecrets { .. }
            | Error::TooManyBytes { .. }
            | Error::WrongKey { .. }
            | Error::Corrupt(_)
            | Error::Unavailable(_) => Code::Internal,
        };
        Self { code, cause: Some(error.to_string()) }
    }
}

impl IntoResponse for Problem {
    /// Leaves the writing to the middleware, which finds the problem beside the response.
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // In write-ahead mode nothing that a test could do keeps readers out of the database, so this is
    // shown here.
    #[test]
    fn a_busy_database_asks_to_try_again() {
        let response = Problem::from(Error::Busy).render("id");
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[RETRY_AFTER], "1");
    }
}
