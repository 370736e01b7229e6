//! Names that people sign in with.

use std::fmt;

use crate::limits::LOGIN_NAME_LENGTH;

/// 1 to 64 characters of `[a-z0-9][a-z0-9._@+-]*`, so that an e-mail address is one. Capital letters
/// are taken for small ones: `Anna` and `anna` are the same name, kept and shown as `anna`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LoginName(Box<str>);

/// Why a login name is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginNameError {
    #[error("a login name has 1 to {LOGIN_NAME_LENGTH} characters; this one has {length}")]
    Length { length: usize },
    #[error(
        "a login name starts with a letter or digit and continues with letters, digits, . _ @ + or \
         - (of ASCII); character {position} of this one is none of them"
    )]
    Character { position: usize },
    /// People and programs name a user by login name or by id.
    #[error("a login name must not look like an id (32 hexadecimal digits)")]
    LooksLikeId,
}

impl LoginName {
    /// Checks `text` against the rules and makes its letters small.
    pub fn parse(text: &str) -> Result<Self, LoginNameError> {
        let length = text.chars().count();
        if length == 0 || length > LOGIN_NAME_LENGTH {
            return Err(LoginNameError::Length { length });
        }
        if let Some(index) = text.chars().enumerate().position(|(index, character)| {
            let other = matches!(character, '.' | '_' | '@' | '+' | '-') && index > 0;
            !character.is_ascii_alphanumeric() && !other
        }) {
            return Err(LoginNameError::Character { position: index + 1 });
        }
        if length == 32 && text.chars().all(|character| character.is_ascii_hexdigit()) {
            return Err(LoginNameError::LooksLikeId);
        }
        Ok(Self(text.to_ascii_lowercase().into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LoginName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for LoginName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capital_letters_make_no_other_name() {
        for (text, name) in [
            ("a", "a"),
            ("Anna", "anna"),
            ("7", "7"),
            ("A.B+c_d-e@Example.ORG", "a.b+c_d-e@example.org"),
        ] {
            assert_eq!(LoginName::parse(text).unwrap().as_str(), name);
        }
        assert!(LoginName::parse(&"a".repeat(64)).is_ok());
    }

    #[test]
    fn every_broken_rule_is_named() {
        for length in [0, 65] {
            let text = "g".repeat(length);
            assert_eq!(LoginName::parse(&text), Err(LoginNameError::Length { length }));
        }
        for (text, position) in
            [(".a", 1), ("@", 1), ("a b", 2), ("aä", 2), ("a\n", 2), ("K\u{212a}", 2)]
        {
            assert_eq!(
                LoginName::parse(text),
                Err(LoginNameError::Character { position }),
                "{text:?}"
            );
        }
        let id = "0123456789abcdefABCDEF0123456789";
        assert_eq!(LoginName::parse(id), Err(LoginNameError::LooksLikeId));
    }
}
