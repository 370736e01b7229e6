//! Sees at once whether anything was committed, by whatever process.
//!
//! `PRAGMA data_version` answers from memory that all processes with the file share, in microseconds,
//! so it is asked on the caller's own thread: handing it to another one would take longer. For the
//! same reason the connection is one of its own and never waits for a lock.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use super::{connect, error};
use crate::StoreError;

pub(super) struct Lookout(Mutex<Connection>);

impl Lookout {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = connect(path, Duration::ZERO)?;
        connection.pragma_update(None, "query_only", true).map_err(error::from)?;
        Ok(Self(Mutex::new(connection)))
    }

    /// Another number after each commit of another connection; this one makes none.
    pub(super) fn revision(&self) -> Result<u64, StoreError> {
        self.look(data_version)
    }

    /// For reading a row or two.
    pub(super) fn look<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        work(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A number that is another one when somebody else than this connection has committed something.
pub(super) fn data_version(connection: &Connection) -> Result<u64, StoreError> {
    connection
        .prepare_cached("PRAGMA data_version")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .map_err(error::from)
}
