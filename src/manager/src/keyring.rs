//! The key-encryption keys that this process has.
//!
//! There is one in use, but for the time of a rotation and some time after it rows are read that were
//! wrapped with another one. Which one a row needs stands beside what was wrapped. When that is a
//! key that isn't here yet, somebody rotated it while this process was running: the key files are read
//! again, and reading goes on.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use secret_manager_envelope::Kek;

use crate::Error;
use crate::key::{self, KeyFileError};

pub struct Keyring {
    /// What the process was started with; wraps the first keys of new data.
    first: Arc<Kek>,
    /// Few, so they are looked through.
    others: RwLock<Vec<Arc<Kek>>>,
    /// Where further ones may appear.
    file: Option<PathBuf>,
}

impl Keyring {
    /// These keys and no others. New data are encrypted with the first one.
    pub fn of(first: Kek, others: impl IntoIterator<Item = Kek>) -> Self {
        let others = RwLock::new(others.into_iter().map(Arc::new).collect());
        Self { first: Arc::new(first), others, file: None }
    }

    /// The key that was read from `file`, and those that rotations leave beside it.
    pub fn of_file(kek: Kek, file: &Path) -> Self {
        Self { file: Some(file.to_owned()), ..Self::of(kek, []) }
    }

    pub(crate) fn first(&self) -> &Arc<Kek> {
        &self.first
    }

    /// Where the key came from, unless that was the environment.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The newest of the others: with keys from the environment, the one to go over to.
    pub(crate) fn given(&self) -> Option<Arc<Kek>> {
        self.others.read().unwrap_or_else(PoisonError::into_inner).last().cloned()
    }

    pub(crate) fn add(&self, kek: Kek) -> Arc<Kek> {
        let kek = Arc::new(kek);
        self.others.write().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&kek));
        kek
    }

    pub(crate) fn find(&self, id: &str) -> Result<Arc<Kek>, Error> {
        if let Some(kek) = self.known(id) {
            return Ok(kek);
        }
        if let Some(file) = &self.file {
            self.reload(file, id);
        }
        self.known(id).ok_or_else(|| Error::WrongKey {
            given: self.first.id().to_string(),
            needed: id.to_owned(),
        })
    }

    fn known(&self, id: &str) -> Option<Arc<Kek>> {
        let others = self.others.read().unwrap_or_else(PoisonError::into_inner);
        let mut keys = std::iter::once(&self.first).chain(others.iter());
        keys.find(|kek| kek.id().as_str() == id).cloned()
    }

    /// The new key is looked for first: it is renamed to the key's own name, so whoever misses it
    /// finds it there afterwards. When the key was rotated twice since, it is an old one.
    fn reload(&self, file: &Path, id: &str) {
        for path in [Some(key::new_path(file)), Some(file.to_owned()), key::old_path(file, id)] {
            let Some(path) = path else { continue };
            match key::read(&path) {
                Ok(kek) if kek.id().as_str() == id => {
                    self.add(kek);
                    return;
                }
                Ok(_) | Err(KeyFileError::Missing(_)) => {}
                Err(error) => tracing::warn!(%error, "a key file can't be read"),
            }
        }
    }
}

impl From<Kek> for Keyring {
    fn from(kek: Kek) -> Self {
        Self::of(kek, [])
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let others = self.others.read().unwrap_or_else(PoisonError::into_inner);
        formatter.debug_list().entry(&self.first).entries(others.iter()).finish()
    }
}
