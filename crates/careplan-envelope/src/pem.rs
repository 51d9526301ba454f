//! Reading and writing PEM (RFC 7468): the one place that knows `rustls-pemfile`.

use rustls_pemfile::Item;
use rustls_pki_types::{
    CertificateDer, CertificateRevocationListDer, CertificateSigningRequestDer, PrivateKeyDer,
};

use crate::{Error, ErrorKind};

/// Every item of a PEM text, in order; sections of other kinds are left out.
fn items(mut text: &[u8]) -> Result<Vec<Item>, Error> {
    let mut items = Vec::new();
    while let Some((item, rest)) =
        rustls_pemfile::read_one_from_slice(text).map_err(|_| ErrorKind::Pem)?
    {
        items.push(item);
        text = rest;
    }
    Ok(items)
}

/// At least one, or an error: an empty list is never what the caller wanted.
fn at_least_one<T>(text: &[u8], of_kind: impl FnMut(Item) -> Option<T>) -> Result<Vec<T>, Error> {
    let found: Vec<T> = items(text)?.into_iter().filter_map(of_kind).collect();
    if found.is_empty() {
        return Err(ErrorKind::Pem.into());
    }
    Ok(found)
}

/// The certificates (`CERTIFICATE`) of a PEM text, in its order.
///
/// # Errors
/// [`ErrorKind::Pem`] if the text is not PEM or holds no certificate.
pub fn certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    at_least_one(text, |item| match item {
        Item::X509Certificate(certificate) => Some(certificate),
        _ => None,
    })
}

/// The first private key of a PEM text: `PRIVATE KEY`, `RSA PRIVATE KEY` or `EC PRIVATE KEY`.
///
/// # Errors
/// [`ErrorKind::Pem`] if the text is not PEM or holds no private key, [`ErrorKind::KeyEncrypted`]
/// if it is encrypted.
pub fn private_key(text: &[u8]) -> Result<PrivateKeyDer<'static>, Error> {
    if holds_encrypted_key(text) {
        return Err(ErrorKind::KeyEncrypted.into());
    }
    let keys = at_least_one(text, |item| match item {
        Item::Pkcs8Key(key) => Some(PrivateKeyDer::Pkcs8(key)),
        Item::Pkcs1Key(key) => Some(PrivateKeyDer::Pkcs1(key)),
        Item::Sec1Key(key) => Some(PrivateKeyDer::Sec1(key)),
        _ => None,
    })?;
    keys.into_iter().next().ok_or(ErrorKind::Pem.into())
}

/// Whether a text holds an encrypted private key: of PKCS#8, or in the older way of OpenSSL.
pub(crate) fn holds_encrypted_key(text: &[u8]) -> bool {
    [
        &b"-----BEGIN ENCRYPTED PRIVATE KEY-----"[..],
        b"Proc-Type: 4,ENCRYPTED",
    ]
    .iter()
    .any(|mark| text.windows(mark.len()).any(|window| window == *mark))
}

/// The revocation lists (`X509 CRL`) of a PEM text, in its order.
///
/// # Errors
/// [`ErrorKind::Pem`] if the text is not PEM or holds no revocation list.
pub fn revocation_lists(text: &[u8]) -> Result<Vec<CertificateRevocationListDer<'static>>, Error> {
    at_least_one(text, |item| match item {
        Item::Crl(list) => Some(list),
        _ => None,
    })
}

/// The first certification request (`CERTIFICATE REQUEST`) of a PEM text.
///
/// # Errors
/// [`ErrorKind::Pem`] if the text is not PEM or holds no request.
pub fn request(text: &[u8]) -> Result<CertificateSigningRequestDer<'static>, Error> {
    let requests = at_least_one(text, |item| match item {
        Item::Csr(request) => Some(request),
        _ => None,
    })?;
    requests.into_iter().next().ok_or(ErrorKind::Pem.into())
}

/// PEM text of certificates, in their order.
///
/// # Errors
/// [`ErrorKind::Crypto`] if one cannot be encoded, which does not happen.
pub fn write_certificates(chain: &[CertificateDer<'_>]) -> Result<String, Error> {
    chain
        .iter()
        .map(|certificate| write("CERTIFICATE", certificate))
        .collect()
}

/// PEM text of DER under a label.
pub(crate) fn write(label: &'static str, der: &[u8]) -> Result<String, Error> {
    der::pem::encode_string(label, der::pem::LineEnding::LF, der)
        .map_err(|_| ErrorKind::Crypto.into())
}
