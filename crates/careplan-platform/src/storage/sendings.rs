//! What storage does for sendings.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_trait::async_trait;
use bytes::Bytes;
use careplan_core::OfficeNumber;
use careplan_licence::Event as LicenceEvent;
use careplan_protocol::{Event, IdempotencyKey, ListQuery, Page, SendingId, TransitionRefused};
use chrono::{DateTime, Utc};
use tokio::io::{AsyncRead, ReadBuf};

use super::{Direction, NewReceipt, StorageError, StoredSending};
use crate::spool::Spooled;

/// The bytes of a stored container.
pub(crate) enum ContainerReader {
    /// All of a small one.
    Whole(Bytes),
    /// A long one, to be read.
    Long(Box<dyn AsyncRead + Send + Unpin>),
}

impl AsyncRead for ContainerReader {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Whole(content) => {
                let fits = content.len().min(buffer.remaining());
                buffer.put_slice(&content.split_to(fits));
                Poll::Ready(Ok(()))
            }
            Self::Long(reader) => Pin::new(reader).poll_read(cx, buffer),
        }
    }
}

/// What became of a sending that was to be stored.
#[derive(Debug)]
pub(crate) enum Acceptance {
    /// It is on stable storage.
    Stored(StoredSending),
    /// One with the same sender and idempotency key was there before; nothing was stored.
    Before(StoredSending),
}

/// What is known when an office wants to send to another.
#[derive(Debug)]
pub(crate) struct Prospect {
    /// The sending it made under the same idempotency key before.
    pub(crate) before: Option<StoredSending>,
    pub(crate) sender: KnownLicence,
    pub(crate) receiver: KnownLicence,
}

/// What happened to the licence of an office; nothing is known of one that is not registered.
pub(crate) type KnownLicence = Option<Vec<LicenceEvent>>;

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

    /// What is known when an office wants to send to another under an idempotency key.
    async fn prospect(
        &self,
        sender: OfficeNumber,
        receiver: OfficeNumber,
        key: IdempotencyKey,
    ) -> Result<Prospect, StorageError>;

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

    /// A sending in the mailbox of an office, with what is known of the office's licence.
    async fn received(
        &self,
        receiver: OfficeNumber,
        sending: SendingId,
    ) -> Result<Option<(StoredSending, KnownLicence)>, StorageError>;

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
