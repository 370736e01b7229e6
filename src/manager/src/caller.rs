//! Who asks, from where, and as part of which request.

use std::net::IpAddr;

use secret_manager_store::{TokenId, UserId, UserRow};

/// Every method that changes or reveals something takes one, and the audit trail keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub actor: Actor,
    /// The address at the other end of the connection; `None` on the service's own machine.
    pub origin: Option<IpAddr>,
    /// The id that the answer and the log carry as well.
    pub request: Option<String>,
}

impl Caller {
    pub fn command_line() -> Self {
        Self::local(Actor::CommandLine)
    }

    /// What the program does by itself.
    pub fn system() -> Self {
        Self::local(Actor::System)
    }

    /// The same request, now that it is known who makes it.
    pub(crate) fn known_as(&self, user: &UserRow) -> Self {
        let actor = Actor::User { id: user.id.clone(), name: user.name.clone() };
        Self { actor, ..self.clone() }
    }

    fn local(actor: Actor) -> Self {
        Self { actor, origin: None, request: None }
    }
}

/// Who does something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Whoever may run commands on the service's machine.
    CommandLine,
    User {
        id: UserId,
        name: String,
    },
    /// A flow's engine.
    Token {
        id: TokenId,
        name: String,
    },
    /// Somebody in Node-RED's editor, by the name that Node-RED knows; `None` where nobody has to sign
    /// in there.
    NodeRed {
        user: Option<String>,
    },
    /// Somebody who could not say who they are: a failed sign-in.
    Nobody,
    /// The program itself.
    System,
}

impl Actor {
    /// As people read it, and as it is kept with each version of a secret.
    pub fn display_name(&self) -> &str {
        match self {
            Self::CommandLine => "command line",
            Self::User { name, .. } | Self::Token { name, .. } => name,
            Self::NodeRed { user } => user.as_deref().unwrap_or("Node-RED"),
            Self::Nobody => "nobody",
            Self::System => "system",
        }
    }
}
