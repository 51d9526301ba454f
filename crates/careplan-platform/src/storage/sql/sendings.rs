//! Sendings: storing, finding, listing, moving on.

use async_trait::async_trait;
use careplan_core::OfficeNumber;
use careplan_protocol::{
    Contents, Event, IdempotencyKey, ListQuery, Page, SendingId, SendingState, SendingSummary,
    SetContents,
};
use chrono::{DateTime, Utc};

use super::evidence;
use super::offices::licence_events;
use super::row::{
    count, failed, instant, millis, optional_instant, optional_text, text, unreadable,
};
use super::{Connection, Engine, OptionalExtension, Row, Value, params};
use crate::spool::Spooled;
use crate::storage::containers::{ContainerPlace, ContainerStore};
use crate::storage::{
    Acceptance, ContainerReader, Direction, InspectedSending, KnownLicence, NewReceipt, Prospect,
    Recorded, SendingStorage, StorageError, StoredSending,
};

#[async_trait]
impl<E: Engine> SendingStorage for E {
    async fn sending_by_key(
        &self,
        sender: OfficeNumber,
        key: IdempotencyKey,
    ) -> Result<Option<StoredSending>, StorageError> {
        self.read(move |db| by_key(db, sender, key)).await
    }

    async fn prospect(
        &self,
        sender: OfficeNumber,
        receiver: OfficeNumber,
        key: IdempotencyKey,
    ) -> Result<Prospect, StorageError> {
        self.read(move |db| {
            Ok(Prospect {
                before: by_key(db, sender, key)?,
                sender: licence_events(db, sender)?,
                receiver: licence_events(db, receiver)?,
            })
        })
        .await
    }

    async fn accept(
        &self,
        sending: StoredSending,
        receipts: Vec<NewReceipt>,
        container: Spooled,
    ) -> Result<Acceptance, StorageError> {
        // The container first, then the row that makes it a sending: what a crash leaves without
        // a row, `recover` removes. After an error the container stays too, because a commit that
        // reported one may still have reached the disk.
        let place = ContainerPlace::of(&sending);
        let stored = self.containers().store(place, container).await?;
        let accepted = self
            .write_after(stored, move |db| accept(db, sending.clone(), &receipts))
            .await?;
        if matches!(accepted, Acceptance::Before(_)) {
            self.containers().remove(place).await?;
        }
        Ok(accepted)
    }

    async fn sending(
        &self,
        office: OfficeNumber,
        sending: SendingId,
    ) -> Result<Option<StoredSending>, StorageError> {
        self.read(move |db| find(db, office, sending)).await
    }

    async fn received(
        &self,
        receiver: OfficeNumber,
        sending: SendingId,
    ) -> Result<Option<(StoredSending, KnownLicence)>, StorageError> {
        self.read(move |db| {
            let Some(sending) = in_mailbox(db, receiver, sending)? else {
                return Ok(None);
            };
            Ok(Some((sending, licence_events(db, receiver)?)))
        })
        .await
    }

    async fn list(
        &self,
        office: OfficeNumber,
        direction: Direction,
        query: ListQuery,
    ) -> Result<Page<StoredSending>, StorageError> {
        self.read(move |db| list(db, office, direction, &query))
            .await
    }

    async fn record(
        &self,
        receiver: OfficeNumber,
        sending: SendingId,
        event: Event,
        at: DateTime<Utc>,
        receipt: Option<NewReceipt>,
    ) -> Result<Recorded, StorageError> {
        self.write(move |db| record(db, receiver, sending, event, at, receipt.as_ref()))
            .await
    }

    async fn overdue(
        &self,
        now: DateTime<Utc>,
        limit: usize,
    ) -> Result<Vec<StoredSending>, StorageError> {
        self.read(move |db| overdue(db, now, limit)).await
    }

    async fn open_container(
        &self,
        sending: &StoredSending,
    ) -> Result<ContainerReader, StorageError> {
        self.containers()
            .open(ContainerPlace::of(sending), sending.summary.bytes)
            .await
    }
}

/// The columns of a sending; the table is called `s`.
const COLUMNS: &str = "s.receiver, s.sending, s.sender, s.idempotency_key, s.set_kind, \
                       s.target_month, s.file_sequence, s.file_count, s.sha256, s.byte_count, \
                       s.state, s.accepted_at, s.fetched_at, s.settled_at, s.expires_at";

/// A sending with the entry of its sender.
const SENT: &str = "FROM sent JOIN sending s ON s.receiver = sent.receiver \
                    AND s.sending = sent.sending";

fn stored(row: &Row<'_>) -> super::Result<StoredSending> {
    Ok(StoredSending {
        idempotency_key: text(row, "idempotency_key")?,
        summary: SendingSummary {
            sending: text(row, "sending")?,
            sender: text(row, "sender")?,
            receiver: text(row, "receiver")?,
            contents: contents(row)?,
            sha256: text(row, "sha256")?,
            bytes: count(row, "byte_count")?,
            state: text(row, "state")?,
            accepted_at: instant(row, "accepted_at")?,
            fetched_at: optional_instant(row, "fetched_at")?,
            settled_at: optional_instant(row, "settled_at")?,
            expires_at: instant(row, "expires_at")?,
        },
    })
}

fn contents(row: &Row<'_>) -> super::Result<Contents> {
    let Some(set) = optional_text(row, "set_kind")? else {
        return Ok(Contents::Sealed);
    };
    Ok(Contents::Open(SetContents {
        set,
        month: optional_text(row, "target_month")?,
        sequence: text(row, "file_sequence")?,
        files: row.get("file_count")?,
    }))
}

pub(super) fn accept(
    db: &Connection,
    sending: StoredSending,
    receipts: &[NewReceipt],
) -> Result<Acceptance, StorageError> {
    const WHAT: &str = "storing a sending";
    let summary = &sending.summary;
    if let Some(before) = by_key(db, summary.sender, sending.idempotency_key)? {
        return Ok(Acceptance::Before(before));
    }
    db.prepare_cached(
        "INSERT INTO sent (sender, idempotency_key, sending, receiver) VALUES (?1, ?2, ?3, ?4)",
    )
    .and_then(|insert| {
        insert.execute(params![
            summary.sender.as_str(),
            sending.idempotency_key.to_string(),
            summary.sending.to_string(),
            summary.receiver.as_str(),
        ])
    })
    .map_err(failed(WHAT))?;
    db.prepare_cached(
        "INSERT INTO sending (receiver, sending, sender, idempotency_key, set_kind, target_month, \
         file_sequence, file_count, sha256, byte_count, state, accepted_at, fetched_at, \
         settled_at, expires_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    )
    .and_then(|insert| {
        let set = summary.contents.open();
        insert.execute(params![
            summary.receiver.as_str(),
            summary.sending.to_string(),
            summary.sender.as_str(),
            sending.idempotency_key.to_string(),
            set.map(|set| set.set.as_str()),
            set.and_then(|set| set.month).map(|month| month.to_string()),
            set.map(|set| set.sequence.to_string()),
            set.map(|set| set.files),
            summary.sha256.to_string(),
            i64::try_from(summary.bytes).map_err(unreadable)?,
            summary.state.as_str(),
            millis(summary.accepted_at),
            summary.fetched_at.map(millis),
            summary.settled_at.map(millis),
            millis(summary.expires_at),
        ])
    })
    .map_err(failed(WHAT))?;
    for receipt in receipts {
        evidence::store(db, summary.receiver, summary.sending, receipt)?;
    }
    Ok(Acceptance::Stored(sending))
}

fn by_key(
    db: &Connection,
    sender: OfficeNumber,
    key: IdempotencyKey,
) -> Result<Option<StoredSending>, StorageError> {
    db.prepare_cached(&format!(
        "SELECT {COLUMNS} {SENT} WHERE sent.sender = ?1 AND sent.idempotency_key = ?2"
    ))
    .and_then(|select| {
        select
            .query_row(params![sender.as_str(), key.to_string()], stored)
            .optional()
    })
    .map_err(failed("looking for an idempotency key"))
}

fn find(
    db: &Connection,
    office: OfficeNumber,
    sending: SendingId,
) -> Result<Option<StoredSending>, StorageError> {
    if let Some(received) = in_mailbox(db, office, sending)? {
        return Ok(Some(received));
    }
    db.prepare_cached(&format!(
        "SELECT {COLUMNS} {SENT} WHERE sent.sender = ?1 AND sent.sending = ?2"
    ))
    .and_then(|select| {
        select
            .query_row(params![office.as_str(), sending.to_string()], stored)
            .optional()
    })
    .map_err(failed("reading a sending"))
}

fn in_mailbox(
    db: &Connection,
    receiver: OfficeNumber,
    sending: SendingId,
) -> Result<Option<StoredSending>, StorageError> {
    db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM sending s WHERE s.receiver = ?1 AND s.sending = ?2"
    ))
    .and_then(|select| {
        select
            .query_row(params![receiver.as_str(), sending.to_string()], stored)
            .optional()
    })
    .map_err(failed("reading a sending"))
}

fn list(
    db: &Connection,
    office: OfficeNumber,
    direction: Direction,
    query: &ListQuery,
) -> Result<Page<StoredSending>, StorageError> {
    let mut values: Vec<Value> = vec![office.as_str().to_owned().into()];
    let (from, other) = match direction {
        Direction::Sent => (format!("{SENT} WHERE sent.sender = ?1"), "sent.receiver"),
        Direction::Received => (
            "FROM sending s WHERE s.receiver = ?1".to_owned(),
            "s.sender",
        ),
    };
    // Paging walks the index the list is read by: the sender's or the receiver's.
    let id = match direction {
        Direction::Sent => "sent.sending",
        Direction::Received => "s.sending",
    };
    let mut sql = format!("SELECT {COLUMNS} {from}");
    let mut filter = |condition: String, value: Value| {
        values.push(value);
        sql.push_str(&format!(" AND {condition} ?{}", values.len()));
    };
    if let Some(office) = query.office {
        filter(format!("{other} ="), office.as_str().to_owned().into());
    }
    if let Some(state) = query.state {
        filter("s.state =".to_owned(), state.as_str().to_owned().into());
    }
    if let Some(set) = query.set {
        filter("s.set_kind =".to_owned(), set.as_str().to_owned().into());
    }
    if let Some(month) = query.month {
        filter("s.target_month =".to_owned(), month.to_string().into());
    }
    if let Some(from) = query.accepted_from {
        filter("s.accepted_at >=".to_owned(), millis(from).into());
    }
    if let Some(before) = query.accepted_before {
        filter("s.accepted_at <".to_owned(), millis(before).into());
    }
    if let Some(after) = &query.after {
        filter(format!("{id} >"), after.as_str().to_owned().into());
    }
    if direction == Direction::Received {
        for state in SendingState::ALL {
            if !state.is_visible_to_receiver() {
                filter("s.state <>".to_owned(), state.as_str().to_owned().into());
            }
        }
    }
    let limit = usize::from(query.limit.get());
    // One more than asked for tells whether there is another page.
    sql.push_str(&format!(" ORDER BY {id} LIMIT {}", limit + 1));
    let read = || {
        db.prepare_cached(&sql)?
            .query_map(values, stored)?
            .collect::<Result<Vec<_>, _>>()
    };
    let mut items = read().map_err(failed("listing sendings"))?;
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items
        .last()
        .filter(|_| more)
        .map(|last| last.summary.sending.to_string().parse())
        .transpose()
        .map_err(StorageError::damaged("making a cursor"))?;
    Ok(Page { items, next })
}

fn record(
    db: &Connection,
    receiver: OfficeNumber,
    sending: SendingId,
    event: Event,
    at: DateTime<Utc>,
    receipt: Option<&NewReceipt>,
) -> Result<Recorded, StorageError> {
    let Some(mut sending) = in_mailbox(db, receiver, sending)? else {
        return Ok(Recorded::Unknown);
    };
    match sending.apply(event, at) {
        Ok(true) => {
            update(db, &sending)?;
            if let Some(receipt) = receipt {
                evidence::store(db, receiver, sending.summary.sending, receipt)?;
            }
        }
        Ok(false) => {}
        Err(refused) => return Ok(Recorded::Refused(refused)),
    }
    Ok(Recorded::Done(sending))
}

fn update(db: &Connection, sending: &StoredSending) -> Result<(), StorageError> {
    let summary = &sending.summary;
    db.prepare_cached(
        "UPDATE sending SET state = ?3, fetched_at = ?4, settled_at = ?5 \
         WHERE receiver = ?1 AND sending = ?2",
    )
    .and_then(|update| {
        update.execute(params![
            summary.receiver.as_str(),
            summary.sending.to_string(),
            summary.state.as_str(),
            summary.fetched_at.map(millis),
            summary.settled_at.map(millis),
        ])
    })
    .map(|_| ())
    .map_err(failed("moving a sending on"))
}

/// Settled sendings whose containers are still there, the longest settled first.
/// All sendings by key, from the one after `after` on.
pub(super) fn all(
    db: &Connection,
    after: Option<(OfficeNumber, SendingId)>,
    limit: u32,
) -> Result<Vec<InspectedSending>, StorageError> {
    let (receiver, sending) = after.map_or((String::new(), String::new()), |(office, sending)| {
        (office.to_string(), sending.to_string())
    });
    let read = || {
        db.prepare_cached(&format!(
            "SELECT {COLUMNS}, s.container_removed_at FROM sending s \
             WHERE (s.receiver, s.sending) > (?1, ?2) \
             ORDER BY s.receiver, s.sending LIMIT ?3"
        ))?
        .query_map(params![receiver, sending, limit], |row| {
            Ok(InspectedSending {
                sending: stored(row)?,
                removed_at: optional_instant(row, "container_removed_at")?,
            })
        })?
        .collect::<Result<_, _>>()
    };
    read().map_err(failed("reading all sendings"))
}

pub(super) fn settled_with_container(
    db: &Connection,
    settled_by: DateTime<Utc>,
    limit: u32,
) -> Result<Vec<StoredSending>, StorageError> {
    let read = || {
        db.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM sending s WHERE s.settled_at IS NOT NULL \
             AND s.container_removed_at IS NULL AND s.settled_at <= ?1 \
             ORDER BY s.settled_at LIMIT ?2"
        ))?
        .query_map(params![millis(settled_by), limit], stored)?
        .collect::<Result<_, _>>()
    };
    read().map_err(failed("looking for containers to remove"))
}

fn overdue(
    db: &Connection,
    now: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<StoredSending>, StorageError> {
    let read = || {
        db.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM sending s \
             WHERE s.settled_at IS NULL AND s.expires_at <= ?1 ORDER BY s.expires_at LIMIT {limit}"
        ))?
        .query_map([millis(now)], stored)?
        .collect::<Result<Vec<_>, _>>()
    };
    read().map_err(failed("looking for overdue sendings"))
}

/// Removes containers that have no row; how many.
pub(super) async fn remove_without_row<E: Engine>(
    engine: &E,
    places: Vec<ContainerPlace>,
) -> Result<usize, StorageError> {
    if places.is_empty() {
        return Ok(0);
    }
    let orphans = engine.read(move |db| without_row(db, &places)).await?;
    for &orphan in &orphans {
        engine.containers().remove(orphan).await?;
    }
    Ok(orphans.len())
}

fn without_row(
    db: &Connection,
    places: &[ContainerPlace],
) -> Result<Vec<ContainerPlace>, StorageError> {
    let read = || {
        let select =
            db.prepare_cached("SELECT 1 FROM sending WHERE receiver = ?1 AND sending = ?2")?;
        let mut orphans = Vec::new();
        for &place in places {
            let row = params![place.receiver.as_str(), place.sending.to_string()];
            if !select.exists(row)? {
                orphans.push(place);
            }
        }
        Ok(orphans)
    };
    read().map_err(failed("looking for containers without a sending"))
}
