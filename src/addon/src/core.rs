//! What an environment holds one of.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use napi::{Env, Error, Result};
use napi_derive::napi;

use crate::channel::{Channel, OnNews};
use crate::engine::Engine;
use crate::runtime;

/// The core of one Node.js environment: makes engines and tells which of them has news.
#[napi]
pub struct Core {
    channel: Arc<Channel>,
    engines: AtomicU32,
}

#[napi]
impl Core {
    /// `onNews` is called with an engine's id when that engine's `drain` has something to tell.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        env: Env,
        #[napi(ts_arg_type = "(engineId: number) => void")] on_news: OnNews,
    ) -> Result<Self> {
        Ok(Self { channel: Channel::open(&env, on_news)?, engines: AtomicU32::new(0) })
    }

    /// A new engine that does nothing yet.
    #[napi(catch_unwind)]
    pub fn engine(&self) -> Result<Engine> {
        let id = self.engines.fetch_add(1, Ordering::Relaxed);
        let handle = runtime::handle().map_err(|error| {
            Error::from_reason(format!("the engine's thread could not be started: {error}"))
        })?;
        Ok(Engine::new(id, handle, Arc::clone(&self.channel)))
    }
}
