//! Where the service keeps its rows.
//!
//! The store sees ids, numbers, times and sealed bytes. It never decrypts and holds no key: what it
//! is given sealed it keeps and gives back. The names of spaces and of access tokens are the only
//! words it can read.
//!
//! [`Store`] says what a backend has to do; [`Sqlite`] does it in a file of this machine. All
//! backends pass the same suite (`tests/contract`).
//!
//! # How a space changes
//!
//! Whoever changes a space reads it, prepares the change outside of any transaction, and commits it
//! with the version that it started from. The store applies the change only if the space still has
//! that version and counts it up by one, all in one transaction; else it answers
//! [`StoreError::Stale`] and nothing has happened. So no two writers, in whatever processes, make
//! the same version, and none is skipped.
//!
//! A change of a secret or two is prepared within its transaction instead ([`Store::change`]): that
//! takes no longer than reading and writing the rows, and many of them share one flush of the disk.

mod audit;
mod copy;
mod error;
mod people;
mod rows;
mod sqlite;
mod store;

pub use audit::{
    Audit, AuditFilter, AuditHead, AuditKeyRow, AuditRecord, AuditRow, AuditVisitor, CHAIN_START,
    Chain, Mac,
};
pub use copy::{Leap, StoreCopy};
pub use error::StoreError;
pub use people::{
    Attempts, Checked, CountAttempt, Identity, InvitationRow, MemberRow, PasswordHash, People,
    SessionRow, UserChange, UserRow,
};
pub use rows::{
    AccessRow, Changes, CheckedRow, Held, OldValueRow, Protection, PutRow, Rename, Seal, SecretId,
    SecretRow, SessionId, Since, SpaceChange, SpaceId, SpaceRow, TokenId, TokenRow, Usage, UserId,
    ValueRow, VersionRow, WrappedDek, WrappedKeys,
};
pub use sqlite::{Sqlite, SqliteOptions};
pub use store::{Prepare, Store};
