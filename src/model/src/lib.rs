//! The nouns of the Secret Manager and the form in which they travel.
//!
//! A *space* holds *secrets*; each has a *name*, a *value* (text or JSON) and a *version*. All
//! secrets of a space at one of the space's versions are a *snapshot*. People are *members* of a space
//! in one of four *roles*. This crate knows what these
//! are, which names and sizes are allowed, how a snapshot is written and read, and how two of them
//! differ. It does no input or output and reads neither clock nor randomness.

mod delta;
pub mod limits;
mod login;
mod name;
mod role;
mod snapshot;
mod time;
mod value;
pub mod wire;

pub use delta::{Apart, Delta};
pub use login::{LoginName, LoginNameError};
pub use name::{NameError, SecretName};
pub use role::Role;
pub use snapshot::{Diff, Refused, Secret, Snapshot, SpaceRef};
pub use time::{Timestamp, TimestampError};
pub use value::{Kind, SecretValue, ValueError};
