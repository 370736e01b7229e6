//! Access tokens of a space. Owners make and revoke them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use secret_manager_manager::{Error, Manager, Thing, Token as Facts, TokenId};
use secret_manager_model::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::path::SpacePath;
use super::{answer, path, schema};
use crate::auth::Owner;
use crate::body;
use crate::error::Problem;
use crate::shared::Shared;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(revoke))
}

#[derive(Serialize, ToSchema)]
struct Tokens {
    tokens: Vec<Token>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Token {
    id: String,
    /// What it is for.
    #[schema(example = "line 1")]
    name: String,
    #[schema(schema_with = schema::time)]
    created_at: Timestamp,
    #[schema(required, schema_with = schema::time_or_null)]
    expires_at: Option<Timestamp>,
    /// To the minute.
    #[schema(required, schema_with = schema::time_or_null)]
    last_used_at: Option<Timestamp>,
    #[schema(required, schema_with = schema::time_or_null)]
    revoked_at: Option<Timestamp>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = CreatedToken)]
struct Created<'a> {
    /// What an engine shows. It is told this once.
    #[schema(example = "smt_…")]
    token: &'a str,
    #[serde(flatten)]
    facts: Token,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = NewToken)]
struct Create {
    #[schema(example = "line 1")]
    name: String,
    /// When it stops working; never when this is left out.
    #[schema(schema_with = schema::time_or_null)]
    expires_at: Option<Timestamp>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "a description; `Id` reads it")]
struct TokenPath {
    /// The token's id.
    token: String,
}

/// The token that the address names.
struct Id(TokenId);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        path::part(parts, state, "token").await.map(|id| Self(TokenId::new(id)))
    }
}

impl Token {
    fn of(token: Facts) -> Self {
        Self {
            id: token.id.as_str().to_owned(),
            name: token.name,
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
            revoked_at: token.revoked_at,
        }
    }
}

/// List access tokens
///
/// For owners. Revoked and expired ones too, the oldest first.
#[utoipa::path(
    get,
    path = "/api/v1/spaces/{space}/tokens",
    tag = "tokens",
    security(("session" = [])),
    params(SpacePath),
    responses((status = 200, description = "Access tokens", body = Tokens))
)]
async fn list(
    Owner(member): Owner,
    State(manager): State<Arc<Manager>>,
) -> Result<Json<Tokens>, Problem> {
    let tokens = manager.tokens(Some(&member.space.id)).await?;
    Ok(Json(Tokens { tokens: tokens.into_iter().map(Token::of).collect() }))
}

/// Make an access token
///
/// For owners. The token itself is in this one answer and nowhere else.
#[utoipa::path(
    post,
    path = "/api/v1/spaces/{space}/tokens",
    tag = "tokens",
    security(("session" = [])),
    params(SpacePath),
    request_body = Create,
    responses(
        (status = 201, description = "Made", body = Created<'_>),
        (status = 422, description = "`value_invalid`")
    )
)]
async fn create(
    Owner(member): Owner,
    State(manager): State<Arc<Manager>>,
    body: body::Json,
) -> Result<Response, Problem> {
    let Create { name, expires_at } = body.read()?;
    let created = manager.create_token(&member.space.id, &name, expires_at, member.caller());
    let created = created.await?;
    let token = created.expose();
    let document = Created { token, facts: Token::of(created.token.clone()) };
    answer::secret(StatusCode::CREATED, &document, token.len())
}

/// Revoke an access token
///
/// For owners. It is refused from the next request on.
#[utoipa::path(
    delete,
    path = "/api/v1/spaces/{space}/tokens/{token}",
    tag = "tokens",
    security(("session" = [])),
    params(SpacePath, TokenPath),
    responses((status = 204, description = "Revoked"))
)]
async fn revoke(
    Owner(member): Owner,
    Id(id): Id,
    State(manager): State<Arc<Manager>>,
) -> Result<StatusCode, Problem> {
    let tokens = manager.tokens(Some(&member.space.id)).await?;
    // Those of other spaces are none of this owner's.
    if !tokens.iter().any(|token| token.id == id) {
        return Err(Error::NotFound(Thing::Token).into());
    }
    manager.revoke_token(&id, member.caller()).await?;
    Ok(StatusCode::NO_CONTENT)
}
