//! What can go wrong, by what the caller does next.

use std::time::Duration;

use secret_manager_envelope::{OpenError, SealError};
use secret_manager_model::limits::{SECRETS_PER_SPACE, SPACE_BYTES};
use secret_manager_store::StoreError;

/// What was not found or exists already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    Space,
    Secret,
    Version,
    Token,
    User,
    Member,
}

impl std::fmt::Display for Thing {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Space => "space",
            Self::Secret => "secret",
            Self::Version => "version of this secret",
            Self::Token => "access token",
            Self::User => "user",
            Self::Member => "member",
        })
    }
}

/// Why somebody whom an OpenID provider knows is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("nobody has set up this service yet; open the set-up link first")]
    SetupNeeded,
    #[error("the provider doesn't vouch for an e-mail address that could be a login name here")]
    NoEmail,
    #[error("nobody with your e-mail address was invited, or the invitation has expired")]
    NotInvited,
    #[error(
        "the user with your e-mail address signs in in another way; do that and link this one then, \
         or ask an administrator for a new invitation"
    )]
    OtherMeans,
    #[error("this belongs to another user already")]
    Taken,
    #[error("your account is disabled")]
    Disabled,
}

/// No text carries a value or a secret's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Ask for something else.
    #[error("there is no such {0}")]
    NotFound(Thing),
    /// Choose another name.
    #[error("there is a {0} with this name already")]
    NameTaken(Thing),
    /// Read the current version, of the secret or of the space, and decide again. `current` is
    /// `None` when the secret isn't there.
    #[error("{}", precondition(*current))]
    PreconditionFailed { current: Option<u64> },
    /// Take another version: this one's value is gone for good.
    #[error("the value of version {version} was destroyed")]
    ValueDestroyed { version: u64 },
    /// Mend the input; the text says how.
    #[error("{0}")]
    Invalid(String),
    /// Make room or take another space.
    #[error("a space holds at most {SECRETS_PER_SPACE} secrets; this would make {secrets}")]
    TooManySecrets { secrets: u64 },
    #[error(
        "the values of a space have at most {SPACE_BYTES} bytes together; this would make {bytes}"
    )]
    TooManyBytes { bytes: u64 },
    /// Get another access token.
    #[error("the access token is unknown, expired or revoked")]
    Denied,
    /// Sign in again.
    #[error("the session has ended")]
    SessionEnded,
    /// Type it again. Doesn't tell which of the two is wrong, nor whether the user is disabled.
    #[error("the login name or the password is wrong")]
    CredentialsWrong,
    /// Ask an administrator; the text says for what.
    #[error("{0}")]
    NotWelcome(Refusal),
    /// Wait, or have an administrator make a new invitation.
    #[error(
        "too many failed attempts to sign in; try again in {} seconds", retry_after.as_secs().max(1)
    )]
    Locked { retry_after: Duration },
    /// Ask an administrator for a new one.
    #[error("the invitation is unknown, used or expired")]
    InvitationInvalid,
    /// Use the code of the newest start.
    #[error("the set-up code is not the one of the newest start, or was used")]
    SetupCodeInvalid,
    /// Make somebody else administrator first.
    #[error("this is the last administrator who can sign in; make somebody else one first")]
    LastAdministrator,
    /// Make somebody else owner first.
    #[error("this is the last owner of a space; make somebody else one first")]
    LastOwner,
    /// Try again in a moment.
    #[error("the database is busy; try again in a moment")]
    Busy,
    /// Make room where the data are kept.
    #[error("the disk is full; nothing was changed and nothing revealed")]
    StorageFull,
    /// Start with the key that the data were written with.
    #[error(
        "the key is not the one that the data were encrypted with (key {given}, data {needed}); \
         start with the right key file"
    )]
    WrongKey { given: String, needed: String },
    /// Restore a backup.
    #[error("the data are damaged or were tampered with: {0}; restore a backup")]
    Corrupt(String),
    /// See to the machine or to the installation.
    #[error("{0}")]
    Unavailable(String),
}

impl Error {
    pub(crate) fn randomness() -> Self {
        Self::Unavailable("the operating system's random generator failed".into())
    }

    pub(crate) fn stopped() -> Self {
        Self::Unavailable("the program is stopping".into())
    }
}

fn precondition(current: Option<u64>) -> String {
    match current {
        Some(version) => {
            format!("it is at version {version}, which is not what was asked for")
        }
        None => "the secret does not exist".into(),
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            // The callers that can lose a race handle it; elsewhere it means that one was lost.
            StoreError::Busy | StoreError::Stale => Self::Busy,
            StoreError::NotFound => Self::NotFound(Thing::Space),
            StoreError::NameTaken => Self::NameTaken(Thing::Space),
            StoreError::LastAdministrator => Self::LastAdministrator,
            StoreError::LastOwner => Self::LastOwner,
            StoreError::Full => Self::StorageFull,
            StoreError::Damaged(what) => Self::Corrupt(what),
            StoreError::Newer { .. } | StoreError::Foreign | StoreError::Unavailable(_) => {
                Self::Unavailable(error.to_string())
            }
        }
    }
}

impl From<SealError> for Error {
    fn from(error: SealError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<OpenError> for Error {
    fn from(error: OpenError) -> Self {
        Self::Corrupt(error.to_string())
    }
}
