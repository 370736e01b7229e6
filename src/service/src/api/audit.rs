//! The audit trail, a page at a time or as a file.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, stream};
use secret_manager_manager::{AuditFilter, Error, Manager, Names, SpaceId};
use secret_manager_model::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::path::SpacePath;
use super::schema;
use crate::auth::{Administrator, Owner};
use crate::error::{Code, Problem};
use crate::number::Number;
use crate::query::Query;
use crate::records::{FileFormat, Record};
use crate::shared::Shared;

const PAGE: usize = 50;
const LONGEST_PAGE: usize = 200;

/// How many records of a file are read at once.
const PIECE: usize = 500;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(of_space))
        .routes(routes!(export))
        .routes(routes!(of_service))
}

#[derive(Serialize, ToSchema)]
#[schema(as = AuditPage)]
struct Page {
    records: Vec<Record>,
    /// The `before` of the next page; null on the last one.
    #[schema(required)]
    next: Option<u64>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PageQuery {
    /// Older records than this one.
    #[param(schema_with = Number::schema)]
    before: Option<Number>,
    /// How many; 50 when it is left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// Not before this time.
    #[param(schema_with = schema::time)]
    from: Option<Timestamp>,
    /// Before this time.
    #[param(schema_with = schema::time)]
    to: Option<Timestamp>,
    /// The id or the name of who did it.
    actor: Option<String>,
    action: Option<String>,
    /// `ok`, `denied` or `failed`.
    result: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ExportQuery {
    #[param(inline)]
    format: FileFormat,
    /// Not before this time.
    #[param(schema_with = schema::time)]
    from: Option<Timestamp>,
    /// Before this time.
    #[param(schema_with = schema::time)]
    to: Option<Timestamp>,
    /// The id or the name of who did it.
    actor: Option<String>,
    action: Option<String>,
    /// `ok`, `denied` or `failed`.
    result: Option<String>,
}

/// Read a space's audit trail
///
/// For owners. The newest records first.
#[utoipa::path(
    get,
    path = "/api/v1/spaces/{space}/audit",
    tag = "audit",
    security(("session" = [])),
    params(SpacePath, PageQuery),
    responses((status = 200, description = "Records", body = Page))
)]
async fn of_space(
    Owner(member): Owner,
    Query(query): Query<PageQuery>,
    State(manager): State<Arc<Manager>>,
) -> Result<Json<Page>, Problem> {
    page(&manager, query, Some(member.space.id), Names::Show).await
}

/// Read the whole audit trail
///
/// For administrators. The newest records first, without names of secrets.
#[utoipa::path(
    get,
    path = "/api/v1/audit",
    tag = "audit",
    security(("session" = [])),
    params(PageQuery),
    responses((status = 200, description = "Records", body = Page))
)]
async fn of_service(
    _: Administrator,
    Query(query): Query<PageQuery>,
    State(manager): State<Arc<Manager>>,
) -> Result<Json<Page>, Problem> {
    page(&manager, query, None, Names::Hide).await
}

async fn page(
    manager: &Manager,
    query: PageQuery,
    space: Option<SpaceId>,
    names: Names,
) -> Result<Json<Page>, Problem> {
    let PageQuery { before, limit, from, to, actor, action, result } = query;
    let before = before.map(|before| before.0);
    let limit = limit.unwrap_or(PAGE);
    if !(1..=LONGEST_PAGE).contains(&limit) {
        let detail = format!("The limit is a number from 1 to {LONGEST_PAGE}.");
        return Err(Problem::new(Code::QueryInvalid, detail));
    }
    let filter = AuditFilter { space, before, from, to, actor, action, result };
    // One more tells whether there is a next page.
    let mut events = manager.audit(filter, limit + 1, names).await?;
    let more = events.len() > limit;
    events.truncate(limit);
    let next = events.last().filter(|_| more).map(|event| event.sequence);
    Ok(Json(Page { records: events.into_iter().map(Record::of).collect(), next }))
}

/// Export a space's audit trail
///
/// For owners. The newest records first, as a file.
#[utoipa::path(
    get,
    path = "/api/v1/spaces/{space}/audit/export",
    tag = "audit",
    security(("session" = [])),
    params(SpacePath, ExportQuery),
    responses((
        status = 200,
        description = "The file",
        content((String = "text/csv"), (Vec<Record> = "application/json")),
        headers(("Content-Disposition" = String, description = "`attachment` with a file name"))
    ))
)]
async fn export(
    Owner(member): Owner,
    Query(query): Query<ExportQuery>,
    State(manager): State<Arc<Manager>>,
) -> Response {
    let ExportQuery { format, from, to, actor, action, result } = query;
    let space = Some(member.space.id);
    let filter = AuditFilter { space, before: None, from, to, actor, action, result };
    let (kind, disposition) = match format {
        FileFormat::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"audit.csv\""),
        FileFormat::Json => ("application/json", "attachment; filename=\"audit.json\""),
    };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CONTENT_DISPOSITION, HeaderValue::from_static(disposition)),
    ];
    (StatusCode::OK, headers, Body::from_stream(file(manager, filter, format))).into_response()
}

/// Where a file has got to.
enum Place {
    Start,
    Before(Option<u64>),
    End,
}

/// Piece by piece, so that a long trail takes no more memory than a short one. An error in the middle
/// ends the connection before the file is whole, which no client takes for the end.
fn file(
    manager: Arc<Manager>,
    filter: AuditFilter,
    format: FileFormat,
) -> impl Stream<Item = Result<Bytes, Error>> {
    stream::try_unfold(Place::Start, move |place| {
        let (manager, filter) = (Arc::clone(&manager), filter.clone());
        async move {
            let before = match place {
                Place::End => return Ok(None),
                Place::Start => None,
                Place::Before(sequence) => sequence,
            };
            let filter = AuditFilter { before, ..filter };
            let events = manager.audit(filter, PIECE, Names::Show).await?;
            let is_first = matches!(place, Place::Start);
            let is_last = events.len() < PIECE;
            let next = events.last().map(|event| event.sequence);
            let records: Vec<_> = events.into_iter().map(Record::of).collect();
            let text = format.piece(&records, is_first, is_last);
            let next = if is_last { Place::End } else { Place::Before(next) };
            Ok(Some((Bytes::from(text), next)))
        }
    })
}
