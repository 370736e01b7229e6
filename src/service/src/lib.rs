//! The service: the Secret Manager over HTTP and on the command line.
//!
//! Both are thin. A request or a command is read, handed to the [manager], and its answer written;
//! rules live there, not here. [`serve`] takes its listener and its shutdown signal from outside, so
//! that tests run whole services in parallel.
//!
//! [manager]: secret_manager_manager

mod api;
mod auth;
pub mod cli;
mod error;
mod page;
mod request;
mod server;
pub mod tls;

pub use server::{Config, Timeouts, serve};
