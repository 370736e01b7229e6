//! Copies of a whole database, and what a copy needs before it is used.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rusqlite::Connection;

use super::{audit, connect, create_private, error, unavailable};
use crate::{Leap, StoreCopy, StoreError};

/// A copy that was left behind by a program that was killed is taken away after this time; none
/// takes so long to be read.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

const SUFFIX: &str = ".copy-";

/// Beside the database: what stands in the copy in clear stands there as well, with the same mode,
/// on the same disk. `random` tells copies apart that are made at once.
pub(super) fn copy(
    database: &Path,
    random: u64,
    busy_timeout: Duration,
) -> Result<StoreCopy, StoreError> {
    remove_abandoned(database);
    let path = beside(database, &format!("{SUFFIX}{random:016x}"));
    let copy = make(database, &path, busy_timeout);
    // Where open files can lose their names, the copy has none from here on, whatever happens.
    if cfg!(unix) || copy.is_err() {
        let _ = std::fs::remove_file(&path);
    }
    let (file, kek_id) = copy?;
    Ok(StoreCopy::new(file, kek_id, path))
}

fn make(
    database: &Path,
    path: &Path,
    busy_timeout: Duration,
) -> Result<(File, String), StoreError> {
    // SQLite takes an empty file as it is, with its mode.
    create_private(path)?;
    let name = path.to_str().ok_or_else(|| {
        StoreError::Unavailable(format!("{} has a name that is not Unicode", path.display()))
    })?;
    // A connection of its own: it reads one state of the database for as long as it takes, in the
    // way of nobody.
    let connection = connect(database, busy_timeout)?;
    connection.execute("VACUUM INTO ?1", [name]).map_err(error::from)?;
    drop(connection);
    let copied = connect(path, busy_timeout)?;
    let key = audit::key(&copied)?.ok_or(StoreError::NotFound)?;
    drop(copied);
    let file = File::open(path).map_err(|error| unavailable(path, &error))?;
    Ok((file, key.kek_id))
}

fn remove_abandoned(database: &Path) {
    let Some(prefix) = beside(database, SUFFIX).file_name().map(ToOwned::to_owned) else { return };
    let directory = database.parent().filter(|directory| !directory.as_os_str().is_empty());
    let Ok(entries) = std::fs::read_dir(directory.unwrap_or(Path::new("."))) else { return };
    for entry in entries.flatten() {
        let ours = entry.file_name().as_encoded_bytes().starts_with(prefix.as_encoded_bytes());
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        let age = modified.ok().and_then(|time| SystemTime::now().duration_since(time).ok());
        if ours && age.is_some_and(|age| age > ABANDONED) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// One space of a restored database.
pub(super) fn leap(connection: &Connection, leap: &Leap) -> Result<(), StoreError> {
    let leapt = connection
        .execute(
            "UPDATE spaces SET version = ?2, deltas_from = ?2, tag = ?3, sealed_manifest = ?4 \
             WHERE id = ?1 AND version < ?2",
            (leap.space.as_str(), leap.version, &leap.tag, &leap.sealed_manifest),
        )
        .map_err(error::from)?;
    if leapt == 1 { Ok(()) } else { Err(StoreError::Stale) }
}

/// Brings a database that nobody has open into its one file.
pub(super) fn settle(path: &Path, busy_timeout: Duration) -> Result<(), StoreError> {
    let connection = connect(path, busy_timeout)?;
    connection
        .pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))
        .map_err(error::from)
}

/// The names of the files that a database at `path` may consist of.
pub(super) fn files(path: &Path) -> [PathBuf; 4] {
    ["", "-wal", "-shm", "-journal"].map(|suffix| beside(path, suffix))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
