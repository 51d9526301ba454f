//! Which certificates are offices' certificates: kinds and office numbers.
//!
//! The operator of a real system fixes how kinds (介護保険証明書, 介護DX証明書 and so on) and office
//! numbers appear in its certificates; [`CertificateProfile`] holds that, with a documented default.

use std::fmt;
use std::str::FromStr;

use careplan_core::{Explain, Lang, OfficeNumber};
use chrono::{DateTime, Utc};
use der::asn1::ObjectIdentifier;
use rustls_pki_types::CertificateDer;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::certificate::{CertificateSerial, Extension, ParsedCertificate};
use crate::{Error, ErrorKind, Refusal, VerifyError};

/// The kinds of certificates that offices and their agents hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CertificateKind {
    /// Care insurance certificate (介護保険証明書), used for electronic claims too.
    CareInsurance,
    /// Care DX certificate (介護DX証明書), for offices without one for electronic claims.
    CareDx,
    /// Agent's certificate (代理人証明書): refused.
    Agent,
    /// Certificate of the disability system (障害総合支援証明書): refused.
    Disability,
    /// Operator's certificate (運用者証明書): signs receipts and tree heads; refused where an office
    /// is wanted.
    Operator,
}

impl CertificateKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [
        Self::CareInsurance,
        Self::CareDx,
        Self::Agent,
        Self::Disability,
        Self::Operator,
    ];

    /// Whether offices exchange care plans with certificates of this kind.
    #[must_use]
    pub const fn is_accepted(self) -> bool {
        matches!(self, Self::CareInsurance | Self::CareDx)
    }

    /// The kind's name.
    #[must_use]
    pub fn name(self, lang: Lang) -> &'static str {
        match self {
            Self::CareInsurance => lang.pick("介護保険証明書", "care insurance certificate"),
            Self::CareDx => lang.pick("介護DX証明書", "care DX certificate"),
            Self::Agent => lang.pick("代理人証明書", "agent's certificate"),
            Self::Disability => {
                lang.pick("障害総合支援証明書", "certificate of the disability system")
            }
            Self::Operator => lang.pick("運用者証明書", "operator's certificate"),
        }
    }

    /// The name used in configuration and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CareInsurance => "care-insurance",
            Self::CareDx => "care-dx",
            Self::Agent => "agent",
            Self::Disability => "disability",
            Self::Operator => "operator",
        }
    }

    /// Why this kind is refused; `None` if it is accepted.
    const fn refusal(self) -> Option<Refusal> {
        match self {
            Self::CareInsurance | Self::CareDx => None,
            Self::Agent => Some(Refusal::AgentCertificate),
            Self::Disability => Some(Refusal::DisabilityCertificate),
            Self::Operator => Some(Refusal::OperatorCertificate),
        }
    }
}

impl fmt::Display for CertificateKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for CertificateKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(ErrorKind::Kind.into())
    }
}

/// An object identifier in dotted decimals, as in `2.5.4.5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Oid(pub(crate) ObjectIdentifier);

impl Oid {
    /// An identifier known when compiling.
    const fn literal(text: &str) -> Self {
        Self(ObjectIdentifier::new_unwrap(text))
    }
}

impl FromStr for Oid {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        ObjectIdentifier::new(text)
            .map(Self)
            .map_err(|_| ErrorKind::Profile.into())
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Oid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Oid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// By what a certificate's kind is known.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum KindMark {
    /// A policy among its certificate policies (RFC 5280 section 4.2.1.4).
    Policy(Oid),
    /// A subject attribute of exactly this text.
    Subject {
        /// The attribute's type, such as `2.5.4.11` for the organizational unit.
        attribute: Oid,
        /// The whole text of the attribute.
        value: String,
    },
}

/// Where the office number (事業所番号) stands in the subject.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OfficeNumberField {
    /// The attribute's type, such as `2.5.4.5` for the serial number. It must occur once.
    pub attribute: Oid,
    /// What stands before the ten characters; empty by default.
    #[serde(default)]
    pub prefix: String,
}

/// How kinds and office numbers appear in certificates.
///
/// The default is for systems that have no rule of their own yet: the office number alone in the
/// subject's `serialNumber` (2.5.4.5), the kind by one certificate policy under
/// 1.3.6.1.4.1.32473.1, where 32473 is the enterprise number set aside for documentation
/// (RFC 5612): `.1` care insurance, `.2` care DX, `.3` agent, `.4` disability system, `.5` operator.
///
/// It is read from and written to configuration files with serde:
///
/// ```
/// use careplan_envelope::CertificateProfile;
///
/// let profile: CertificateProfile = toml::from_str(r#"
///     [office_number]
///     attribute = "2.5.4.11"
///     prefix = "JIGYOSHO-"
///
///     [[kinds]]
///     kind = "care-insurance"
///     mark = { policy = "1.2.392.200000.1" }
///
///     [[kinds]]
///     kind = "agent"
///     mark = { subject = { attribute = "2.5.4.10", value = "Dairinin" } }
/// "#)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CertificateProfile {
    office_number: OfficeNumberField,
    kinds: Vec<KindRule>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct KindRule {
    kind: CertificateKind,
    mark: KindMark,
}

impl CertificateProfile {
    /// A profile of one's own.
    ///
    /// # Errors
    /// [`ErrorKind::Profile`] if no accepted kind is marked or one mark stands for two kinds.
    pub fn new(
        office_number: OfficeNumberField,
        kinds: impl IntoIterator<Item = (CertificateKind, KindMark)>,
    ) -> Result<Self, Error> {
        let kinds: Vec<KindRule> = kinds
            .into_iter()
            .map(|(kind, mark)| KindRule { kind, mark })
            .collect();
        let ambiguous = kinds.iter().enumerate().any(|(at, rule)| {
            kinds
                .iter()
                .skip(at + 1)
                .any(|other| other.mark == rule.mark && other.kind != rule.kind)
        });
        if ambiguous || !kinds.iter().any(|rule| rule.kind.is_accepted()) {
            return Err(ErrorKind::Profile.into());
        }
        Ok(Self {
            office_number,
            kinds,
        })
    }

    /// Whose certificate this is, if it is one that offices exchange care plans with.
    ///
    /// This reads the certificate only: that it is genuine and valid must have been established
    /// before, by the TLS handshake or by [`Verifier`](crate::Verifier).
    ///
    /// # Errors
    /// A [`VerifyError`] with the reason: an agent's or a disability system's certificate, an
    /// unknown kind, no office number.
    pub fn office_of(
        &self,
        certificate: &CertificateDer<'_>,
    ) -> Result<OfficeCertificate, VerifyError> {
        let certificate =
            ParsedCertificate::parse(certificate).ok_or(Refusal::CertificateMalformed)?;
        Ok(self.office(&certificate)?)
    }

    /// As [`office_of`](Self::office_of), of a certificate that has been read.
    pub(crate) fn office(
        &self,
        certificate: &ParsedCertificate,
    ) -> Result<OfficeCertificate, Refusal> {
        let kind = self.kind(certificate)?;
        if let Some(refusal) = kind.refusal() {
            return Err(refusal);
        }
        let (not_before, not_after) = certificate
            .validity()
            .ok_or(Refusal::CertificateMalformed)?;
        Ok(OfficeCertificate {
            office: self.office_number(certificate)?,
            kind,
            serial: certificate.serial(),
            not_before,
            not_after,
        })
    }

    /// The operator, if the certificate is an operator's.
    pub(crate) fn operator(
        &self,
        certificate: &ParsedCertificate,
    ) -> Result<OperatorCertificate, Refusal> {
        if self.kind(certificate)? != CertificateKind::Operator {
            return Err(Refusal::NotOperatorCertificate);
        }
        let (not_before, not_after) = certificate
            .validity()
            .ok_or(Refusal::CertificateMalformed)?;
        let mut names = certificate.subject_values(const_oid::db::rfc4519::COMMON_NAME);
        let name = match (names.next(), names.next()) {
            (Some(Some(name)), None) => name.to_owned(),
            _ => return Err(Refusal::CertificateMalformed),
        };
        Ok(OperatorCertificate {
            name,
            serial: certificate.serial(),
            not_before,
            not_after,
        })
    }

    fn kind(&self, certificate: &ParsedCertificate) -> Result<CertificateKind, Refusal> {
        let policies = match certificate.policies() {
            Extension::Present(policies) => policies,
            Extension::Absent => Vec::new(),
            Extension::Malformed => return Err(Refusal::CertificateMalformed),
        };
        let carries = |mark: &KindMark| match mark {
            KindMark::Policy(policy) => policies.contains(&policy.0),
            KindMark::Subject { attribute, value } => certificate
                .subject_values(attribute.0)
                .any(|found| found == Some(value)),
        };
        let mut found: Vec<CertificateKind> = self
            .kinds
            .iter()
            .filter(|rule| carries(&rule.mark))
            .map(|rule| rule.kind)
            .collect();
        found.sort_unstable();
        found.dedup();
        match found.as_slice() {
            [kind] => Ok(*kind),
            [] => Err(Refusal::KindUnknown),
            _ => Err(Refusal::KindAmbiguous),
        }
    }

    fn office_number(&self, certificate: &ParsedCertificate) -> Result<OfficeNumber, Refusal> {
        let mut values = certificate.subject_values(self.office_number.attribute.0);
        let value = values.next().ok_or(Refusal::OfficeNumberMissing)?;
        if values.next().is_some() {
            return Err(Refusal::OfficeNumberMalformed);
        }
        value
            .and_then(|value| value.strip_prefix(self.office_number.prefix.as_str()))
            .and_then(|number| number.parse().ok())
            .filter(|number| *number != OfficeNumber::NONE)
            .ok_or(Refusal::OfficeNumberMalformed)
    }

    /// Where the office number stands.
    pub(crate) const fn office_number_field(&self) -> &OfficeNumberField {
        &self.office_number
    }

    /// How a certificate of a kind is marked; `None` if the profile does not know the kind.
    pub(crate) fn mark(&self, kind: CertificateKind) -> Option<&KindMark> {
        self.kinds
            .iter()
            .find(|rule| rule.kind == kind)
            .map(|rule| &rule.mark)
    }
}

impl Default for CertificateProfile {
    fn default() -> Self {
        let rule = |kind, policy| KindRule {
            kind,
            mark: KindMark::Policy(policy),
        };
        Self {
            office_number: OfficeNumberField {
                attribute: Oid::literal("2.5.4.5"),
                prefix: String::new(),
            },
            kinds: vec![
                rule(
                    CertificateKind::CareInsurance,
                    Oid::literal("1.3.6.1.4.1.32473.1.1"),
                ),
                rule(
                    CertificateKind::CareDx,
                    Oid::literal("1.3.6.1.4.1.32473.1.2"),
                ),
                rule(
                    CertificateKind::Agent,
                    Oid::literal("1.3.6.1.4.1.32473.1.3"),
                ),
                rule(
                    CertificateKind::Disability,
                    Oid::literal("1.3.6.1.4.1.32473.1.4"),
                ),
                rule(
                    CertificateKind::Operator,
                    Oid::literal("1.3.6.1.4.1.32473.1.5"),
                ),
            ],
        }
    }
}

impl<'de> Deserialize<'de> for CertificateProfile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// The same fields, before [`CertificateProfile::new`] has checked them.
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Unchecked {
            office_number: OfficeNumberField,
            kinds: Vec<KindRule>,
        }
        let unchecked = Unchecked::deserialize(deserializer)?;
        let kinds = unchecked
            .kinds
            .into_iter()
            .map(|rule| (rule.kind, rule.mark));
        Self::new(unchecked.office_number, kinds)
            .map_err(|error| de::Error::custom(error.explain(Lang::En)))
    }
}

/// An operator's certificate, with which receipts and tree heads are signed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OperatorCertificate {
    /// The operator's name, the subject's common name.
    pub name: String,
    /// The certificate's serial number.
    pub serial: CertificateSerial,
    /// First instant of validity.
    pub not_before: DateTime<Utc>,
    /// Last instant of validity.
    pub not_after: DateTime<Utc>,
}

/// Whose certificate it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OfficeCertificate {
    /// The office.
    pub office: OfficeNumber,
    /// The certificate's kind, an accepted one.
    pub kind: CertificateKind,
    /// The certificate's serial number.
    pub serial: CertificateSerial,
    /// First instant of validity.
    pub not_before: DateTime<Utc>,
    /// Last instant of validity.
    pub not_after: DateTime<Utc>,
}
