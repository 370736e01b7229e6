//! The JSON form of a snapshot, as `GET /api/v1/snapshot` answers it, and of a delta (`delta.rs`).
//! Written and read here, so that the two can't drift apart.
//!
//! ```json
//! {"space":{"id":"…","name":"…"},"version":42,"createdAt":"…","updatedAt":"…","issuedAt":"…",
//!  "secrets":{"KEY":{"type":"text","value":"…","version":3,"updatedAt":"…"}}}
//! ```
//!
//! Values are neither decoded nor copied on the way: they pass as the JSON text that they are.

mod answer;
mod delta;
mod shared;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::{Kind, Refused, Secret, SecretName, SecretValue, Snapshot, SpaceRef, Timestamp};

pub use answer::{Answer, read_answer};
pub use delta::{read_delta, read_delta_event, write_delta, write_delta_event};
pub use shared::{SharedHead, SharedSnapshot};

/// Why a body is no snapshot or delta. It names the place and never quotes the body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    #[error("not UTF-8")]
    NotUtf8,
    #[error("the document ends too early")]
    Truncated,
    #[error("not JSON: unexpected character at line {line}, column {column}")]
    NotJson { line: usize, column: usize },
    #[error("not a snapshot: unexpected content at line {line}, column {column}")]
    NotSnapshot { line: usize, column: usize },
    #[error("not a delta: unexpected content at line {line}, column {column}")]
    NotDelta { line: usize, column: usize },
}

/// Writes a snapshot. The buffer is wiped on drop because it holds values.
pub fn write_snapshot(snapshot: &Snapshot) -> Zeroizing<Vec<u8>> {
    let shared = SharedSnapshot::new(snapshot);
    let head = shared.head.issued(snapshot.issued_at);
    let mut out = Zeroizing::new(Vec::with_capacity(head.len() + shared.rest.len()));
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(&shared.rest);
    out
}

/// At least what [`write_entries`] writes.
fn entries_size(secrets: &HashMap<SecretName, Secret>) -> usize {
    secrets
        .iter()
        .map(|(name, secret)| ENTRY_OVERHEAD + name.as_str().len() + secret.value.expose().len())
        .sum()
}

/// The members of an object, one for each secret.
fn write_entries(out: &mut Vec<u8>, secrets: &HashMap<SecretName, Secret>) {
    for (index, (name, secret)) in secrets.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        // Names are plain ASCII without quotes or backslashes (`SecretName`), so they need no escape.
        for piece in [
            "\"",
            name.as_str(),
            "\":{\"type\":\"",
            secret.value.kind().as_str(),
            "\",\"value\":",
            secret.value.expose(),
        ] {
            out.extend_from_slice(piece.as_bytes());
        }
        let rest =
            format!(",\"version\":{},\"updatedAt\":\"{}\"}}", secret.version, secret.updated_at);
        out.extend_from_slice(rest.as_bytes());
    }
}

/// Upper bounds of what surrounds a snapshot and each of its secrets.
const HEADER_OVERHEAD: usize = 256;
const ENTRY_OVERHEAD: usize = 128;

/// Reads a snapshot. Secrets whose names break the rules are left out and listed in
/// [`Snapshot::refused`]; anything else that is not as it should be refuses the whole document.
pub fn read_snapshot(body: &[u8]) -> Result<Snapshot, WireError> {
    let document: Document<'_> =
        parse(body, |line, column| WireError::NotSnapshot { line, column })?;
    Ok(Snapshot {
        space: document.space,
        version: document.version,
        created_at: document.created_at,
        updated_at: document.updated_at,
        issued_at: document.issued_at,
        secrets: document.secrets.accepted,
        refused: document.secrets.refused,
    })
}

/// `unexpected` says what a document is not that is JSON but something else.
fn parse<'a, T: Deserialize<'a>>(
    body: &'a [u8],
    unexpected: fn(usize, usize) -> WireError,
) -> Result<T, WireError> {
    let text = std::str::from_utf8(body).map_err(|_| WireError::NotUtf8)?;
    serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        match error.classify() {
            serde_json::error::Category::Eof => WireError::Truncated,
            serde_json::error::Category::Data => unexpected(line, column),
            _ => WireError::NotJson { line, column },
        }
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    space: SpaceRef,
    version: u64,
    created_at: Timestamp,
    updated_at: Timestamp,
    issued_at: Timestamp,
    #[serde(borrow)]
    secrets: Secrets<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(borrow)]
    value: &'a RawValue,
    version: u64,
    updated_at: Timestamp,
}

struct Secrets<'a> {
    accepted: HashMap<SecretName, Secret>,
    refused: Refused,
    borrowed: std::marker::PhantomData<&'a ()>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Secrets<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SecretsVisitor;

        impl<'de> Visitor<'de> for SecretsVisitor {
            type Value = (HashMap<SecretName, Secret>, Refused);

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object with one member for each secret")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut accepted = HashMap::new();
                let mut refused = Refused::default();
                while let Some(name) = map.next_key::<Cow<'de, str>>()? {
                    let entry: Entry<'de> = map.next_value()?;
                    let Ok(name) = SecretName::parse(&name) else {
                        refused.add(&name);
                        continue;
                    };
                    let value = SecretValue::from_wire(entry.kind, entry.value)
                        .map_err(A::Error::custom)?;
                    let secret =
                        Secret { value, version: entry.version, updated_at: entry.updated_at };
                    // Which of two values is meant can't be known, so the document is refused.
                    if accepted.insert(name, secret).is_some() {
                        return Err(A::Error::custom("a name stands twice"));
                    }
                }
                Ok((accepted, refused))
            }
        }

        let (accepted, refused) = deserializer.deserialize_map(SecretsVisitor)?;
        Ok(Self { accepted, refused, borrowed: std::marker::PhantomData })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis).unwrap()
    }

    fn secret(value: SecretValue, version: u64) -> Secret {
        Secret { value, version, updated_at: time(7) }
    }

    fn sample() -> Snapshot {
        Snapshot {
            space: SpaceRef { id: "s1".into(), name: "Plant \"7\" ☃".into() },
            version: 42,
            created_at: time(1),
            updated_at: time(2),
            issued_at: time(3),
            secrets: HashMap::from([
                (
                    SecretName::parse("API_KEY").unwrap(),
                    secret(SecretValue::text("k\"\\\n☃").unwrap(), 3),
                ),
                (
                    SecretName::parse("DB").unwrap(),
                    secret(SecretValue::json(r#"{"password":"p","n":[1,2.50]}"#).unwrap(), 1),
                ),
            ]),
            refused: Refused::default(),
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let snapshot = sample();
        let body = write_snapshot(&snapshot);
        assert_eq!(read_snapshot(&body), Ok(snapshot));
    }

    #[test]
    fn the_buffer_is_never_outgrown() {
        let body = write_snapshot(&sample());
        assert_eq!(body.len(), body.capacity());
        let rest = SharedSnapshot::new(&sample()).rest;
        let size = HEADER_OVERHEAD + 2 * ENTRY_OVERHEAD;
        assert!(rest.len() < rest.capacity() && rest.capacity() < rest.len() + size);
    }

    #[test]
    fn no_cut_document_is_half_read() {
        let body = write_snapshot(&sample());
        for end in 0..body.len() {
            assert!(read_snapshot(&body[..end]).is_err(), "cut after {end} bytes");
        }
    }

    fn with_secrets(secrets: &str) -> Result<Snapshot, WireError> {
        let body = format!(
            r#"{{"space":{{"id":"s","name":"n"}},"version":1,"createdAt":"2024-01-01T00:00:00Z",
            "updatedAt":"2024-01-01T00:00:00Z","issuedAt":"2024-01-01T00:00:00Z",
            "future":[1],"secrets":{{{secrets}}}}}"#
        );
        read_snapshot(body.as_bytes())
    }

    fn entry(name: &str, kind: &str, value: &str) -> String {
        format!(
            r#""{name}":{{"type":"{kind}","value":{value},"version":1,
            "updatedAt":"2024-01-01T00:00:00Z"}}"#
        )
    }

    #[test]
    fn names_that_break_the_rules_are_left_out_and_listed() {
        let secrets = [
            entry("GOOD", "text", "\"v\""),
            entry("__proto__", "json", "{}"),
            entry("a b", "text", "\"\""),
        ];
        let snapshot = with_secrets(&secrets.join(",")).unwrap();
        assert_eq!(snapshot.secrets.keys().map(SecretName::as_str).collect::<Vec<_>>(), ["GOOD"]);
        assert_eq!(snapshot.refused.names, ["__proto__", "a b"]);
    }

    #[test]
    fn of_many_bad_names_only_some_are_kept() {
        let secrets: Vec<_> =
            (0..1000).map(|n| entry(&format!("{n}{}", "x".repeat(300)), "text", "\"\"")).collect();
        let Refused { names, count } = with_secrets(&secrets.join(",")).unwrap().refused;
        assert_eq!(count, 1000);
        assert!(names.len() == 10 && names.iter().all(|name| name.len() == 100));
    }

    #[test]
    fn what_is_no_snapshot_is_refused_whole() {
        let twice = [entry("A", "text", "\"1\""), entry("A", "text", "\"2\"")].join(",");
        for secrets in [&*twice, &entry("A", "text", "1"), &entry("A", "binary", "\"\""), "\"A\":1"]
        {
            assert!(
                matches!(with_secrets(secrets), Err(WireError::NotSnapshot { .. })),
                "{secrets}"
            );
        }
        for body in ["[]", "{}", "null", "{\"version\":-1}"] {
            assert!(
                matches!(read_snapshot(body.as_bytes()), Err(WireError::NotSnapshot { .. })),
                "{body}"
            );
        }
        assert_eq!(read_snapshot(b"<html>"), Err(WireError::NotJson { line: 1, column: 1 }));
        assert_eq!(read_snapshot(b"\"\xff\""), Err(WireError::NotUtf8));
    }
}
