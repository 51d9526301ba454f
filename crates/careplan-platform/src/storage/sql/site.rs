//! The web site's sessions, terms and certificates.

use async_trait::async_trait;
use careplan_core::OfficeNumber;
use careplan_licence::TermsEdition;
use chrono::{DateTime, Utc};

use super::row::{failed, instant, millis, text, unreadable};
use super::{Connection, Engine, OptionalExtension, Row, params};
use crate::auth::TokenHash;
use crate::storage::{SiteScope, SiteSession, SiteStorage, StorageError, Terms, TermsNotice};

#[async_trait]
impl<E: Engine> SiteStorage for E {
    async fn open_site_session(&self, session: SiteSession) -> Result<(), StorageError> {
        self.write(move |db| open_session(db, &session)).await
    }

    async fn site_session(&self, token: TokenHash) -> Result<Option<SiteSession>, StorageError> {
        self.read(move |db| session(db, token)).await
    }

    async fn renew_site_session(
        &self,
        token: TokenHash,
        idle_until: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        self.write(move |db| {
            db.prepare_cached("UPDATE site_session SET idle_until = ?2 WHERE token_hash = ?1")
                .and_then(|update| update.execute(params![token.to_string(), millis(idle_until)]))
                .map(|_| ())
                .map_err(failed("renewing a session"))
        })
        .await
    }

    async fn end_site_session(&self, token: TokenHash) -> Result<(), StorageError> {
        self.write(move |db| {
            db.prepare_cached("DELETE FROM site_session WHERE token_hash = ?1")
                .and_then(|delete| delete.execute([token.to_string()]))
                .map(|_| ())
                .map_err(failed("ending a session"))
        })
        .await
    }

    async fn forget_ended_site_sessions(&self, now: DateTime<Utc>) -> Result<(), StorageError> {
        self.write(move |db| {
            db.prepare_cached("DELETE FROM site_session WHERE idle_until <= ?1 OR ends_at <= ?1")
                .and_then(|delete| delete.execute([millis(now)]))
                .map(|_| ())
                .map_err(failed("forgetting sessions that are over"))
        })
        .await
    }

    async fn add_terms(&self, terms: Terms) -> Result<bool, StorageError> {
        self.write(move |db| add_terms(db, &terms)).await
    }

    async fn terms_notices(&self) -> Result<Vec<TermsNotice>, StorageError> {
        self.read(|db| {
            db.prepare_cached(
                "SELECT edition, in_force_from, sha256 FROM terms ORDER BY in_force_from, edition",
            )
            .and_then(|select| select.query_map([], notice)?.collect())
            .map_err(failed("reading the terms"))
        })
        .await
    }

    async fn terms(&self, edition: TermsEdition) -> Result<Option<Terms>, StorageError> {
        self.read(move |db| find_terms(db, &edition)).await
    }

    async fn keep_certificate(
        &self,
        office: OfficeNumber,
        serial: String,
        pem: String,
    ) -> Result<(), StorageError> {
        self.write(move |db| {
            db.prepare_cached(
                "INSERT INTO site_certificate (office, serial, pem) VALUES (?1, ?2, ?3) \
                 ON CONFLICT DO NOTHING",
            )
            .and_then(|insert| insert.execute(params![office.as_str(), serial, pem]))
            .map(|_| ())
            .map_err(failed("keeping a certificate"))
        })
        .await
    }

    async fn kept_certificate(
        &self,
        office: OfficeNumber,
        serial: String,
    ) -> Result<Option<String>, StorageError> {
        self.read(move |db| {
            db.prepare_cached("SELECT pem FROM site_certificate WHERE office = ?1 AND serial = ?2")
                .and_then(|select| {
                    select
                        .query_row(params![office.as_str(), serial], |row| row.get(0))
                        .optional()
                })
                .map_err(failed("reading a certificate"))
        })
        .await
    }
}

fn open_session(db: &Connection, session: &SiteSession) -> Result<(), StorageError> {
    let scope = match session.scope {
        SiteScope::Full => "full",
        SiteScope::ChangePassword => "change-password",
    };
    db.prepare_cached(
        "INSERT INTO site_session (token_hash, office, user_id, scope, idle_until, ends_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )
    .and_then(|insert| {
        insert.execute(params![
            session.token.to_string(),
            session.office.as_str(),
            session.user.as_str(),
            scope,
            millis(session.idle_until),
            millis(session.ends_at),
        ])
    })
    .map(|_| ())
    .map_err(failed("opening a session"))
}

fn session(db: &Connection, token: TokenHash) -> Result<Option<SiteSession>, StorageError> {
    db.prepare_cached(
        "SELECT office, user_id, scope, idle_until, ends_at FROM site_session \
         WHERE token_hash = ?1",
    )
    .and_then(|select| {
        select
            .query_row([token.to_string()], |row| {
                let scope: String = row.get("scope")?;
                Ok(SiteSession {
                    token,
                    office: text(row, "office")?,
                    user: text(row, "user_id")?,
                    scope: match scope.as_str() {
                        "full" => SiteScope::Full,
                        "change-password" => SiteScope::ChangePassword,
                        _ => return Err(unreadable("no scope of a session")),
                    },
                    idle_until: instant(row, "idle_until")?,
                    ends_at: instant(row, "ends_at")?,
                })
            })
            .optional()
    })
    .map_err(failed("reading a session"))
}

fn notice(row: &Row<'_>) -> super::Result<TermsNotice> {
    Ok(TermsNotice {
        edition: text(row, "edition")?,
        in_force_from: text(row, "in_force_from")?,
        sha256: text(row, "sha256")?,
    })
}

fn find_terms(db: &Connection, edition: &TermsEdition) -> Result<Option<Terms>, StorageError> {
    db.prepare_cached("SELECT edition, in_force_from, sha256, text FROM terms WHERE edition = ?1")
        .and_then(|select| {
            select
                .query_row([edition.as_str()], |row| {
                    Ok(Terms {
                        notice: notice(row)?,
                        text: row.get("text")?,
                    })
                })
                .optional()
        })
        .map_err(failed("reading the terms"))
}

fn add_terms(db: &Connection, terms: &Terms) -> Result<bool, StorageError> {
    let notice = &terms.notice;
    if let Some(there) = find_terms(db, &notice.edition)? {
        return Ok(there == *terms);
    }
    db.prepare_cached(
        "INSERT INTO terms (edition, in_force_from, sha256, text) VALUES (?1, ?2, ?3, ?4)",
    )
    .and_then(|insert| {
        insert.execute(params![
            notice.edition.as_str(),
            notice.in_force_from.to_string(),
            notice.sha256.to_string(),
            terms.text,
        ])
    })
    .map(|_| true)
    .map_err(failed("keeping the terms"))
}
