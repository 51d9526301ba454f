//! The access log.

use async_trait::async_trait;
use careplan_core::OfficeNumber;
use uuid::Uuid;

use super::row::{failed, instant, millis, optional_text, text, unreadable};
use super::{Connection, Engine, Row, params};
use crate::storage::{Access, AccessStorage, StorageError};

#[async_trait]
impl<E: Engine> AccessStorage for E {
    async fn append_accesses(&self, accesses: Vec<Access>) -> Result<(), StorageError> {
        self.write(move |db| append(db, &accesses)).await
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
fn append(db: &Connection, accesses: &[Access]) -> Result<(), StorageError> {
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
