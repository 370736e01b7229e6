//! Rows of access tokens.

use rusqlite::{Connection, OptionalExtension, Row};
use secret_manager_model::Timestamp;

use super::error;
use super::spaces::{self, optional_time, time};
use crate::{AccessRow, SpaceId, StoreError, TokenId, TokenRow};

const COLUMNS: &str =
    "id, space_id, name, token_hash, created_at, expires_at, last_used_at, revoked_at";

pub(super) fn insert(connection: &Connection, token: &TokenRow) -> Result<(), StoreError> {
    let sql =
        format!("INSERT INTO access_tokens ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
    let values = rusqlite::params![
        token.id.as_str(),
        token.space.as_str(),
        token.name,
        token.hash,
        token.created_at.as_millis(),
        token.expires_at.map(Timestamp::as_millis),
        token.last_used_at.map(Timestamp::as_millis),
        token.revoked_at.map(Timestamp::as_millis),
    ];
    match connection.execute(&sql, values) {
        Ok(_) => Ok(()),
        // Ids and hashes are random, so what doesn't fit is the space.
        Err(problem) if error::is_constraint(&problem) => Err(StoreError::NotFound),
        Err(problem) => Err(error::from(problem)),
    }
}

pub(super) fn all(
    connection: &Connection,
    space: Option<&str>,
) -> Result<Vec<TokenRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM access_tokens WHERE ?1 IS NULL OR space_id = ?1 \
         ORDER BY created_at, id"
    );
    let mut statement = connection.prepare_cached(&sql).map_err(error::from)?;
    statement.query_map([space], token).and_then(Iterator::collect).map_err(error::from)
}

fn by_hash(connection: &Connection, hash: &[u8; 32]) -> Result<Option<TokenRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM access_tokens WHERE token_hash = ?1");
    let mut statement = connection.prepare_cached(&sql).map_err(error::from)?;
    statement.query_row([hash], token).optional().map_err(error::from)
}

/// The token with its space, both at one moment.
pub(super) fn access(
    connection: &Connection,
    hash: &[u8; 32],
) -> Result<Option<AccessRow>, StoreError> {
    let transaction = connection.unchecked_transaction().map_err(error::from)?;
    let Some(token) = by_hash(&transaction, hash)? else { return Ok(None) };
    let space = spaces::by_id(&transaction, token.space.as_str())?;
    Ok(space.map(|space| AccessRow { token, space }))
}

pub(super) fn ended(
    connection: &mut Connection,
    now: Timestamp,
) -> Result<(Vec<TokenId>, Option<Timestamp>), StoreError> {
    let transaction = connection.transaction().map_err(error::from)?;
    let mut statement = transaction
        .prepare_cached(
            "SELECT id FROM access_tokens WHERE revoked_at IS NOT NULL OR expires_at <= ?1",
        )
        .map_err(error::from)?;
    let ids = statement.query_map([now.as_millis()], |row| row.get::<_, String>(0));
    let ids = ids.and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(error::from)?;
    let next = transaction
        .prepare_cached(
            "SELECT min(expires_at) FROM access_tokens \
             WHERE revoked_at IS NULL AND expires_at > ?1",
        )
        .and_then(|mut statement| {
            statement.query_row([now.as_millis()], |row| optional_time(row, 0))
        })
        .map_err(error::from)?;
    Ok((ids.into_iter().map(TokenId::new).collect(), next))
}

pub(super) fn revoke(
    connection: &Connection,
    id: &TokenId,
    at: Timestamp,
) -> Result<TokenRow, StoreError> {
    let sql = format!(
        "UPDATE access_tokens SET revoked_at = coalesce(revoked_at, ?2) WHERE id = ?1 \
         RETURNING {COLUMNS}"
    );
    connection
        .query_row(&sql, (id.as_str(), at.as_millis()), token)
        .optional()
        .map_err(error::from)?
        .ok_or(StoreError::NotFound)
}

pub(super) fn touch(
    connection: &Connection,
    id: &TokenId,
    at: Timestamp,
) -> Result<(), StoreError> {
    connection
        .execute(
            "UPDATE access_tokens SET last_used_at = max(coalesce(last_used_at, ?2), ?2) \
             WHERE id = ?1",
            (id.as_str(), at.as_millis()),
        )
        .map(drop)
        .map_err(error::from)
}

fn token(row: &Row<'_>) -> rusqlite::Result<TokenRow> {
    Ok(TokenRow {
        id: TokenId::new(row.get::<_, String>(0)?),
        space: SpaceId::new(row.get::<_, String>(1)?),
        name: row.get(2)?,
        hash: row.get(3)?,
        created_at: time(row, 4)?,
        expires_at: optional_time(row, 5)?,
        last_used_at: optional_time(row, 6)?,
        revoked_at: optional_time(row, 7)?,
    })
}
