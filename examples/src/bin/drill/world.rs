//! A platform's home with two offices, and their containers.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use careplan_client::{HttpsConfig, HttpsTransport};
use careplan_core::OfficeNumber;
use careplan_envelope::{
    Authority, CertificateKind, EnvelopeWriter, KeyAlgorithm, PrivateKey, Signer as _,
    SoftwareSigner, Validity, Verifier, VerifierBuilder, WriterOptions,
};
use careplan_licence::EventKind;
use careplan_platform::{
    Administration, PasswordValidity, StorageChoice, SystemClock, make_development_home,
};
use careplan_protocol::{LogInRequest, UserId};
use chrono::Utc;
use rustls_pki_types::CertificateDer;
use tempfile::TempDir;
use uuid::Uuid;

use crate::Storage;
use crate::failure::Failure;
use crate::platform::PlatformProcess;

/// The care manager's office of the sample month set.
const SENDER: &str = "1370948774";
/// The service office it is for.
const RECEIVER: &str = "1375169671";
/// Days the offices' certificates are valid.
const DAYS: u32 = 30;

/// Variables of the platform's process.
pub(crate) type Environment = Vec<(String, String)>;

/// An office with all it needs to call.
#[derive(Clone)]
pub(crate) struct Office {
    pub(crate) number: OfficeNumber,
    pub(crate) log_in: LogInRequest,
    pub(crate) signer: Arc<SoftwareSigner>,
}

/// Everything a drill works with.
pub(crate) struct World {
    /// Where what is not the platform's is: its log.
    aside: TempDir,
    home: PathBuf,
    environment: Environment,
    pub(crate) authority: CertificateDer<'static>,
    pub(crate) sender: Office,
    pub(crate) receiver: Office,
    files: Vec<(String, Vec<u8>)>,
    #[cfg(unix)]
    postgres: Option<test_servers::Postgres>,
}

/// Folders in which things are made, in place of temporary ones.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Places<'a> {
    /// The platform's home.
    pub(crate) home: Option<&'a Path>,
    /// The PostgreSQL cluster.
    pub(crate) database: Option<&'a Path>,
}

impl World {
    /// Makes a home, and for [`Storage::Cluster`] a PostgreSQL cluster; `None` if there is none to
    /// be had.
    pub(crate) fn new(storage: Storage, places: Places<'_>) -> Result<Option<Self>, Failure> {
        let aside = temporary()?;
        let home = places.home.unwrap_or(aside.path()).join("home");
        make_development_home(&home, &["127.0.0.1"], Utc::now()).map_err(Failure::of)?;
        let mut environment: Environment = [
            ("SERVER_LISTEN", "127.0.0.1:0"),
            ("WEB_LISTEN", "off"),
            ("OPERATIONS_LISTEN", "127.0.0.1:0"),
            ("OPERATIONS_LEAST_FREE_MB", "1"),
        ]
        .map(|(name, value)| (format!("CAREPLAN_PLATFORM_{name}"), value.to_owned()))
        .into();
        let mut choice = StorageChoice::default();
        #[cfg(unix)]
        let mut postgres = None;
        if storage == Storage::Cluster {
            #[cfg(not(unix))]
            return Ok(None);
            #[cfg(unix)]
            {
                let temporary = std::env::temp_dir();
                let folder = places.database.unwrap_or(&temporary);
                let Some(started) = test_servers::Postgres::start_supervised(folder) else {
                    return Ok(None);
                };
                choice = cluster_storage(&started, &home, &mut environment)?;
                postgres = Some(started);
            }
        }
        let mut authority = Authority::open(&home.join("authority")).map_err(Failure::of)?;
        let administration =
            Administration::open_with(choice, &home, Arc::new(SystemClock)).map_err(Failure::of)?;
        let mut office = |number: &str| add_office(number, &mut authority, &administration);
        let (sender, receiver) = (office(SENDER)?, office(RECEIVER)?);
        Ok(Some(Self {
            aside,
            home,
            environment,
            authority: authority.certificate().clone(),
            sender,
            receiver,
            files: sample()?,
            #[cfg(unix)]
            postgres,
        }))
    }

    /// The same with a copy of the home, which can be spoilt.
    pub(crate) fn copied(&self, name: &str) -> Result<Self, Failure> {
        let aside = temporary()?;
        let home = aside.path().join(name);
        copy_folder(&self.home, &home).map_err(Failure::system("copying the home"))?;
        Ok(Self {
            aside,
            home,
            environment: self.environment.clone(),
            authority: self.authority.clone(),
            sender: self.sender.clone(),
            receiver: self.receiver.clone(),
            files: self.files.clone(),
            #[cfg(unix)]
            postgres: None,
        })
    }

    /// Gives the platform another setting, by the name of its variable.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment
            .push((format!("CAREPLAN_PLATFORM_{name}"), value.to_owned()));
    }

    /// Starts the platform.
    pub(crate) fn start(&self) -> Result<PlatformProcess, Failure> {
        PlatformProcess::start(
            &self.home,
            &self.aside.path().join("log"),
            &self.environment,
        )
    }

    /// Kills the database, if it is a process of its own; it is started again by itself.
    pub(crate) fn crash_database(&self) {
        #[cfg(unix)]
        if let Some(postgres) = &self.postgres {
            postgres.crash();
        }
    }

    /// Waits until the database answers again.
    pub(crate) fn await_database(&self) {
        #[cfg(unix)]
        if let Some(postgres) = &self.postgres {
            postgres.wait();
        }
    }

    /// The platform's home.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// A folder for what is not the platform's.
    pub(crate) fn aside(&self) -> &Path {
        self.aside.path()
    }

    /// A connection of an office to a platform.
    pub(crate) fn connect(
        &self,
        office: &Office,
        address: &str,
    ) -> Result<HttpsTransport, Failure> {
        let signer = Arc::clone(&office.signer);
        HttpsTransport::new(HttpsConfig::new(
            address,
            vec![self.authority.clone()],
            signer,
        ))
        .map_err(Failure::of)
    }

    /// What anybody needs to check the platform's evidence.
    pub(crate) fn verifier(&self) -> Result<Verifier, Failure> {
        Verifier::builder()
            .trust_anchor(&self.authority)
            .and_then(VerifierBuilder::build)
            .map_err(Failure::of)
    }

    /// A container of the sender's; no two have the same bytes.
    pub(crate) fn container(&self) -> Result<Vec<u8>, Failure> {
        let mut container = Cursor::new(Vec::new());
        self.write_container(&mut container, None)?;
        Ok(container.into_inner())
    }

    /// Writes a container of the sender's, with a document of so many random bytes if wanted.
    pub(crate) fn write_container(
        &self,
        to: impl std::io::Read + std::io::Write + std::io::Seek,
        document: Option<u64>,
    ) -> Result<(), Failure> {
        let mut writer = EnvelopeWriter::new(to, WriterOptions::default()).map_err(Failure::of)?;
        for (name, content) in &self.files {
            writer
                .add(name, &mut content.as_slice())
                .map_err(Failure::of)?;
        }
        if let Some(bytes) = document {
            let mut random = crate::upload::Random::of(bytes);
            writer
                .add("document.pdf", &mut random)
                .map_err(Failure::of)?;
        }
        // The signature has a random number in it.
        writer
            .finish(&*self.sender.signer, Utc::now())
            .map_err(Failure::of)?;
        Ok(())
    }
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

fn temporary() -> Result<TempDir, Failure> {
    tempfile::Builder::new()
        .prefix("careplan-drill-")
        .tempdir()
        .map_err(Failure::system("making a folder"))
}

/// PostgreSQL, and a folder as object store.
#[cfg(unix)]
fn cluster_storage(
    postgres: &test_servers::Postgres,
    home: &Path,
    environment: &mut Environment,
) -> Result<StorageChoice, Failure> {
    let objects = home.join("objects");
    fs::create_dir(&objects).map_err(Failure::system("making a folder"))?;
    let (database, objects) = (postgres.database(), format!("file://{}", objects.display()));
    let config = careplan_platform::ClusterConfig::new(&database, &objects).map_err(Failure::of)?;
    for (name, value) in [("DATABASE_URL", database), ("OBJECT_STORE", objects)] {
        environment.push((format!("CAREPLAN_PLATFORM_STORAGE_{name}"), value));
    }
    Ok(StorageChoice::Cluster(Box::new(config)))
}

fn add_office(
    number: &str,
    authority: &mut Authority,
    administration: &Administration,
) -> Result<Office, Failure> {
    let number: OfficeNumber = number.parse().map_err(Failure::of)?;
    let user_id: UserId = format!("KJ00{number}").parse().map_err(Failure::of)?;
    let log_in = LogInRequest {
        user_id,
        // It lives as long as this program.
        password: Uuid::new_v4().to_string().parse().map_err(Failure::of)?,
    };
    administration
        .register_office(number)
        .and_then(|()| {
            let unlimited = PasswordValidity::Unlimited;
            administration.set_password(number, user_id, &log_in.password, unlimited)
        })
        .map_err(Failure::of)?;
    let terms = "2026-04".parse().map_err(Failure::of)?;
    let consented = EventKind::Consented {
        by: user_id,
        terms,
        read_to_end: true,
    };
    let applied = EventKind::Applied {
        by: user_id,
        years: std::num::NonZeroU8::MIN,
    };
    administration
        .record_licence_events(number, [applied, consented])
        .map_err(Failure::of)?;
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).map_err(Failure::of)?;
    let request = key.request_pem(number).map_err(Failure::of)?;
    let validity = Validity::days(Utc::now(), DAYS).map_err(Failure::of)?;
    let issued = authority
        .issue_office(
            request.as_bytes(),
            number,
            CertificateKind::CareDx,
            validity,
        )
        .map_err(Failure::of)?;
    let signer = SoftwareSigner::new(key, vec![issued.certificate]).map_err(Failure::of)?;
    Ok(Office {
        number,
        log_in,
        signer: Arc::new(signer),
    })
}

impl Office {
    /// Certificate and key for a TLS client of another library.
    pub(crate) fn tls(
        &self,
        authority: &CertificateDer<'static>,
    ) -> Result<rustls::ClientConfig, Failure> {
        let mut roots = rustls::RootCertStore::empty();
        roots
            .add(authority.clone())
            .map_err(|error| Failure::told(&error))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|error| Failure::told(&error))?
            .with_root_certificates(roots)
            .with_client_auth_cert(
                self.signer.certificate_chain().to_vec(),
                self.signer.key().to_rustls().map_err(Failure::of)?,
            )
            .map_err(|error| Failure::told(&error))
    }
}

/// The files of the sample month set.
fn sample() -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "samples", "month-set"]
        .iter()
        .collect();
    let read = || {
        fs::read_dir(&folder)?
            .map(|entry| {
                let path = entry?.path();
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                Ok((name.into_owned(), fs::read(&path)?))
            })
            .collect::<std::io::Result<Vec<_>>>()
    };
    read().map_err(Failure::system(&folder.display().to_string()))
}
