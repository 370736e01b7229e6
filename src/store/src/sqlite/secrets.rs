//! Rows of secrets and of their versions.

use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior};
use secret_manager_model::Kind;

use super::error;
use super::spaces::{self, optional_time, time};
use crate::store::KEPT_VERSIONS;
use crate::{PutRow, SecretId, SecretRow, SpaceChange, SpaceId, SpaceRow, StoreError, ValueRow};

const COLUMNS: &str = "secrets.id, name_hash, sealed_name, secrets.version, kind, size, \
                       secrets.created_at, updated_at, deleted_at";

/// Each secret with the row of its current version.
const TABLES: &str = "secrets JOIN secret_versions \
                      ON secret_id = secrets.id AND secret_versions.version = secrets.version";

pub(super) fn by_hashes(
    connection: &mut Connection,
    space: &SpaceId,
    hashes: &[[u8; 32]],
) -> Result<Vec<Option<SecretRow>>, StoreError> {
    let transaction = connection.transaction().map_err(error::from)?;
    let sql = format!("SELECT {COLUMNS} FROM {TABLES} WHERE space_id = ?1 AND name_hash = ?2");
    let mut statement = transaction.prepare_cached(&sql).map_err(error::from)?;
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
    all(connection, space, COLUMNS, secret)
}

pub(super) fn snapshot(
    connection: &mut Connection,
    space: &SpaceId,
) -> Result<Option<(SpaceRow, Vec<ValueRow>)>, StoreError> {
    all(connection, space, &format!("{COLUMNS}, sealed_value"), value_row)
}

fn all<T>(
    connection: &mut Connection,
    space: &SpaceId,
    columns: &str,
    read: fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<(SpaceRow, Vec<T>)>, StoreError> {
    // One transaction, so that the space's version is that of the secrets.
    let transaction = connection.transaction().map_err(error::from)?;
    let Some(row) = spaces::by_id(&transaction, space.as_str())? else { return Ok(None) };
    let sql = format!("SELECT {columns} FROM {TABLES} WHERE space_id = ?1 AND deleted_at IS NULL");
    let mut statement = transaction.prepare_cached(&sql).map_err(error::from)?;
    let rows = statement.query_map([space.as_str()], read);
    let secrets = rows.and_then(Iterator::collect).map_err(error::from)?;
    Ok(Some((row, secrets)))
}

pub(super) fn commit(connection: &mut Connection, change: &SpaceChange) -> Result<(), StoreError> {
    // Immediate: takes the write lock before the first read, so that nobody comes in between.
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(error::from)?;
    count_up(&transaction, change)?;
    for put in &change.puts {
        apply_put(&transaction, change, put)?;
    }
    for id in &change.deletions {
        let deleted = transaction
            .prepare_cached(
                "UPDATE secrets SET deleted_at = ?3, updated_at = ?3 \
                 WHERE id = ?1 AND space_id = ?2 AND deleted_at IS NULL",
            )
            .and_then(|mut statement| {
                statement.execute((id.as_str(), change.space.as_str(), change.at.as_millis()))
            })
            .map_err(error::from)?;
        if deleted != 1 {
            return Err(StoreError::NotFound);
        }
    }
    transaction.commit().map_err(error::from)
}

fn count_up(connection: &Connection, change: &SpaceChange) -> Result<(), StoreError> {
    let space = change.space.as_str();
    let counted = connection
        .execute(
            "UPDATE spaces SET version = version + 1, tag = ?3, updated_at = ?4 \
             WHERE id = ?1 AND version = ?2",
            (space, change.from_version, &change.tag, change.at.as_millis()),
        )
        .map_err(error::from)?;
    match counted {
        1 => Ok(()),
        _ if spaces::by_id(connection, space)?.is_some() => Err(StoreError::Stale),
        _ => Err(StoreError::NotFound),
    }
}

fn apply_put(
    connection: &Connection,
    change: &SpaceChange,
    put: &PutRow,
) -> Result<(), StoreError> {
    let at = change.at.as_millis();
    connection
        .prepare_cached(
            "INSERT INTO secrets \
             (id, space_id, name_hash, sealed_name, version, size, created_at, updated_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7) \
             ON CONFLICT (id) DO UPDATE SET \
             sealed_name = excluded.sealed_name, version = excluded.version, \
             size = excluded.size, updated_at = excluded.updated_at, \
             created_at = iif(deleted_at IS NULL, created_at, excluded.created_at), \
             deleted_at = NULL",
        )
        .and_then(|mut statement| {
            statement.execute(rusqlite::params![
                put.id.as_str(),
                change.space.as_str(),
                put.name_hash,
                put.sealed_name,
                put.version,
                put.size,
                at
            ])
        })
        .map_err(error::from)?;
    connection
        .prepare_cached(
            "INSERT INTO secret_versions \
             (secret_id, version, kind, created_at, created_by, sealed_value) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )
        .and_then(|mut statement| {
            statement.execute(rusqlite::params![
                put.id.as_str(),
                put.version,
                put.kind.as_str(),
                at,
                change.by,
                put.sealed_value
            ])
        })
        .map_err(error::from)?;
    if put.version > KEPT_VERSIONS {
        connection
            .prepare_cached("DELETE FROM secret_versions WHERE secret_id = ?1 AND version <= ?2")
            .and_then(|mut statement| {
                statement.execute((put.id.as_str(), put.version - KEPT_VERSIONS))
            })
            .map_err(error::from)?;
    }
    Ok(())
}

fn value_row(row: &Row<'_>) -> rusqlite::Result<ValueRow> {
    Ok(ValueRow { secret: secret(row)?, sealed_value: row.get(9)? })
}

fn secret(row: &Row<'_>) -> rusqlite::Result<SecretRow> {
    let kind: String = row.get(4)?;
    Ok(SecretRow {
        id: SecretId::new(row.get::<_, String>(0)?),
        name_hash: row.get(1)?,
        sealed_name: row.get(2)?,
        version: row.get(3)?,
        // The table allows these two only.
        kind: if kind == Kind::Json.as_str() { Kind::Json } else { Kind::Text },
        size: row.get(5)?,
        created_at: time(row, 6)?,
        updated_at: time(row, 7)?,
        deleted_at: optional_time(row, 8)?,
    })
}
