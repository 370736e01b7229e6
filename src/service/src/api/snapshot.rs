//! `GET /api/v1/snapshot`: all secrets of the token's space, what changed in them since a version, or
//! that nothing has changed.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderValue};
use axum::response::Response;
use bytes::Bytes;
use secret_manager_manager::{Access, Caller, Error, Manager, TaggedDelta};
use secret_manager_model::wire;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::parts::Parts;
use super::schema::{self, SpaceName};
use super::validator::{self, DELTA_BASE};
use super::watch::Since;
use crate::auth::AccessToken;
use crate::error::{Code, Problem};
use crate::number::Number;
use crate::query::Query;
use crate::shared::Shared;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(read))
}

/// All secrets of the token's space, or what changed since a version
///
/// `Secret-Manager-Spread` asks engines to spread what they would all do at once over so many seconds,
/// each at a random moment of its own: sync at the start of their processes, and come again after the
/// service has gone.
#[utoipa::path(
    get,
    path = "/api/v1/snapshot",
    tag = "snapshot",
    security(("token" = [])),
    params(
        Since,
        (
            "If-None-Match" = Option<String>,
            Header,
            description = "The ETag of the snapshot that the reader has. With `since` that of the version \
                           there, and a delta is answered only when the version is known to have had it"
        ),
    ),
    responses(
        (
            status = 200,
            description = "All secrets, or with `since` what leads to them, when that is known",
            body = Answer,
            headers(
                ("ETag" = String, description = "Stands for the space's secrets"),
                (
                    "Delta-Base" = Option<String>,
                    description = "The ETag that the delta leads on from, when the reader named one"
                ),
                ("Secret-Manager-Spread" = Option<u64>, description = "Seconds; left out where engines are few")
            )
        ),
        (
            status = 304,
            description = "Nothing has changed",
            headers(
                ("ETag" = String, description = "Stands for the space's secrets"),
                ("Secret-Manager-Spread" = Option<u64>, description = "Seconds; left out where engines are few")
            )
        ),
    )
)]
async fn read(
    AccessToken { access, caller }: AccessToken,
    State(shared): State<Shared>,
    query: Query<Since>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    shared.hub.asked(&caller);
    let mut response = answer(&access, &caller, &shared.manager, query, &headers).await?;
    shared.hub.tell_engine(response.headers_mut());
    Ok(response)
}

async fn answer(
    access: &Access,
    caller: &Caller,
    manager: &Manager,
    Query(Since { since }): Query<Since>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    if validator::has_already(headers, access.tag()) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response.headers_mut().extend(validator::etag(access.tag()).map(|etag| (ETAG, etag)));
        return Ok(response);
    }
    if let Some(held) = since.and_then(|Number(since)| validator::held_at(since, headers)) {
        let base = held.tag.as_deref().and_then(validator::etag);
        let delta = manager.delta(access.space(), held, caller).await.map_err(gone)?;
        if let Some(TaggedDelta { tag, delta }) = delta {
            // Handed over as it is: the buffer is wiped when the last byte of it was sent.
            let body = Bytes::from_owner(wire::write_delta(&delta));
            let mut response = document(Body::from(body), &tag);
            response.headers_mut().extend(base.map(|base| (DELTA_BASE, base)));
            return Ok(response);
        }
    }
    let answer = manager.answer(access, caller).await.map_err(gone)?;
    Ok(document(Body::new(Parts::new(answer.head, answer.rest)), &answer.tag))
}

fn document(body: Body, tag: &str) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.extend(validator::etag(tag).map(|etag| (ETAG, etag)));
    response
}

#[derive(ToSchema)]
#[schema(as = SnapshotOrDelta)]
#[serde(untagged)]
#[expect(dead_code, reason = "a description")]
enum Answer {
    Snapshot(SnapshotDocument),
    Delta(DeltaDocument),
}

// What [`wire::write_delta`] writes; for the API's description.
#[derive(ToSchema)]
#[schema(as = Delta, rename_all = "camelCase")]
#[expect(dead_code, reason = "a description")]
struct DeltaDocument {
    space: SpaceName,
    /// The version that the reader has to be at.
    from: u64,
    /// The version that the delta leads to.
    version: u64,
    #[schema(schema_with = schema::time)]
    created_at: (),
    #[schema(schema_with = schema::time)]
    updated_at: (),
    #[schema(schema_with = schema::time)]
    issued_at: (),
    /// Added or changed, as they are now.
    changed: BTreeMap<String, SnapshotSecret>,
    /// Not there any more; some may have come and gone in between.
    removed: Vec<String>,
}

// What `wire::SharedSnapshot` writes; for the API's description.
#[derive(ToSchema)]
#[schema(as = Snapshot, rename_all = "camelCase")]
#[expect(dead_code, reason = "a description")]
struct SnapshotDocument {
    space: SpaceName,
    /// Of the space: +1 for each change.
    version: u64,
    #[schema(schema_with = schema::time)]
    created_at: (),
    #[schema(schema_with = schema::time)]
    updated_at: (),
    #[schema(schema_with = schema::time)]
    issued_at: (),
    secrets: BTreeMap<String, SnapshotSecret>,
}

#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "a description")]
struct SnapshotSecret {
    #[schema(rename = "type", schema_with = schema::kind)]
    kind: (),
    /// A string for a text secret, any JSON for a JSON secret.
    value: serde_json::Value,
    /// Of the secret: +1 for each of its changes.
    version: u64,
    #[schema(schema_with = schema::time)]
    updated_at: (),
}

/// The space went between the check of the token and now, and the token with it.
pub(super) fn gone(error: Error) -> Problem {
    match error {
        Error::NotFound(_) => Code::TokenInvalid.into(),
        other => other.into(),
    }
}
