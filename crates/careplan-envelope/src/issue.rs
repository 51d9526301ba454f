//! Building certificates, requests and revocation lists: `x509-cert`'s builders over aws-lc-rs keys.

use std::net::IpAddr;

use careplan_core::OfficeNumber;
use const_oid::db::{rfc4519, rfc5280};
use der::asn1::{Any, BitString, Ia5String, ObjectIdentifier, OctetString, SetOfVec};
use der::{Decode, Document, Encode};
use signature::Keypair;
use webpki::EndEntityCert;
use x509_cert::Certificate;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{Builder, CertificateBuilder, CrlBuilder};
use x509_cert::certificate::TbsCertificate;
use x509_cert::crl::{CertificateList, RevokedCert};
use x509_cert::ext::pkix::certpolicy::PolicyInformation;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, CertificatePolicies, CrlNumber, ExtendedKeyUsage,
    KeyUsage, KeyUsages, SubjectAltName, SubjectKeyIdentifier,
};
use x509_cert::ext::{Extension, ToExtension};
use x509_cert::name::{Name, RelativeDistinguishedName};
use x509_cert::request::{CertReq, RequestBuilder};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{
    AlgorithmIdentifierOwned, DynSignatureAlgorithmIdentifier, EncodePublicKey,
    SignatureBitStringEncoding, SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef,
};

use crate::validity::to_x509;
use crate::{
    CertificateKind, CertificateProfile, CertificateSerial, Error, ErrorKind, KindMark, PrivateKey,
    Validity, algorithm, pem,
};

/// id-kp-documentSigning (RFC 9336).
const ID_KP_DOCUMENT_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.36");

/// Every failure of the builders below is one of the crypto library or of encoding.
fn failed<E>(_: E) -> Error {
    ErrorKind::Crypto.into()
}

/// A private key as the builders of `x509-cert` want it.
struct BuilderKey<'a>(&'a PrivateKey);

/// A public key, DER `SubjectPublicKeyInfo`.
#[derive(Clone)]
struct PublicKeyInfo(Vec<u8>);

/// A finished signature.
struct SignatureBytes(Vec<u8>);

impl EncodePublicKey for PublicKeyInfo {
    fn to_public_key_der(&self) -> x509_cert::spki::Result<Document> {
        Ok(Document::try_from(self.0.clone())?)
    }
}

impl SignatureBitStringEncoding for SignatureBytes {
    fn to_bitstring(&self) -> der::Result<BitString> {
        BitString::from_bytes(&self.0)
    }
}

impl Keypair for BuilderKey<'_> {
    type VerifyingKey = PublicKeyInfo;

    fn verifying_key(&self) -> PublicKeyInfo {
        // An empty key makes the builder fail, which is what a failing crypto library should do.
        PublicKeyInfo(self.0.public_key_info().unwrap_or_default())
    }
}

impl DynSignatureAlgorithmIdentifier for BuilderKey<'_> {
    fn signature_algorithm_identifier(&self) -> x509_cert::spki::Result<AlgorithmIdentifierOwned> {
        Ok(self.0.algorithm().identifier()?)
    }
}

impl signature::Signer<SignatureBytes> for BuilderKey<'_> {
    fn try_sign(&self, message: &[u8]) -> Result<SignatureBytes, signature::Error> {
        self.0
            .sign(self.0.algorithm(), message)
            .map(SignatureBytes)
            .map_err(|_| signature::Error::new())
    }
}

/// One attribute of a subject; the text is Printable where the attribute asks for it.
fn attribute(oid: ObjectIdentifier, text: &str) -> Result<AttributeTypeAndValue, Error> {
    let printable = [
        rfc4519::COUNTRY_NAME,
        rfc4519::SERIAL_NUMBER,
        rfc4519::DN_QUALIFIER,
    ]
    .contains(&oid);
    let tag = if printable {
        der::Tag::PrintableString
    } else {
        der::Tag::Utf8String
    };
    let value = Any::new(tag, text.as_bytes()).map_err(failed)?;
    Ok(AttributeTypeAndValue { oid, value })
}

/// A name of attributes, one to a relative distinguished name, in the given order.
fn name(attributes: &[(ObjectIdentifier, &str)]) -> Result<Name, Error> {
    let sequence: Vec<RelativeDistinguishedName> = attributes
        .iter()
        .map(|&(oid, text)| {
            let set = SetOfVec::try_from(vec![attribute(oid, text)?]).map_err(failed)?;
            Ok(RelativeDistinguishedName::from(set))
        })
        .collect::<Result<_, Error>>()?;
    Name::from_der(&sequence.to_der().map_err(failed)?).map_err(failed)
}

/// A name people gave: 1 to 64 characters (RFC 5280 appendix A, ub-common-name), none of control.
fn common_name(text: &str) -> Result<Name, Error> {
    if text.is_empty() || text.chars().count() > 64 || text.chars().any(char::is_control) {
        return Err(ErrorKind::SubjectName.into());
    }
    name(&[(rfc4519::COUNTRY_NAME, "JP"), (rfc4519::COMMON_NAME, text)])
}

/// The subject of an office's request and certificate.
fn office_subject(
    profile: &CertificateProfile,
    office: OfficeNumber,
    subject_mark: Option<(ObjectIdentifier, &str)>,
) -> Result<Name, Error> {
    let field = profile.office_number_field();
    let number = format!("{}{office}", field.prefix);
    let mut attributes = vec![(rfc4519::COUNTRY_NAME, "JP")];
    attributes.extend(subject_mark);
    if field.attribute.0 != rfc4519::COMMON_NAME {
        attributes.push((rfc4519::COMMON_NAME, office.as_str()));
    }
    attributes.push((field.attribute.0, &number));
    name(&attributes)
}

/// A certification request (PKCS#10) for an office.
pub(crate) fn request_pem(key: &PrivateKey, office: OfficeNumber) -> Result<String, Error> {
    let subject = office_subject(&CertificateProfile::default(), office, None)?;
    let request = RequestBuilder::new(subject)
        .map_err(failed)?
        .build::<_, SignatureBytes>(&BuilderKey(key))
        .map_err(failed)?;
    pem::write("CERTIFICATE REQUEST", &request.to_der().map_err(failed)?)
}

/// The public key of a request, PEM or DER, whose own signature is good.
///
/// The rest of the request is only compared: what stands in a certificate is the authority's word.
pub(crate) fn requested_key(
    request: &[u8],
    office: OfficeNumber,
) -> Result<SubjectPublicKeyInfoOwned, Error> {
    let der = match pem::request(request) {
        Ok(der) => der.to_vec(),
        Err(_) => request.to_vec(),
    };
    let request = CertReq::from_der(&der).map_err(|_| ErrorKind::Request)?;
    let key = &request.info.public_key;
    let key_der = key.to_der().map_err(|_| ErrorKind::Request)?;
    if !algorithm::key_size_allowed(&key_der) {
        return Err(ErrorKind::Key.into());
    }
    let identifier = request.algorithm.to_der().map_err(|_| ErrorKind::Request)?;
    let signed = request.info.to_der().map_err(|_| ErrorKind::Request)?;
    let signature = request
        .signature
        .as_bytes()
        .ok_or(ErrorKind::RequestSignature)?;
    let verification =
        algorithm::path_verification(&identifier, &key_der).ok_or(ErrorKind::RequestSignature)?;
    verification
        .verify_signature(key.subject_public_key.raw_bytes(), &signed, signature)
        .map_err(|_| ErrorKind::RequestSignature)?;
    // A request that names an office must name the one it is for; one that names none is fine.
    let named = request
        .info
        .subject
        .iter()
        .find_map(|item| (item.oid == rfc4519::SERIAL_NUMBER).then(|| item.value.value()));
    if named.is_some_and(|named| named != office.as_bytes()) {
        return Err(ErrorKind::RequestOffice.into());
    }
    Ok(request.info.public_key)
}

/// Whether a chain-building library reads the certificate back: a last check before it is given out.
fn readable(der: &[u8]) -> Result<(), Error> {
    let der = rustls_pki_types::CertificateDer::from(der);
    EndEntityCert::try_from(&der).map(drop).map_err(failed)
}

/// What a certificate is for; decides its extensions (RFC 5280 section 4.2).
enum Purpose {
    Root,
    /// An office: TLS client and signing, marked with its kind's policy if that is a policy.
    Office {
        policy: Option<ObjectIdentifier>,
    },
    /// The operator: signing of receipts.
    Operator {
        policy: Option<ObjectIdentifier>,
    },
    /// A server: TLS server for these names.
    Server {
        names: Vec<GeneralName>,
    },
}

struct Template {
    subject: Name,
    issuer: Name,
    purpose: Purpose,
}

impl BuilderProfile for Template {
    fn get_issuer(&self, _subject: &Name) -> Name {
        self.issuer.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        key: SubjectPublicKeyInfoRef<'_>,
        issuer_key: SubjectPublicKeyInfoRef<'_>,
        tbs: &TbsCertificate,
    ) -> x509_cert::builder::Result<Vec<Extension>> {
        let mut extensions = Vec::new();
        let rsa = key.algorithm.oid == const_oid::db::rfc5912::RSA_ENCRYPTION;
        let mut add = |extension: Result<Extension, der::Error>| {
            extensions.push(extension?);
            Ok::<(), x509_cert::builder::Error>(())
        };
        let subject = tbs.subject();

        let constraints = BasicConstraints {
            ca: matches!(self.purpose, Purpose::Root),
            path_len_constraint: None,
        };
        add((rfc5280::ID_CE_BASIC_CONSTRAINTS, true, &constraints).to_extension(subject, &[]))?;

        let mut usage = match self.purpose {
            Purpose::Root => KeyUsages::KeyCertSign | KeyUsages::CRLSign,
            Purpose::Office { .. } | Purpose::Operator { .. } | Purpose::Server { .. } => {
                KeyUsages::DigitalSignature.into()
            }
        };
        if matches!(self.purpose, Purpose::Office { .. }) {
            // So that containers can be sealed to the office: RSA-OAEP or ECDH.
            usage |= if rsa {
                KeyUsages::KeyEncipherment
            } else {
                KeyUsages::KeyAgreement
            };
        }
        add((&KeyUsage(usage)).to_extension(subject, &[]))?;

        let purposes = match self.purpose {
            Purpose::Root => None,
            Purpose::Office { .. } => Some(rfc5280::ID_KP_CLIENT_AUTH),
            Purpose::Operator { .. } => Some(ID_KP_DOCUMENT_SIGNING),
            Purpose::Server { .. } => Some(rfc5280::ID_KP_SERVER_AUTH),
        };
        if let Some(purpose) = purposes {
            add((&ExtendedKeyUsage(vec![purpose])).to_extension(subject, &[]))?;
        }
        match &self.purpose {
            Purpose::Office {
                policy: Some(policy),
            }
            | Purpose::Operator {
                policy: Some(policy),
            } => {
                let policy = PolicyInformation {
                    policy_identifier: *policy,
                    policy_qualifiers: None,
                };
                add((&CertificatePolicies(vec![policy])).to_extension(subject, &[]))?;
            }
            Purpose::Server { names } => {
                add((&SubjectAltName(names.clone())).to_extension(subject, &[]))?;
            }
            _ => {}
        }

        add((&SubjectKeyIdentifier::try_from(key)?).to_extension(subject, &[]))?;
        let authority = AuthorityKeyIdentifier {
            key_identifier: Some(SubjectKeyIdentifier::try_from(issuer_key)?.0),
            ..Default::default()
        };
        add((&authority).to_extension(subject, &[]))?;
        Ok(extensions)
    }
}

/// A certificate in the making: who issues, with what key, which serial number.
pub(crate) struct Issuer<'a> {
    pub(crate) key: &'a PrivateKey,
    /// The issuer's certificate; none while it makes its own.
    pub(crate) certificate: Option<&'a Certificate>,
}

impl Issuer<'_> {
    /// The authority's own certificate.
    pub(crate) fn root(&self, subject: &str, validity: Validity) -> Result<Vec<u8>, Error> {
        let subject = common_name(subject)?;
        let key =
            SubjectPublicKeyInfoOwned::from_der(&self.key.public_key_info()?).map_err(failed)?;
        let template = Template {
            issuer: subject.clone(),
            subject,
            purpose: Purpose::Root,
        };
        self.certificate(template, key, validity, &random_serial()?)
    }

    /// An office's certificate.
    pub(crate) fn office(
        &self,
        profile: &CertificateProfile,
        office: OfficeNumber,
        kind: CertificateKind,
        key: SubjectPublicKeyInfoOwned,
        validity: Validity,
        serial: &CertificateSerial,
    ) -> Result<Vec<u8>, Error> {
        let (policy, subject_mark) = match profile.mark(kind).ok_or(ErrorKind::Kind)? {
            KindMark::Policy(policy) => (Some(policy.0), None),
            KindMark::Subject { attribute, value } => (None, Some((attribute.0, value.as_str()))),
        };
        let template = Template {
            subject: office_subject(profile, office, subject_mark)?,
            issuer: self.issuer_name()?,
            purpose: Purpose::Office { policy },
        };
        self.certificate(template, key, validity, serial)
    }

    /// The operator's certificate for signing receipts.
    pub(crate) fn operator(
        &self,
        profile: &CertificateProfile,
        key: &PrivateKey,
        operator: &str,
        validity: Validity,
        serial: &CertificateSerial,
    ) -> Result<Vec<u8>, Error> {
        let mark = profile
            .mark(CertificateKind::Operator)
            .ok_or(ErrorKind::Kind)?;
        let subject = common_name(operator)?;
        let (policy, subject) = match mark {
            KindMark::Policy(policy) => (Some(policy.0), subject),
            KindMark::Subject { attribute, value } => (
                None,
                name(&[
                    (rfc4519::COUNTRY_NAME, "JP"),
                    (attribute.0, value),
                    (rfc4519::COMMON_NAME, operator),
                ])?,
            ),
        };
        let template = Template {
            subject,
            issuer: self.issuer_name()?,
            purpose: Purpose::Operator { policy },
        };
        let key = SubjectPublicKeyInfoOwned::from_der(&key.public_key_info()?).map_err(failed)?;
        self.certificate(template, key, validity, serial)
    }

    /// A TLS server's certificate for DNS names and IP addresses.
    pub(crate) fn server(
        &self,
        key: &PrivateKey,
        names: &[&str],
        validity: Validity,
        serial: &CertificateSerial,
    ) -> Result<Vec<u8>, Error> {
        let first = names.first().ok_or(ErrorKind::ServerName)?;
        let template = Template {
            subject: common_name(first).map_err(|_| ErrorKind::ServerName)?,
            issuer: self.issuer_name()?,
            purpose: Purpose::Server {
                names: names
                    .iter()
                    .map(|name| general_name(name))
                    .collect::<Result<_, _>>()?,
            },
        };
        let key = SubjectPublicKeyInfoOwned::from_der(&key.public_key_info()?).map_err(failed)?;
        self.certificate(template, key, validity, serial)
    }

    fn issuer_name(&self) -> Result<Name, Error> {
        let certificate = self.certificate.ok_or(ErrorKind::Certificate)?;
        Ok(certificate.tbs_certificate().subject().clone())
    }

    fn certificate(
        &self,
        template: Template,
        key: SubjectPublicKeyInfoOwned,
        validity: Validity,
        serial: &CertificateSerial,
    ) -> Result<Vec<u8>, Error> {
        let period = x509_cert::time::Validity::new(
            to_x509(validity.not_before()).ok_or(ErrorKind::Validity)?,
            to_x509(validity.not_after()).ok_or(ErrorKind::Validity)?,
        );
        let serial = SerialNumber::new(serial.as_bytes()).map_err(failed)?;
        let der = CertificateBuilder::new(template, serial, period, key)
            .map_err(failed)?
            .build::<_, SignatureBytes>(&BuilderKey(self.key))
            .map_err(failed)?
            .to_der()
            .map_err(failed)?;
        readable(&der)?;
        Ok(der)
    }

    /// A revocation list (RFC 5280 section 5).
    pub(crate) fn revocation_list(
        &self,
        number: u64,
        validity: Validity,
        revoked: Vec<RevokedCert>,
    ) -> Result<Vec<u8>, Error> {
        let issuer = self.certificate.ok_or(ErrorKind::Certificate)?;
        let this_update = to_x509(validity.not_before()).ok_or(ErrorKind::Validity)?;
        let next_update = to_x509(validity.not_after()).ok_or(ErrorKind::Validity)?;
        let number = CrlNumber::try_from(number).map_err(failed)?;
        let mut builder = CrlBuilder::new_with_this_update(issuer, number, this_update)
            .map_err(failed)?
            .with_next_update(Some(next_update));
        // An empty list is left out: revokedCertificates MUST be absent then (section 5.1.2.6).
        if !revoked.is_empty() {
            builder = builder.with_certificates(revoked.into_iter());
        }
        let list: CertificateList = builder
            .build::<_, SignatureBytes>(&BuilderKey(self.key))
            .map_err(failed)?;
        list.to_der().map_err(failed)
    }
}

/// A serial number of 126 random bits, positive and always of 16 bytes.
pub(crate) fn random_serial() -> Result<CertificateSerial, Error> {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).map_err(failed)?;
    // The first bit 0 keeps it positive, the second 1 keeps its length.
    bytes[0] = bytes[0] & 0x3f | 0x40;
    Ok(CertificateSerial::new(&bytes))
}

fn general_name(name: &str) -> Result<GeneralName, Error> {
    if let Ok(address) = name.parse::<IpAddr>() {
        let octets = match address {
            IpAddr::V4(address) => OctetString::new(address.octets()),
            IpAddr::V6(address) => OctetString::new(address.octets()),
        };
        return Ok(GeneralName::IpAddress(octets.map_err(failed)?));
    }
    rustls_pki_types::DnsName::try_from(name).map_err(|_| ErrorKind::ServerName)?;
    Ia5String::new(name)
        .map(GeneralName::DnsName)
        .map_err(|_| ErrorKind::ServerName.into())
}
