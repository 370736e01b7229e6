//! What a person may do in a space.

use std::fmt;

/// Each role may do all that the ones after it may, and more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Everything.
    Owner,
    /// Changes secrets.
    Editor,
    /// Reveals values.
    Reader,
    /// Sees names and metadata.
    Viewer,
}

impl Role {
    /// The most powerful first.
    pub const ALL: [Self; 4] = [Self::Owner, Self::Editor, Self::Reader, Self::Viewer];

    /// Whether it may do all that the other one may. The one place where roles are compared.
    pub fn includes(self, other: Self) -> bool {
        // Ordered from the most powerful on.
        self <= other
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Editor => "editor",
            Self::Reader => "reader",
            Self::Viewer => "viewer",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_do_what_it_says() {
        for (role, expected) in [
            (Role::Viewer, [false, false, false, true]),
            (Role::Reader, [false, false, true, true]),
            (Role::Editor, [false, true, true, true]),
            (Role::Owner, [true; 4]),
        ] {
            assert_eq!(Role::ALL.map(|other| role.includes(other)), expected, "{role}");
        }
    }

    #[test]
    fn a_role_is_read_as_it_is_written() {
        for role in Role::ALL {
            assert_eq!(Role::parse(&role.to_string()), Some(role));
        }
        for wrong in ["", "Owner", "owner ", "administrator"] {
            assert_eq!(Role::parse(wrong), None);
        }
    }
}
