//! What a secret was: its versions, and ways back and out.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use secret_manager_manager::{Change, Edit, Manager, Precondition, Version as Facts};
use secret_manager_model::{Kind, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::{Array, ArrayBuilder, SchemaType, Type};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::path::{Key, KeyPath, SpacePath};
use super::precondition::{IfMatch, IfVersion};
use super::schema;
use super::secrets::{self, Changed};
use crate::auth::{Editor, Owner, Viewer};
use crate::body;
use crate::error::Problem;
use crate::number::Number;
use crate::shared::Shared;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(versions))
        .routes(routes!(roll_back))
        .routes(routes!(restore))
        .routes(routes!(destroy))
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Versions {
    #[schema(example = "DB_PASSWORD")]
    key: String,
    /// Of a deleted secret only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::time)]
    deleted_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_by: Option<String>,
    versions: Vec<Version>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Version {
    version: u64,
    #[serde(rename = "type")]
    #[schema(schema_with = schema::kind)]
    kind: Kind,
    #[schema(schema_with = schema::time)]
    created_at: Timestamp,
    #[schema(example = "anna")]
    created_by: String,
    /// The older version whose content this one took.
    #[schema(required)]
    rolled_back_from: Option<u64>,
    /// A kept version can be revealed and rolled back to; the value of a destroyed one is gone.
    #[schema(schema_with = schema::version_state)]
    state: &'static str,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Rollback {
    /// Whose content comes back.
    #[schema(schema_with = Number::schema)]
    version: Number,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Destruction {
    /// The values of these older versions. Without it the secret and all its versions.
    #[schema(schema_with = numbers_or_null)]
    versions: Option<Vec<Number>>,
}

fn numbers_or_null() -> Array {
    let kinds = SchemaType::Array(vec![Type::Array, Type::Null]);
    ArrayBuilder::new().schema_type(kinds).items(Number::schema()).build()
}

impl Version {
    fn of(version: Facts) -> Self {
        Self {
            version: version.version,
            kind: version.kind,
            created_at: version.created_at,
            created_by: version.created_by,
            rolled_back_from: version.rolled_back_from,
            state: version.state.as_str(),
        }
    }
}

/// List the versions of a secret
///
/// Also of a deleted one; the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/spaces/{space}/secrets/{key}/versions",
    tag = "secrets",
    security(("session" = [])),
    params(SpacePath, KeyPath),
    responses((status = 200, description = "Versions", body = Versions))
)]
async fn versions(
    Viewer(member): Viewer,
    Key(name): Key,
    State(manager): State<Arc<Manager>>,
) -> Result<Json<Versions>, Problem> {
    let history = manager.history(&member.space.id, &name).await?;
    let (deleted_at, deleted_by) = history.deleted.map(|it| (it.at, it.by)).unzip();
    let versions = history.versions.into_iter().map(Version::of).collect();
    Ok(Json(Versions { key: name.to_string(), deleted_at, deleted_by, versions }))
}

/// Roll a secret back
///
/// For editors. Makes a new version with the content of an old one.
#[utoipa::path(
    post,
    path = "/api/v1/spaces/{space}/secrets/{key}/rollback",
    tag = "secrets",
    security(("session" = [])),
    params(
        SpacePath,
        KeyPath,
        IfMatch
    ),
    request_body = Rollback,
    responses(
        (
            status = 200,
            description = "The new version",
            body = Changed,
            headers(("ETag" = String, description = "The version, as If-Match takes it"))
        ),
        (status = 410, description = "`value_destroyed`"),
        (status = 412, description = "`precondition_failed`; `current` is the version"),
        (status = 422, description = "`limit_exceeded`")
    )
)]
async fn roll_back(
    Editor(member): Editor,
    Key(name): Key,
    IfVersion(precondition): IfVersion,
    State(manager): State<Arc<Manager>>,
    body: body::Json,
) -> Result<Response, Problem> {
    let Rollback { version: Number(version) } = body.read()?;
    let edit = Edit { name, change: Change::Rollback(version), precondition };
    secrets::change(&manager, &member, StatusCode::OK, edit).await
}

/// Restore a deleted secret
///
/// For editors. It comes back as a new version with its last content.
#[utoipa::path(
    post,
    path = "/api/v1/spaces/{space}/secrets/{key}/restore",
    tag = "secrets",
    security(("session" = [])),
    params(SpacePath, KeyPath),
    responses(
        (
            status = 200,
            description = "The new version",
            body = Changed,
            headers(("ETag" = String, description = "The version, as If-Match takes it"))
        ),
        (status = 410, description = "`value_destroyed`"),
        (status = 412, description = "`precondition_failed`: it is not deleted"),
        (status = 422, description = "`limit_exceeded`")
    )
)]
async fn restore(
    Editor(member): Editor,
    Key(name): Key,
    State(manager): State<Arc<Manager>>,
) -> Result<Response, Problem> {
    let edit = Edit { name, change: Change::Restore, precondition: Precondition::Absent };
    secrets::change(&manager, &member, StatusCode::OK, edit).await
}

/// Destroy a secret or older versions of it
///
/// For owners. There is no way back.
#[utoipa::path(
    post,
    path = "/api/v1/spaces/{space}/secrets/{key}/destroy",
    tag = "secrets",
    security(("session" = [])),
    params(SpacePath, KeyPath),
    request_body = Destruction,
    responses(
        (status = 204, description = "Destroyed"),
        (status = 422, description = "`value_invalid`: the current version is among them")
    )
)]
async fn destroy(
    Owner(member): Owner,
    Key(name): Key,
    State(manager): State<Arc<Manager>>,
    body: body::Json,
) -> Result<StatusCode, Problem> {
    let Destruction { versions } = body.read()?;
    let change = versions.map_or(Change::Destroy, |versions| {
        Change::DestroyVersions(versions.into_iter().map(|version| version.0).collect())
    });
    let edit = Edit { name, change, precondition: Precondition::Any };
    secrets::apply(&manager, &member, edit).await?;
    Ok(StatusCode::NO_CONTENT)
}
