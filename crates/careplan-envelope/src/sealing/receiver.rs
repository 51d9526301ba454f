//! The content key's way to a receiver: RSA-OAEP (RFC 3560) or ephemeral-static ECDH (RFC 5753).

use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P384, UnparsedPublicKey, agree};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::key_wrap::{AES_256, KeyEncryptionKey, KeyWrap};
use aws_lc_rs::rsa::{
    OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
    PrivateDecryptingKey, PublicEncryptingKey,
};
use cms::cert::IssuerAndSerialNumber;
use cms::content_info::CmsVersion;
use cms::enveloped_data::{
    KeyAgreeRecipientIdentifier, KeyAgreeRecipientInfo, KeyTransRecipientInfo,
    OriginatorIdentifierOrKey, OriginatorPublicKey, RecipientEncryptedKey, RecipientIdentifier,
    RecipientInfo,
};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912;
use der::asn1::{Any, BitString, OctetString};
use der::referenced::OwnedToRef;
use der::{Encode, Sequence};
use rustls_pki_types::CertificateDer;
use x509_cert::spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

use super::ContentKey;
use super::error::{SealError, SealErrorKind as Kind};
use crate::PrivateKey;
use crate::algorithm;
use crate::certificate::{Extension, ParsedCertificate};

/// id-RSAES-OAEP (RFC 3560).
const RSAES_OAEP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.7");
/// id-mgf1 (RFC 8017).
const MGF1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8");
/// dhSinglePass-stdDH-sha256kdf-scheme (RFC 5753 section 7.1.4).
const STD_DH_SHA256_KDF: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.1.11.1");
/// id-aes256-wrap (RFC 3565).
const AES256_WRAP: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.45");

/// AES key wrap (RFC 3394) adds eight bytes to the key.
const WRAPPED_KEY: usize = 40;

/// `RSAES-OAEP-params` (RFC 8017 appendix A.2.1) without the label, which is the empty one.
#[derive(Sequence)]
struct OaepParameters {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    hash: AlgorithmIdentifierOwned,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT")]
    mask: AlgorithmIdentifierOwned,
}

/// What a receiver's certificate offers for sealing.
#[derive(Debug)]
pub(super) struct Receiver {
    name: IssuerAndSerialNumber,
    key: PublicKey,
}

#[derive(Debug)]
enum PublicKey {
    /// DER `SubjectPublicKeyInfo`.
    Rsa(Vec<u8>),
    /// The curve and the uncompressed point.
    Curve(&'static agreement::Algorithm, Vec<u8>),
}

impl Receiver {
    pub(super) fn new(certificate: &CertificateDer<'_>) -> Result<Self, SealError> {
        let certificate = ParsedCertificate::parse(certificate).ok_or(Kind::Certificate)?;
        let info = certificate
            .x509()
            .tbs_certificate()
            .subject_public_key_info()
            .owned_to_ref();
        let point = info.subject_public_key.raw_bytes().to_vec();
        let info_der = certificate.public_key_info();
        if !algorithm::key_size_allowed(&info_der) {
            return Err(Kind::KeyKind.into());
        }
        let key = match info.algorithm.oid {
            rfc5912::RSA_ENCRYPTION => PublicKey::Rsa(info_der),
            rfc5912::ID_EC_PUBLIC_KEY => match info.algorithm.parameters_oid() {
                Ok(rfc5912::SECP_256_R_1) => PublicKey::Curve(&ECDH_P256, point),
                Ok(rfc5912::SECP_384_R_1) => PublicKey::Curve(&ECDH_P384, point),
                _ => return Err(Kind::KeyKind.into()),
            },
            _ => return Err(Kind::KeyKind.into()),
        };
        // RFC 5280 section 4.2.1.3: without the extension a key may be used for anything.
        let allowed = match certificate.key_usage() {
            Extension::Absent => true,
            Extension::Present(usage) => match key {
                PublicKey::Rsa(_) => usage.key_encipherment(),
                PublicKey::Curve(..) => usage.key_agreement(),
            },
            Extension::Malformed => return Err(Kind::Certificate.into()),
        };
        if !allowed {
            return Err(Kind::KeyUsage.into());
        }
        Ok(Self {
            name: name_of(&certificate),
            key,
        })
    }

    /// The content key for this receiver.
    pub(super) fn wrap(&self, content_key: &ContentKey) -> Result<RecipientInfo, SealError> {
        match &self.key {
            PublicKey::Rsa(info) => self.transport(info, content_key),
            PublicKey::Curve(curve, point) => self.agree(curve, point, content_key),
        }
    }

    fn transport(&self, info: &[u8], content_key: &ContentKey) -> Result<RecipientInfo, SealError> {
        let key = PublicEncryptingKey::from_der(info)
            .map_err(|_| Kind::KeyKind)
            .and_then(|key| OaepPublicEncryptingKey::new(key).map_err(|_| Kind::Crypto))?;
        let mut encrypted = vec![0; key.ciphertext_size()];
        let encrypted = key
            .encrypt(
                &OAEP_SHA256_MGF1SHA256,
                content_key.as_slice(),
                &mut encrypted,
                None,
            )
            .map_err(|_| Kind::Crypto)?;
        Ok(RecipientInfo::Ktri(KeyTransRecipientInfo {
            // RFC 5652 section 6.2.1: 0 with issuer and serial number.
            version: CmsVersion::V0,
            rid: RecipientIdentifier::IssuerAndSerialNumber(self.name.clone()),
            key_enc_alg: oaep_identifier().map_err(crypto)?,
            enc_key: OctetString::new(&*encrypted).map_err(crypto)?,
        }))
    }

    fn agree(
        &self,
        curve: &'static agreement::Algorithm,
        point: &[u8],
        content_key: &ContentKey,
    ) -> Result<RecipientInfo, SealError> {
        // Ephemeral in the sense of RFC 5753: made here, used once, forgotten.
        let ephemeral = agreement::PrivateKey::generate(curve).map_err(|_| Kind::Crypto)?;
        let public = ephemeral.compute_public_key().map_err(|_| Kind::Crypto)?;
        let wrapping_key =
            wrapping_key(&ephemeral, curve, point, None).map_err(|_| Kind::KeyKind)?;
        let mut wrapped = [0; WRAPPED_KEY];
        KeyEncryptionKey::new(&AES_256, wrapping_key.as_slice())
            .and_then(|key| key.wrap(content_key.as_slice(), &mut wrapped).map(drop))
            .map_err(|_| Kind::Crypto)?;
        Ok(RecipientInfo::Kari(KeyAgreeRecipientInfo {
            // RFC 5652 section 6.2.2: always 3.
            version: CmsVersion::V3,
            originator: OriginatorIdentifierOrKey::OriginatorKey(OriginatorPublicKey {
                // RFC 5753 section 3.1.1: the curve is the receiver's, parameters are absent.
                algorithm: AlgorithmIdentifierOwned {
                    oid: rfc5912::ID_EC_PUBLIC_KEY,
                    parameters: None,
                },
                public_key: BitString::from_bytes(public.as_ref()).map_err(crypto)?,
            }),
            ukm: None,
            key_enc_alg: AlgorithmIdentifierOwned {
                oid: STD_DH_SHA256_KDF,
                parameters: Some(Any::encode_from(&wrap_identifier()).map_err(crypto)?),
            },
            recipient_enc_keys: vec![RecipientEncryptedKey {
                rid: KeyAgreeRecipientIdentifier::IssuerAndSerialNumber(self.name.clone()),
                enc_key: OctetString::new(wrapped).map_err(crypto)?,
            }],
        }))
    }
}

/// A certificate and its private key, for finding and unwrapping the content key.
pub(super) struct Identity {
    name: IssuerAndSerialNumber,
    key_identifier: Option<Vec<u8>>,
    key: DecryptionKey,
}

enum DecryptionKey {
    Rsa(OaepPrivateDecryptingKey),
    Curve(&'static agreement::Algorithm, agreement::PrivateKey),
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

impl Identity {
    pub(super) fn new(
        key: &PrivateKey,
        certificate: &CertificateDer<'_>,
    ) -> Result<Self, SealError> {
        let certificate = ParsedCertificate::parse(certificate).ok_or(Kind::Certificate)?;
        let public = key.public_key_info().map_err(|_| Kind::Crypto)?;
        if certificate.public_key_info() != public {
            return Err(Kind::KeyMismatch.into());
        }
        let pkcs8 = key.to_pkcs8().map_err(|_| Kind::Crypto)?;
        let curve = |curve: &'static agreement::Algorithm| {
            agreement::PrivateKey::from_private_key_der(curve, &pkcs8)
                .ok()
                .map(|key| DecryptionKey::Curve(curve, key))
        };
        let key = match PrivateDecryptingKey::from_pkcs8(&pkcs8) {
            Ok(key) => OaepPrivateDecryptingKey::new(key)
                .map(DecryptionKey::Rsa)
                .map_err(|_| Kind::Crypto)?,
            Err(_) => curve(&ECDH_P256)
                .or_else(|| curve(&ECDH_P384))
                .ok_or(Kind::Crypto)?,
        };
        let key_identifier = match certificate.key_identifier() {
            Extension::Present(identifier) => Some(identifier),
            Extension::Absent | Extension::Malformed => None,
        };
        Ok(Self {
            name: name_of(&certificate),
            key_identifier,
            key,
        })
    }

    /// The content key, from the first of the recipients that is this certificate.
    pub(super) fn unwrap(&self, recipients: &[RecipientInfo]) -> Result<ContentKey, SealError> {
        for recipient in recipients {
            match recipient {
                RecipientInfo::Ktri(info) if self.is_transport(&info.rid) => {
                    return self.transported(info);
                }
                RecipientInfo::Kari(info) => {
                    let mine = info
                        .recipient_enc_keys
                        .iter()
                        .find(|key| self.is_agreement(&key.rid));
                    if let Some(mine) = mine {
                        return self.agreed(info, mine.enc_key.as_bytes());
                    }
                }
                _ => {}
            }
        }
        Err(Kind::NotForThisCertificate.into())
    }

    fn is_transport(&self, identifier: &RecipientIdentifier) -> bool {
        match identifier {
            RecipientIdentifier::IssuerAndSerialNumber(name) => *name == self.name,
            RecipientIdentifier::SubjectKeyIdentifier(identifier) => {
                self.key_identifier.as_deref() == Some(identifier.0.as_bytes())
            }
        }
    }

    fn is_agreement(&self, identifier: &KeyAgreeRecipientIdentifier) -> bool {
        match identifier {
            KeyAgreeRecipientIdentifier::IssuerAndSerialNumber(name) => *name == self.name,
            KeyAgreeRecipientIdentifier::RKeyId(identifier) => {
                self.key_identifier.as_deref()
                    == Some(identifier.subject_key_identifier.0.as_bytes())
            }
        }
    }

    fn transported(&self, info: &KeyTransRecipientInfo) -> Result<ContentKey, SealError> {
        let DecryptionKey::Rsa(key) = &self.key else {
            return Err(Kind::UnsupportedAlgorithm.into());
        };
        // RFC 5652 section 6.2.1.
        let version = match info.rid {
            RecipientIdentifier::IssuerAndSerialNumber(_) => CmsVersion::V0,
            RecipientIdentifier::SubjectKeyIdentifier(_) => CmsVersion::V2,
        };
        if info.version != version {
            return Err(Kind::Malformed.into());
        }
        if !is_oaep_sha256(&info.key_enc_alg) {
            return Err(Kind::UnsupportedAlgorithm.into());
        }
        transported(key, info.enc_key.as_bytes())
    }

    fn agreed(
        &self,
        info: &KeyAgreeRecipientInfo,
        wrapped: &[u8],
    ) -> Result<ContentKey, SealError> {
        let (DecryptionKey::Curve(curve, key), OriginatorIdentifierOrKey::OriginatorKey(sender)) =
            (&self.key, &info.originator)
        else {
            return Err(Kind::UnsupportedAlgorithm.into());
        };
        if info.version != CmsVersion::V3 {
            return Err(Kind::Malformed.into());
        }
        let wrap = info
            .key_enc_alg
            .parameters
            .as_ref()
            .and_then(|parameters| parameters.decode_as::<AlgorithmIdentifierOwned>().ok());
        if info.key_enc_alg.oid != STD_DH_SHA256_KDF
            || sender.algorithm.oid != rfc5912::ID_EC_PUBLIC_KEY
            || wrap != Some(wrap_identifier())
        {
            return Err(Kind::UnsupportedAlgorithm.into());
        }
        let point = sender.public_key.as_bytes().ok_or(Kind::Malformed)?;
        let ukm = info.ukm.as_ref().map(OctetString::as_bytes);
        unwrapped(&received_wrapping_key(key, curve, point, ukm)?, wrapped)
    }
}

/// The content key of RSA-OAEP's ciphertext.
fn transported(key: &OaepPrivateDecryptingKey, encrypted: &[u8]) -> Result<ContentKey, SealError> {
    let mut plain = Zeroizing::new(vec![0; key.min_output_size()]);
    let found = key
        .decrypt(&OAEP_SHA256_MGF1SHA256, encrypted, &mut plain, None)
        .map_err(|_| Kind::Broken)?;
    content_key(found)
}

/// The wrapping key that a sender's ephemeral point leads to.
fn received_wrapping_key(
    own: &agreement::PrivateKey,
    curve: &'static agreement::Algorithm,
    point: &[u8],
    ukm: Option<&[u8]>,
) -> Result<Zeroizing<[u8; 32]>, SealError> {
    // The uncompressed form only: the hybrid one would be a second encoding of the same point.
    if point.first() != Some(&4) {
        return Err(Kind::Malformed.into());
    }
    wrapping_key(own, curve, point, ukm).map_err(|_| Kind::Broken.into())
}

/// The content key out of AES key wrap (RFC 3394).
fn unwrapped(wrapping_key: &Zeroizing<[u8; 32]>, wrapped: &[u8]) -> Result<ContentKey, SealError> {
    // Checked here because the library's answer to other lengths is only "unspecified" too.
    if wrapped.len() != WRAPPED_KEY {
        return Err(Kind::Broken.into());
    }
    let mut plain = Zeroizing::new([0; 32]);
    let found = KeyEncryptionKey::new(&AES_256, wrapping_key.as_slice())
        .and_then(|key| key.unwrap(wrapped, plain.as_mut_slice()))
        .map_err(|_| Kind::Broken)?;
    content_key(found)
}

fn content_key(found: &[u8]) -> Result<ContentKey, SealError> {
    <[u8; 32]>::try_from(found)
        .map(Zeroizing::new)
        .map_err(|_| Kind::Broken.into())
}

fn name_of(certificate: &ParsedCertificate) -> IssuerAndSerialNumber {
    let certificate = certificate.x509().tbs_certificate();
    IssuerAndSerialNumber {
        issuer: certificate.issuer().clone(),
        serial_number: certificate.serial_number().clone(),
    }
}

fn crypto(_: der::Error) -> SealError {
    Kind::Crypto.into()
}

/// RSAES-OAEP with SHA-256 and MGF1 with SHA-256, the parameters' hashes with NULL
/// (RFC 8017 appendix A.2.1).
fn oaep_identifier() -> Result<AlgorithmIdentifierOwned, der::Error> {
    let sha256 = AlgorithmIdentifierOwned {
        oid: rfc5912::ID_SHA_256,
        parameters: Some(Any::null()),
    };
    let parameters = OaepParameters {
        mask: AlgorithmIdentifierOwned {
            oid: MGF1,
            parameters: Some(Any::encode_from(&sha256)?),
        },
        hash: sha256,
    };
    Ok(AlgorithmIdentifierOwned {
        oid: RSAES_OAEP,
        parameters: Some(Any::encode_from(&parameters)?),
    })
}

fn is_oaep_sha256(identifier: &AlgorithmIdentifierOwned) -> bool {
    let sha256 = |identifier: &AlgorithmIdentifierOwned| {
        identifier.oid == rfc5912::ID_SHA_256
            && identifier.parameters.as_ref().is_none_or(Any::is_null)
    };
    let parameters = identifier
        .parameters
        .as_ref()
        .and_then(|parameters| parameters.decode_as::<OaepParameters>().ok());
    identifier.oid == RSAES_OAEP
        && parameters.is_some_and(|parameters| {
            let mask_hash = parameters
                .mask
                .parameters
                .as_ref()
                .and_then(|hash| hash.decode_as::<AlgorithmIdentifierOwned>().ok());
            sha256(&parameters.hash)
                && parameters.mask.oid == MGF1
                && mask_hash.is_some_and(|hash| sha256(&hash))
        })
}

/// id-aes256-wrap without parameters (RFC 3565 section 2.3.2).
const fn wrap_identifier() -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned {
        oid: AES256_WRAP,
        parameters: None,
    }
}

/// ECC-CMS-SharedInfo (RFC 5753 section 7.2).
#[derive(Sequence)]
struct SharedInfo {
    key_info: AlgorithmIdentifierOwned,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    entity_u_info: Option<OctetString>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT")]
    supp_pub_info: OctetString,
}

/// ECDH and the X9.63 key derivation with SHA-256 (SEC 1 section 3.6.1).
///
/// A key of 256 bits is one block of the derivation: the hash of shared secret, counter 1 and
/// shared info.
fn wrapping_key(
    own: &agreement::PrivateKey,
    curve: &'static agreement::Algorithm,
    other: &[u8],
    ukm: Option<&[u8]>,
) -> Result<Zeroizing<[u8; 32]>, SealError> {
    let info = SharedInfo {
        key_info: wrap_identifier(),
        entity_u_info: ukm.map(OctetString::new).transpose().map_err(crypto)?,
        // The wrapping key's length in bits.
        supp_pub_info: OctetString::new(256_u32.to_be_bytes()).map_err(crypto)?,
    }
    .to_der()
    .map_err(crypto)?;
    agree(
        own,
        UnparsedPublicKey::new(curve, other),
        SealError::from(Kind::Broken),
        |secret| {
            let mut block = Zeroizing::new(Vec::with_capacity(secret.len() + 4 + info.len()));
            block.extend_from_slice(secret);
            block.extend_from_slice(&1_u32.to_be_bytes());
            block.extend_from_slice(&info);
            content_key(digest(&SHA256, &block).as_ref())
        },
    )
}

#[cfg(test)]
mod wycheproof;
