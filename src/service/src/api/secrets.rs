//! Secrets of a space: names and metadata for all members, values one at a time for those who may.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::HeaderMap;
use axum::response::{IntoResponse, Response};
use secret_manager_manager::{
    Applied, Change, DeletedSecret, Edit, Manager, Outcome, Same, SecretSummary, Space,
};
use secret_manager_model::{Kind, SecretValue, Timestamp, ValueError};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use super::path::{Key, KeyPath, NewKey, SpacePath};
use super::precondition::{IfMatch, IfNoneMatch, IfVersion};
use super::schema::{self, SpaceName};
use super::{answer, validator};
use crate::auth::{Editor, Member, Reader, Viewer};
use crate::body;
use crate::error::{Code, Problem, sentence};
use crate::number::Number;
use crate::query::Query;
use crate::shared::Shared;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(reveal, put, delete))
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Secrets {
    space: SpaceName,
    /// Of the space: +1 for each change.
    version: u64,
    #[schema(schema_with = schema::time)]
    created_at: Timestamp,
    #[schema(schema_with = schema::time)]
    updated_at: Timestamp,
    /// When this answer was made.
    #[schema(schema_with = schema::time)]
    issued_at: Timestamp,
    secrets: Vec<Listed>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Listed {
    #[serde(flatten)]
    facts: Facts,
    /// With `deleted=true` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::time)]
    deleted_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_by: Option<String>,
}

/// What may be known of a secret without revealing it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Facts {
    #[schema(example = "DB_PASSWORD")]
    key: String,
    #[serde(rename = "type")]
    #[schema(schema_with = schema::kind)]
    kind: Kind,
    /// Of the secret: +1 for each of its changes.
    version: u64,
    #[schema(schema_with = schema::time)]
    created_at: Timestamp,
    #[schema(schema_with = schema::time)]
    updated_at: Timestamp,
    #[schema(example = "anna")]
    updated_by: String,
}

#[derive(Serialize, ToSchema)]
struct Revealed<'a> {
    #[serde(flatten)]
    facts: Facts,
    /// A string for a text secret, any JSON for a JSON secret.
    #[schema(schema_with = schema::any)]
    value: &'a RawValue,
}

/// A secret as it is after a change.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Changed {
    #[serde(flatten)]
    facts: Facts,
    space_version: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Put<'a> {
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(borrow)]
    value: &'a RawValue,
}

// What `Put` reads; for the API's description.
#[derive(ToSchema)]
#[schema(as = NewValue, rename_all = "lowercase")]
#[serde(tag = "type", content = "value")]
#[expect(dead_code, reason = "a description")]
pub(super) enum PutDocument {
    /// A text secret.
    Text(String),
    /// A JSON secret, which is kept as it is written.
    Json(serde_json::Value),
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// The deleted secrets instead.
    #[serde(default)]
    deleted: bool,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RevealQuery {
    /// An older version instead of the current one.
    #[param(schema_with = Number::schema)]
    version: Option<Number>,
}

impl Facts {
    fn of(secret: SecretSummary) -> Self {
        Self {
            key: secret.name.to_string(),
            kind: secret.kind,
            version: secret.version,
            created_at: secret.created_at,
            updated_at: secret.updated_at,
            updated_by: secret.updated_by,
        }
    }
}

impl Listed {
    fn of(secret: SecretSummary) -> Self {
        Self { facts: Facts::of(secret), deleted_at: None, deleted_by: None }
    }

    fn deleted(DeletedSecret { secret, deletion }: DeletedSecret) -> Self {
        Self { deleted_at: Some(deletion.at), deleted_by: Some(deletion.by), ..Self::of(secret) }
    }
}

impl Secrets {
    fn of(space: Space, issued_at: Timestamp, secrets: Vec<Listed>) -> Self {
        Self {
            version: space.version,
            created_at: space.created_at,
            updated_at: space.updated_at,
            space: SpaceName { id: space.id.as_str().to_owned(), name: space.name },
            issued_at,
            secrets,
        }
    }
}

impl Put<'_> {
    /// The value, or why it can't be one.
    pub(super) fn value(&self) -> Result<SecretValue, Problem> {
        let value = match self.kind {
            Kind::Json => SecretValue::json(self.value.get()),
            Kind::Text => serde_json::from_str(self.value.get())
                .map_err(|_| ValueError::NotText)
                .and_then(|text| SecretValue::text(&Zeroizing::<String>::new(text))),
        };
        value.map_err(|error| {
            let code = match error {
                ValueError::TooLarge { .. } => Code::LimitExceeded,
                ValueError::NotJson { .. } | ValueError::NotText => Code::ValueInvalid,
            };
            Problem::new(code, sentence(&error))
        })
    }
}

/// List secrets
///
/// Names and metadata, without values.
#[utoipa::path(
    get,
    path = "/api/v1/spaces/{space}/secrets",
    tag = "secrets",
    security(("session" = [])),
    params(
        SpacePath,
        ListQuery,
        ("If-None-Match" = Option<String>, Header, description = "The ETag of what the client has")
    ),
    responses(
        (
            status = 200,
            description = "Secrets, by name",
            body = Secrets,
            headers(("ETag" = String, description = "Stands for the space's secrets"))
        ),
        (
            status = 304,
            description = "Nothing has changed",
            headers(("ETag" = String, description = "Stands for the space's secrets"))
        )
    )
)]
async fn list(
    Viewer(member): Viewer,
    Query(query): Query<ListQuery>,
    State(manager): State<Arc<Manager>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let space = &member.space.id;
    // Read first: should the list be newer than its tag, the client merely asks once more.
    let tag = manager.tag(space).await?;
    if validator::has_already(&headers, &tag) {
        return Ok(answer::not_modified(&tag));
    }
    let (space, secrets) = if query.deleted {
        let (space, secrets) = manager.deleted_secrets(space).await?;
        (space, secrets.into_iter().map(Listed::deleted).collect())
    } else {
        let list = manager.secrets(space).await?;
        (list.space, list.secrets.into_iter().map(Listed::of).collect())
    };
    Ok(answer::with_etag(&tag, Json(Secrets::of(space, manager.now(), secrets))))
}

/// Reveal a secret
///
/// For readers. Noted in the audit trail before the answer.
#[utoipa::path(
    get,
    path = "/api/v1/spaces/{space}/secrets/{key}",
    tag = "secrets",
    security(("session" = [])),
    params(SpacePath, KeyPath, RevealQuery),
    responses(
        (
            status = 200,
            description = "The secret with its value",
            body = Revealed<'_>,
            headers(("ETag" = String, description = "The version, as If-Match takes it"))
        ),
        (status = 410, description = "`value_destroyed`")
    )
)]
async fn reveal(
    Reader(member): Reader,
    Key(name): Key,
    Query(query): Query<RevealQuery>,
    State(manager): State<Arc<Manager>>,
) -> Result<Response, Problem> {
    let (space, caller) = (&member.space.id, member.caller());
    let revealed = match query.version {
        None => manager.secret(space, &name, caller).await?,
        Some(Number(version)) => manager.secret_version(space, &name, version, caller).await?,
    };
    let version = revealed.version.to_string();
    let value = revealed.value.expose();
    let raw = serde_json::from_str(value).map_err(|_| Problem::from(Code::Internal))?;
    let facts = Facts {
        key: name.to_string(),
        kind: revealed.value.kind(),
        version: revealed.version,
        created_at: revealed.created_at,
        updated_at: revealed.updated_at,
        updated_by: revealed.updated_by,
    };
    let document = Revealed { facts, value: raw };
    let answer = answer::secret(StatusCode::OK, &document, value.len())?;
    Ok(answer::with_etag(&version, answer))
}

/// Set a secret
///
/// For editors. Always a new version.
#[utoipa::path(
    put,
    path = "/api/v1/spaces/{space}/secrets/{key}",
    tag = "secrets",
    security(("session" = [])),
    params(
        SpacePath,
        KeyPath,
        IfMatch,
        IfNoneMatch
    ),
    request_body = PutDocument,
    responses(
        (
            status = 200,
            description = "A new version of the secret",
            body = Changed,
            headers(("ETag" = String, description = "The version, as If-Match takes it"))
        ),
        (
            status = 201,
            description = "A new secret",
            body = Changed,
            headers(("ETag" = String, description = "The version, as If-Match takes it"))
        ),
        (status = 412, description = "`precondition_failed`; `current` is the version"),
        (status = 422, description = "`name_invalid`, `value_invalid` or `limit_exceeded`")
    )
)]
async fn put(
    Editor(member): Editor,
    NewKey(name): NewKey,
    IfVersion(precondition): IfVersion,
    State(manager): State<Arc<Manager>>,
    body: body::Json<{ body::VALUE }>,
) -> Result<Response, Problem> {
    let value = body.read::<Put<'_>>()?.value()?;
    drop(body);
    let edit = Edit { name, change: Change::Put(value), precondition };
    change(&manager, &member, StatusCode::CREATED, edit).await
}

/// Delete a secret
///
/// For editors. No reader gets it any more; it can be restored.
#[utoipa::path(
    delete,
    path = "/api/v1/spaces/{space}/secrets/{key}",
    tag = "secrets",
    security(("session" = [])),
    params(
        SpacePath,
        KeyPath,
        IfMatch
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = 412, description = "`precondition_failed`; `current` is the version")
    )
)]
async fn delete(
    Editor(member): Editor,
    Key(name): Key,
    IfVersion(precondition): IfVersion,
    State(manager): State<Arc<Manager>>,
) -> Result<StatusCode, Problem> {
    let edit = Edit { name, change: Change::Delete, precondition };
    apply(&manager, &member, edit).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes one change and answers with the secret as it is then, with the status `when_added` if it
/// wasn't there before.
pub(super) async fn change(
    manager: &Manager,
    member: &Member,
    when_added: StatusCode,
    edit: Edit,
) -> Result<Response, Problem> {
    let applied = apply(manager, member, edit).await?;
    let (status, version) = match applied.outcomes.first() {
        Some(Outcome::Added(version)) => (when_added, *version),
        Some(Outcome::Changed(version) | Outcome::Unchanged(version)) => (StatusCode::OK, *version),
        _ => return Err(Code::Internal.into()),
    };
    // Of this change, whatever others have made of the secret since.
    let facts = Facts::of(applied.summary.ok_or(Code::Internal)?);
    let changed = Changed { facts, space_version: applied.version };
    Ok(answer::with_etag(&version.to_string(), (status, Json(changed)).into_response()))
}

pub(super) async fn apply(
    manager: &Manager,
    member: &Member,
    edit: Edit,
) -> Result<Applied, Problem> {
    let applied = manager.apply(&member.space.id, vec![edit], Same::Write, member.caller());
    Ok(applied.await?)
}
