//! What storage does for accounts.

use async_trait::async_trait;
use careplan_protocol::UserId;

use super::{Account, StorageError};

/// Accounts.
#[async_trait]
pub(crate) trait AccountStorage: Send + Sync {
    /// Stores an account, in place of one with the same user ID. `false` if that is another
    /// office's: a user ID stays with its office.
    async fn put_account(&self, account: Account) -> Result<bool, StorageError>;

    /// The account of a user ID.
    async fn account(&self, user: UserId) -> Result<Option<Account>, StorageError>;
}
