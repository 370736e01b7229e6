//! Signing in and out.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use secret_manager_manager::{Error, Manager, NewSession, Password, Session as Facts, User};
use secret_manager_model::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::schema;
use crate::admission::Guess;
use crate::auth::{Anyone, SignedIn, session};
use crate::body::{self, SecretText};
use crate::error::{Code, Problem};
use crate::shared::Shared;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(read, sign_in, sign_out))
        .routes(routes!(sign_out_everywhere))
        .routes(routes!(change_password))
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Session {
    user: SessionUser,
    /// When the session ends unless it is used before.
    #[schema(schema_with = schema::time)]
    expires_at: Timestamp,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SessionUser {
    id: String,
    #[schema(example = "anna")]
    name: String,
    #[schema(example = "Anna Weber")]
    display_name: String,
    /// Manages users and makes spaces.
    administrator: bool,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Credentials {
    #[schema(example = "anna")]
    name: String,
    #[schema(schema_with = schema::secret_text)]
    password: SecretText,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordChange {
    #[schema(schema_with = schema::secret_text)]
    current: SecretText,
    /// 15 to 256 characters, and none that is tried first.
    #[schema(schema_with = schema::secret_text)]
    new: SecretText,
}

impl Session {
    fn of(session: &Facts) -> Self {
        let User { id, name, display_name, administrator, .. } = &session.user;
        Self {
            user: SessionUser {
                id: id.as_str().to_owned(),
                name: name.clone(),
                display_name: display_name.clone(),
                administrator: *administrator,
            },
            expires_at: session.expires_at,
        }
    }
}

/// Who is signed in
#[utoipa::path(
    get,
    path = "/api/v1/session",
    tag = "session",
    security(("session" = [])),
    responses((status = 200, description = "The session", body = Session))
)]
async fn read(signed_in: SignedIn) -> Json<Session> {
    Json(Session::of(&signed_in.session))
}

/// Sign in
#[utoipa::path(
    post,
    path = "/api/v1/session",
    tag = "session",
    request_body = Credentials,
    responses(
        (
            status = 201,
            description = "Signed in",
            body = Session,
            headers(("Set-Cookie" = String, description = "The session, `__Host-session`"))
        ),
        (status = 401, description = "`credentials_wrong`")
    )
)]
async fn sign_in(
    _: Guess,
    Anyone(caller): Anyone,
    State(manager): State<Arc<Manager>>,
    body: body::Json,
) -> Result<Response, Problem> {
    let Credentials { name, password } = body.read()?;
    let password = Password::new(password.expose());
    Ok(begun(&manager.sign_in(&name, &password, &caller).await?))
}

/// Sign out
#[utoipa::path(
    delete,
    path = "/api/v1/session",
    tag = "session",
    security(("session" = [])),
    responses((status = 204, description = "Signed out"))
)]
async fn sign_out(
    signed_in: SignedIn,
    State(manager): State<Arc<Manager>>,
) -> Result<Response, Problem> {
    manager.end_session(&signed_in.session, &signed_in.caller).await?;
    Ok(ended())
}

/// Sign out everywhere
///
/// Ends all sessions of the user, in whatever browser they are.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions",
    tag = "session",
    security(("session" = [])),
    responses((status = 204, description = "Signed out everywhere"))
)]
async fn sign_out_everywhere(
    signed_in: SignedIn,
    State(manager): State<Arc<Manager>>,
) -> Result<Response, Problem> {
    manager.end_sessions(&signed_in.user().id, &signed_in.caller).await?;
    Ok(ended())
}

/// Change the password
///
/// Ends all other sessions of the user.
#[utoipa::path(
    put,
    path = "/api/v1/session/password",
    tag = "session",
    security(("session" = [])),
    request_body = PasswordChange,
    responses(
        (status = 204, description = "Changed"),
        (status = 403, description = "`password_wrong` or `cross_site`"),
        (status = 422, description = "`value_invalid`: choose another password")
    )
)]
async fn change_password(
    _: Guess,
    signed_in: SignedIn,
    State(manager): State<Arc<Manager>>,
    body: body::Json,
) -> Result<StatusCode, Problem> {
    let PasswordChange { current, new } = body.read()?;
    let (current, new) = (Password::new(current.expose()), Password::new(new.expose()));
    let changed = manager.change_password(&signed_in.session, &current, &new, &signed_in.caller);
    changed.await.map_err(|error| match error {
        // Not a 401: the session is as good as before.
        Error::CredentialsWrong => Code::PasswordWrong.into(),
        other => Problem::from(other),
    })?;
    Ok(StatusCode::NO_CONTENT)
}

/// The answer to whatever begins a session.
pub(super) fn begun(new: &NewSession) -> Response {
    let mut response = (StatusCode::CREATED, Json(Session::of(&new.session))).into_response();
    session::begin(response.headers_mut(), new.expose());
    response
}

fn ended() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    session::end(response.headers_mut());
    response
}
