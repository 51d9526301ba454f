//! Log-in attempts.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::row::{failed, instant, millis, optional_instant};
use super::{Connection, Engine, OptionalExtension, params};
use crate::storage::{Attempted, Failures, LogInStorage, StorageError};

#[async_trait]
impl<E: Engine> LogInStorage for E {
    async fn begin_log_in(
        &self,
        attempted: Attempted,
        now: DateTime<Utc>,
    ) -> Result<Result<Uuid, DateTime<Utc>>, StorageError> {
        let (attempted, attempt) = (attempted.to_string(), Uuid::now_v7());
        self.write(move |db| begin(db, &attempted, attempt, now))
            .await
    }

    async fn end_log_in(
        &self,
        attempted: Attempted,
        attempt: Uuid,
        right: bool,
        now: DateTime<Utc>,
    ) -> Result<bool, StorageError> {
        let attempted = attempted.to_string();
        self.write(move |db| end(db, &attempted, attempt, right, now))
            .await
    }

    async fn forget_failures(&self, attempted: Attempted) -> Result<(), StorageError> {
        let attempted = attempted.to_string();
        self.write(move |db| forget_failures(db, &attempted)).await
    }

    async fn forget_old_attempts(&self, now: DateTime<Utc>) -> Result<(), StorageError> {
        self.write(move |db| {
            db.prepare_cached("DELETE FROM log_in_under_way WHERE lapses_at <= ?1")
                .and_then(|delete| delete.execute([millis(now)]))
                .and_then(|_| db.prepare_cached("DELETE FROM failed_log_in WHERE last_at <= ?1"))
                .and_then(|delete| delete.execute([millis(now - Failures::FORGOTTEN_AFTER)]))
                .map(|_| ())
                .map_err(failed("forgetting old log-in attempts"))
        })
        .await
    }
}

/// Forgets the attempts under way: those of a platform that crashed, when there can be no other.
pub(super) fn forget_under_way(db: &Connection) -> Result<(), StorageError> {
    db.prepare_cached("DELETE FROM log_in_under_way")
        .and_then(|delete| delete.execute([]))
        .map(|_| ())
        .map_err(failed("forgetting interrupted log-in attempts"))
}

fn begin(
    db: &Connection,
    attempted: &str,
    attempt: Uuid,
    now: DateTime<Utc>,
) -> Result<Result<Uuid, DateTime<Utc>>, StorageError> {
    const WHAT: &str = "beginning a log-in attempt";
    // Whose place is given away must find it gone.
    db.prepare_cached("DELETE FROM log_in_under_way WHERE attempted = ?1 AND lapses_at <= ?2")
        .and_then(|delete| delete.execute(params![attempted, millis(now)]))
        .map_err(failed(WHAT))?;
    let under_way: Vec<DateTime<Utc>> = db
        .prepare_cached("SELECT lapses_at FROM log_in_under_way WHERE attempted = ?1")
        .and_then(|select| {
            select
                .query_map([attempted], |row| instant(row, "lapses_at"))?
                .collect()
        })
        .map_err(failed(WHAT))?;
    if let Err(until) = failures(db, attempted)?.admit(&under_way, now) {
        return Ok(Err(until));
    }
    db.prepare_cached(
        "INSERT INTO log_in_under_way (attempted, attempt, lapses_at) VALUES (?1, ?2, ?3)",
    )
    .and_then(|insert| {
        insert.execute(params![
            attempted,
            attempt.to_string(),
            millis(now + Failures::LAPSE)
        ])
    })
    .map_err(failed(WHAT))?;
    Ok(Ok(attempt))
}

fn end(
    db: &Connection,
    attempted: &str,
    attempt: Uuid,
    right: bool,
    now: DateTime<Utc>,
) -> Result<bool, StorageError> {
    const WHAT: &str = "ending a log-in attempt";
    let held = db
        .prepare_cached("DELETE FROM log_in_under_way WHERE attempted = ?1 AND attempt = ?2")
        .and_then(|delete| delete.execute(params![attempted, attempt.to_string()]))
        .map_err(failed(WHAT))?;
    if held == 0 {
        return Ok(false);
    }
    if right {
        forget_failures(db, attempted)?;
        return Ok(true);
    }
    let failures = failures(db, attempted)?.and_another(now);
    db.prepare_cached(
        "INSERT INTO failed_log_in (attempted, failures, locked_until, last_at) \
         VALUES (?1, ?2, ?3, ?4) ON CONFLICT (attempted) DO UPDATE SET \
         failures = excluded.failures, locked_until = excluded.locked_until, \
         last_at = excluded.last_at",
    )
    .and_then(|put| {
        put.execute(params![
            attempted,
            failures.count,
            failures.locked_until.map(millis),
            millis(now)
        ])
    })
    .map_err(failed(WHAT))?;
    Ok(true)
}

fn failures(db: &Connection, attempted: &str) -> Result<Failures, StorageError> {
    db.prepare_cached("SELECT failures, locked_until FROM failed_log_in WHERE attempted = ?1")
        .and_then(|select| {
            select
                .query_row([attempted], |row| {
                    Ok(Failures {
                        count: row.get("failures")?,
                        locked_until: optional_instant(row, "locked_until")?,
                    })
                })
                .optional()
        })
        .map(Option::unwrap_or_default)
        .map_err(failed("counting failed log-ins"))
}

fn forget_failures(db: &Connection, attempted: &str) -> Result<(), StorageError> {
    db.prepare_cached("DELETE FROM failed_log_in WHERE attempted = ?1")
        .and_then(|delete| delete.execute([attempted]))
        .map(|_| ())
        .map_err(failed("forgetting failed log-ins"))
}
