//! The first administrator, and people who were invited: both come with a code that works once.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use secret_manager_manager::{Manager, Password};
use secret_manager_model::LoginName;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::schema;
use super::session::{self, Session};
use crate::admission::Guess;
use crate::auth::Anyone;
use crate::body::{self, SecretText};
use crate::error::{Code, Problem, sentence};
use crate::shared::Shared;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(set_up)).routes(routes!(accept))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Setup {
    /// What the service printed at its start.
    #[schema(schema_with = schema::secret_text)]
    code: SecretText,
    #[schema(example = "anna")]
    name: String,
    #[schema(example = "Anna Weber")]
    display_name: Option<String>,
    /// 15 to 256 characters, and none that is tried first.
    #[schema(schema_with = schema::secret_text)]
    password: SecretText,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Acceptance {
    #[schema(schema_with = schema::secret_text)]
    code: SecretText,
    /// 15 to 256 characters, and none that is tried first.
    #[schema(schema_with = schema::secret_text)]
    password: SecretText,
}

/// Set up the service
///
/// Makes the first administrator and signs in. The code works once.
#[utoipa::path(
    post,
    path = "/api/v1/setup",
    tag = "session",
    request_body = Setup,
    responses(
        (
            status = 201,
            description = "Set up and signed in",
            body = Session,
            headers(("Set-Cookie" = String, description = "The session, `__Host-session`"))
        ),
        (status = 403, description = "`setup_code_invalid` or `cross_site`"),
        (status = 422, description = "`name_invalid`, or `value_invalid`: another password")
    )
)]
async fn set_up(
    _: Guess,
    Anyone(caller): Anyone,
    State(manager): State<Arc<Manager>>,
    body: body::Json,
) -> Result<Response, Problem> {
    let Setup { code, name, display_name, password } = body.read()?;
    let password = Password::new(password.expose());
    let begun = manager.set_up(code.expose(), &name, display_name, &password, &caller).await;
    begun.map(|new| session::begun(&new)).map_err(|error| match LoginName::parse(&name) {
        // Only whoever has the code is told about the name.
        Err(mistake) if matches!(error, secret_manager_manager::Error::Invalid(_)) => {
            Problem::new(Code::NameInvalid, sentence(&mistake))
        }
        _ => error.into(),
    })
}

/// Accept an invitation
///
/// Sets the password and signs in. The code works once.
#[utoipa::path(
    post,
    path = "/api/v1/invitations/accept",
    tag = "session",
    request_body = Acceptance,
    responses(
        (
            status = 201,
            description = "Accepted and signed in",
            body = Session,
            headers(("Set-Cookie" = String, description = "The session, `__Host-session`"))
        ),
        (status = 403, description = "`invitation_invalid` or `cross_site`"),
        (status = 422, description = "`value_invalid`: another password")
    )
)]
async fn accept(
    _: Guess,
    Anyone(caller): Anyone,
    State(manager): State<Arc<Manager>>,
    body: body::Json,
) -> Result<Response, Problem> {
    let Acceptance { code, password } = body.read()?;
    let password = Password::new(password.expose());
    let begun = manager.accept_invitation(code.expose(), &password, &caller).await?;
    Ok(session::begun(&begun))
}
