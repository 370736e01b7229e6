//! Roles in a space. The space is the one that the address names, by id or by name. One that the
//! person isn't a member of is answered like one that doesn't exist.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use secret_manager_manager::{Caller, Space};
use secret_manager_model::Role;

use super::SignedIn;
use crate::error::{Code, Problem};
use crate::shared::Shared;

/// Somebody in a space.
pub(crate) struct Member {
    pub(crate) space: Space,
    pub(crate) role: Role,
    pub(crate) signed_in: SignedIn,
}

impl Member {
    pub(crate) fn caller(&self) -> &Caller {
        &self.signed_in.caller
    }

    /// For what needs another role than the guard asks for.
    pub(crate) fn lacks(&self, needed: Role) -> Problem {
        let role = self.role;
        Problem::new(
            Code::RoleInsufficient,
            format!("This needs the role {needed} in the space; yours is {role}."),
        )
    }
}

macro_rules! guards {
    ($($(#[$documentation:meta])* $name:ident)*) => {$(
        $(#[$documentation])*
        pub(crate) struct $name(pub(crate) Member);

        impl FromRequestParts<Shared> for $name {
            type Rejection = Problem;

            async fn from_request_parts(
                parts: &mut Parts,
                shared: &Shared,
            ) -> Result<Self, Problem> {
                member(parts, shared, Role::$name).await.map(Self)
            }
        }
    )*};
}

guards! {
    /// May do everything.
    Owner
    /// May change secrets, and all that a reader may.
    Editor
    /// May reveal values, and all that a viewer may.
    Reader
    /// May see names and metadata.
    Viewer
}

async fn member(parts: &mut Parts, shared: &Shared, least: Role) -> Result<Member, Problem> {
    let signed_in = SignedIn::from_request_parts(parts, shared).await?;
    let parameters = RawPathParams::from_request_parts(parts, shared)
        .await
        .map_err(|_| Problem::from(Code::NotFound))?;
    let (_, named) = parameters.iter().find(|(name, _)| *name == "space").ok_or(Code::NotFound)?;
    let (space, role) = shared.manager.space_of(&signed_in.user().id, named).await?;
    let member = Member { space, role, signed_in };
    if role.includes(least) { Ok(member) } else { Err(member.lacks(least)) }
}
