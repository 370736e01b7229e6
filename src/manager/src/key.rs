//! Where the key-encryption key comes from: a file of 32 raw bytes or a text in base64.
//!
//! Losing the key is losing the secrets, and a second key beside existing data would hide that the
//! first one is missing. So a key file is made only when there are no data yet, and never replaced.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use base64::prelude::{BASE64_STANDARD, Engine};
use ring::rand::{SecureRandom, SystemRandom};
use secret_manager_envelope::Kek;
use zeroize::Zeroizing;

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

    let directory = match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)?;

    let mut name = path.file_name().unwrap_or_default().to_owned();
    // Not the process's number: two containers on one volume may have the same.
    let mut suffix = [0; 8];
    fill(&mut suffix)?;
    name.push(format!(".new-{:016x}", u64::from_ne_bytes(suffix)));
    let draft = directory.join(name);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&draft).and_then(|mut file| {
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
    #[cfg(unix)]
    File::open(directory)?.sync_all()?;
    Ok(true)
}

fn fill(bytes: &mut [u8]) -> io::Result<()> {
    SystemRandom::new()
        .fill(bytes)
        .map_err(|_| io::Error::other("the operating system's random generator failed"))
}
