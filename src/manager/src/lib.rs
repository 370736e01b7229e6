//! The Secret Manager's rules: spaces, secrets and their versions, access tokens, people.
//!
//! [`Manager`] stands between whoever asks (HTTP, the command line) and the store. It alone holds
//! the key-encryption key: it seals what goes into the store, opens what comes out of it, and
//! enforces names, limits and preconditions. It knows no HTTP and reads time and randomness only
//! through [`Environment`].
//!
//! Every change of secrets, one or ten thousand, takes the one way through [`Manager::apply`]:
//! read, check, seal, commit against the version that was read, and again from the start when
//! somebody else was faster.
//!
//! Whatever changes or reveals something takes a [`Caller`] and leaves a record; [`audit`] says how
//! to add an operation that does.

mod attempts;
pub mod audit;
mod backup;
mod caller;
mod checks;
mod delta;
mod edit;
mod environment;
mod error;
mod files;
mod following;
mod history;
mod identities;
mod import;
mod invitations;
pub mod key;
mod keyring;
mod manager;
mod manifest;
mod members;
mod password;
mod plan;
mod recent;
mod restore;
mod rotation;
mod rules;
mod secrets;
mod sessions;
mod snapshot;
mod spaces;
mod tokens;
mod turns;
mod users;
mod vault;

pub use audit::{Action, AuditEvent, AuditHeadMark, AuditProblem, AuditReport, AuditResult, Names};
pub use backup::{Backup, BackupError};
pub use caller::{Actor, Caller};
pub use delta::{Changes, TaggedDelta};
pub use edit::{Applied, Change, Edit, Outcome, Precondition, Same};
pub use environment::Environment;
pub use error::{Error, Refusal, Thing};
pub use following::{EndedTokens, Head};
pub use history::{DeletedSecret, Deletion, History, Version, VersionState};
pub use identities::Arrival;
pub use import::Imported;
pub use invitations::{Invitation, SetupCode};
pub use keyring::Keyring;
pub use manager::Manager;
pub use members::Member;
pub use password::{Password, PasswordCost};
pub use restore::{Restored, is_left_over, restore};
pub use rotation::{Rotated, RotationError};
pub use rules::Rules;
pub use secret_manager_envelope::Kek;
pub use secret_manager_store::{
    AuditFilter, Held, Identity, SessionId, SpaceId, TokenId, Usage, UserChange, UserId,
};
pub use secrets::{Revealed, SecretList, SecretSummary};
pub use sessions::{NewSession, Session};
pub use snapshot::{SnapshotAnswer, TaggedSnapshot};
pub use spaces::Space;
pub use tokens::{Access, NewToken, Token};
pub use users::{NewUser, User, UserState};
