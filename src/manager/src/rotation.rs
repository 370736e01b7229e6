//! Replacing the key-encryption key, while everything goes on. The steps stand in [`crate::key`].
//!
//! What the key wrapped is wrapped anew: the data keys and the audit key, a few bytes for each space.
//! Values and names stay as they are. A process that meets a row of the new key finds it beside the
//! old one ([`crate::Keyring`]), so no read fails on the way.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use secret_manager_envelope::Kek;
use secret_manager_store::{AuditKeyRow, WrappedDek, WrappedKeys};

use crate::audit::Action;
use crate::key::{self, KeyFileError, RotationLock};
use crate::{Caller, Error, Manager};

/// Two are enough unless something else is wrong.
const ATTEMPTS: usize = 10;

/// Why a key was not rotated.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// The key comes from the environment, and there is none to go on with.
    #[error(
        "the key comes from the environment: set SECRET_MANAGER_NEW_KEY to a new one (openssl rand \
         -base64 32), restart the service with both, then rotate"
    )]
    NoNewKey,
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    #[error(transparent)]
    Manager(#[from] Error),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The ids of the key that was in use, and of the one that is now. Equal when a rotation that was
    /// interrupted had only its files left to move.
    pub from: String,
    pub to: String,
    /// How many spaces' keys were wrapped anew.
    pub spaces: usize,
    /// Where the old key is kept, when it came from a file.
    pub old_file: Option<PathBuf>,
}

impl Manager {
    /// Goes over to a new key-encryption key, or finishes a rotation that was interrupted.
    pub async fn rotate_key(&self, caller: &Caller) -> Result<Rotated, RotationError> {
        match self.keys.file().map(Path::to_owned) {
            Some(file) => self.rotate_file(file, caller).await,
            None => {
                let new = self.keys.given().ok_or(RotationError::NoNewKey)?;
                Ok(self.rewrap(&new, caller).await?)
            }
        }
    }

    async fn rotate_file(&self, file: PathBuf, caller: &Caller) -> Result<Rotated, RotationError> {
        let path = file.clone();
        let (lock, old, new) = blocking(move || {
            let lock = RotationLock::take(&path)?;
            // Read now, under the lock: another rotation may have ended since the start.
            let old = key::read(&path)?;
            let new = key::begin_rotation(&path, &lock)?;
            Ok((lock, old, new))
        })
        .await?;
        let new = self.keys.add(new);
        let rotated = self.rewrap(&new, caller).await?;
        let old_file = blocking(move || key::finish_rotation(&file, &old, &lock)).await?;
        Ok(Rotated { old_file: Some(old_file), ..rotated })
    }

    /// Goes on until nothing is left that needs another key. The first pass settles which key new
    /// spaces get, so the second one finds at most those that were made meanwhile.
    async fn rewrap(&self, new: &Arc<Kek>, caller: &Caller) -> Result<Rotated, Error> {
        let from = self.current_kek().await?.id().to_string();
        let to = new.id().to_string();
        let mut spaces = 0;
        for _ in 0..ATTEMPTS {
            let WrappedKeys { audit_key, data_keys } = self.store.wrapped_keys().await?;
            let data_keys = data_keys
                .into_iter()
                .filter(|row| row.kek_id != to)
                .map(|row| {
                    let space = row.space.as_str();
                    let dek = self.keys.find(&row.kek_id)?.unwrap(&row.wrapped_dek, space)?;
                    let wrapped_dek = new.wrap(&dek, space)?;
                    Ok(WrappedDek { wrapped_dek, kek_id: to.clone(), space: row.space })
                })
                .collect::<Result<Vec<_>, Error>>()?;
            if data_keys.is_empty() && audit_key.kek_id == to {
                return Ok(Rotated { from, to, spaces, old_file: None });
            }
            spaces += data_keys.len();
            let audit_key = AuditKeyRow { wrapped_key: self.trail.wrap(new)?, kek_id: to.clone() };
            let entry = self.record(caller, Action::KeyRotate).subject(&format!("{from} to {to}"));
            self.store.rewrap(WrappedKeys { audit_key, data_keys }, entry.finish()).await?;
        }
        // Another process goes over to another key again and again.
        Err(Error::Busy)
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, KeyFileError> + Send + 'static,
) -> Result<T, RotationError> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|_| Error::stopped())??)
}
