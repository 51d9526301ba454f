//! What the platform keeps, behind one trait: offices and licences, accounts and sessions,
//! sendings and their containers.
//!
//! [`sqlite`] is the embedded implementation: SQLite for what is known, a folder for containers.
//! An implementation stores and looks up; it decides nothing. What may happen to a sending is
//! decided by [`StoredSending::apply`], to a session by [`StoredSession::rotate`], to log-in attempts by
//! [`Attempts::begin`]: an implementation only runs them inside its transaction.

mod error;
mod records;
pub(crate) mod sqlite;

use async_trait::async_trait;
use careplan_core::OfficeNumber;
use careplan_licence::Event as LicenceEvent;
use careplan_protocol::{
    Event, IdempotencyKey, ListQuery, Page, SendingId, TransitionRefused, UserId,
};
use chrono::{DateTime, Utc};
use tokio::io::AsyncRead;
use uuid::Uuid;

pub use error::{StorageError, StorageErrorKind};
pub use records::PasswordValidity;
pub(crate) use records::{
    Account, Attempts, Direction, Rotation, SessionTokens, StoredSending, StoredSession,
};

use crate::auth::TokenHash;
use crate::spool::Spooled;

/// The bytes of a stored container.
pub(crate) type ContainerReader = Box<dyn AsyncRead + Send + Unpin>;

/// What became of a sending that was to be stored.
#[derive(Debug)]
pub(crate) enum Acceptance {
    /// It is on stable storage.
    Stored(StoredSending),
    /// One with the same sender and idempotency key was there before; nothing was stored.
    Before(StoredSending),
}

/// What became of an event that was to happen to a sending.
pub(crate) enum Recorded {
    /// It happened, now or before; the sending after it.
    Done(StoredSending),
    /// It cannot happen.
    Refused(TransitionRefused),
    /// There is no such sending.
    Unknown,
}

/// What an implementation of storage does. Every method is atomic, and what it reported as done
/// survives a crash.
#[async_trait]
pub(crate) trait Storage: Send + Sync + 'static {
    /// Registers an office; an office registered before stays as it is.
    async fn register_office(
        &self,
        office: OfficeNumber,
        at: DateTime<Utc>,
    ) -> Result<(), StorageError>;

    /// The licence events of a registered office, in order; `None` for others.
    async fn licence_events(
        &self,
        office: OfficeNumber,
    ) -> Result<Option<Vec<LicenceEvent>>, StorageError>;

    /// Appends licence events if the office has `seen` of them; `false` if it has not.
    async fn append_licence_events(
        &self,
        office: OfficeNumber,
        seen: usize,
        events: Vec<LicenceEvent>,
    ) -> Result<bool, StorageError>;

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

    /// Ends all sessions of an office.
    async fn end_sessions_of(&self, office: OfficeNumber) -> Result<(), StorageError>;

    /// The sending an office made under an idempotency key.
    async fn sending_by_key(
        &self,
        sender: OfficeNumber,
        key: IdempotencyKey,
    ) -> Result<Option<StoredSending>, StorageError>;

    /// Puts a sending and its container on stable storage.
    async fn accept(
        &self,
        sending: StoredSending,
        container: Spooled,
    ) -> Result<Acceptance, StorageError>;

    /// A sending of which the office is the sender or the receiver.
    async fn sending(
        &self,
        office: OfficeNumber,
        sending: SendingId,
    ) -> Result<Option<StoredSending>, StorageError>;

    /// A page of what an office sent or received, by number, the lowest first. What its state
    /// hides from a receiver is not in it.
    async fn list(
        &self,
        office: OfficeNumber,
        direction: Direction,
        query: ListQuery,
    ) -> Result<Page<StoredSending>, StorageError>;

    /// Lets an event happen to a sending.
    async fn record(
        &self,
        receiver: OfficeNumber,
        sending: SendingId,
        event: Event,
        at: DateTime<Utc>,
    ) -> Result<Recorded, StorageError>;

    /// Opens the container of a sending.
    async fn open_container(
        &self,
        sending: &StoredSending,
    ) -> Result<ContainerReader, StorageError>;

    /// Expires what was not confirmed in time and forgets sessions that are over; how many
    /// sendings expired.
    async fn sweep(&self, now: DateTime<Utc>) -> Result<usize, StorageError>;

    /// Removes what uploads left behind that a crash interrupted; how many files. Called before
    /// the first upload.
    async fn recover(&self) -> Result<usize, StorageError>;
}
