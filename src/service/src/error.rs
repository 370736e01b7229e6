//! Errors of the HTTP API: RFC 9457 problem details.
//!
//! Each has two texts: one for the client, which says what to do and nothing about the inside, and
//! one for the log. The request id joins them. A handler only returns the [`Problem`]; the request's
//! middleware, which knows the id, writes both.

mod code;

use std::time::Duration;

use axum::Json;
use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use secret_manager_manager::{Error, Thing};
use serde::Serialize;

pub(crate) use code::Code;

/// An error on its way to the client and to the log. In a box, because every handler's result has
/// room for one.
#[derive(Clone, Debug)]
pub(crate) struct Problem(Box<Content>);

#[derive(Clone, Debug)]
struct Content {
    code: Code,
    /// Instead of the code's own text, where more can be said.
    detail: Option<String>,
    members: Members,
    /// In whole seconds, rounded up.
    retry_after: Option<u64>,
    /// For the log only.
    cause: Option<String>,
}

/// What a client that handles the code wants to know besides (RFC 9457, section 3.2).
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Members {
    /// With `precondition_failed`: the version that there is now, null when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<Option<u64>>,
    /// With `import_invalid`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mistakes: Vec<Mistake>,
}

/// Something in a file that can't be imported; where it stands and why, never what stands there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct Mistake {
    /// The line, where one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<usize>,
    /// The name of the secret, where one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    pub(crate) reason: String,
}

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self::from(code).with(|content| content.detail = Some(detail.into()))
    }

    pub(crate) fn retry_after(code: Code, wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Self::from(code).with(|content| content.retry_after = Some(seconds.max(1)))
    }

    pub(crate) fn import_invalid(mistakes: Vec<Mistake>) -> Self {
        Self::from(Code::ImportInvalid).with(|content| content.members.mistakes = mistakes)
    }

    pub(crate) fn precondition_failed(current: Option<u64>) -> Self {
        Self::from(Code::PreconditionFailed).with(|content| content.members.current = Some(current))
    }

    /// With the name of the secret before the text, where many are sent.
    pub(crate) fn about(self, name: &str) -> Self {
        self.with(|content| {
            let detail = content.detail.take().unwrap_or_else(|| content.code.detail().to_owned());
            content.detail = Some(format!("{name}: {detail}"));
        })
    }

    pub(crate) fn caused_by(code: Code, error: &Error) -> Self {
        Self::from(code).with(|content| content.cause = Some(error.to_string()))
    }

    fn with(mut self, change: impl FnOnce(&mut Content)) -> Self {
        change(&mut self.0);
        self
    }

    /// Writes the answer for the client.
    pub(crate) fn render(&self, request_id: &str) -> Response {
        let Content { code, detail, members, retry_after, .. } = &*self.0;
        let status = code.status();
        let body = Body {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.as_deref().unwrap_or(code.detail()),
            code: code.name(),
            request_id,
            members,
        };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.extend(code.header());
        headers.extend(retry_after.map(|seconds| (RETRY_AFTER, HeaderValue::from(seconds))));
        response
    }

    /// Notes in the log what the client isn't told.
    pub(crate) fn log(&self, request_id: &str) {
        let Some(cause) = &self.0.cause else { return };
        match self.0.code {
            Code::Internal => tracing::error!(request_id, cause, "a request failed"),
            _ => tracing::warn!(request_id, cause, "a request could not be answered"),
        }
    }
}

/// Why a request was not answered as asked (RFC 9457).
#[derive(utoipa::ToSchema)]
#[schema(as = Problem, rename_all = "camelCase")]
#[expect(dead_code, reason = "a description; what is written is `Body`")]
pub(crate) struct Document {
    #[schema(rename = "type", example = "about:blank")]
    kind: String,
    #[schema(example = "Not Found")]
    title: String,
    #[schema(example = 404)]
    status: u16,
    /// What happened and what helps, for people.
    #[schema(example = "There is nothing at this address.")]
    detail: String,
    /// What happened, for programs. Stays when the texts change.
    #[schema(example = "not_found")]
    code: String,
    #[schema(example = "a1b2c3d4e5f60718")]
    request_id: String,
    /// With `precondition_failed`: the version that there is now, null when there is none.
    #[schema(nullable)]
    current: Option<u64>,
    /// With `import_invalid`.
    mistakes: Option<Vec<Mistake>>,
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
    #[serde(flatten)]
    members: &'a Members,
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self(Box::new(Content {
            code,
            detail: None,
            members: Members::default(),
            retry_after: None,
            cause: None,
        }))
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Denied => Code::TokenInvalid.into(),
            // A space of others is answered like none, and none has a text of its own.
            Error::NotFound(Thing::Space) => Code::NotFound.into(),
            Error::NotFound(Thing::User) => Code::UserUnknown.into(),
            Error::NotFound(_) => Self::new(Code::NotFound, sentence(&error)),
            Error::SessionEnded => Code::SessionMissing.into(),
            Error::CredentialsWrong => Code::CredentialsWrong.into(),
            Error::Locked { retry_after } => Self::retry_after(Code::TooManyAttempts, retry_after),
            Error::NotWelcome(_) => Self::new(Code::CredentialsWrong, sentence(&error)),
            Error::InvitationInvalid => Code::InvitationInvalid.into(),
            Error::SetupCodeInvalid => Code::SetupCodeInvalid.into(),
            Error::LastAdministrator => Self::new(Code::LastAdministrator, sentence(&error)),
            Error::LastOwner => Self::new(Code::LastOwner, sentence(&error)),
            Error::ValueDestroyed { .. } => Self::new(Code::ValueDestroyed, sentence(&error)),
            Error::NameTaken(_) => Self::new(Code::NameTaken, sentence(&error)),
            Error::PreconditionFailed { current } => Self::precondition_failed(current),
            Error::Invalid(_) => Self::new(Code::ValueInvalid, sentence(&error)),
            Error::TooManySecrets { .. } | Error::TooManyBytes { .. } => {
                Self::new(Code::LimitExceeded, sentence(&error))
            }
            Error::Busy => Self::caused_by(Code::Busy, &error),
            Error::StorageFull => Self::caused_by(Code::StorageFull, &error),
            // What only the operator of the service can mend.
            Error::WrongKey { .. } | Error::Corrupt(_) | Error::Unavailable(_) => {
                Self::caused_by(Code::Internal, &error)
            }
        }
    }
}

/// For input that is nothing but a name.
pub(crate) fn as_name(error: Error) -> Problem {
    match error {
        Error::Invalid(_) => Problem::new(Code::NameInvalid, sentence(&error)),
        other => other.into(),
    }
}

/// An error's text as it stands by itself: with a capital letter and a full stop.
pub(crate) fn sentence(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    let mut characters = text.chars();
    let Some(first) = characters.next() else { return text };
    first.to_uppercase().chain(characters).chain(['.']).collect()
}

impl IntoResponse for Problem {
    /// Leaves the writing to the middleware, which finds the problem beside the response.
    fn into_response(self) -> Response {
        let mut response = self.0.code.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    // In write-ahead mode nothing that a test could do keeps readers out of the database, so this is
    // shown here.
    #[test]
    fn a_busy_database_asks_to_try_again() {
        let response = Problem::from(Error::Busy).render("id");
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[RETRY_AFTER], "1");
    }

    #[test]
    fn a_wait_is_told_in_whole_seconds_and_never_too_short() {
        for (milliseconds, header) in [(0, "1"), (1, "1"), (1000, "1"), (1001, "2")] {
            let wait = Duration::from_millis(milliseconds);
            let response = Problem::retry_after(Code::TooManyRequests, wait).render("id");
            assert_eq!(response.headers()[RETRY_AFTER], header);
        }
    }
}
