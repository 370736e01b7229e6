//! What can go wrong with a store.

/// The variants say what the caller can do about it. No text carries what a row holds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Read again and try again: somebody else changed the space in between.
    #[error("the space has changed in between")]
    Stale,
    #[error("not there (any more)")]
    NotFound,
    #[error("the name is taken")]
    NameTaken,
    #[error("this is the last administrator who can sign in")]
    LastAdministrator,
    #[error("this is the last owner of a space")]
    LastOwner,
    /// Try again later: another process holds the lock.
    #[error("the database is locked by another process")]
    Busy,
    /// Make room on the disk. Nothing was changed.
    #[error("the disk is full")]
    Full,
    /// Install the newer program: it changed the layout of the database.
    #[error(
        "the database has layout {found}, made by a newer version of this program; this one knows \
         layouts up to {supported}"
    )]
    Newer { found: i64, supported: i64 },
    #[error("not a database of the Secret Manager")]
    Foreign,
    /// Restore a backup.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    /// See to the machine: disk, permissions, connection.
    #[error("the database can't be used: {0}")]
    Unavailable(String),
}
