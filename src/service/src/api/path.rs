//! The parts of an address.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use secret_manager_model::{NameError, SecretName};
use utoipa::IntoParams;

use crate::error::{Code, Problem, sentence};

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "a description; the guards read it")]
pub(super) struct SpacePath {
    /// The space's id or name.
    #[param(example = "plant")]
    space: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "a description; `Key` and `NewKey` read it")]
pub(super) struct KeyPath {
    /// The secret's name.
    #[param(example = "DB_PASSWORD", max_length = 256, pattern = "^[A-Za-z_][A-Za-z0-9_.-]*$")]
    key: String,
}

/// The name of a secret that may be there. What breaks the rules for names can't.
pub(super) struct Key(pub(super) SecretName);

/// The name of a secret that may be made.
pub(super) struct NewKey(pub(super) SecretName);

/// Another part, by its name in the route.
pub(super) async fn part<S: Send + Sync>(
    parts: &mut Parts,
    state: &S,
    name: &str,
) -> Result<String, Problem> {
    let parameters = RawPathParams::from_request_parts(parts, state)
        .await
        .map_err(|_| Problem::from(Code::NotFound))?;
    let mut found = parameters.iter().filter(|(found, _)| *found == name);
    found.next().map(|(_, value)| value.to_owned()).ok_or(Code::NotFound.into())
}

impl<S: Send + Sync> FromRequestParts<S> for Key {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let name = part(parts, state, "key").await?;
        SecretName::parse(&name).map(Self).map_err(|_| Code::NotFound.into())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for NewKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let name = part(parts, state, "key").await?;
        SecretName::parse(&name).map(Self).map_err(name_invalid)
    }
}

pub(super) fn name_invalid(error: NameError) -> Problem {
    Problem::new(Code::NameInvalid, sentence(&error))
}
