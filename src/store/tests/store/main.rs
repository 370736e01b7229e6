//! Every backend passes the same suite; what only one of them can do is tested beside it.

#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

mod contract;
mod sqlite;
