//! A small certificate authority: for development and tests, and for operators without one.
//!
//! It issues from PKCS#10 requests, so private keys never leave the offices. Its own key lies
//! unencrypted in its folder: who runs it beyond tests protects that folder or uses another
//! authority, whose certificates the [profile](crate::CertificateProfile) can describe.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use careplan_core::{Lang, OfficeNumber};
use chrono::{DateTime, SecondsFormat, Utc};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};
use serde::{Deserialize, Serialize};
use x509_cert::crl::RevokedCert;
use x509_cert::ext::ToExtension;
use x509_cert::ext::pkix::CrlReason;
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use zeroize::Zeroizing;

use crate::certificate::ParsedCertificate;
use crate::enrol::Invitation;
use crate::issue::{self, Issuer};
use crate::validity::{to_x509, whole_second};
use crate::{
    CertificateKind, CertificateProfile, CertificateSerial, Error, ErrorKind, KeyAlgorithm,
    PrivateKey, Validity, pem,
};

/// File names in an authority's folder.
const CERTIFICATE_FILE: &str = "authority.pem";
const KEY_FILE: &str = "authority.key.pem";
const REGISTER_FILE: &str = "register.json";
const LOCK_FILE: &str = "authority.lock";

/// Why a certificate is revoked (RFC 5280 section 5.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RevocationReason {
    /// No reason given.
    Unspecified,
    /// The private key became known to others, or may have.
    KeyCompromise,
    /// The office changed its name or number.
    AffiliationChanged,
    /// Replaced by a newer certificate.
    Superseded,
    /// The office closed.
    CessationOfOperation,
}

impl RevocationReason {
    /// Every reason.
    pub const ALL: [Self; 5] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
    ];

    /// The name used in registers and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "key-compromise",
            Self::AffiliationChanged => "affiliation-changed",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessation-of-operation",
        }
    }

    const fn crl_reason(self) -> Option<CrlReason> {
        match self {
            // The code "unspecified" is left out (RFC 5280 section 5.3.1).
            Self::Unspecified => None,
            Self::KeyCompromise => Some(CrlReason::KeyCompromise),
            Self::AffiliationChanged => Some(CrlReason::AffiliationChanged),
            Self::Superseded => Some(CrlReason::Superseded),
            Self::CessationOfOperation => Some(CrlReason::CessationOfOperation),
        }
    }
}

impl FromStr for RevocationReason {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|reason| reason.as_str() == text)
            .ok_or(ErrorKind::RevocationReason.into())
    }
}

/// What a certificate in the register is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum IssuedTo {
    /// An office.
    Office {
        /// Its number.
        office: OfficeNumber,
        /// The certificate's kind.
        kind: CertificateKind,
    },
    /// The operator, for signing receipts.
    Operator {
        /// Its name.
        name: String,
    },
    /// A TLS server.
    Server {
        /// Its names.
        names: Vec<String>,
    },
}

/// A revocation in the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Revocation {
    /// Since when.
    pub at: DateTime<Utc>,
    /// Why.
    pub reason: RevocationReason,
}

/// A line of the authority's register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RegisterEntry {
    /// The certificate's serial number.
    pub serial: CertificateSerial,
    /// For whom.
    pub issued_to: IssuedTo,
    /// First instant of validity.
    pub not_before: DateTime<Utc>,
    /// Last instant of validity.
    pub not_after: DateTime<Utc>,
    /// If it is revoked.
    pub revoked: Option<Revocation>,
    /// The certificate that it renews.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renews: Option<CertificateSerial>,
}

impl RegisterEntry {
    /// The office and kind, if it is an office's certificate.
    const fn office(&self) -> Option<(OfficeNumber, CertificateKind)> {
        match &self.issued_to {
            IssuedTo::Office { office, kind } => Some((*office, *kind)),
            _ => None,
        }
    }

    /// Whether it can be used at an instant: in its validity and not revoked.
    #[must_use]
    pub fn is_usable(&self, at: DateTime<Utc>) -> bool {
        self.revoked.is_none() && self.not_before <= at && at <= self.not_after
    }

    /// The entry as a line for people: serial number, last instant of validity, whether it can be
    /// used at `at`, and for whom it is.
    #[must_use]
    pub fn line(&self, at: DateTime<Utc>, lang: Lang) -> String {
        let written = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let holder = match &self.issued_to {
            IssuedTo::Office { office, kind } => format!("{office} {}", kind.name(lang)),
            IssuedTo::Operator { name } => name.clone(),
            IssuedTo::Server { names } => names.join(" "),
        };
        let state = match &self.revoked {
            Some(revoked) => {
                let text = lang.pick("失効", "revoked");
                format!("{text} {}", written(revoked.at))
            }
            None if self.is_usable(at) => lang.pick("有効", "usable").to_owned(),
            None => lang.pick("期限外", "out of date").to_owned(),
        };
        let until = written(self.not_after);
        format!("{}  {until}  {state}  {holder}", self.serial)
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Register {
    /// The number of the last revocation list; 0 before the first.
    last_list: u64,
    entries: Vec<RegisterEntry>,
    /// Offices that may request a certificate with an issue password.
    #[serde(default)]
    invitations: Vec<Invitation>,
}

/// A certificate that was just issued.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Issued {
    /// The certificate, DER.
    pub certificate: CertificateDer<'static>,
    /// Its serial number.
    pub serial: CertificateSerial,
}

impl Issued {
    /// The certificate as PEM.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`] if it cannot be encoded, which does not happen.
    pub fn to_pem(&self) -> Result<String, Error> {
        pem::write("CERTIFICATE", &self.certificate)
    }
}

/// A certificate that is made but not entered, and so not issued.
struct Draft {
    certificate: Vec<u8>,
    serial: CertificateSerial,
    validity: Validity,
    issued_to: IssuedTo,
    renews: Option<CertificateSerial>,
}

/// A certificate authority with one root and a register of what it issued.
///
/// ```
/// use careplan_envelope::{Authority, CertificateKind, KeyAlgorithm, PrivateKey, Validity};
///
/// let now = "2026-11-01T00:00:00Z".parse()?;
/// let mut authority = Authority::create("Test authority", KeyAlgorithm::EcdsaP256, Validity::days(now, 3650)?)?;
///
/// // At the office: the key stays there, only the request goes out.
/// let office = "1370948774".parse()?;
/// let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
/// let request = key.request_pem(office)?;
///
/// let issued = authority.issue_office(request.as_bytes(), office, CertificateKind::CareDx, Validity::days(now, 365)?)?;
/// assert!(issued.to_pem()?.starts_with("-----BEGIN CERTIFICATE-----"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Authority {
    key: PrivateKey,
    certificate: CertificateDer<'static>,
    parsed: ParsedCertificate,
    profile: CertificateProfile,
    register: Register,
    /// Where changes are kept; `None` as long as it lives in memory only.
    home: Option<Home>,
}

/// An authority's folder, held by one program at a time: two registers would drift apart.
#[derive(Debug)]
struct Home {
    folder: PathBuf,
    /// Locked as long as it is open.
    _lock: fs::File,
}

impl Home {
    fn lock(folder: &Path) -> Result<Self, Error> {
        let lock = fs::File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join(LOCK_FILE))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                folder: folder.to_owned(),
                _lock: lock,
            }),
            Err(fs::TryLockError::WouldBlock) => Err(ErrorKind::AuthorityBusy.into()),
            Err(fs::TryLockError::Error(error)) => Err(error.into()),
        }
    }
}

impl Authority {
    /// A new authority in memory, with the default [`CertificateProfile`].
    ///
    /// # Errors
    /// [`ErrorKind::SubjectName`] if the name is empty or longer than 64 characters,
    /// [`ErrorKind::Crypto`] if the crypto library fails.
    pub fn create(name: &str, algorithm: KeyAlgorithm, validity: Validity) -> Result<Self, Error> {
        let key = PrivateKey::generate(algorithm)?;
        let issuer = Issuer {
            key: &key,
            certificate: None,
        };
        let certificate = issuer.root(name, validity)?;
        Self::assemble(key, certificate.into(), Register::default(), None)
    }

    fn assemble(
        key: PrivateKey,
        certificate: CertificateDer<'static>,
        register: Register,
        home: Option<Home>,
    ) -> Result<Self, Error> {
        let parsed = ParsedCertificate::parse(&certificate).ok_or(ErrorKind::Certificate)?;
        if parsed.public_key_info() != key.public_key_info()? {
            return Err(ErrorKind::KeyMismatch.into());
        }
        Ok(Self {
            key,
            certificate,
            parsed,
            profile: CertificateProfile::default(),
            register,
            home,
        })
    }

    /// Opens the authority of a folder; every change is kept there before it is given out.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the folder cannot be read, [`ErrorKind::AuthorityFolder`] if what is
    /// there is not an authority, [`ErrorKind::AuthorityBusy`] if it is open already.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let damaged = |_: Error| Error::from(ErrorKind::AuthorityFolder);
        // So that opening the wrong folder leaves no lock file there.
        fs::metadata(folder.join(CERTIFICATE_FILE))?;
        let home = Home::lock(folder)?;
        let key_text = Zeroizing::new(fs::read(folder.join(KEY_FILE))?);
        let key = PrivateKey::from_pem(&key_text).map_err(damaged)?;
        let certificate = pem::certificates(&fs::read(folder.join(CERTIFICATE_FILE))?)
            .map_err(damaged)?
            .into_iter()
            .next()
            .ok_or(ErrorKind::AuthorityFolder)?;
        let register = serde_json::from_slice(&fs::read(folder.join(REGISTER_FILE))?)
            .map_err(|_| ErrorKind::AuthorityFolder)?;
        Self::assemble(key, certificate, register, Some(home)).map_err(damaged)
    }

    /// Keeps the authority in a folder from now on: its certificate, its key (readable by its
    /// owner only, where the system knows such rights) and its register.
    ///
    /// # Errors
    /// [`ErrorKind::AuthorityExists`] if the folder holds one already,
    /// [`ErrorKind::AuthorityBusy`] if another program is just making one there,
    /// [`ErrorKind::Io`] if writing fails.
    pub fn save(&mut self, folder: &Path) -> Result<(), Error> {
        fs::create_dir_all(folder)?;
        let home = Home::lock(folder)?;
        if folder.join(CERTIFICATE_FILE).try_exists()? || folder.join(KEY_FILE).try_exists()? {
            return Err(ErrorKind::AuthorityExists.into());
        }
        write_durably(folder, KEY_FILE, self.key.to_pem()?.as_bytes())?;
        self.home = Some(home);
        self.keep(&self.register)?;
        // Last, because an authority is there once its certificate is.
        write_durably(folder, CERTIFICATE_FILE, self.certificate_pem()?.as_bytes())
    }

    /// Sets how kinds and office numbers are written into certificates.
    #[must_use]
    pub fn with_profile(mut self, profile: CertificateProfile) -> Self {
        self.profile = profile;
        self
    }

    /// The authority's own certificate: the trust anchor to hand to everybody.
    #[must_use]
    pub const fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// The authority's own certificate as PEM.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`] if it cannot be encoded, which does not happen.
    pub fn certificate_pem(&self) -> Result<String, Error> {
        pem::write("CERTIFICATE", &self.certificate)
    }

    /// What was issued, in order.
    #[must_use]
    pub fn register(&self) -> &[RegisterEntry] {
        &self.register.entries
    }

    /// Issues an office's certificate from a PKCS#10 request, PEM or DER.
    ///
    /// The certificate serves as TLS client certificate and for signing. Of the request only the
    /// public key is used; office number and kind are the authority's word.
    ///
    /// # Errors
    /// [`ErrorKind::Request`], [`ErrorKind::RequestSignature`], [`ErrorKind::RequestOffice`] and
    /// [`ErrorKind::Key`] for bad requests, [`ErrorKind::ValidityBeyondAuthority`],
    /// [`ErrorKind::Kind`] if the profile does not know the kind or it is the operator's,
    /// [`ErrorKind::Io`] if the register cannot be kept: then nothing was issued.
    pub fn issue_office(
        &mut self,
        request: &[u8],
        office: OfficeNumber,
        kind: CertificateKind,
        validity: Validity,
    ) -> Result<Issued, Error> {
        let draft = self.draft_office(request, office, kind, validity)?;
        self.enter_into(self.register.clone(), draft)
    }

    /// Makes an office's certificate, which is not issued until it is entered.
    fn draft_office(
        &self,
        request: &[u8],
        office: OfficeNumber,
        kind: CertificateKind,
        validity: Validity,
    ) -> Result<Draft, Error> {
        // An office must never hold what signs receipts.
        if kind == CertificateKind::Operator {
            return Err(ErrorKind::Kind.into());
        }
        self.check_validity(validity)?;
        let key = issue::requested_key(request, office)?;
        let serial = issue::random_serial()?;
        let certificate =
            self.issuer()
                .office(&self.profile, office, kind, key, validity, &serial)?;
        Ok(Draft {
            certificate,
            serial,
            validity,
            issued_to: IssuedTo::Office { office, kind },
            renews: None,
        })
    }

    /// Invites an office to request its certificate, and gives the issue password (発行用パスワード) to
    /// send it: `XXXX-XXXX-XXXX-XXXX`, shown here only. An earlier invitation of the office ends.
    ///
    /// # Errors
    /// [`ErrorKind::Kind`] if offices do not get certificates of this kind, [`ErrorKind::Io`] if
    /// the register cannot be kept.
    pub fn invite(
        &mut self,
        office: OfficeNumber,
        kind: CertificateKind,
        until: DateTime<Utc>,
    ) -> Result<Zeroizing<String>, Error> {
        if !kind.is_accepted() || self.profile.mark(kind).is_none() {
            return Err(ErrorKind::Kind.into());
        }
        let (invitation, password) = Invitation::new(office, kind, until)?;
        let mut register = self.register.clone();
        register
            .invitations
            .retain(|invitation| invitation.office != office);
        register.invitations.push(invitation);
        self.replace(register)?;
        Ok(password)
    }

    /// Issues an office's certificate to who knows the issue password. The password is good once;
    /// after five wrong ones it is good no more. One certificate per office: an office that has a
    /// usable one [renews](Self::renew) it.
    ///
    /// # Errors
    /// [`ErrorKind::IssuePassword`] if the password is wrong, used, out of date or there is none,
    /// [`ErrorKind::CertificateExists`], and those of [`issue_office`](Self::issue_office).
    pub fn issue_with_password(
        &mut self,
        request: &[u8],
        office: OfficeNumber,
        password: &str,
        validity: Validity,
        at: DateTime<Utc>,
    ) -> Result<Issued, Error> {
        let mut register = self.register.clone();
        let position = register
            .invitations
            .iter()
            .position(|invitation| invitation.office == office)
            .ok_or(ErrorKind::IssuePassword)?;
        let mut invitation = register.invitations.swap_remove(position);
        if !invitation.admits(password, at) {
            register.invitations.push(invitation);
            // The count of wrong passwords must survive, or it limits nothing.
            self.replace(register)?;
            return Err(ErrorKind::IssuePassword.into());
        }
        let of_office = |entry: &RegisterEntry| {
            entry.office().is_some_and(|(number, _)| number == office) && entry.is_usable(at)
        };
        if register.entries.iter().any(of_office) {
            return Err(ErrorKind::CertificateExists.into());
        }
        let draft = self.draft_office(request, office, invitation.kind, validity)?;
        // The invitation and the entry change together: the password is used up exactly when a
        // certificate is issued for it.
        self.enter_into(register, draft)
    }

    /// Issues a new certificate in place of one that is still usable, for a new key. The old one
    /// stays usable to its end, so that nothing under way is lost; it can be renewed once.
    ///
    /// That the request comes from the holder of the old certificate must be known: from the TLS
    /// connection it came through, or because it came in a container signed with it.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownSerial`], [`ErrorKind::NotRenewable`] if the certificate is revoked,
    /// expired, renewed already or no office's, and those of [`issue_office`](Self::issue_office).
    pub fn renew(
        &mut self,
        request: &[u8],
        old: &CertificateSerial,
        validity: Validity,
        at: DateTime<Utc>,
    ) -> Result<Issued, Error> {
        let entries = &self.register.entries;
        let entry = entries
            .iter()
            .find(|entry| entry.serial == *old)
            .ok_or(ErrorKind::UnknownSerial)?;
        let renewed = entries
            .iter()
            .any(|entry| entry.renews.as_ref() == Some(old) && entry.revoked.is_none());
        let (office, kind) = entry
            .office()
            .filter(|_| entry.is_usable(at) && !renewed)
            .ok_or(ErrorKind::NotRenewable)?;
        let mut draft = self.draft_office(request, office, kind, validity)?;
        draft.renews = Some(old.clone());
        self.enter_into(self.register.clone(), draft)
    }

    /// Issues an operator's certificate, with which receipts and tree heads are signed.
    ///
    /// # Errors
    /// [`ErrorKind::SubjectName`] if the name cannot stand in a certificate, [`ErrorKind::Kind`] if
    /// the profile does not know operators, [`ErrorKind::ValidityBeyondAuthority`],
    /// [`ErrorKind::Io`] if the register cannot be kept.
    pub fn issue_operator(
        &mut self,
        key: &PrivateKey,
        name: &str,
        validity: Validity,
    ) -> Result<Issued, Error> {
        self.check_validity(validity)?;
        let serial = issue::random_serial()?;
        let certificate = self
            .issuer()
            .operator(&self.profile, key, name, validity, &serial)?;
        let name = name.to_owned();
        self.enter(certificate, serial, validity, IssuedTo::Operator { name })
    }

    /// Issues a TLS server's certificate for a key and its DNS names and IP addresses.
    ///
    /// # Errors
    /// [`ErrorKind::ServerName`] if there is no name or one is none,
    /// [`ErrorKind::ValidityBeyondAuthority`], [`ErrorKind::Io`] if the register cannot be kept.
    pub fn issue_server(
        &mut self,
        key: &PrivateKey,
        names: &[&str],
        validity: Validity,
    ) -> Result<Issued, Error> {
        self.check_validity(validity)?;
        let serial = issue::random_serial()?;
        let certificate = self.issuer().server(key, names, validity, &serial)?;
        let names = names.iter().map(|&name| name.to_owned()).collect();
        self.enter(certificate, serial, validity, IssuedTo::Server { names })
    }

    /// Revokes a certificate; the next [revocation list](Self::crl) shows it.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownSerial`], [`ErrorKind::AlreadyRevoked`], [`ErrorKind::Validity`] if the
    /// time is out of range, [`ErrorKind::Io`] if the register cannot be kept.
    pub fn revoke(
        &mut self,
        serial: &CertificateSerial,
        reason: RevocationReason,
        at: DateTime<Utc>,
    ) -> Result<(), Error> {
        let at = whole_second(at).ok_or(ErrorKind::Validity)?;
        let mut register = self.register.clone();
        let entry = register
            .entries
            .iter_mut()
            .find(|entry| entry.serial == *serial)
            .ok_or(ErrorKind::UnknownSerial)?;
        if entry.revoked.is_some() {
            return Err(ErrorKind::AlreadyRevoked.into());
        }
        entry.revoked = Some(Revocation { at, reason });
        self.replace(register)
    }

    /// The revocation list (CRL, RFC 5280 section 5) of everything revoked so far.
    ///
    /// `next_update` is when verifiers need a newer one at the latest.
    ///
    /// # Errors
    /// [`ErrorKind::Validity`] if `next_update` is not after `this_update`, [`ErrorKind::Io`] if
    /// the list's number cannot be kept.
    pub fn crl(
        &mut self,
        this_update: DateTime<Utc>,
        next_update: DateTime<Utc>,
    ) -> Result<CertificateRevocationListDer<'static>, Error> {
        let validity = Validity::new(this_update, next_update)?;
        let mut register = self.register.clone();
        register.last_list += 1;
        let revoked = register
            .entries
            .iter()
            .filter_map(|entry| Some((&entry.serial, entry.revoked?)))
            .map(|(serial, revocation)| revoked_certificate(serial, revocation))
            .collect::<Result<_, _>>()?;
        let list = self
            .issuer()
            .revocation_list(register.last_list, validity, revoked)?;
        self.replace(register)?;
        Ok(list.into())
    }

    fn issuer(&self) -> Issuer<'_> {
        Issuer {
            key: &self.key,
            certificate: Some(self.parsed.x509()),
        }
    }

    fn check_validity(&self, validity: Validity) -> Result<(), Error> {
        let (from, to) = self.parsed.validity().ok_or(ErrorKind::Certificate)?;
        if validity.not_before() < from || validity.not_after() > to {
            return Err(ErrorKind::ValidityBeyondAuthority.into());
        }
        Ok(())
    }

    /// Enters a certificate into the register; only then is it given out.
    fn enter(
        &mut self,
        certificate: Vec<u8>,
        serial: CertificateSerial,
        validity: Validity,
        issued_to: IssuedTo,
    ) -> Result<Issued, Error> {
        let draft = Draft {
            certificate,
            serial,
            validity,
            issued_to,
            renews: None,
        };
        self.enter_into(self.register.clone(), draft)
    }

    /// As [`enter`](Self::enter), into a register with other changes, which is kept with them.
    fn enter_into(&mut self, mut register: Register, draft: Draft) -> Result<Issued, Error> {
        register.entries.push(RegisterEntry {
            serial: draft.serial.clone(),
            issued_to: draft.issued_to,
            not_before: draft.validity.not_before(),
            not_after: draft.validity.not_after(),
            revoked: None,
            renews: draft.renews,
        });
        self.replace(register)?;
        Ok(Issued {
            certificate: draft.certificate.into(),
            serial: draft.serial,
        })
    }

    fn replace(&mut self, register: Register) -> Result<(), Error> {
        self.keep(&register)?;
        self.register = register;
        Ok(())
    }

    fn keep(&self, register: &Register) -> Result<(), Error> {
        let Some(Home { folder, .. }) = &self.home else {
            return Ok(());
        };
        let text = serde_json::to_vec_pretty(register)
            .map_err(|error| Error::from(std::io::Error::from(error)))?;
        write_durably(folder, REGISTER_FILE, &text)
    }
}

fn revoked_certificate(
    serial: &CertificateSerial,
    revocation: Revocation,
) -> Result<RevokedCert, Error> {
    let crypto = |_| Error::from(ErrorKind::Crypto);
    let extensions = revocation
        .reason
        .crl_reason()
        .map(|reason| (&reason).to_extension(&Name::default(), &[]))
        .transpose()
        .map_err(crypto)?
        .map(|extension| vec![extension]);
    Ok(RevokedCert {
        serial_number: SerialNumber::new(serial.as_bytes()).map_err(crypto)?,
        revocation_date: to_x509(revocation.at).ok_or(ErrorKind::Validity)?,
        crl_entry_extensions: extensions,
    })
}

/// Writes a file whole or not at all: a temporary file beside it, synced, renamed.
fn write_durably(folder: &Path, name: &str, contents: &[u8]) -> Result<(), Error> {
    // On Unix a temporary file is readable by its owner only, and stays so.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(contents)?;
    file.as_file().sync_all()?;
    file.persist(folder.join(name))
        .map_err(|error| Error::from(error.error))?;
    // Makes the rename itself durable; Windows neither needs nor allows opening a folder for it.
    #[cfg(unix)]
    fs::File::open(folder)?.sync_all()?;
    Ok(())
}
