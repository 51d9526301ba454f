//! Offices and their licence ledgers.

use async_trait::async_trait;
use careplan_core::OfficeNumber;
use careplan_licence::Event as LicenceEvent;
use chrono::{DateTime, Utc};

use super::row::{failed, millis, unreadable};
use super::{Connection, Engine, params};
use crate::storage::{OfficeStorage, StorageError};

#[async_trait]
impl<E: Engine> OfficeStorage for E {
    async fn register_office(
        &self,
        office: OfficeNumber,
        at: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        self.write(move |db| register(db, office, at)).await
    }

    async fn licence_events(
        &self,
        office: OfficeNumber,
    ) -> Result<Option<Vec<LicenceEvent>>, StorageError> {
        self.read(move |db| licence_events(db, office)).await
    }

    async fn append_licence_events(
        &self,
        office: OfficeNumber,
        seen: usize,
        events: Vec<LicenceEvent>,
    ) -> Result<bool, StorageError> {
        self.write(move |db| append_licence_events(db, office, seen, &events))
            .await
    }
}

fn register(db: &Connection, office: OfficeNumber, at: DateTime<Utc>) -> Result<(), StorageError> {
    db.prepare_cached(
        "INSERT INTO office (office, registered_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    )
    .and_then(|insert| insert.execute(params![office.as_str(), millis(at)]))
    .map(|_| ())
    .map_err(failed("registering an office"))
}

pub(super) fn licence_events(
    db: &Connection,
    office: OfficeNumber,
) -> Result<Option<Vec<LicenceEvent>>, StorageError> {
    let read = || {
        let registered = db
            .prepare_cached("SELECT 1 FROM office WHERE office = ?1")?
            .exists([office.as_str()])?;
        if !registered {
            return Ok(None);
        }
        db.prepare_cached("SELECT event FROM licence_event WHERE office = ?1 ORDER BY number")?
            .query_map([office.as_str()], |row| {
                let json: String = row.get(0)?;
                serde_json::from_str(&json).map_err(unreadable)
            })?
            .collect::<Result<_, _>>()
            .map(Some)
    };
    read().map_err(failed("reading a licence"))
}

fn append_licence_events(
    db: &Connection,
    office: OfficeNumber,
    seen: usize,
    events: &[LicenceEvent],
) -> Result<bool, StorageError> {
    const WHAT: &str = "recording a licence event";
    let stored: i64 = db
        .prepare_cached("SELECT COUNT(*) FROM licence_event WHERE office = ?1")
        .and_then(|count| count.query_row([office.as_str()], |row| row.get(0)))
        .map_err(failed(WHAT))?;
    if usize::try_from(stored) != Ok(seen) {
        return Ok(false);
    }
    for (number, event) in (stored..).zip(events) {
        let json = serde_json::to_string(event).map_err(StorageError::damaged(WHAT))?;
        db.prepare_cached("INSERT INTO licence_event (office, number, event) VALUES (?1, ?2, ?3)")
            .and_then(|insert| insert.execute(params![office.as_str(), number, json]))
            .map_err(failed(WHAT))?;
    }
    Ok(true)
}
