//! The way from the engines' thread into a JavaScript environment.

use std::sync::{Arc, Mutex, PoisonError};

use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Result, Status};

/// Called with the id of an engine or a vault. Weak: it never keeps the process alive.
pub(crate) type OnNews = ThreadsafeFunction<u32, (), u32, Status, false, true>;

/// Open as long as the environment lives.
pub(crate) struct Channel(Mutex<Option<OnNews>>);

impl Channel {
    /// Node.js must not be called, and the function not be released, once the environment has ended
    /// (some releases abort). So the hook that closes the channel is registered after the function
    /// was made: hooks run in reverse order, this one before the function's own end.
    pub(crate) fn open(env: &Env, on_news: OnNews) -> Result<Arc<Self>> {
        let channel = Arc::new(Self(Mutex::new(Some(on_news))));
        env.add_env_cleanup_hook(Arc::clone(&channel), |channel| channel.close())?;
        Ok(channel)
    }

    pub(crate) fn tell(&self, id: u32) {
        let on_news = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(on_news) = &*on_news {
            // It fails only while the environment ends, and then nobody wants to know.
            on_news.call(id, ThreadsafeFunctionCallMode::NonBlocking);
        }
    }

    fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
