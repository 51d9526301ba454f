//! Path validation (RFC 5280 section 6), done by `rustls-webpki`.

use chrono::{DateTime, Utc};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, TrustAnchor, UnixTime};
use webpki::{
    CertRevocationList, EndEntityCert, ExpirationPolicy, ExtendedKeyUsageValidator, KeyPurposeId,
    KeyPurposeIdIter, RevocationCheckDepth, RevocationOptions, RevocationOptionsBuilder,
    UnknownStatusPolicy, VerifiedPath,
};

use crate::algorithm::{self, PATH_ALGORITHMS};
use crate::certificate::{Extension, ParsedCertificate};
use crate::revocation::RevocationList;
use crate::{Error, ErrorKind, Refusal, validity};

/// What a path is validated against.
#[derive(Debug)]
pub(crate) struct Trust {
    anchors: Vec<TrustAnchor<'static>>,
    /// The anchors' certificates: the only ones a signature may carry beyond its path.
    anchor_certificates: Vec<CertificateDer<'static>>,
    /// The newest first: of several that could count, `rustls-webpki` takes the first.
    revocation_lists: Vec<RevocationList>,
    pub(crate) revocation_depth: RevocationCheckDepth,
}

impl Trust {
    /// Nobody is trusted, and revocation is not checked.
    pub(crate) const fn nobody() -> Self {
        Self {
            anchors: Vec::new(),
            anchor_certificates: Vec::new(),
            revocation_lists: Vec::new(),
            revocation_depth: RevocationCheckDepth::Chain,
        }
    }

    pub(crate) const fn is_nobody(&self) -> bool {
        self.anchors.is_empty()
    }

    /// Trusts the holder of a certificate to issue.
    pub(crate) fn add_anchor(&mut self, certificate: &CertificateDer<'_>) -> Result<(), Error> {
        let anchor = webpki::anchor_from_trusted_cert(certificate)
            .map_err(|_| ErrorKind::Certificate)?
            .to_owned();
        self.anchors.push(anchor);
        self.anchor_certificates
            .push(certificate.clone().into_owned());
        Ok(())
    }

    /// Adds a revocation list; from then on revocation is checked.
    pub(crate) fn add_revocation_list(
        &mut self,
        list: &CertificateRevocationListDer<'_>,
    ) -> Result<(), Error> {
        let list = RevocationList::read(list).ok_or(ErrorKind::Crl)?;
        self.revocation_lists.push(list);
        self.revocation_lists
            .sort_by_key(|list| std::cmp::Reverse(list.issued_at()));
        Ok(())
    }

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
        let end_entity = EndEntityCert::try_from(certificate).map_err(|error| refusal(&error))?;
        let lists = if self.lists_depend_on_path() {
            let path = self
                .path(&end_entity, others, time, None)
                .map_err(|error| refusal(&error))?;
            self.lists_for(&path, parsed)?
        } else {
            self.revocation_lists
                .iter()
                .map(RevocationList::list)
                .collect()
        };
        if lists.is_empty() && !self.revocation_lists.is_empty() {
            return Err(Refusal::RevocationUnknown);
        }
        // Without any list, revocation is not checked; with one, every certificate that is looked
        // at needs one of its issuer, in date.
        let revocation = RevocationOptionsBuilder::new(&lists).ok().map(|options| {
            options
                .with_depth(self.revocation_depth)
                .with_status_policy(UnknownStatusPolicy::Deny)
                .with_expiration_policy(ExpirationPolicy::Enforce)
                .build()
        });
        let path = self
            .path(&end_entity, others, time, revocation)
            .map_err(|error| refusal(&error))?;

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

    fn path<'p>(
        &'p self,
        end_entity: &'p EndEntityCert<'p>,
        others: &'p [CertificateDer<'p>],
        time: UnixTime,
        revocation: Option<RevocationOptions<'_>>,
    ) -> Result<VerifiedPath<'p>, webpki::Error> {
        end_entity.verify_for_usage(
            PATH_ALGORITHMS,
            &self.anchors,
            others,
            time,
            SigningPurposes,
            revocation,
            None,
        )
    }

    /// Whether which lists count depends on the path: an issuer's name is on several, or one is
    /// for some of its issuer's certificates only.
    fn lists_depend_on_path(&self) -> bool {
        let lists = &self.revocation_lists;
        lists.iter().enumerate().any(|(at, list)| {
            list.has_scope()
                || lists
                    .iter()
                    .skip(at + 1)
                    .any(|other| other.issuer() == list.issuer())
        })
    }

    /// The lists that count for a path.
    ///
    /// Not those that only bear the name of one of its issuers: an authority that changed its key
    /// has a list signed with each. And not those of one distribution point, unless the issuer's
    /// certificate names the point (RFC 5280 section 6.3.3 (b) (2)): `rustls-webpki` would take
    /// such a list to cover a certificate that names none.
    fn lists_for(
        &self,
        path: &VerifiedPath<'_>,
        end_entity: &ParsedCertificate,
    ) -> Result<Vec<&CertRevocationList<'_>>, Refusal> {
        let anchor = path.anchor();
        let mut issuers = vec![(anchor.subject.to_vec(), webpki::spki_for_anchor(anchor))];
        let mut without_point = Vec::new();
        if !end_entity.has_distribution_points() {
            without_point.push(path.end_entity().issuer().to_vec());
        }
        for authority in path.intermediate_certificates() {
            issuers.push((
                authority.subject().to_vec(),
                authority.subject_public_key_info(),
            ));
            let parsed =
                ParsedCertificate::parse(&authority.der()).ok_or(Refusal::CertificateMalformed)?;
            if !parsed.has_distribution_points() {
                without_point.push(authority.issuer().to_vec());
            }
        }
        let in_scope: Vec<&RevocationList> = self
            .revocation_lists
            .iter()
            .filter(|list| {
                !list.has_scope() || without_point.iter().all(|issuer| issuer != list.issuer())
            })
            .collect();
        let is_genuine = |list: &RevocationList| {
            issuers
                .iter()
                .any(|(name, key)| name == list.issuer() && list.is_signed_with(key))
        };
        let genuine: Vec<&RevocationList> = in_scope
            .iter()
            .copied()
            .filter(|list| is_genuine(list))
            .collect();
        // Where none of an issuer's is genuine they stay, to be refused for that.
        let has_genuine = |list: &RevocationList| {
            genuine
                .iter()
                .any(|genuine| genuine.issuer() == list.issuer())
        };
        let not_genuine = in_scope.iter().copied().filter(|list| !has_genuine(list));
        Ok(genuine
            .iter()
            .copied()
            .chain(not_genuine)
            .map(RevocationList::list)
            .collect())
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
/// of an accepted size; and what it asks of the policies of certificates below it, which are not
/// processed, has to be marked critical (RFC 5280 section 4.2.1.11) and counts so even if not.
fn check_authority(der: &CertificateDer<'_>) -> Result<(), Refusal> {
    let certificate = ParsedCertificate::parse(der).ok_or(Refusal::CertificateMalformed)?;
    if !algorithm::key_size_allowed(&certificate.public_key_info()) {
        return Err(Refusal::KeySize);
    }
    if certificate.constrains_policies() {
        return Err(Refusal::CriticalExtension);
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
pub(crate) fn refusal(error: &webpki::Error) -> Refusal {
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
        // The issuer's name is that of an anchor or intermediate whose key is of another kind.
        E::UnsupportedSignatureAlgorithmForPublicKeyContext(context)
            if algorithm::is_path_key(&context.public_key_algorithm_id) =>
        {
            Refusal::UntrustedIssuer
        }
        E::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => Refusal::UnsupportedAlgorithm,
        // Of whichever certificate of the path.
        E::UnsupportedSignatureAlgorithmContext(context) => {
            if algorithm::is_weak_identifier(&context.signature_algorithm_id) {
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

#[cfg(test)]
mod pkits;
