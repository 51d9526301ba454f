//! Storage beyond one machine: PostgreSQL, or what speaks its protocol, and an object store.
//!
//! Several platforms may serve from the same one. Every piece of work is one serialisable
//! transaction; one that the database refuses for what others did meanwhile is run again.

mod config;
mod connection;
mod objects;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio::runtime::Handle;

pub use self::config::{ClusterConfig, ClusterConfigError};
use self::connection::{PostgresConnection, may_succeed_again};
use self::objects::ObjectContainers;
use super::StorageError;
use super::sql::{Connection, Engine, migrate};
use crate::metrics::Metrics;

/// How long to wait for a connection: to be free, and to be made.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often work is run that the database refuses for what others did meanwhile.
const ATTEMPTS: u32 = 20;
/// The longest pause before it is run again, in milliseconds.
const LONGEST_PAUSE: u64 = 200;

/// Storage in PostgreSQL and an object store.
pub(crate) struct ClusterStorage {
    pool: Pool,
    containers: ObjectContainers,
    spool: PathBuf,
    metrics: Arc<Metrics>,
}

impl ClusterStorage {
    /// Opens it and brings its tables up to date; `home` is for uploads under way.
    ///
    /// To be called inside a runtime, on which the connections then live.
    pub(crate) async fn open(
        config: ClusterConfig,
        home: &Path,
        metrics: Arc<Metrics>,
    ) -> Result<Self, StorageError> {
        let (database, tls) = config.connecting().map_err(StorageError::unavailable(
            "securing connections to the database",
        ))?;
        let spool = super::spool(home);
        std::fs::create_dir_all(&spool).map_err(StorageError::unavailable("making the spool"))?;
        let manager = Manager::from_config(
            database,
            tls,
            ManagerConfig {
                recycling_method: RecyclingMethod::Fast,
            },
        );
        let pool = Pool::builder(manager)
            .max_size(config.connections.get())
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(PATIENCE))
            .create_timeout(Some(PATIENCE))
            .recycle_timeout(Some(PATIENCE))
            .post_create(Hook::async_fn(|client, _| {
                Box::pin(async move {
                    // What is acknowledged is on disk, whatever the server's default.
                    client
                        .batch_execute("SET synchronous_commit = on")
                        .await
                        .map_err(HookError::Backend)
                })
            }))
            .build()
            .map_err(StorageError::unavailable("making a pool of connections"))?;
        let storage = Self {
            pool,
            containers: ObjectContainers::new(config.objects, config.prefix),
            spool,
            metrics,
        };
        storage.write(migrate).await?;
        Ok(storage)
    }

    /// Runs work in a transaction, again if the database asks for it.
    async fn transaction<T, W>(&self, access: &'static str, mut work: W) -> Result<T, StorageError>
    where
        T: Send + 'static,
        W: Fn(&Connection) -> Result<T, StorageError> + Send + 'static,
    {
        let mut attempt = 0;
        loop {
            let client = self
                .pool
                .get()
                .await
                .map_err(StorageError::unavailable("connecting to the database"))?;
            let handle = Handle::current();
            let (returned, result) = tokio::task::spawn_blocking(move || {
                let result = PostgresConnection::run(client, handle, access, &work);
                (work, result)
            })
            .await
            .map_err(StorageError::unavailable("waiting for the database"))?;
            work = returned;
            attempt += 1;
            match result {
                Err(error) if attempt < ATTEMPTS && may_succeed_again(&error) => {
                    tokio::time::sleep(pause(attempt)).await;
                }
                result => return result,
            }
        }
    }
}

/// A pause of random length, on average longer each time, so that those in each other's way
/// part.
fn pause(attempt: u32) -> Duration {
    let longest = 1_u64
        .checked_shl(attempt)
        .map_or(LONGEST_PAUSE, |pause| pause.min(LONGEST_PAUSE));
    let (_, low) = uuid::Uuid::new_v4().as_u64_pair();
    Duration::from_millis(low % (longest + 1))
}

impl Engine for ClusterStorage {
    type Containers = ObjectContainers;

    async fn read<T, W>(&self, work: W) -> Result<T, StorageError>
    where
        T: Send + 'static,
        W: Fn(&Connection) -> Result<T, StorageError> + Send + 'static,
    {
        let access = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        let reading = self.transaction(access, work);
        self.metrics.measure("read", reading).await
    }

    async fn write<T, W>(&self, work: W) -> Result<T, StorageError>
    where
        T: Send + 'static,
        W: Fn(&Connection) -> Result<T, StorageError> + Send + 'static,
    {
        let access = "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE";
        let writing = self.transaction(access, work);
        self.metrics.measure("write", writing).await
    }

    async fn write_after<T, W>(&self, (): (), work: W) -> Result<T, StorageError>
    where
        T: Send + 'static,
        W: Fn(&Connection) -> Result<T, StorageError> + Send + 'static,
    {
        // The object is on stable storage once its store has said so.
        self.write(work).await
    }

    fn serves_alone(&self) -> bool {
        false
    }

    fn containers(&self) -> &ObjectContainers {
        &self.containers
    }

    fn spool(&self) -> PathBuf {
        self.spool.clone()
    }
}
