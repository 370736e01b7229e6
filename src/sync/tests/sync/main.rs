//! The engine as its users see it, with a source that answers as a script says.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod cache;
mod deltas;
mod engine;
mod faults;
mod masking;
mod script;
mod streams;
mod watch;
