//! What the client tells while it works: progress for people, steps for tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use careplan_protocol::{IdempotencyKey, Receipt, SendingId, SendingState};

use crate::{NoAnswer, Refusal};

/// Told what happens while the client works. All methods do nothing unless written.
pub trait Observer: Send {
    /// Something a person may want to see.
    fn progress(&mut self, progress: &Progress<'_>) {
        let _ = progress;
    }

    /// A durable step is done: a program that ends here goes on from here. Tests of crash safety
    /// end it.
    fn step(&mut self, step: Step) {
        let _ = step;
    }
}

/// Nobody looks.
impl Observer for () {}

/// What happens.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// A set is stored in the outbox.
    PutIn {
        /// Which.
        id: IdempotencyKey,
    },
    /// A set's container is signed.
    Signed {
        /// Which.
        id: IdempotencyKey,
    },
    /// A container is on its way to the platform.
    Uploading {
        /// Which.
        id: IdempotencyKey,
        /// Bytes sent so far, in this attempt.
        sent: u64,
        /// Bytes of the container.
        total: u64,
    },
    /// The platform has a set.
    Accepted {
        /// Which.
        id: IdempotencyKey,
        /// Its receipt.
        receipt: &'a Receipt,
    },
    /// A set is not accepted.
    Refused {
        /// Which.
        id: IdempotencyKey,
        /// Why, and what to do.
        refusal: &'a Refusal,
    },
    /// The platform says that a sending's state changed.
    StateChanged {
        /// Which.
        id: IdempotencyKey,
        /// Its state now.
        state: SendingState,
    },
    /// A container is on its way from the platform.
    Downloading {
        /// Which.
        id: SendingId,
        /// Bytes received so far, in this attempt.
        received: u64,
        /// Bytes of the container.
        total: u64,
    },
    /// A received set is verified and stored.
    Stored {
        /// Which.
        id: SendingId,
    },
    /// A received set does not verify and is kept aside.
    Quarantined {
        /// Which.
        id: SendingId,
        /// Why, and what to do.
        refusal: &'a Refusal,
    },
    /// The platform knows that a set was received.
    Confirmed {
        /// Which.
        id: SendingId,
    },
    /// A received set's files are in the folder asked for.
    TakenOut {
        /// Which.
        id: SendingId,
    },
    /// A call did not succeed and is made again after a while.
    Waiting {
        /// Which attempt failed, from 1.
        attempt: u32,
        /// How long until the next.
        wait: Duration,
        /// What the failed one ended with, if there was no answer.
        no_answer: Option<&'a NoAnswer>,
    },
}

/// A durable step, in the order in which a set goes through them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// The files of a set are copied aside.
    Copied,
    /// They are in the outbox; the database does not know yet.
    Shelved,
    /// The database knows.
    PutIn,
    /// The container is signed; the database does not know yet.
    ContainerWritten,
    /// The database knows.
    Signed,
    /// The platform answered with a receipt; the database does not know yet.
    ReceiptCame,
    /// The database knows.
    ReceiptStored,
    /// The files beside the container are removed.
    CopiesRemoved,
    /// A container is fetched, aside.
    Fetched,
    /// It is verified, and in the inbox or the quarantine with its files; the database does not
    /// know yet.
    Placed,
    /// The database knows.
    Stored,
    /// The platform is told; the database does not know yet.
    ConfirmationSent,
    /// The database knows.
    Confirmed,
    /// A set's files are in the folder asked for; the database does not know yet.
    Delivered,
    /// The database knows.
    TakenOut,
}

/// Cancels a client's work from another thread: the operation under way ends with
/// [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled) at the next step, and nothing is lost.
#[derive(Debug, Clone, Default)]
pub struct CancelHandle(Arc<AtomicBool>);

impl CancelHandle {
    /// Cancels the operation under way; the next one starts afresh.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Forgets a cancellation of an earlier operation.
    pub(crate) fn reset(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
