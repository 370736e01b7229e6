//! Reading secrets as they are now.

use rusqlite::{Connection, OptionalExtension, Row};
use secret_manager_model::Kind;

use super::error;
use super::spaces::{self, optional_time, time};
use crate::{CheckedRow, SecretId, SecretRow, SpaceId, SpaceRow, StoreError, ValueRow};

pub(super) const COLUMNS: &str = "secrets.id, name_hash, sealed_name, secrets.version, kind, size, \
                                  secrets.created_at, updated_at, created_by, space_version, \
                                  deleted_at, deleted_by";

/// Each secret with the row of its current version.
pub(super) const TABLES: &str = "secrets JOIN secret_versions \
                      ON secret_id = secrets.id AND secret_versions.version = secrets.version";

pub(super) fn by_hashes(
    connection: &mut Connection,
    space: &SpaceId,
    hashes: &[[u8; 32]],
) -> Result<Vec<Option<SecretRow>>, StoreError> {
    let transaction = connection.transaction().map_err(error::from)?;
    within(&transaction, space, hashes)
}

/// The same within a transaction.
pub(super) fn within(
    connection: &Connection,
    space: &SpaceId,
    hashes: &[[u8; 32]],
) -> Result<Vec<Option<SecretRow>>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM {TABLES} WHERE space_id = ?1 AND name_hash = ?2");
    let mut statement = connection.prepare_cached(&sql).map_err(error::from)?;
    hashes
        .iter()
        .map(|hash| {
            statement.query_row((space.as_str(), hash), secret).optional().map_err(error::from)
        })
        .collect()
}

pub(super) fn value(
    connection: &Connection,
    space: &SpaceId,
    hash: &[u8; 32],
) -> Result<Option<ValueRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS}, sealed_value FROM {TABLES} \
         WHERE space_id = ?1 AND name_hash = ?2 AND deleted_at IS NULL"
    );
    let mut statement = connection.prepare_cached(&sql).map_err(error::from)?;
    statement.query_row((space.as_str(), hash), value_row).optional().map_err(error::from)
}

pub(super) fn contents(
    connection: &mut Connection,
    space: &SpaceId,
) -> Result<Option<(SpaceRow, Vec<SecretRow>)>, StoreError> {
    all(connection, space, "deleted_at IS NULL", COLUMNS, secret)
}

pub(super) fn deleted(
    connection: &mut Connection,
    space: &SpaceId,
) -> Result<Option<(SpaceRow, Vec<SecretRow>)>, StoreError> {
    all(connection, space, "deleted_at IS NOT NULL", COLUMNS, secret)
}

pub(super) fn snapshot(
    connection: &mut Connection,
    space: &SpaceId,
) -> Result<Option<(SpaceRow, Vec<ValueRow>)>, StoreError> {
    all(connection, space, "deleted_at IS NULL", &format!("{COLUMNS}, sealed_value"), value_row)
}

pub(super) fn checked_rows(
    connection: &mut Connection,
    space: &SpaceId,
) -> Result<Option<(SpaceRow, Vec<CheckedRow>)>, StoreError> {
    let transaction = connection.transaction().map_err(error::from)?;
    let Some(row) = spaces::by_id(&transaction, space.as_str())? else { return Ok(None) };
    // A row whose version doesn't exist is a row that was altered, and has to be seen.
    let sql = format!("SELECT {COLUMNS}, seal FROM {} WHERE space_id = ?1", {
        TABLES.replacen("JOIN", "LEFT JOIN", 1)
    });
    let mut statement = transaction.prepare_cached(&sql).map_err(error::from)?;
    let rows = statement.query_map([space.as_str()], |row| {
        Ok(CheckedRow { seal: row.get(12)?, secret: secret(row).ok() })
    });
    let rows = rows.and_then(Iterator::collect).map_err(error::from)?;
    Ok(Some((row, rows)))
}

fn all<T>(
    connection: &mut Connection,
    space: &SpaceId,
    which: &str,
    columns: &str,
    read: fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<(SpaceRow, Vec<T>)>, StoreError> {
    // One transaction, so that the space's version is that of the secrets.
    let transaction = connection.transaction().map_err(error::from)?;
    let Some(row) = spaces::by_id(&transaction, space.as_str())? else { return Ok(None) };
    let sql = format!("SELECT {columns} FROM {TABLES} WHERE space_id = ?1 AND {which}");
    let mut statement = transaction.prepare_cached(&sql).map_err(error::from)?;
    let rows = statement.query_map([space.as_str()], read);
    let secrets = rows.and_then(Iterator::collect).map_err(error::from)?;
    Ok(Some((row, secrets)))
}

pub(super) fn value_row(row: &Row<'_>) -> rusqlite::Result<ValueRow> {
    Ok(ValueRow { secret: secret(row)?, sealed_value: row.get(12)? })
}

pub(super) fn secret(row: &Row<'_>) -> rusqlite::Result<SecretRow> {
    Ok(SecretRow {
        id: SecretId::new(row.get::<_, String>(0)?),
        name_hash: row.get(1)?,
        sealed_name: row.get(2)?,
        version: row.get(3)?,
        kind: kind(row, 4)?,
        size: row.get(5)?,
        created_at: time(row, 6)?,
        updated_at: time(row, 7)?,
        updated_by: row.get(8)?,
        space_version: row.get(9)?,
        deleted_at: optional_time(row, 10)?,
        deleted_by: row.get(11)?,
    })
}

pub(super) fn kind(row: &Row<'_>, column: usize) -> rusqlite::Result<Kind> {
    let kind: String = row.get(column)?;
    // The table allows these two only.
    Ok(if kind == Kind::Json.as_str() { Kind::Json } else { Kind::Text })
}
