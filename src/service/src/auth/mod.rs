//! Who asks. A handler that needs a right names it among its arguments; without one it has no way to
//! the data, so a forgotten check doesn't compile.
//!
//! - [`AccessToken`]: an engine's; opens one space for reading.
//! - [`SignedIn`], [`Administrator`]: a person with a session.
//! - [`Owner`], [`Editor`], [`Reader`], [`Viewer`]: a person with at least this role in the space that
//!   the address names.

pub(crate) mod session;
mod space;
mod token;

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use secret_manager_manager::{Actor, Caller};

pub(crate) use session::{Administrator, SignedIn};
pub(crate) use space::{Editor, Member, Owner, Reader, Viewer};
pub(crate) use token::AccessToken;

use crate::request::{self, RequestId};

/// Somebody who hasn't said yet who they are.
pub(crate) struct Anyone(pub(crate) Caller);

impl<S: Sync> FromRequestParts<S> for Anyone {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(caller(parts, Actor::Nobody)))
    }
}

/// The actor with what is known of the request.
fn caller(parts: &Parts, actor: Actor) -> Caller {
    Caller {
        actor,
        origin: request::address(&parts.extensions),
        request: parts.extensions.get::<RequestId>().map(|id| id.0.clone()),
    }
}
