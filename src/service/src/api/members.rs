//! Members of a space and their roles.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use secret_manager_manager::{Manager, Member as Facts};
use secret_manager_model::{Role, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::path::SpacePath;
use super::schema;
use super::users::{Named, UserPath};
use crate::auth::{Owner, Viewer};
use crate::body;
use crate::error::Problem;
use crate::shared::Shared;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(put, remove))
}

#[derive(Serialize, ToSchema)]
struct Members {
    members: Vec<Member>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Member {
    user: MemberUser,
    #[schema(schema_with = schema::role)]
    role: &'static str,
    #[schema(schema_with = schema::time)]
    added_at: Timestamp,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MemberUser {
    id: String,
    #[schema(example = "anna")]
    name: String,
    #[schema(example = "Anna Weber")]
    display_name: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Membership {
    #[schema(inline)]
    role: RoleName,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum RoleName {
    Owner,
    Editor,
    Reader,
    Viewer,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Owner => Self::Owner,
            RoleName::Editor => Self::Editor,
            RoleName::Reader => Self::Reader,
            RoleName::Viewer => Self::Viewer,
        }
    }
}

impl Member {
    fn of(member: Facts) -> Self {
        Self {
            user: MemberUser {
                id: member.user.id.as_str().to_owned(),
                name: member.user.name,
                display_name: member.user.display_name,
            },
            role: member.role.as_str(),
            added_at: member.added_at,
        }
    }
}

/// List members
#[utoipa::path(
    get,
    path = "/api/v1/spaces/{space}/members",
    tag = "members",
    security(("session" = [])),
    params(SpacePath),
    responses((status = 200, description = "Members, by name", body = Members))
)]
async fn list(
    Viewer(member): Viewer,
    State(manager): State<Arc<Manager>>,
) -> Result<Json<Members>, Problem> {
    let members = manager.members(&member.space.id).await?.into_iter().map(Member::of).collect();
    Ok(Json(Members { members }))
}

/// Add a member, or give one another role
///
/// For owners.
#[utoipa::path(
    put,
    path = "/api/v1/spaces/{space}/members/{user}",
    tag = "members",
    security(("session" = [])),
    params(SpacePath, UserPath),
    request_body = Membership,
    responses(
        (status = 200, description = "Has the role now", body = Member),
        (status = 201, description = "Added", body = Member),
        (status = 404, description = "`user_unknown`, or `not_found`: no such space"),
        (status = 409, description = "`last_owner`")
    )
)]
async fn put(
    Owner(member): Owner,
    Named(user): Named,
    State(manager): State<Arc<Manager>>,
    body: body::Json,
) -> Result<(StatusCode, Json<Member>), Problem> {
    let Membership { role } = body.read()?;
    let put = manager.put_member(&member.space.id, &user, role.into(), member.caller());
    let (member, is_new) = put.await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(Member::of(member))))
}

/// Remove a member
///
/// For owners; everybody may leave a space.
#[utoipa::path(
    delete,
    path = "/api/v1/spaces/{space}/members/{user}",
    tag = "members",
    security(("session" = [])),
    params(SpacePath, UserPath),
    responses(
        (status = 204, description = "No member any more"),
        (status = 404, description = "`user_unknown`, or `not_found`: no such space or member"),
        (status = 409, description = "`last_owner`")
    )
)]
async fn remove(
    Viewer(member): Viewer,
    Named(user): Named,
    State(manager): State<Arc<Manager>>,
) -> Result<StatusCode, Problem> {
    let own = member.signed_in.user();
    let user = if user == own.id.as_str() || user == own.name {
        own.id.clone()
    } else if member.role.includes(Role::Owner) {
        manager.user(&user).await?.id
    } else {
        return Err(member.lacks(Role::Owner));
    };
    manager.remove_member(&member.space.id, &user, member.caller()).await?;
    Ok(StatusCode::NO_CONTENT)
}
