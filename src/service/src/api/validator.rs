//! Conditional requests: the `ETag` that names a state and the `If-None-Match` that asks about it
//! (RFC 9110, sections 8.8.3 and 13.1.2).

use axum::http::HeaderMap;
use axum::http::header::{HeaderName, HeaderValue, IF_NONE_MATCH};
use secret_manager_manager::Held;

use crate::watch::IsIt;

/// Names the state that an answer leads on from, as the client named it (RFC 3229, section 10.5.1).
pub(crate) const DELTA_BASE: HeaderName = HeaderName::from_static("delta-base");

/// The `ETag` for a tag.
pub(crate) fn etag(tag: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(&entity_tag(tag)).ok()
}

/// What stands in it.
pub(crate) fn entity_tag(tag: &str) -> String {
    format!("\"{tag}\"")
}

/// Whether the client has the state with this tag already. Compared weakly, as the RFC asks for with
/// this header: `W/"x"` matches `"x"`. Tags hold neither quotes nor commas, so a list can be split
/// at its commas without misreading a foreign tag as ours.
pub(crate) fn has_already(headers: &HeaderMap, tag: &str) -> bool {
    candidates(headers).any(|candidate| candidate == "*" || quoted(candidate) == Some(tag))
}

/// A way to find out later whether the client has the state with a tag, if it says what it has.
pub(crate) fn held(headers: &HeaderMap) -> Option<IsIt> {
    headers.get(IF_NONE_MATCH)?;
    let asked = headers.get_all(IF_NONE_MATCH).iter().map(|value| (IF_NONE_MATCH, value.clone()));
    let asked: HeaderMap = asked.collect();
    Some(Box::new(move |tag| has_already(&asked, tag)))
}

/// What a client has that says it has this version. Without a condition it says nothing more. `None` for
/// a condition that doesn't name one state: of several nobody knows which one has the version, and a
/// change leads from one of them only.
pub(crate) fn held_at(version: u64, headers: &HeaderMap) -> Option<Held> {
    if !headers.contains_key(IF_NONE_MATCH) {
        return Some(version.into());
    }
    let mut candidates = candidates(headers);
    let tag = candidates.next().and_then(quoted)?;
    candidates.next().is_none().then(|| Held { version, tag: Some(tag.to_owned()) })
}

fn candidates(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(str::trim)
}

fn quoted(candidate: &str) -> Option<&str> {
    let strong = candidate.strip_prefix("W/").unwrap_or(candidate);
    strong.strip_prefix('"')?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(values: &[&'static str]) -> bool {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(IF_NONE_MATCH, HeaderValue::from_static(value));
        }
        has_already(&headers, "abc")
    }

    #[test]
    fn single_weak_listed_and_any_tags_match() {
        for value in ["\"abc\"", "W/\"abc\"", "\"x\", \"abc\"", "\"x\",W/\"abc\" , \"y\"", "*"] {
            assert!(asks(&[value]), "{value}");
        }
        assert!(asks(&["\"x\"", "\"abc\""]));
    }

    fn held(values: &[&'static str]) -> Option<Held> {
        let values = values.iter().map(|value| (IF_NONE_MATCH, HeaderValue::from_static(value)));
        let mut headers = HeaderMap::new();
        values.for_each(|(name, value)| {
            headers.append(name, value);
        });
        held_at(7, &headers)
    }

    #[test]
    fn a_version_is_that_of_the_one_tag_that_is_named() {
        assert_eq!(held(&[]), Some(Held { version: 7, tag: None }));
        for value in ["\"abc\"", "W/\"abc\"", " \"abc\" "] {
            assert_eq!(held(&[value]), Some(Held { version: 7, tag: Some("abc".into()) }));
        }
        for values in
            [&["*"][..], &["abc"], &[""], &["\"abc\", \"x\""], &["\"abc\"", "\"x\""], &["\"abc\","]]
        {
            assert_eq!(held(values), None, "{values:?}");
        }
    }

    #[test]
    fn other_tags_and_what_is_no_tag_do_not() {
        for value in ["\"abcd\"", "abc", "\"ABC\"", "w/\"abc\"", "\"abc", "", ",", "\""] {
            assert!(!asks(&[value]), "{value}");
        }
        assert!(!asks(&[]));
    }
}
