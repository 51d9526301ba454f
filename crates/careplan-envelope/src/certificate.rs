//! What the envelope reads from an X.509 certificate (RFC 5280).
//!
//! Trust is not decided here: paths are validated by `rustls-webpki` in [`chain`](crate::chain).

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use const_oid::AssociatedOid;
use der::asn1::ObjectIdentifier;
use der::{Decode, Encode, Tagged};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use x509_cert::Certificate;
use x509_cert::ext::pkix::{
    CertificatePolicies, CrlDistributionPoints, InhibitAnyPolicy, KeyUsage, PolicyConstraints,
    SubjectKeyIdentifier,
};

use crate::{Error, ErrorKind, validity};

/// A certificate's serial number (RFC 5280 section 4.1.2.2), written as lower-case hexadecimal
/// digits without leading zero bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CertificateSerial(Vec<u8>);

impl CertificateSerial {
    /// From the big-endian bytes of the number; leading zero bytes do not count.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        let start = bytes.iter().take_while(|&&byte| byte == 0).count();
        Self(bytes.get(start..).unwrap_or_default().to_vec())
    }

    /// The big-endian bytes without leading zeros.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for CertificateSerial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for CertificateSerial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CertificateSerial({self})")
    }
}

impl FromStr for CertificateSerial {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match hex::decode(text) {
            Ok(bytes) if bytes.len() <= 20 => Ok(Self::new(&bytes)),
            _ => Err(ErrorKind::UnknownSerial.into()),
        }
    }
}

impl Serialize for CertificateSerial {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CertificateSerial {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// A certificate whose DER has been read.
#[derive(Debug, Clone)]
pub(crate) struct ParsedCertificate(Certificate);

/// An extension that may be missing, present, or present but unreadable.
pub(crate) enum Extension<T> {
    Absent,
    Present(T),
    Malformed,
}

impl ParsedCertificate {
    /// Reads a DER certificate; `None` if it is not one.
    pub(crate) fn parse(der: &[u8]) -> Option<Self> {
        Certificate::from_der(der).ok().map(Self)
    }

    /// The public key, DER `SubjectPublicKeyInfo`.
    pub(crate) fn public_key_info(&self) -> Vec<u8> {
        // A structure that was read can be written again.
        self.0
            .tbs_certificate()
            .subject_public_key_info()
            .to_der()
            .unwrap_or_default()
    }

    pub(crate) fn serial(&self) -> CertificateSerial {
        CertificateSerial::new(self.0.tbs_certificate().serial_number().as_bytes())
    }

    pub(crate) fn x509(&self) -> &Certificate {
        &self.0
    }

    /// First and last instant of validity.
    pub(crate) fn validity(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let period = self.0.tbs_certificate().validity();
        Some((
            validity::from_x509(&period.not_before)?,
            validity::from_x509(&period.not_after)?,
        ))
    }

    /// Whether an instant lies within the validity, both ends included, in whole seconds.
    pub(crate) fn valid_at(&self, at: DateTime<Utc>) -> bool {
        self.validity().is_some_and(|(from, to)| {
            from.timestamp() <= at.timestamp() && at.timestamp() <= to.timestamp()
        })
    }

    /// The texts of a subject attribute; `None` in place of a value that is no text.
    pub(crate) fn subject_values(
        &self,
        attribute: ObjectIdentifier,
    ) -> impl Iterator<Item = Option<&str>> {
        self.0
            .tbs_certificate()
            .subject()
            .iter()
            .filter(move |item| item.oid == attribute)
            .map(|item| match item.value.tag() {
                der::Tag::PrintableString | der::Tag::Utf8String | der::Tag::Ia5String => {
                    std::str::from_utf8(item.value.value()).ok()
                }
                _ => None,
            })
    }

    /// The certificate policies (RFC 5280 section 4.2.1.4).
    pub(crate) fn policies(&self) -> Extension<Vec<ObjectIdentifier>> {
        self.extension::<CertificatePolicies, _>(|policies| {
            policies
                .0
                .into_iter()
                .map(|policy| policy.policy_identifier)
                .collect()
        })
    }

    /// The key usage (RFC 5280 section 4.2.1.3).
    pub(crate) fn key_usage(&self) -> Extension<KeyUsage> {
        self.extension::<KeyUsage, _>(|usage| usage)
    }

    /// The subject key identifier (RFC 5280 section 4.2.1.2).
    pub(crate) fn key_identifier(&self) -> Extension<Vec<u8>> {
        self.extension::<SubjectKeyIdentifier, _>(|identifier| identifier.0.as_bytes().to_vec())
    }

    /// Whether it says where its revocation lists are (RFC 5280 section 4.2.1.13).
    pub(crate) fn has_distribution_points(&self) -> bool {
        self.has(&[CrlDistributionPoints::OID])
    }

    /// Whether it constrains the policies of the certificates below it (RFC 5280 sections 4.2.1.11
    /// and 4.2.1.14).
    pub(crate) fn constrains_policies(&self) -> bool {
        self.has(&[PolicyConstraints::OID, InhibitAnyPolicy::OID])
    }

    /// Whether it has one of some extensions.
    fn has(&self, identifiers: &[ObjectIdentifier]) -> bool {
        let extensions = self.0.tbs_certificate().extensions();
        extensions.is_some_and(|extensions| {
            extensions
                .iter()
                .any(|extension| identifiers.contains(&extension.extn_id))
        })
    }

    fn extension<'a, T, U>(&'a self, of: impl FnOnce(T) -> U) -> Extension<U>
    where
        T: Decode<'a> + AssociatedOid,
    {
        match self.0.tbs_certificate().get_extension::<T>() {
            Ok(None) => Extension::Absent,
            Ok(Some((_, value))) => Extension::Present(of(value)),
            Err(_) => Extension::Malformed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_compare_as_numbers() {
        let serial: CertificateSerial = "00ab01".parse().unwrap();
        assert_eq!(serial, CertificateSerial::new(&[0xab, 1]));
        assert_eq!(serial.to_string(), "ab01");
        assert!("xyz".parse::<CertificateSerial>().is_err());
        assert!("00".repeat(21).parse::<CertificateSerial>().is_err());
    }
}
