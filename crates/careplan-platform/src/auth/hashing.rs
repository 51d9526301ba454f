//! The threads on which passwords are hashed.

use std::io;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::oneshot;

/// How many pieces of work may wait before callers have to wait to hand theirs in.
const QUEUE: usize = 1024;

/// Hashing takes a core and about 20 MB: so many at a time, on threads of its own, because memory
/// freed on ever other threads stays with each of them.
#[derive(Clone)]
pub(super) struct HashingThreads {
    queue: async_channel::Sender<Box<dyn FnOnce() + Send>>,
}

/// The threads are gone, or the work ended early.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stopped;

impl HashingThreads {
    pub(super) fn start(count: NonZeroUsize) -> io::Result<Self> {
        let (queue, work) = async_channel::bounded::<Box<dyn FnOnce() + Send>>(QUEUE);
        for _ in 0..count.get() {
            let work = work.clone();
            // They end when nobody can hand in work any more.
            std::thread::Builder::new()
                .name("hashing".to_owned())
                .spawn(move || {
                    while let Ok(work) = work.recv_blocking() {
                        // Its caller learns of it by getting no answer; the next is served.
                        let _ = catch_unwind(AssertUnwindSafe(work));
                    }
                })?;
        }
        Ok(Self { queue })
    }

    /// Runs work when it is its turn.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Stopped> {
        let (answer, answered) = oneshot::channel();
        self.queue
            .send(Box::new(move || {
                // Whoever stopped waiting does not need it hashed.
                if !answer.is_closed() {
                    let _ = answer.send(work());
                }
            }))
            .await
            .map_err(|_| Stopped)?;
        answered.await.map_err(|_| Stopped)
    }
}
