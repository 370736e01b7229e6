//! Rings when something may have been committed, by whatever process, and costs nothing until then.
//!
//! Every commit is first written to the write-ahead log, which the operating system watches for us.
//! That is a hint, not the truth: the log is written before the commit is on the disk and visible.
//! So after each ring the [revision](super::lookout) is looked at, more and more seldom, for about a
//! second. What this process commits rings when it is visible.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

/// The first look after a ring that came too early; each later one waits twice as long.
const FIRST_LOOK: Duration = Duration::from_millis(1);

/// Between looks that nothing gave a reason for: should the system have kept a ring to itself.
const SELDOM: Duration = Duration::from_secs(5);

/// Between looks where the log can't be watched.
const OFTEN: Duration = Duration::from_millis(250);

pub(super) struct Bell {
    log: PathBuf,
    rung: Arc<Notify>,
    /// Begun by the first who listens: a command that is over in a moment has no use for it.
    watcher: OnceLock<Option<RecommendedWatcher>>,
}

impl Bell {
    pub(super) fn new(database: &Path) -> Self {
        let mut log = database.to_path_buf().into_os_string();
        log.push("-wal");
        Self { log: log.into(), rung: Arc::default(), watcher: OnceLock::new() }
    }

    pub(super) fn ring(&self) {
        self.rung.notify_one();
    }

    /// Waits until `look` sees something. For one listener at a time.
    pub(super) async fn wait<T>(&self, look: impl Fn() -> Option<T>) -> T {
        let seldom = if self.watches() { SELDOM } else { OFTEN };
        let mut pause = seldom;
        loop {
            if let Some(seen) = look() {
                return seen;
            }
            match tokio::time::timeout(pause, self.rung.notified()).await {
                Ok(()) => pause = FIRST_LOOK,
                Err(_) => pause = if pause < seldom { (2 * pause).min(seldom) } else { seldom },
            }
        }
    }

    fn watches(&self) -> bool {
        let watcher = self.watcher.get_or_init(|| match self.watch() {
            Ok(watcher) => Some(watcher),
            Err(error) => {
                tracing::warn!(
                    %error,
                    "the database's log can't be watched; it is looked at four times a second"
                );
                None
            }
        });
        watcher.is_some()
    }

    fn watch(&self) -> notify::Result<RecommendedWatcher> {
        let rung = Arc::clone(&self.rung);
        let mut watcher = notify::recommended_watcher(move |_| rung.notify_one())?;
        watcher.watch(&self.log, RecursiveMode::NonRecursive)?;
        Ok(watcher)
    }
}
