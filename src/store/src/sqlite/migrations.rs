//! Brings the layout of a database file up to date.
//!
//! `PRAGMA user_version` holds the number of the layout. Each step is one file and one transaction,
//! so an interrupted start leaves a whole older layout, and of two processes that start at once one
//! does the work and the other one finds it done. A released file is never edited; a new one follows.

use rusqlite::{Connection, TransactionBehavior};

use super::error;
use crate::StoreError;

const MIGRATIONS: [&str; 6] = [
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_people.sql"),
    include_str!("migrations/0003_history.sql"),
    include_str!("migrations/0004_audit.sql"),
    include_str!("migrations/0005_integrity.sql"),
    include_str!("migrations/0006_heads.sql"),
];

/// The layout that this program makes and reads.
pub(super) const SUPPORTED: i64 = MIGRATIONS.len() as i64;

/// "SMnr", in the header of the file: tells it from any other SQLite database.
const APPLICATION_ID: i64 = 0x534d_6e72;

pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    while checked_layout(connection)? < SUPPORTED {
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(error::from)?;
        // Read again under the lock: another process may have been faster.
        let layout = checked_layout(&transaction)?;
        if layout < SUPPORTED {
            let step = usize::try_from(layout).ok().and_then(|index| MIGRATIONS.get(index));
            let Some(sql) = step else { return Err(StoreError::Foreign) };
            transaction.execute_batch(sql).map_err(error::from)?;
            transaction.pragma_update(None, "user_version", layout + 1).map_err(error::from)?;
            transaction
                .pragma_update(None, "application_id", APPLICATION_ID)
                .map_err(error::from)?;
        }
        transaction.commit().map_err(error::from)?;
    }
    Ok(())
}

/// Refuses a file that is not ours or too new. An empty one is fine.
pub(super) fn check(connection: &Connection) -> Result<(), StoreError> {
    checked_layout(connection).map(drop)
}

pub(super) fn layout(connection: &Connection) -> Result<i64, StoreError> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(error::from)
}

/// Writes the number of the layout again as it is. It stands in the first page, which is thereby
/// committed and synced like any change.
pub(super) fn rewrite_layout(connection: &Connection) -> Result<(), StoreError> {
    connection.pragma_update(None, "user_version", layout(connection)?).map_err(error::from)
}

fn checked_layout(connection: &Connection) -> Result<i64, StoreError> {
    let found = layout(connection)?;
    let application: i64 = connection
        .pragma_query_value(None, "application_id", |row| row.get(0))
        .map_err(error::from)?;
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(error::from)?;
    let empty = found == 0 && application == 0 && tables == 0;
    if !empty && application != APPLICATION_ID {
        return Err(StoreError::Foreign);
    }
    if found > SUPPORTED {
        return Err(StoreError::Newer { found, supported: SUPPORTED });
    }
    Ok(found)
}
