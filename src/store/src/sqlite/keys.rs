//! What key-encryption keys wrapped.

use rusqlite::Connection;

use super::{audit, error};
use crate::{SpaceId, StoreError, WrappedDek, WrappedKeys};

pub(super) fn all(connection: &mut Connection) -> Result<WrappedKeys, StoreError> {
    let transaction = connection.transaction().map_err(error::from)?;
    let audit_key = audit::key(&transaction)?.ok_or(StoreError::NotFound)?;
    let mut statement = transaction
        .prepare_cached("SELECT id, wrapped_dek, kek_id FROM spaces")
        .map_err(error::from)?;
    let data_keys = statement.query_map([], |row| {
        Ok(WrappedDek {
            space: SpaceId::new(row.get::<_, String>(0)?),
            wrapped_dek: row.get(1)?,
            kek_id: row.get(2)?,
        })
    });
    let data_keys = data_keys.and_then(Iterator::collect).map_err(error::from)?;
    Ok(WrappedKeys { audit_key, data_keys })
}

/// Keys of spaces that are gone by now are passed over.
pub(super) fn replace(connection: &Connection, keys: &WrappedKeys) -> Result<(), StoreError> {
    let WrappedKeys { audit_key, data_keys } = keys;
    for key in data_keys {
        connection
            .prepare_cached("UPDATE spaces SET wrapped_dek = ?2, kek_id = ?3 WHERE id = ?1")
            .and_then(|mut statement| {
                statement.execute((key.space.as_str(), &key.wrapped_dek, &key.kek_id))
            })
            .map_err(error::from)?;
    }
    connection
        .execute(
            "UPDATE audit_key SET wrapped_key = ?1, kek_id = ?2",
            (&audit_key.wrapped_key, &audit_key.kek_id),
        )
        .map(drop)
        .map_err(error::from)
}
