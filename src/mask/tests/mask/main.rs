//! Masking as its users see it: values in, texts without them out.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod forms;
mod masks;
mod values;

use std::sync::Arc;

use secret_manager_mask::{Leaves, Matcher, Rules, Text, mask};

/// The text without the values, which are given as JSON.
fn masked(values: &[&str], text: &str) -> String {
    masked_with(&Rules::default(), values, text, Text::Whole)
}

fn masked_with(rules: &Rules, values: &[&str], text: &str, kind: Text) -> String {
    let leaves = values.iter().map(|json| Arc::new(Leaves::of(json, rules))).collect();
    let matchers = [Arc::new(Matcher::new(leaves, rules))];
    match mask(&matchers, text.as_bytes(), kind) {
        Some(masked) => String::from_utf8(masked.to_vec()).unwrap(),
        None => text.to_owned(),
    }
}

/// A text secret's JSON form.
fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}
