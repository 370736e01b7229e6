//! What has to hold for a change (RFC 9110, section 13.1): `If-Match: "3"` (the version is still 3),
//! `If-Match: *` (there is one) or `If-None-Match: *` (there is none).

use axum::extract::FromRequestParts;
use axum::http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use axum::http::request::Parts;
use secret_manager_manager::Precondition;
use utoipa::IntoParams;

use crate::error::{Code, Problem};
use crate::number::Number;

#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "a description; `IfVersion` and `IfSpaceVersion` read it")]
pub(super) struct IfMatch {
    /// Only if this is the version now; `*`: only if there is one.
    #[param(rename = "If-Match", value_type = String, required = false, example = "\"3\"", pattern = "^(\"[0-9]{1,18}\"|\\*)$")]
    if_match: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "a description; `IfVersion` reads it")]
pub(super) struct IfNoneMatch {
    /// Only if there is none.
    #[param(rename = "If-None-Match", value_type = String, required = false, example = "*", pattern = "^\\*$")]
    if_none_match: Option<String>,
}

/// Of a secret. Without either header anything may be there.
pub(crate) struct IfVersion(pub(crate) Precondition);

/// Of a space, which always exists.
pub(super) struct IfSpaceVersion(pub(super) Option<u64>);

impl<S: Sync> FromRequestParts<S> for IfVersion {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match (if_match(parts)?, only(parts, IF_NONE_MATCH)?) {
            (None, None) => Ok(Self(Precondition::Any)),
            (Some(Wanted::Any), None) => Ok(Self(Precondition::Present)),
            (Some(Wanted::Version(version)), None) => Ok(Self(Precondition::Version(version))),
            (None, Some("*")) => Ok(Self(Precondition::Absent)),
            (None, Some(_)) => Err(invalid("If-None-Match takes a * here.")),
            (Some(_), Some(_)) => Err(invalid("Send If-Match or If-None-Match, not both.")),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for IfSpaceVersion {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(if_match(parts)?.and_then(|wanted| match wanted {
            Wanted::Any => None,
            Wanted::Version(version) => Some(version),
        })))
    }
}

/// What `If-Match` asks for.
enum Wanted {
    Any,
    Version(u64),
}

/// Further than the store counts, so nothing ever has it.
const NO_VERSION: u64 = u64::MAX;

fn if_match(parts: &Parts) -> Result<Option<Wanted>, Problem> {
    let Some(header) = only(parts, IF_MATCH)? else { return Ok(None) };
    if header == "*" {
        return Ok(Some(Wanted::Any));
    }
    let strong = header.strip_prefix("W/").unwrap_or(header);
    let text = strong.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let Some(text) = text.filter(|text| !text.contains('"')) else {
        return Err(invalid("If-Match takes one version in double quotes, such as \"3\"."));
    };
    // Tags that none of our answers had are of something else, and weak ones never match here.
    let version = Number::parse(text).map(|number| number.0).filter(|_| header == strong);
    Ok(Some(Wanted::Version(version.unwrap_or(NO_VERSION))))
}

fn only(parts: &Parts, name: HeaderName) -> Result<Option<&str>, Problem> {
    let mut headers = parts.headers.get_all(&name).iter();
    let first = headers.next();
    if headers.next().is_some() {
        return Err(invalid(&format!("The header {name} may stand once only.")));
    }
    let text = first.map(|header| header.to_str()).transpose();
    text.map_err(|_| invalid(&format!("The header {name} is not plain text.")))
}

fn invalid(detail: &str) -> Problem {
    Problem::new(Code::HeaderInvalid, detail)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    async fn read(headers: &[(HeaderName, &str)]) -> Option<Precondition> {
        let mut request = Request::new(());
        for (name, value) in headers {
            request.headers_mut().append(name, value.parse().unwrap());
        }
        let (mut parts, ()) = request.into_parts();
        IfVersion::from_request_parts(&mut parts, &()).await.ok().map(|condition| condition.0)
    }

    #[tokio::test]
    async fn one_version_or_none_at_all() {
        assert_eq!(read(&[]).await, Some(Precondition::Any));
        assert_eq!(read(&[(IF_MATCH, "\"12\"")]).await, Some(Precondition::Version(12)));
        assert_eq!(read(&[(IF_MATCH, "*")]).await, Some(Precondition::Present));
        assert_eq!(read(&[(IF_NONE_MATCH, "*")]).await, Some(Precondition::Absent));
    }

    #[tokio::test]
    async fn tags_of_something_else_match_nothing() {
        for value in ["W/\"3\"", "\"\"", "\"+3\"", "\"x\"", "\"99999999999999999999999\""] {
            let nothing = Some(Precondition::Version(NO_VERSION));
            assert_eq!(read(&[(IF_MATCH, value)]).await, nothing, "{value}");
        }
    }

    #[tokio::test]
    async fn what_is_not_understood_is_refused_and_never_ignored() {
        for value in ["3", "\"3", "**", "W/3", "\"3\", \"4\"", ""] {
            assert_eq!(read(&[(IF_MATCH, value)]).await, None, "{value}");
        }
        for value in ["\"3\"", "", "x"] {
            assert_eq!(read(&[(IF_NONE_MATCH, value)]).await, None, "{value}");
        }
        assert_eq!(read(&[(IF_MATCH, "\"1\""), (IF_MATCH, "\"1\"")]).await, None);
        assert_eq!(read(&[(IF_MATCH, "\"1\""), (IF_NONE_MATCH, "*")]).await, None);
    }
}
