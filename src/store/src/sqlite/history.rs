//! Older versions of secrets, and what changed in a space since one of its versions.

use rusqlite::{Connection, OptionalExtension, Row};

use super::error;
use super::secrets::{COLUMNS, TABLES, kind, secret, value_row};
use super::spaces::{self, time};
use crate::{
    Changes, Held, OldValueRow, SecretId, SecretRow, Since, SpaceId, StoreError, ValueRow,
    VersionRow,
};

const VERSION_COLUMNS: &str = "version, kind, created_at, created_by, rolled_back_from, \
                               sealed_value IS NULL";

pub(super) fn versions(
    connection: &mut Connection,
    space: &SpaceId,
    hash: &[u8; 32],
) -> Result<Option<(SecretRow, Vec<VersionRow>)>, StoreError> {
    let transaction = connection.transaction().map_err(error::from)?;
    let sql = format!("SELECT {COLUMNS} FROM {TABLES} WHERE space_id = ?1 AND name_hash = ?2");
    let row = transaction
        .prepare_cached(&sql)
        .and_then(|mut statement| statement.query_row((space.as_str(), hash), secret).optional())
        .map_err(error::from)?;
    let Some(row) = row else { return Ok(None) };
    let sql = format!(
        "SELECT {VERSION_COLUMNS} FROM secret_versions WHERE secret_id = ?1 ORDER BY version DESC"
    );
    let mut statement = transaction.prepare_cached(&sql).map_err(error::from)?;
    let versions = statement.query_map([row.id.as_str()], version_row);
    let versions = versions.and_then(Iterator::collect).map_err(error::from)?;
    Ok(Some((row, versions)))
}

pub(super) fn version(
    connection: &Connection,
    secret: &SecretId,
    version: u64,
) -> Result<Option<OldValueRow>, StoreError> {
    // What no column can hold is no version; the number may come from anybody.
    let Ok(version) = i64::try_from(version) else { return Ok(None) };
    let sql = format!(
        "SELECT {VERSION_COLUMNS}, sealed_value FROM secret_versions \
         WHERE secret_id = ?1 AND version = ?2"
    );
    let mut statement = connection.prepare_cached(&sql).map_err(error::from)?;
    statement
        .query_row((secret.as_str(), version), |row| {
            Ok(OldValueRow { version: version_row(row)?, sealed_value: row.get(6)? })
        })
        .optional()
        .map_err(error::from)
}

pub(super) fn changes(
    connection: &mut Connection,
    space: &SpaceId,
    since: u64,
) -> Result<Option<Since<SecretRow>>, StoreError> {
    changed(connection, space, (&since.into(), u64::MAX), COLUMNS, secret)
}

pub(super) fn delta(
    connection: &mut Connection,
    space: &SpaceId,
    held: &Held,
    most: u64,
) -> Result<Option<Since<ValueRow>>, StoreError> {
    changed(connection, space, (held, most), &format!("{COLUMNS}, sealed_value"), value_row)
}

fn changed<T>(
    connection: &mut Connection,
    space: &SpaceId,
    (held, most): (&Held, u64),
    columns: &str,
    read: fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<Since<T>>, StoreError> {
    // One transaction, so that the space's version is that of the secrets.
    let transaction = connection.transaction().map_err(error::from)?;
    let Some(space) = spaces::by_id(&transaction, space.as_str())? else { return Ok(None) };
    let is_elsewhere = held.tag.is_some() && !spaces::was_at(&transaction, &space.id, held)?;
    if is_elsewhere || held.version < space.deltas_from || held.version > space.version {
        return Ok(Some(Since { space, changes: None }));
    }
    let place = (space.id.as_str(), held.version);
    // Counted in the index, before any value is read.
    let count: u64 = transaction
        .prepare_cached("SELECT count(*) FROM secrets WHERE space_id = ?1 AND space_version > ?2")
        .and_then(|mut statement| statement.query_row(place, |row| row.get(0)))
        .map_err(error::from)?;
    if count > most {
        return Ok(Some(Since { space, changes: None }));
    }
    let sql = |columns: &str, which: &str| {
        format!(
            "SELECT {columns} FROM {TABLES} \
             WHERE space_id = ?1 AND space_version > ?2 AND {which}"
        )
    };
    let mut statement =
        transaction.prepare_cached(&sql(columns, "deleted_at IS NULL")).map_err(error::from)?;
    let changed = statement.query_map(place, read);
    let changed = changed.and_then(Iterator::collect).map_err(error::from)?;
    let mut statement =
        transaction.prepare_cached(&sql(COLUMNS, "deleted_at IS NOT NULL")).map_err(error::from)?;
    let removed = statement.query_map(place, secret);
    let removed = removed.and_then(Iterator::collect).map_err(error::from)?;
    let changes = Some(Changes { changed, removed });
    Ok(Some(Since { space, changes }))
}

fn version_row(row: &Row<'_>) -> rusqlite::Result<VersionRow> {
    Ok(VersionRow {
        version: row.get(0)?,
        kind: kind(row, 1)?,
        created_at: time(row, 2)?,
        created_by: row.get(3)?,
        rolled_back_from: row.get(4)?,
        destroyed: row.get(5)?,
    })
}
