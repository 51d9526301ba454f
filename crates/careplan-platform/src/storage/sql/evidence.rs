//! Receipts, the log's tree and its checkpoints; the traits' other tables.

use async_trait::async_trait;
use careplan_core::{OfficeNumber, Sha256Digest};
use careplan_protocol::SendingId;

use super::row::{count, failed, instant, millis, optional_instant, text, unreadable};
use super::{Connection, Engine, OptionalExtension, Row, params};
use crate::storage::{
    Backlog, EvidenceStorage, KeptCheckpoint, KeptReceipt, LogBatch, NewReceipt, ReceiptKey,
    StorageError, WaitingReceipt,
};

#[async_trait]
impl<E: Engine> EvidenceStorage for E {
    async fn receipt(&self, key: ReceiptKey) -> Result<Option<KeptReceipt>, StorageError> {
        self.read(move |db| find(db, key)).await
    }

    async fn receipts(
        &self,
        receiver: OfficeNumber,
        sending: SendingId,
    ) -> Result<Vec<KeptReceipt>, StorageError> {
        self.read(move |db| of_sending(db, receiver, sending)).await
    }

    async fn waiting_receipts(&self, limit: usize) -> Result<Vec<WaitingReceipt>, StorageError> {
        self.read(move |db| waiting(db, limit)).await
    }

    async fn backlog(&self) -> Result<Backlog, StorageError> {
        self.read(backlog).await
    }

    async fn count_log_nodes(&self) -> Result<u64, StorageError> {
        self.read(count_nodes).await
    }

    async fn log_nodes(&self, numbers: Vec<u64>) -> Result<Vec<Sha256Digest>, StorageError> {
        self.read(move |db| nodes(db, &numbers)).await
    }

    async fn append_to_log(&self, batch: LogBatch) -> Result<bool, StorageError> {
        self.write(move |db| append(db, &batch)).await
    }

    async fn latest_checkpoint(&self) -> Result<Option<KeptCheckpoint>, StorageError> {
        self.read(latest_checkpoint).await
    }

    async fn put_checkpoint(
        &self,
        checkpoint: KeptCheckpoint,
        replaced: Option<u64>,
    ) -> Result<(), StorageError> {
        self.write(move |db| put_checkpoint(db, &checkpoint, replaced))
            .await
    }
}

/// Stores a receipt with the event it is for, in the caller's transaction.
pub(super) fn store(
    db: &Connection,
    receiver: OfficeNumber,
    sending: SendingId,
    receipt: &NewReceipt,
) -> Result<(), StorageError> {
    let (receiver, sending) = (receiver.as_str(), sending.to_string());
    let event = receipt.event.as_str();
    db.prepare_cached(
        "INSERT INTO receipt (receiver, sending, event, at, container) VALUES (?1, ?2, ?3, ?4, ?5)",
    )
    .and_then(|insert| {
        let at = millis(receipt.at);
        insert.execute(params![receiver, sending, event, at, receipt.container])
    })
    .and_then(|_| {
        db.prepare_cached(
            "INSERT INTO receipt_place (receiver, sending, event, leaf) VALUES (?1, ?2, ?3, ?4)",
        )
    })
    .and_then(|insert| insert.execute(params![receiver, sending, event, receipt.leaf.to_string()]))
    .map(|_| ())
    .map_err(failed("storing a receipt"))
}

const RECEIPTS: &str = "SELECT r.event, r.at, r.container, p.leaf, p.entry FROM receipt r \
                        JOIN receipt_place p ON p.receiver = r.receiver \
                        AND p.sending = r.sending AND p.event = r.event \
                        WHERE r.receiver = ?1 AND r.sending = ?2";

fn kept(row: &Row<'_>) -> super::Result<KeptReceipt> {
    let entry: Option<i64> = row.get("entry")?;
    Ok(KeptReceipt {
        event: text(row, "event")?,
        at: instant(row, "at")?,
        container: row.get("container")?,
        leaf: text(row, "leaf")?,
        entry: entry
            .map(|entry| u64::try_from(entry).map_err(unreadable))
            .transpose()?,
    })
}

fn find(db: &Connection, key: ReceiptKey) -> Result<Option<KeptReceipt>, StorageError> {
    db.prepare_cached(&format!("{RECEIPTS} AND r.event = ?3"))
        .and_then(|select| {
            let sending = key.sending.to_string();
            let row = params![key.receiver.as_str(), sending, key.event.as_str()];
            select.query_row(row, kept).optional()
        })
        .map_err(failed("reading a receipt"))
}

fn of_sending(
    db: &Connection,
    receiver: OfficeNumber,
    sending: SendingId,
) -> Result<Vec<KeptReceipt>, StorageError> {
    let read = || {
        db.prepare_cached(RECEIPTS)?
            .query_map(params![receiver.as_str(), sending.to_string()], kept)?
            .collect::<Result<Vec<_>, _>>()
    };
    read().map_err(failed("reading the receipts of a sending"))
}

fn waiting(db: &Connection, limit: usize) -> Result<Vec<WaitingReceipt>, StorageError> {
    let read = || {
        db.prepare_cached(&format!(
            "SELECT receiver, sending, event, leaf FROM receipt_place WHERE entry IS NULL \
             ORDER BY sending, event LIMIT {limit}"
        ))?
        .query_map([], |row| {
            Ok(WaitingReceipt {
                key: key(row)?,
                leaf: text(row, "leaf")?,
            })
        })?
        .collect::<Result<Vec<_>, _>>()
    };
    read().map_err(failed("looking for receipts that are not in the log"))
}

/// Which receipt a row is about.
pub(super) fn key(row: &Row<'_>) -> super::Result<ReceiptKey> {
    Ok(ReceiptKey {
        receiver: text(row, "receiver")?,
        sending: text(row, "sending")?,
        event: text(row, "event")?,
    })
}

fn backlog(db: &Connection) -> Result<Backlog, StorageError> {
    db.prepare_cached(
        "SELECT COUNT(*) AS receipts, MIN(r.at) AS oldest FROM receipt_place p \
         JOIN receipt r ON r.receiver = p.receiver AND r.sending = p.sending \
         AND r.event = p.event WHERE p.entry IS NULL",
    )
    .and_then(|select| {
        select.query_row([], |row| {
            Ok(Backlog {
                receipts: count(row, "receipts")?,
                oldest: optional_instant(row, "oldest")?,
            })
        })
    })
    .map_err(failed("counting receipts that are not in the log"))
}

pub(super) fn count_nodes(db: &Connection) -> Result<u64, StorageError> {
    // They are numbered without gaps, so the last one tells, and is found at once.
    db.prepare_cached("SELECT COALESCE(MAX(number) + 1, 0) AS nodes FROM log_node")
        .and_then(|select| select.query_row([], |row| count(row, "nodes")))
        .map_err(failed("counting the log's nodes"))
}

pub(super) fn nodes(db: &Connection, numbers: &[u64]) -> Result<Vec<Sha256Digest>, StorageError> {
    let read = || {
        let select = db.prepare_cached("SELECT hash FROM log_node WHERE number = ?1")?;
        numbers
            .iter()
            .map(|&number| {
                let number = i64::try_from(number).map_err(unreadable)?;
                select.query_row([number], |row| text(row, "hash"))
            })
            .collect::<Result<Vec<_>, _>>()
    };
    read().map_err(|error| match error {
        super::Error::NoRows => StorageError::damaged("a node of the log is missing")(error),
        error => failed("reading the log")(error),
    })
}

pub(super) fn append(db: &Connection, batch: &LogBatch) -> Result<bool, StorageError> {
    const WHAT: &str = "appending to the log";
    if count_nodes(db)? != batch.first_node {
        return Ok(false);
    }
    let run = || {
        let insert = db.prepare_cached("INSERT INTO log_node (number, hash) VALUES (?1, ?2)")?;
        for (number, hash) in (batch.first_node..).zip(&batch.nodes) {
            let number = i64::try_from(number).map_err(unreadable)?;
            insert.execute(params![number, hash.to_string()])?;
        }
        let update = db.prepare_cached(
            "UPDATE receipt_place SET entry = ?4 \
             WHERE receiver = ?1 AND sending = ?2 AND event = ?3 AND entry IS NULL",
        )?;
        for (entry, key) in (batch.first_entry..).zip(&batch.receipts) {
            let entry = i64::try_from(entry).map_err(unreadable)?;
            let (receiver, sending) = (key.receiver.as_str(), key.sending.to_string());
            let row = params![receiver, sending, key.event.as_str(), entry];
            if update.execute(row)? != 1 {
                // Nobody but the log's one writer sets it. The error undoes what was written.
                return Err(unreadable("a receipt is in the log already"));
            }
        }
        Ok(())
    };
    run().map(|()| true).map_err(failed(WHAT))
}

fn latest_checkpoint(db: &Connection) -> Result<Option<KeptCheckpoint>, StorageError> {
    db.prepare_cached("SELECT size, at, container FROM checkpoint ORDER BY size DESC LIMIT 1")
        .and_then(|select| select.query_row([], checkpoint).optional())
        .map_err(failed("reading the latest checkpoint"))
}

fn checkpoint(row: &Row<'_>) -> super::Result<KeptCheckpoint> {
    Ok(KeptCheckpoint {
        size: count(row, "size")?,
        at: instant(row, "at")?,
        container: row.get("container")?,
    })
}

pub(super) fn checkpoints(
    db: &Connection,
    after: Option<u64>,
    limit: u32,
) -> Result<Vec<KeptCheckpoint>, StorageError> {
    let read = || {
        // That of the empty log has the size 0.
        let after = after.map_or(Ok(-1), |size| i64::try_from(size).map_err(unreadable))?;
        db.prepare_cached(
            "SELECT size, at, container FROM checkpoint WHERE size > ?1 ORDER BY size LIMIT ?2",
        )?
        .query_map(params![after, limit], checkpoint)?
        .collect::<Result<Vec<_>, _>>()
    };
    read().map_err(failed("reading checkpoints"))
}

fn put_checkpoint(
    db: &Connection,
    checkpoint: &KeptCheckpoint,
    replaced: Option<u64>,
) -> Result<(), StorageError> {
    let run = || {
        let size = i64::try_from(checkpoint.size).map_err(unreadable)?;
        let replaced = replaced.map_or(Ok(size), |size| i64::try_from(size).map_err(unreadable))?;
        db.prepare_cached("DELETE FROM checkpoint WHERE size = ?1 OR size = ?2")?
            .execute([size, replaced])?;
        db.prepare_cached("INSERT INTO checkpoint (size, at, container) VALUES (?1, ?2, ?3)")?
            .execute(params![size, millis(checkpoint.at), checkpoint.container])
    };
    run().map(|_| ()).map_err(failed("storing a checkpoint"))
}
