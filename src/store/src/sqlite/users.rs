//! Rows of users and of who they are elsewhere.

use rusqlite::{Connection, OptionalExtension, Row};
use secret_manager_model::Timestamp;

use super::error;
use super::spaces::{optional_time, time};
use crate::{Identity, PasswordHash, StoreError, UserChange, UserId, UserRow};

/// For a table called `users`.
pub(super) const COLUMNS: &str = "users.id, users.name, users.display_name, users.administrator, \
    users.password_hash, users.created_at, users.last_sign_in_at, users.disabled_at, \
    EXISTS (SELECT 1 FROM identities WHERE identities.user_id = users.id)";

/// How many they are, for a reader that has other columns after them.
pub(super) const WIDTH: usize = 9;

/// With the first user the set-up code stops working, also for a time when all users are deleted.
pub(super) fn insert(connection: &Connection, user: &UserRow) -> Result<(), StoreError> {
    connection.execute("DELETE FROM setup_code", []).map_err(error::from)?;
    let sql = "INSERT INTO users (id, name, display_name, administrator, password_hash, \
               created_at, last_sign_in_at, disabled_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let values = rusqlite::params![
        user.id.as_str(),
        user.name,
        user.display_name,
        user.administrator,
        user.password_hash.as_ref().map(PasswordHash::expose),
        user.created_at.as_millis(),
        user.last_sign_in_at.map(Timestamp::as_millis),
        user.disabled_at.map(Timestamp::as_millis),
    ];
    match connection.execute(sql, values) {
        Ok(_) => Ok(()),
        Err(problem) if error::is_constraint(&problem) => Err(StoreError::NameTaken),
        Err(problem) => Err(error::from(problem)),
    }
}

pub(super) fn all(connection: &Connection) -> Result<Vec<UserRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM users ORDER BY name");
    let mut statement = connection.prepare_cached(&sql).map_err(error::from)?;
    statement.query_map([], |row| user(row, 0)).and_then(Iterator::collect).map_err(error::from)
}

pub(super) fn by_id(connection: &Connection, id: &str) -> Result<Option<UserRow>, StoreError> {
    one(connection, "WHERE users.id = ?1", [id])
}

pub(super) fn by_name(connection: &Connection, name: &str) -> Result<Option<UserRow>, StoreError> {
    one(connection, "WHERE users.name = ?1", [name])
}

pub(super) fn by_identity(
    connection: &Connection,
    identity: &Identity,
) -> Result<Option<UserRow>, StoreError> {
    let condition =
        "JOIN identities AS mine ON mine.user_id = users.id WHERE issuer = ?1 AND subject = ?2";
    one(connection, condition, [&*identity.issuer, &*identity.subject])
}

pub(super) fn any(connection: &Connection) -> Result<bool, StoreError> {
    connection
        .query_row("SELECT EXISTS (SELECT 1 FROM users)", [], |row| row.get(0))
        .map_err(error::from)
}

pub(super) fn update(
    connection: &Connection,
    id: &UserId,
    change: &UserChange,
    at: Timestamp,
) -> Result<UserRow, StoreError> {
    if change.administrator == Some(false) || change.disabled == Some(true) {
        keep_an_administrator(connection, id)?;
    }
    let sql = "UPDATE users SET display_name = coalesce(?2, display_name), \
               administrator = coalesce(?3, administrator), \
               disabled_at = iif(?4 IS NULL, disabled_at, iif(?4, coalesce(disabled_at, ?5), NULL)) \
               WHERE id = ?1";
    let values = rusqlite::params![
        id.as_str(),
        change.display_name,
        change.administrator,
        change.disabled,
        at.as_millis()
    ];
    expect_one(connection.execute(sql, values))?;
    if change.disabled == Some(true) {
        super::sessions::delete_of_user(connection, id, None)?;
    }
    by_id(connection, id.as_str())?.ok_or(StoreError::NotFound)
}

pub(super) fn delete(connection: &Connection, id: &UserId) -> Result<(), StoreError> {
    keep_an_administrator(connection, id)?;
    let abandons: bool = connection
        .query_row(
            "SELECT EXISTS (SELECT 1 FROM members AS mine WHERE user_id = ?1 AND role = 'owner' \
             AND NOT EXISTS (SELECT 1 FROM members AS others WHERE others.space_id = mine.space_id \
             AND others.role = 'owner' AND others.user_id <> ?1))",
            [id.as_str()],
            |row| row.get(0),
        )
        .map_err(error::from)?;
    if abandons {
        return Err(StoreError::LastOwner);
    }
    expect_one(connection.execute("DELETE FROM users WHERE id = ?1", [id.as_str()]))
}

/// Refuses to take an administrator away when nobody else is left who can sign in as one.
fn keep_an_administrator(connection: &Connection, id: &UserId) -> Result<(), StoreError> {
    let last: bool = connection
        .query_row(
            "SELECT EXISTS (SELECT 1 FROM users \
             WHERE id = ?1 AND administrator AND disabled_at IS NULL) \
             AND NOT EXISTS (SELECT 1 FROM users WHERE id <> ?1 AND administrator \
             AND disabled_at IS NULL AND (password_hash IS NOT NULL \
             OR EXISTS (SELECT 1 FROM identities WHERE user_id = users.id)))",
            [id.as_str()],
            |row| row.get(0),
        )
        .map_err(error::from)?;
    if last { Err(StoreError::LastAdministrator) } else { Ok(()) }
}

/// `None` takes the password away. Returns whether the hash was `from`, when that is asked for.
pub(super) fn set_password(
    connection: &Connection,
    id: &UserId,
    from: Option<&PasswordHash>,
    to: Option<&PasswordHash>,
) -> Result<bool, StoreError> {
    connection
        .execute(
            "UPDATE users SET password_hash = ?3 \
             WHERE id = ?1 AND (?2 IS NULL OR password_hash = ?2)",
            (id.as_str(), from.map(PasswordHash::expose), to.map(PasswordHash::expose)),
        )
        .map(|changed| changed == 1)
        .map_err(error::from)
}

pub(super) fn note_sign_in(
    connection: &Connection,
    id: &UserId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE users SET last_sign_in_at = ?2 WHERE id = ?1";
    expect_one(connection.execute(sql, (id.as_str(), at.as_millis())))
}

pub(super) fn link(
    connection: &Connection,
    id: &UserId,
    identity: &Identity,
    at: Timestamp,
) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO identities (issuer, subject, user_id, linked_at) VALUES (?1, ?2, ?3, ?4)";
    let values = (&identity.issuer, &identity.subject, id.as_str(), at.as_millis());
    match connection.execute(sql, values) {
        Ok(_) => Ok(()),
        Err(problem) if error::is_constraint(&problem) => Err(StoreError::NameTaken),
        Err(problem) => Err(error::from(problem)),
    }
}

pub(super) fn unlink(connection: &Connection, id: &UserId) -> Result<(), StoreError> {
    connection
        .execute("DELETE FROM identities WHERE user_id = ?1", [id.as_str()])
        .map(drop)
        .map_err(error::from)
}

pub(super) fn expect_one(changed: rusqlite::Result<usize>) -> Result<(), StoreError> {
    match changed {
        Ok(0) => Err(StoreError::NotFound),
        Ok(_) => Ok(()),
        Err(problem) => Err(error::from(problem)),
    }
}

fn one(
    connection: &Connection,
    condition: &str,
    values: impl rusqlite::Params,
) -> Result<Option<UserRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM users {condition}");
    let mut statement = connection.prepare_cached(&sql).map_err(error::from)?;
    statement.query_row(values, |row| user(row, 0)).optional().map_err(error::from)
}

/// The user in the columns from `first` on.
pub(super) fn user(row: &Row<'_>, first: usize) -> rusqlite::Result<UserRow> {
    Ok(UserRow {
        id: UserId::new(row.get::<_, String>(first)?),
        name: row.get(first + 1)?,
        display_name: row.get(first + 2)?,
        administrator: row.get(first + 3)?,
        password_hash: row.get::<_, Option<String>>(first + 4)?.map(PasswordHash::new),
        created_at: time(row, first + 5)?,
        last_sign_in_at: optional_time(row, first + 6)?,
        disabled_at: optional_time(row, first + 7)?,
        linked: row.get(first + 8)?,
    })
}
