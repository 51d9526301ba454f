//! What storage does for accounts and log-in attempts.

use async_trait::async_trait;
use careplan_core::OfficeNumber;
use careplan_protocol::UserId;
use chrono::{DateTime, Utc};

use super::{Account, StorageError};

/// Accounts and log-in attempts.
#[async_trait]
pub(crate) trait AccountStorage: Send + Sync {
    /// Stores an account, in place of one with the same user ID.
    async fn put_account(&self, account: Account) -> Result<(), StorageError>;

    /// The account of a user ID.
    async fn account(&self, user: UserId) -> Result<Option<Account>, StorageError>;

    /// Counts a log-in attempt of an office, unless it is locked; then until when it is.
    async fn begin_log_in(
        &self,
        office: OfficeNumber,
        now: DateTime<Utc>,
    ) -> Result<Result<(), DateTime<Utc>>, StorageError>;

    /// Forgets the attempts of an office.
    async fn forget_attempts(&self, office: OfficeNumber) -> Result<(), StorageError>;
}
