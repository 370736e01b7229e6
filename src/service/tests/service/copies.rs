//! A database that somebody puts back to an older copy of itself, while the service runs.

use rusqlite::Connection;
use tempfile::TempDir;

use crate::http::Service;

pub(crate) struct Copies {
    database: Connection,
    directory: TempDir,
}

impl Copies {
    pub(crate) fn of(service: &Service) -> Self {
        let database = Connection::open(service.database()).unwrap();
        Self { database, directory: tempfile::tempdir().unwrap() }
    }

    /// Returns its path.
    pub(crate) fn copy(&self, name: &str) -> String {
        let path = self.directory.path().join(name).display().to_string();
        self.database.execute("VACUUM INTO ?1", [&path]).unwrap();
        path
    }

    /// All rows as they were, the audit trail's too, in one transaction.
    pub(crate) fn put_back(&self, path: &str) {
        let database = &self.database;
        database.execute("ATTACH ?1 AS copy", [path]).unwrap();
        let mut tables =
            database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
        let tables = tables.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let copied: String = tables
            .map(Result::unwrap)
            .map(|table| {
                format!(
                    "DELETE FROM main.{table}; INSERT INTO main.{table} SELECT * FROM copy.{table};"
                )
            })
            .collect();
        let keys = "PRAGMA foreign_keys = OFF";
        database.execute_batch(&format!("{keys}; BEGIN; {copied} COMMIT")).unwrap();
        database.execute_batch("DETACH copy").unwrap();
    }
}
