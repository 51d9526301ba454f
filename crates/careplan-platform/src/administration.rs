//! What an operator does: offices, accounts, licences. Library calls, for a program that serves
//! and for one that only administers.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use careplan_core::{OfficeNumber, japan_date};
use careplan_licence::{Event as LicenceEvent, EventKind, FeeTable, Ledger, OfficeState};
use careplan_protocol::{Password, UserId};
use tokio::runtime::{Handle, Runtime};

use crate::auth::PasswordHash;
use crate::clock::recorded_now;
use crate::storage::sqlite::SqliteStorage;
use crate::storage::{Account, Storage, StorageError};
use crate::{AdministrationError, Clock, PasswordValidity};

/// Administration of a platform's offices.
///
/// The calls block, so not to be made from inside an async task.
pub struct Administration {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    fees: Arc<FeeTable>,
    handle: Handle,
    /// The runtime of an administration without a platform around it.
    _own: Option<Runtime>,
}

impl fmt::Debug for Administration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Administration")
    }
}

impl Administration {
    /// Opens the home of a platform, whether or not one serves from it at the moment.
    ///
    /// # Errors
    /// If the storage cannot be used.
    pub fn open(home: &Path, clock: Arc<dyn Clock>) -> Result<Self, AdministrationError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .build()
            .map_err(|error| AdministrationError::System(error.into()))?;
        let storage = SqliteStorage::open(home, NonZeroUsize::MIN)?;
        Ok(Self {
            storage: Arc::new(storage),
            clock,
            fees: Arc::new(FeeTable::standard()),
            handle: runtime.handle().clone(),
            _own: Some(runtime),
        })
    }

    pub(crate) fn of_platform(
        storage: Arc<dyn Storage>,
        clock: Arc<dyn Clock>,
        fees: Arc<FeeTable>,
        handle: Handle,
    ) -> Self {
        Self {
            storage,
            clock,
            fees,
            handle,
            _own: None,
        }
    }

    /// Registers an office, so that others find it in the directory. Doing it again changes
    /// nothing.
    ///
    /// # Errors
    /// If the storage cannot be used.
    pub fn register_office(&self, office: OfficeNumber) -> Result<(), AdministrationError> {
        let now = recorded_now(&*self.clock);
        Ok(self.run(self.storage.register_office(office, now))?)
    }

    /// Gives an office a log-in, or its log-in a new password; its sessions end.
    ///
    /// # Errors
    /// If the office is not registered, or the storage cannot be used.
    pub fn set_password(
        &self,
        office: OfficeNumber,
        user: UserId,
        password: &Password,
        validity: PasswordValidity,
    ) -> Result<(), AdministrationError> {
        let password = PasswordHash::of(password)
            .map_err(|error| AdministrationError::System(error.into()))?;
        self.run(async {
            self.events(office).await?;
            self.storage
                .put_account(Account {
                    user,
                    office,
                    password,
                    validity,
                })
                .await?;
            self.storage.forget_attempts(office).await?;
            self.storage.end_sessions_of(office).await?;
            Ok(())
        })
    }

    /// Ends all sessions of an office: whoever uses it has to log in again.
    ///
    /// # Errors
    /// If the storage cannot be used.
    pub fn end_sessions(&self, office: OfficeNumber) -> Result<(), AdministrationError> {
        Ok(self.run(self.storage.end_sessions_of(office))?)
    }

    /// Records something that happened to an office's licence, such as an application, a consent
    /// or a revocation, at the current time.
    ///
    /// # Errors
    /// If the licence rules refuse it, the office is not registered, or the storage cannot be used.
    pub fn record_licence_event(
        &self,
        office: OfficeNumber,
        what: EventKind,
    ) -> Result<(), AdministrationError> {
        self.record_licence_events(office, [what])
    }

    /// Records several such events at once: all of them, or none.
    ///
    /// # Errors
    /// As [`record_licence_event`](Self::record_licence_event).
    pub fn record_licence_events(
        &self,
        office: OfficeNumber,
        what: impl IntoIterator<Item = EventKind>,
    ) -> Result<(), AdministrationError> {
        let at = recorded_now(&*self.clock);
        let events: Vec<_> = what
            .into_iter()
            .map(|what| LicenceEvent { at, what })
            .collect();
        self.run(async {
            loop {
                let mut ledger = self.ledger(office).await?;
                let seen = ledger.events().len();
                for event in &events {
                    ledger.apply(event.clone())?;
                }
                if self
                    .storage
                    .append_licence_events(office, seen, events.clone())
                    .await?
                {
                    return Ok(());
                }
                // Somebody else recorded one meanwhile: judge again with theirs before ours.
            }
        })
    }

    /// How an office's licence stands today.
    ///
    /// # Errors
    /// If the office is not registered, or the storage cannot be used.
    pub fn licence(&self, office: OfficeNumber) -> Result<OfficeState, AdministrationError> {
        let today = japan_date(recorded_now(&*self.clock));
        Ok(self.run(self.ledger(office))?.on(today))
    }

    async fn events(&self, office: OfficeNumber) -> Result<Vec<LicenceEvent>, AdministrationError> {
        self.storage
            .licence_events(office)
            .await?
            .ok_or(AdministrationError::UnknownOffice(office))
    }

    async fn ledger(&self, office: OfficeNumber) -> Result<Ledger, AdministrationError> {
        let events = self.events(office).await?;
        Ledger::replay(office, Arc::clone(&self.fees), events)
            .map_err(|error| StorageError::damaged("replaying a licence")(error).into())
    }

    fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.handle.block_on(work)
    }
}
