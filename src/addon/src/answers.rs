//! What the built-in vault answers, as JavaScript gets it. The shapes are those of the service's API.

use napi_derive::napi;
use secret_manager_builtin as builtin;
use secret_manager_builtin::{Code, KeyOrigin, PlaceInFile, Problem, SecretSummary, Space};
use secret_manager_model::{Kind, SecretName, Timestamp};
use zeroize::Zeroizing;

/// What came of a ticket.
pub(crate) enum Content {
    Done,
    Key(builtin::KeyInformation),
    List(builtin::List),
    Deleted(builtin::Deleted),
    Revealed(String, builtin::Revealed),
    Written(builtin::Written),
    Versions(String, builtin::History),
    Imported(builtin::Imported),
    Text(Zeroizing<String>),
}

/// What came of a ticket: at most one of the members.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct Answer {
    pub ticket: u32,
    pub error: Option<VaultError>,
    pub key: Option<KeyInformation>,
    pub list: Option<VaultList>,
    pub revealed: Option<VaultValue>,
    pub written: Option<VaultWritten>,
    pub versions: Option<VaultVersions>,
    pub imported: Option<VaultImported>,
    pub text: Option<String>,
}

#[napi(object, object_from_js = false)]
pub struct VaultError {
    pub code: &'static str,
    pub message: String,
    /// With "precondition_failed": the version that there is now, absent when there is none.
    pub current: Option<i64>,
    /// With "import_invalid".
    pub mistakes: Option<Vec<VaultMistake>>,
}

/// Something in a file that can't be imported.
#[napi(object, object_from_js = false)]
pub struct VaultMistake {
    pub line: Option<u32>,
    /// The name of the secret, where one is known.
    pub key: Option<String>,
    pub reason: String,
}

/// What people should know of the vault's key.
#[napi(object, object_from_js = false)]
pub struct KeyInformation {
    #[napi(ts_type = "'environment' | 'file'")]
    pub from: &'static str,
    pub path: Option<String>,
    /// It was made by this process, so there is no copy of it yet.
    pub created: bool,
}

#[napi(object, object_from_js = false)]
pub struct VaultSpace {
    pub id: String,
    pub name: String,
}

/// All secrets, by name, without their values.
#[napi(object, object_from_js = false)]
pub struct VaultList {
    pub space: VaultSpace,
    pub version: i64,
    pub created_at: String,
    pub updated_at: String,
    pub issued_at: String,
    pub secrets: Vec<VaultSecret>,
}

#[napi(object, object_from_js = false)]
pub struct VaultSecret {
    pub key: String,
    #[napi(js_name = "type", ts_type = "'text' | 'json'")]
    pub kind: &'static str,
    pub version: i64,
    pub created_at: String,
    pub updated_at: String,
    pub updated_by: String,
    /// Of a deleted secret.
    pub deleted_at: Option<String>,
    pub deleted_by: Option<String>,
}

#[napi(object, object_from_js = false)]
pub struct VaultValue {
    pub key: String,
    #[napi(js_name = "type", ts_type = "'text' | 'json'")]
    pub kind: &'static str,
    /// The text of a text secret; the text of a JSON secret's document, with every digit.
    pub value: String,
    pub version: i64,
    pub created_at: String,
    pub updated_at: String,
    pub updated_by: String,
}

/// A secret as a change left it.
#[napi(object, object_from_js = false)]
pub struct VaultWritten {
    pub key: String,
    #[napi(js_name = "type", ts_type = "'text' | 'json'")]
    pub kind: &'static str,
    pub version: i64,
    pub created_at: String,
    pub updated_at: String,
    pub updated_by: String,
    pub space_version: i64,
    /// It wasn't there before.
    pub created: bool,
}

#[napi(object, object_from_js = false)]
pub struct VaultVersions {
    pub key: String,
    pub deleted_at: Option<String>,
    pub deleted_by: Option<String>,
    /// The newest first.
    pub versions: Vec<VaultVersion>,
}

#[napi(object, object_from_js = false)]
pub struct VaultVersion {
    pub version: i64,
    #[napi(js_name = "type", ts_type = "'text' | 'json'")]
    pub kind: &'static str,
    pub created_at: String,
    pub created_by: String,
    /// The older version whose content this one took.
    pub rolled_back_from: Option<i64>,
    #[napi(ts_type = "'current' | 'kept' | 'destroyed'")]
    pub state: &'static str,
}

/// The names of the secrets.
#[napi(object, object_from_js = false)]
pub struct VaultImported {
    /// Of the space, now.
    pub version: i64,
    pub added: Vec<String>,
    pub changed: Vec<String>,
    /// They hold the same value already.
    pub unchanged: Vec<String>,
}

impl Answer {
    pub(crate) fn new(ticket: u32, outcome: Result<Content, Problem>) -> Self {
        let mut answer = Self { ticket, ..Self::default() };
        match outcome {
            Err(problem) => answer.error = Some(problem.into()),
            Ok(Content::Done) => {}
            Ok(Content::Key(key)) => answer.key = Some(key.into()),
            Ok(Content::List(list)) => answer.list = Some(list.into()),
            Ok(Content::Deleted(list)) => answer.list = Some(list.into()),
            Ok(Content::Revealed(key, secret)) => {
                answer.revealed = Some(VaultValue::new(key, secret));
            }
            Ok(Content::Written(written)) => answer.written = Some(written.into()),
            Ok(Content::Versions(key, history)) => {
                answer.versions = Some(VaultVersions::new(key, history));
            }
            Ok(Content::Imported(imported)) => answer.imported = Some(imported.into()),
            // Moved, not copied: what is left behind is empty.
            Ok(Content::Text(mut text)) => answer.text = Some(std::mem::take(&mut text)),
        }
        answer
    }
}

impl From<Problem> for VaultError {
    fn from(Problem { code, message, current, mistakes }: Problem) -> Self {
        let mistakes = (code == Code::ImportInvalid)
            .then(|| mistakes.into_iter().map(VaultMistake::from).collect());
        Self { code: code.as_str(), message, current: current.map(number), mistakes }
    }
}

impl From<builtin::Mistake> for VaultMistake {
    fn from(builtin::Mistake { place, reason }: builtin::Mistake) -> Self {
        let line = |line| u32::try_from(line).ok();
        match place {
            PlaceInFile::File => Self { line: None, key: None, reason },
            PlaceInFile::Line(number) => Self { line: line(number), key: None, reason },
            PlaceInFile::Spot { line: number, column } => {
                let reason = format!("{reason}; see column {column}");
                Self { line: line(number), key: None, reason }
            }
            PlaceInFile::Member(name) => Self { line: None, key: Some(name), reason },
        }
    }
}

impl From<builtin::KeyInformation> for KeyInformation {
    fn from(key: builtin::KeyInformation) -> Self {
        let (from, path) = match key.origin {
            KeyOrigin::Environment => ("environment", None),
            KeyOrigin::File(path) => ("file", Some(path.display().to_string())),
        };
        Self { from, path, created: key.created }
    }
}

impl From<builtin::List> for VaultList {
    fn from(list: builtin::List) -> Self {
        let secrets = list.secrets.into_iter().map(VaultSecret::from).collect();
        Self::new(list.space, list.issued_at, secrets)
    }
}

impl From<builtin::Deleted> for VaultList {
    fn from(list: builtin::Deleted) -> Self {
        let secrets = list.secrets.into_iter().map(|deleted| VaultSecret {
            deleted_at: Some(deleted.deletion.at.to_string()),
            deleted_by: Some(deleted.deletion.by),
            ..VaultSecret::from(deleted.secret)
        });
        Self::new(list.space, list.issued_at, secrets.collect())
    }
}

impl VaultList {
    fn new(space: Space, issued_at: Timestamp, secrets: Vec<VaultSecret>) -> Self {
        Self {
            version: number(space.version),
            created_at: space.created_at.to_string(),
            updated_at: space.updated_at.to_string(),
            issued_at: issued_at.to_string(),
            space: VaultSpace { id: space.id.as_str().to_owned(), name: space.name },
            secrets,
        }
    }
}

impl From<SecretSummary> for VaultSecret {
    fn from(secret: SecretSummary) -> Self {
        Self {
            key: secret.name.to_string(),
            kind: secret.kind.as_str(),
            version: number(secret.version),
            created_at: secret.created_at.to_string(),
            updated_at: secret.updated_at.to_string(),
            updated_by: secret.updated_by,
            deleted_at: None,
            deleted_by: None,
        }
    }
}

impl VaultValue {
    fn new(key: String, secret: builtin::Revealed) -> Self {
        let value = match secret.value.kind() {
            Kind::Text => std::mem::take(&mut *secret.value.expose_text()),
            Kind::Json => secret.value.expose().to_owned(),
        };
        Self {
            key,
            kind: secret.value.kind().as_str(),
            value,
            version: number(secret.version),
            created_at: secret.created_at.to_string(),
            updated_at: secret.updated_at.to_string(),
            updated_by: secret.updated_by,
        }
    }
}

impl From<builtin::Written> for VaultWritten {
    fn from(builtin::Written { secret, space_version, created }: builtin::Written) -> Self {
        Self {
            key: secret.name.to_string(),
            kind: secret.kind.as_str(),
            version: number(secret.version),
            created_at: secret.created_at.to_string(),
            updated_at: secret.updated_at.to_string(),
            updated_by: secret.updated_by,
            space_version: number(space_version),
            created,
        }
    }
}

impl VaultVersions {
    fn new(key: String, history: builtin::History) -> Self {
        let deleted = history.deleted.map(|deletion| (deletion.at.to_string(), deletion.by));
        let (deleted_at, deleted_by) = deleted.unzip();
        let versions = history.versions.into_iter().map(VaultVersion::from).collect();
        Self { key, deleted_at, deleted_by, versions }
    }
}

impl From<builtin::Version> for VaultVersion {
    fn from(version: builtin::Version) -> Self {
        Self {
            version: number(version.version),
            kind: version.kind.as_str(),
            created_at: version.created_at.to_string(),
            created_by: version.created_by,
            rolled_back_from: version.rolled_back_from.map(number),
            state: version.state.as_str(),
        }
    }
}

impl From<builtin::Imported> for VaultImported {
    fn from(imported: builtin::Imported) -> Self {
        let names = |names: Vec<SecretName>| names.iter().map(SecretName::to_string).collect();
        Self {
            version: number(imported.version),
            added: names(imported.added),
            changed: names(imported.changed),
            unchanged: names(imported.unchanged),
        }
    }
}

/// As with the status: JavaScript's numbers are exact up to 2^53.
fn number(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}
