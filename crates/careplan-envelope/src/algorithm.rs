//! Digest and signature algorithms, and their identifiers in CMS and X.509.

use aws_lc_rs::digest;
use aws_lc_rs::signature::RsaParameters;
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912;
use der::Encode;
use rustls_pki_types::{AlgorithmIdentifier, SignatureVerificationAlgorithm, alg_id};
use webpki::aws_lc_rs as verify;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoRef};

use crate::Refusal;

/// Sizes of RSA moduli that are accepted; larger ones only cost time.
pub(crate) const RSA_BITS: std::ops::RangeInclusive<u32> = 2048..=4096;

/// The algorithms signatures are made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RsaPkcs1Sha256,
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes.
    RsaPssSha256,
    /// ECDSA on P-256 with SHA-256.
    EcdsaP256Sha256,
    /// ECDSA on P-384 with SHA-384.
    EcdsaP384Sha384,
}

impl SignatureAlgorithm {
    /// The digest that goes with it in CMS.
    pub(crate) const fn digest(self) -> DigestAlgorithm {
        match self {
            Self::RsaPkcs1Sha256 | Self::RsaPssSha256 | Self::EcdsaP256Sha256 => {
                DigestAlgorithm::Sha256
            }
            Self::EcdsaP384Sha384 => DigestAlgorithm::Sha384,
        }
    }

    /// Its `AlgorithmIdentifier`; the same in certificates and in CMS.
    pub(crate) fn identifier(self) -> Result<AlgorithmIdentifierOwned, der::Error> {
        owned(&match self {
            Self::RsaPkcs1Sha256 => alg_id::RSA_PKCS1_SHA256,
            Self::RsaPssSha256 => alg_id::RSA_PSS_SHA256,
            Self::EcdsaP256Sha256 => alg_id::ECDSA_SHA256,
            Self::EcdsaP384Sha384 => alg_id::ECDSA_SHA384,
        })
    }

    /// What checks it.
    pub(crate) fn verification(self) -> &'static dyn SignatureVerificationAlgorithm {
        match self {
            Self::RsaPkcs1Sha256 => verify::RSA_PKCS1_2048_8192_SHA256,
            Self::RsaPssSha256 => verify::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
            Self::EcdsaP256Sha256 => verify::ECDSA_P256_SHA256,
            Self::EcdsaP384Sha384 => verify::ECDSA_P384_SHA384,
        }
    }
}

/// The contents of an `AlgorithmIdentifier` as a structure.
fn owned(identifier: &AlgorithmIdentifier) -> Result<AlgorithmIdentifierOwned, der::Error> {
    use der::Decode;
    AlgorithmIdentifierOwned::from_der(&sequence(identifier)?)
}

/// `rustls-pki-types` holds an identifier without the SEQUENCE around it.
fn sequence(contents: &[u8]) -> Result<Vec<u8>, der::Error> {
    der::asn1::AnyRef::new(der::Tag::Sequence, contents)?.to_der()
}

/// The signature algorithms that certificates and revocation lists may be signed with.
pub(crate) static PATH_ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    verify::ECDSA_P256_SHA256,
    verify::ECDSA_P256_SHA384,
    verify::ECDSA_P384_SHA256,
    verify::ECDSA_P384_SHA384,
    verify::RSA_PKCS1_2048_8192_SHA256,
    verify::RSA_PKCS1_2048_8192_SHA384,
    verify::RSA_PKCS1_2048_8192_SHA512,
    verify::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
    verify::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    verify::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
];

/// What a CMS signature may be made with: a signature algorithm and the digest that goes with it.
static CMS_ALGORITHMS: &[(&dyn SignatureVerificationAlgorithm, DigestAlgorithm)] = &[
    (verify::ECDSA_P256_SHA256, DigestAlgorithm::Sha256),
    (verify::ECDSA_P384_SHA256, DigestAlgorithm::Sha256),
    (verify::ECDSA_P384_SHA384, DigestAlgorithm::Sha384),
    (verify::RSA_PKCS1_2048_8192_SHA256, DigestAlgorithm::Sha256),
    (
        verify::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
        DigestAlgorithm::Sha256,
    ),
];

/// Digests that are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DigestAlgorithm {
    Sha256,
    Sha384,
}

impl DigestAlgorithm {
    pub(crate) const fn oid(self) -> ObjectIdentifier {
        match self {
            Self::Sha256 => rfc5912::ID_SHA_256,
            Self::Sha384 => rfc5912::ID_SHA_384,
        }
    }

    /// The identifier as written: without parameters (RFC 5754 section 2).
    pub(crate) const fn identifier(self) -> AlgorithmIdentifierOwned {
        AlgorithmIdentifierOwned {
            oid: self.oid(),
            parameters: None,
        }
    }

    /// Reads an identifier; parameters are absent or NULL (RFC 5754 section 2).
    pub(crate) fn read(identifier: &AlgorithmIdentifierOwned) -> Result<Self, Refusal> {
        if is_weak(identifier.oid) {
            return Err(Refusal::WeakAlgorithm);
        }
        let no_parameters = identifier.parameters.as_ref().is_none_or(der::Any::is_null);
        [Self::Sha256, Self::Sha384]
            .into_iter()
            .find(|digest| digest.oid() == identifier.oid && no_parameters)
            .ok_or(Refusal::UnsupportedAlgorithm)
    }

    pub(crate) fn digest(self, message: &[u8]) -> digest::Digest {
        let algorithm = match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
        };
        digest::digest(algorithm, message)
    }
}

/// MD2, MD4, MD5, SHA-1 and DSA, alone or with a signature algorithm.
pub(crate) fn is_weak(oid: ObjectIdentifier) -> bool {
    const WEAK: &[ObjectIdentifier] = &[
        // id-sha1, md2, md4, md5
        ObjectIdentifier::new_unwrap("1.3.14.3.2.26"),
        ObjectIdentifier::new_unwrap("1.2.840.113549.2.2"),
        ObjectIdentifier::new_unwrap("1.2.840.113549.2.4"),
        ObjectIdentifier::new_unwrap("1.2.840.113549.2.5"),
        // md2, md4, md5 and sha1 WithRSAEncryption, and sha1 with RSA of OIW
        ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.2"),
        ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.3"),
        ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.4"),
        ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.5"),
        ObjectIdentifier::new_unwrap("1.3.14.3.2.29"),
        // ecdsa-with-SHA1, dsa-with-sha1
        ObjectIdentifier::new_unwrap("1.2.840.10045.4.1"),
        ObjectIdentifier::new_unwrap("1.2.840.10040.4.3"),
    ];
    WEAK.contains(&oid)
}

/// [`is_weak`] of an `AlgorithmIdentifier`'s contents, without the SEQUENCE around them.
pub(crate) fn is_weak_identifier(contents: &[u8]) -> bool {
    use der::Decode;
    sequence(contents).is_ok_and(|identifier| {
        AlgorithmIdentifierOwned::from_der(&identifier)
            .is_ok_and(|identifier| is_weak(identifier.oid))
    })
}

/// Whether keys of this kind may sign certificates: an `AlgorithmIdentifier`'s contents.
pub(crate) fn is_path_key(contents: &[u8]) -> bool {
    PATH_ALGORITHMS
        .iter()
        .any(|algorithm| algorithm.public_key_alg_id().as_ref() == contents)
}

/// What checks a CMS signature of this algorithm identifier, digest and public key.
///
/// Without a match: whether the algorithm is weak, unknown, or not this key's.
pub(crate) fn cms_verification(
    signature: &AlgorithmIdentifierOwned,
    digest: DigestAlgorithm,
    public_key_info: &[u8],
) -> Result<&'static dyn SignatureVerificationAlgorithm, Refusal> {
    if is_weak(signature.oid) {
        return Err(Refusal::WeakAlgorithm);
    }
    let malformed = |_| Refusal::SignatureMalformed;
    let written = signature.to_der().map_err(malformed)?;
    // RFC 5754 section 3.2: in CMS, rsaEncryption stands for PKCS#1 v1.5 with the given digest.
    let plain_rsa = written == sequence(&alg_id::RSA_ENCRYPTION).map_err(malformed)?;
    let key = |algorithm: &dyn SignatureVerificationAlgorithm| -> Result<bool, Refusal> {
        let identifier = sequence(&algorithm.public_key_alg_id()).map_err(malformed)?;
        Ok(starts_with_algorithm(public_key_info, &identifier))
    };
    let mut known = false;
    for &(algorithm, algorithm_digest) in CMS_ALGORITHMS {
        let same = if plain_rsa {
            algorithm.signature_alg_id() == alg_id::RSA_PKCS1_SHA256
        } else {
            written == sequence(&algorithm.signature_alg_id()).map_err(malformed)?
        };
        known |= same;
        if same && algorithm_digest == digest && key(algorithm)? {
            return Ok(algorithm);
        }
    }
    Err(if known {
        Refusal::AlgorithmMismatch
    } else {
        Refusal::UnsupportedAlgorithm
    })
}

/// Whether a `SubjectPublicKeyInfo` begins, inside its SEQUENCE, with this algorithm identifier.
fn starts_with_algorithm(public_key_info: &[u8], identifier: &[u8]) -> bool {
    use der::Decode;
    der::asn1::AnyRef::from_der(public_key_info)
        .is_ok_and(|info| info.value().starts_with(identifier))
}

/// What checks a signature made with a DER `AlgorithmIdentifier` by a key of a
/// `SubjectPublicKeyInfo`, as on certificates and requests.
pub(crate) fn path_verification(
    identifier: &[u8],
    public_key_info: &[u8],
) -> Option<&'static dyn SignatureVerificationAlgorithm> {
    PATH_ALGORITHMS.iter().copied().find(|algorithm| {
        sequence(&algorithm.signature_alg_id()).is_ok_and(|own| own == identifier)
            && sequence(&algorithm.public_key_alg_id())
                .is_ok_and(|own| starts_with_algorithm(public_key_info, &own))
    })
}

/// Whether a `SubjectPublicKeyInfo` is of an accepted size: P-256 and P-384 always, RSA of 2048 to
/// 4096 bits.
pub(crate) fn key_size_allowed(public_key_info: &[u8]) -> bool {
    use der::Decode;
    let Ok(info) = SubjectPublicKeyInfoRef::from_der(public_key_info) else {
        return false;
    };
    info.algorithm.oid != rfc5912::RSA_ENCRYPTION
        || RsaParameters::public_modulus_len(info.subject_public_key.raw_bytes())
            .is_ok_and(|bits| RSA_BITS.contains(&bits))
}

#[cfg(test)]
mod wycheproof;
