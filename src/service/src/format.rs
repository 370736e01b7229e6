//! Files that hold many secrets: read by imports, written by exports, on the command line and over
//! HTTP alike.

mod dotenv;
mod json;

pub(crate) use json::Members;
use secret_manager_manager::{Change, Edit, Precondition};
use secret_manager_model::{Secret, SecretName, SecretValue, Snapshot};
use zeroize::Zeroizing;

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// Lines KEY=VALUE
    Env,
    /// One object, each member a secret
    Json,
}

/// Something in a file that can't be a secret: where it stands and why. Never what stands there,
/// because what was misread as a name may be a piece of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) place: Place,
    pub(crate) reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The file as a whole.
    File,
    Line(usize),
    Spot {
        line: usize,
        column: usize,
    },
    /// The member with this name.
    Member(String),
}

impl Format {
    /// One put for each secret of the file, or everything that is wrong with it.
    pub(crate) fn read(self, text: &str) -> Result<Vec<Edit>, Vec<Mistake>> {
        match self {
            Self::Env => dotenv_edits(text),
            Self::Json => json::edits(text),
        }
    }

    /// All secrets with their values, sorted by name.
    pub(crate) fn write(self, snapshot: &Snapshot) -> Zeroizing<String> {
        let mut secrets: Vec<(&SecretName, &Secret)> = snapshot.secrets.iter().collect();
        secrets.sort_unstable_by_key(|(name, _)| *name);
        match self {
            Self::Env => dotenv::write(&secrets),
            Self::Json => json::write(&secrets),
        }
    }
}

fn dotenv_edits(text: &str) -> Result<Vec<Edit>, Vec<Mistake>> {
    let at = |line, reason: String| Mistake { place: Place::Line(line), reason };
    let entries = dotenv::parse(text).map_err(|error| vec![at(error.line(), error.to_string())])?;
    let mut mistakes = Vec::new();
    let mut edits = Vec::with_capacity(entries.len());
    for entry in &entries {
        // Where a line was misread its name may be a piece of a value, so only its number is told.
        match (SecretName::parse(&entry.name), SecretValue::text(&entry.value)) {
            (Ok(name), Ok(value)) => edits.push(put(name, value)),
            (Err(error), _) => mistakes.push(at(entry.line, error.to_string())),
            (_, Err(error)) => mistakes.push(at(entry.line, error.to_string())),
        }
    }
    if mistakes.is_empty() { Ok(edits) } else { Err(mistakes) }
}

fn put(name: SecretName, value: SecretValue) -> Edit {
    Edit { name, change: Change::Put(value), precondition: Precondition::Any }
}
