//! The signature: detached CMS `SignedData` (RFC 5652) with the attributes of CAdES baseline B
//! (EN 319 122-1 section 6), in DER.

use aws_lc_rs::constant_time;
use chrono::{DateTime, Utc};
use cms::cert::IssuerAndSerialNumber;
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{EncapsulatedContentInfo, SignerIdentifier, SignerInfo};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5911::{
    ID_CONTENT_TYPE, ID_DATA, ID_MESSAGE_DIGEST, ID_SIGNED_DATA, ID_SIGNING_TIME,
};
use der::asn1::{Any, OctetString, SetOfVec};
use der::{Decode, Encode, Sequence, Tag, Tagged};
use rustls_pki_types::CertificateDer;
use webpki::EndEntityCert;
use x509_cert::attr::Attribute;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_cert::time::Time;

use crate::algorithm::{self, DigestAlgorithm};
use crate::certificate::{Extension, ParsedCertificate};
use crate::{Error, ErrorKind, Refusal, Signer, chain, validity};

/// More certificates than the longest path that `rustls-webpki` follows.
const MAX_CERTIFICATES: usize = 10;

/// signing-certificate-v2 (RFC 5035 section 3).
const SIGNING_CERTIFICATE_V2: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
/// signing-certificate (RFC 2634 section 5.4), which can only say SHA-1.
const SIGNING_CERTIFICATE_V1: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
/// S/MIME capabilities (RFC 8551 section 2.5.2): says nothing about what is signed.
const SMIME_CAPABILITIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.15");
/// CMS algorithm protection (RFC 6211).
const ALGORITHM_PROTECTION: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.52");

/// `SignedData` (RFC 5652 section 5.1).
///
/// As in the `cms` crate, but certificates stay the bytes they are: they are hashed, compared and
/// handed to path validation as such.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct SignedData {
    version: CmsVersion,
    digest_algorithms: SetOfVec<AlgorithmIdentifierOwned>,
    encap_content_info: EncapsulatedContentInfo,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    certificates: Option<SetOfVec<Any>>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    crls: Option<SetOfVec<Any>>,
    signer_infos: SetOfVec<SignerInfo>,
}

/// `SigningCertificateV2` (RFC 5035 section 3).
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct SigningCertificateV2 {
    certs: Vec<EssCertIdV2>,
    policies: Option<Vec<Any>>,
}

/// `ESSCertIDv2` (RFC 5035 section 4).
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct EssCertIdV2 {
    /// SHA-256 if it is left out.
    hash_algorithm: Option<AlgorithmIdentifierOwned>,
    cert_hash: OctetString,
    issuer_serial: Option<IssuerSerial>,
}

/// `IssuerSerial` (RFC 5035 section 4).
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct IssuerSerial {
    issuer: Vec<GeneralName>,
    serial_number: SerialNumber,
}

/// `CMSAlgorithmProtection` (RFC 6211 section 2), for signatures.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct AlgorithmProtection {
    digest_algorithm: AlgorithmIdentifierOwned,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    signature_algorithm: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "2", tag_mode = "IMPLICIT", optional = "true")]
    mac_algorithm: Option<AlgorithmIdentifierOwned>,
}

/// Signs a message, detached. `signed_at` is in whole seconds.
pub(crate) fn sign(
    message: &[u8],
    signer: &dyn Signer,
    signed_at: DateTime<Utc>,
) -> Result<Vec<u8>, Error> {
    let chain = signer.certificate_chain();
    let first = chain.first().ok_or(ErrorKind::ChainEmpty)?;
    let certificate = ParsedCertificate::parse(first).ok_or(ErrorKind::Certificate)?;
    if !certificate.valid_at(signed_at) {
        return Err(ErrorKind::CertificateNotValid.into());
    }
    let algorithm = signer.algorithm();
    let attributes = signed_attributes(message, algorithm.digest(), first, &certificate, signed_at)
        .map_err(|_| ErrorKind::Crypto)?;
    let to_sign = attributes.to_der().map_err(|_| ErrorKind::Crypto)?;
    let signature = signer.sign(&to_sign)?;
    // A token with the wrong key or settings is found out here, not at the receiver.
    EndEntityCert::try_from(first)
        .map_err(|_| ErrorKind::Certificate)?
        .verify_signature(algorithm.verification(), &to_sign, &signature)
        .map_err(|_| ErrorKind::AlgorithmMismatch)?;
    encode(chain, &certificate, algorithm, attributes, signature)
        .map_err(|_| ErrorKind::Crypto.into())
}

/// The four attributes of baseline B (EN 319 122-1 table 1).
fn signed_attributes(
    message: &[u8],
    digest: DigestAlgorithm,
    certificate_der: &[u8],
    certificate: &ParsedCertificate,
    signed_at: DateTime<Utc>,
) -> der::Result<SetOfVec<Attribute>> {
    let attribute = |oid, value: Any| -> der::Result<Attribute> {
        Ok(Attribute {
            oid,
            values: SetOfVec::try_from(vec![value])?,
        })
    };
    let time = validity::to_x509(signed_at).ok_or(der::ErrorKind::DateTime)?;
    let tbs = certificate.x509().tbs_certificate();
    let signing_certificate = SigningCertificateV2 {
        certs: vec![EssCertIdV2 {
            hash_algorithm: None,
            cert_hash: OctetString::new(DigestAlgorithm::Sha256.digest(certificate_der).as_ref())?,
            issuer_serial: Some(IssuerSerial {
                issuer: vec![GeneralName::DirectoryName(tbs.issuer().clone())],
                serial_number: tbs.serial_number().clone(),
            }),
        }],
        policies: None,
    };
    let message_digest = OctetString::new(digest.digest(message).as_ref())?;
    SetOfVec::try_from(vec![
        attribute(ID_CONTENT_TYPE, Any::encode_from(&ID_DATA)?)?,
        attribute(ID_SIGNING_TIME, Any::from_der(&time.to_der()?)?)?,
        attribute(ID_MESSAGE_DIGEST, Any::encode_from(&message_digest)?)?,
        attribute(
            SIGNING_CERTIFICATE_V2,
            Any::encode_from(&signing_certificate)?,
        )?,
    ])
}

fn encode(
    chain: &[CertificateDer<'_>],
    certificate: &ParsedCertificate,
    algorithm: crate::SignatureAlgorithm,
    attributes: SetOfVec<Attribute>,
    signature: Vec<u8>,
) -> der::Result<Vec<u8>> {
    let tbs = certificate.x509().tbs_certificate();
    let digest = algorithm.digest().identifier();
    let signer = SignerInfo {
        version: CmsVersion::V1,
        sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer: tbs.issuer().clone(),
            serial_number: tbs.serial_number().clone(),
        }),
        digest_alg: digest.clone(),
        signed_attrs: Some(attributes),
        signature_algorithm: algorithm.identifier()?,
        signature: OctetString::new(signature)?,
        unsigned_attrs: None,
    };
    let certificates = chain
        .iter()
        .map(|certificate| Any::from_der(certificate))
        .collect::<der::Result<Vec<_>>>()?;
    let signed_data = SignedData {
        version: CmsVersion::V1,
        digest_algorithms: SetOfVec::try_from(vec![digest])?,
        encap_content_info: EncapsulatedContentInfo {
            econtent_type: ID_DATA,
            econtent: None,
        },
        certificates: Some(SetOfVec::try_from(certificates)?),
        crls: None,
        signer_infos: SetOfVec::try_from(vec![signer])?,
    };
    ContentInfo {
        content_type: ID_SIGNED_DATA,
        content: Any::encode_from(&signed_data)?,
    }
    .to_der()
}

/// A signature that is its certificate's; whether that certificate is to be trusted is not known.
#[derive(Debug)]
pub(crate) struct Checked {
    /// The signer's certificate.
    pub(crate) certificate: CertificateDer<'static>,
    /// The same, read.
    pub(crate) parsed: ParsedCertificate,
    /// The other certificates of the signature.
    pub(crate) others: Vec<CertificateDer<'static>>,
    /// When it was signed, as the signer says.
    pub(crate) signed_at: DateTime<Utc>,
}

/// Checks a detached signature over a message.
pub(crate) fn check(signature: &[u8], message: &[u8]) -> Result<Checked, Refusal> {
    let signed_data = decode(signature)?;
    let signer = only_signer(&signed_data)?;
    let digest = DigestAlgorithm::read(&signer.digest_alg)?;
    match signed_data.digest_algorithms.as_slice() {
        [one] if *one == signer.digest_alg => {}
        _ => return Err(Refusal::AlgorithmMismatch),
    }
    let attributes = SignedAttributes::read(signer)?;

    let (certificate, parsed, others) = signer_certificate(&signed_data, &signer.sid)?;
    attributes.check_certificate(&certificate, &parsed)?;
    let key = parsed.public_key_info();
    let verification = algorithm::cms_verification(&signer.signature_algorithm, digest, &key)?;
    if !algorithm::key_size_allowed(&key) {
        return Err(Refusal::KeySize);
    }

    let computed = digest.digest(message);
    constant_time::verify_slices_are_equal(attributes.message_digest.as_bytes(), computed.as_ref())
        .map_err(|_| Refusal::MessageDigestMismatch)?;
    // What is signed is the attributes as a SET OF (RFC 5652 section 5.4); `decode` made sure that
    // encoding them again gives the bytes received.
    let signed = signer
        .signed_attrs
        .to_der()
        .map_err(|_| Refusal::SignatureMalformed)?;
    EndEntityCert::try_from(&certificate)
        .map_err(|error| chain::refusal(&error))?
        .verify_signature(verification, &signed, signer.signature.as_bytes())
        .map_err(|_| Refusal::SignatureInvalid)?;
    Ok(Checked {
        certificate,
        parsed,
        others,
        signed_at: attributes.signed_at,
    })
}

/// The `SignedData` of a signature, checked as far as no signer is concerned.
fn decode(signature: &[u8]) -> Result<SignedData, Refusal> {
    let malformed = |_| Refusal::SignatureMalformed;
    let content = ContentInfo::from_der(signature).map_err(malformed)?;
    if content.content_type != ID_SIGNED_DATA {
        return Err(Refusal::NotSignedData);
    }
    let signed_data = content
        .content
        .decode_as::<SignedData>()
        .map_err(malformed)?;
    // Readers of DER forgive some things, such as the order in a SET OF. Here there is one form.
    let again = ContentInfo {
        content_type: ID_SIGNED_DATA,
        content: Any::encode_from(&signed_data).map_err(malformed)?,
    };
    if again.to_der().map_err(malformed)? != signature {
        return Err(Refusal::SignatureMalformed);
    }
    if signed_data.encap_content_info.econtent_type != ID_DATA {
        return Err(Refusal::ContentType);
    }
    if signed_data.encap_content_info.econtent.is_some() {
        return Err(Refusal::EmbeddedContent);
    }
    if signed_data.crls.is_some() {
        return Err(Refusal::EmbeddedRevocation);
    }
    Ok(signed_data)
}

/// The one `SignerInfo`, with the versions of RFC 5652 sections 5.1 and 5.3.
fn only_signer(signed_data: &SignedData) -> Result<&SignerInfo, Refusal> {
    let signer = match signed_data.signer_infos.as_slice() {
        [] => return Err(Refusal::NoSigner),
        [signer] => signer,
        _ => return Err(Refusal::SeveralSigners),
    };
    let version = match signer.sid {
        SignerIdentifier::IssuerAndSerialNumber(_) => CmsVersion::V1,
        SignerIdentifier::SubjectKeyIdentifier(_) => CmsVersion::V3,
    };
    if signer.version != version || signed_data.version != version {
        return Err(Refusal::CmsVersion);
    }
    if signer.unsigned_attrs.is_some() {
        return Err(Refusal::UnsignedAttributes);
    }
    Ok(signer)
}

/// The certificate that the signer names, read, and the others.
fn signer_certificate(
    signed_data: &SignedData,
    signer: &SignerIdentifier,
) -> Result<
    (
        CertificateDer<'static>,
        ParsedCertificate,
        Vec<CertificateDer<'static>>,
    ),
    Refusal,
> {
    let mut found = None;
    let mut others = Vec::new();
    let certificates = signed_data.certificates.iter().flat_map(SetOfVec::iter);
    if certificates.clone().count() > MAX_CERTIFICATES {
        return Err(Refusal::UnusedCertificate);
    }
    for certificate in certificates {
        // Attribute certificates and other formats have context-specific tags.
        if certificate.tag() != Tag::Sequence {
            return Err(Refusal::UnusedCertificate);
        }
        let der = certificate
            .to_der()
            .map_err(|_| Refusal::SignatureMalformed)?;
        let parsed = ParsedCertificate::parse(&der).ok_or(Refusal::CertificateMalformed)?;
        if is_named(&parsed, signer) && found.is_none() {
            found = Some((CertificateDer::from(der), parsed));
        } else {
            others.push(CertificateDer::from(der));
        }
    }
    let (certificate, parsed) = found.ok_or(Refusal::SignerCertificateMissing)?;
    Ok((certificate, parsed, others))
}

fn is_named(certificate: &ParsedCertificate, signer: &SignerIdentifier) -> bool {
    let tbs = certificate.x509().tbs_certificate();
    match signer {
        SignerIdentifier::IssuerAndSerialNumber(named) => {
            named.issuer == *tbs.issuer() && named.serial_number == *tbs.serial_number()
        }
        SignerIdentifier::SubjectKeyIdentifier(named) => match certificate.key_identifier() {
            Extension::Present(identifier) => identifier == named.0.as_bytes(),
            Extension::Absent | Extension::Malformed => false,
        },
    }
}

/// The signed attributes of the format, each there once with one value.
struct SignedAttributes {
    message_digest: OctetString,
    signed_at: DateTime<Utc>,
    signing_certificate: SigningCertificateV2,
}

impl SignedAttributes {
    fn read(signer: &SignerInfo) -> Result<Self, Refusal> {
        let attributes = signer
            .signed_attrs
            .as_ref()
            .filter(|attributes| !attributes.is_empty())
            .ok_or(Refusal::NoSignedAttributes)?;
        for attribute in attributes.iter() {
            match attribute.oid {
                ID_CONTENT_TYPE
                | ID_MESSAGE_DIGEST
                | ID_SIGNING_TIME
                | SIGNING_CERTIFICATE_V2
                | SMIME_CAPABILITIES
                | ALGORITHM_PROTECTION => {}
                SIGNING_CERTIFICATE_V1 => return Err(Refusal::WeakAlgorithm),
                _ => return Err(Refusal::AttributeUnexpected),
            }
        }
        let find = |oid| only_value(attributes, oid);
        let required = |oid| find(oid)?.ok_or(Refusal::AttributeMissing);
        let malformed = |_| Refusal::AttributeMalformed;

        let content_type = required(ID_CONTENT_TYPE)?
            .decode_as::<ObjectIdentifier>()
            .map_err(malformed)?;
        let message_digest = required(ID_MESSAGE_DIGEST)?
            .decode_as::<OctetString>()
            .map_err(malformed)?;
        let time = required(ID_SIGNING_TIME)?;
        let time = Time::from_der(&time.to_der().map_err(malformed)?).map_err(malformed)?;
        let signing_certificate = required(SIGNING_CERTIFICATE_V2)?
            .decode_as::<SigningCertificateV2>()
            .map_err(malformed)?;
        find(SMIME_CAPABILITIES)?;
        if let Some(protection) = find(ALGORITHM_PROTECTION)? {
            let protection = protection
                .decode_as::<AlgorithmProtection>()
                .map_err(malformed)?;
            if protection.digest_algorithm != signer.digest_alg
                || protection.signature_algorithm.as_ref() != Some(&signer.signature_algorithm)
                || protection.mac_algorithm.is_some()
            {
                return Err(Refusal::AlgorithmMismatch);
            }
        }
        if content_type != ID_DATA {
            return Err(Refusal::ContentType);
        }
        Ok(Self {
            message_digest,
            signed_at: validity::from_x509(&time).ok_or(Refusal::AttributeMalformed)?,
            signing_certificate,
        })
    }

    /// signing-certificate-v2 names exactly the signer's certificate (RFC 5035 section 3).
    fn check_certificate(
        &self,
        der: &[u8],
        certificate: &ParsedCertificate,
    ) -> Result<(), Refusal> {
        let [named] = self.signing_certificate.certs.as_slice() else {
            return Err(Refusal::AttributeMalformed);
        };
        let algorithm = match &named.hash_algorithm {
            Some(identifier) => DigestAlgorithm::read(identifier)?,
            None => DigestAlgorithm::Sha256,
        };
        let digest = algorithm.digest(der);
        let mut same = digest.as_ref() == named.cert_hash.as_bytes();
        if let Some(named) = &named.issuer_serial {
            let tbs = certificate.x509().tbs_certificate();
            same &= matches!(
                named.issuer.as_slice(),
                [GeneralName::DirectoryName(name)] if name == tbs.issuer()
            );
            same &= named.serial_number == *tbs.serial_number();
        }
        if same {
            Ok(())
        } else {
            Err(Refusal::SigningCertificateMismatch)
        }
    }
}

/// The value of an attribute that may be there once.
fn only_value(
    attributes: &SetOfVec<Attribute>,
    oid: ObjectIdentifier,
) -> Result<Option<&Any>, Refusal> {
    let mut found = attributes.iter().filter(|attribute| attribute.oid == oid);
    let Some(attribute) = found.next() else {
        return Ok(None);
    };
    match (attribute.values.as_slice(), found.next()) {
        ([value], None) => Ok(Some(value)),
        ([], None) => Err(Refusal::AttributeMalformed),
        _ => Err(Refusal::AttributeRepeated),
    }
}
