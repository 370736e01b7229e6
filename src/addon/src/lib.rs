//! The engine as a Node.js addon: conversions and nothing else.
//!
//! JavaScript holds one [`core::Core`] for its environment, any number of [`engine::Engine`]s and,
//! where there is no service, a [`vault::Vault`]. Everything waits on one thread of its own, so Node's event loop is only entered when there is news,
//! and values cross only when they are read.

mod answers;
mod channel;
mod core;
mod engine;
mod masking;
mod memory;
mod runtime;
mod settings;
mod status;
mod vault;
