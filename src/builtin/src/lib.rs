//! The built-in vault: the secrets of a Node-RED that has no service.
//!
//! A [`Vault`] is a manager over one SQLite database in a directory, with one space. It has the same
//! rules as the service, because it is the same code, and the same files: the service's command line
//! works on a vault's directory, also while Node-RED is running. No port is opened.
//!
//! A process has one vault for each [`Place`], shared by all who [`open`](Vault::open) it. Those who want
//! to hear of changes [follow](Vault::follow) it, whoever makes them.

mod files;
mod follower;
mod place;
mod problem;
mod vault;

pub use follower::Follower;
pub use place::{KeyInformation, KeyOrigin, KeyPlace, Place};
pub use problem::{Code, Problem};
pub use secret_manager_format::{Format, Mistake, Place as PlaceInFile};
pub use secret_manager_manager::{
    DeletedSecret, History, Imported, Precondition, Revealed, SecretSummary, Space, TaggedDelta,
    TaggedSnapshot, Version,
};
pub use vault::{Deleted, List, User, Vault, Written};
