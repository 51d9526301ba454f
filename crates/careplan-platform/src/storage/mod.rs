//! What the platform keeps, behind one trait that is the sum of its topics: offices and licences,
//! accounts, sessions, sendings and their containers.
//!
//! [`sqlite`] is the embedded implementation: SQLite for what is known, a folder for containers.
//! An implementation stores and looks up; it decides nothing. What may happen to a sending is
//! decided by [`StoredSending::apply`], to a session by [`StoredSession::rotate`], to log-in attempts by
//! [`Attempts::begin`]: an implementation only runs them inside its transaction.

mod accounts;
mod certificates;
mod error;
mod evidence;
mod offices;
mod records;
mod sendings;
mod sessions;
mod site;
pub(crate) mod sqlite;

use async_trait::async_trait;

pub(crate) use accounts::AccountStorage;
pub(crate) use certificates::{CertificateStorage, chain_from_text, chain_to_text};
pub use error::{StorageError, StorageErrorKind};
pub(crate) use evidence::{
    EvidenceStorage, KeptCheckpoint, KeptReceipt, LogBatch, NewReceipt, ReceiptKey, WaitingReceipt,
};
pub(crate) use offices::OfficeStorage;
pub use records::PasswordValidity;
pub(crate) use records::{
    Account, Attempts, Direction, Rotation, SessionTokens, StoredSending, StoredSession,
};
pub(crate) use sendings::{Acceptance, ContainerReader, Recorded, SendingStorage};
pub(crate) use sessions::SessionStorage;
pub use site::TermsNotice;
pub(crate) use site::{SiteScope, SiteSession, SiteStorage, Terms};

/// What an implementation of storage does, topic by topic. Every method is atomic, and what it
/// reported as done survives a crash.
#[async_trait]
pub(crate) trait Storage:
    OfficeStorage
    + AccountStorage
    + SessionStorage
    + SendingStorage
    + CertificateStorage
    + EvidenceStorage
    + SiteStorage
    + 'static
{
    /// Removes what uploads left behind that a crash interrupted; how many files. Called before
    /// the first upload.
    async fn recover(&self) -> Result<usize, StorageError>;
}
