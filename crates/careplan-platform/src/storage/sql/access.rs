//! The access log.

use async_trait::async_trait;
use careplan_core::OfficeNumber;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::row::{failed, instant, millis, optional_text, text, unreadable};
use super::{Connection, Engine, Row, params};
use crate::storage::{Access, AccessStorage, StorageError};

#[async_trait]
impl<E: Engine> AccessStorage for E {
    async fn append_accesses(&self, accesses: Vec<Access>) -> Result<(), StorageError> {
        self.write(move |db| append(db, &accesses)).await
    }

    async fn remove_accesses(
        &self,
        before: DateTime<Utc>,
        limit: u32,
    ) -> Result<usize, StorageError> {
        self.write(move |db| remove(db, before, limit)).await
    }

    async fn accesses(
        &self,
        office: Option<OfficeNumber>,
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<Vec<Access>, StorageError> {
        self.read(move |db| list(db, office, after, limit)).await
    }
}

/// Stands for the office of a certificate that was refused.
const NOBODY: &str = "";

/// Lines that are there already are those of an attempt that failed after they were written.
pub(super) fn append(db: &Connection, accesses: &[Access]) -> Result<(), StorageError> {
    let run = || {
        let insert = db.prepare_cached(
            "INSERT INTO access (office, request, at, call, sending, status, problem) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
             ON CONFLICT (office, request) DO NOTHING",
        )?;
        for access in accesses {
            insert.execute(params![
                access.office.as_ref().map_or(NOBODY, OfficeNumber::as_str),
                access.request.to_string(),
                millis(access.at),
                access.call,
                access.sending.map(|sending| sending.to_string()),
                i64::from(access.status),
                access.problem,
            ])?;
        }
        Ok(())
    };
    run().map_err(failed("writing the access log"))
}

/// Requests are numbered by time (UUID version 7), so those before an instant are the first ones of
/// the index, and the last of them is found without looking at the others.
fn remove(db: &Connection, before: DateTime<Utc>, limit: u32) -> Result<usize, StorageError> {
    let run = || {
        let end = first_number_at(before);
        let last: Option<String> = db
            .prepare_cached(
                "SELECT MAX(request) AS last FROM (SELECT request FROM access \
                 WHERE request < ?1 ORDER BY request LIMIT ?2) AS oldest",
            )?
            .query_row(params![end, limit], |row| row.get("last"))?;
        match last {
            Some(last) => db
                .prepare_cached("DELETE FROM access WHERE request <= ?1")?
                .execute([last]),
            None => Ok(0),
        }
    };
    run().map_err(failed("removing old lines of the access log"))
}

/// The least UUID of version 7 that can be given from an instant on.
fn first_number_at(at: DateTime<Utc>) -> String {
    let milliseconds = u64::try_from(at.timestamp_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(milliseconds, &[0; 10])
        .into_uuid()
        .to_string()
}

fn access(row: &Row<'_>) -> super::Result<Access> {
    let office: String = row.get("office")?;
    let status: i64 = row.get("status")?;
    Ok(Access {
        at: instant(row, "at")?,
        request: text(row, "request")?,
        office: match office.as_str() {
            NOBODY => None,
            office => Some(office.parse().map_err(unreadable)?),
        },
        call: row.get("call")?,
        sending: optional_text(row, "sending")?,
        status: u16::try_from(status).map_err(unreadable)?,
        problem: row.get("problem")?,
    })
}

fn list(
    db: &Connection,
    office: Option<OfficeNumber>,
    after: Option<Uuid>,
    limit: usize,
) -> Result<Vec<Access>, StorageError> {
    // Every number comes after the empty text.
    let after = after.map(|after| after.to_string()).unwrap_or_default();
    let columns = "SELECT office, request, at, call, sending, status, problem FROM access";
    let read = || match office {
        Some(office) => db
            .prepare_cached(&format!(
                "{columns} WHERE office = ?1 AND request > ?2 ORDER BY request LIMIT {limit}"
            ))?
            .query_map(params![office.as_str(), after], access)?
            .collect::<Result<Vec<_>, _>>(),
        None => db
            .prepare_cached(&format!(
                "{columns} WHERE request > ?1 ORDER BY request LIMIT {limit}"
            ))?
            .query_map(params![after], access)?
            .collect::<Result<Vec<_>, _>>(),
    };
    read().map_err(failed("reading the access log"))
}
