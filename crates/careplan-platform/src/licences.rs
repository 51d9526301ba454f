//! The offices' licence ledgers as the platform keeps them: read, judged by the licence rules,
//! appended. The API, the web site and the operator's calls all go through here.

use std::sync::Arc;

use careplan_core::OfficeNumber;
use careplan_licence::{Event, EventKind, EventRefused, FeeTable, Ledger};
use chrono::{DateTime, Utc};

use crate::storage::{KnownLicence, Storage, StorageError};

/// The licence ledgers of all offices.
#[derive(Clone)]
pub(crate) struct Licences {
    storage: Arc<dyn Storage>,
    fees: Arc<FeeTable>,
}

/// Why nothing was recorded.
#[derive(Debug)]
pub(crate) enum NotRecorded {
    /// The office is not registered.
    UnknownOffice,
    /// The licence rules refuse it.
    Refused(EventRefused),
    /// The storage failed.
    Storage(StorageError),
}

impl From<StorageError> for NotRecorded {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl From<EventRefused> for NotRecorded {
    fn from(refused: EventRefused) -> Self {
        Self::Refused(refused)
    }
}

impl Licences {
    pub(crate) const fn new(storage: Arc<dyn Storage>, fees: Arc<FeeTable>) -> Self {
        Self { storage, fees }
    }

    /// The fee table.
    pub(crate) fn fees(&self) -> &FeeTable {
        &self.fees
    }

    /// The ledger of a registered office; `None` for others.
    pub(crate) async fn ledger(
        &self,
        office: OfficeNumber,
    ) -> Result<Option<Ledger>, StorageError> {
        let known = self.storage.licence_events(office).await?;
        if known.is_none() {
            return Ok(None);
        }
        self.replayed(office, known).map(Some)
    }

    /// The ledger of what is known of an office; one that is not registered has no licence.
    pub(crate) fn replayed(
        &self,
        office: OfficeNumber,
        known: KnownLicence,
    ) -> Result<Ledger, StorageError> {
        let events = known.unwrap_or_default();
        Ledger::replay(office, Arc::clone(&self.fees), events)
            .map_err(StorageError::damaged("replaying a licence"))
    }

    /// Records events of an office at an instant, all of them or none; the ledger with them.
    pub(crate) async fn record(
        &self,
        office: OfficeNumber,
        what: impl IntoIterator<Item = EventKind>,
        at: DateTime<Utc>,
    ) -> Result<Ledger, NotRecorded> {
        let events: Vec<_> = what.into_iter().map(|what| Event { at, what }).collect();
        loop {
            let mut ledger = self
                .ledger(office)
                .await?
                .ok_or(NotRecorded::UnknownOffice)?;
            let seen = ledger.events().len();
            for event in &events {
                ledger.apply(event.clone())?;
            }
            if self
                .storage
                .append_licence_events(office, seen, events.clone())
                .await?
            {
                return Ok(ledger);
            }
            // Somebody else recorded one meanwhile: judge again with theirs before ours.
        }
    }
}
