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
mod certificates;
mod connections;
mod containers;
mod evidence;
mod offices;
mod row;
mod schema;
mod sendings;
mod sessions;
mod site;

use std::fs::{File, TryLockError};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use rusqlite::Connection;

use self::connections::{Readers, Writer};
use self::containers::ContainerFolder;
use super::{Storage, StorageError, StorageErrorKind};

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
