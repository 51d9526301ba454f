//! The connections to the database and the threads they live on: one that writes, some that read.
//!
//! The writer takes what waits for it into one transaction and commits once: under load one fsync
//! serves many. If a piece of work fails, all are undone and run again, each in a savepoint of its
//! own, so that what fails is undone alone. Nobody gets an answer before the commit.

use std::collections::HashSet;
use std::fs::File;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use crate::metrics::Metrics;
use crate::storage::{StorageError, StorageErrorKind, sql};

/// How many pieces of work may wait for a thread before callers have to wait to hand theirs in.
const QUEUE: usize = 1024;
/// How many pieces of work one commit serves at most, so that the first does not wait for ever.
const BATCH: usize = 256;
/// How long to wait for another process that writes, such as an administration command.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How many prepared statements a connection keeps.
const STATEMENTS: usize = 64;
/// How many KiB of pages a connection keeps at most. A reader's are void after every commit, so
/// only the writer gains by many.
const WRITERS_PAGES: i64 = 32 * 1024;
/// After how many pages of the write-ahead log its content goes into the database: 16 MB, so that
/// a page that is written again and again is moved once.
const LOG_PAGES: i64 = 4096;

/// Opens the database for writing: durable, in write-ahead mode.
pub(super) fn open_for_writing(path: &Path) -> Result<Connection, StorageError> {
    const WHAT: &str = "opening the database";
    let connection = Connection::open(path).map_err(StorageError::unavailable(WHAT))?;
    let set = |name, value: &str| {
        connection
            .pragma_update(None, name, value)
            .map_err(StorageError::unavailable(WHAT))
    };
    let set_number = |name, value: i64| {
        connection
            .pragma_update(None, name, value)
            .map_err(StorageError::unavailable(WHAT))
    };
    // The mode is kept in the file; FULL makes every commit reach the disk before it returns.
    set("journal_mode", "WAL")?;
    set("synchronous", "FULL")?;
    set("foreign_keys", "ON")?;
    // Below 0 it is KiB.
    set_number("cache_size", -WRITERS_PAGES)?;
    set_number("wal_autocheckpoint", LOG_PAGES)?;
    tune(&connection, WHAT)?;
    Ok(connection)
}

fn open_for_reading(path: &Path) -> Result<Connection, StorageError> {
    const WHAT: &str = "opening the database for reading";
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).map_err(StorageError::unavailable(WHAT))?;
    tune(&connection, WHAT)?;
    Ok(connection)
}

/// Runs work in a transaction of its own, outside the writer's thread.
pub(super) fn in_transaction<T>(
    connection: &mut Connection,
    work: impl FnOnce(&sql::Connection) -> Result<T, StorageError>,
) -> Result<T, StorageError> {
    const WHAT: &str = "a transaction before the first";
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(StorageError::unavailable(WHAT))?;
    let done = work(&*transaction)?;
    transaction
        .commit()
        .map_err(StorageError::unavailable(WHAT))?;
    Ok(done)
}

/// Lets a connection wait for other processes that write.
pub(super) fn wait_when_busy(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)
}

fn tune(connection: &Connection, what: &'static str) -> Result<(), StorageError> {
    wait_when_busy(connection).map_err(StorageError::unavailable(what))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Otherwise a statement on a table with a partial index is prepared anew for every value.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map_err(StorageError::unavailable(what))?;
    Ok(())
}

/// A thread is gone: the platform is being killed.
fn stopped() -> StorageError {
    StorageError::without_source(
        StorageErrorKind::Unavailable,
        "the storage is shutting down",
    )
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StorageError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .map_err(StorageError::unavailable("starting a storage thread"))
}

/// A piece of work for a reader; it tells its caller itself.
type Read = Box<dyn FnOnce(&Connection) + Send>;

/// Connections that read, each on a thread of its own.
pub(super) struct Readers {
    queue: Option<async_channel::Sender<Read>>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    pub(super) fn start(path: &Path, count: NonZeroUsize) -> Result<Self, StorageError> {
        let (queue, work) = async_channel::bounded::<Read>(QUEUE);
        let threads = (0..count.get())
            .map(|_| {
                let connection = open_for_reading(path)?;
                let work = work.clone();
                spawn("storage-reader", move || {
                    while let Ok(read) = work.recv_blocking() {
                        read(&connection);
                    }
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            queue: Some(queue),
            threads,
        })
    }

    /// Runs a read on the next free connection, all of it at one moment.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        let (answer, answered) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or_else(stopped)?;
        queue
            .send(Box::new(move |connection| {
                let read = Moment::begin(connection).and_then(|_moment| work(connection));
                // Nobody waits any more if the caller's connection broke.
                let _ = answer.send(read);
            }))
            .await
            .map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }
}

/// A transaction of one that only reads: until it is dropped, everything is as it was when it was
/// first read. With kept statements, because there is one for every read.
struct Moment<'c>(&'c Connection);

impl<'c> Moment<'c> {
    fn begin(connection: &'c Connection) -> Result<Self, StorageError> {
        Self::run(connection, "BEGIN").map_err(StorageError::unavailable("beginning to read"))?;
        Ok(Self(connection))
    }

    fn run(connection: &Connection, statement: &str) -> rusqlite::Result<usize> {
        connection.prepare_cached(statement)?.execute([])
    }
}

impl Drop for Moment<'_> {
    fn drop(&mut self) {
        // Nothing was written. It fails only after an error that has ended it already.
        let _ = Self::run(self.0, "COMMIT");
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.queue = None;
        join(&mut self.threads);
    }
}

/// The connection that writes.
pub(super) struct Writer {
    queue: Option<async_channel::Sender<Box<dyn Write>>>,
    threads: Vec<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(
        mut connection: Connection,
        metrics: Arc<Metrics>,
    ) -> Result<Self, StorageError> {
        let (queue, work) = async_channel::bounded::<Box<dyn Write>>(QUEUE);
        let thread = spawn("storage-writer", move || {
            let mut folders = SyncedFolders::default();
            while let Ok(first) = work.recv_blocking() {
                let mut batch = vec![first];
                while batch.len() < BATCH
                    && let Ok(next) = work.try_recv()
                {
                    batch.push(next);
                }
                let pieces = batch.len();
                let started = Instant::now();
                commit(&mut connection, &mut folders, batch);
                metrics
                    .commit_seconds
                    .observe(started.elapsed().as_secs_f64());
                metrics.commit_batch.observe(pieces as f64);
            }
        })?;
        Ok(Self {
            queue: Some(queue),
            threads: vec![thread],
        })
    }

    /// Runs a write in a transaction and waits for its commit; `folder`, if any, is on stable
    /// storage with all its entries before that. It may be run twice; the first then never was.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        folder: Option<PathBuf>,
        work: impl Fn(&Connection) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        let (answer, answered) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or_else(stopped)?;
        let write = PendingWrite {
            folder,
            work,
            result: Err(stopped()),
            answer,
        };
        queue.send(Box::new(write)).await.map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        join(&mut self.threads);
    }
}

/// Waits for threads whose queue was closed; what they hold in hand they finish.
fn join(threads: &mut Vec<JoinHandle<()>>) {
    for thread in threads.drain(..) {
        // A thread that panicked has nothing left to wait for.
        let _ = thread.join();
    }
}

/// A piece of work for the writer, of any result type.
trait Write: Send {
    /// The folder that must be on stable storage before the commit.
    fn folder(&self) -> Option<&Path>;
    /// Does the work and keeps its result; whether it succeeded.
    fn run(&mut self, connection: &Connection) -> bool;
    /// Tells the caller: the result, or the failure of the commit.
    fn answer(self: Box<Self>, committed: Result<(), StorageError>);
}

struct PendingWrite<W, T> {
    folder: Option<PathBuf>,
    work: W,
    result: Result<T, StorageError>,
    answer: oneshot::Sender<Result<T, StorageError>>,
}

impl<W, T> Write for PendingWrite<W, T>
where
    W: Fn(&Connection) -> Result<T, StorageError> + Send,
    T: Send,
{
    fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    fn run(&mut self, connection: &Connection) -> bool {
        self.result = (self.work)(connection);
        self.result.is_ok()
    }

    fn answer(self: Box<Self>, committed: Result<(), StorageError>) {
        // Nobody waits any more if the caller's connection broke; what was done stays done.
        let _ = self.answer.send(committed.and(self.result));
    }
}

/// Runs a batch in one transaction, commits it, and only then answers.
fn commit(
    connection: &mut Connection,
    folders: &mut SyncedFolders,
    mut batch: Vec<Box<dyn Write>>,
) {
    let mut failure = run_and_commit(connection, folders, &mut batch).err();
    let failed = failure.is_some();
    for write in batch {
        write.answer(match failure.take() {
            // The first caller gets the cause, the others that there was one.
            Some(error) => Err(error),
            None if failed => Err(StorageError::without_source(
                StorageErrorKind::Unavailable,
                "committing together with other work",
            )),
            None => Ok(()),
        });
    }
}

fn run_and_commit(
    connection: &mut Connection,
    folders: &mut SyncedFolders,
    batch: &mut [Box<dyn Write>],
) -> Result<(), StorageError> {
    let transaction = begin(connection)?;
    let transaction = if batch.iter_mut().all(|write| write.run(&transaction)) {
        transaction
    } else {
        // Undoes everything; what SQLite has undone itself, after a full disk, is undone already.
        drop(transaction);
        let mut transaction = begin(connection)?;
        for write in batch.iter_mut() {
            // What fails is rolled back alone, when its savepoint is dropped.
            let savepoint = transaction.savepoint().map_err(not_committed())?;
            if write.run(&savepoint) {
                savepoint.commit().map_err(not_committed())?;
            }
        }
        transaction
    };
    for write in batch.iter() {
        if let Some(folder) = write.folder() {
            folders.sync(folder)?;
        }
    }
    folders.end_batch();
    transaction.commit().map_err(not_committed())
}

fn begin(connection: &mut Connection) -> Result<Transaction<'_>, StorageError> {
    connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(not_committed())
}

/// For `map_err`.
fn not_committed() -> impl FnOnce(rusqlite::Error) -> StorageError {
    StorageError::unavailable("committing")
}

/// Makes the entries of folders durable, each folder once per batch, and the folders above one
/// that is new to this process.
#[derive(Default)]
struct SyncedFolders {
    this_batch: HashSet<PathBuf>,
    reached_from_above: HashSet<PathBuf>,
}

impl SyncedFolders {
    /// How far above a folder of containers the home is: hour, day, `containers`.
    const LEVELS: usize = 3;

    fn sync(&mut self, folder: &Path) -> Result<(), StorageError> {
        if !self.this_batch.insert(folder.to_owned()) {
            return Ok(());
        }
        if self.reached_from_above.insert(folder.to_owned()) {
            for above in folder.ancestors().skip(1).take(Self::LEVELS) {
                sync_folder(above)?;
            }
        }
        sync_folder(folder)
    }

    fn end_batch(&mut self) {
        self.this_batch.clear();
    }
}

fn sync_folder(folder: &Path) -> Result<(), StorageError> {
    sync_folder_of(folder).map_err(StorageError::unavailable("flushing a folder"))
}

/// Flushes a folder's entries. Windows has no such call, and its file system keeps their order.
pub(super) fn sync_folder_of(folder: &Path) -> std::io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    type Work = Box<dyn Fn(&Connection) -> Result<(), StorageError> + Send>;

    fn insert(db: &Connection, value: i64) -> Result<(), StorageError> {
        db.execute("INSERT INTO t (value) VALUES (?1)", [value])
            .map(|_| ())
            .map_err(StorageError::unavailable("inserting"))
    }

    async fn until(condition: impl Fn() -> bool) {
        while !condition() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn work_that_fails_in_a_batch_is_undone_alone() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE t (value BIGINT NOT NULL PRIMARY KEY)")
            .unwrap();
        let writer = Arc::new(Writer::start(connection, Arc::new(Metrics::new())).unwrap());
        let waiting = {
            let writer = Arc::clone(&writer);
            move || writer.queue.as_ref().map_or(0, async_channel::Sender::len)
        };
        let run = |work: Work| {
            let writer = Arc::clone(&writer);
            tokio::spawn(async move { writer.run(None, work).await })
        };
        // Holds the writer until the others wait behind it, so that they make one batch.
        let (release, released) = mpsc::channel();
        let (begun, has_begun) = mpsc::channel();
        let first = run(Box::new(move |_| {
            begun.send(()).unwrap();
            released.recv().unwrap();
            Ok(())
        }));
        until(|| has_begun.try_recv().is_ok()).await;
        let good = run(Box::new(|db| insert(db, 1)));
        until(|| waiting() == 1).await;
        let bad = run(Box::new(|db| {
            insert(db, 2)?;
            insert(db, 1)
        }));
        until(|| waiting() == 2).await;
        let good_too = run(Box::new(|db| insert(db, 3)));
        until(|| waiting() == 3).await;
        release.send(()).unwrap();

        assert!(first.await.unwrap().is_ok());
        assert!(good.await.unwrap().is_ok());
        assert!(bad.await.unwrap().is_err());
        assert!(good_too.await.unwrap().is_ok());
        let stored = writer
            .run(None, |db| {
                let sum = "SELECT SUM(value) FROM t";
                db.query_row(sum, [], |row| row.get::<_, i64>(0))
                    .map_err(StorageError::unavailable("summing"))
            })
            .await;
        assert_eq!(stored.unwrap(), 1 + 3);
    }

    #[tokio::test]
    async fn nothing_is_answered_as_done_if_the_commit_fails() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch(
                "CREATE TABLE p (id BIGINT PRIMARY KEY);
                 CREATE TABLE t (value BIGINT REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED);
                 PRAGMA foreign_keys = ON;",
            )
            .unwrap();
        let writer = Writer::start(connection, Arc::new(Metrics::new())).unwrap();
        // The work itself succeeds; the constraint is looked at by the commit.
        assert!(writer.run(None, |db| insert(db, 1)).await.is_err());
        let folder = Some(PathBuf::from("/nowhere/at/all"));
        if cfg!(unix) {
            assert!(writer.run(folder, |_| Ok(())).await.is_err());
        }
        let left = writer
            .run(None, |db| {
                db.query_row("SELECT COUNT(*) FROM t", [], |row| row.get::<_, i64>(0))
                    .map_err(StorageError::unavailable("counting"))
            })
            .await;
        assert_eq!(left.unwrap(), 0);
    }
}
