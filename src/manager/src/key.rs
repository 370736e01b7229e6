//! Where the key-encryption key comes from: a file of 32 raw bytes or a text in base64.
//!
//! Losing the key is losing the secrets, and a second key beside existing data would hide that the
//! first one is missing. So a key file is made only when there are no data yet, and replaced by a
//! rotation alone.
//!
//! # Rotation
//!
//! 1. A new key is written to `KEY.new`.
//! 2. Everything that was wrapped with another key is wrapped with this one: in one transaction, and
//!    a second one when a space was made meanwhile.
//! 3. The old key gets a second name, `KEY.old-<id>`.
//! 4. The new key is renamed to `KEY`.
//!
//! Each step is durable before the next one begins, and after each of them all keys that the data
//! need are found: a crash at any point leaves data that can be opened. A rotation that begins with
//! a `KEY.new` in place goes on with that one. A lock file keeps rotations apart.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use base64::prelude::{BASE64_STANDARD, Engine};
use ring::rand::{SecureRandom, SystemRandom};
use secret_manager_envelope::{Kek, KekId};
use zeroize::Zeroizing;

use crate::files::{create_directory, directory, private, sync_names, with_suffix};

const KEY_LENGTH: usize = 32;

/// Why there is no key to start with. Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error(
        "the key file {} is missing, but there are data encrypted with it; put it back from your \
         backup (no new one is made, because it could not read these data)", .0.display()
    )]
    Missing(PathBuf),
    #[error("the key file {} has {length} bytes instead of {KEY_LENGTH}; put the right one back from your backup", path.display())]
    Length { path: PathBuf, length: usize },
    #[error("the key file {path} can be read by others (mode {mode:04o}); run: chmod 600 {path}", path = path.display())]
    Exposed { path: PathBuf, mode: u32 },
    #[error("the key file {} can't be used: {error}", path.display())]
    Unavailable { path: PathBuf, error: io::Error },
    #[error("the key is being rotated by another process; try again in a moment")]
    Rotating,
    #[error(
        "the key in the environment is not base64 of {KEY_LENGTH} bytes; make one with: openssl rand -base64 {KEY_LENGTH}"
    )]
    Text,
}

/// A key in base64, as the environment carries it.
pub fn from_base64(text: &str) -> Result<Kek, KeyFileError> {
    let bytes =
        Zeroizing::new(BASE64_STANDARD.decode(text.trim()).map_err(|_| KeyFileError::Text)?);
    Kek::from_bytes(&bytes).map_err(|_| KeyFileError::Text)
}

/// The ids of keys beside the one in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// Of a rotation that was interrupted and waits to be finished.
    pub new: Option<KekId>,
    /// Of keys that were rotated out.
    pub old: Vec<KekId>,
}

/// The key in the file. It has to be there and readable by its owner only.
pub fn read(path: &Path) -> Result<Kek, KeyFileError> {
    let unavailable = |error| KeyFileError::Unavailable { path: path.into(), error };
    let file = File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => KeyFileError::Missing(path.into()),
        _ => unavailable(error),
    })?;
    #[cfg(unix)]
    {
        let metadata = file.metadata().map_err(unavailable)?;
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o7777;
        // systemd hands a credential to the one user of the service through an access list, which
        // shows as a right of the group.
        let granted = if is_credential(path) { 0o040 } else { 0 };
        if mode & 0o077 & !granted != 0 {
            return Err(KeyFileError::Exposed { path: path.into(), mode });
        }
    }
    // One byte more than a key has, to notice that there is more.
    let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_LENGTH + 1));
    file.take(KEY_LENGTH as u64 + 1).read_to_end(&mut bytes).map_err(unavailable)?;
    Kek::from_bytes(&bytes)
        .map_err(|error| KeyFileError::Length { path: path.into(), length: error.length })
}

/// Whether systemd keeps this file for this service alone (`LoadCredential=`).
#[cfg(unix)]
fn is_credential(path: &Path) -> bool {
    let directory = std::env::var_os("CREDENTIALS_DIRECTORY").filter(|path| !path.is_empty());
    directory.is_some_and(|directory| path.parent() == Some(Path::new(&directory)))
}

/// The key in the file, made now when it isn't there. Only for a start without data. The flag tells
/// whether it is new.
pub fn read_or_create(path: &Path) -> Result<(Kek, bool), KeyFileError> {
    match read(path) {
        Err(KeyFileError::Missing(_)) => {}
        found => return found.map(|kek| (kek, false)),
    }
    let created =
        create(path).map_err(|error| KeyFileError::Unavailable { path: path.into(), error })?;
    read(path).map(|kek| (kek, created))
}

/// Writes a new key beside its place and links it there: the file appears whole or not at all, and
/// a key that another process made in between stays.
fn create(path: &Path) -> io::Result<bool> {
    let mut bytes = Zeroizing::new([0; KEY_LENGTH]);
    fill(&mut *bytes)?;

    let directory = directory(path);
    create_directory(directory)?;

    let mut name = path.file_name().unwrap_or_default().to_owned();
    // Not the process's number: two containers on one volume may have the same.
    let mut suffix = [0; 8];
    fill(&mut suffix)?;
    name.push(format!(".new-{:016x}", u64::from_ne_bytes(suffix)));
    let draft = directory.join(name);
    let written = private().create_new(true).open(&draft).and_then(|mut file| {
        file.write_all(&*bytes)?;
        file.sync_all()?;
        fs::hard_link(&draft, path)
    });
    fs::remove_file(&draft)?;
    match written {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        other => other?,
    }
    // The name has to survive a power cut as well, before anything is encrypted with the key.
    sync_names(directory)?;
    Ok(true)
}

/// Where a rotation writes the new key.
pub(crate) fn new_path(path: &Path) -> PathBuf {
    with_suffix(path, ".new")
}

/// Where a rotation leaves an old key. `None` for an id that is none: it comes from the database.
pub(crate) fn old_path(path: &Path, id: &str) -> Option<PathBuf> {
    let well_formed = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    well_formed.then(|| with_suffix(path, &format!(".old-{id}")))
}

/// Keeps other rotations of this key away as long as it lives.
#[derive(Debug)]
pub(crate) struct RotationLock {
    _file: File,
}

impl RotationLock {
    /// The lock file stays: whoever removed it could remove one that somebody else just locked.
    pub(crate) fn take(path: &Path) -> Result<Self, KeyFileError> {
        let lock = with_suffix(path, ".lock");
        let unavailable = |error| KeyFileError::Unavailable { path: lock.clone(), error };
        let file = private().create(true).truncate(false).open(&lock).map_err(unavailable)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(KeyFileError::Rotating),
            Err(TryLockError::Error(error)) => Err(unavailable(error)),
        }
    }
}

/// The new key of a rotation: the one that an interrupted rotation left, or one that is made now.
pub(crate) fn begin_rotation(path: &Path, _lock: &RotationLock) -> Result<Kek, KeyFileError> {
    read_or_create(&new_path(path)).map(|(kek, _)| kek)
}

/// Puts the new key, which all data need by now, into the place of the old one. Returns where that
/// one is kept.
pub(crate) fn finish_rotation(
    path: &Path,
    old: &Kek,
    _lock: &RotationLock,
) -> Result<PathBuf, KeyFileError> {
    let kept = with_suffix(path, &format!(".old-{}", old.id()));
    let unavailable = |error| KeyFileError::Unavailable { path: path.into(), error };
    match fs::hard_link(path, &kept) {
        // A rotation that was interrupted here had come so far.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        other => other.map_err(unavailable)?,
    }
    sync_names(directory(path)).map_err(unavailable)?;
    fs::rename(new_path(path), path).map_err(unavailable)?;
    sync_names(directory(path)).map_err(unavailable)?;
    Ok(kept)
}

/// What rotations left beside a key file.
pub fn beside(path: &Path) -> Result<Beside, KeyFileError> {
    let unavailable = |error| KeyFileError::Unavailable { path: path.into(), error };
    let new = match read(&new_path(path)) {
        Ok(kek) => Some(kek.id().clone()),
        Err(KeyFileError::Missing(_)) => None,
        Err(error) => return Err(error),
    };
    let prefix = path.file_name().unwrap_or_default().to_string_lossy().into_owned() + ".old-";
    let mut old = Vec::new();
    for entry in fs::read_dir(directory(path)).map_err(unavailable)? {
        let name = entry.map_err(unavailable)?.file_name();
        let id = name.to_str().and_then(|name| name.strip_prefix(&prefix));
        old.extend(id.map(KekId::from_stored));
    }
    old.sort();
    Ok(Beside { new, old })
}

fn fill(bytes: &mut [u8]) -> io::Result<()> {
    SystemRandom::new()
        .fill(bytes)
        .map_err(|_| io::Error::other("the operating system's random generator failed"))
}
