//! The access log: who called what about which sending, and how it was answered.
//!
//! Calls hand their line over and do not wait for it to be on the disk: lines are gathered and
//! written together, so that reading costs no flush of its own. What a crash takes is the lines of
//! the last moment, or all that wait for the storage; what calls have *done* has its own evidence,
//! in its own transaction.
//!
//! A call takes a place for its line before it begins. While the storage does not take lines they
//! wait, and when there is no place left, calls are refused: none is done that would not be logged.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::storage::{Access, Storage};

/// How many lines may wait to be written before calls are refused.
const QUEUE: usize = 16 * 1024;
/// How many lines are written together at most.
const BATCH: usize = 1024;
/// How long lines are gathered.
const GATHER: Duration = Duration::from_millis(500);
/// How long to wait after the storage failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

enum Entry {
    Line(Access),
    /// Everything before this is to be written, then told.
    Written(oneshot::Sender<()>),
}

/// Takes lines.
#[derive(Clone)]
pub(crate) struct AccessLog {
    queue: mpsc::Sender<Entry>,
    failing: Arc<AtomicBool>,
}

/// A place for the line of a call.
pub(crate) struct Place(mpsc::OwnedPermit<Entry>);

impl Place {
    /// Takes the line.
    pub(crate) fn note(self, access: Access) {
        drop(self.0.send(Entry::Line(access)));
    }
}

impl AccessLog {
    /// The log, and what writes it, to be spawned. `calls` is how many may be under way at a time:
    /// they have places of their own, so that slow ones keep none from those that wait.
    pub(crate) fn new(
        storage: Arc<dyn Storage>,
        calls: usize,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (queue, lines) = mpsc::channel(QUEUE.saturating_add(calls).min(Semaphore::MAX_PERMITS));
        let failing = Arc::new(AtomicBool::new(false));
        let writing = write(storage, lines, Arc::clone(&failing));
        (Self { queue, failing }, writing)
    }

    /// A place for a line; none if very many wait to be written.
    pub(crate) fn place(&self) -> Option<Place> {
        self.queue.clone().try_reserve_owned().ok().map(Place)
    }

    /// Whether the storage did not take lines the last time.
    pub(crate) fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    /// Waits until everything taken so far is on the disk.
    pub(crate) async fn written(&self) {
        let (tell, told) = oneshot::channel();
        if self.queue.send(Entry::Written(tell)).await.is_ok() {
            let _ = told.await;
        }
    }
}

async fn write(
    storage: Arc<dyn Storage>,
    mut queue: mpsc::Receiver<Entry>,
    failing: Arc<AtomicBool>,
) {
    let mut entries = Vec::new();
    while queue.recv_many(&mut entries, BATCH).await > 0 {
        let hurry = entries
            .iter()
            .any(|entry| matches!(entry, Entry::Written(_)));
        if !hurry && entries.len() < BATCH {
            // Not a turn of its own for every line: most come in company.
            let more = async {
                while entries.len() < BATCH
                    && let Some(entry) = queue.recv().await
                {
                    let hurry = matches!(entry, Entry::Written(_));
                    entries.push(entry);
                    if hurry {
                        break;
                    }
                }
            };
            let _ = tokio::time::timeout(GATHER, more).await;
        }
        let (mut lines, mut waiting) = (Vec::new(), Vec::new());
        for entry in entries.drain(..) {
            match entry {
                Entry::Line(access) => lines.push(access),
                Entry::Written(tell) => waiting.push(tell),
            }
        }
        while !lines.is_empty() {
            match storage.append_accesses(lines.clone()).await {
                Ok(()) => {
                    lines.clear();
                    failing.store(false, Ordering::Relaxed);
                }
                Err(error) => {
                    failing.store(true, Ordering::Relaxed);
                    tracing::error!(%error, "the access log could not be written; trying again");
                    tokio::time::sleep(AFTER_FAILURE).await;
                }
            }
        }
        for tell in waiting {
            let _ = tell.send(());
        }
    }
}
