//! Restoring a backup into an empty place.
//!
//! Engines and people may hold newer versions of the spaces than the backup does: what came after it
//! is lost, but not for them. Two things would go wrong if a restored space just went on counting.
//! An engine refuses a version older than its own, so it would stay with what is lost until its next
//! start. And once the space had counted up to that version again, a delta from it would lead from
//! one history into another. So each space *leaps* to a version that nobody has seen, with a new tag, and no delta
//! leads there from before. The engines see a newer version and fetch all of it.
//!
//! The version is the time, in milliseconds since 1970: later than any that a space has counted up
//! to, and than the one of an earlier restore, also of the same backup.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secret_manager_envelope::StreamOpener;
use secret_manager_store::{Leap, SpaceRow, Sqlite, SqliteOptions};

use crate::audit::Action;
use crate::backup::{blocking, open, read_header};
use crate::files::{Draft, create_directory, directory, with_suffix};
use crate::{BackupError, Caller, Environment, Error, Keyring, Manager};

/// How far a space leaps when the clock is behind its version: more changes than it sees between a
/// backup and the loss that makes it needed.
const LEAP: u64 = 1_000_000;

/// Ends the name of the file in which the database is made.
const SUFFIX: &str = ".restoring";

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Of the database's layout, now.
    pub layout: i64,
    pub spaces: usize,
    pub secrets: u64,
    /// The key that the data use.
    pub key_id: String,
}

/// Restores a backup to `database`, where nothing may be yet. Until it is whole, checked and durable
/// there is nothing there; when anything is wrong there never is.
pub async fn restore(
    file: &Path,
    database: &Path,
    keys: Keyring,
    environment: Environment,
    caller: &Caller,
) -> Result<Restored, BackupError> {
    if let Some(taken) = Sqlite::files(database).into_iter().find(|path| path.exists()) {
        return Err(BackupError::NotEmpty(directory(&taken).into()));
    }
    let (source, target) = (file.to_owned(), with_suffix(database, SUFFIX));
    let (draft, keys) = blocking(move || {
        let mut from = File::open(&source)
            .map_err(|error| BackupError::File { path: source.clone(), error })?;
        let header = read_header(&source, &mut from)?;
        let kek = keys.find(header.kek_id().as_str()).map_err(wrong_key)?;
        let opener =
            StreamOpener::new(&kek, header).map_err(|_| BackupError::Damaged(source.clone()))?;
        let draft = draft_of(target, |to| open(&source, &mut from, opener, to))?;
        Ok((draft, keys))
    })
    .await?;

    let options = SqliteOptions::default();
    let store = Sqlite::open(draft.0.path(), options).await.map_err(BackupError::Content)?;
    // Opens every space's key, so a backup that can't be read is noticed here.
    let manager = Manager::open(Arc::new(store), keys, environment).await?;
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let restored = manager.leap(&name, caller).await?;
    drop(manager);

    Sqlite::settle(draft.0.path(), options).await.map_err(BackupError::Content)?;
    let place = database.to_owned();
    blocking(move || draft.place(&place)).await?;
    Ok(restored)
}

impl Manager {
    async fn leap(&self, backup: &str, caller: &Caller) -> Result<Restored, Error> {
        let spaces = self.spaces().await?;
        let record = || self.record(caller, Action::BackupRestore).subject(backup);
        let now = u64::try_from(self.environment.now().as_millis()).unwrap_or_default();
        let mut leaps = Vec::with_capacity(spaces.len());
        for (space, _) in &spaces {
            let row = self.space_row(&space.id).await?;
            let checked = self.checked(&row).await?.ok_or(Error::Busy)?;
            let vault = self.vault(&row)?;
            let version = now.max(space.version + LEAP);
            let leapt = SpaceRow { version, tag: self.environment.random_id()?, ..row };
            leaps.push(Leap {
                space: space.id.clone(),
                version,
                sealed_manifest: vault.seal_manifest(&leapt, &checked.sum)?,
                tag: leapt.tag,
                audit: record().space(&space.id).finish(),
            });
        }
        self.store.leap(leaps, record().finish()).await?;
        Ok(Restored {
            layout: self.layout().await?,
            spaces: spaces.len(),
            secrets: spaces.iter().map(|(_, usage)| usage.secrets).sum(),
            key_id: self.key_id().await?,
        })
    }
}

/// The database while it is being made, with the side files that it has meanwhile.
struct Unfinished(Draft);

impl Unfinished {
    fn place(self, database: &Path) -> Result<(), BackupError> {
        let Self(draft) = &self;
        let placed = std::fs::hard_link(draft.path(), database)
            .and_then(|()| crate::files::sync_names(directory(database)));
        placed.map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => BackupError::NotEmpty(directory(database).into()),
            _ => BackupError::File { path: database.into(), error },
        })
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        for path in Sqlite::files(self.0.path()) {
            let _ = std::fs::remove_file(path);
        }
    }
}

fn draft_of(
    path: PathBuf,
    write: impl FnOnce(&mut File) -> Result<(), BackupError>,
) -> Result<Unfinished, BackupError> {
    let problem = |error| BackupError::File { path: path.clone(), error };
    create_directory(directory(&path)).map_err(problem)?;
    // What an interrupted restore left.
    for path in Sqlite::files(&path) {
        let _ = std::fs::remove_file(path);
    }
    let (draft, mut file) = Draft::create(path.clone()).map_err(problem)?;
    let draft = Unfinished(draft);
    write(&mut file)?;
    file.sync_all().map_err(problem)?;
    Ok(draft)
}

fn wrong_key(error: Error) -> BackupError {
    match error {
        Error::WrongKey { given, needed } => BackupError::WrongKey { given, needed },
        other => other.into(),
    }
}

/// Whether a file beside the place of a database is what an interrupted restore left.
pub fn is_left_over(name: &str) -> bool {
    name.contains(SUFFIX)
}
