//! How long each sending took, of the time in which clients worked on it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use careplan_client::{Observer, Progress};
use careplan_protocol::SendingId;

/// Clients work on one sending after the other, so the time since the last finished one belongs
/// to the one that is finished next.
#[derive(Clone, Default)]
pub(crate) struct Stopwatch(Arc<Mutex<Laps>>);

#[derive(Default)]
struct Laps {
    since: Option<Instant>,
    times: HashMap<SendingId, Duration>,
}

impl Stopwatch {
    /// A client begins to work.
    pub(crate) fn start(&self) {
        self.laps(|laps| laps.since = Some(Instant::now()));
    }

    /// What a sending took so far: signing, sending, receiving, verifying, taking out.
    pub(crate) fn time(&self, id: SendingId) -> Duration {
        self.laps(|laps| laps.times.get(&id).copied().unwrap_or_default())
    }

    fn lap(&self, id: SendingId) {
        self.laps(|laps| {
            let now = Instant::now();
            if let Some(since) = laps.since.replace(now) {
                *laps.times.entry(id).or_default() += now - since;
            }
        });
    }

    fn laps<T>(&self, work: impl FnOnce(&mut Laps) -> T) -> T {
        // A poisoned lock leaves whole values behind: times only grow.
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Observer for Stopwatch {
    fn progress(&mut self, progress: &Progress<'_>) {
        match progress {
            Progress::Accepted { receipt, .. } => self.lap(receipt.sending),
            Progress::Confirmed { id } | Progress::TakenOut { id } => self.lap(*id),
            _ => {}
        }
    }
}
