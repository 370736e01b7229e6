//! `secret-manager import`: many secrets in one change.

use std::collections::HashSet;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use secret_manager_manager::{Caller, Change, Edit, Outcome, Precondition, Same};
use secret_manager_model::limits::SNAPSHOT_BYTES;
use secret_manager_model::{SecretName, SecretValue, Timestamp};
use serde::Serialize;

use super::data::{DataOptions, WhenAbsent};
use super::failure::Failure;
use super::output::Output;
use super::{dotenv, input};

/// Longer lists of mistakes are cut here.
const NAMED_MISTAKES: usize = 20;

/// Set many secrets from a file, as one version of the space
///
/// Everything in the file is set or, when anything in it is wrong, nothing. Secrets that are not in
/// the file stay, and those that hold the same value already are left alone.
///
/// JSON: one object, each member a secret; a string becomes a text secret, anything else a JSON
/// secret. Env: lines KEY=VALUE, all text secrets.
#[derive(Debug, Args)]
pub(super) struct Import {
    #[arg(long, env = "SECRET_MANAGER_SPACE")]
    space: String,
    #[arg(long)]
    format: Format,
    /// - for standard input
    file: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Format {
    Env,
    Json,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Imported {
    space_version: u64,
    added: usize,
    changed: usize,
    unchanged: usize,
    updated_at: Timestamp,
}

impl Import {
    pub(super) async fn run(self, data: &DataOptions, output: Output) -> Result<(), Failure> {
        let text = input::read(&self.file, SNAPSHOT_BYTES)?;
        let edits = match self.format {
            Format::Json => json_edits(&text)?,
            Format::Env => env_edits(&text)?,
        };
        let data = data.open(WhenAbsent::Refuse).await?;
        let space = data.space(&self.space).await?;
        let applied =
            data.manager.apply(&space.id, edits, Same::Skip, &Caller::command_line()).await?;

        let count = |wanted: fn(&Outcome) -> bool| {
            applied.outcomes.iter().filter(|outcome| wanted(outcome)).count()
        };
        let imported = Imported {
            space_version: applied.version,
            added: count(|outcome| matches!(outcome, Outcome::Added(_))),
            changed: count(|outcome| matches!(outcome, Outcome::Changed(_))),
            unchanged: count(|outcome| matches!(outcome, Outcome::Unchanged(_))),
            updated_at: applied.at,
        };
        let text = format!(
            "imported into version {}: {} added, {} changed, {} unchanged",
            imported.space_version, imported.added, imported.changed, imported.unchanged
        );
        output.print(&imported, &text)
    }
}

fn json_edits(text: &str) -> Result<Vec<Edit>, Failure> {
    let members = object::members(text)?;
    let mut mistakes = Vec::new();
    let mut seen = HashSet::new();
    let mut edits = Vec::with_capacity(members.len());
    for (name, raw) in &members {
        // Shown with escapes, so that a name can't write on the terminal.
        let mistake = |reason: &str| format!("{name:?} ({reason})");
        let parsed = match SecretName::parse(name) {
            Ok(parsed) => parsed,
            Err(error) => {
                mistakes.push(mistake(&error.to_string()));
                continue;
            }
        };
        if !seen.insert(name) {
            mistakes.push(mistake("stands twice"));
            continue;
        }
        match object::value(raw) {
            Ok(value) => edits.push(put(parsed, value)),
            Err(error) => mistakes.push(mistake(&error.to_string())),
        }
    }
    refuse(mistakes)?;
    Ok(edits)
}

fn env_edits(text: &str) -> Result<Vec<Edit>, Failure> {
    let entries = dotenv::parse(text).map_err(|error| Failure::new(error.to_string()))?;
    let mut mistakes = Vec::new();
    let mut edits = Vec::with_capacity(entries.len());
    for entry in &entries {
        // Where a line was misread its name may be a piece of a value, so only its number is told.
        match (SecretName::parse(&entry.name), SecretValue::text(&entry.value)) {
            (Ok(name), Ok(value)) => edits.push(put(name, value)),
            (Err(error), _) => mistakes.push(format!("line {} ({error})", entry.line)),
            (_, Err(error)) => mistakes.push(format!("line {} ({error})", entry.line)),
        }
    }
    refuse(mistakes)?;
    Ok(edits)
}

fn put(name: SecretName, value: SecretValue) -> Edit {
    Edit { name, change: Change::Put(value), precondition: Precondition::Any }
}

fn refuse(mistakes: Vec<String>) -> Result<(), Failure> {
    if mistakes.is_empty() {
        return Ok(());
    }
    let more = match mistakes.len().saturating_sub(NAMED_MISTAKES) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let named = mistakes.iter().take(NAMED_MISTAKES).cloned().collect::<Vec<_>>().join(", ");
    Err(Failure::new(format!("nothing was imported; can't be secrets: {named}{more}")))
}

/// Reads the object without turning numbers into floating point or losing a repeated name.
mod object {
    use std::fmt;

    use secret_manager_model::{SecretValue, ValueError};
    use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
    use serde_json::value::RawValue;
    use zeroize::Zeroizing;

    use super::Failure;

    struct Members<'a>(Vec<(String, &'a RawValue)>);

    pub(super) fn members(text: &str) -> Result<Vec<(String, &RawValue)>, Failure> {
        // serde_json's own texts can quote what they read.
        let members: Members<'_> = serde_json::from_str(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            Failure::new(match error.classify() {
                serde_json::error::Category::Data => {
                    "nothing was imported; the file has to hold one JSON object, each member a \
                     secret"
                        .to_owned()
                }
                _ => format!("nothing was imported; not JSON at line {line}, column {column}"),
            })
        })?;
        Ok(members.0)
    }

    pub(super) fn value(raw: &RawValue) -> Result<SecretValue, ValueError> {
        if !raw.get().starts_with('"') {
            return SecretValue::json(raw.get());
        }
        let text = serde_json::from_str(raw.get()).map_err(|_| ValueError::NotText)?;
        SecretValue::text(&Zeroizing::<String>::new(text))
    }

    impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct MembersVisitor;

            impl<'de> Visitor<'de> for MembersVisitor {
                type Value = Vec<(String, &'de RawValue)>;

                fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                    formatter.write_str("an object with one member for each secret")
                }

                fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                    let mut members = Vec::new();
                    while let Some(member) = map.next_entry()? {
                        members.push(member);
                    }
                    Ok(members)
                }
            }

            deserializer.deserialize_map(MembersVisitor).map(Self)
        }
    }
}
