//! What storage does for accounts.

use async_trait::async_trait;
use careplan_protocol::UserId;

use super::{Account, StorageError};

/// Accounts.
#[async_trait]
pub(crate) trait AccountStorage: Send + Sync {
    /// Stores an account, in place of one with the same user ID.
    async fn put_account(&self, account: Account) -> Result<(), StorageError>;

    /// The account of a user ID.
    async fn account(&self, user: UserId) -> Result<Option<Account>, StorageError>;
}
