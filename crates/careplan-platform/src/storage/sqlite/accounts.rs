//! Accounts, log-in attempts and sessions.

use careplan_core::OfficeNumber;
use careplan_protocol::{SessionTimes, UserId};
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::row::{failed, instant, millis, optional_instant, text, unreadable};
use crate::auth::{PasswordHash, TokenHash};
use crate::storage::{
    Account, Attempts, PasswordValidity, Rotation, SessionTokens, StorageError, StoredSession,
};

pub(super) fn put(db: &Connection, account: &Account) -> Result<(), StorageError> {
    let (validity, until) = match account.validity {
        PasswordValidity::Unlimited => ("unlimited", None),
        PasswordValidity::Until(until) => ("until", Some(millis(until))),
        PasswordValidity::Temporary => ("temporary", None),
    };
    db.prepare_cached(
        "INSERT INTO account (user_id, office, password_hash, validity, valid_until) \
         VALUES (?1, ?2, ?3, ?4, ?5) \
         ON CONFLICT (user_id) DO UPDATE SET office = excluded.office, \
         password_hash = excluded.password_hash, validity = excluded.validity, \
         valid_until = excluded.valid_until",
    )
    .and_then(|mut put| {
        put.execute(params![
            account.user.as_str(),
            account.office.as_str(),
            account.password.as_str(),
            validity,
            until
        ])
    })
    .map(|_| ())
    .map_err(failed("storing an account"))
}

pub(super) fn find(db: &Connection, user: UserId) -> Result<Option<Account>, StorageError> {
    db.prepare_cached(
        "SELECT office, password_hash, validity, valid_until FROM account WHERE user_id = ?1",
    )
    .and_then(|mut select| {
        select
            .query_row([user.as_str()], |row| {
                let validity: String = row.get("validity")?;
                let until = optional_instant(row, "valid_until")?;
                Ok(Account {
                    user,
                    office: text(row, "office")?,
                    password: PasswordHash::from_storage(row.get("password_hash")?),
                    validity: match (validity.as_str(), until) {
                        ("unlimited", None) => PasswordValidity::Unlimited,
                        ("until", Some(until)) => PasswordValidity::Until(until),
                        ("temporary", None) => PasswordValidity::Temporary,
                        _ => return Err(unreadable("no validity of a password")),
                    },
                })
            })
            .optional()
    })
    .map_err(failed("reading an account"))
}

pub(super) fn begin_log_in(
    db: &Connection,
    office: OfficeNumber,
    now: DateTime<Utc>,
) -> Result<Result<(), DateTime<Utc>>, StorageError> {
    const WHAT: &str = "counting log-in attempts";
    let attempts = db
        .prepare_cached("SELECT attempts, locked_until FROM log_in_attempt WHERE office = ?1")
        .and_then(|mut select| {
            select
                .query_row([office.as_str()], |row| {
                    Ok(Attempts {
                        count: row.get("attempts")?,
                        locked_until: optional_instant(row, "locked_until")?,
                    })
                })
                .optional()
        })
        .map_err(failed(WHAT))?
        .unwrap_or_default();
    let attempts = match attempts.begin(now) {
        Ok(attempts) => attempts,
        Err(until) => return Ok(Err(until)),
    };
    db.prepare_cached(
        "INSERT INTO log_in_attempt (office, attempts, locked_until) VALUES (?1, ?2, ?3) \
         ON CONFLICT (office) DO UPDATE SET attempts = excluded.attempts, \
         locked_until = excluded.locked_until",
    )
    .and_then(|mut put| {
        put.execute(params![
            office.as_str(),
            attempts.count,
            attempts.locked_until.map(millis)
        ])
    })
    .map_err(failed(WHAT))?;
    Ok(Ok(()))
}

pub(super) fn forget_attempts(db: &Connection, office: OfficeNumber) -> Result<(), StorageError> {
    db.prepare_cached("DELETE FROM log_in_attempt WHERE office = ?1")
        .and_then(|mut delete| delete.execute([office.as_str()]))
        .map(|_| ())
        .map_err(failed("forgetting log-in attempts"))
}

pub(super) fn open_session(db: &Connection, session: &StoredSession) -> Result<(), StorageError> {
    db.prepare_cached(
        "INSERT INTO session (session, office, user_id, access_hash, refresh_hash, \
         access_expires_at, refresh_expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )
    .and_then(|mut insert| {
        insert.execute(params![
            session.id.to_string(),
            session.office.as_str(),
            session.user.as_str(),
            session.tokens.access.to_string(),
            session.tokens.refresh.to_string(),
            millis(session.times.access_expires_at),
            millis(session.times.refresh_expires_at),
        ])
    })
    .map(|_| ())
    .map_err(failed("opening a session"))
}

const SESSION_COLUMNS: &str = "SELECT session, office, user_id, access_hash, refresh_hash, \
                               access_expires_at, refresh_expires_at FROM session";

fn session_of(row: &Row<'_>) -> rusqlite::Result<StoredSession> {
    Ok(StoredSession {
        id: text(row, "session")?,
        office: text(row, "office")?,
        user: text(row, "user_id")?,
        tokens: SessionTokens {
            access: text(row, "access_hash")?,
            refresh: text(row, "refresh_hash")?,
        },
        times: SessionTimes {
            access_expires_at: instant(row, "access_expires_at")?,
            refresh_expires_at: instant(row, "refresh_expires_at")?,
        },
    })
}

pub(super) fn session(
    db: &Connection,
    access: TokenHash,
) -> Result<Option<StoredSession>, StorageError> {
    db.prepare_cached(&format!("{SESSION_COLUMNS} WHERE access_hash = ?1"))
        .and_then(|mut select| {
            select
                .query_row([access.to_string()], session_of)
                .optional()
        })
        .map_err(failed("reading a session"))
}

pub(super) fn rotate_session(
    db: &Connection,
    office: OfficeNumber,
    presented: TokenHash,
    fresh: SessionTokens,
    now: DateTime<Utc>,
) -> Result<Rotation, StorageError> {
    const WHAT: &str = "refreshing a session";
    let session = db
        .prepare_cached(&format!("{SESSION_COLUMNS} WHERE refresh_hash = ?1"))
        .and_then(|mut select| {
            select
                .query_row([presented.to_string()], session_of)
                .optional()
        })
        .map_err(failed(WHAT))?;
    let Some(session) = session else {
        return end_if_spent(db, presented);
    };
    let rotation = session.rotate(office, fresh, now);
    if let Rotation::Rotated(rotated) = rotation {
        db.prepare_cached(
            "UPDATE session SET access_hash = ?2, refresh_hash = ?3, access_expires_at = ?4 \
             WHERE session = ?1",
        )
        .and_then(|mut update| {
            update.execute(params![
                rotated.id.to_string(),
                rotated.tokens.access.to_string(),
                rotated.tokens.refresh.to_string(),
                millis(rotated.times.access_expires_at),
            ])
        })
        .map_err(failed(WHAT))?;
        db.prepare_cached("INSERT INTO spent_refresh (refresh_hash, session) VALUES (?1, ?2)")
            .and_then(|mut insert| {
                insert.execute(params![presented.to_string(), rotated.id.to_string()])
            })
            .map_err(failed(WHAT))?;
    }
    Ok(rotation)
}

/// Ends the session a spent refresh token belonged to.
fn end_if_spent(db: &Connection, presented: TokenHash) -> Result<Rotation, StorageError> {
    let session: Option<Uuid> = db
        .prepare_cached("SELECT session FROM spent_refresh WHERE refresh_hash = ?1")
        .and_then(|mut select| {
            select
                .query_row([presented.to_string()], |row| text(row, "session"))
                .optional()
        })
        .map_err(failed("looking for a spent refresh token"))?;
    match session {
        Some(session) => end_session(db, session).map(|()| Rotation::Reused),
        None => Ok(Rotation::Unknown),
    }
}

pub(super) fn end_session(db: &Connection, session: Uuid) -> Result<(), StorageError> {
    let session = session.to_string();
    db.prepare_cached("DELETE FROM spent_refresh WHERE session = ?1")
        .and_then(|mut delete| delete.execute([&session]))
        .and_then(|_| db.prepare_cached("DELETE FROM session WHERE session = ?1"))
        .and_then(|mut delete| delete.execute([&session]))
        .map(|_| ())
        .map_err(failed("ending a session"))
}

pub(super) fn end_sessions_of(db: &Connection, office: OfficeNumber) -> Result<(), StorageError> {
    db.prepare_cached(
        "DELETE FROM spent_refresh WHERE session IN \
         (SELECT session FROM session WHERE office = ?1)",
    )
    .and_then(|mut delete| delete.execute([office.as_str()]))
    .and_then(|_| db.prepare_cached("DELETE FROM session WHERE office = ?1"))
    .and_then(|mut delete| delete.execute([office.as_str()]))
    .map(|_| ())
    .map_err(failed("ending an office's sessions"))
}

pub(super) fn forget_ended_sessions(
    db: &Connection,
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let now = millis(now);
    db.prepare_cached(
        "DELETE FROM spent_refresh WHERE session IN \
         (SELECT session FROM session WHERE refresh_expires_at <= ?1)",
    )
    .and_then(|mut delete| delete.execute([now]))
    .and_then(|_| db.prepare_cached("DELETE FROM session WHERE refresh_expires_at <= ?1"))
    .and_then(|mut delete| delete.execute([now]))
    .map(|_| ())
    .map_err(failed("forgetting sessions that are over"))
}
