//! A copy of everything at one moment.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use crate::{Audit, SpaceId};

/// A whole database as a backup takes it along: the bytes of a file that [`crate::Sqlite`] opens.
/// Values in it are sealed as ever; names of spaces and of users are not.
pub struct StoreCopy {
    file: Option<File>,
    /// The key-encryption key that the copy needs.
    pub kek_id: String,
    path: PathBuf,
}

/// What a space needs after it was restored from a backup. Readers may hold newer versions than the
/// backup's, and refuse older ones; so the space goes on with a version that nobody has seen.
#[derive(Clone, Debug)]
pub struct Leap {
    pub space: SpaceId,
    pub version: u64,
    pub tag: String,
    pub sealed_manifest: Vec<u8>,
    /// For the trail: what a space says of its version must agree with its newest record.
    pub audit: Audit,
}

impl StoreCopy {
    pub(crate) fn new(file: File, kek_id: String, path: PathBuf) -> Self {
        Self { file: Some(file), kek_id, path }
    }
}

impl Read for StoreCopy {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.as_mut().map_or(Ok(0), |file| file.read(buffer))
    }
}

impl Drop for StoreCopy {
    /// Takes the file away where that wasn't possible while it was open.
    fn drop(&mut self) {
        drop(self.file.take());
        if cfg!(not(unix)) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl fmt::Debug for StoreCopy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "StoreCopy(key {})", self.kek_id)
    }
}
