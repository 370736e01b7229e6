//! Rows of sessions, and what begins one: an invitation, the set-up code, a sign-in.

use rusqlite::{Connection, OptionalExtension, Row, ToSql};
use secret_manager_model::Timestamp;

use super::spaces::time;
use super::users::{self, expect_one};
use super::{attempts, error, members};
use crate::{
    Checked, InvitationRow, PasswordHash, SessionId, SessionRow, StoreError, UserId, UserRow,
};

const COLUMNS: &str = "sessions.id, sessions.user_id, token_hash, sessions.created_at, \
                       last_used_at, expires_at";

/// Takes the chance to clear away what has ended.
pub(super) fn insert(connection: &Connection, session: &SessionRow) -> Result<(), StoreError> {
    connection
        .execute("DELETE FROM sessions WHERE expires_at <= ?1", [session.created_at.as_millis()])
        .map_err(error::from)?;
    connection
        .execute(
            "INSERT INTO sessions (id, user_id, token_hash, created_at, last_used_at, expires_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            rusqlite::params![
                session.id.as_str(),
                session.user.as_str(),
                session.token_hash,
                session.created_at.as_millis(),
                session.last_used_at.as_millis(),
                session.expires_at.as_millis(),
            ],
        )
        .map_err(error::from)?;
    users::note_sign_in(connection, &session.user, session.created_at)
}

pub(super) fn by_hash(
    connection: &Connection,
    hash: &[u8; 32],
) -> Result<Option<(SessionRow, UserRow)>, StoreError> {
    one(connection, "token_hash = ?1", hash)
}

pub(super) fn by_id(
    connection: &Connection,
    id: &SessionId,
) -> Result<Option<(SessionRow, UserRow)>, StoreError> {
    one(connection, "sessions.id = ?1", id.as_str())
}

fn one(
    connection: &Connection,
    condition: &str,
    value: impl ToSql,
) -> Result<Option<(SessionRow, UserRow)>, StoreError> {
    let sql = format!(
        "SELECT {}, {COLUMNS} FROM sessions JOIN users ON users.id = sessions.user_id \
         WHERE {condition}",
        users::COLUMNS
    );
    let mut statement = connection.prepare_cached(&sql).map_err(error::from)?;
    statement
        .query_row([value], |row| Ok((session(row, users::WIDTH)?, users::user(row, 0)?)))
        .optional()
        .map_err(error::from)
}

pub(super) fn touch(
    connection: &Connection,
    id: &SessionId,
    at: Timestamp,
) -> Result<(), StoreError> {
    connection
        .execute(
            "UPDATE sessions SET last_used_at = max(last_used_at, ?2) WHERE id = ?1",
            (id.as_str(), at.as_millis()),
        )
        .map(drop)
        .map_err(error::from)
}

pub(super) fn delete_all(connection: &Connection) -> Result<(), StoreError> {
    connection.execute("DELETE FROM sessions", []).map(drop).map_err(error::from)
}

/// Whether there was one.
pub(super) fn delete(connection: &Connection, id: &SessionId) -> Result<bool, StoreError> {
    connection
        .execute("DELETE FROM sessions WHERE id = ?1", [id.as_str()])
        .map(|deleted| deleted == 1)
        .map_err(error::from)
}

pub(super) fn delete_of_user(
    connection: &Connection,
    user: &UserId,
    except: Option<&SessionId>,
) -> Result<u64, StoreError> {
    connection
        .execute(
            "DELETE FROM sessions WHERE user_id = ?1 AND (?2 IS NULL OR id <> ?2)",
            (user.as_str(), except.map(SessionId::as_str)),
        )
        .map(|deleted| deleted as u64)
        .map_err(error::from)
}

pub(super) fn sign_in(
    connection: &Connection,
    session: &SessionRow,
    checked: &Checked,
) -> Result<(), StoreError> {
    let user = users::by_id(connection, session.user.as_str())?;
    let user = user.filter(|user| user.disabled_at.is_none()).ok_or(StoreError::Stale)?;
    match checked {
        Checked::Password { hash, name_hash } => {
            if user.password_hash.as_ref() != Some(hash) {
                return Err(StoreError::Stale);
            }
            attempts::forget(connection, name_hash)?;
        }
        Checked::Identity(identity) => {
            let linked = users::by_identity(connection, identity)?;
            if linked.is_none_or(|linked| linked.id != user.id) {
                return Err(StoreError::Stale);
            }
        }
    }
    insert(connection, session)
}

pub(super) fn insert_invitation(
    connection: &Connection,
    invitation: &InvitationRow,
) -> Result<(), StoreError> {
    connection
        .execute(
            "INSERT OR REPLACE INTO invitations (user_id, code_hash, created_at, expires_at) \
             VALUES (?1, ?2, ?3, ?4)",
            rusqlite::params![
                invitation.user.as_str(),
                invitation.code_hash,
                invitation.created_at.as_millis(),
                invitation.expires_at.as_millis(),
            ],
        )
        .map(drop)
        .map_err(error::from)
}

pub(super) fn invite(
    connection: &Connection,
    invitation: &InvitationRow,
) -> Result<(), StoreError> {
    if !users::set_password(connection, &invitation.user, None, None)? {
        return Err(StoreError::NotFound);
    }
    users::unlink(connection, &invitation.user)?;
    delete_of_user(connection, &invitation.user, None)?;
    insert_invitation(connection, invitation)
}

/// Whether there was one that hasn't expired.
pub(super) fn use_up_invitation(
    connection: &Connection,
    user: &UserId,
    at: Timestamp,
) -> Result<bool, StoreError> {
    connection
        .execute(
            "DELETE FROM invitations WHERE user_id = ?1 AND expires_at > ?2",
            (user.as_str(), at.as_millis()),
        )
        .map(|deleted| deleted == 1)
        .map_err(error::from)
}

pub(super) fn invitation(
    connection: &Connection,
    hash: &[u8; 32],
) -> Result<Option<(InvitationRow, UserRow)>, StoreError> {
    let sql = format!(
        "SELECT {}, code_hash, invitations.created_at, expires_at FROM invitations \
         JOIN users ON users.id = user_id WHERE code_hash = ?1",
        users::COLUMNS
    );
    let mut statement = connection.prepare_cached(&sql).map_err(error::from)?;
    statement
        .query_row([hash], |row| {
            let user = users::user(row, 0)?;
            let invitation = InvitationRow {
                user: user.id.clone(),
                code_hash: row.get(users::WIDTH)?,
                created_at: time(row, users::WIDTH + 1)?,
                expires_at: time(row, users::WIDTH + 2)?,
            };
            Ok((invitation, user))
        })
        .optional()
        .map_err(error::from)
}

pub(super) fn accept(
    connection: &Connection,
    code_hash: &[u8; 32],
    password_hash: &PasswordHash,
    session: &SessionRow,
    name_hash: &[u8; 32],
) -> Result<(), StoreError> {
    let used = connection.execute(
        "DELETE FROM invitations WHERE code_hash = ?1 AND user_id = ?2 \
         AND EXISTS (SELECT 1 FROM users WHERE id = ?2 AND disabled_at IS NULL)",
        (code_hash, session.user.as_str()),
    );
    expect_one(used)?;
    users::set_password(connection, &session.user, None, Some(password_hash))?;
    attempts::forget(connection, name_hash)?;
    insert(connection, session)
}

pub(super) fn put_setup_code(
    connection: &Connection,
    hash: &[u8; 32],
    at: Timestamp,
) -> Result<bool, StoreError> {
    connection.execute("DELETE FROM setup_code", []).map_err(error::from)?;
    if users::any(connection)? {
        return Ok(false);
    }
    let sql = "INSERT INTO setup_code (only_one, code_hash, created_at) VALUES (1, ?1, ?2)";
    connection.execute(sql, (hash, at.as_millis())).map_err(error::from)?;
    Ok(true)
}

pub(super) fn setup_code(connection: &Connection) -> Result<Option<[u8; 32]>, StoreError> {
    connection
        .query_row("SELECT code_hash FROM setup_code", [], |row| row.get(0))
        .optional()
        .map_err(error::from)
}

pub(super) fn set_up(
    connection: &Connection,
    code_hash: &[u8; 32],
    user: &UserRow,
    session: &SessionRow,
) -> Result<(), StoreError> {
    expect_one(connection.execute("DELETE FROM setup_code WHERE code_hash = ?1", [code_hash]))?;
    if users::any(connection)? {
        return Err(StoreError::NotFound);
    }
    users::insert(connection, user)?;
    members::adopt(connection, &user.id, user.created_at)?;
    insert(connection, session)
}

fn session(row: &Row<'_>, first: usize) -> rusqlite::Result<SessionRow> {
    Ok(SessionRow {
        id: SessionId::new(row.get::<_, String>(first)?),
        user: UserId::new(row.get::<_, String>(first + 1)?),
        token_hash: row.get(first + 2)?,
        created_at: time(row, first + 3)?,
        last_used_at: time(row, first + 4)?,
        expires_at: time(row, first + 5)?,
    })
}
