//! Path validation (RFC 5280 section 6), done by `rustls-webpki`.

use chrono::{DateTime, Utc};
use rustls_pki_types::{CertificateDer, TrustAnchor};
use webpki::{
    CertRevocationList, EndEntityCert, ExpirationPolicy, ExtendedKeyUsageValidator, KeyPurposeId,
    KeyPurposeIdIter, RevocationCheckDepth, RevocationOptionsBuilder, UnknownStatusPolicy,
};

use crate::algorithm::{self, PATH_ALGORITHMS};
use crate::certificate::{Extension, ParsedCertificate};
use crate::{Refusal, validity};

/// What a path is validated against.
#[derive(Debug)]
pub(crate) struct Trust {
    pub(crate) anchors: Vec<TrustAnchor<'static>>,
    /// The anchors' certificates: the only ones a signature may carry beyond its path.
    pub(crate) anchor_certificates: Vec<CertificateDer<'static>>,
    pub(crate) revocation_lists: Vec<CertRevocationList<'static>>,
    pub(crate) revocation_depth: RevocationCheckDepth,
}

impl Trust {
    /// Validates the path from a signer's certificate to an anchor at a time.
    ///
    /// `others` are the certificates that came with it; every one has to be part of the path.
    pub(crate) fn validate(
        &self,
        certificate: &CertificateDer<'_>,
        parsed: &ParsedCertificate,
        others: &[CertificateDer<'_>],
        at: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        check_signing_key_usage(parsed)?;
        let time = validity::to_unix(at).ok_or(Refusal::TimeOutOfRange)?;
        let end_entity =
            EndEntityCert::try_from(certificate).map_err(|error| refusal(&error, certificate))?;
        let lists: Vec<&CertRevocationList<'_>> = self.revocation_lists.iter().collect();
        // Without any list, revocation is not checked; with one, every certificate that is looked
        // at needs one of its issuer, in date.
        let revocation = RevocationOptionsBuilder::new(&lists).ok().map(|options| {
            options
                .with_depth(self.revocation_depth)
                .with_status_policy(UnknownStatusPolicy::Deny)
                .with_expiration_policy(ExpirationPolicy::Enforce)
                .build()
        });
        let path = end_entity
            .verify_for_usage(
                PATH_ALGORITHMS,
                &self.anchors,
                others,
                time,
                SigningPurposes,
                revocation,
                None,
            )
            .map_err(|error| refusal(&error, certificate))?;

        let mut on_path = Vec::new();
        for intermediate in path.intermediate_certificates() {
            let der = intermediate.der();
            check_authority(&der)?;
            on_path.push(der);
        }
        let used = |other: &CertificateDer<'_>| {
            on_path.iter().any(|der| der.as_ref() == other.as_ref())
                || self
                    .anchor_certificates
                    .iter()
                    .any(|anchor| anchor.as_ref() == other.as_ref())
        };
        if others.iter().all(used) {
            Ok(())
        } else {
            Err(Refusal::UnusedCertificate)
        }
    }
}

/// A signer's key has to be for digital signatures, and say so (RFC 5280 section 4.2.1.3).
fn check_signing_key_usage(certificate: &ParsedCertificate) -> Result<(), Refusal> {
    match certificate.key_usage() {
        Extension::Present(usage) if usage.digital_signature() => Ok(()),
        Extension::Present(_) | Extension::Absent => Err(Refusal::KeyUsage),
        Extension::Malformed => Err(Refusal::CertificateMalformed),
    }
}

/// What `rustls-webpki` leaves to others: an issuer's key has to be for signing certificates, and
/// of an accepted size.
fn check_authority(der: &CertificateDer<'_>) -> Result<(), Refusal> {
    let certificate = ParsedCertificate::parse(der).ok_or(Refusal::CertificateMalformed)?;
    if !algorithm::key_size_allowed(&certificate.public_key_info()) {
        return Err(Refusal::KeySize);
    }
    match certificate.key_usage() {
        Extension::Present(usage) if usage.key_cert_sign() => Ok(()),
        Extension::Present(_) | Extension::Absent => Err(Refusal::KeyUsage),
        Extension::Malformed => Err(Refusal::CertificateMalformed),
    }
}

/// The purposes that a signer's extended key usage may name: one of them, or none at all.
struct SigningPurposes;

impl SigningPurposes {
    /// DER contents of the identifiers: id-kp-clientAuth (1.3.6.1.5.5.7.3.2), as offices'
    /// certificates serve for TLS too; id-kp-emailProtection (.4); id-kp-documentSigning (.36).
    const ALLOWED: [&[u8]; 3] = [
        &[0x2b, 6, 1, 5, 5, 7, 3, 2],
        &[0x2b, 6, 1, 5, 5, 7, 3, 4],
        &[0x2b, 6, 1, 5, 5, 7, 3, 36],
    ];
}

impl ExtendedKeyUsageValidator for SigningPurposes {
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        let mut absent = true;
        for purpose in purposes {
            let purpose = purpose?;
            absent = false;
            if Self::ALLOWED.map(KeyPurposeId::new).contains(&purpose) {
                return Ok(());
            }
        }
        if absent {
            Ok(())
        } else {
            Err(webpki::Error::EmptyEkuExtension)
        }
    }
}

/// Our reason for one of `rustls-webpki`'s.
pub(crate) fn refusal(error: &webpki::Error, certificate: &CertificateDer<'_>) -> Refusal {
    use webpki::Error as E;
    match error {
        E::CertExpired { .. } => Refusal::CertificateExpired,
        E::CertNotValidYet { .. } => Refusal::CertificateNotYetValid,
        E::CertRevoked => Refusal::CertificateRevoked,
        E::UnknownRevocationStatus => Refusal::RevocationUnknown,
        E::CrlExpired { .. } => Refusal::RevocationListExpired,
        E::UnknownIssuer => Refusal::UntrustedIssuer,
        // The issuer's name is an anchor's or intermediate's, its key is not.
        E::InvalidSignatureForPublicKey => Refusal::UntrustedIssuer,
        E::UnsupportedCriticalExtension => Refusal::CriticalExtension,
        E::EmptyEkuExtension | E::RequiredEkuNotFoundContext(_) => Refusal::ExtendedKeyUsage,
        E::UnsupportedSignatureAlgorithmContext(_)
        | E::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            let weak = ParsedCertificate::parse(certificate)
                .is_some_and(|parsed| algorithm::is_weak(parsed.x509().signature_algorithm().oid));
            if weak {
                Refusal::WeakAlgorithm
            } else {
                Refusal::UnsupportedAlgorithm
            }
        }
        E::InvalidCrlSignatureForPublicKey
        | E::IssuerNotCrlSigner
        | E::UnsupportedCrlSignatureAlgorithmContext(_)
        | E::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(_) => {
            Refusal::RevocationListInvalid
        }
        E::CaUsedAsEndEntity
        | E::EndEntityUsedAsCa
        | E::PathLenConstraintViolated
        | E::NameConstraintViolation
        | E::MaximumPathBuildCallsExceeded
        | E::MaximumPathDepthExceeded
        | E::MaximumSignatureChecksExceeded
        | E::MaximumNameConstraintComparisonsExceeded
        | E::InvalidCertValidity => Refusal::PathInvalid,
        _ => Refusal::CertificateMalformed,
    }
}
