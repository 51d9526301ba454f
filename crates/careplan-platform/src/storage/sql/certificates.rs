//! The certificates offices last logged in with.

use async_trait::async_trait;
use careplan_core::OfficeNumber;
use chrono::{DateTime, Utc};
use rustls::pki_types::CertificateDer;

use super::row::{failed, millis};
use super::{Connection, Engine, OptionalExtension, params};
use crate::storage::{CertificateStorage, StorageError, chain_from_text, chain_to_text};

#[async_trait]
impl<E: Engine> CertificateStorage for E {
    async fn put_certificate_chain(
        &self,
        office: OfficeNumber,
        chain: Vec<CertificateDer<'static>>,
        at: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        self.write(move |db| put(db, office, &chain, at)).await
    }

    async fn certificate_chain(
        &self,
        office: OfficeNumber,
    ) -> Result<Vec<CertificateDer<'static>>, StorageError> {
        self.read(move |db| find(db, office)).await
    }
}

fn put(
    db: &Connection,
    office: OfficeNumber,
    chain: &[CertificateDer<'_>],
    at: DateTime<Utc>,
) -> Result<(), StorageError> {
    db.prepare_cached(
        "INSERT INTO office_certificate (office, chain, shown_at) VALUES (?1, ?2, ?3) \
         ON CONFLICT (office) DO UPDATE SET chain = excluded.chain, shown_at = excluded.shown_at",
    )
    .and_then(|put| put.execute(params![office.as_str(), chain_to_text(chain), millis(at)]))
    .map(|_| ())
    .map_err(failed("storing a certificate"))
}

fn find(
    db: &Connection,
    office: OfficeNumber,
) -> Result<Vec<CertificateDer<'static>>, StorageError> {
    const WHAT: &str = "reading a certificate";
    let chain: Option<String> = db
        .prepare_cached("SELECT chain FROM office_certificate WHERE office = ?1")
        .and_then(|select| {
            select
                .query_row([office.as_str()], |row| row.get("chain"))
                .optional()
        })
        .map_err(failed(WHAT))?;
    chain_from_text(&chain.unwrap_or_default())
}
