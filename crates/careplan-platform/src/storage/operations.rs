//! What storage does for those who operate the platform: registers to look through, locks, signs of
//! life, and the removal of what has been kept long enough.

use async_trait::async_trait;
use careplan_core::{OfficeNumber, UserId};
use careplan_protocol::SendingId;
use chrono::{DateTime, Utc};

use super::{Account, NewReceipt, StorageError, StoredSending};

/// Offices and accounts as an operator sees them.
#[async_trait]
pub(crate) trait RegisterStorage: Send + Sync {
    /// Registered offices in the order of their numbers, from the one after `after` on, at most
    /// `limit`; each with when it was registered.
    async fn offices(
        &self,
        after: Option<OfficeNumber>,
        limit: u32,
    ) -> Result<Vec<(OfficeNumber, DateTime<Utc>)>, StorageError>;

    /// The accounts of an office, in the order of their user IDs.
    async fn accounts_of(&self, office: OfficeNumber) -> Result<Vec<Account>, StorageError>;

    /// Locks an account, or unlocks it with `None`; locked again, it keeps its first time.
    async fn set_account_lock(
        &self,
        user: UserId,
        locked_at: Option<DateTime<Utc>>,
    ) -> Result<(), StorageError>;

    /// Since when an account is locked by an operator.
    async fn account_lock(&self, user: UserId) -> Result<Option<DateTime<Utc>>, StorageError>;
}

/// Whether the storage can do its work.
#[async_trait]
pub(crate) trait HealthStorage: Send + Sync {
    /// Writes a sign of life and waits until it is on stable storage.
    async fn beat(&self, at: DateTime<Utc>) -> Result<(), StorageError>;

    /// Free space for containers and uploads under way in bytes; `None` where there is no such bound.
    async fn free_bytes(&self) -> Result<Option<u64>, StorageError>;
}

/// A container whose time is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Removal {
    pub(crate) receiver: OfficeNumber,
    pub(crate) sending: SendingId,
    /// Says that it was removed, and when.
    pub(crate) receipt: NewReceipt,
}

/// Removing the containers of settled sendings.
#[async_trait]
pub(crate) trait RetentionStorage: Send + Sync {
    /// Sendings settled at or before `settled_by` whose containers are not marked as removed, the
    /// longest settled first, at most `limit`.
    async fn removable(
        &self,
        settled_by: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<StoredSending>, StorageError>;

    /// Marks containers as removed, each with its receipt, and leaves out those that are marked
    /// already; how many. From then on they are not handed out.
    async fn mark_removed(&self, removals: Vec<Removal>) -> Result<usize, StorageError>;

    /// Deletes the containers that are marked and still there; how many.
    async fn delete_marked(&self) -> Result<usize, StorageError>;

    /// When a sending's container was removed.
    async fn removed_at(
        &self,
        receiver: OfficeNumber,
        sending: SendingId,
    ) -> Result<Option<DateTime<Utc>>, StorageError>;
}
