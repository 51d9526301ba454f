//! Revocation lists (CRL, RFC 5280 section 5) as a verifier holds them.
//!
//! `rustls-webpki` checks them against a path and takes the first that bears the issuer's name.
//! What it does not tell is read here: when a list was issued, and with which key.

use der::asn1::{AnyRef, BitStringRef};
use der::{Decode, Encode, Reader, Sequence, SliceReader};
use rustls_pki_types::{CertificateRevocationListDer, SubjectPublicKeyInfoDer};
use webpki::{CertRevocationList, OwnedCertRevocationList};
use x509_cert::spki::SubjectPublicKeyInfoRef;
use x509_cert::time::Time;

use crate::algorithm;

/// `CertificateList` (RFC 5280 section 5.1), as far as its signature is concerned.
#[derive(Sequence)]
struct SignedList<'a> {
    tbs_cert_list: AnyRef<'a>,
    signature_algorithm: AnyRef<'a>,
    signature: BitStringRef<'a>,
}

/// A revocation list.
#[derive(Debug)]
pub(crate) struct RevocationList {
    list: CertRevocationList<'static>,
    der: Vec<u8>,
    /// `thisUpdate`, in seconds since 1970.
    issued_at: u64,
}

impl RevocationList {
    /// Reads a DER list; `None` if it is none, or of a kind that is not understood, such as a delta
    /// or indirect one.
    pub(crate) fn read(der: &CertificateRevocationListDer<'_>) -> Option<Self> {
        let list = OwnedCertRevocationList::from_der(der).ok()?;
        let signed = SignedList::from_der(der).ok()?;
        Some(Self {
            list: list.into(),
            issued_at: this_update(signed.tbs_cert_list.value()).ok()?,
            der: der.to_vec(),
        })
    }

    pub(crate) const fn list(&self) -> &CertRevocationList<'static> {
        &self.list
    }

    /// The issuer's name: the contents of its DER.
    pub(crate) fn issuer(&self) -> &[u8] {
        self.list.issuer()
    }

    /// Whether it is for some of its issuer's certificates only (issuing distribution point, RFC
    /// 5280 section 5.2.5).
    pub(crate) fn has_scope(&self) -> bool {
        self.list.issuing_distribution_point().is_some()
    }

    /// `thisUpdate`, in seconds since 1970.
    pub(crate) const fn issued_at(&self) -> u64 {
        self.issued_at
    }

    /// Whether a key signed it.
    pub(crate) fn is_signed_with(&self, key: &SubjectPublicKeyInfoDer<'_>) -> bool {
        self.check_signature(key).is_some()
    }

    fn check_signature(&self, key: &SubjectPublicKeyInfoDer<'_>) -> Option<()> {
        let signed = SignedList::from_der(&self.der).ok()?;
        let identifier = signed.signature_algorithm.to_der().ok()?;
        let info = SubjectPublicKeyInfoRef::from_der(key).ok()?;
        algorithm::path_verification(&identifier, key)?
            .verify_signature(
                info.subject_public_key.raw_bytes(),
                &signed.tbs_cert_list.to_der().ok()?,
                signed.signature.as_bytes()?,
            )
            .ok()
    }
}

/// `thisUpdate` from the contents of a `TBSCertList` (RFC 5280 section 5.1.2.4).
fn this_update(tbs_cert_list: &[u8]) -> der::Result<u64> {
    let mut reader = SliceReader::new(tbs_cert_list)?;
    let _version = u8::decode(&mut reader)?;
    let _algorithm = AnyRef::decode(&mut reader)?;
    let _issuer = AnyRef::decode(&mut reader)?;
    let time = Time::decode(&mut reader)?;
    // The rest was read by `rustls-webpki`.
    let _rest = reader.read_slice(reader.remaining_len())?;
    Ok(time.to_unix_duration().as_secs())
}
