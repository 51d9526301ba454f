//! Whom a verifying command trusts: authorities, revocation lists, the time.

use std::path::{Path, PathBuf};

use careplan_envelope::{
    CertificateProfile, ErrorKind, PrivateKey, SoftwareSigner, Verifier, load,
};
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

/// A private key's file, and its password if it is encrypted.
#[derive(Args)]
pub(crate) struct Key {
    /// Private key, PEM or DER (秘密鍵)
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[command(flatten)]
    password: Password,
}

impl Key {
    pub(crate) fn read(&self) -> Result<PrivateKey, Failure> {
        private_key(&self.key, &self.password)
    }
}

/// The password of a private key or PKCS#12 file.
#[derive(Args)]
pub(crate) struct Password {
    /// File whose first line is the key's password, or - for standard input (パスワードのファイル);
    /// unless given, the environment variable `ENVELOPE_PASSWORD` is used
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl Password {
    fn read(&self) -> Result<Option<Zeroizing<String>>, Failure> {
        match &self.password_file {
            Some(path) => files::password(path).map(Some),
            None => Ok(std::env::var("ENVELOPE_PASSWORD").ok().map(Zeroizing::new)),
        }
    }
}

fn private_key(path: &Path, password: &Password) -> Result<PrivateKey, Failure> {
    let bytes = Zeroizing::new(files::read(path)?);
    let key = match load::private_key(&bytes) {
        // Only then is a password asked for: a key that needs none never waits for one.
        Err(error) if error.kind() == ErrorKind::KeyEncrypted => match password.read()? {
            Some(password) => load::encrypted_private_key(&bytes, &password),
            None => Err(error),
        },
        read => read,
    };
    key.map_err(Failure::needed(path))
}

/// An office's own key and certificate: two files, or one of PKCS#12.
#[derive(Args)]
pub(crate) struct Identity {
    /// Private key, PEM or DER (秘密鍵)
    #[arg(long, value_name = "FILE", required_unless_present = "p12")]
    key: Option<PathBuf>,
    /// Certificate of the key, PEM or DER (証明書)
    #[arg(long, value_name = "FILE", required_unless_present = "p12")]
    cert: Option<PathBuf>,
    /// Key and certificates in one PKCS#12 file (PKCS#12ファイル)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["key", "cert"])]
    p12: Option<PathBuf>,
    #[command(flatten)]
    password: Password,
}

impl Identity {
    /// Key and certificates, with further certificates of the chain.
    pub(crate) fn signer(&self, chain: Option<&Path>) -> Result<SoftwareSigner, Failure> {
        let more = match chain {
            Some(path) => certificates(path)?,
            None => Vec::new(),
        };
        match (&self.p12, &self.key, &self.cert) {
            (Some(path), _, _) => {
                let bytes = Zeroizing::new(files::read(path)?);
                let password = self.password.read()?.unwrap_or_default();
                SoftwareSigner::from_pkcs12(&bytes, &password)
                    .map(|signer| signer.with_intermediates(more))
                    .map_err(Failure::needed(path))
            }
            (None, Some(key), Some(certificate)) => {
                let mut chain = certificates(certificate)?;
                chain.extend(more);
                let key = private_key(key, &self.password)?;
                SoftwareSigner::new(key, chain).map_err(Failure::needed(certificate))
            }
            // clap sees to it that there is the one or the other.
            _ => Err(Failure::message(
                None,
                "--key と --cert、または --p12 を指定してください。",
                "give --key and --cert, or --p12",
            )),
        }
    }
}
