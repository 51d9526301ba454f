//! The topics of storage in SQL, written once for SQLite and PostgreSQL.
//!
//! What stands in `sql/<topic>.rs` runs over a [`Connection`], which is a connection of either
//! database inside a transaction, and has the calls of `rusqlite`. The dialect is what SQLite,
//! PostgreSQL, YugabyteDB, CockroachDB and Citus share; docs/storage.md lists it.

mod access;
mod accounts;
mod certificates;
mod connection;
mod evidence;
mod inspection;
mod log_ins;
mod migrations;
mod offices;
mod operations;
mod past;
mod row;
mod sendings;
mod sessions;
mod site;

use std::path::PathBuf;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

pub(super) use connection::{
    Connection, Error, OptionalExtension, Result, Row, RowIndex, Value, params,
};
#[cfg(feature = "cluster")]
pub(super) use connection::{Db, RowValues};
pub(super) use migrations::migrate;
pub(super) use operations::{count_sendings, each_container};
pub(super) use row::failed;

use super::containers::ContainerStore;
use super::{Storage, StorageError};

/// A database with a place for containers: what differs between the embedded storage and the one
/// beyond one machine.
///
/// Work may be run more than once, each time in a transaction of its own, of which only the last is
/// committed: so a database may refuse one for what others did meanwhile.
pub(super) trait Engine: Send + Sync + 'static {
    /// Where containers are.
    type Containers: ContainerStore;

    /// Runs work that reads, all of it at one moment.
    fn read<T, W>(&self, work: W) -> impl Future<Output = Result<T, StorageError>> + Send
    where
        T: Send + 'static,
        W: Fn(&Connection) -> Result<T, StorageError> + Send + 'static;

    /// Runs work that writes, as if nothing else ran; when it returns, what was written is on
    /// stable storage.
    fn write<T, W>(&self, work: W) -> impl Future<Output = Result<T, StorageError>> + Send
    where
        T: Send + 'static,
        W: Fn(&Connection) -> Result<T, StorageError> + Send + 'static;

    /// As [`write`](Self::write), committed only when a container is on stable storage.
    fn write_after<T, W>(
        &self,
        container: <Self::Containers as ContainerStore>::Stored,
        work: W,
    ) -> impl Future<Output = Result<T, StorageError>> + Send
    where
        T: Send + 'static,
        W: Fn(&Connection) -> Result<T, StorageError> + Send + 'static;

    /// Whether nobody else serves from this storage.
    fn serves_alone(&self) -> bool;

    /// Where containers are.
    fn containers(&self) -> &Self::Containers;

    /// Where uploads are written until they are accepted.
    fn spool(&self) -> PathBuf;
}

/// How long after its number was given a container without a row can still get one: an upload's
/// time limit is below an hour.
const UNDECIDED: TimeDelta = TimeDelta::hours(2);
/// How far back containers without a row are looked for.
const LOOK_BACK: i64 = 72;

#[async_trait]
impl<E: Engine> Storage for E {
    async fn recover(&self) -> Result<usize, StorageError> {
        let spooled = super::containers::clear_spool(self.spool()).await?;
        if self.serves_alone() {
            self.write(log_ins::forget_under_way).await?;
        }
        let abandoned = self.containers().abandoned_by_a_crash().await?;
        Ok(spooled + sendings::remove_without_row(self, abandoned).await?)
    }

    async fn remove_orphans(&self, now: DateTime<Utc>) -> Result<usize, StorageError> {
        let mut removed = 0;
        for hour in 0..LOOK_BACK {
            let hour = now - UNDECIDED - TimeDelta::hours(hour);
            let places = self.containers().of_hour(hour).await?;
            removed += sendings::remove_without_row(self, places).await?;
        }
        Ok(removed)
    }
}
