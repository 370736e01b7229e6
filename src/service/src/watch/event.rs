//! The text of an event stream (WHATWG HTML, section 9.2).

use bytes::Bytes;
use secret_manager_manager::{Changes, TaggedDelta};
use secret_manager_model::{SecretName, Timestamp, wire};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::api::validator;

/// A comment; clients pass over it.
pub(super) const HEARTBEAT: Bytes = Bytes::from_static(b": still here\n\n");

/// Tells a client how long to wait before it comes again, in milliseconds. A different time for each
/// keeps thousands of them from coming all at once after a restart.
pub(super) fn opening() -> Bytes {
    format!("retry: {}\n\n", fastrand::u16(1000..5000)).into()
}

/// The client needs a whole snapshot and can go on from there.
pub(super) fn reset(version: u64) -> Bytes {
    format!("id: {version}\nevent: reset\ndata: {{\"version\":{version}}}\n\n").into()
}

/// For engines: the delta, with the entity tag of the snapshot that it leads to, so that the next
/// request for that is conditional.
pub(super) fn values(TaggedDelta { tag, delta }: &TaggedDelta) -> Bytes {
    change(delta.version, &wire::write_delta_event(delta, &validator::entity_tag(tag)))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Names<'a> {
    version: u64,
    updated_at: Timestamp,
    by: Option<&'a str>,
    changed: Vec<&'a str>,
    removed: Vec<&'a str>,
}

/// For people: what changed, and who did it.
pub(super) fn names(changes: &Changes) -> Bytes {
    let document = Names {
        version: changes.version,
        updated_at: changes.updated_at,
        by: changes.by.as_deref(),
        changed: changes.changed.iter().map(SecretName::as_str).collect(),
        removed: changes.removed.iter().map(SecretName::as_str).collect(),
    };
    change(changes.version, &serde_json::to_vec(&document).unwrap_or_default())
}

/// Wiped when the last watcher has been sent it.
fn change(version: u64, document: &[u8]) -> Bytes {
    let head = format!("id: {version}\nevent: change\n");
    // A line of data for each line of the document: JSON secrets are kept as written. A client joins
    // them with line feeds again, so of a carriage return before one nothing is left. Line ends
    // stand between tokens of JSON only, where they mean nothing.
    let lines = document.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
    let mut text =
        Zeroizing::new(Vec::with_capacity(head.len() + document.len() + lines * DATA.len() + 2));
    text.extend_from_slice(head.as_bytes());
    text.extend_from_slice(DATA);
    let mut bytes = document.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' if bytes.peek() == Some(&b'\n') => {}
            b'\r' | b'\n' => {
                text.push(b'\n');
                text.extend_from_slice(DATA);
            }
            _ => text.push(byte),
        }
    }
    text.extend_from_slice(b"\n\n");
    Bytes::from_owner(text)
}

const DATA: &[u8] = b"data: ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_of_many_lines_is_data_of_many_lines() {
        let text = change(7, b"{\"a\":\r\n [1,\n2,\r3]}");
        let lines = "data: {\"a\":\ndata:  [1,\ndata: 2,\ndata: 3]}\n\n";
        assert_eq!(text, format!("id: 7\nevent: change\n{lines}"));
    }
}
