//! An office's settings, key and certificate, kept in its home: what a program needs to open a
//! client, made once when the office begins and renewed with its certificate.
//!
//! ```text
//! home/
//!   office.toml       the settings
//!   authority.pem     the authorities of the exchange: nobody else is trusted
//!   revoked.pem       their revocation lists, if the operations centre hands any out
//!   identity.pem      the office's key and certificate, in one file so that they change together
//!   request.key.pem   a key whose certificate is not there yet
//!   request.pem       what the authority is asked to certify (PKCS #10)
//!   renewal.asice     the request, signed with the certificate it is to follow on
//!   former/SERIAL.pem keys and certificates that were renewed: what was sealed to them before is
//!                     still to be opened
//! ```

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use careplan_core::{OfficeNumber, UserId};
use careplan_envelope::sealing::Opener;
use careplan_envelope::{
    CertificateProfile, EnvelopeWriter, KeyAlgorithm, OfficeCertificate, PrivateKey, RsaPadding,
    Signer, SoftwareSigner, Verifier, WriterOptions, load, pem,
};
use chrono::Utc;
use rustls_pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::setup_error::{SetupError, SetupErrorKind as Kind};
use crate::{ClientConfig, Credentials, HttpsConfig, HttpsTransport, durable};

const SETTINGS: &str = "office.toml";
const AUTHORITY: &str = "authority.pem";
const REVOKED: &str = "revoked.pem";
const IDENTITY: &str = "identity.pem";
const REQUEST: &str = "request.pem";
const REQUEST_KEY: &str = "request.key.pem";
const RENEWAL: &str = "renewal.asice";
const FORMER: &str = "former";

/// What an office has to say once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The office (事業所番号).
    pub office: OfficeNumber,
    /// Its user ID (ユーザID); the password is not kept.
    pub user_id: UserId,
    /// The platform's address, such as `https://platform.example:8443`.
    pub platform: String,
    /// A proxy, such as `http://proxy:8080`; none given, the environment's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// Months that files of ended sendings are kept; without it they stay. See
    /// [`Client::remove_files_before`](crate::Client::remove_files_before).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_months: Option<u32>,
}

/// The key and certificate of an office that is set up.
#[derive(Debug)]
pub enum NewIdentity {
    /// It has none: a key of this kind is made, and the request for its certificate.
    Request(KeyAlgorithm),
    /// It has them already, such as its care insurance certificate (介護保険証明書) for electronic
    /// claims.
    Existing(SoftwareSigner),
}

/// What an office hands in for the certificate that follows on the one in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewal {
    /// The request (PKCS #10, PEM).
    pub request: PathBuf,
    /// The request in a container signed with the certificate in use: that is proof enough of who
    /// asks. `None` if that certificate has ended: the authority asks for another proof then.
    pub signed: Option<PathBuf>,
}

/// An office's home with its settings, key and certificate; no client needs to be open.
///
/// ```no_run
/// use careplan_client::{Client, Setup};
/// use careplan_protocol::LogInRequest;
///
/// fn open(password: &str) -> Result<Client, Box<dyn std::error::Error>> {
///     let setup = Setup::open(r"C:\careplan\1370948774")?;
///     let user_id = setup.settings().user_id;
///     let log_in = LogInRequest { user_id, password: password.parse()? };
///     Ok(Client::open(setup.client_config(log_in)?)?)
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Setup {
    home: PathBuf,
    settings: Settings,
}

impl Setup {
    /// Sets an office's home up: writes the settings and the authorities' certificates (PEM or
    /// DER), and installs key and certificate or makes a key and the request for its certificate.
    /// The folder is made if it is not there.
    ///
    /// # Errors
    /// If the home is set up already, the address, the authorities or the certificate cannot be
    /// used, or a file cannot be written.
    pub fn create(
        home: impl Into<PathBuf>,
        settings: Settings,
        authorities: &[u8],
        identity: NewIdentity,
    ) -> Result<Self, SetupError> {
        let setup = Self {
            home: home.into(),
            settings,
        };
        let place = setup.path(SETTINGS);
        if place.exists() {
            return Err(SetupError::new(&place, Kind::SetUpAlready));
        }
        let at = setup.path(AUTHORITY);
        let unusable = |error: careplan_envelope::Error| SetupError::new(&at, error.into());
        let anchors = load::certificates(authorities).map_err(unusable)?;
        verifier(&anchors, &[]).map_err(unusable)?;
        HttpsTransport::check_address(&setup.settings.platform)
            .map_err(|error| SetupError::new(&place, error.into()))?;
        fs::create_dir_all(&setup.home).map_err(SetupError::io(&setup.home))?;
        let anchors = pem::write_certificates(&anchors).map_err(unusable)?;
        setup.write(AUTHORITY, anchors.as_bytes(), Secrecy::Open)?;
        match identity {
            NewIdentity::Request(key) => _ = setup.request(key)?,
            NewIdentity::Existing(signer) => _ = setup.install_identity(&signer)?,
        }
        // Last: a home without settings is not set up, and may be set up again.
        setup.save()?;
        Ok(setup)
    }

    /// Opens a home that was set up.
    ///
    /// # Errors
    /// [`SetupErrorKind::NotSetUp`](crate::SetupErrorKind::NotSetUp); if the settings cannot be
    /// read.
    pub fn open(home: impl Into<PathBuf>) -> Result<Self, SetupError> {
        let home = home.into();
        let place = home.join(SETTINGS);
        let text = fs::read_to_string(&place).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => SetupError::new(&home, Kind::NotSetUp),
            _ => SetupError::io(&place)(error),
        })?;
        let settings = toml::from_str(&text)
            .map_err(|error| SetupError::new(&place, Kind::Settings(Box::new(error))))?;
        Ok(Self { home, settings })
    }

    /// The home's folder.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The settings.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Changes the settings, all but the office: a home belongs to one.
    ///
    /// # Errors
    /// If the office is another, the address cannot be used, or the file cannot be written.
    pub fn change(&mut self, settings: Settings) -> Result<(), SetupError> {
        let place = self.path(SETTINGS);
        if settings.office != self.settings.office {
            return Err(SetupError::new(&place, Kind::OtherOffice));
        }
        HttpsTransport::check_address(&settings.platform)
            .map_err(|error| SetupError::new(&place, error.into()))?;
        self.settings = settings;
        self.save()
    }

    /// Makes a key and a request for its certificate; the certificate in use stays until the new
    /// one is installed. An earlier request that was not answered is replaced. Gives the request
    /// (PEM), which is also in the home.
    ///
    /// # Errors
    /// If the key cannot be made or a file cannot be written.
    pub fn request(&self, key: KeyAlgorithm) -> Result<String, SetupError> {
        let at = self.path(REQUEST_KEY);
        let failed = |error: careplan_envelope::Error| SetupError::new(&at, error.into());
        let key = PrivateKey::generate(key).map_err(failed)?;
        let request = key.request_pem(self.settings.office).map_err(failed)?;
        let key = key.to_pem().map_err(failed)?;
        // The key first: a request whose key is lost is worth nothing. And no earlier request
        // beside another's key.
        self.remove(&[RENEWAL, REQUEST])?;
        self.write(REQUEST_KEY, key.as_bytes(), Secrecy::Owner)?;
        self.write(REQUEST, request.as_bytes(), Secrecy::Open)?;
        Ok(request)
    }

    /// Where the request for a certificate is, if one waits for its answer.
    #[must_use]
    pub fn pending_request(&self) -> Option<PathBuf> {
        let both = self.path(REQUEST_KEY).exists() && self.path(REQUEST).exists();
        both.then(|| self.path(REQUEST))
    }

    /// Makes what is handed in for the certificate that follows on the one in use, which stays
    /// until the new one is installed: a new key, the request, and the request signed. A request
    /// that waits already is handed in again: its certificate may have been issued.
    ///
    /// # Errors
    /// If no certificate is installed, the key cannot be made or a file cannot be written.
    pub fn renew(&self, key: KeyAlgorithm) -> Result<Renewal, SetupError> {
        let signer = self.signer()?;
        let now = Utc::now();
        let ended = self.certificate_of(&signer)?.not_after < now;
        let request = match self.pending_request() {
            Some(path) => fs::read_to_string(&path).map_err(SetupError::io(&path))?,
            None => self.request(key)?,
        };
        let request_path = self.path(REQUEST);
        if ended {
            return Ok(Renewal {
                request: request_path,
                signed: None,
            });
        }
        let place = self.path(RENEWAL);
        let failed = |error: careplan_envelope::Error| SetupError::new(&place, error.into());
        let buffer = io::Cursor::new(Vec::new());
        let mut writer = EnvelopeWriter::new(buffer, WriterOptions::default()).map_err(failed)?;
        writer
            .add(REQUEST, &mut request.as_bytes())
            .map_err(failed)?;
        let (_, container) = writer.finish(&signer, now).map_err(failed)?;
        self.write(RENEWAL, &container.into_inner(), Secrecy::Open)?;
        Ok(Renewal {
            request: request_path,
            signed: Some(place),
        })
    }

    /// Installs the certificate the authority issued; intermediates may follow it. For the pending
    /// request, or a new one for the key in use. Key and certificate are exchanged in one step, so
    /// a crash leaves the old pair or the new one; the old one is kept for what was sealed to it.
    ///
    /// # Errors
    /// If the certificate is for neither key, another office's, not one this exchange takes, or
    /// files cannot be read or written.
    pub fn install_certificate(
        &self,
        chain: &[CertificateDer<'static>],
    ) -> Result<OfficeCertificate, SetupError> {
        let place = self.path(IDENTITY);
        let wrong = |error: careplan_envelope::Error| SetupError::new(&place, error.into());
        let mut mismatch = SetupError::new(&self.home, Kind::NoRequest);
        for name in [REQUEST_KEY, IDENTITY] {
            let Some(text) = self.read_if_there(name)? else {
                continue;
            };
            let key = PrivateKey::from_pem(&text).map_err(wrong)?;
            match SoftwareSigner::new(key, chain.to_vec()) {
                Ok(signer) => {
                    let certificate = self.install_identity(&signer)?;
                    if name == REQUEST_KEY {
                        self.remove(&[RENEWAL, REQUEST, REQUEST_KEY])?;
                    }
                    return Ok(certificate);
                }
                Err(error) => mismatch = wrong(error),
            }
        }
        Err(mismatch)
    }

    /// Installs a key and certificate that the office has already, such as its care insurance
    /// certificate (介護保険証明書) for electronic claims.
    ///
    /// # Errors
    /// As [`install_certificate`](Self::install_certificate).
    pub fn install_identity(
        &self,
        identity: &SoftwareSigner,
    ) -> Result<OfficeCertificate, SetupError> {
        let place = self.path(IDENTITY);
        let wrong = |error: careplan_envelope::Error| SetupError::new(&place, error.into());
        let certificate = self.certificate_of(identity)?;
        let mut whole = identity.key().to_pem().map_err(wrong)?;
        whole.push_str(&pem::write_certificates(identity.certificate_chain()).map_err(wrong)?);
        self.keep_former(&certificate)?;
        self.write(IDENTITY, whole.as_bytes(), Secrecy::Owner)?;
        Ok(certificate)
    }

    /// Puts the identity in use beside the new one, if it is another's.
    fn keep_former(&self, new: &OfficeCertificate) -> Result<(), SetupError> {
        let Some(text) = self.read_if_there(IDENTITY)? else {
            return Ok(());
        };
        let old = SoftwareSigner::from_pem(&text, &text).ok();
        let old = old.and_then(|signer| self.certificate_of(&signer).ok());
        // One that cannot be read opens nothing.
        let Some(serial) = old.map(|old| old.serial).filter(|old| *old != new.serial) else {
            return Ok(());
        };
        let folder = self.path(FORMER);
        fs::create_dir_all(&folder).map_err(SetupError::io(&folder))?;
        self.write(&format!("{FORMER}/{serial}.pem"), &text, Secrecy::Owner)
    }

    /// Openers for what was sealed to this office: to the certificate in use and to former ones.
    fn openers(&self, signer: &SoftwareSigner) -> Result<Vec<Opener>, SetupError> {
        let opener = |signer: &SoftwareSigner| {
            // A certificate that cannot be sealed to opens nothing either.
            let certificate = signer.certificate_chain().first()?;
            Opener::new(signer.key(), certificate).ok()
        };
        let mut openers = Vec::from_iter(opener(signer));
        let folder = self.path(FORMER);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(openers),
            Err(error) => return Err(SetupError::io(&folder)(error)),
        };
        for entry in entries {
            let path = entry.map_err(SetupError::io(&folder))?.path();
            let text = Zeroizing::new(fs::read(&path).map_err(SetupError::io(&path))?);
            let former = SoftwareSigner::from_pem(&text, &text).ok();
            openers.extend(former.as_ref().and_then(opener));
        }
        Ok(openers)
    }

    fn certificate_of(&self, signer: &SoftwareSigner) -> Result<OfficeCertificate, SetupError> {
        let place = self.path(IDENTITY);
        let Some(first) = signer.certificate_chain().first() else {
            return Err(SetupError::new(&place, Kind::NoCertificate));
        };
        let certificate = CertificateProfile::default()
            .office_of(first)
            .map_err(|error| SetupError::new(&place, Kind::Refused(Box::new(error))))?;
        if certificate.office != self.settings.office {
            return Err(SetupError::new(&place, Kind::OtherOffice));
        }
        Ok(certificate)
    }

    /// The office's certificate, if it is installed.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn certificate(&self) -> Result<Option<OfficeCertificate>, SetupError> {
        if !self.path(IDENTITY).exists() {
            return Ok(None);
        }
        self.certificate_of(&self.signer()?).map(Some)
    }

    /// The office's key with its certificate.
    ///
    /// # Errors
    /// [`SetupErrorKind::NoCertificate`](crate::SetupErrorKind::NoCertificate) until one is
    /// installed; if the file cannot be read.
    pub fn signer(&self) -> Result<SoftwareSigner, SetupError> {
        let place = self.path(IDENTITY);
        let text = self
            .read_if_there(IDENTITY)?
            .ok_or_else(|| SetupError::new(&self.home, Kind::NoCertificate))?;
        SoftwareSigner::from_pem(&text, &text)
            .map_err(|error| SetupError::new(&place, error.into()))
    }

    /// The authorities of the exchange.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn authorities(&self) -> Result<Vec<CertificateDer<'static>>, SetupError> {
        let place = self.path(AUTHORITY);
        let text = fs::read(&place).map_err(SetupError::io(&place))?;
        pem::certificates(&text).map_err(|error| SetupError::new(&place, error.into()))
    }

    /// Verifies against these authorities, and their revocation lists if the home has any.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn verifier(&self) -> Result<Verifier, SetupError> {
        let place = self.path(REVOKED);
        let lists = match self.read_if_there(REVOKED)? {
            Some(text) => pem::revocation_lists(&text)
                .map_err(|error| SetupError::new(&place, error.into()))?,
            None => Vec::new(),
        };
        verifier(&self.authorities()?, &lists)
            .map_err(|error| SetupError::new(&self.path(AUTHORITY), error.into()))
    }

    /// What [`Client::open`](crate::Client::open) wants, from this home: the key and certificate
    /// in it, the transport over HTTPS, everything else as usual.
    ///
    /// # Errors
    /// If something of it is missing or cannot be read.
    pub fn client_config(
        &self,
        credentials: impl Credentials + 'static,
    ) -> Result<ClientConfig, SetupError> {
        let signer = Arc::new(self.signer()?);
        // TLS 1.3 takes keys of RSA with this padding only; no effect on others.
        let for_tls = self.signer()?.with_rsa_padding(RsaPadding::Pss);
        let openers = self.openers(&signer)?;
        let mut config = self.client_config_with(signer, Arc::new(for_tls), credentials)?;
        config.openers = openers;
        Ok(config)
    }

    /// As [`client_config`](Self::client_config), with a key that is not in the home, such as one
    /// on a token: one signer for containers and one for the connection, which may be the same.
    ///
    /// # Errors
    /// If something is missing or cannot be read.
    pub fn client_config_with(
        &self,
        signer: Arc<dyn Signer>,
        for_tls: Arc<dyn Signer>,
        credentials: impl Credentials + 'static,
    ) -> Result<ClientConfig, SetupError> {
        let place = self.path(SETTINGS);
        let mut https = HttpsConfig::new(&*self.settings.platform, self.authorities()?, for_tls);
        https.proxy.clone_from(&self.settings.proxy);
        let transport =
            HttpsTransport::new(https).map_err(|error| SetupError::new(&place, error.into()))?;
        Ok(ClientConfig::new(
            &self.home,
            self.settings.office,
            signer,
            self.verifier()?,
            transport,
            credentials,
        ))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.join(name)
    }

    fn save(&self) -> Result<(), SetupError> {
        let place = self.path(SETTINGS);
        let text = toml::to_string(&self.settings)
            .map_err(|error| SetupError::io(&place)(io::Error::other(error)))?;
        self.write(SETTINGS, text.as_bytes(), Secrecy::Open)
    }

    /// A file of the home, wiped from memory when it is dropped: most are keys.
    fn read_if_there(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, SetupError> {
        let path = self.path(name);
        match fs::read(&path) {
            Ok(text) => Ok(Some(Zeroizing::new(text))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(SetupError::io(&path)(error)),
        }
    }

    fn remove(&self, names: &[&str]) -> Result<(), SetupError> {
        names.iter().try_for_each(|name| {
            let path = self.path(name);
            durable::remove(&path).map_err(SetupError::io(&path))
        })
    }

    /// Writes a file aside, forces it to the disk, and renames it.
    fn write(&self, name: &str, content: &[u8], secrecy: Secrecy) -> Result<(), SetupError> {
        let path = self.path(name);
        let folder = path.parent().unwrap_or(&self.home);
        let write = || -> io::Result<()> {
            let mut aside = secrecy.builder().tempfile_in(folder)?;
            aside.write_all(content)?;
            aside.as_file().sync_all()?;
            aside.persist(&path).map_err(|failed| failed.error)?;
            durable::sync_folder(folder)
        };
        write().map_err(SetupError::io(&path))
    }
}

/// Who may read a file, where the system knows such a thing per file. Elsewhere the home's folder
/// says it.
#[derive(Clone, Copy)]
enum Secrecy {
    Open,
    Owner,
}

impl Secrecy {
    fn builder(self) -> tempfile::Builder<'static, 'static> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".office-").suffix(".part");
        // Temporary files are made for their owner only.
        #[cfg(unix)]
        if let Self::Open = self {
            use std::os::unix::fs::PermissionsExt as _;
            builder.permissions(fs::Permissions::from_mode(0o644));
        }
        #[cfg(not(unix))]
        let _ = self;
        builder
    }
}

fn verifier(
    anchors: &[CertificateDer<'static>],
    lists: &[rustls_pki_types::CertificateRevocationListDer<'static>],
) -> Result<Verifier, careplan_envelope::Error> {
    let mut builder = Verifier::builder();
    for anchor in anchors {
        builder = builder.trust_anchor(anchor)?;
    }
    for list in lists {
        builder = builder.crl(list)?;
    }
    builder.build()
}
