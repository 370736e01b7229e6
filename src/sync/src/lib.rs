//! Keeps the secrets of one space up to date.
//!
//! An [`Engine`] asks a source at intervals, publishes what changed and says how it goes. What to do
//! next is decided by a pure state machine (`machine`, `schedule`) that is given the time and the
//! random numbers; one task (`driver`) does what it says and is the only place that waits. Whoever
//! uses the engine reads values when they are needed and is told nothing when nothing changed. What was
//! published last can be kept on disk (`cache`), for a start at which the source is down.
//!
//! This crate knows neither HTTP nor Node.js.

mod cache;
mod driver;
mod engine;
#[cfg(fuzzing)]
pub mod fuzzing;
mod keeping;
mod machine;
mod masking;
mod news;
mod publication;
mod schedule;
mod shared;
#[cfg(test)]
mod simulation;
mod status;
mod supervisor;

pub use cache::Cache;
pub use driver::{Clock, Plan};
pub use engine::{Engine, Entry};
pub use machine::Ticket;
pub use masking::Masking;
pub use news::{Change, Finished, News};
pub use secret_manager_mask::{Rules, Text};
pub use shared::Notify;
pub use status::{Facts, State, Status};
