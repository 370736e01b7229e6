//! The service: the Secret Manager over HTTP and on the command line.
//!
//! Both are thin. A request or a command is read, handed to the [manager], and its answer written;
//! rules live there, not here. [`serve`] takes its listener and its shutdown signal from outside, so
//! that tests run whole services in parallel.
//!
//! [manager]: secret_manager_manager

mod address;
mod admission;
mod api;
mod auth;
mod body;
pub mod cli;
mod connection;
mod descriptors;
mod error;
mod fleet;
mod format;
#[cfg(fuzzing)]
pub mod fuzzing;
mod link;
mod metrics;
mod number;
mod openid;
mod origin;
mod page;
mod query;
mod rate;
mod records;
mod request;
mod sending;
mod server;
mod shared;
pub mod tls;
mod watch;

pub use api::openapi;
pub use openid::{OpenId, OpenIdConfig};
pub use origin::Proxies;
pub use rate::{Rate, Rates};
pub use server::{CONNECTIONS, Config, Timeouts, serve};
