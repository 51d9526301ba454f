//! What storage hands over for looking through all of it, to see that it agrees with itself.

use async_trait::async_trait;
use careplan_core::{OfficeNumber, Sha256Digest};
use careplan_protocol::SendingId;
use chrono::{DateTime, Utc};

use super::{KeptCheckpoint, ReceiptKey, StorageError, StoredSending};

/// A sending with what is known of its container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InspectedSending {
    pub(crate) sending: StoredSending,
    /// When its container was removed after its time.
    pub(crate) removed_at: Option<DateTime<Utc>>,
}

/// An entry of the evidence log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogEntry {
    /// Its place, from 0.
    pub(crate) entry: u64,
    pub(crate) key: ReceiptKey,
    pub(crate) leaf: Sha256Digest,
}

/// Everything, page by page.
#[async_trait]
pub(crate) trait InspectionStorage: Send + Sync {
    /// All sendings in the order of receiver and number, from the one after `after` on.
    async fn all_sendings(
        &self,
        after: Option<(OfficeNumber, SendingId)>,
        limit: u32,
    ) -> Result<Vec<InspectedSending>, StorageError>;

    /// The log's entries in their order, from a place on.
    async fn log_entries(&self, from: u64, limit: u32) -> Result<Vec<LogEntry>, StorageError>;

    /// The kept checkpoints by size, from the one after a size on.
    async fn checkpoints_after(
        &self,
        size: Option<u64>,
        limit: u32,
    ) -> Result<Vec<KeptCheckpoint>, StorageError>;
}
