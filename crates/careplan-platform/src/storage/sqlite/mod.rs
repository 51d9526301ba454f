//! Storage in SQLite and a folder: the embedded implementation.
//!
//! ```text
//! home/platform.sqlite   what is known (WAL, synchronous FULL)
//! home/containers/…      the containers, by the hour of their sending's number
//! home/spool/…           uploads under way
//! home/serving.lock      held by the platform that serves from this home
//! ```
//!
//! Writes go through one thread that commits those that wait together (group commit); reads have
//! connections of their own and do not wait for writes.

mod accounts;
mod connections;
mod containers;
mod offices;
mod row;
mod schema;
mod sendings;

use std::fs::{File, TryLockError};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use careplan_core::OfficeNumber;
use careplan_licence::Event as LicenceEvent;
use careplan_protocol::{Event, IdempotencyKey, ListQuery, Page, SendingId, UserId};
use chrono::{DateTime, Utc};
use rusqlite::Connection;
use uuid::Uuid;

use self::connections::{Readers, Writer};
use self::containers::{ContainerFolder, ContainerPlace};
use super::{
    Acceptance, Account, ContainerReader, Direction, Recorded, Rotation, SessionTokens, Storage,
    StorageError, StorageErrorKind, StoredSending, StoredSession,
};
use crate::auth::TokenHash;
use crate::spool::Spooled;

/// Storage in one folder of the local file system.
pub(crate) struct SqliteStorage {
    writer: Writer,
    readers: Readers,
    containers: ContainerFolder,
    home: PathBuf,
}

/// Held while a platform serves from a home; two would sweep away each other's uploads.
pub(crate) struct ServingLock {
    _file: File,
}

impl SqliteStorage {
    /// Opens the storage in a folder, made if it is not there, and brings its tables up to date.
    pub(crate) fn open(home: &Path, readers: NonZeroUsize) -> Result<Self, StorageError> {
        std::fs::create_dir_all(home).map_err(StorageError::unavailable("making the home"))?;
        let database = home.join("platform.sqlite");
        let mut connection = connections::open_for_writing(&database)?;
        schema::migrate(&mut connection)?;
        Ok(Self {
            writer: Writer::start(connection)?,
            readers: Readers::start(&database, readers)?,
            containers: ContainerFolder::open(home)?,
            home: home.to_owned(),
        })
    }

    /// Where uploads are written until they are accepted.
    pub(crate) fn spool(&self) -> PathBuf {
        self.containers.spool()
    }

    /// Takes the right to serve from this home.
    pub(crate) fn lock_for_serving(&self) -> Result<ServingLock, StorageError> {
        const WHAT: &str = "taking the lock";
        let file = File::create(self.home.join("serving.lock"))
            .map_err(StorageError::unavailable(WHAT))?;
        match file.try_lock() {
            Ok(()) => Ok(ServingLock { _file: file }),
            Err(TryLockError::WouldBlock) => {
                Err(StorageError::without_source(StorageErrorKind::InUse, WHAT))
            }
            Err(TryLockError::Error(error)) => Err(StorageError::unavailable(WHAT)(error)),
        }
    }

    /// Runs a read.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        self.readers.run(work).await
    }

    /// Runs a write and waits until it is on stable storage.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        self.writer.run(None, work).await
    }
}

#[async_trait]
impl Storage for SqliteStorage {
    async fn register_office(
        &self,
        office: OfficeNumber,
        at: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        self.write(move |db| offices::register(db, office, at))
            .await
    }

    async fn licence_events(
        &self,
        office: OfficeNumber,
    ) -> Result<Option<Vec<LicenceEvent>>, StorageError> {
        self.read(move |db| offices::licence_events(db, office))
            .await
    }

    async fn append_licence_events(
        &self,
        office: OfficeNumber,
        seen: usize,
        events: Vec<LicenceEvent>,
    ) -> Result<bool, StorageError> {
        self.write(move |db| offices::append_licence_events(db, office, seen, &events))
            .await
    }

    async fn put_account(&self, account: Account) -> Result<(), StorageError> {
        self.write(move |db| accounts::put(db, &account)).await
    }

    async fn account(&self, user: UserId) -> Result<Option<Account>, StorageError> {
        self.read(move |db| accounts::find(db, user)).await
    }

    async fn begin_log_in(
        &self,
        office: OfficeNumber,
        now: DateTime<Utc>,
    ) -> Result<Result<(), DateTime<Utc>>, StorageError> {
        self.write(move |db| accounts::begin_log_in(db, office, now))
            .await
    }

    async fn forget_attempts(&self, office: OfficeNumber) -> Result<(), StorageError> {
        self.write(move |db| accounts::forget_attempts(db, office))
            .await
    }

    async fn open_session(&self, session: StoredSession) -> Result<(), StorageError> {
        self.write(move |db| accounts::open_session(db, &session))
            .await
    }

    async fn session(&self, access: TokenHash) -> Result<Option<StoredSession>, StorageError> {
        self.read(move |db| accounts::session(db, access)).await
    }

    async fn rotate_session(
        &self,
        office: OfficeNumber,
        presented: TokenHash,
        fresh: SessionTokens,
        now: DateTime<Utc>,
    ) -> Result<Rotation, StorageError> {
        self.write(move |db| accounts::rotate_session(db, office, presented, fresh, now))
            .await
    }

    async fn end_session(&self, session: Uuid) -> Result<(), StorageError> {
        self.write(move |db| accounts::end_session(db, session))
            .await
    }

    async fn end_sessions_of(&self, office: OfficeNumber) -> Result<(), StorageError> {
        self.write(move |db| accounts::end_sessions_of(db, office))
            .await
    }

    async fn sending_by_key(
        &self,
        sender: OfficeNumber,
        key: IdempotencyKey,
    ) -> Result<Option<StoredSending>, StorageError> {
        self.read(move |db| sendings::by_key(db, sender, key)).await
    }

    async fn accept(
        &self,
        sending: StoredSending,
        container: Spooled,
    ) -> Result<Acceptance, StorageError> {
        // The container first, then the row that makes it a sending: what a crash leaves without
        // a row, `recover` removes. After an error the container stays too, because a commit that
        // reported one may still have reached the disk.
        let place = ContainerPlace::of(&sending);
        let folder = self.containers.store(place, container).await?;
        let accepted = self
            .writer
            .run(Some(folder), move |db| sendings::accept(db, sending))
            .await?;
        if matches!(accepted, Acceptance::Before(_)) {
            self.containers.remove(place).await?;
        }
        Ok(accepted)
    }

    async fn sending(
        &self,
        office: OfficeNumber,
        sending: SendingId,
    ) -> Result<Option<StoredSending>, StorageError> {
        self.read(move |db| sendings::find(db, office, sending))
            .await
    }

    async fn list(
        &self,
        office: OfficeNumber,
        direction: Direction,
        query: ListQuery,
    ) -> Result<Page<StoredSending>, StorageError> {
        self.read(move |db| sendings::list(db, office, direction, &query))
            .await
    }

    async fn record(
        &self,
        receiver: OfficeNumber,
        sending: SendingId,
        event: Event,
        at: DateTime<Utc>,
    ) -> Result<Recorded, StorageError> {
        self.write(move |db| sendings::record(db, receiver, sending, event, at))
            .await
    }

    async fn open_container(
        &self,
        sending: &StoredSending,
    ) -> Result<ContainerReader, StorageError> {
        self.containers
            .open_container(ContainerPlace::of(sending), sending.summary.bytes)
            .await
    }

    async fn sweep(&self, now: DateTime<Utc>) -> Result<usize, StorageError> {
        self.write(move |db| {
            accounts::forget_ended_sessions(db, now)?;
            sendings::expire_overdue(db, now)
        })
        .await
    }

    async fn recover(&self) -> Result<usize, StorageError> {
        let spooled = self.containers.clear_spool().await?;
        // A container without a sending, as a crash between storing and committing leaves it, is
        // among the latest: only the folders of the last hours are looked at.
        let recent = self.containers.latest().await?;
        let orphans = self
            .read(move |db| sendings::without_row(db, recent))
            .await?;
        for &orphan in &orphans {
            self.containers.remove(orphan).await?;
        }
        Ok(spooled + orphans.len())
    }
}
