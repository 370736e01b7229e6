//! Names of secrets, as a flow writes them behind `SECRETS.`.

use std::borrow::Borrow;
use std::fmt;

use crate::limits::NAME_LENGTH;

/// A name that a flow can use safely: 1 to 256 characters of `[A-Za-z_][A-Za-z0-9_.-]*`, and none
/// that a JavaScript object already answers to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretName(Box<str>);

/// Why a name is refused. The texts name the rule, so that a person can mend the name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("a secret's name must not be empty")]
    Empty,
    #[error("a secret's name has at most {NAME_LENGTH} characters; this one has {length}")]
    TooLong { length: usize },
    #[error(
        "a secret's name starts with a letter or _ and continues with letters, digits, _ . or -; \
         character {position} of this one is none of them"
    )]
    Character { position: usize },
    #[error("the name {name} is taken by JavaScript itself; choose another one")]
    Reserved { name: &'static str },
}

/// Every property that an ordinary JavaScript object inherits, and those that JavaScript, JSON or
/// Node-RED ask an object for behind the flow's back.
const RESERVED: [&str; 16] = [
    "__defineGetter__",
    "__defineSetter__",
    "__lookupGetter__",
    "__lookupSetter__",
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "inspect",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "prototype",
    "then",
    "toJSON",
    "toLocaleString",
    "toString",
    "valueOf",
];

impl SecretName {
    /// Checks `text` against the rules for names.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let length = text.chars().count();
        if length == 0 {
            return Err(NameError::Empty);
        }
        if length > NAME_LENGTH {
            return Err(NameError::TooLong { length });
        }
        if let Some(index) =
            text.chars().enumerate().position(|(index, character)| !allowed(index, character))
        {
            return Err(NameError::Character { position: index + 1 });
        }
        if let Some(name) = RESERVED.into_iter().find(|reserved| *reserved == text) {
            return Err(NameError::Reserved { name });
        }
        Ok(Self(text.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn allowed(index: usize, character: char) -> bool {
    match character {
        'A'..='Z' | 'a'..='z' | '_' => true,
        '0'..='9' | '.' | '-' => index > 0,
        _ => false,
    }
}

impl Borrow<str> for SecretName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for SecretName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_flows_use_are_accepted() {
        for name in ["A", "_", "PRODUCT_A_API_KEY", "db.password", "x-1", &"a".repeat(256)] {
            assert_eq!(SecretName::parse(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn every_broken_rule_is_named() {
        assert_eq!(SecretName::parse(""), Err(NameError::Empty));
        assert_eq!(SecretName::parse(&"a".repeat(257)), Err(NameError::TooLong { length: 257 }));
        for (name, position) in [("1a", 1), (".a", 1), ("a b", 2), ("aé", 2), ("a\n", 2)] {
            assert_eq!(SecretName::parse(name), Err(NameError::Character { position }), "{name:?}");
        }
        for name in RESERVED {
            assert_eq!(SecretName::parse(name), Err(NameError::Reserved { name }));
        }
    }
}
