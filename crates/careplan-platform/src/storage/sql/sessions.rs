//! Sessions.

use async_trait::async_trait;
use careplan_core::OfficeNumber;
use careplan_protocol::SessionTimes;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::row::{failed, instant, millis, text};
use super::{Connection, Engine, OptionalExtension, Row, params};
use crate::auth::TokenHash;
use crate::storage::{Rotation, SessionStorage, SessionTokens, StorageError, StoredSession};

#[async_trait]
impl<E: Engine> SessionStorage for E {
    async fn open_session(&self, session: StoredSession) -> Result<(), StorageError> {
        self.write(move |db| open_session(db, &session)).await
    }

    async fn session(&self, access: TokenHash) -> Result<Option<StoredSession>, StorageError> {
        self.read(move |db| session(db, access)).await
    }

    async fn rotate_session(
        &self,
        office: OfficeNumber,
        presented: TokenHash,
        fresh: SessionTokens,
        now: DateTime<Utc>,
    ) -> Result<Rotation, StorageError> {
        self.write(move |db| rotate_session(db, office, presented, fresh, now))
            .await
    }

    async fn end_session(&self, session: Uuid) -> Result<(), StorageError> {
        self.write(move |db| end_session(db, session)).await
    }

    async fn end_sessions_of(&self, office: OfficeNumber) -> Result<(), StorageError> {
        self.write(move |db| end_sessions_of(db, office)).await
    }

    async fn forget_ended_sessions(&self, now: DateTime<Utc>) -> Result<(), StorageError> {
        self.write(move |db| forget_ended_sessions(db, now)).await
    }
}

fn open_session(db: &Connection, session: &StoredSession) -> Result<(), StorageError> {
    db.prepare_cached(
        "INSERT INTO session (session, office, user_id, access_hash, refresh_hash, \
         access_expires_at, refresh_expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )
    .and_then(|insert| {
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

fn session_of(row: &Row<'_>) -> super::Result<StoredSession> {
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

fn session(db: &Connection, access: TokenHash) -> Result<Option<StoredSession>, StorageError> {
    db.prepare_cached(&format!("{SESSION_COLUMNS} WHERE access_hash = ?1"))
        .and_then(|select| {
            select
                .query_row([access.to_string()], session_of)
                .optional()
        })
        .map_err(failed("reading a session"))
}

fn rotate_session(
    db: &Connection,
    office: OfficeNumber,
    presented: TokenHash,
    fresh: SessionTokens,
    now: DateTime<Utc>,
) -> Result<Rotation, StorageError> {
    const WHAT: &str = "refreshing a session";
    let session = db
        .prepare_cached(&format!("{SESSION_COLUMNS} WHERE refresh_hash = ?1"))
        .and_then(|select| {
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
        .and_then(|update| {
            update.execute(params![
                rotated.id.to_string(),
                rotated.tokens.access.to_string(),
                rotated.tokens.refresh.to_string(),
                millis(rotated.times.access_expires_at),
            ])
        })
        .map_err(failed(WHAT))?;
        db.prepare_cached("INSERT INTO spent_refresh (refresh_hash, session) VALUES (?1, ?2)")
            .and_then(|insert| {
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
        .and_then(|select| {
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

fn end_session(db: &Connection, session: Uuid) -> Result<(), StorageError> {
    let session = session.to_string();
    db.prepare_cached("DELETE FROM spent_refresh WHERE session = ?1")
        .and_then(|delete| delete.execute([&session]))
        .and_then(|_| db.prepare_cached("DELETE FROM session WHERE session = ?1"))
        .and_then(|delete| delete.execute([&session]))
        .map(|_| ())
        .map_err(failed("ending a session"))
}

fn end_sessions_of(db: &Connection, office: OfficeNumber) -> Result<(), StorageError> {
    db.prepare_cached(
        "DELETE FROM spent_refresh WHERE session IN \
         (SELECT session FROM session WHERE office = ?1)",
    )
    .and_then(|delete| delete.execute([office.as_str()]))
    .and_then(|_| db.prepare_cached("DELETE FROM session WHERE office = ?1"))
    .and_then(|delete| delete.execute([office.as_str()]))
    .and_then(|_| db.prepare_cached("DELETE FROM site_session WHERE office = ?1"))
    .and_then(|delete| delete.execute([office.as_str()]))
    .map(|_| ())
    .map_err(failed("ending an office's sessions"))
}

fn forget_ended_sessions(db: &Connection, now: DateTime<Utc>) -> Result<(), StorageError> {
    let now = millis(now);
    db.prepare_cached(
        "DELETE FROM spent_refresh WHERE session IN \
         (SELECT session FROM session WHERE refresh_expires_at <= ?1)",
    )
    .and_then(|delete| delete.execute([now]))
    .and_then(|_| db.prepare_cached("DELETE FROM session WHERE refresh_expires_at <= ?1"))
    .and_then(|delete| delete.execute([now]))
    .map(|_| ())
    .map_err(failed("forgetting sessions that are over"))
}
