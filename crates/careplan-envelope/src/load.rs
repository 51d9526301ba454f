//! Keys, certificates and revocation lists from a file's bytes, in whatever form they come.
//!
//! PEM (RFC 7468) or DER; which of them is seen from the bytes. PKCS#12 files are
//! another module's.

use der::asn1::{AnyRef, OctetString};
use der::{Decode, Sequence};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use x509_cert::spki::AlgorithmIdentifier;

use crate::certificate::ParsedCertificate;
use crate::{Error, ErrorKind, PrivateKey, pem};

/// `EncryptedPrivateKeyInfo` (RFC 5958 section 3), by its form; a key begins with a version instead.
#[derive(Sequence)]
struct EncryptedKey<'a> {
    encryption_algorithm: AlgorithmIdentifier<AnyRef<'a>>,
    encrypted_data: OctetString,
}

/// Whether some DER is an encrypted private key, in whatever way it is encrypted.
pub(crate) fn is_encrypted_key(der: &[u8]) -> bool {
    EncryptedKey::from_der(der).is_ok()
}

/// DER begins with a SEQUENCE, which is the digit 0 in ASCII; so the armour decides, not the first
/// byte.
fn is_pem(bytes: &[u8]) -> bool {
    const ARMOUR: &[u8] = b"-----BEGIN ";
    bytes.windows(ARMOUR.len()).any(|window| window == ARMOUR)
}

/// The certificates of a PEM file in its order, or the one of a DER file.
///
/// # Errors
/// [`ErrorKind::Pem`] if it is PEM without a certificate, [`ErrorKind::Certificate`] if it is
/// neither.
pub fn certificates(bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    if is_pem(bytes) {
        return pem::certificates(bytes);
    }
    ParsedCertificate::parse(bytes).ok_or(ErrorKind::Certificate)?;
    Ok(vec![CertificateDer::from(bytes.to_vec())])
}

/// The unencrypted private key of a PEM or DER file: PKCS#8, PKCS#1 or SEC 1.
///
/// # Errors
/// [`ErrorKind::Pem`] if it is PEM without a private key, [`ErrorKind::KeyEncrypted`] if the key is
/// encrypted, [`ErrorKind::Key`] if it is neither or none of the accepted kinds.
pub fn private_key(bytes: &[u8]) -> Result<PrivateKey, Error> {
    if is_pem(bytes) {
        return PrivateKey::from_pem(bytes);
    }
    if is_encrypted_key(bytes) {
        return Err(ErrorKind::KeyEncrypted.into());
    }
    let key = PrivateKeyDer::try_from(bytes).map_err(|_| ErrorKind::Key)?;
    PrivateKey::from_der(&key)
}

/// The private key of a PEM or DER file that is encrypted with a password (PKCS#8).
///
/// Needs the feature `encrypted-keys`.
///
/// # Errors
/// Those of [`PrivateKey::from_encrypted_pem`] and [`PrivateKey::from_encrypted_der`].
#[cfg(feature = "encrypted-keys")]
pub fn encrypted_private_key(bytes: &[u8], password: &str) -> Result<PrivateKey, Error> {
    if is_pem(bytes) {
        return PrivateKey::from_encrypted_pem(bytes, password);
    }
    PrivateKey::from_encrypted_der(bytes, password)
}

/// The revocation lists (CRL) of a PEM file, or the one of a DER file; whether they can be read is
/// found by the [verifier](crate::VerifierBuilder::crl).
///
/// # Errors
/// [`ErrorKind::Pem`] if it is PEM without a revocation list.
pub fn revocation_lists(bytes: &[u8]) -> Result<Vec<CertificateRevocationListDer<'static>>, Error> {
    if is_pem(bytes) {
        return pem::revocation_lists(bytes);
    }
    Ok(vec![CertificateRevocationListDer::from(bytes.to_vec())])
}
