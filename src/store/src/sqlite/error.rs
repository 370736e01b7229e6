//! SQLite's errors in the store's words.

use rusqlite::{Error, ErrorCode};

use crate::StoreError;

/// SQLite's messages name tables and columns, never what stands in them.
pub(super) fn from(error: Error) -> StoreError {
    // Growing the index of the log on a full disk is told as an input or output error.
    let extended = error.sqlite_error().map(|error| error.extended_code);
    if extended == Some(rusqlite::ffi::SQLITE_IOERR_SHMSIZE) {
        return StoreError::Full;
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy,
        Some(ErrorCode::NotADatabase) => StoreError::Foreign,
        Some(ErrorCode::DatabaseCorrupt) => StoreError::Damaged(error.to_string()),
        Some(ErrorCode::ConstraintViolation) => {
            StoreError::Damaged(format!("the rows contradict each other: {error}"))
        }
        Some(_) => StoreError::Unavailable(error.to_string()),
        // What is left are columns that don't hold what this program writes.
        None => StoreError::Damaged("a row has unexpected content".into()),
    }
}

/// True when a unique or foreign key refused an insert, which some callers expect.
pub(super) fn is_constraint(error: &Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)
}
