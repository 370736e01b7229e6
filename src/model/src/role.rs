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

/// What a role is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// To see the space, the names of its secrets, their versions and times, and its members.
    View,
    /// To see values, one by one or all in a file.
    Reveal,
    /// To add, change, delete, restore and roll back secrets.
    Change,
    /// To destroy values for good.
    Destroy,
    /// To rename, set and delete the space itself.
    Settings,
    Members,
    Tokens,
    Audit,
}

impl Role {
    /// The most powerful first.
    pub const ALL: [Self; 4] = [Self::Owner, Self::Editor, Self::Reader, Self::Viewer];

    pub fn allows(self, permission: Permission) -> bool {
        // Ordered from the most powerful on.
        self <= permission.least_role()
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

impl Permission {
    pub const ALL: [Self; 8] = [
        Self::View,
        Self::Reveal,
        Self::Change,
        Self::Destroy,
        Self::Settings,
        Self::Members,
        Self::Tokens,
        Self::Audit,
    ];

    /// The least powerful role that has it: what somebody needs who is refused.
    pub fn least_role(self) -> Role {
        match self {
            Self::View => Role::Viewer,
            Self::Reveal => Role::Reader,
            Self::Change => Role::Editor,
            Self::Destroy | Self::Settings | Self::Members | Self::Tokens | Self::Audit => {
                Role::Owner
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_do_what_it_says() {
        let view = vec![Permission::View];
        let reveal = [view.clone(), vec![Permission::Reveal]].concat();
        let change = [reveal.clone(), vec![Permission::Change]].concat();
        for (role, expected) in [
            (Role::Viewer, view),
            (Role::Reader, reveal),
            (Role::Editor, change),
            (Role::Owner, Permission::ALL.to_vec()),
        ] {
            let allowed: Vec<_> =
                Permission::ALL.into_iter().filter(|permission| role.allows(*permission)).collect();
            assert_eq!(allowed, expected, "{role}");
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
