//! Backups: everything at one moment, in one encrypted file.
//!
//! The file is a stream of the envelope ([`secret_manager_envelope::StreamSealer`]) under a key
//! derived from the key-encryption key that the copy itself needs; what it holds is a whole database.
//! Without that key it says nothing, and with it it says everything, so the two are kept apart.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use secret_manager_envelope::{
    Kek, OpenError, SEALED_CHUNK, STREAM_CHUNK, SealError, StreamHeader, StreamOpener, StreamSealer,
};
use secret_manager_store::StoreError;
use zeroize::Zeroizing;

use crate::audit::Action;
use crate::files::{Draft, read_up_to, with_suffix};
use crate::{Caller, Error, Manager};

/// Why there is no backup, or nothing was restored from it.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("{} is there already; choose another name, or overwrite it with --force", .0.display())]
    Exists(PathBuf),
    #[error(
        "there are files in {} already; restore into an empty directory (only the key may be there)",
        .0.display()
    )]
    NotEmpty(PathBuf),
    #[error("{}: not a backup of the Secret Manager, or of a newer version of it", .0.display())]
    NotABackup(PathBuf),
    #[error("{}: damaged: cut off, altered or mixed from several files", .0.display())]
    Damaged(PathBuf),
    #[error(
        "the backup was made with key {needed}, and the key here is {given}; give the right one with \
         --key-file"
    )]
    WrongKey { given: String, needed: String },
    #[error("{}: {error}", path.display())]
    File { path: PathBuf, error: io::Error },
    #[error("the database in the backup: {0}")]
    Content(StoreError),
    #[error(transparent)]
    Manager(#[from] Error),
}

/// What became of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Of the file.
    pub bytes: u64,
    /// The key that it needs.
    pub key_id: String,
}

impl Manager {
    /// Writes everything to a file. With `overwrite` it takes the place of one that is there; that
    /// one stays until the new one is whole and on the disk.
    pub async fn back_up(
        &self,
        file: &Path,
        overwrite: bool,
        caller: &Caller,
    ) -> Result<Backup, BackupError> {
        if !overwrite && file.exists() {
            return Err(BackupError::Exists(file.into()));
        }
        let random = || Ok::<_, Error>(u64::from_ne_bytes(self.environment.random()?));
        let mut copy = self.store.copy(random()?).await.map_err(Error::from)?;
        // The one that the copy needs, whatever is in use by now.
        let kek = self.keys.find(&copy.kek_id)?;
        let key_id = copy.kek_id.clone();
        let path = with_suffix(file, &format!(".part-{:016x}", random()?));
        let place = file.to_owned();
        let (draft, bytes) = blocking(move || {
            let problem = |error| BackupError::File { path: place.clone(), error };
            let (draft, mut sealed) = Draft::create(path).map_err(problem)?;
            seal(&mut copy, &kek, &mut sealed).map_err(problem)?;
            sealed.sync_all().map_err(problem)?;
            let bytes = sealed.metadata().map_err(problem)?.len();
            Ok((draft, bytes))
        })
        .await?;

        // Before anybody has the file.
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let audit = self.record(caller, Action::BackupCreate).subject(&name).finish();
        self.store.note(audit).await.map_err(Error::from)?;
        let place = file.to_owned();
        blocking(move || put(draft, &place, overwrite)).await?;
        Ok(Backup { bytes, key_id })
    }
}

fn put(draft: Draft, place: &Path, overwrite: bool) -> Result<(), BackupError> {
    let problem = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => BackupError::Exists(place.into()),
        _ => BackupError::File { path: place.into(), error },
    };
    if overwrite {
        return draft.replace(place).map_err(problem);
    }
    // Takes the name first, which of several only one can: not every disk for backups has links.
    crate::files::private().create_new(true).open(place).map_err(problem)?;
    draft.replace(place).map_err(|error| {
        let _ = std::fs::remove_file(place);
        problem(error)
    })
}

fn seal(from: &mut impl Read, kek: &Kek, to: &mut impl Write) -> io::Result<()> {
    let failed = |error: SealError| io::Error::other(error.to_string());
    let mut sealer = StreamSealer::new(kek).map_err(failed)?;
    to.write_all(sealer.header().as_bytes())?;
    // The names of users and spaces are in there in clear.
    let mut chunk = Zeroizing::new(read_up_to(from, STREAM_CHUNK)?);
    loop {
        let next = Zeroizing::new(read_up_to(from, STREAM_CHUNK)?);
        match chunk.first_chunk() {
            Some(full) if !next.is_empty() => to.write_all(&sealer.seal(full).map_err(failed)?)?,
            _ => return to.write_all(&sealer.finish(&chunk).map_err(failed)?),
        }
        chunk = next;
    }
}

/// The header of a backup, for finding the key that it needs.
pub(crate) fn read_header(path: &Path, file: &mut File) -> Result<StreamHeader, BackupError> {
    let mut header = [0; StreamHeader::LENGTH];
    match file.read_exact(&mut header) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Err(BackupError::NotABackup(path.into()));
        }
        Err(error) => return Err(BackupError::File { path: path.into(), error }),
    }
    StreamHeader::parse(header).map_err(|_| BackupError::NotABackup(path.into()))
}

/// Writes out what a backup holds. What was written counts only when this has succeeded.
pub(crate) fn open(
    path: &Path,
    from: &mut File,
    mut opener: StreamOpener,
    to: &mut impl Write,
) -> Result<(), BackupError> {
    let problem = |error| BackupError::File { path: path.into(), error };
    let damaged = |_: OpenError| BackupError::Damaged(path.into());
    let mut chunk = read_up_to(from, SEALED_CHUNK).map_err(problem)?;
    loop {
        let next = read_up_to(from, SEALED_CHUNK).map_err(problem)?;
        if next.is_empty() {
            let last = opener.finish(chunk).map_err(damaged)?;
            return to.write_all(&last).map_err(problem);
        }
        to.write_all(&opener.open(chunk).map_err(damaged)?).map_err(problem)?;
        chunk = next;
    }
}

pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(Error::stopped().into()))
}
