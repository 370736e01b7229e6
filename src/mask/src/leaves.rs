//! What there is to hide of a secret's value.

use std::collections::HashSet;

use serde_json::value::RawValue;
use zeroize::Zeroizing;

/// Lines of a longer value are hidden on their own from this length on, in characters: nothing
/// would be left of a text that had every `}` and `end` masked.
const SHORTEST_LINE: usize = 12;

/// Where a text of PEM begins and ends is no secret.
const PEM_BOUNDARY: &str = "-----";

/// What nobody would want to have masked wherever it is written.
const NEVER_MASKED: [&str; 8] =
    ["true", "false", "null", "none", "undefined", "localhost", "127.0.0.1", "0.0.0.0"];

/// Most leaves that are looked for of one secret. The first ones count.
const MOST_LEAVES: usize = 10_000;

/// Which values are masked.
#[derive(Clone, Debug)]
pub struct Rules {
    minimum_length: usize,
    allowed: HashSet<String>,
}

impl Rules {
    /// Values with fewer characters than `minimum_length` aren't masked, nor those that are `allowed` to
    /// be seen. Some that are in every text (`true`, `localhost`) are allowed always.
    pub fn new(minimum_length: usize, allowed: impl IntoIterator<Item = String>) -> Self {
        let always = NEVER_MASKED.into_iter().map(str::to_owned);
        Self { minimum_length: minimum_length.max(1), allowed: always.chain(allowed).collect() }
    }

    pub(crate) fn minimum_length(&self) -> usize {
        self.minimum_length
    }

    fn hide(&self, text: &str) -> bool {
        text.chars().nth(self.minimum_length - 1).is_some() && !self.allowed.contains(text)
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self::new(4, [])
    }
}

/// A piece of a secret that is hidden wherever it is written.
pub(crate) struct Leaf {
    pub(crate) text: Zeroizing<Box<str>>,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// Hidden only where it stands alone: 5432 is a port, and 1764054321 has nothing to do with it.
    Number,
}

/// What there is to hide of one value.
pub struct Leaves(Vec<Leaf>);

impl Leaves {
    /// Of a value's JSON form. Names inside a JSON document are none.
    pub fn of(json: &str, rules: &Rules) -> Self {
        let mut leaves = Self(Vec::new());
        leaves.add_document(json, rules, true);
        leaves
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Leaf> {
        self.0.iter()
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Leaf> {
        self.0.get(index)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Strings of a value may hold a document themselves: the key file of a cloud service is often kept
    /// as a text, and parsed by the flow.
    fn add_document(&mut self, json: &str, rules: &Rules, documents_inside: bool) {
        let mut rest = json;
        while let Some(start) = rest.find(begins_token) {
            rest = rest.get(start..).unwrap_or_default();
            let token;
            (token, rest) = rest.split_at(token_length(rest));
            if !token.starts_with('"') {
                self.add_number(token, rules);
            } else if !rest.trim_start().starts_with(':') {
                self.add_string(token, rules, documents_inside);
            }
            if self.0.len() >= MOST_LEAVES {
                break;
            }
        }
    }

    fn add_string(&mut self, json: &str, rules: &Rules, documents_inside: bool) {
        let text = Zeroizing::new(serde_json::from_str::<String>(json).unwrap_or_default());
        // A value that was read from a file often ends with a line break, and flows trim it.
        let text = text.trim();
        self.add(text, Kind::Text, rules);
        if documents_inside && is_document(text) {
            self.add_document(text, rules, false);
        }
        if !text.contains('\n') {
            return;
        }
        for line in text.lines().map(str::trim) {
            let long = line.chars().nth(SHORTEST_LINE - 1).is_some();
            if long && !line.starts_with(PEM_BOUNDARY) && self.0.len() < MOST_LEAVES {
                self.add(line, Kind::Text, rules);
            }
        }
    }

    /// As JavaScript writes it, which is how flows and Debug do.
    fn add_number(&mut self, json: &str, rules: &Rules) {
        self.add(json, Kind::Number, rules);
        let number = json.parse::<f64>().unwrap_or_default();
        // Beyond, JavaScript writes an exponent; such a number is hidden as it stands in the document.
        if (1e-6..1e21).contains(&number.abs()) {
            let text = Zeroizing::new(number.to_string());
            if text.as_str() != json {
                self.add(&text, Kind::Number, rules);
            }
        }
    }

    fn add(&mut self, text: &str, kind: Kind, rules: &Rules) {
        if rules.hide(text) {
            self.0.push(Leaf { text: Zeroizing::new(text.into()), kind });
        }
    }
}

fn is_document(text: &str) -> bool {
    text.starts_with(['{', '[']) && serde_json::from_str::<&RawValue>(text).is_ok()
}

fn begins_token(sign: char) -> bool {
    sign == '"' || sign == '-' || sign.is_ascii_digit()
}

/// Of the string or number at the beginning of what is left of a JSON document.
fn token_length(json: &str) -> usize {
    if !json.starts_with('"') {
        let end = json.find(|sign: char| !(sign.is_ascii_alphanumeric() || "+-.".contains(sign)));
        return end.unwrap_or(json.len());
    }
    let mut escaped = true;
    let end = json.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.map_or(json.len(), |end| end + 1)
}
