//! Where a vault is, where its key comes from, and opening both.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use secret_manager_manager::key::{self, KeyFileError};
use secret_manager_manager::{Environment, Error, Keyring, Manager};
use secret_manager_store::{Sqlite, SqliteOptions};
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use crate::files::Files;
use crate::problem::{Code, Problem};
use crate::vault::Vault;

/// As the service has it, so that its command line finds it there.
const DATABASE: &str = "secret-manager.db";
const KEY: &str = "key";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Is made when it isn't there.
    pub directory: PathBuf,
    pub key: KeyPlace,
}

/// Where the key of a vault comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum KeyPlace {
    /// 32 bytes in base64, from the environment.
    Text(Zeroizing<String>),
    /// A file of 32 bytes; made when there are no data yet. `key` in the directory if none is named.
    File(Option<PathBuf>),
}

impl fmt::Debug for KeyPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => formatter.write_str("Text(•••)"),
            Self::File(path) => formatter.debug_tuple("File").field(path).finish(),
        }
    }
}

/// What people should know of a vault's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInformation {
    pub origin: KeyOrigin,
    /// It was made by this process, so there is no copy of it yet.
    pub created: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyOrigin {
    Environment,
    File(PathBuf),
}

/// What this process has open or has made.
static OPEN: Mutex<Open> = Mutex::const_new(Open { vaults: Vec::new(), made: Vec::new() });

struct Open {
    vaults: Vec<(Place, Weak<Vault>)>,
    /// Key files.
    made: Vec<PathBuf>,
}

impl Vault {
    /// The vault at this place: the one that this process has open, or one that is opened now, and made
    /// when there is none. After a failure nothing is open, and the next call tries again.
    pub async fn open(place: &Place) -> Result<Arc<Self>, Problem> {
        let mut open = OPEN.lock().await;
        open.vaults.retain(|(_, vault)| vault.strong_count() > 0);
        let known = open.vaults.iter().find(|(known, _)| known == place);
        if let Some(vault) = known.and_then(|(_, vault)| vault.upgrade()) {
            return Ok(vault);
        }
        let database = place.directory.join(DATABASE);
        let (keys, key) = place.keys(&database, &mut open.made).await?;
        let store = Sqlite::open(&database, SqliteOptions::default())
            .await
            .map_err(|error| Problem::of_database(&error, &database))?;
        let manager = Manager::open(Arc::new(store), keys, Environment::system())
            .await
            .map_err(|error| place.refused(error))?;
        let vault = Arc::new(Self::new(manager, key, Files::of(database)).await?);
        open.vaults.push((place.clone(), Arc::downgrade(&vault)));
        Ok(vault)
    }
}

impl Place {
    async fn keys(
        &self,
        database: &Path,
        made: &mut Vec<PathBuf>,
    ) -> Result<(Keyring, KeyInformation), Problem> {
        let file = match &self.key {
            KeyPlace::Text(text) => {
                let keys = Keyring::of(key::from_base64(text)?, []);
                return Ok((
                    keys,
                    KeyInformation { origin: KeyOrigin::Environment, created: false },
                ));
            }
            KeyPlace::File(named) => self.key_file(named.as_deref()),
        };
        let (path, database) = (file.clone(), database.to_owned());
        let read = move || -> Result<_, KeyFileError> {
            // Looked at before the key: another process that starts for the first time makes the key
            // before the database.
            match database.exists() {
                true => Ok((key::read(&path)?, false)),
                false => key::read_or_create(&path),
            }
        };
        let stopped = |_| Problem::new(Code::Unavailable, "the program is stopping");
        let (kek, created) = tokio::task::spawn_blocking(read).await.map_err(stopped)??;
        // Whatever fails after this, somebody has to be told of the new key later.
        if created {
            made.push(file.clone());
        }
        let created = made.contains(&file);
        let keys = Keyring::of_file(kek, &file);
        Ok((keys, KeyInformation { origin: KeyOrigin::File(file), created }))
    }

    fn key_file(&self, named: Option<&Path>) -> PathBuf {
        named.map_or_else(|| self.directory.join(KEY), Path::to_owned)
    }

    /// The data are there and can't be opened.
    fn refused(&self, error: Error) -> Problem {
        let Error::WrongKey { given, needed } = &error else {
            return match error {
                Error::Corrupt(_) => Problem::new(
                    Code::Unavailable,
                    format!("{}: {error}", self.directory.join(DATABASE).display()),
                ),
                other => other.into(),
            };
        };
        let (what, remedy) = match &self.key {
            KeyPlace::Text(_) => (
                "the key in the environment".to_owned(),
                "set SECRET_MANAGER_KEY to the right one, or unset it to use the key file",
            ),
            KeyPlace::File(named) => (
                format!("the key file {}", self.key_file(named.as_deref()).display()),
                "put the right one back from your backup",
            ),
        };
        Problem::new(
            Code::Misconfigured,
            format!(
                "{what} is not the one that the vault was made with (key {given}, vault {needed}); \
                 {remedy}"
            ),
        )
    }
}
