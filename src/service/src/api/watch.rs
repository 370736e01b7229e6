//! Streams of the changes of a space: with values for engines, with names for people.

use axum::extract::State;
use axum::http::HeaderName;
use axum::http::header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderValue};
use axum::response::Response;
use secret_manager_manager::{Action, AuditResult, Head, Held, Session};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::path::SpacePath;
use super::snapshot::gone;
use super::validator::{self, DELTA_BASE};
use crate::auth::{AccessToken, Viewer};
use crate::error::Problem;
use crate::number::Number;
use crate::query::Query;
use crate::shared::Shared;
use crate::watch::{Has, Right, Watcher};

/// What a browser's `EventSource` sends when it comes again: the `id` of the last event it got.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(changes))
}

pub(super) fn for_people() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(names))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Since {
    /// The version of the space that the reader has.
    #[param(schema_with = Number::schema)]
    pub(super) since: Option<Number>,
}

/// The changes of the token's space as they happen
///
/// An endless stream. `event: change` carries a delta from a version to a later one; `event: reset`
/// says that the reader needs a snapshot and can go on from there. The `id` of both is the version
/// that they lead to.
#[utoipa::path(
    get,
    path = "/api/v1/watch",
    tag = "snapshot",
    security(("token" = [])),
    params(
        Since,
        ("Last-Event-ID" = Option<String>, Header, description = "As `since`, and before it"),
        (
            "If-None-Match" = Option<String>,
            Header,
            description = "The ETag of the snapshot that the reader has. When it is the current one, the \
                           answer has it as its ETag and goes on from there. When the version in `since` is \
                           known to have had it, the answer has it as its Delta-Base and begins with what \
                           has changed since. Else it begins with a reset"
        ),
    ),
    responses(
        (
            status = 200,
            description = "Events",
            body = String,
            content_type = "text/event-stream",
            headers(
                ("ETag" = Option<String>, description = "What the reader has is the current snapshot"),
                (
                    "Delta-Base" = Option<String>,
                    description = "What the reader has isn't the current snapshot, and the way on from there \
                                   is known"
                ),
                ("Secret-Manager-Spread" = Option<u64>, description = "Seconds; left out where engines are few")
            )
        ),
    )
)]
async fn changes(
    AccessToken { access, caller }: AccessToken,
    State(shared): State<Shared>,
    Query(Since { since }): Query<Since>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let space = access.space();
    let right = Right::Token(access.token().clone());
    let version = version(since.map(|since| since.0), &headers);
    let has = match validator::held(&headers) {
        Some(is_it) => Has::Tagged(is_it, base(version, &headers)),
        None => has(version),
    };
    let watcher = shared.hub.watch(space, right, has).await.map_err(gone)?;
    // Who watches is written down here; what goes out, once for all who watch (`watch/topic.rs`).
    let subject =
        version.map_or_else(|| "watch".into(), |version| format!("watch since version {version}"));
    shared
        .manager
        .note(&caller, Action::SnapshotRead, AuditResult::Ok, Some(space), Some(&subject))
        .await?;
    let name = if watcher.is_current() { ETAG } else { DELTA_BASE };
    let known = watcher.tag().and_then(validator::etag);
    let mut response = stream(watcher);
    response.headers_mut().extend(known.map(|etag| (name, etag)));
    shared.hub.tell_engine(response.headers_mut());
    Ok(response)
}

/// The changes of a space as they happen, without values
///
/// An endless stream. `event: change` tells which secrets changed, and who did it; `event: reset`
/// that so much happened that only a new list helps. The `id` is the space's version.
#[utoipa::path(
    get,
    path = "/api/v1/spaces/{space}/watch",
    tag = "secrets",
    security(("session" = [])),
    params(
        SpacePath,
        Since,
        ("Last-Event-ID" = Option<String>, Header, description = "As `since`, and before it"),
    ),
    responses(
        (status = 200, description = "Events", body = String, content_type = "text/event-stream"),
    )
)]
async fn names(
    Viewer(member): Viewer,
    State(shared): State<Shared>,
    Query(Since { since }): Query<Since>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Session { id, user, .. } = &member.signed_in.session;
    let right = Right::Membership { session: id.clone(), user: user.id.clone() };
    let has = has(version(since.map(|since| since.0), &headers));
    Ok(stream(shared.hub.watch(&member.space.id, right, has).await?))
}

/// What the client may be led on from, if it isn't the current snapshot.
fn base(version: Option<u64>, headers: &HeaderMap) -> Option<Head> {
    let Held { version, tag } = validator::held_at(version?, headers)?;
    tag.map(|tag| Head { version, tag })
}

fn has(version: Option<u64>) -> Has {
    version.map_or(Has::Nothing, Has::Version)
}

/// The version that the client has; `Last-Event-ID` is newer than the address it began with.
fn version(since: Option<u64>, headers: &HeaderMap) -> Option<u64> {
    match headers.get(LAST_EVENT_ID) {
        // An id that none of our events had: nothing is known of what the client has.
        Some(last) => {
            let last = last.to_str().ok().and_then(|last| Number::parse(last.trim()));
            last.map(|last| last.0)
        }
        None => since,
    }
}

fn stream(watcher: Watcher) -> Response {
    let mut response = Response::new(watcher.into_body());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    // nginx would gather events before it passes them on.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}
