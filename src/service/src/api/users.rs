//! People with an account. Administrators manage them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use secret_manager_manager::{
    Invitation as NewInvitation, Manager, NewUser, User as Facts, UserChange,
};
use secret_manager_model::{LoginName, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{answer, path, schema};
use crate::address::PublicAddress;
use crate::auth::Administrator;
use crate::body;
use crate::error::{Code, Problem, sentence};
use crate::link;
use crate::shared::Shared;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(update, delete))
        .routes(routes!(invite))
}

#[derive(Serialize, ToSchema)]
struct Users {
    users: Vec<User>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct User {
    id: String,
    /// What the user signs in with.
    #[schema(example = "anna")]
    name: String,
    #[schema(example = "Anna Weber")]
    display_name: String,
    /// Manages users and makes spaces.
    administrator: bool,
    #[schema(schema_with = schema::user_state)]
    state: &'static str,
    #[schema(schema_with = schema::time)]
    created_at: Timestamp,
    #[schema(required, schema_with = schema::time_or_null)]
    last_sign_in_at: Option<Timestamp>,
}

#[derive(Serialize, ToSchema)]
struct Created<'a> {
    user: User,
    #[serde(borrow)]
    invitation: Invitation<'a>,
}

/// A one-time link that lets the user set a password. It is shown this once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Invitation<'a> {
    code: &'a str,
    #[schema(example = "https://secrets.example/invitation#…")]
    url: &'a str,
    #[schema(schema_with = schema::time)]
    expires_at: Timestamp,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = NewUser)]
struct CreateUser {
    /// What the user signs in with.
    #[schema(
        example = "bert",
        min_length = 1,
        max_length = 64,
        pattern = "^[A-Za-z0-9][A-Za-z0-9._@+-]*$"
    )]
    name: String,
    /// The name again when it is left out.
    #[schema(example = "Bert Adler", max_length = 100)]
    display_name: Option<String>,
    #[serde(default)]
    administrator: bool,
}

/// What is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = UserChange)]
struct Change {
    #[schema(min_length = 1, max_length = 100)]
    display_name: Option<String>,
    administrator: Option<bool>,
    /// A disabled user can't sign in, and all sessions end.
    disabled: Option<bool>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "a description; `Named` reads it")]
pub(super) struct UserPath {
    /// The user's id or name.
    #[param(example = "anna")]
    user: String,
}

/// The user that the address names. Read after the guards.
pub(super) struct Named(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        path::part(parts, state, "user").await.map(Self)
    }
}

impl User {
    fn of(user: Facts) -> Self {
        Self {
            id: user.id.as_str().to_owned(),
            name: user.name,
            display_name: user.display_name,
            administrator: user.administrator,
            state: user.state.as_str(),
            created_at: user.created_at,
            last_sign_in_at: user.last_sign_in_at,
        }
    }
}

/// List users
#[utoipa::path(
    get,
    path = "/api/v1/users",
    tag = "users",
    security(("session" = [])),
    responses((status = 200, description = "All users, by name", body = Users))
)]
async fn list(
    _: Administrator,
    State(manager): State<Arc<Manager>>,
) -> Result<Json<Users>, Problem> {
    let users = manager.users().await?.into_iter().map(User::of).collect();
    Ok(Json(Users { users }))
}

/// Add a user
///
/// The answer has an invitation, by which the user sets a password.
#[utoipa::path(
    post,
    path = "/api/v1/users",
    tag = "users",
    security(("session" = [])),
    request_body = CreateUser,
    responses(
        (status = 201, description = "Added", body = Created<'_>),
        (status = 409, description = "`name_taken`"),
        (status = 422, description = "`name_invalid` or `value_invalid`")
    )
)]
async fn create(
    Administrator(signed_in): Administrator,
    address: PublicAddress,
    State(manager): State<Arc<Manager>>,
    body: body::Json,
) -> Result<Response, Problem> {
    let CreateUser { name, display_name, administrator } = body.read()?;
    let name = LoginName::parse(&name)
        .map_err(|error| Problem::new(Code::NameInvalid, sentence(&error)))?;
    let new = NewUser { name, display_name, administrator };
    let (user, invitation) = manager.create_user(new, &signed_in.caller).await?;
    let url = link::invitation(address.as_str(), invitation.expose());
    let invitation = Invitation::of(&invitation, &url);
    answer::secret(StatusCode::CREATED, &Created { user: User::of(user), invitation }, url.len())
}

/// Change a user
#[utoipa::path(
    patch,
    path = "/api/v1/users/{user}",
    tag = "users",
    security(("session" = [])),
    params(UserPath),
    request_body = Change,
    responses(
        (status = 200, description = "Changed", body = User),
        (status = 404, description = "`user_unknown`"),
        (status = 409, description = "`last_administrator`"),
        (status = 422, description = "`value_invalid`")
    )
)]
async fn update(
    Administrator(signed_in): Administrator,
    Named(user): Named,
    State(manager): State<Arc<Manager>>,
    body: body::Json,
) -> Result<Json<User>, Problem> {
    let Change { display_name, administrator, disabled } = body.read()?;
    let user = manager.user(&user).await?;
    let change = UserChange { display_name, administrator, disabled };
    Ok(Json(User::of(manager.update_user(&user.id, change, &signed_in.caller).await?)))
}

/// Delete a user
///
/// With sessions and memberships, for good. What the user did stays in the history.
#[utoipa::path(
    delete,
    path = "/api/v1/users/{user}",
    tag = "users",
    security(("session" = [])),
    params(UserPath),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "`user_unknown`"),
        (status = 409, description = "`last_administrator` or `last_owner`")
    )
)]
async fn delete(
    Administrator(signed_in): Administrator,
    Named(user): Named,
    State(manager): State<Arc<Manager>>,
) -> Result<StatusCode, Problem> {
    let user = manager.user(&user).await?;
    manager.delete_user(&user.id, &signed_in.caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Invite a user again
///
/// A new link to set a password. The old password, sessions and older links stop working.
#[utoipa::path(
    post,
    path = "/api/v1/users/{user}/invitation",
    tag = "users",
    security(("session" = [])),
    params(UserPath),
    responses(
        (status = 201, description = "Invited", body = Invitation<'_>),
        (status = 404, description = "`user_unknown`"),
        (status = 409, description = "`last_administrator`")
    )
)]
async fn invite(
    Administrator(signed_in): Administrator,
    Named(user): Named,
    address: PublicAddress,
    State(manager): State<Arc<Manager>>,
) -> Result<Response, Problem> {
    let user = manager.user(&user).await?;
    let invitation = manager.invite_user(&user.id, &signed_in.caller).await?;
    let url = link::invitation(address.as_str(), invitation.expose());
    answer::secret(StatusCode::CREATED, &Invitation::of(&invitation, &url), 2 * url.len())
}

impl<'a> Invitation<'a> {
    fn of(invitation: &'a NewInvitation, url: &'a str) -> Self {
        Self { code: invitation.expose(), url, expires_at: invitation.expires_at }
    }
}
