//! What a source answers to a reader that has something already: a snapshot, or a delta. Which of the two
//! it is shows in the members.

use std::borrow::Cow;

use serde::Deserialize;

use super::{Secrets, WireError, delta, parse};
use crate::{Delta, Snapshot, SpaceRef, Timestamp};

/// A snapshot, or what leads to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Snapshot(Snapshot),
    Delta(Delta),
}

/// Reads a snapshot as [`super::read_snapshot`] does, or a delta as [`super::read_delta`] does. What could be
/// both is neither.
pub fn read_answer(body: &[u8]) -> Result<Answer, WireError> {
    let unexpected = |line, column| WireError::NotSnapshot { line, column };
    let document: Document<'_> = parse(body, unexpected)?;
    let Document { space, version, created_at, updated_at, issued_at, .. } = document;
    match (document.secrets, document.from, document.changed, document.removed) {
        (Some(secrets), None, _, _) => Ok(Answer::Snapshot(Snapshot {
            space,
            version,
            created_at,
            updated_at,
            issued_at,
            secrets: secrets.accepted,
            refused: secrets.refused,
        })),
        (None, Some(from), Some(changed), Some(removed)) => {
            let document = delta::Document {
                etag: None,
                space,
                from,
                version,
                created_at,
                updated_at,
                issued_at,
                changed,
                removed,
            };
            Ok(Answer::Delta(document.delta()?))
        }
        _ => Err(unexpected(1, 1)),
    }
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
    secrets: Option<Secrets<'a>>,
    from: Option<u64>,
    #[serde(borrow)]
    changed: Option<Secrets<'a>>,
    #[serde(borrow)]
    removed: Option<Vec<Cow<'a, str>>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{read_delta, read_snapshot};

    const HEAD: &str = concat!(
        r#"{"space":{"id":"s1","name":"demo"},"version":7,"createdAt":"2024-01-01T00:00:00Z","#,
        r#""updatedAt":"2024-01-02T00:00:00Z","issuedAt":"2024-01-03T00:00:00Z""#,
    );
    const SECRETS: &str =
        r#"{"KEY":{"type":"text","value":"v","version":3,"updatedAt":"2024-01-02T00:00:00Z"}}"#;

    fn document(members: &str) -> String {
        format!("{HEAD}{}}}", members.replace('#', SECRETS))
    }

    #[test]
    fn each_is_read_as_by_its_own_reader() {
        let snapshot = document(r#","secrets":#"#);
        let read = read_answer(snapshot.as_bytes()).unwrap();
        assert_eq!(read, Answer::Snapshot(read_snapshot(snapshot.as_bytes()).unwrap()));
        let delta = document(r#","from":5,"changed":#,"removed":["OLD"]"#);
        let read = read_answer(delta.as_bytes()).unwrap();
        assert_eq!(read, Answer::Delta(read_delta(delta.as_bytes()).unwrap()));
    }

    #[test]
    fn what_is_neither_or_both_is_refused() {
        for members in [
            "",
            r#","from":5"#,
            r#","changed":#,"removed":[]"#,
            r#","from":5,"removed":[]"#,
            r#","from":5,"changed":#"#,
            r#","from":5,"secrets":#"#,
            r#","from":5,"secrets":#,"changed":#,"removed":[]"#,
            // Each of them for its own reason.
            r#","from":8,"changed":#,"removed":[]"#,
            r#","from":5,"changed":#,"removed":["KEY"]"#,
            r#","secrets":#,"secrets":#"#,
        ] {
            assert!(read_answer(document(members).as_bytes()).is_err(), "{members}");
        }
        assert_eq!(read_answer(b"<html>"), Err(WireError::NotJson { line: 1, column: 1 }));
    }
}
