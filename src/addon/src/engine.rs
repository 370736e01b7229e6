//! The engine's handle in JavaScript.

use std::sync::Arc;
use std::time::Duration;

use napi::{Env, Error, JsString, Result};
use napi_derive::napi;
use secret_manager_source::{Config, Failure, Remedy, Source};
use secret_manager_sync as sync;
use tokio::runtime::Handle;

use crate::channel::Channel;
use crate::masking::masking;
use crate::runtime;
use crate::settings::{Parsed, Settings};
use crate::status::{Entry, News, Status};

/// Keeps the secrets of one space up to date.
#[napi]
pub struct Engine {
    id: u32,
    /// Gone once it was cleared: what it held is not to wait for Node's garbage collection.
    engine: Option<sync::Engine>,
    /// Kept while the settings stay the same: with its connections, and with the validator of what
    /// was fetched from it.
    source: Option<(Config, Arc<dyn Source>)>,
}

#[napi]
impl Engine {
    pub(crate) fn new(id: u32, runtime: &Handle, channel: Arc<Channel>) -> Self {
        let notify = Box::new(move || channel.tell(id));
        let clock = Arc::new(runtime::now);
        let engine = sync::Engine::new(runtime, clock, runtime::random_seed(), notify);
        if let Some(masking) = masking() {
            engine.mask_with(masking);
        }
        Self { id, engine: Some(engine), source: None }
    }

    #[napi(getter)]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Starts, or starts anew with other settings, and syncs at once. Returns that sync's ticket. What
    /// is published stays so. Throws an Error with the code "misconfigured".
    #[napi(catch_unwind)]
    pub fn start(&mut self, settings: Settings) -> Result<u32, &'static str> {
        let refuse = |failure: Failure| Error::new(failure.code(), failure.message);
        let cleared = || Failure::new(Remedy::Reconfigure, "the engine was cleared");
        let engine = self.engine.as_ref().ok_or_else(cleared).map_err(refuse)?;
        let Parsed { config, interval, live, cache } = settings.parse().map_err(refuse)?;
        let source = match &self.source {
            Some((known, source)) if *known == config => Arc::clone(source),
            _ => {
                let source = config.clone().open().map_err(refuse)?;
                self.source = Some((config, Arc::clone(&source)));
                source
            }
        };
        Ok(engine.start(sync::Plan { source, interval, live, cache }))
    }

    /// Syncs now. Returns a ticket; `drain` tells when that sync is finished.
    #[napi(catch_unwind)]
    pub fn sync_now(&self) -> u32 {
        self.engine.as_ref().map(sync::Engine::sync_now).unwrap_or_default()
    }

    /// Blocks this thread until the sync with that ticket has ended, so many ms at most; says whether
    /// it has. `drain` tells of its end all the same.
    #[napi(catch_unwind)]
    pub fn wait_for(&self, ticket: u32, limit: u32) -> bool {
        let limit = Duration::from_millis(limit.into());
        self.engine.as_ref().is_some_and(|engine| engine.wait_for(ticket, limit))
    }

    /// Ends all activity. What is published stays so.
    #[napi(catch_unwind)]
    pub fn stop(&self) {
        if let Some(engine) = &self.engine {
            engine.stop();
        }
    }

    /// Ends all activity for good, and forgets all values, also those in the cache.
    #[napi(catch_unwind)]
    pub fn clear(&mut self) {
        self.source = None;
        if let Some(engine) = self.engine.take() {
            engine.clear();
        }
    }

    #[napi(catch_unwind)]
    pub fn status(&self) -> Status {
        self.engine.as_ref().map(sync::Engine::status).unwrap_or_default().into()
    }

    #[napi(catch_unwind)]
    pub fn names(&self) -> Vec<String> {
        self.engine.as_ref().map(sync::Engine::names).unwrap_or_default()
    }

    /// What there is, without the values; sorted by key.
    #[napi(catch_unwind)]
    pub fn entries(&self) -> Vec<Entry> {
        let entries = self.engine.as_ref().map(sync::Engine::entries).unwrap_or_default();
        entries.into_iter().map(Entry::from).collect()
    }

    #[napi(catch_unwind)]
    pub fn has(&self, name: String) -> bool {
        self.engine.as_ref().is_some_and(|engine| engine.has(&name))
    }

    /// The secret's JSON text, or null.
    #[napi(catch_unwind, ts_return_type = "string | null")]
    pub fn read<'env>(&self, env: &'env Env, name: String) -> Result<Option<JsString<'env>>> {
        let engine = self.engine.as_ref();
        engine.and_then(|engine| engine.read(&name, |json| env.create_string(json))).transpose()
    }

    /// What happened since the last call. Names are listed only when asked for.
    #[napi(catch_unwind)]
    pub fn drain(&self, with_names: bool) -> News {
        let mut news = self.engine.as_ref().map(sync::Engine::drain).unwrap_or_default();
        let change = news.change.take();
        let converted = News::new(&news, change.as_ref(), with_names);
        if let (Some(engine), Some(change)) = (&self.engine, change) {
            engine.give_back(change);
        }
        converted
    }
}
