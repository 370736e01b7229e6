//! Values of secrets. The type keeps them out of logs and wipes them from memory when dropped.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::limits::VALUE_BYTES;

/// What a flow gets: a string, or whatever the JSON says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Text,
    Json,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

/// The value of one secret: its kind and its JSON form (for a text, a JSON string).
///
/// It has neither `Serialize` nor a telling `Debug`, and its memory is wiped on drop. The one way to
/// the content is [`SecretValue::expose`].
#[derive(Clone, PartialEq, Eq)]
pub struct SecretValue {
    kind: Kind,
    json: Zeroizing<Box<str>>,
}

/// Why a value is refused. No text quotes the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    #[error("a value has at most {VALUE_BYTES} bytes in its JSON form; this one has {bytes}")]
    TooLarge { bytes: usize },
    #[error("not JSON: {problem} at line {line}, column {column}")]
    NotJson { problem: &'static str, line: usize, column: usize },
    #[error("a text secret's value must be a string")]
    NotText,
}

impl SecretValue {
    /// A text secret.
    pub fn text(text: &str) -> Result<Self, ValueError> {
        let mut buffer = Zeroizing::new(Vec::with_capacity(text.len() + text.len() / 8 + 2));
        serde_json::to_writer(&mut *buffer, text).map_err(|error| not_json(&error))?;
        let json = std::str::from_utf8(&buffer).map_err(|_| ValueError::NotText)?;
        Self::checked(Kind::Text, json)
    }

    /// A JSON secret. The text is kept as written, so that numbers keep every digit.
    pub fn json(json: &str) -> Result<Self, ValueError> {
        let raw: &RawValue = serde_json::from_str(json).map_err(|error| not_json(&error))?;
        Self::checked(Kind::Json, raw.get())
    }

    /// A value whose JSON form a parser has already checked. Its size is the sender's business; the
    /// reader caps the document as a whole.
    pub(crate) fn from_wire(kind: Kind, raw: &RawValue) -> Result<Self, ValueError> {
        if kind == Kind::Text && !raw.get().starts_with('"') {
            return Err(ValueError::NotText);
        }
        Ok(Self { kind, json: Zeroizing::new(raw.get().into()) })
    }

    fn checked(kind: Kind, json: &str) -> Result<Self, ValueError> {
        if json.len() > VALUE_BYTES {
            return Err(ValueError::TooLarge { bytes: json.len() });
        }
        Ok(Self { kind, json: Zeroizing::new(json.into()) })
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The JSON form: a JSON string for a text secret, the document as written for a JSON secret.
    pub fn expose(&self) -> &str {
        &self.json
    }

    /// The text of a text secret; the document of a JSON secret.
    pub fn expose_text(&self) -> Zeroizing<String> {
        match self.kind {
            Kind::Json => Zeroizing::new(self.json.to_string()),
            Kind::Text => Zeroizing::new(serde_json::from_str(&self.json).unwrap_or_default()),
        }
    }
}

/// serde_json's own messages can quote what they read, so only the category and place are kept.
fn not_json(error: &serde_json::Error) -> ValueError {
    let problem = match error.classify() {
        serde_json::error::Category::Eof => "the document ends too early",
        _ => "unexpected character",
    };
    ValueError::NotJson { problem, line: error.line(), column: error.column() }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SecretValue({}, •••)", self.kind.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_back_as_it_was() {
        for text in ["", "plain", "quote \" backslash \\ newline \n", "null \0 snow ☃ 🆗"] {
            let value = SecretValue::text(text).unwrap();
            assert_eq!(value.kind(), Kind::Text);
            assert_eq!(value.expose_text().as_str(), text);
        }
    }

    #[test]
    fn json_keeps_every_digit_and_names_the_place_of_a_mistake() {
        let value = SecretValue::json(" {\"n\": 1.00000000000000000001} ").unwrap();
        assert_eq!(value.expose(), "{\"n\": 1.00000000000000000001}");
        assert_eq!(
            SecretValue::json("{\n \"a\": canary }"),
            Err(ValueError::NotJson { problem: "unexpected character", line: 2, column: 7 })
        );
        assert_eq!(
            SecretValue::json("[1,"),
            Err(ValueError::NotJson { problem: "the document ends too early", line: 1, column: 3 })
        );
    }

    #[test]
    fn a_value_over_the_limit_is_refused() {
        let text = "a".repeat(VALUE_BYTES - 1);
        assert_eq!(SecretValue::text(&text), Err(ValueError::TooLarge { bytes: VALUE_BYTES + 1 }));
        assert!(SecretValue::text(&text[1..]).is_ok());
    }

    #[test]
    fn no_format_shows_the_value() {
        let value = SecretValue::text("canary-5d1f").unwrap();
        assert!(!format!("{value:?} {value:#?}").contains("canary"));
        let error = SecretValue::json("\"canary-5d1f\" x").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}
