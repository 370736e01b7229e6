//! Conditional requests: the `ETag` that names a state and the `If-None-Match` that asks about it
//! (RFC 9110, sections 8.8.3 and 13.1.2).

use axum::http::HeaderMap;
use axum::http::header::{HeaderValue, IF_NONE_MATCH};

use crate::watch::IsIt;

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
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .any(|candidate| candidate == "*" || quoted(candidate) == Some(tag))
}

/// A way to find out later whether the client has the state with a tag, if it says what it has.
pub(crate) fn held(headers: &HeaderMap) -> Option<IsIt> {
    headers.get(IF_NONE_MATCH)?;
    let asked = headers.get_all(IF_NONE_MATCH).iter().map(|value| (IF_NONE_MATCH, value.clone()));
    let asked: HeaderMap = asked.collect();
    Some(Box::new(move |tag| has_already(&asked, tag)))
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

    #[test]
    fn other_tags_and_what_is_no_tag_do_not() {
        for value in ["\"abcd\"", "abc", "\"ABC\"", "w/\"abc\"", "\"abc", "", ",", "\""] {
            assert!(!asks(&[value]), "{value}");
        }
        assert!(!asks(&[]));
    }
}
