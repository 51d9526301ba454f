//! What storage does for sessions.

use async_trait::async_trait;
use careplan_core::OfficeNumber;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Rotation, SessionTokens, StorageError, StoredSession};
use crate::auth::TokenHash;

/// Sessions, by the hashes of their tokens.
#[async_trait]
pub(crate) trait SessionStorage: Send + Sync {
    /// Stores a new session.
    async fn open_session(&self, session: StoredSession) -> Result<(), StorageError>;

    /// The session an access token belongs to.
    async fn session(&self, access: TokenHash) -> Result<Option<StoredSession>, StorageError>;

    /// Exchanges a refresh token, presented by an office, for fresh tokens.
    async fn rotate_session(
        &self,
        office: OfficeNumber,
        presented: TokenHash,
        fresh: SessionTokens,
        now: DateTime<Utc>,
    ) -> Result<Rotation, StorageError>;

    /// Ends a session.
    async fn end_session(&self, session: Uuid) -> Result<(), StorageError>;

    /// Ends all sessions of an office, browsers' at the web site too.
    async fn end_sessions_of(&self, office: OfficeNumber) -> Result<(), StorageError>;

    /// Forgets sessions that are over.
    async fn forget_ended_sessions(&self, now: DateTime<Utc>) -> Result<(), StorageError>;
}
