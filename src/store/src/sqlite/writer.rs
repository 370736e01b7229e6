//! The one thread that writes.
//!
//! A commit has to reach the disk before it is answered, and the disk takes its time for that
//! however little is written. So writes that wait for it go together: the thread takes all that are
//! queued, applies each change within a savepoint of its own, and commits them with one flush. A write that
//! fails is rolled back to its savepoint and doesn't touch the others. Nobody is answered before
//! the commit; when that fails, all of the group have failed and nothing has changed.

use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::mpsc::error::SendTimeoutError;
use tokio::sync::{mpsc, oneshot};

use super::audit::Trail;
use super::lookout::data_version;
use super::{error, stopped};
use crate::{Audit, StoreError};

/// How many writes wait in the queue before callers have to wait for a place in it.
const QUEUE: usize = 1024;

/// More in one transaction would only make the first of them wait longer.
const GROUP: usize = 256;

pub(super) struct Writer {
    /// `None` only while this is dropped.
    queue: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
    outside_commits: Arc<AtomicU64>,
    busy_timeout: Duration,
}

/// What a write works with: the connection, inside a transaction.
pub(super) struct Write<'a> {
    connection: &'a Connection,
    trail: &'a mut Trail,
    empties_log: &'a mut bool,
}

impl Writer {
    pub(super) fn start(
        connection: Connection,
        busy_timeout: Duration,
    ) -> Result<Self, StoreError> {
        let (queue, mut waiting) = mpsc::channel(QUEUE);
        let outside_commits = Arc::<AtomicU64>::default();
        let mut outside = Outside { seen: None, count: Arc::clone(&outside_commits) };
        let thread = std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || {
                let mut jobs = Vec::with_capacity(GROUP);
                while waiting.blocking_recv_many(&mut jobs, GROUP) > 0 {
                    write(&connection, &mut outside, &mut jobs);
                }
            })
            .map_err(|error| StoreError::Unavailable(format!("no thread to write: {error}")))?;
        Ok(Self { queue: Some(queue), thread: Some(thread), outside_commits, busy_timeout })
    }

    /// See [`Store::outside_commits`](crate::Store::outside_commits).
    pub(super) fn outside_commits(&self) -> u64 {
        self.outside_commits.load(Ordering::Acquire)
    }

    /// Runs `work` in a transaction and returns when that has reached the disk.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Write<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.enqueue(work, true).await
    }

    /// Puts a record at the end of the trail. What is wrong with the trail is so for the whole group,
    /// so this does without a savepoint, which costs more than the record itself.
    pub(super) async fn note(&self, audit: Audit) -> Result<(), StoreError> {
        self.enqueue(move |write| write.append(&audit), false).await
    }

    async fn enqueue<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Write<'_>) -> Result<T, StoreError> + Send + 'static,
        fails_alone: bool,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let deadline = Instant::now() + self.busy_timeout;
        let task = Box::new(Task { work: Some(work), result: None, answer, deadline, fails_alone });
        let queue = self.queue.as_ref().ok_or_else(stopped)?;
        queue.send_timeout(task, self.busy_timeout).await.map_err(|refused| match refused {
            SendTimeoutError::Timeout(_) => StoreError::Busy,
            SendTimeoutError::Closed(_) => stopped(),
        })?;
        answered.await.unwrap_or_else(|_| Err(stopped()))
    }
}

impl Drop for Writer {
    /// Waits until what is queued is written and the file is closed.
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // It has nothing to tell; a panic of its own was printed.
            let _ = thread.join();
        }
    }
}

impl Write<'_> {
    /// Puts the record at the end of the trail. The space's version in it is the one that the
    /// transaction has come to.
    pub(super) fn append(&mut self, audit: &Audit) -> Result<(), StoreError> {
        self.trail.append(self.connection, audit, None)
    }

    /// For a record of a space that the transaction takes away.
    pub(super) fn append_last(&mut self, audit: &Audit, version: u64) -> Result<(), StoreError> {
        self.trail.append(self.connection, audit, Some(version))
    }

    /// The database's pages are overwritten, but the write-ahead log may still hold what they were:
    /// it is emptied after the commit. When a reader is in the way, a later write does it.
    pub(super) fn empty_log(&mut self) {
        *self.empties_log = true;
    }
}

impl Deref for Write<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

/// Notices what other processes committed: a connection's `data_version` stays the same over its own
/// commits, and all of this process are this one's.
struct Outside {
    seen: Option<u64>,
    count: Arc<AtomicU64>,
}

impl Outside {
    /// Within a transaction, so that nobody can come between this and what it writes.
    fn look(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let version = data_version(connection)?;
        if self.seen.replace(version).is_some_and(|seen| seen != version) {
            self.count.fetch_add(1, Ordering::Release);
        }
        Ok(())
    }
}

trait Job: Send {
    /// Whether somebody still waits for the answer, and still may.
    fn is_wanted(&self, now: Instant) -> bool;

    /// Whether the others of its group go on when it fails.
    fn fails_alone(&self) -> bool;

    fn run(&mut self, write: &mut Write<'_>) -> Result<(), StoreError>;

    /// Answers, now that it is known what became of the transaction.
    fn finish(self: Box<Self>, transaction: &Result<(), StoreError>);
}

struct Task<T, F> {
    work: Option<F>,
    result: Option<Result<T, StoreError>>,
    answer: oneshot::Sender<Result<T, StoreError>>,
    deadline: Instant,
    fails_alone: bool,
}

impl<T, F> Job for Task<T, F>
where
    T: Send,
    F: FnOnce(&mut Write<'_>) -> Result<T, StoreError> + Send,
{
    fn is_wanted(&self, now: Instant) -> bool {
        now < self.deadline && !self.answer.is_closed()
    }

    fn fails_alone(&self) -> bool {
        self.fails_alone
    }

    fn run(&mut self, write: &mut Write<'_>) -> Result<(), StoreError> {
        let Some(work) = self.work.take() else { return Ok(()) };
        // A panic in one write must not take the others with it.
        let result = catch_unwind(AssertUnwindSafe(|| work(write))).unwrap_or_else(|_| {
            Err(StoreError::Unavailable("a write failed for a mistake in this program".into()))
        });
        let outcome = result.as_ref().map(drop).map_err(Clone::clone);
        self.result = Some(result);
        outcome
    }

    fn finish(self: Box<Self>, transaction: &Result<(), StoreError>) {
        let result = match (self.result, transaction) {
            // What failed by itself says why.
            (Some(Err(error)), _) => Err(error),
            (_, Err(error)) => Err(error.clone()),
            (Some(result), Ok(())) => result,
            (None, Ok(())) => Err(StoreError::Busy),
        };
        // Nobody may be waiting any more.
        let _ = self.answer.send(result);
    }
}

fn write(connection: &Connection, outside: &mut Outside, jobs: &mut Vec<Box<dyn Job>>) {
    let now = Instant::now();
    for late in jobs.extract_if(.., |job| !job.is_wanted(now)) {
        late.finish(&Err(StoreError::Busy));
    }
    if jobs.is_empty() {
        return;
    }
    let mut empties_log = false;
    let transaction = transaction(connection, outside, jobs, &mut empties_log);
    // Before the answer: whoever destroys something may look for it.
    if empties_log && transaction.is_ok() {
        let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }
    for job in jobs.drain(..) {
        job.finish(&transaction);
    }
}

fn transaction(
    connection: &Connection,
    outside: &mut Outside,
    jobs: &mut [Box<dyn Job>],
    empties_log: &mut bool,
) -> Result<(), StoreError> {
    // Immediate: takes the write lock before the first read, so that nobody comes in between.
    execute(connection, "BEGIN IMMEDIATE")?;
    let result = outside
        .look(connection)
        .and_then(|()| apply(connection, jobs, empties_log))
        .and_then(|()| execute(connection, "COMMIT"));
    if result.is_err() && !connection.is_autocommit() {
        // What can't be rolled back now is when the connection is next used or closed.
        let _ = execute(connection, "ROLLBACK");
    }
    result
}

fn apply(
    connection: &Connection,
    jobs: &mut [Box<dyn Job>],
    empties_log: &mut bool,
) -> Result<(), StoreError> {
    let mut trail = Trail::default();
    for job in jobs {
        if !job.fails_alone() {
            job.run(&mut Write { connection, trail: &mut trail, empties_log })?;
            continue;
        }
        execute(connection, "SAVEPOINT one")?;
        let before = trail.position();
        let result = job.run(&mut Write { connection, trail: &mut trail, empties_log });
        // Some errors, such as a full disk, make SQLite roll back everything.
        if let (Err(error), true) = (&result, connection.is_autocommit()) {
            return Err(error.clone());
        }
        if result.is_err() {
            execute(connection, "ROLLBACK TO one")?;
            trail.return_to(before);
        }
        execute(connection, "RELEASE one")?;
    }
    trail.seal(connection)
}

fn execute(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute([]))
        .map(drop)
        .map_err(error::from)
}
