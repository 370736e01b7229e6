//! The JSON form of a delta. As an event of a watch it has one member more: `"etag"`, which names the
//! snapshot that it leads to, as the header of that name does with an answer.
//!
//! ```json
//! {"space":{"id":"…","name":"…"},"from":41,"version":42,
//!  "createdAt":"…","updatedAt":"…","issuedAt":"…",
//!  "changed":{"KEY":{"type":"text","value":"…","version":3,"updatedAt":"…"}},"removed":["OLD"]}
//! ```

use std::borrow::Cow;

use serde::Deserialize;
use zeroize::Zeroizing;

use super::{HEADER_OVERHEAD, Secrets, WireError, entries_size, parse, write_entries};
use crate::{Delta, SecretName, SpaceRef, Timestamp};

/// Writes a delta. The buffer is wiped on drop because it holds values.
pub fn write_delta(delta: &Delta) -> Zeroizing<Vec<u8>> {
    write(delta, "")
}

/// The same for a watch. `etag` stands as it does in the header.
pub fn write_delta_event(delta: &Delta, etag: &str) -> Zeroizing<Vec<u8>> {
    write(delta, &format!("\"etag\":{},", serde_json::to_string(etag).unwrap_or_default()))
}

/// `members` stand first.
fn write(delta: &Delta, members: &str) -> Zeroizing<Vec<u8>> {
    let Delta { space, from, version, created_at, updated_at, issued_at, changed, removed, .. } =
        delta;
    let space = serde_json::to_string(space).unwrap_or_default();
    // Two quotes and a comma around each.
    let names: usize = removed.iter().map(|name| name.as_str().len() + 3).sum();
    let size = HEADER_OVERHEAD + members.len() + space.len() + entries_size(changed) + names;
    let mut out = Zeroizing::new(Vec::with_capacity(size));
    out.extend_from_slice(
        format!(
            "{{{members}\"space\":{space},\"from\":{from},\"version\":{version},\
             \"createdAt\":\"{created_at}\",\"updatedAt\":\"{updated_at}\",\
             \"issuedAt\":\"{issued_at}\",\"changed\":{{"
        )
        .as_bytes(),
    );
    write_entries(&mut out, changed);
    out.extend_from_slice(b"},\"removed\":[");
    for (index, name) in removed.iter().enumerate() {
        // Plain ASCII without quotes or backslashes, as everywhere.
        for piece in [if index > 0 { ",\"" } else { "\"" }, name.as_str(), "\""] {
            out.extend_from_slice(piece.as_bytes());
        }
    }
    out.extend_from_slice(b"]}");
    out
}

/// Reads a delta. Changed secrets whose names break the rules are left out and listed in
/// [`Delta::refused`]; removed ones of such names were never held and are passed over. Anything else
/// that is not as it should be refuses the whole document.
pub fn read_delta(body: &[u8]) -> Result<Delta, WireError> {
    read_delta_event(body).map(|(delta, _)| delta)
}

/// The same for a watch: with the entity tag, if there is one.
pub fn read_delta_event(body: &[u8]) -> Result<(Delta, Option<String>), WireError> {
    let mut document: Document<'_> =
        parse(body, |line, column| WireError::NotDelta { line, column })?;
    let etag = document.etag.take().map(Cow::into_owned);
    Ok((document.delta()?, etag))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document<'a> {
    #[serde(borrow, default)]
    pub(super) etag: Option<Cow<'a, str>>,
    pub(super) space: SpaceRef,
    pub(super) from: u64,
    pub(super) version: u64,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) issued_at: Timestamp,
    #[serde(borrow)]
    pub(super) changed: Secrets<'a>,
    #[serde(borrow)]
    pub(super) removed: Vec<Cow<'a, str>>,
}

impl Document<'_> {
    pub(super) fn delta(self) -> Result<Delta, WireError> {
        let removed: Vec<_> =
            self.removed.iter().filter_map(|name| SecretName::parse(name).ok()).collect();
        let changed = self.changed.accepted;
        // Which of the two is meant can't be known. And a way that doesn't lead on leads nowhere.
        let contradicts = removed.iter().any(|name| changed.contains_key(name));
        if contradicts || self.from > self.version {
            return Err(WireError::NotDelta { line: 1, column: 1 });
        }
        Ok(Delta {
            space: self.space,
            from: self.from,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            issued_at: self.issued_at,
            changed,
            removed,
            refused: self.changed.refused,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::wire::ENTRY_OVERHEAD;
    use crate::{Refused, Secret, SecretValue};

    fn time(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis).unwrap()
    }

    fn name(name: &str) -> SecretName {
        SecretName::parse(name).unwrap()
    }

    fn sample() -> Delta {
        let secret = |value, version| Secret { value, version, updated_at: time(7) };
        Delta {
            space: SpaceRef { id: "s1".into(), name: "Plant \"7\" ☃".into() },
            from: 41,
            version: 43,
            created_at: time(1),
            updated_at: time(2),
            issued_at: time(3),
            changed: HashMap::from([
                (name("API_KEY"), secret(SecretValue::text("k\"\\\n☃").unwrap(), 3)),
                (name("DB"), secret(SecretValue::json("{\"n\":[1,2.50]}").unwrap(), 1)),
            ]),
            removed: vec![name("OLD"), name("OLDER")],
            refused: Refused::default(),
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let empty = Delta { changed: HashMap::new(), removed: Vec::new(), ..sample() };
        let removing = Delta { changed: HashMap::new(), ..sample() };
        for delta in [sample(), empty, removing] {
            assert_eq!(read_delta(&write_delta(&delta)), Ok(delta));
        }
    }

    #[test]
    fn an_event_names_the_snapshot_that_it_leads_to() {
        let event = write_delta_event(&sample(), "\"tag\"");
        assert!(event.len() < event.capacity());
        assert_eq!(read_delta_event(&event), Ok((sample(), Some("\"tag\"".to_owned()))));
        assert_eq!(read_delta(&event), Ok(sample()));
        assert_eq!(read_delta_event(&write_delta(&sample())), Ok((sample(), None)));
    }

    #[test]
    fn the_form_is_the_documented_one() {
        let delta = Delta { changed: HashMap::new(), ..sample() };
        let document: serde_json::Value = serde_json::from_slice(&write_delta(&delta)).unwrap();
        let expected = serde_json::json!({
            "space": {"id": "s1", "name": "Plant \"7\" ☃"}, "from": 41, "version": 43,
            "createdAt": "1970-01-01T00:00:00.001Z", "updatedAt": "1970-01-01T00:00:00.002Z",
            "issuedAt": "1970-01-01T00:00:00.003Z", "changed": {}, "removed": ["OLD", "OLDER"],
        });
        assert_eq!(document, expected);
    }

    #[test]
    fn the_buffer_is_never_outgrown() {
        let largest = Delta { from: u64::MAX, version: u64::MAX, ..sample() };
        for delta in [sample(), largest] {
            let body = write_delta(&delta);
            let size = HEADER_OVERHEAD + 2 * ENTRY_OVERHEAD;
            assert!(body.len() < body.capacity() && body.capacity() < body.len() + size);
        }
    }

    #[test]
    fn no_cut_document_is_half_read() {
        let body = write_delta(&sample());
        for end in 0..body.len() {
            assert!(read_delta(&body[..end]).is_err(), "cut after {end} bytes");
        }
    }

    fn with(rest: &str) -> Result<Delta, WireError> {
        let body = format!(
            r#"{{"space":{{"id":"s","name":"n"}},"createdAt":"2024-01-01T00:00:00Z",
            "updatedAt":"2024-01-01T00:00:00Z","issuedAt":"2024-01-01T00:00:00Z",{rest}}}"#
        );
        read_delta(body.as_bytes())
    }

    #[test]
    fn names_that_break_the_rules_are_left_out() {
        let bad = r#""__proto__":{"type":"text","value":"v","version":1,
                     "updatedAt":"2024-01-01T00:00:00Z"}"#;
        let delta = with(&format!(
            r#""from":1,"version":2,"changed":{{{bad}}},"removed":["constructor","OLD"]"#
        ));
        let delta = delta.unwrap();
        assert_eq!((delta.changed.len(), delta.refused.names), (0, vec!["__proto__".to_owned()]));
        assert_eq!(delta.removed, [name("OLD")]);
    }

    #[test]
    fn what_is_no_delta_is_refused_whole() {
        let entry = r#""A":{"type":"text","value":"v","version":1,
                       "updatedAt":"2024-01-01T00:00:00Z"}"#;
        for rest in [
            format!(r#""from":1,"version":2,"changed":{{{entry}}},"removed":["A"]"#),
            format!(r#""from":1,"version":2,"changed":{{{entry},{entry}}},"removed":[]"#),
            r#""from":3,"version":2,"changed":{},"removed":[]"#.into(),
            r#""from":-1,"version":2,"changed":{},"removed":[]"#.into(),
            r#""from":1,"version":2,"changed":{},"removed":[1]"#.into(),
            r#""from":1,"version":2,"changed":{}"#.into(),
            r#""version":2,"changed":{},"removed":[]"#.into(),
            r#""version":2,"secrets":{}"#.into(),
        ] {
            let refused = with(&rest);
            assert!(matches!(refused, Err(WireError::NotDelta { .. })), "{rest}: {refused:?}");
        }
        assert_eq!(read_delta(b"<html>"), Err(WireError::NotJson { line: 1, column: 1 }));
        assert_eq!(read_delta(b"\"\xff\""), Err(WireError::NotUtf8));
    }
}
