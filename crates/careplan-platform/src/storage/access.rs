//! What storage keeps of who called: the access log.

use async_trait::async_trait;
use careplan_core::OfficeNumber;
use careplan_protocol::SendingId;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::StorageError;

/// A call. Nothing of what was sent or answered is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Access {
    /// When it came.
    pub at: DateTime<Utc>,
    /// The call's number, the one in the answer's `request-id`.
    pub request: Uuid,
    /// The office of the certificate; none if the certificate was refused.
    pub office: Option<OfficeNumber>,
    /// Method and path, with the names of parameters in braces.
    pub call: String,
    /// The sending it was about, if it was about one.
    pub sending: Option<SendingId>,
    /// The HTTP status it was answered with; [`CUT_OFF`](Self::CUT_OFF) if its caller left before.
    pub status: u16,
    /// The code of the problem it was answered with, if it was one.
    pub problem: Option<String>,
}

impl Access {
    /// In place of a status: the call was not answered. What it did by then is done.
    pub const CUT_OFF: u16 = 0;
}

/// Storage of accesses: appended to, and removed when their time is over.
#[async_trait]
pub(crate) trait AccessStorage: Send + Sync {
    /// Appends accesses.
    async fn append_accesses(&self, accesses: Vec<Access>) -> Result<(), StorageError>;

    /// Removes the oldest accesses that came before an instant, at most `limit`; how many.
    async fn remove_accesses(
        &self,
        before: DateTime<Utc>,
        limit: u32,
    ) -> Result<usize, StorageError>;

    /// Accesses whose numbers come after one, oldest first; of one office, if given.
    async fn accesses(
        &self,
        office: Option<OfficeNumber>,
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<Vec<Access>, StorageError>;
}
