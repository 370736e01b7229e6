//! Why a fetch failed, sorted by what the asker does next.

use std::time::Duration;

/// A failed fetch. The message is for people: it says what happened and, where a person can help,
/// what to do. It holds neither values nor credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    pub remedy: Remedy,
    pub message: String,
}

/// What helps against a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// A person changes the settings. Asking again is harmless and seldom helps.
    Reconfigure,
    /// A new access token, or the old one's right back. Seen twice in a row, the values are withdrawn.
    Authorise,
    /// Patience: the source asks for a pause, perhaps for a certain time.
    Wait(Option<Duration>),
    /// Asking again: the source or the way to it is out of order.
    Retry,
    /// Whoever runs the source: it answered, and not with what it should.
    Repair,
}

impl Failure {
    pub fn new(remedy: Remedy, message: impl Into<String>) -> Self {
        Self { remedy, message: message.into() }
    }

    /// The stable identifier of the failure's sort.
    pub fn code(&self) -> &'static str {
        match self.remedy {
            Remedy::Reconfigure => "misconfigured",
            Remedy::Authorise => "denied",
            Remedy::Wait(_) => "throttled",
            Remedy::Retry => "unavailable",
            Remedy::Repair => "invalid",
        }
    }
}
