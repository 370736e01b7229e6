//! Changing secrets: everything that one change does, in one transaction.

use rusqlite::{Connection, OptionalExtension, ToSql};

use super::writer::Write;
use super::{error, spaces};
use crate::{Protection, PutRow, Seal, SecretId, SpaceChange, SpaceId, StoreError};

pub(super) fn commit(write: &mut Write<'_>, change: &SpaceChange) -> Result<(), StoreError> {
    let kept_versions = count_up(write, change)?;
    for put in &change.puts {
        apply_put(write, change, put, kept_versions)?;
    }
    for id in &change.deletions {
        delete(write, change, id)?;
    }
    for (id, version) in &change.erasures {
        erase(write, change, id, *version)?;
    }
    for id in &change.destructions {
        destroy(write, change, id)?;
    }
    write_seals(write, &change.space, &change.seals)?;
    if !change.destructions.is_empty() || !change.erasures.is_empty() {
        // The pages of the database are overwritten; those in the log are not.
        write.empty_log();
    }
    Ok(())
}

pub(super) fn protect(write: &mut Write<'_>, protection: &Protection) -> Result<(), StoreError> {
    let Protection { space, tag, seals, sealed_manifest } = protection;
    let protected = execute(
        write,
        "UPDATE spaces SET sealed_manifest = ?3 \
         WHERE id = ?1 AND tag = ?2 AND sealed_manifest IS NULL",
        rusqlite::params![space.as_str(), tag, sealed_manifest],
    )?;
    if protected == 1 { write_seals(write, space, seals) } else { Err(StoreError::Stale) }
}

fn write_seals(
    connection: &Connection,
    space: &SpaceId,
    seals: &[(SecretId, Seal)],
) -> Result<(), StoreError> {
    for (id, seal) in seals {
        execute(
            connection,
            "UPDATE secrets SET seal = ?3 WHERE id = ?1 AND space_id = ?2",
            rusqlite::params![id.as_str(), space.as_str(), seal],
        )?;
    }
    Ok(())
}

/// Returns how many versions of a secret the space keeps.
fn count_up(connection: &Connection, change: &SpaceChange) -> Result<u64, StoreError> {
    let space = change.space.as_str();
    let counted = connection
        .query_row(
            "UPDATE spaces SET version = version + 1, tag = ?4, updated_at = ?5, \
             sealed_manifest = ?6 \
             WHERE id = ?1 AND version = ?2 AND tag = ?3 RETURNING kept_versions",
            (
                space,
                change.from_version,
                &change.from_tag,
                &change.tag,
                change.at.as_millis(),
                &change.sealed_manifest,
            ),
            |row| row.get(0),
        )
        .optional()
        .map_err(error::from)?;
    match counted {
        Some(kept_versions) => Ok(kept_versions),
        None if spaces::by_id(connection, space)?.is_some() => Err(StoreError::Stale),
        None => Err(StoreError::NotFound),
    }
}

fn apply_put(
    connection: &Connection,
    change: &SpaceChange,
    put: &PutRow,
    kept_versions: u64,
) -> Result<(), StoreError> {
    let at = change.at.as_millis();
    execute(
        connection,
        "INSERT INTO secrets \
         (id, space_id, name_hash, sealed_name, version, size, created_at, updated_at, \
          space_version) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8) \
         ON CONFLICT (id) DO UPDATE SET \
         sealed_name = excluded.sealed_name, version = excluded.version, \
         size = excluded.size, updated_at = excluded.updated_at, \
         created_at = iif(deleted_at IS NULL, created_at, excluded.created_at), \
         space_version = excluded.space_version, deleted_at = NULL, deleted_by = NULL",
        rusqlite::params![
            put.id.as_str(),
            change.space.as_str(),
            put.name_hash,
            put.sealed_name,
            put.version,
            put.size,
            at,
            change.from_version + 1
        ],
    )?;
    execute(
        connection,
        "INSERT INTO secret_versions \
         (secret_id, version, kind, created_at, created_by, rolled_back_from, sealed_value) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        rusqlite::params![
            put.id.as_str(),
            put.version,
            put.kind.as_str(),
            at,
            change.by,
            put.rolled_back_from,
            put.sealed_value
        ],
    )?;
    if put.version > kept_versions {
        execute(
            connection,
            "DELETE FROM secret_versions WHERE secret_id = ?1 AND version <= ?2",
            rusqlite::params![put.id.as_str(), put.version - kept_versions],
        )?;
    }
    Ok(())
}

fn delete(connection: &Connection, change: &SpaceChange, id: &SecretId) -> Result<(), StoreError> {
    let deleted = execute(
        connection,
        "UPDATE secrets SET deleted_at = ?3, updated_at = ?3, deleted_by = ?4, space_version = ?5 \
         WHERE id = ?1 AND space_id = ?2 AND deleted_at IS NULL",
        rusqlite::params![
            id.as_str(),
            change.space.as_str(),
            change.at.as_millis(),
            change.by,
            change.from_version + 1
        ],
    )?;
    if deleted == 1 { Ok(()) } else { Err(StoreError::NotFound) }
}

fn erase(
    connection: &Connection,
    change: &SpaceChange,
    id: &SecretId,
    version: u64,
) -> Result<(), StoreError> {
    let erased = execute(
        connection,
        "UPDATE secret_versions SET sealed_value = NULL WHERE secret_id = ?1 AND version = ?2 \
         AND EXISTS (SELECT 1 FROM secrets WHERE id = ?1 AND space_id = ?3 AND version > ?2)",
        rusqlite::params![id.as_str(), version, change.space.as_str()],
    )?;
    if erased == 1 { Ok(()) } else { Err(StoreError::NotFound) }
}

fn destroy(connection: &Connection, change: &SpaceChange, id: &SecretId) -> Result<(), StoreError> {
    // A reader that doesn't know of the removal yet can't be told any more: it would stand in this
    // row. One of a deleted secret was told from its deletion on; else from now on.
    let known_from: Option<u64> = connection
        .prepare_cached(
            "DELETE FROM secrets WHERE id = ?1 AND space_id = ?2 \
             RETURNING iif(deleted_at IS NULL, ?3, space_version)",
        )
        .and_then(|mut statement| {
            let parameters = (id.as_str(), change.space.as_str(), change.from_version + 1);
            statement.query_row(parameters, |row| row.get(0)).optional()
        })
        .map_err(error::from)?;
    let known_from = known_from.ok_or(StoreError::NotFound)?;
    execute(
        connection,
        "UPDATE spaces SET deltas_from = max(deltas_from, ?2) WHERE id = ?1",
        rusqlite::params![change.space.as_str(), known_from],
    )
    .map(drop)
}

fn execute(
    connection: &Connection,
    sql: &str,
    parameters: &[&dyn ToSql],
) -> Result<usize, StoreError> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute(parameters))
        .map_err(error::from)
}
