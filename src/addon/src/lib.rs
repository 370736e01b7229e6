//! The engine as a Node.js addon: conversions and nothing else.
//!
//! JavaScript holds one [`core::Core`] for its environment and any number of [`engine::Engine`]s.
//! Everything waits on one thread of its own, so Node's event loop is only entered when there is news,
//! and values cross only when they are read.

mod channel;
mod core;
mod engine;
mod memory;
mod runtime;
mod settings;
mod status;
