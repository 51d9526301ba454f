//! What storage does for rehearsals: sendings that have run their course, many at a time.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{Access, NewReceipt, StorageError, StoredSending};

/// A sending that was confirmed, and whose container was removed after its time.
#[derive(Debug, Clone)]
pub(crate) struct PastSending {
    pub(crate) sending: StoredSending,
    /// In the order in which they were made.
    pub(crate) receipts: Vec<NewReceipt>,
    /// The calls that were made for it.
    pub(crate) accesses: Vec<Access>,
    pub(crate) container_removed_at: DateTime<Utc>,
}

/// Storage of past sendings.
#[async_trait]
pub(crate) trait PastStorage: Send + Sync {
    /// How many sendings there are; reads all of an index.
    async fn count_sendings(&self) -> Result<u64, StorageError>;

    /// Writes past sendings with their receipts, the log's entries of these, and their accesses,
    /// in one transaction: the rows that they would have left.
    async fn put_past(&self, past: Vec<PastSending>) -> Result<(), StorageError>;
}
