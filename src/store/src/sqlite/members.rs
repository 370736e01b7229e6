//! Rows of memberships.

use rusqlite::{Connection, OptionalExtension, Row};
use secret_manager_model::{Role, Timestamp};

use super::error;
use super::spaces::{self, time};
use super::users::{self, expect_one};
use crate::{MemberRow, SpaceId, SpaceRow, StoreError, Usage, UserId, UserRow};

const COLUMNS: &str = "space_id, user_id, role, added_at";

pub(super) fn of_space(
    connection: &Connection,
    space: &SpaceId,
) -> Result<Vec<(MemberRow, UserRow)>, StoreError> {
    let sql = format!(
        "SELECT {}, {COLUMNS} FROM members JOIN users ON users.id = user_id WHERE space_id = ?1 \
         ORDER BY users.name",
        users::COLUMNS
    );
    let mut statement = connection.prepare_cached(&sql).map_err(error::from)?;
    statement
        .query_map([space.as_str()], |row| Ok((member(row, users::WIDTH)?, users::user(row, 0)?)))
        .and_then(Iterator::collect)
        .map_err(error::from)
}

pub(super) fn of_user(
    connection: &Connection,
    user: &UserId,
) -> Result<Vec<(SpaceRow, Usage, Role)>, StoreError> {
    let sql = "SELECT space_id, role FROM members JOIN spaces ON spaces.id = space_id \
               WHERE user_id = ?1 ORDER BY name";
    let mut statement = connection.prepare_cached(sql).map_err(error::from)?;
    let rows: Vec<(String, Role)> = statement
        .query_map([user.as_str()], |row| Ok((row.get(0)?, role(row, 1)?)))
        .and_then(Iterator::collect)
        .map_err(error::from)?;
    rows.into_iter()
        .map(|(id, role)| {
            let space = spaces::by_id(connection, &id)?.ok_or(StoreError::NotFound)?;
            let usage = spaces::usage(connection, &space.id)?;
            Ok((space, usage, role))
        })
        .collect()
}

/// Makes the user the owner of all spaces, which nobody can be a member of yet.
pub(super) fn adopt(
    connection: &Connection,
    user: &UserId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let sql = format!("INSERT INTO members ({COLUMNS}) SELECT id, ?1, ?2, ?3 FROM spaces");
    connection
        .execute(&sql, (user.as_str(), Role::Owner.as_str(), at.as_millis()))
        .map(drop)
        .map_err(error::from)
}

pub(super) fn role_of(
    connection: &Connection,
    space: &SpaceId,
    user: &UserId,
) -> Result<Option<Role>, StoreError> {
    let sql = "SELECT role FROM members WHERE space_id = ?1 AND user_id = ?2";
    let mut statement = connection.prepare_cached(sql).map_err(error::from)?;
    statement
        .query_row((space.as_str(), user.as_str()), |row| role(row, 0))
        .optional()
        .map_err(error::from)
}

pub(super) fn put(
    connection: &Connection,
    new: &MemberRow,
) -> Result<(MemberRow, bool), StoreError> {
    let before = role_of(connection, &new.space, &new.user)?;
    if before == Some(Role::Owner) && new.role != Role::Owner {
        keep_an_owner(connection, &new.space, &new.user)?;
    }
    let sql = format!(
        "INSERT INTO members ({COLUMNS}) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (space_id, user_id) DO UPDATE SET role = excluded.role RETURNING {COLUMNS}"
    );
    let values =
        (new.space.as_str(), new.user.as_str(), new.role.as_str(), new.added_at.as_millis());
    match connection.query_row(&sql, values, |row| member(row, 0)) {
        Ok(row) => Ok((row, before.is_none())),
        // The space or the user is gone.
        Err(problem) if error::is_constraint(&problem) => Err(StoreError::NotFound),
        Err(problem) => Err(error::from(problem)),
    }
}

pub(super) fn delete(
    connection: &Connection,
    space: &SpaceId,
    user: &UserId,
) -> Result<(), StoreError> {
    if role_of(connection, space, user)? == Some(Role::Owner) {
        keep_an_owner(connection, space, user)?;
    }
    let sql = "DELETE FROM members WHERE space_id = ?1 AND user_id = ?2";
    expect_one(connection.execute(sql, (space.as_str(), user.as_str())))
}

/// Refuses to take an owner away when there is no other one.
fn keep_an_owner(
    connection: &Connection,
    space: &SpaceId,
    user: &UserId,
) -> Result<(), StoreError> {
    let others: bool = connection
        .query_row(
            "SELECT EXISTS (SELECT 1 FROM members \
             WHERE space_id = ?1 AND user_id <> ?2 AND role = 'owner')",
            (space.as_str(), user.as_str()),
            |row| row.get(0),
        )
        .map_err(error::from)?;
    if others { Ok(()) } else { Err(StoreError::LastOwner) }
}

fn member(row: &Row<'_>, first: usize) -> rusqlite::Result<MemberRow> {
    Ok(MemberRow {
        space: SpaceId::new(row.get::<_, String>(first)?),
        user: UserId::new(row.get::<_, String>(first + 1)?),
        role: role(row, first + 2)?,
        added_at: time(row, first + 3)?,
    })
}

fn role(row: &Row<'_>, column: usize) -> rusqlite::Result<Role> {
    let text: String = row.get(column)?;
    Role::parse(&text).ok_or(rusqlite::Error::InvalidColumnType(
        column,
        "role".into(),
        rusqlite::types::Type::Text,
    ))
}
