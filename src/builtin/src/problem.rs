//! What can go wrong with a vault.

use secret_manager_format::Mistake;
use secret_manager_manager::Error;
use secret_manager_manager::key::KeyFileError;
use secret_manager_model::{NameError, ValueError};
use secret_manager_store::StoreError;

/// Neither holds a value nor, but for the mistakes of an import, a secret's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    pub code: Code,
    /// What happened and what helps, for people.
    pub message: String,
    /// With [`Code::PreconditionFailed`]: the version that there is now, if there is one.
    pub current: Option<u64>,
    /// With [`Code::ImportInvalid`].
    pub mistakes: Vec<Mistake>,
}

/// By what the caller does next. Those that the service's API has too are called the same there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    NotFound,
    ValueDestroyed,
    PreconditionFailed,
    NameInvalid,
    ValueInvalid,
    ImportInvalid,
    LimitExceeded,
    Busy,
    StorageFull,
    /// A person sees to the key.
    Misconfigured,
    /// A person sees to the machine, or restores a backup.
    Unavailable,
    /// A mistake of this program.
    Internal,
}

impl Code {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::ValueDestroyed => "value_destroyed",
            Self::PreconditionFailed => "precondition_failed",
            Self::NameInvalid => "name_invalid",
            Self::ValueInvalid => "value_invalid",
            Self::ImportInvalid => "import_invalid",
            Self::LimitExceeded => "limit_exceeded",
            Self::Busy => "busy",
            Self::StorageFull => "storage_full",
            Self::Misconfigured => "misconfigured",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }
}

impl Problem {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), current: None, mistakes: Vec::new() }
    }

    pub(crate) fn import_invalid(mistakes: Vec<Mistake>) -> Self {
        let message = "nothing was imported, because the file has mistakes";
        Self { mistakes, ..Self::new(Code::ImportInvalid, message) }
    }

    /// The database could not be opened.
    pub(crate) fn of_database(error: &StoreError, database: &std::path::Path) -> Self {
        let database = database.display();
        match error {
            StoreError::Newer { .. } => Self::new(
                Code::Unavailable,
                format!("{database}: {error}; install that version or restore an older backup"),
            ),
            StoreError::Damaged(_) | StoreError::Foreign => Self::new(
                Code::Unavailable,
                format!("{database}: {error}; put a good copy of it back from a backup"),
            ),
            StoreError::Full => Self::new(
                Code::StorageFull,
                format!("{database}: {error}; make room, nothing was changed"),
            ),
            StoreError::Busy => {
                Self::new(Code::Busy, format!("{database}: {error}; try again in a moment"))
            }
            _ => Self::new(
                Code::Unavailable,
                format!("{error}; Node-RED's user has to be able to write there"),
            ),
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let code = match &error {
            Error::NotFound(_) => Code::NotFound,
            Error::ValueDestroyed { .. } => Code::ValueDestroyed,
            Error::PreconditionFailed { current } => {
                let current = *current;
                return Self { current, ..Self::new(Code::PreconditionFailed, error.to_string()) };
            }
            Error::Invalid(_) => Code::ValueInvalid,
            Error::TooManySecrets { .. } | Error::TooManyBytes { .. } => Code::LimitExceeded,
            Error::Busy => Code::Busy,
            Error::StorageFull => Code::StorageFull,
            Error::WrongKey { .. } => Code::Misconfigured,
            Error::Corrupt(_) | Error::Unavailable(_) => Code::Unavailable,
            // What only people and tokens of a service can meet.
            _ => Code::Internal,
        };
        Self::new(code, error.to_string())
    }
}

impl From<KeyFileError> for Problem {
    fn from(error: KeyFileError) -> Self {
        let code = match error {
            KeyFileError::Unavailable { .. } | KeyFileError::Rotating => Code::Unavailable,
            KeyFileError::Missing(_)
            | KeyFileError::Length { .. }
            | KeyFileError::Exposed { .. }
            | KeyFileError::Text => Code::Misconfigured,
        };
        Self::new(code, error.to_string())
    }
}

impl From<NameError> for Problem {
    fn from(error: NameError) -> Self {
        Self::new(Code::NameInvalid, error.to_string())
    }
}

impl From<ValueError> for Problem {
    fn from(error: ValueError) -> Self {
        let code = match error {
            ValueError::TooLarge { .. } => Code::LimitExceeded,
            ValueError::NotJson { .. } | ValueError::NotText => Code::ValueInvalid,
        };
        Self::new(code, error.to_string())
    }
}
