//! What the platform keeps, behind one trait that is the sum of its topics: offices and licences,
//! accounts, sessions, sendings and their containers.
//!
//! The topics are written once, in [`sql`], over an engine: [`sqlite`] is the embedded one, with
//! SQLite for what is known and a folder for containers; `cluster` the one beyond one machine, with
//! PostgreSQL and an object store. Storage stores and looks up; it decides nothing. What may happen to a sending is
//! decided by [`StoredSending::apply`], to a session by [`StoredSession::rotate`], to log-in attempts by
//! [`Failures::admit`]: storage only runs them inside its transaction.

mod access;
mod accounts;
mod certificates;
#[cfg(feature = "cluster")]
mod cluster;
mod containers;
mod error;
mod evidence;
mod inspection;
mod log_ins;
mod offices;
mod operations;
mod past;
mod records;
mod sendings;
mod serving;
mod sessions;
mod site;
mod sql;
mod sqlite;
#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::metrics::Metrics;

pub use access::Access;
pub(crate) use access::AccessStorage;
pub(crate) use accounts::AccountStorage;
pub(crate) use certificates::{CertificateStorage, chain_from_text, chain_to_text};
#[cfg(feature = "cluster")]
pub use cluster::{ClusterConfig, ClusterConfigError};
pub use error::{StorageError, StorageErrorKind};
pub(crate) use evidence::{
    Backlog, EvidenceStorage, KeptCheckpoint, KeptReceipt, LogBatch, NewReceipt, ReceiptKey,
    WaitingReceipt,
};
pub(crate) use inspection::{InspectedSending, InspectionStorage, LogEntry};
pub(crate) use log_ins::{Attempted, Failures, LogInStorage};
pub(crate) use offices::OfficeStorage;
pub(crate) use operations::{HealthStorage, RegisterStorage, Removal, RetentionStorage};
pub(crate) use past::{PastSending, PastStorage};
pub use records::PasswordValidity;
pub(crate) use records::{
    Account, Direction, Rotation, SessionTokens, StoredSending, StoredSession,
};
pub(crate) use sendings::{
    Acceptance, ContainerReader, KnownLicence, Prospect, Recorded, SendingStorage,
};
pub(crate) use serving::ServingLock;
pub(crate) use sessions::SessionStorage;
pub use site::TermsNotice;
pub(crate) use site::{SiteScope, SiteSession, SiteStorage, Terms};
pub use sqlite::backup::{BackupError, BackupSummary, back_up, read_manifest, restore};

/// Where a platform keeps what it is given.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum StorageChoice {
    /// In its home: SQLite and a folder.
    #[default]
    Embedded,
    /// In PostgreSQL and an object store; only uploads under way are in the home.
    #[cfg(feature = "cluster")]
    Cluster(Box<ClusterConfig>),
}

/// Opens the storage and brings its tables up to date. Inside the runtime it will be used on.
pub(crate) async fn open(
    choice: StorageChoice,
    home: &Path,
    readers: NonZeroUsize,
    metrics: Arc<Metrics>,
) -> Result<Arc<dyn Storage>, StorageError> {
    Ok(match choice {
        StorageChoice::Embedded => Arc::new(sqlite::SqliteStorage::open(home, readers, metrics)?),
        #[cfg(feature = "cluster")]
        StorageChoice::Cluster(config) => {
            Arc::new(cluster::ClusterStorage::open(*config, home, metrics).await?)
        }
    })
}

/// Where uploads are written until they are accepted.
pub(crate) fn spool(home: &Path) -> PathBuf {
    home.join("spool")
}

/// What storage does, topic by topic. Every method is atomic, and what it
/// reported as done survives a crash.
#[async_trait]
pub(crate) trait Storage:
    OfficeStorage
    + AccountStorage
    + LogInStorage
    + SessionStorage
    + SendingStorage
    + CertificateStorage
    + EvidenceStorage
    + AccessStorage
    + SiteStorage
    + RegisterStorage
    + HealthStorage
    + RetentionStorage
    + InspectionStorage
    + PastStorage
    + 'static
{
    /// Removes what uploads left behind that a crash interrupted; how many files. So that a crash
    /// in the middle of log-ins locks nobody, attempts under way are forgotten, unless other
    /// platforms may be at them: then they lapse. Called before the first upload and log-in.
    async fn recover(&self) -> Result<usize, StorageError>;

    /// Removes containers that no row makes a sending, as a crash or a failed commit leaves them,
    /// once none can come any more; how many.
    async fn remove_orphans(&self, now: DateTime<Utc>) -> Result<usize, StorageError>;
}
