//! One JSON object, each member a secret: a string is a text secret, anything else a JSON secret.

use std::collections::HashSet;
use std::fmt;

use secret_manager_model::{Secret, SecretName, SecretValue, ValueError};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::{Mistake, Place};

pub(super) fn secrets(text: &str) -> Result<Vec<(SecretName, SecretValue)>, Vec<Mistake>> {
    let Members(members) = serde_json::from_str(text).map_err(|error| vec![unreadable(&error)])?;
    let mut mistakes = Vec::new();
    let mut seen = HashSet::new();
    let mut secrets = Vec::with_capacity(members.len());
    for (name, raw) in &members {
        let mut mistake = |reason: String| {
            mistakes.push(Mistake { place: Place::Member(name.clone()), reason });
        };
        match (SecretName::parse(name), value(raw)) {
            _ if !seen.insert(name) => mistake("stands twice".into()),
            (Ok(name), Ok(value)) => secrets.push((name, value)),
            (Err(error), _) => mistake(error.to_string()),
            (_, Err(error)) => mistake(error.to_string()),
        }
    }
    if mistakes.is_empty() { Ok(secrets) } else { Err(mistakes) }
}

/// serde_json's own texts can quote what they read.
fn unreadable(error: &serde_json::Error) -> Mistake {
    match error.classify() {
        serde_json::error::Category::Data => Mistake {
            place: Place::File,
            reason: "the file has to hold one JSON object, each member a secret".into(),
        },
        _ => Mistake {
            place: Place::Spot { line: error.line(), column: error.column() },
            reason: "not JSON".into(),
        },
    }
}

fn value(raw: &RawValue) -> Result<SecretValue, ValueError> {
    if !raw.get().starts_with('"') {
        return SecretValue::json(raw.get());
    }
    let text = serde_json::from_str(raw.get()).map_err(|_| ValueError::NotText)?;
    SecretValue::text(&Zeroizing::<String>::new(text))
}

pub(super) fn write(secrets: &[(&SecretName, &Secret)]) -> Zeroizing<String> {
    let size = secrets.iter().map(|(name, secret)| {
        name.as_str().len() + secret.value.expose().len() + "  \"\": ,\n".len()
    });
    let mut document = Zeroizing::new(String::with_capacity(size.sum::<usize>() + 4));
    document.push('{');
    for (index, (name, secret)) in secrets.iter().enumerate() {
        document.push_str(if index == 0 { "\n  \"" } else { ",\n  \"" });
        // Names are plain ASCII without quotes or backslashes, and values are JSON already.
        document.push_str(name.as_str());
        document.push_str("\": ");
        document.push_str(secret.value.expose());
    }
    document.push_str(if secrets.is_empty() { "}" } else { "\n}" });
    document
}

/// The object as it is written, without turning numbers into floating point or losing a repeated
/// name.
pub struct Members<'a>(pub Vec<(String, &'a RawValue)>);

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
