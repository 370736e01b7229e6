//! Bodies of requests: bounded in size, wiped after use, and never quoted by an error.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use futures_util::StreamExt;
use secret_manager_model::limits::{SNAPSHOT_BYTES, VALUE_BYTES};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::error::{Code, Problem};

/// For what people type into a form.
pub(crate) const FORM: usize = 64 * 1024;

/// For one value: each byte of it may be written as an escape of six.
pub(crate) const VALUE: usize = 6 * VALUE_BYTES + FORM;

/// For all secrets of a space.
pub(crate) const SPACE: usize = SNAPSHOT_BYTES;

/// A JSON document of at most `LIMIT` bytes. It keeps the text, so that what is read from it can
/// borrow from there and values are copied once only.
pub(crate) struct Json<const LIMIT: usize = FORM>(Zeroizing<Vec<u8>>);

/// Any text of at most `LIMIT` bytes.
pub(crate) struct Text<const LIMIT: usize>(Zeroizing<Vec<u8>>);

/// A text within a document that nobody else may see: a password or a code.
pub(crate) struct SecretText(Zeroizing<String>);

impl SecretText {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

impl<const LIMIT: usize> Json<LIMIT> {
    /// Reads an object. Serde would take a list of the members' values as well.
    pub(crate) fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Problem> {
        if self.0.trim_ascii_start().first() == Some(&b'[') {
            return Err(Problem::new(Code::BodyInvalid, "The body has to be a JSON object."));
        }
        serde_json::from_slice(&self.0).map_err(|error| unreadable(&error))
    }
}

/// Reads what stands within a document under the name of a secret.
pub(crate) fn within<'a, T: Deserialize<'a>>(raw: &'a RawValue, name: &str) -> Result<T, Problem> {
    let is_list = raw.get().starts_with('[');
    serde_json::from_str(raw.get()).ok().filter(|_| !is_list).ok_or_else(|| {
        Problem::new(
            Code::BodyInvalid,
            format!("What stands under {name} is not what belongs there."),
        )
    })
}

impl<const LIMIT: usize> Text<LIMIT> {
    pub(crate) fn as_str(&self) -> Result<&str, Problem> {
        std::str::from_utf8(&self.0).map_err(|error| {
            let line = 1 + self.0[..error.valid_up_to()].iter().filter(|b| **b == b'\n').count();
            Problem::new(Code::BodyInvalid, format!("The body is not UTF-8 text; see line {line}."))
        })
    }
}

impl<S: Sync, const LIMIT: usize> FromRequest<S> for Json<LIMIT> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Code::MediaTypeUnsupported.into());
        }
        collect(request, LIMIT).await.map(Self)
    }
}

impl<S: Sync, const LIMIT: usize> FromRequest<S> for Text<LIMIT> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        collect(request, LIMIT).await.map(Self)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}

async fn collect(request: Request, limit: usize) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let stated = request.headers().get(CONTENT_LENGTH).and_then(length);
    if stated.is_some_and(|length| length > limit) {
        return Err(too_large(limit));
    }
    pieces(request.into_body(), stated.unwrap_or_default(), limit).await
}

fn length(value: &HeaderValue) -> Option<usize> {
    value.to_str().ok()?.parse().ok()
}

async fn pieces(body: Body, stated: usize, limit: usize) -> Result<Zeroizing<Vec<u8>>, Problem> {
    // Room is made as bytes come: a stated length costs the sender nothing.
    let mut bytes = Zeroizing::new(Vec::with_capacity(stated.min(FORM)));
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece
            .map_err(|_| Problem::new(Code::BodyInvalid, "The body ended before it was whole."))?;
        if bytes.len() + piece.len() > limit {
            return Err(too_large(limit));
        }
        append(&mut bytes, &piece);
    }
    Ok(bytes)
}

/// Like `extend_from_slice`, but what is outgrown is wiped.
fn append(bytes: &mut Zeroizing<Vec<u8>>, piece: &[u8]) {
    if bytes.capacity() - bytes.len() < piece.len() {
        let room = (bytes.len() + piece.len()).max(2 * bytes.capacity());
        let mut larger = Zeroizing::new(Vec::with_capacity(room));
        larger.extend_from_slice(bytes);
        *bytes = larger;
    }
    bytes.extend_from_slice(piece);
}

fn too_large(limit: usize) -> Problem {
    Problem::new(Code::BodyTooLarge, format!("The body may have at most {limit} bytes."))
}

/// Where the mistake is and, as far as that is none of the client's words, what it is: serde_json's
/// own texts can quote the body.
fn unreadable(error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    // Names of missing members are this program's.
    let missing = text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    let (line, column) = (error.line(), error.column());
    let detail = match (error.classify(), missing) {
        (serde_json::error::Category::Data, Some(member)) => {
            format!("The body lacks the member {member}; see line {line}, column {column}.")
        }
        (serde_json::error::Category::Data, None) => format!(
            "The body is JSON, but not what this address expects; see line {line}, column {column}."
        ),
        _ => format!("The body is not JSON; see line {line}, column {column}."),
    };
    Problem::new(Code::BodyInvalid, detail)
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use secret_manager_model::Timestamp;

    use super::*;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Form<'a> {
        #[expect(dead_code, reason = "only the reading of it is tested")]
        name: &'a str,
        #[expect(dead_code, reason = "only the reading of it is tested")]
        at: Option<Timestamp>,
    }

    async fn read(kind: Option<&str>, body: &str) -> Result<(), Problem> {
        let mut request = Request::new(Body::from(body.to_owned()));
        let headers = request.headers_mut();
        headers.extend(kind.map(|kind| (CONTENT_TYPE, kind.parse().unwrap())));
        let json = Json::<40>::from_request(request, &()).await?;
        json.read::<Form<'_>>().map(drop)
    }

    async fn detail(body: &str) -> String {
        let problem = read(Some("application/json"), body).await.unwrap_err();
        assert_eq!(problem.clone().into_response().status(), 400);
        format!("{problem:?}")
    }

    #[tokio::test]
    async fn mistakes_are_told_by_line_and_column_and_never_quoted() {
        for (body, says) in [
            ("", "not JSON; see line 1, column 0"),
            ("{\n \"name\": canary}", "not JSON; see line 2, column 10"),
            ("{\"name\": \"canary\"", "not JSON; see line 1, column 17"),
            ("{}", "lacks the member name; see line 1, column 2"),
            ("[\"canary\"]", "has to be a JSON object"),
            ("{\"canary\":1}", "not what this address expects; see line 1, column 9"),
            ("{\"name\":[\"canary\"]}", "not what this address expects; see line 1, column 8"),
            ("{\"name\":\"a\",\"at\":\"canary\"}", "not what this address expects; see line 1"),
            ("{\"name\":\"\",\"name\":\"\"}", "not what this address expects; see line 1, column"),
            ("{\"name\":\"\"} canary", "not JSON; see line 1, column 13"),
        ] {
            let detail = detail(body).await;
            assert!(detail.contains(says) && !detail.contains("canary"), "{detail}");
        }
    }

    #[tokio::test]
    async fn only_json_of_the_right_size_is_read() {
        let good = "{\"name\":\"canary\"}";
        for kind in ["application/json", "Application/JSON; charset=utf-8"] {
            assert!(read(Some(kind), good).await.is_ok(), "{kind}");
        }
        for kind in [None, Some("text/plain"), Some("application/jsonl"), Some("")] {
            let problem = read(kind, good).await.unwrap_err();
            assert_eq!(problem.into_response().status(), 415, "{kind:?}");
        }
        let large = format!("{good}{}", " ".repeat(40 - good.len()));
        assert!(read(Some("application/json"), &large).await.is_ok());
        let problem = read(Some("application/json"), &format!("{large} ")).await.unwrap_err();
        assert_eq!(problem.into_response().status(), 413);
    }

    #[test]
    fn a_growing_buffer_keeps_every_byte() {
        let mut bytes = Zeroizing::new(Vec::new());
        for piece in [&b"ab"[..], b"", b"cdefg", &[b'x'; 100]] {
            append(&mut bytes, piece);
        }
        assert_eq!(*bytes, [&b"abcdefg"[..], &[b'x'; 100]].concat());
    }
}
