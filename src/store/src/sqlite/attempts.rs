//! Rows of attempts to sign in.

use rusqlite::{Connection, OptionalExtension};
use secret_manager_model::Timestamp;

use super::error;
use super::spaces::{optional_time, time};
use crate::{Attempts, CountAttempt, StoreError};

pub(super) fn count(
    connection: &Connection,
    name_hash: &[u8; 32],
    at: Timestamp,
    forget: Timestamp,
    count: CountAttempt,
) -> Result<Result<Attempts, Attempts>, StoreError> {
    connection
        .execute("DELETE FROM sign_in_attempts WHERE last_at < ?1", [forget.as_millis()])
        .map_err(error::from)?;
    let so_far = connection
        .query_row(
            "SELECT failures, last_at, locked_until FROM sign_in_attempts WHERE name_hash = ?1",
            [name_hash],
            |row| {
                Ok(Attempts {
                    failures: row.get(0)?,
                    last_at: time(row, 1)?,
                    locked_until: optional_time(row, 2)?,
                })
            },
        )
        .optional()
        .map_err(error::from)?;
    let counted = match count(so_far, at) {
        Ok(counted) => counted,
        refused => return Ok(refused),
    };
    connection
        .execute(
            "INSERT OR REPLACE INTO sign_in_attempts (name_hash, failures, last_at, locked_until) \
             VALUES (?1, ?2, ?3, ?4)",
            rusqlite::params![
                name_hash,
                counted.failures,
                counted.last_at.as_millis(),
                counted.locked_until.map(Timestamp::as_millis)
            ],
        )
        .map_err(error::from)?;
    Ok(Ok(counted))
}

pub(super) fn locked(connection: &Connection, at: Timestamp) -> Result<Vec<[u8; 32]>, StoreError> {
    let sql = "SELECT name_hash FROM sign_in_attempts WHERE locked_until > ?1";
    let mut statement = connection.prepare_cached(sql).map_err(error::from)?;
    statement
        .query_map([at.as_millis()], |row| row.get(0))
        .and_then(Iterator::collect)
        .map_err(error::from)
}

pub(super) fn forget(connection: &Connection, name_hash: &[u8; 32]) -> Result<(), StoreError> {
    connection
        .execute("DELETE FROM sign_in_attempts WHERE name_hash = ?1", [name_hash])
        .map(drop)
        .map_err(error::from)
}
