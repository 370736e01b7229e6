//! What the targets share.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// An error's text with its numbers taken out: what is left has to be one of the program's own texts,
/// so that nothing of the input stands in it.
pub fn without_numbers(text: &str) -> String {
    let mut rest = String::new();
    for character in text.chars() {
        match character {
            '0'..='9' if rest.ends_with('#') => {}
            '0'..='9' => rest.push('#'),
            other => rest.push(other),
        }
    }
    rest
}

/// The wire's errors name a place and quote nothing.
pub fn assert_is_ours(error: &secret_manager_model::wire::WireError) {
    let texts = [
        "not UTF-#",
        "the document ends too early",
        "not JSON: unexpected character at line #, column #",
        "not a snapshot: unexpected content at line #, column #",
        "not a delta: unexpected content at line #, column #",
    ];
    let text = without_numbers(&error.to_string());
    assert!(texts.contains(&text.as_str()), "{text}");
}

/// Reads `name: value` lines; `None` when one of them couldn't come over the wire.
pub fn headers(text: &[u8]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
        headers.append(name, value);
    }
    Some(headers)
}

/// `text` with `new` in place of each `old`.
pub fn replaced(text: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(place) = rest.windows(old.len()).position(|part| part == old) {
        out.extend_from_slice(&rest[..place]);
        out.extend_from_slice(new);
        rest = &rest[place + old.len()..];
    }
    out.extend_from_slice(rest);
    out
}
