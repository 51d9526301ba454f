//! What storage does for sendings.

use async_trait::async_trait;
use careplan_core::OfficeNumber;
use careplan_protocol::{Event, IdempotencyKey, ListQuery, Page, SendingId, TransitionRefused};
use chrono::{DateTime, Utc};
use tokio::io::AsyncRead;

use super::{Direction, NewReceipt, StorageError, StoredSending};
use crate::spool::Spooled;

/// The bytes of a stored container.
pub(crate) type ContainerReader = Box<dyn AsyncRead + Send + Unpin>;

/// What became of a sending that was to be stored.
#[derive(Debug)]
pub(crate) enum Acceptance {
    /// It is on stable storage.
    Stored(StoredSending),
    /// One with the same sender and idempotency key was there before; nothing was stored.
    Before(StoredSending),
}

/// What became of an event that was to happen to a sending.
pub(crate) enum Recorded {
    /// It happened, now or before; the sending after it.
    Done(StoredSending),
    /// It cannot happen.
    Refused(TransitionRefused),
    /// There is no such sending.
    Unknown,
}

/// Sendings and their containers.
#[async_trait]
pub(crate) trait SendingStorage: Send + Sync {
    /// The sending an office made under an idempotency key.
    async fn sending_by_key(
        &self,
        sender: OfficeNumber,
        key: IdempotencyKey,
    ) -> Result<Option<StoredSending>, StorageError>;

    /// Puts a sending, its container and its first receipts on stable storage.
    async fn accept(
        &self,
        sending: StoredSending,
        receipts: Vec<NewReceipt>,
        container: Spooled,
    ) -> Result<Acceptance, StorageError>;

    /// A sending of which the office is the sender or the receiver.
    async fn sending(
        &self,
        office: OfficeNumber,
        sending: SendingId,
    ) -> Result<Option<StoredSending>, StorageError>;

    /// A page of what an office sent or received, by number, the lowest first. What its state
    /// hides from a receiver is not in it.
    async fn list(
        &self,
        office: OfficeNumber,
        direction: Direction,
        query: ListQuery,
    ) -> Result<Page<StoredSending>, StorageError>;

    /// Lets an event happen to a sending. The receipt, if given, is stored with it if it changes
    /// the sending's state.
    async fn record(
        &self,
        receiver: OfficeNumber,
        sending: SendingId,
        event: Event,
        at: DateTime<Utc>,
        receipt: Option<NewReceipt>,
    ) -> Result<Recorded, StorageError>;

    /// Sendings whose time is over and that are not settled, the longest overdue first.
    async fn overdue(
        &self,
        now: DateTime<Utc>,
        limit: usize,
    ) -> Result<Vec<StoredSending>, StorageError>;

    /// Opens the container of a sending.
    async fn open_container(
        &self,
        sending: &StoredSending,
    ) -> Result<ContainerReader, StorageError>;
}
