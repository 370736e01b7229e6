//! Answers that many handlers give.

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use zeroize::Zeroizing;

use super::validator;
use crate::error::{Code, Problem};

/// Room for everything in an answer that is no value.
const FACTS: usize = 4096;

/// A document that holds something secret of at most `secret_bytes`: its buffer is wiped when the
/// last byte of it was sent.
pub(super) fn secret(
    status: StatusCode,
    document: &impl Serialize,
    secret_bytes: usize,
) -> Result<Response, Problem> {
    // A buffer that grows would leave what it outgrew behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(secret_bytes + FACTS));
    serde_json::to_writer(&mut *bytes, document).map_err(|_| Problem::from(Code::Internal))?;
    Ok(sent(status, HeaderValue::from_static("application/json"), Bytes::from_owner(bytes)))
}

/// Bytes that are wiped, if their owner does so, when the last of them was sent.
pub(super) fn sent(status: StatusCode, kind: HeaderValue, bytes: Bytes) -> Response {
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// Nothing has changed since the client asked last.
pub(super) fn not_modified(tag: &str) -> Response {
    with_etag(tag, StatusCode::NOT_MODIFIED)
}

/// With the `ETag` that stands for what is answered.
pub(super) fn with_etag(tag: &str, answer: impl IntoResponse) -> Response {
    let headers: HeaderMap = validator::etag(tag).map(|etag| (ETAG, etag)).into_iter().collect();
    (headers, answer).into_response()
}
