//! Sees to it that what engines publish is masked: a value is known to the [`Masks`] before a flow can read
//! it, and for some minutes after it was replaced.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use secret_manager_mask::{Masks, Rules, Text};
use secret_manager_model::Secret;
use secret_manager_source::{Failure, Remedy};
use tokio::runtime;
use zeroize::Zeroizing;

/// The masks of all engines that were given it.
pub struct Masking {
    masks: Masks,
    runtime: runtime::Handle,
    /// A task waits for the moment at which values are to be forgotten.
    tidying: AtomicBool,
}

impl Masking {
    pub fn new(runtime: &runtime::Handle, rules: Rules) -> Arc<Self> {
        let masks = Masks::new(rules);
        Arc::new(Self { masks, runtime: runtime.clone(), tidying: AtomicBool::new(false) })
    }

    /// The text without secrets; nothing when there is none in it.
    pub fn mask(&self, text: &[u8], kind: Text) -> Option<Zeroizing<Vec<u8>>> {
        self.masks.mask(text, kind)
    }

    /// What is about to be published, once it is masked. The work is done off the engines' thread; where
    /// there is none, nothing is begun.
    pub(crate) async fn cover<T: Send + 'static>(
        masking: Option<Arc<Self>>,
        fetched: T,
        secrets: impl for<'a> Fn(&'a T) -> Vec<&'a Secret> + Send + 'static,
    ) -> Result<T, Failure> {
        let Some(masking) = masking.filter(|_| !secrets(&fetched).is_empty()) else {
            return Ok(fetched);
        };
        let work = move || {
            let values = secrets(&fetched).into_iter().map(|secret| secret.value.expose());
            masking.masks.cover(values, Instant::now());
            masking.tidy_later();
            fetched
        };
        // The panic's message is left out: it could quote what was read.
        let failure = |_| {
            Failure::new(Remedy::Retry, "an internal error ended the masking; please report it")
        };
        tokio::task::spawn_blocking(work).await.map_err(failure)
    }

    /// Some secrets were published in the place of others.
    pub(crate) fn replaced<'a>(
        self: &Arc<Self>,
        new: impl IntoIterator<Item = &'a Secret>,
        old: impl IntoIterator<Item = &'a Secret>,
    ) {
        let json = |secret: &'a Secret| secret.value.expose();
        self.masks.hold(new.into_iter().map(json), old.into_iter().map(json), Instant::now());
        self.tidy_later();
    }

    fn tidy_later(self: &Arc<Self>) {
        if !self.tidying.swap(true, Ordering::Relaxed) {
            self.runtime.spawn(tidy(Arc::clone(self)));
        }
    }
}

/// Runs until there is nothing to forget any more, or another task has taken over.
async fn tidy(masking: Arc<Masking>) {
    loop {
        // Whatever becomes idle after this begins a task of its own.
        masking.tidying.store(false, Ordering::Relaxed);
        let work = Arc::clone(&masking);
        let next = tokio::task::spawn_blocking(move || work.masks.tidy(Instant::now()));
        let Ok(Some(next)) = next.await else { return };
        if masking.tidying.swap(true, Ordering::Relaxed) {
            return;
        }
        tokio::time::sleep_until(next.into()).await;
    }
}
