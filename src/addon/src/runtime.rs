//! The one thread on which all engines of the process work.

use std::future;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::panic::PanicHookInfo;
use std::thread;
use std::time::{Duration, SystemTime};

use once_cell::sync::OnceCell;
use secret_manager_model::Timestamp;
use tokio::runtime::{Builder, Handle};

/// For what blocks: looking up host names and reading very large answers.
const MOST_BLOCKING_THREADS: usize = 4;
const BLOCKING_THREAD_IDLE: Duration = Duration::from_secs(1);

/// Started at the first use: a Node-RED that has the package but no node pays nothing.
pub(crate) fn handle() -> io::Result<&'static Handle> {
    static HANDLE: OnceCell<Handle> = OnceCell::new();
    HANDLE.get_or_try_init(|| {
        std::panic::set_hook(Box::new(report_panic));
        let runtime = Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(MOST_BLOCKING_THREADS)
            .thread_keep_alive(BLOCKING_THREAD_IDLE)
            .thread_name("secret-manager")
            .build()?;
        let handle = runtime.handle().clone();
        thread::Builder::new()
            .name("secret-manager".to_owned())
            .spawn(move || runtime.block_on(future::pending::<()>()))?;
        Ok(handle)
    })
}

pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis())
        .ok()
        .and_then(Timestamp::from_millis)
        .unwrap_or(Timestamp::EPOCH)
}

pub(crate) fn random_seed() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Says where, and not what: the message of a panic can quote a value.
#[expect(clippy::print_stderr, reason = "there is no other way to tell of a fault in the program")]
fn report_panic(panic: &PanicHookInfo<'_>) {
    match panic.location() {
        Some(place) => eprintln!("secret-manager: internal error at {place}; please report it"),
        None => eprintln!("secret-manager: internal error; please report it"),
    }
}
