//! What an environment holds one of.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use napi::{Env, Error, Result};
use napi_derive::napi;
use tokio::runtime::Handle;

use crate::channel::{Channel, OnNews};
use crate::engine::Engine;
use crate::runtime;
use crate::vault::Vault;

/// The core of one Node.js environment: makes engines and vaults, and tells which of them has news.
#[napi]
pub struct Core {
    channel: Arc<Channel>,
    /// How many engines and vaults were made.
    made: AtomicU32,
}

#[napi]
impl Core {
    /// `onNews` is called with the id of an engine or a vault whose `drain` has something to tell.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        env: Env,
        #[napi(ts_arg_type = "(id: number) => void")] on_news: OnNews,
    ) -> Result<Self> {
        Ok(Self { channel: Channel::open(&env, on_news)?, made: AtomicU32::new(0) })
    }

    /// A new engine that does nothing yet.
    #[napi(catch_unwind)]
    pub fn engine(&self) -> Result<Engine> {
        let (id, handle) = self.next()?;
        Ok(Engine::new(id, handle, Arc::clone(&self.channel)))
    }

    /// A handle of the built-in vault, not opened yet.
    #[napi(catch_unwind)]
    pub fn vault(&self) -> Result<Vault> {
        let (id, handle) = self.next()?;
        Ok(Vault::new(id, handle, Arc::clone(&self.channel)))
    }

    fn next(&self) -> Result<(u32, &'static Handle)> {
        let handle = runtime::handle().map_err(|error| {
            Error::from_reason(format!("the engine's thread could not be started: {error}"))
        })?;
        Ok((self.made.fetch_add(1, Ordering::Relaxed), handle))
    }
}
