//! Storage in SQLite and a folder: the embedded implementation.
//!
//! ```text
//! home/platform.sqlite   what is known (WAL, synchronous FULL)
//! home/containers/…      the containers, by the hour of their sending's number
//! home/spool/…           uploads under way
//! home/serving.lock      held by the platform that serves from this home, see `ServingLock`
//! home/containers.lock   held while containers are deleted, or must not be
//! ```
//!
//! Writes go through one thread that commits those that wait together (group commit); reads have
//! connections of their own and do not wait for writes.

pub(in crate::storage) mod backup;
mod connections;
mod containers;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::connections::{Readers, Writer};
use self::containers::ContainerFolder;
use super::StorageError;
use super::sql::{Connection, Engine, migrate};
use crate::metrics::Metrics;

/// Storage in one folder of the local file system.
pub(crate) struct SqliteStorage {
    writer: Writer,
    readers: Readers,
    containers: ContainerFolder,
    metrics: Arc<Metrics>,
}

impl SqliteStorage {
    /// Opens the storage in a folder, made if it is not there, and brings its tables up to date.
    pub(crate) fn open(
        home: &Path,
        readers: NonZeroUsize,
        metrics: Arc<Metrics>,
    ) -> Result<Self, StorageError> {
        std::fs::create_dir_all(home).map_err(StorageError::unavailable("making the home"))?;
        let database = home.join("platform.sqlite");
        let mut connection = connections::open_for_writing(&database)?;
        connections::in_transaction(&mut connection, migrate)?;
        Ok(Self {
            writer: Writer::start(connection, Arc::clone(&metrics))?,
            readers: Readers::start(&database, readers)?,
            containers: ContainerFolder::open(home)?,
            metrics,
        })
    }
}

impl Engine for SqliteStorage {
    type Containers = ContainerFolder;

    async fn read<T, W>(&self, work: W) -> Result<T, StorageError>
    where
        T: Send + 'static,
        W: Fn(&Connection) -> Result<T, StorageError> + Send + 'static,
    {
        self.metrics
            .measure("read", self.readers.run(move |db| work(db)))
            .await
    }

    async fn write<T, W>(&self, work: W) -> Result<T, StorageError>
    where
        T: Send + 'static,
        W: Fn(&Connection) -> Result<T, StorageError> + Send + 'static,
    {
        self.metrics
            .measure("write", self.writer.run(None, move |db| work(db)))
            .await
    }

    async fn write_after<T, W>(&self, folder: PathBuf, work: W) -> Result<T, StorageError>
    where
        T: Send + 'static,
        W: Fn(&Connection) -> Result<T, StorageError> + Send + 'static,
    {
        self.metrics
            .measure("write", self.writer.run(Some(folder), move |db| work(db)))
            .await
    }

    fn serves_alone(&self) -> bool {
        // The home is locked while a platform serves from it.
        true
    }

    fn containers(&self) -> &ContainerFolder {
        &self.containers
    }

    fn spool(&self) -> PathBuf {
        self.containers.spool()
    }
}
