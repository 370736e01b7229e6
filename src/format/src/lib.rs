//! Files that hold many secrets: read by imports, written by exports, wherever these are asked for
//! (command line, HTTP, Node-RED's editor). Text in and text out: no input or output of its own.

mod dotenv;
mod json;

pub use json::Members;
use secret_manager_model::{Secret, SecretName, SecretValue, Snapshot};
use zeroize::Zeroizing;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Lines KEY=VALUE
    Env,
    /// One object, each member a secret
    Json,
}

/// Something in a file that can't be a secret: where it stands and why. Never what stands there,
/// because what was misread as a name may be a piece of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    pub place: Place,
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
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
    /// What the file sets, in its order, each name once; or everything that is wrong with it.
    pub fn read(self, text: &str) -> Result<Vec<(SecretName, SecretValue)>, Vec<Mistake>> {
        match self {
            Self::Env => dotenv_secrets(text),
            Self::Json => json::secrets(text),
        }
    }

    /// All secrets with their values, sorted by name.
    pub fn write(self, snapshot: &Snapshot) -> Zeroizing<String> {
        let mut secrets: Vec<(&SecretName, &Secret)> = snapshot.secrets.iter().collect();
        secrets.sort_unstable_by_key(|(name, _)| *name);
        match self {
            Self::Env => dotenv::write(&secrets),
            Self::Json => json::write(&secrets),
        }
    }
}

fn dotenv_secrets(text: &str) -> Result<Vec<(SecretName, SecretValue)>, Vec<Mistake>> {
    let at = |line, reason: String| Mistake { place: Place::Line(line), reason };
    let entries = dotenv::parse(text).map_err(|error| vec![at(error.line(), error.to_string())])?;
    let mut mistakes = Vec::new();
    let mut secrets = Vec::with_capacity(entries.len());
    for entry in &entries {
        // Where a line was misread its name may be a piece of a value, so only its number is told.
        match (SecretName::parse(&entry.name), SecretValue::text(&entry.value)) {
            (Ok(name), Ok(value)) => secrets.push((name, value)),
            (Err(error), _) => mistakes.push(at(entry.line, error.to_string())),
            (_, Err(error)) => mistakes.push(at(entry.line, error.to_string())),
        }
    }
    if mistakes.is_empty() { Ok(secrets) } else { Err(mistakes) }
}
