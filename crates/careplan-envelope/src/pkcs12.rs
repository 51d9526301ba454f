//! Reading PKCS#12 (RFC 7292): the files in which certificates are handed out and moved around.
//!
//! What OpenSSL 3 and current systems write is read: PBES2 with AES, and an HMAC of SHA-2. Files
//! protected by RC2 or triple DES, as older systems wrote them, are refused. Meant for an office's
//! own files, not for those of strangers.

use p12_keystore::error::Error as KeyStoreError;
use p12_keystore::{KeyStore, KeyStoreEntry, PrivateKeyChain};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::certificate::ParsedCertificate;
use crate::{Error, ErrorKind, PrivateKey, SoftwareSigner};

impl SoftwareSigner {
    /// A signer of the one private key in a PKCS#12 file, with its certificate and the
    /// intermediates that are in the file. A root is left out, as receivers have it.
    ///
    /// Needs the feature `pkcs12`.
    ///
    /// # Errors
    /// [`ErrorKind::Pkcs12Password`] if the password is wrong or the file was damaged;
    /// [`ErrorKind::Pkcs12`] if it is no such file, has not exactly one private key with its
    /// certificate, or is protected in a way that is no longer safe; those of
    /// [`PrivateKey::from_der`] and [`SoftwareSigner::new`].
    pub fn from_pkcs12(file: &[u8], password: &str) -> Result<Self, Error> {
        let store = KeyStore::from_pkcs12(file, password).map_err(|error| match error {
            KeyStoreError::MacError(_) => ErrorKind::Pkcs12Password,
            _ => ErrorKind::Pkcs12,
        })?;
        let chains: Vec<&PrivateKeyChain> = store
            .entries()
            .filter_map(|(_, entry)| match entry {
                KeyStoreEntry::PrivateKeyChain(chain) => Some(chain),
                _ => None,
            })
            .collect();
        let [chain] = chains.as_slice() else {
            return Err(ErrorKind::Pkcs12.into());
        };
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(chain.key()));
        let certificates = chain
            .chain()
            .iter()
            .enumerate()
            .filter(|(at, certificate)| *at == 0 || !is_root(certificate.as_der()))
            .map(|(_, certificate)| CertificateDer::from(certificate.as_der().to_vec()))
            .collect();
        Self::new(PrivateKey::from_der(&key)?, certificates)
    }
}

/// Whether a certificate is its own issuer.
fn is_root(der: &[u8]) -> bool {
    ParsedCertificate::parse(der).is_some_and(|parsed| {
        let certificate = parsed.x509().tbs_certificate();
        certificate.subject() == certificate.issuer()
    })
}
