//! The kinds of errors. Codes are part of the API: they stay when the texts change. The table in
//! docs/api.md lists them all; a test compares the two.

use axum::http::StatusCode;
use axum::http::header::{HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};

macro_rules! codes {
    ($($variant:ident: $status:ident $name:literal $detail:literal)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Code { $($variant),* }

        impl Code {
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$variant),*];

            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            pub(crate) fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status),* }
            }

            /// What the client is told unless the place of the error knows more.
            pub(super) fn detail(self) -> &'static str {
                match self { $(Self::$variant => $detail),* }
            }
        }
    };
}

codes! {
    BodyInvalid: BAD_REQUEST "body_invalid"
        "The body is not what this address expects."
    QueryInvalid: BAD_REQUEST "query_invalid"
        "What stands behind the ? of the address is not what it expects."
    HeaderInvalid: BAD_REQUEST "header_invalid"
        "A header of the request is not what this address expects."
    SessionMissing: UNAUTHORIZED "session_missing"
        "Sign in first."
    CredentialsWrong: UNAUTHORIZED "credentials_wrong"
        "The name or the password is wrong."
    TokenMissing: UNAUTHORIZED "token_missing"
        "Send an access token: Authorization: Bearer smt_…"
    TokenInvalid: UNAUTHORIZED "token_invalid"
        "The access token is unknown, expired or revoked. Ask for a new one."
    SetupCodeInvalid: FORBIDDEN "setup_code_invalid"
        "The set-up code is wrong, has expired or was used already."
    InvitationInvalid: FORBIDDEN "invitation_invalid"
        "The invitation is wrong, has expired or was used already. Ask for a new one."
    PasswordWrong: FORBIDDEN "password_wrong"
        "The current password is wrong."
    AdministratorRequired: FORBIDDEN "administrator_required"
        "Only administrators may do this."
    RoleInsufficient: FORBIDDEN "role_insufficient"
        "Your role in this space doesn't allow this."
    CrossSite: FORBIDDEN "cross_site"
        "The request comes from a page of another site."
    MetricsElsewhere: FORBIDDEN "metrics_elsewhere"
        "Metrics are told to this machine only, or at an address of their own (--metrics-listen)."
    NotFound: NOT_FOUND "not_found"
        "There is nothing at this address."
    UserUnknown: NOT_FOUND "user_unknown"
        "There is no user with this id or name."
    MethodNotAllowed: METHOD_NOT_ALLOWED "method_not_allowed"
        "This address doesn't answer to this method; see Allow."
    BodyTimeout: REQUEST_TIMEOUT "body_timeout"
        "The body of the request took too long to arrive."
    NameTaken: CONFLICT "name_taken"
        "There is something with this name already."
    LastOwner: CONFLICT "last_owner"
        "A space needs an owner. Make somebody else one first."
    LastAdministrator: CONFLICT "last_administrator"
        "The service needs an administrator. Make somebody else one first."
    ValueDestroyed: GONE "value_destroyed"
        "The value was destroyed."
    PreconditionFailed: PRECONDITION_FAILED "precondition_failed"
        "It was changed meanwhile. Look at the current version and decide again."
    BodyTooLarge: PAYLOAD_TOO_LARGE "body_too_large"
        "The body is too large."
    MediaTypeUnsupported: UNSUPPORTED_MEDIA_TYPE "media_type_unsupported"
        "Send the body as application/json."
    NameInvalid: UNPROCESSABLE_ENTITY "name_invalid"
        "The name breaks the rules for names."
    ValueInvalid: UNPROCESSABLE_ENTITY "value_invalid"
        "A value breaks the rules."
    ImportInvalid: UNPROCESSABLE_ENTITY "import_invalid"
        "Nothing was imported, because the file has mistakes."
    LimitExceeded: UNPROCESSABLE_ENTITY "limit_exceeded"
        "There would be more than a limit allows."
    TooManyAttempts: TOO_MANY_REQUESTS "too_many_attempts"
        "There were too many failed attempts. Try again after the time in Retry-After."
    TooManyRequests: TOO_MANY_REQUESTS "too_many_requests"
        "There are too many requests. Try again after the time in Retry-After."
    Internal: INTERNAL_SERVER_ERROR "internal"
        "The service could not answer. Its log says why, under this request's id."
    Busy: SERVICE_UNAVAILABLE "busy"
        "The service is busy. Try again in a moment."
    DatabaseUnavailable: SERVICE_UNAVAILABLE "database_unavailable"
        "The database can't be read or written. The log says why, under this request's id."
    KeyUnfit: SERVICE_UNAVAILABLE "key_unfit"
        "The service's key is not the one that the data are encrypted with."
    StorageFull: INSUFFICIENT_STORAGE "storage_full"
        "The disk of the service is full. Nothing was changed."
}

impl Code {
    pub(super) fn header(self) -> Option<(HeaderName, HeaderValue)> {
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
            // RFC 9110, section 11.6.1: a 401 names a scheme. Browsers ask nothing for this one.
            Self::SessionMissing | Self::CredentialsWrong => Some((
                WWW_AUTHENTICATE,
                HeaderValue::from_static("Cookie realm=\"Secret Manager\""),
            )),
            Self::Busy => Some((RETRY_AFTER, HeaderValue::from_static("1"))),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    /// `| 404 | `not_found` | … |`
    fn row(line: &str) -> Option<(u16, &str)> {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        let status = cells.next()?.parse().ok()?;
        Some((status, cells.next()?.trim_matches('`')))
    }

    #[test]
    fn the_documents_list_every_code() {
        let documented: Vec<_> =
            include_str!("../../../../docs/api.md").lines().filter_map(row).collect();
        let known: Vec<_> =
            Code::ALL.iter().map(|code| (code.status().as_u16(), code.name())).collect();
        assert_eq!(documented, known, "docs/api.md has them in the order of the code");
    }
}
