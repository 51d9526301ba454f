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
//! ```

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use careplan_core::{OfficeNumber, UserId};
use careplan_envelope::sealing::Opener;
use careplan_envelope::{
    CertificateProfile, KeyAlgorithm, OfficeCertificate, PrivateKey, RsaPadding, Signer,
    SoftwareSigner, Verifier, pem,
};
use rustls_pki_types::CertificateDer;
use serde::{Deserialize, Serialize};

use crate::setup_error::{SetupError, SetupErrorKind as Kind};
use crate::{ClientConfig, Credentials, HttpsConfig, HttpsTransport, durable};

const SETTINGS: &str = "office.toml";
const AUTHORITY: &str = "authority.pem";
const REVOKED: &str = "revoked.pem";
const IDENTITY: &str = "identity.pem";
const REQUEST: &str = "request.pem";
const REQUEST_KEY: &str = "request.key.pem";

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
    /// Sets an office's home up: writes the settings and the authorities' certificates (PEM),
    /// makes a key and the request for its certificate. The folder is made if it is not there.
    ///
    /// # Errors
    /// If the home is set up already, the address or the authorities cannot be used, or a file
    /// cannot be written.
    pub fn create(
        home: impl Into<PathBuf>,
        settings: Settings,
        authorities: &[u8],
        key: KeyAlgorithm,
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
        let anchors =
            pem::certificates(authorities).map_err(|error| SetupError::new(&at, error.into()))?;
        verifier(&anchors, &[]).map_err(|error| SetupError::new(&at, error.into()))?;
        HttpsTransport::check_address(&setup.settings.platform)
            .map_err(|error| SetupError::new(&place, error.into()))?;
        fs::create_dir_all(&setup.home).map_err(SetupError::io(&setup.home))?;
        setup.write(AUTHORITY, authorities, Secrecy::Open)?;
        setup.request(key)?;
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
        // The key first: a request whose key is lost is worth nothing.
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

    /// Installs the certificate the authority issued (PEM; intermediates may follow): for the
    /// pending request, or a new one for the key in use. Key and certificate are exchanged in one
    /// step, so a crash leaves the old pair or the new one.
    ///
    /// # Errors
    /// If the certificate is for neither key, another office's, not one this exchange takes, or
    /// files cannot be read or written.
    pub fn install_certificate(&self, chain: &[u8]) -> Result<OfficeCertificate, SetupError> {
        let place = self.path(IDENTITY);
        let wrong = |error: careplan_envelope::Error| SetupError::new(&place, error.into());
        let certificates = pem::certificates(chain).map_err(wrong)?;
        let mut mismatch = SetupError::new(&self.home, Kind::NoRequest);
        for (name, pending) in [(REQUEST_KEY, true), (IDENTITY, false)] {
            let Some(text) = self.read_if_there(name)? else {
                continue;
            };
            let key = PrivateKey::from_pem(&text).map_err(wrong)?;
            let key_text = key.to_pem().map_err(wrong)?;
            match SoftwareSigner::new(key, certificates.clone()) {
                Ok(signer) => {
                    let certificate = self.certificate_of(&signer)?;
                    let whole = [key_text.as_bytes(), b"\n", chain].concat();
                    self.write(IDENTITY, &whole, Secrecy::Owner)?;
                    if pending {
                        for name in [REQUEST_KEY, REQUEST] {
                            let path = self.path(name);
                            durable::remove(&path).map_err(SetupError::io(&path))?;
                        }
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
        key: &PrivateKey,
        chain: &[u8],
    ) -> Result<OfficeCertificate, SetupError> {
        let place = self.path(IDENTITY);
        let wrong = |error: careplan_envelope::Error| SetupError::new(&place, error.into());
        let key = key.to_pem().map_err(wrong)?;
        let signer = SoftwareSigner::from_pem(key.as_bytes(), chain).map_err(wrong)?;
        let certificate = self.certificate_of(&signer)?;
        let whole = [key.as_bytes(), b"\n", chain].concat();
        self.write(IDENTITY, &whole, Secrecy::Owner)?;
        Ok(certificate)
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
        let opener = match signer.certificate_chain().first() {
            // A certificate that cannot be sealed to opens nothing either.
            Some(certificate) => Opener::new(signer.key(), certificate).ok(),
            None => None,
        };
        let mut config = self.client_config_with(signer, Arc::new(for_tls), credentials)?;
        config.opener = opener;
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

    fn read_if_there(&self, name: &str) -> Result<Option<Vec<u8>>, SetupError> {
        let path = self.path(name);
        match fs::read(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(SetupError::io(&path)(error)),
        }
    }

    /// Writes a file aside, forces it to the disk, and renames it.
    fn write(&self, name: &str, content: &[u8], secrecy: Secrecy) -> Result<(), SetupError> {
        let path = self.path(name);
        let write = || -> io::Result<()> {
            let mut aside = secrecy.builder().tempfile_in(&self.home)?;
            aside.write_all(content)?;
            aside.as_file().sync_all()?;
            aside.persist(&path).map_err(|failed| failed.error)?;
            durable::sync_folder(&self.home)
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
