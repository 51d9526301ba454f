//! What storage keeps of evidence: signed receipts, the log's tree, its checkpoints.
//!
//! Receipts are stored with the event they are for, by [`Storage::accept`](super::Storage::accept)
//! and [`Storage::record`](super::Storage::record); the log takes them in afterwards.

use async_trait::async_trait;
use careplan_core::{OfficeNumber, Sha256Digest};
use careplan_protocol::{EvidenceEvent, SendingId};
use chrono::{DateTime, Utc};

use super::StorageError;

/// Which receipt: of which sending, for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ReceiptKey {
    pub(crate) receiver: OfficeNumber,
    pub(crate) sending: SendingId,
    pub(crate) event: EvidenceEvent,
}

/// A receipt that is to be stored with the event it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewReceipt {
    pub(crate) event: EvidenceEvent,
    pub(crate) at: DateTime<Utc>,
    /// The signed document.
    pub(crate) container: Vec<u8>,
    /// Its hash in the log.
    pub(crate) leaf: Sha256Digest,
}

/// A receipt as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeptReceipt {
    pub(crate) event: EvidenceEvent,
    pub(crate) at: DateTime<Utc>,
    /// The signed document.
    pub(crate) container: Vec<u8>,
    /// Its hash in the log.
    pub(crate) leaf: Sha256Digest,
    /// Its place in the log, from 0; none until the log has taken it in.
    pub(crate) entry: Option<u64>,
}

/// A receipt that the log has not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WaitingReceipt {
    pub(crate) key: ReceiptKey,
    pub(crate) leaf: Sha256Digest,
}

/// What the log has still to take in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Backlog {
    /// How many receipts.
    pub(crate) receipts: u64,
    /// When the oldest of them was made.
    pub(crate) oldest: Option<DateTime<Utc>>,
}

/// What the log takes in at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogBatch {
    /// The place of the first receipt.
    pub(crate) first_entry: u64,
    pub(crate) receipts: Vec<ReceiptKey>,
    /// The number of the first node: how many there are before.
    pub(crate) first_node: u64,
    pub(crate) nodes: Vec<Sha256Digest>,
}

/// A signed head of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeptCheckpoint {
    pub(crate) size: u64,
    pub(crate) at: DateTime<Utc>,
    /// The signed document.
    pub(crate) container: Vec<u8>,
}

/// Storage of evidence.
#[async_trait]
pub(crate) trait EvidenceStorage: Send + Sync + 'static {
    /// A receipt.
    async fn receipt(&self, key: ReceiptKey) -> Result<Option<KeptReceipt>, StorageError>;

    /// The receipts of a sending, in no order.
    async fn receipts(
        &self,
        receiver: OfficeNumber,
        sending: SendingId,
    ) -> Result<Vec<KeptReceipt>, StorageError>;

    /// Receipts that the log has not taken in, the oldest sendings' first.
    async fn waiting_receipts(&self, limit: usize) -> Result<Vec<WaitingReceipt>, StorageError>;

    /// How many receipts the log has not taken in, and since when.
    async fn backlog(&self) -> Result<Backlog, StorageError>;

    /// How many nodes the log's tree has.
    async fn count_log_nodes(&self) -> Result<u64, StorageError>;

    /// Nodes of the log's tree by number, in the order asked for.
    async fn log_nodes(&self, numbers: Vec<u64>) -> Result<Vec<Sha256Digest>, StorageError>;

    /// Takes receipts into the log, all of them or none; `false`, and nothing is changed, if the
    /// log has not [`first_node`](LogBatch::first_node) nodes or a receipt is in it already:
    /// another process was quicker.
    async fn append_to_log(&self, batch: LogBatch) -> Result<bool, StorageError>;

    /// The latest checkpoint.
    async fn latest_checkpoint(&self) -> Result<Option<KeptCheckpoint>, StorageError>;

    /// Stores a checkpoint, in place of the one of the size `replaced`, if given. One of the same
    /// size is replaced too.
    async fn put_checkpoint(
        &self,
        checkpoint: KeptCheckpoint,
        replaced: Option<u64>,
    ) -> Result<(), StorageError>;
}
