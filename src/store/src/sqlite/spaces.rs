//! Rows of spaces.

use rusqlite::{Connection, OptionalExtension, Row};
use secret_manager_model::Timestamp;

use super::{audit, error};
use crate::{Held, Rename, SpaceId, SpaceRow, StoreError, Usage};

const COLUMNS: &str = "id, name, wrapped_dek, kek_id, version, tag, created_at, updated_at, \
                       kept_versions, deltas_from, sealed_manifest";

/// Beside the space's own version the one that the audit trail tells of.
const TOLD_VERSION: &str = "(SELECT audit.version FROM audit WHERE audit.space_id = spaces.id \
                            ORDER BY audit.sequence DESC LIMIT 1)";

pub(super) fn insert(connection: &Connection, space: &SpaceRow) -> Result<(), StoreError> {
    // Whoever made the row may not know yet that the key was rotated.
    if audit::key(connection)?.is_some_and(|key| key.kek_id != space.kek_id) {
        return Err(StoreError::Stale);
    }
    let sql = format!(
        "INSERT INTO spaces ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
    );
    let values = rusqlite::params![
        space.id.as_str(),
        space.name,
        space.wrapped_dek,
        space.kek_id,
        space.version,
        space.tag,
        space.created_at.as_millis(),
        space.updated_at.as_millis(),
        space.kept_versions,
        space.deltas_from,
        space.sealed_manifest,
    ];
    match connection.execute(&sql, values) {
        Ok(_) => Ok(()),
        Err(problem) if error::is_constraint(&problem) => Err(StoreError::NameTaken),
        Err(problem) => Err(error::from(problem)),
    }
}

pub(super) fn by_id(connection: &Connection, id: &str) -> Result<Option<SpaceRow>, StoreError> {
    one(connection, "id", id)
}

pub(super) fn by_name(connection: &Connection, name: &str) -> Result<Option<SpaceRow>, StoreError> {
    one(connection, "name", name)
}

pub(super) fn all(connection: &Connection) -> Result<Vec<(SpaceRow, Usage)>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS}, count(size), coalesce(sum(size), 0) FROM spaces \
         LEFT JOIN (SELECT space_id, size FROM secrets WHERE deleted_at IS NULL) ON space_id = id \
         GROUP BY id ORDER BY name"
    );
    let mut statement = connection.prepare_cached(&sql).map_err(error::from)?;
    let rows = statement.query_map([], |row| {
        Ok((space(row)?, Usage { secrets: row.get(11)?, bytes: row.get(12)? }))
    });
    rows.and_then(Iterator::collect).map_err(error::from)
}

pub(super) fn heads(
    connection: &mut Connection,
    spaces: &[SpaceId],
) -> Result<Vec<Option<(u64, String)>>, StoreError> {
    let transaction = connection.transaction().map_err(error::from)?;
    let mut statement = transaction
        .prepare_cached("SELECT version, tag FROM spaces WHERE id = ?1")
        .map_err(error::from)?;
    let mut head = |space: &SpaceId| {
        statement.query_row([space.as_str()], |row| Ok((row.get(0)?, row.get(1)?))).optional()
    };
    spaces.iter().map(|space| head(space).map_err(error::from)).collect()
}

pub(super) fn was_at(
    connection: &Connection,
    space: &SpaceId,
    held: &Held,
) -> Result<bool, StoreError> {
    // What no column can hold is no version; the number may come from anybody.
    let Ok(version) = i64::try_from(held.version) else { return Ok(false) };
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM space_heads \
             WHERE space_id = ?1 AND version = ?2 AND tag = ?3)",
        )
        .and_then(|mut statement| {
            statement.query_row((space.as_str(), version, &held.tag), |row| row.get(0))
        })
        .map_err(error::from)
}

pub(super) fn kek_ids(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT DISTINCT kek_id FROM spaces").map_err(error::from)?;
    let ids = statement.query_map([], |row| row.get(0));
    ids.and_then(Iterator::collect).map_err(error::from)
}

pub(super) fn usage(connection: &Connection, id: &SpaceId) -> Result<Usage, StoreError> {
    let sql = "SELECT count(*), coalesce(sum(size), 0) FROM secrets \
               WHERE space_id = ?1 AND deleted_at IS NULL";
    let mut statement = connection.prepare_cached(sql).map_err(error::from)?;
    statement
        .query_row([id.as_str()], |row| Ok(Usage { secrets: row.get(0)?, bytes: row.get(1)? }))
        .map_err(error::from)
}

pub(super) fn rename(
    connection: &Connection,
    id: &SpaceId,
    rename: &Rename,
) -> Result<SpaceRow, StoreError> {
    let sql = format!(
        "UPDATE spaces SET name = ?3, tag = ?4, sealed_manifest = ?5 WHERE id = ?1 AND tag = ?2 \
         RETURNING {COLUMNS}"
    );
    let Rename { from_tag, tag, name, sealed_manifest } = rename;
    let values = (id.as_str(), from_tag, name, tag, sealed_manifest);
    match connection.query_row(&sql, values, space).optional() {
        Ok(Some(renamed)) => Ok(renamed),
        Ok(None) if by_id(connection, id.as_str())?.is_some() => Err(StoreError::Stale),
        Ok(None) => Err(StoreError::NotFound),
        Err(problem) if error::is_constraint(&problem) => Err(StoreError::NameTaken),
        Err(problem) => Err(error::from(problem)),
    }
}

pub(super) fn keep_versions(
    connection: &Connection,
    id: &SpaceId,
    count: u64,
) -> Result<SpaceRow, StoreError> {
    let sql = format!("UPDATE spaces SET kept_versions = ?2 WHERE id = ?1 RETURNING {COLUMNS}");
    connection
        .query_row(&sql, (id.as_str(), count), space)
        .optional()
        .map_err(error::from)?
        .ok_or(StoreError::NotFound)
}

/// Returns the version that it had.
pub(super) fn delete(connection: &Connection, id: &SpaceId) -> Result<u64, StoreError> {
    connection
        .query_row("DELETE FROM spaces WHERE id = ?1 RETURNING version", [id.as_str()], |row| {
            row.get(0)
        })
        .optional()
        .map_err(error::from)?
        .ok_or(StoreError::NotFound)
}

/// A space that was put back to an older state is an error: the trail has gone on.
fn one(connection: &Connection, column: &str, key: &str) -> Result<Option<SpaceRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS}, {TOLD_VERSION} FROM spaces WHERE {column} = ?1");
    let mut statement = connection.prepare_cached(&sql).map_err(error::from)?;
    let read = |row: &Row<'_>| Ok((space(row)?, row.get::<_, Option<u64>>(11)?));
    match statement.query_row([key], read).optional().map_err(error::from)? {
        Some((space, Some(told))) if told != space.version => Err(StoreError::Damaged(format!(
            "a space is at version {}, and the audit trail at its version {told}",
            space.version
        ))),
        found => Ok(found.map(|(space, _)| space)),
    }
}

fn space(row: &Row<'_>) -> rusqlite::Result<SpaceRow> {
    Ok(SpaceRow {
        id: SpaceId::new(row.get::<_, String>(0)?),
        name: row.get(1)?,
        wrapped_dek: row.get(2)?,
        kek_id: row.get(3)?,
        version: row.get(4)?,
        tag: row.get(5)?,
        created_at: time(row, 6)?,
        updated_at: time(row, 7)?,
        kept_versions: row.get(8)?,
        deltas_from: row.get(9)?,
        sealed_manifest: row.get(10)?,
    })
}

pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    let millis = row.get(column)?;
    Timestamp::from_millis(millis).ok_or(rusqlite::Error::IntegralValueOutOfRange(column, millis))
}

pub(super) fn optional_time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    match row.get::<_, Option<i64>>(column)? {
        None => Ok(None),
        Some(_) => time(row, column).map(Some),
    }
}
