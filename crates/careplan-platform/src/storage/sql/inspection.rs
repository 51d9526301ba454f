//! Everything, page by page.

use async_trait::async_trait;
use careplan_core::OfficeNumber;
use careplan_protocol::SendingId;

use super::row::{count, failed, text, unreadable};
use super::{Connection, Engine, evidence, params, sendings};
use crate::storage::{InspectedSending, InspectionStorage, KeptCheckpoint, LogEntry, StorageError};

#[async_trait]
impl<E: Engine> InspectionStorage for E {
    async fn all_sendings(
        &self,
        after: Option<(OfficeNumber, SendingId)>,
        limit: u32,
    ) -> Result<Vec<InspectedSending>, StorageError> {
        self.read(move |db| sendings::all(db, after, limit)).await
    }

    async fn log_entries(&self, from: u64, limit: u32) -> Result<Vec<LogEntry>, StorageError> {
        self.read(move |db| log_entries(db, from, limit)).await
    }

    async fn checkpoints_after(
        &self,
        size: Option<u64>,
        limit: u32,
    ) -> Result<Vec<KeptCheckpoint>, StorageError> {
        self.read(move |db| evidence::checkpoints(db, size, limit))
            .await
    }
}

fn log_entries(db: &Connection, from: u64, limit: u32) -> Result<Vec<LogEntry>, StorageError> {
    let read = || {
        let from = i64::try_from(from).map_err(unreadable)?;
        db.prepare_cached(
            "SELECT entry, receiver, sending, event, leaf FROM receipt_place \
             WHERE entry IS NOT NULL AND entry >= ?1 ORDER BY entry LIMIT ?2",
        )?
        .query_map(params![from, limit], |row| {
            Ok(LogEntry {
                entry: count(row, "entry")?,
                key: evidence::key(row)?,
                leaf: text(row, "leaf")?,
            })
        })?
        .collect::<Result<Vec<_>, _>>()
    };
    read().map_err(failed("reading the log's entries"))
}
