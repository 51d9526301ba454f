//! What storage keeps of offices' certificates: the one each last logged in with.

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use careplan_core::OfficeNumber;
use chrono::{DateTime, Utc};
use rustls::pki_types::CertificateDer;

use super::StorageError;

/// Storage of certificates.
#[async_trait]
pub(crate) trait CertificateStorage: Send + Sync + 'static {
    /// Stores the chain an office showed, in place of the one before.
    async fn put_certificate_chain(
        &self,
        office: OfficeNumber,
        chain: Vec<CertificateDer<'static>>,
        at: DateTime<Utc>,
    ) -> Result<(), StorageError>;

    /// The chain an office last showed, its own certificate first; empty if it showed none yet.
    async fn certificate_chain(
        &self,
        office: OfficeNumber,
    ) -> Result<Vec<CertificateDer<'static>>, StorageError>;
}

/// A chain as a text: a certificate's base64 in each line.
pub(crate) fn chain_to_text(chain: &[CertificateDer<'_>]) -> String {
    let lines: Vec<String> = chain.iter().map(|one| STANDARD.encode(one)).collect();
    lines.join("\n")
}

/// The chain of such a text.
pub(crate) fn chain_from_text(text: &str) -> Result<Vec<CertificateDer<'static>>, StorageError> {
    text.lines()
        .map(|line| STANDARD.decode(line).map(CertificateDer::from))
        .collect::<Result<_, _>>()
        .map_err(StorageError::damaged("reading a certificate"))
}
