//! Private keys that are encrypted with a password: `EncryptedPrivateKeyInfo` (PKCS#8, RFC 5958
//! section 3) with PBES2 (RFC 8018), as OpenSSL 3 writes it.

use pkcs8::EncryptedPrivateKeyInfoRef;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

use crate::{Error, ErrorKind, PrivateKey, load, pem};

/// The armour of an encrypted key in PEM.
const BEGIN: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
const END: &str = "-----END ENCRYPTED PRIVATE KEY-----";

impl PrivateKey {
    /// Reads the first encrypted key (`ENCRYPTED PRIVATE KEY`) of a PEM text.
    ///
    /// Meant for an office's own files: how long it takes is the file's choice. Needs the feature
    /// `encrypted-keys`.
    ///
    /// # Errors
    /// [`ErrorKind::Pem`] if there is no encrypted key in the text, [`ErrorKind::KeyEncrypted`] if it
    /// is in OpenSSL's older form; those of [`from_encrypted_der`](Self::from_encrypted_der).
    pub fn from_encrypted_pem(text: &[u8], password: &str) -> Result<Self, Error> {
        let text = std::str::from_utf8(text).map_err(|_| ErrorKind::Pem)?;
        let begin = text.find(BEGIN).ok_or_else(|| {
            // OpenSSL's older form, with its own kind of armour.
            if pem::holds_encrypted_key(text.as_bytes()) {
                ErrorKind::KeyEncrypted
            } else {
                ErrorKind::Pem
            }
        })?;
        let key = text.get(begin..).unwrap_or_default();
        let end = key.find(END).ok_or(ErrorKind::Pem)? + END.len();
        let (_, der) = der::pem::decode_vec(key.get(..end).unwrap_or_default().as_bytes())
            .map_err(|_| ErrorKind::Pem)?;
        Self::from_encrypted_der(&der, password)
    }

    /// Reads an encrypted key from DER.
    ///
    /// # Errors
    /// [`ErrorKind::KeyPassword`] if the password is wrong or the file was damaged,
    /// [`ErrorKind::KeyEncrypted`] if it is encrypted otherwise than with PBES2, AES and SHA-2,
    /// [`ErrorKind::Key`] if it is no encrypted key or none of the accepted kinds.
    pub fn from_encrypted_der(der: &[u8], password: &str) -> Result<Self, Error> {
        let encrypted = EncryptedPrivateKeyInfoRef::try_from(der).map_err(|_| {
            // Ways of encrypting that `pkcs8` does not even know by name.
            if load::is_encrypted_key(der) {
                ErrorKind::KeyEncrypted
            } else {
                ErrorKind::Key
            }
        })?;
        let key = encrypted.decrypt(password).map_err(|error| match error {
            pkcs8::Error::EncryptedPrivateKey(
                pkcs8::pkcs5::Error::UnsupportedAlgorithm { .. }
                | pkcs8::pkcs5::Error::NoPbes1CryptSupport
                | pkcs8::pkcs5::Error::AlgorithmParametersInvalid { .. },
            ) => ErrorKind::KeyEncrypted,
            // A wrong password is noticed by the padding, or by what comes out not being DER.
            _ => ErrorKind::KeyPassword,
        })?;
        let key = Zeroizing::new(key.as_bytes().to_vec());
        Self::from_der(&PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(
            key.as_slice(),
        )))
    }
}
