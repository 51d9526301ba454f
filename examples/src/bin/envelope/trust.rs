//! Whom a verifying command trusts: authorities, revocation lists, the time.

use std::path::{Path, PathBuf};

use careplan_envelope::{CertificateProfile, PrivateKey, SoftwareSigner, Verifier, load};
use chrono::{DateTime, Utc};
use clap::Args;
use rustls_pki_types::CertificateDer;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::files;

#[derive(Args)]
pub(crate) struct Trust {
    /// Certificates of trusted authorities, PEM or DER (信頼する認証局の証明書); may be repeated
    #[arg(long = "trust", value_name = "CA", required = true)]
    anchors: Vec<PathBuf>,
    /// Revocation lists, PEM or DER (失効リスト); may be repeated
    #[arg(long, value_name = "FILE")]
    crl: Vec<PathBuf>,
    /// Time at which certificates must be valid, as 2026-11-02T11:00:00+09:00 (検証日時); now
    /// unless given
    #[arg(long, value_name = "TIME")]
    at: Option<DateTime<Utc>>,
    /// Certificate profile of the operator, JSON (証明書プロファイル)
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
}

impl Trust {
    pub(crate) fn verifier(&self) -> Result<Verifier, Failure> {
        let mut builder = Verifier::builder();
        for path in &self.anchors {
            for anchor in certificates(path)? {
                builder = builder
                    .trust_anchor(&anchor)
                    .map_err(Failure::needed(path))?;
            }
        }
        for path in &self.crl {
            let lists = load::revocation_lists(&files::read(path)?);
            for list in lists.map_err(Failure::needed(path))? {
                builder = builder.crl(&list).map_err(Failure::needed(path))?;
            }
        }
        if let Some(path) = &self.profile {
            builder = builder.profile(profile(path)?);
        }
        builder.build().map_err(Failure::other)
    }

    pub(crate) fn at(&self) -> DateTime<Utc> {
        self.at.unwrap_or_else(Utc::now)
    }
}

/// A certificate profile from JSON.
pub(crate) fn profile(path: &Path) -> Result<CertificateProfile, Failure> {
    serde_json::from_slice(&files::read(path)?).map_err(|error| {
        Failure::message(
            Some(path),
            &format!("証明書プロファイルとして読めません（{error}）。内容を確認してください。"),
            &format!("not a certificate profile ({error}); check it"),
        )
    })
}

/// The certificates of a file.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    load::certificates(&files::read(path)?).map_err(Failure::needed(path))
}

/// An office's own key and certificate.
#[derive(Args)]
pub(crate) struct Identity {
    /// Private key, PEM or DER, unencrypted (秘密鍵)
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Certificate of the key, PEM or DER (証明書)
    #[arg(long, value_name = "FILE")]
    cert: PathBuf,
}

impl Identity {
    pub(crate) fn key(&self) -> Result<PrivateKey, Failure> {
        let bytes = Zeroizing::new(files::read(&self.key)?);
        load::private_key(&bytes).map_err(Failure::needed(&self.key))
    }

    /// The certificate, and what else is in its file.
    pub(crate) fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, Failure> {
        certificates(&self.cert)
    }

    /// A signer with further certificates of its chain.
    pub(crate) fn signer(&self, chain: Option<&Path>) -> Result<SoftwareSigner, Failure> {
        let mut certificates = self.certificates()?;
        if let Some(path) = chain {
            certificates.extend(self::certificates(path)?);
        }
        SoftwareSigner::new(self.key()?, certificates).map_err(Failure::needed(&self.cert))
    }
}
