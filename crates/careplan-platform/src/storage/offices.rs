//! What storage does for offices and licences.

use async_trait::async_trait;
use careplan_core::OfficeNumber;
use careplan_licence::Event as LicenceEvent;
use chrono::{DateTime, Utc};

use super::StorageError;

/// Offices and their licence ledgers.
#[async_trait]
pub(crate) trait OfficeStorage: Send + Sync {
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
}
