//! A store in one SQLite file of this machine.
//!
//! SQLite blocks, so reading runs on threads for blocking work and writing on a thread of its own.
//! One connection writes and a few read: in write-ahead mode readers and the writer don't hinder each other. Other processes (the
//! command line beside the service) may have the same file open; SQLite's locks order the writers
//! of all of them.

mod attempts;
mod audit;
mod bell;
mod commit;
mod copy;
mod error;
mod history;
mod keys;
mod lookout;
mod members;
mod migrations;
mod people;
mod secrets;
mod sessions;
mod spaces;
mod store;
mod tokens;
mod users;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::StoreError;
use bell::Bell;
use lookout::Lookout;
use writer::{Write, Writer};

/// More would only wait for the same disk.
const READERS: usize = 4;

#[derive(Clone, Copy, Debug)]
pub struct SqliteOptions {
    /// How long a call waits for the lock of another process (or the writer of this one) before it
    /// gives up with [`StoreError::Busy`].
    pub busy_timeout: Duration,
    /// How large the file may become, in pages of 4 KiB; what would need more is refused with
    /// [`StoreError::Full`]. As large as the disk when absent.
    pub most_pages: Option<u32>,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { busy_timeout: Duration::from_secs(5), most_pages: None }
    }
}

pub struct Sqlite {
    path: PathBuf,
    writer: Writer,
    readers: Arc<Readers>,
    lookout: Lookout,
    bell: Bell,
    busy_timeout: Duration,
}

/// Idle reading connections; the permits count them.
struct Readers {
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
}

impl Sqlite {
    /// Opens the file, creates it (mode 0600, its directory 0700) when it isn't there, and brings its
    /// layout up to date.
    pub async fn open(path: &Path, options: SqliteOptions) -> Result<Self, StoreError> {
        let path = path.to_path_buf();
        blocking(move || Self::open_blocking(&path, options)).await
    }

    fn open_blocking(path: &Path, options: SqliteOptions) -> Result<Self, StoreError> {
        create_private(path)?;
        let mut writer = connect(path, options.busy_timeout)?;
        // Before anything is written to it, so that a foreign or newer file stays as it is.
        migrations::check(&writer)?;
        write_ahead(&writer, options.busy_timeout)?;
        migrations::migrate(&mut writer)?;
        if let Some(pages) = options.most_pages {
            writer
                .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
                .map_err(error::from)?;
        }

        let mut idle = Vec::with_capacity(READERS);
        for _ in 0..READERS {
            let reader = connect(path, options.busy_timeout)?;
            reader.pragma_update(None, "query_only", true).map_err(error::from)?;
            idle.push(reader);
        }
        Ok(Self {
            path: path.into(),
            writer: Writer::start(writer, options.busy_timeout)?,
            readers: Arc::new(Readers {
                permits: Arc::new(Semaphore::new(READERS)),
                idle: Mutex::new(idle),
            }),
            lookout: Lookout::open(path)?,
            bell: Bell::new(path),
            busy_timeout: options.busy_timeout,
        })
    }

    /// The names of all files that a database at `path` may consist of.
    pub fn files(path: &Path) -> [PathBuf; 4] {
        copy::files(path)
    }

    /// Brings a database that nobody has open into its one file, so that it can be moved.
    pub async fn settle(path: &Path, options: SqliteOptions) -> Result<(), StoreError> {
        let path = path.to_path_buf();
        blocking(move || copy::settle(&path, options.busy_timeout)).await
    }

    /// Of the file and its write-ahead log.
    async fn size(&self) -> Result<u64, StoreError> {
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        let path = self.path.clone();
        blocking(move || {
            let file = std::fs::metadata(&path).map_err(|error| unavailable(&path, &error))?;
            // The log is there only while somebody has the file open.
            Ok(file.len() + std::fs::metadata(&log).map_or(0, |log| log.len()))
        })
        .await
    }

    /// For a row or two, which are read faster than handed to another thread.
    async fn glance<T: Send + 'static>(
        &self,
        work: impl Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        match self.lookout.look(&work) {
            // Something rare is under way, such as the repair after a crash: worth waiting for.
            Err(StoreError::Busy) => self.read(move |connection| work(connection)).await,
            seen => seen,
        }
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let waiting = Arc::clone(&self.readers.permits).acquire_owned();
        let permit = tokio::time::timeout(self.busy_timeout, waiting)
            .await
            .map_err(|_| StoreError::Busy)?
            .map_err(|_| stopped())?;
        let readers = Arc::clone(&self.readers);
        blocking(move || {
            let taken = readers.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut connection = taken.ok_or_else(stopped)?;
            let result = work(&mut connection);
            readers.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            drop(permit);
            result
        })
        .await
    }

    /// Runs `work` inside a transaction, together with other writes that wait; see [`writer`].
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Write<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let written = self.writer.write(work).await;
        self.bell.ring();
        written
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(stopped()))
}

fn stopped() -> StoreError {
    StoreError::Unavailable("the program is stopping".into())
}

fn connect(path: &Path, busy_timeout: Duration) -> Result<Connection, StoreError> {
    let connection = Connection::open(path).map_err(error::from)?;
    connection.busy_timeout(busy_timeout).map_err(error::from)?;
    for (pragma, value) in [
        ("foreign_keys", "ON"),
        // A change that was answered has to survive a power cut.
        ("synchronous", "FULL"),
        // The wrapped key of a deleted space is overwritten, and with it all that it opens.
        ("secure_delete", "ON"),
        ("temp_store", "MEMORY"),
        // In KiB; the operating system has all pages in memory as well, and there are several of us.
        ("cache_size", "-512"),
    ] {
        connection.pragma_update(None, pragma, value).map_err(error::from)?;
    }
    Ok(connection)
}

/// Turns write-ahead mode on. It stays on with the file, so this happens once in its life.
fn write_ahead(connection: &Connection, busy_timeout: Duration) -> Result<(), StoreError> {
    let deadline = Instant::now() + busy_timeout;
    loop {
        // SQLite doesn't wait for this lock by itself when two processes ask at once.
        match connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())) {
            Ok(()) => return Ok(()),
            Err(problem) => match error::from(problem) {
                StoreError::Busy if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                other => return Err(other),
            },
        }
    }
}

/// SQLite gives its side files the mode of the database, so setting that one is enough.
fn create_private(path: &Path) -> Result<(), StoreError> {
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(directory).map_err(|error| unavailable(directory, &error))?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(unavailable(path, &error))
        }
        _ => Ok(()),
    }
}

fn unavailable(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Unavailable(format!("{}: {error}", path.display()))
}
