//! `GET /api/v1/snapshot`: all secrets of the token's space, or that nothing has changed.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderValue};
use axum::response::Response;
use bytes::Bytes;
use secret_manager_manager::{Error, Manager};
use secret_manager_model::wire;

use super::validator;
use crate::auth::AccessToken;
use crate::error::{Code, Problem};

pub(super) async fn read(
    AccessToken { space, caller }: AccessToken,
    State(manager): State<Arc<Manager>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let tag = manager.tag(&space).await.map_err(gone)?;
    if validator::has_already(&headers, &tag) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response.headers_mut().extend(validator::etag(&tag).map(|etag| (ETAG, etag)));
        return Ok(response);
    }
    let tagged = manager.snapshot(&space, &caller).await.map_err(gone)?;
    // Handed over as it is: the buffer is wiped when the last byte of it was sent.
    let body = Bytes::from_owner(wire::write_snapshot(&tagged.snapshot));
    let mut response = Response::new(Body::from(body));
    let answer = response.headers_mut();
    answer.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer.extend(validator::etag(&tagged.tag).map(|etag| (ETAG, etag)));
    Ok(response)
}

/// The space went between the check of the token and now, and the token with it.
fn gone(error: Error) -> Problem {
    match error {
        Error::NotFound(_) => Code::TokenInvalid.into(),
        other => other.into(),
    }
}
