//! Where the data and their key are, and opening both.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use secret_manager_manager::key::{self, KeyFileError};
use secret_manager_manager::{
    BackupError, Environment, Error, Kek, Keyring, Manager, Space, Thing, is_left_over,
};
use secret_manager_store::{Sqlite, SqliteOptions, StoreError};

use super::failure::Failure;

/// Holds the key in base64, instead of a key file. An option would show it to everybody on the
/// machine.
const KEY_VARIABLE: &str = "SECRET_MANAGER_KEY";

/// Beside that one: the key that a rotation goes over to.
const NEW_KEY_VARIABLE: &str = "SECRET_MANAGER_NEW_KEY";

#[derive(Debug, Args)]
#[command(next_help_heading = "Data")]
pub(super) struct DataOptions {
    /// Directory of the database and the key file [default: ~/.secret-manager]
    #[arg(long, global = true, value_name = "DIR", env = "SECRET_MANAGER_DATA")]
    data: Option<PathBuf>,
    /// Database somewhere else: sqlite:PATH
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "SECRET_MANAGER_DATABASE",
        hide_env_values = true
    )]
    database: Option<String>,
    /// Key file: 32 raw bytes, readable by its owner only [default: DIR/key]
    ///
    /// SECRET_MANAGER_KEY (the key in base64) takes its place when it is set.
    #[arg(long, global = true, value_name = "FILE", env = "SECRET_MANAGER_KEY_FILE")]
    key_file: Option<PathBuf>,
}

/// What to do when there are no data yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WhenAbsent {
    /// A first start.
    Create,
    /// More likely a wrong `--data` than an empty Secret Manager.
    Refuse,
}

pub(super) struct Data {
    pub(super) manager: Manager,
    pub(super) database: PathBuf,
    /// `None` when the key came from the environment.
    pub(super) key_file: Option<PathBuf>,
    pub(super) key_created: bool,
}

impl DataOptions {
    pub(super) async fn open(&self, when_absent: WhenAbsent) -> Result<Data, Failure> {
        let database = self.database()?;
        // Looked at before the key: another process that starts for the first time makes the key
        // before the database.
        let exists = database.exists();
        if !exists && when_absent == WhenAbsent::Refuse {
            return Err(Failure::new(format!(
                "there are no data at {}; check --data, or begin with: secret-manager space create \
                 NAME",
                database.display()
            )));
        }
        let (keys, key_file, key_created) = match key_of(KEY_VARIABLE)? {
            Some(kek) => (Keyring::of(kek, key_of(NEW_KEY_VARIABLE)?), None, false),
            None => {
                let path = self.key_file()?;
                let (kek, created) = match exists {
                    true => (key::read(&path)?, false),
                    false => key::read_or_create(&path)?,
                };
                (Keyring::of_file(kek, &path), Some(path), created)
            }
        };
        let store = Sqlite::open(&database, SqliteOptions::default()).await.map_err(|error| {
            let database = database.display();
            Failure::new(match error {
                StoreError::Newer { .. } => {
                    format!("{database}: {error}; install that version or restore an older backup")
                }
                StoreError::Busy => format!("{database}: {error}; try again in a moment"),
                StoreError::Damaged(_) => format!("{database}: {error}; restore a backup"),
                _ => format!("{database}: {error}"),
            })
        })?;
        let manager = Manager::open(Arc::new(store), keys, Environment::system()).await?;
        Ok(Data { manager, database, key_file, key_created })
    }

    /// Where a backup is restored to, and the keys for it. Nothing but the key may be there.
    pub(super) fn place_to_restore(&self) -> Result<(PathBuf, Keyring), Failure> {
        let database = self.database()?;
        let (keys, key_file) = match key_of(KEY_VARIABLE)? {
            Some(kek) => (Keyring::of(kek, key_of(NEW_KEY_VARIABLE)?), None),
            None => {
                let path = self.key_file()?;
                (Keyring::of_file(key::read(&path)?, &path), Some(path))
            }
        };
        // A database somewhere else has a directory that may hold other things.
        if self.database.is_none() {
            let key_name = key_file.as_deref().and_then(Path::file_name).and_then(OsStr::to_str);
            let of_key = |name: &str| key_name.is_some_and(|key| name.starts_with(key));
            let directory = self.directory()?;
            let entries = std::fs::read_dir(&directory).into_iter().flatten().flatten();
            let names = entries.map(|entry| entry.file_name());
            for name in names.map(|name| name.to_string_lossy().into_owned()) {
                if !of_key(&name) && !is_left_over(&name) {
                    return Err(BackupError::NotEmpty(directory).into());
                }
            }
        }
        Ok((database, keys))
    }

    fn database(&self) -> Result<PathBuf, Failure> {
        let Some(url) = &self.database else {
            return Ok(self.directory()?.join("secret-manager.db"));
        };
        match url.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => {
                Ok(path.strip_prefix("//").unwrap_or(path).into())
            }
            Some((scheme, _)) => Err(Failure::new(format!(
                "--database knows sqlite:PATH only, not {:?}",
                // No more than the scheme: the rest may hold a password.
                format!("{scheme}:")
            ))),
            None => Err(Failure::new("--database takes a URL: sqlite:PATH")),
        }
    }

    fn key_file(&self) -> Result<PathBuf, Failure> {
        match &self.key_file {
            Some(path) => Ok(path.clone()),
            None => Ok(self.directory()?.join("key")),
        }
    }

    fn directory(&self) -> Result<PathBuf, Failure> {
        match &self.data {
            Some(path) => Ok(path.clone()),
            None => std::env::home_dir()
                .map(|home| home.join(".secret-manager"))
                .ok_or_else(|| Failure::new("there is no home directory; give --data DIR")),
        }
    }
}

/// The key that a variable holds, if it is set.
fn key_of(variable: &str) -> Result<Option<Kek>, KeyFileError> {
    match std::env::var(variable) {
        Ok(text) if !text.is_empty() => key::from_base64(&text).map(Some),
        Err(std::env::VarError::NotUnicode(_)) => Err(KeyFileError::Text),
        _ => Ok(None),
    }
}

impl Data {
    pub(super) async fn space(&self, name: &str) -> Result<Space, Failure> {
        self.manager.space_named(name).await.map_err(|error| match error {
            Error::NotFound(Thing::Space) => {
                Failure::new(format!("there is no space {name:?}; see: secret-manager space list"))
            }
            other => other.into(),
        })
    }

    /// What to say when the key was just made: nothing else can bring the secrets back.
    pub(super) fn key_advice(&self) -> Option<String> {
        let path = self.key_file.as_ref().filter(|_| self.key_created)?;
        Some(format!(
            "A new key was made: {}. Keep a copy of it apart from the database and its backups; \
             without it nobody can read the secrets.",
            path.display()
        ))
    }
}
