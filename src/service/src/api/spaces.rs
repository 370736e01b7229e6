//! Spaces. A person sees those of which he or she is a member; administrators make new ones.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use secret_manager_manager::{Manager, Space as Facts};
use secret_manager_model::{Role, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::path::SpacePath;
use super::schema;
use crate::auth::{Administrator, Owner, SignedIn, Viewer};
use crate::body;
use crate::error::{Problem, as_name};
use crate::shared::Shared;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(read, update, delete))
}

#[derive(Serialize, ToSchema)]
struct Spaces {
    spaces: Vec<Space>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Space {
    id: String,
    #[schema(example = "plant")]
    name: String,
    /// +1 for each change.
    version: u64,
    #[schema(schema_with = schema::time)]
    created_at: Timestamp,
    #[schema(schema_with = schema::time)]
    updated_at: Timestamp,
    /// When this answer was made.
    #[schema(schema_with = schema::time)]
    issued_at: Timestamp,
    /// How many there are.
    secrets: u64,
    /// The role of whoever asks.
    #[schema(schema_with = schema::role)]
    role: &'static str,
    /// How many versions of each secret are kept.
    kept_versions: u64,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSpace)]
struct Create {
    #[schema(example = "plant", min_length = 1, max_length = 100)]
    name: String,
}

/// What is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = SpaceChange)]
struct Change {
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    #[schema(minimum = 1, maximum = 1000)]
    kept_versions: Option<u64>,
}

impl Space {
    fn of(space: Facts, secrets: u64, role: Role, issued_at: Timestamp) -> Self {
        Self {
            id: space.id.as_str().to_owned(),
            name: space.name,
            version: space.version,
            created_at: space.created_at,
            updated_at: space.updated_at,
            issued_at,
            secrets,
            role: role.as_str(),
            kept_versions: space.kept_versions,
        }
    }
}

/// List spaces
///
/// Those of which the user is a member.
#[utoipa::path(
    get,
    path = "/api/v1/spaces",
    tag = "spaces",
    security(("session" = [])),
    responses((status = 200, description = "Spaces, by name", body = Spaces))
)]
async fn list(
    signed_in: SignedIn,
    State(manager): State<Arc<Manager>>,
) -> Result<Json<Spaces>, Problem> {
    let now = manager.now();
    let spaces = manager.spaces_of(&signed_in.user().id).await?;
    let spaces = spaces
        .into_iter()
        .map(|(space, usage, role)| Space::of(space, usage.secrets, role, now))
        .collect();
    Ok(Json(Spaces { spaces }))
}

/// Make a space
///
/// Its maker, an administrator, becomes its first owner.
#[utoipa::path(
    post,
    path = "/api/v1/spaces",
    tag = "spaces",
    security(("session" = [])),
    request_body = Create,
    responses(
        (status = 201, description = "Made", body = Space),
        (status = 409, description = "`name_taken`"),
        (status = 422, description = "`name_invalid`")
    )
)]
async fn create(
    Administrator(signed_in): Administrator,
    State(manager): State<Arc<Manager>>,
    body: body::Json,
) -> Result<(StatusCode, Json<Space>), Problem> {
    let Create { name } = body.read()?;
    let space = manager.create_space(&name, &signed_in.caller).await.map_err(as_name)?;
    Ok((StatusCode::CREATED, Json(Space::of(space, 0, Role::Owner, manager.now()))))
}

/// Read a space
#[utoipa::path(
    get,
    path = "/api/v1/spaces/{space}",
    tag = "spaces",
    security(("session" = [])),
    params(SpacePath),
    responses((status = 200, description = "The space", body = Space))
)]
async fn read(
    Viewer(member): Viewer,
    State(manager): State<Arc<Manager>>,
) -> Result<Json<Space>, Problem> {
    let usage = manager.usage(&member.space.id).await?;
    Ok(Json(Space::of(member.space, usage.secrets, member.role, manager.now())))
}

/// Change a space
///
/// For owners.
#[utoipa::path(
    patch,
    path = "/api/v1/spaces/{space}",
    tag = "spaces",
    security(("session" = [])),
    params(SpacePath),
    request_body = Change,
    responses(
        (status = 200, description = "Changed", body = Space),
        (status = 409, description = "`name_taken`"),
        (status = 422, description = "`name_invalid` or `value_invalid`")
    )
)]
async fn update(
    Owner(member): Owner,
    State(manager): State<Arc<Manager>>,
    body: body::Json,
) -> Result<Json<Space>, Problem> {
    let Change { name, kept_versions } = body.read()?;
    let mut space = member.space.clone();
    if let Some(count) = kept_versions {
        space = manager.keep_versions(&space.id, count, member.caller()).await?;
    }
    if let Some(name) = name {
        space = manager.rename_space(&space.id, &name, member.caller()).await.map_err(as_name)?;
    }
    let usage = manager.usage(&space.id).await?;
    Ok(Json(Space::of(space, usage.secrets, member.role, manager.now())))
}

/// Delete a space
///
/// For owners. With its secrets, all their versions and the access tokens, for good.
#[utoipa::path(
    delete,
    path = "/api/v1/spaces/{space}",
    tag = "spaces",
    security(("session" = [])),
    params(SpacePath),
    responses((status = 204, description = "Deleted"))
)]
async fn delete(
    Owner(member): Owner,
    State(manager): State<Arc<Manager>>,
) -> Result<StatusCode, Problem> {
    manager.delete_space(&member.space.id, member.caller()).await?;
    Ok(StatusCode::NO_CONTENT)
}
