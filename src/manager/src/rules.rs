//! What an operator may want otherwise.

use std::time::Duration;

use crate::PasswordCost;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// How long things last, and what hashing a password costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// A session that isn't used for so long ends.
    pub session_idle: Duration,
    /// A session ends after this, used or not.
    pub session_longest: Duration,
    pub invitation: Duration,
    pub password_cost: PasswordCost,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            session_idle: 12 * HOUR,
            session_longest: 7 * 24 * HOUR,
            invitation: 72 * HOUR,
            password_cost: PasswordCost::default(),
        }
    }
}
