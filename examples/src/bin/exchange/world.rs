//! The exchange's world on one machine: authority, platform, and the offices with their clients.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroU8;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use careplan_client::{Client, ClientConfig, HttpsConfig, HttpsTransport};
use careplan_core::{Explain, OfficeNumber, UserId, japan_date};
use careplan_envelope::{
    Authority, CertificateKind, KeyAlgorithm, PrivateKey, Signer, SoftwareSigner, Validity,
    Verifier, VerifierBuilder,
};
use careplan_licence::{EventKind, TermsEdition};
use careplan_platform::{
    EvidenceConfig, PasswordValidity, Platform, PlatformConfig, ServerIdentity, Trust,
};
use careplan_protocol::{LogInRequest, Password};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::exports::{Export, offices};
use crate::failure::{Doing, Failure};
use crate::stopwatch::Stopwatch;
use crate::story::Story;

/// Where everything is kept: a temporary folder, or the one of `--keep`.
pub(crate) enum Place {
    Temporary(tempfile::TempDir),
    Kept(PathBuf),
}

impl Place {
    pub(crate) fn new(keep: Option<&Path>) -> Result<Self, Failure> {
        let Some(folder) = keep else {
            let temporary = tempfile::Builder::new()
                .prefix("careplan-exchange-")
                .tempdir()
                .map_err(Failure::io(&std::env::temp_dir()))?;
            return Ok(Self::Temporary(temporary));
        };
        fs::create_dir_all(folder).map_err(Failure::io(folder))?;
        let mut entries = fs::read_dir(folder).map_err(Failure::io(folder))?;
        if entries.next().is_some() {
            return Err(Failure::NotEmpty {
                folder: folder.to_owned(),
            });
        }
        Ok(Self::Kept(folder.to_owned()))
    }

    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Temporary(folder) => folder.path(),
            Self::Kept(folder) => folder,
        }
    }
}

/// An office: its client, and the folders its care software exports into and imports from.
pub(crate) struct Office {
    pub(crate) client: Client,
    /// What was taken out, for the care software to import.
    pub(crate) imports: PathBuf,
}

/// Everything that runs.
pub(crate) struct World {
    pub(crate) offices: BTreeMap<OfficeNumber, Office>,
    pub(crate) stopwatch: Stopwatch,
    platform: Platform,
    place: Place,
}

/// Certificates of the exercise are good for a year, the authority's for two.
const CERTIFICATE_DAYS: u32 = 365;

impl World {
    /// Issues certificates, starts the platform, registers and licenses the offices of the
    /// exports, and opens their clients.
    pub(crate) fn build(
        place: Place,
        exports: &[Export],
        story: &mut Story,
    ) -> Result<Self, Failure> {
        let now = Utc::now();
        story.chapter("準備", "Preparation");
        story.busy("連携基盤を起動しています", "starting the platform");
        let mut authority = new_authority(&place.path().join("authority"), now)?;
        let platform = start_platform(&place.path().join("platform"), &mut authority, now)?;
        story.tell(
            &format!(
                "連携基盤を {} で起動しました（TLS 1.3、クライアント証明書）。",
                address(&platform)
            ),
            &format!(
                "The platform serves on {} (TLS 1.3, client certificates).",
                address(&platform)
            ),
        );
        let stopwatch = Stopwatch::default();
        let mut world = Self {
            offices: BTreeMap::new(),
            stopwatch,
            platform,
            place,
        };
        for office in offices(exports) {
            story.busy("事業所を登録しています", "registering an office");
            world.add_office(office, &mut authority, now)?;
            let until = world.licensed_until(office)?;
            story.tell(
                &format!("事業所{office}：鍵の作成、証明書の発行、登録、ライセンス付与（{until}まで）。"),
                &format!("Office {office}: key made, certificate issued, registered, licensed until {until}."),
            );
        }
        story.idle();
        Ok(world)
    }

    /// An office makes its key, has its certificate issued, consents to the terms, and opens its
    /// client.
    fn add_office(
        &mut self,
        office: OfficeNumber,
        authority: &mut Authority,
        now: DateTime<Utc>,
    ) -> Result<(), Failure> {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).map_err(certificates())?;
        let request = key.request_pem(office).map_err(certificates())?;
        let validity = Validity::days(now, CERTIFICATE_DAYS).map_err(certificates())?;
        let issued = authority
            .issue_office(
                request.as_bytes(),
                office,
                CertificateKind::CareDx,
                validity,
            )
            .map_err(certificates())?;

        let log_in = LogInRequest {
            user_id: user_of(office)?,
            password: random_password()?,
        };
        self.register(office, &log_in)?;

        let opening = Doing::OpeningClient(office);
        // One certificate for both: signing what is sent, and the TLS handshake.
        let signer: Arc<dyn Signer> = Arc::new(
            SoftwareSigner::new(key, vec![issued.certificate]).map_err(Failure::part(opening))?,
        );
        let transport = HttpsTransport::new(HttpsConfig::new(
            address(&self.platform),
            vec![authority.certificate().clone()],
            Arc::clone(&signer),
        ))
        .map_err(Failure::part(opening))?;
        let verifier = Verifier::builder()
            .trust_anchor(authority.certificate())
            .and_then(VerifierBuilder::build)
            .map_err(Failure::part(opening))?;
        let folder = self.place.path().join("offices").join(office.as_str());
        let mut config = ClientConfig::new(
            folder.join("client"),
            office,
            signer,
            verifier,
            transport,
            log_in,
        );
        config.observer = Box::new(self.stopwatch.clone());
        // The chapter before has checked them.
        config.check = None;
        let client = Client::open(config).map_err(Failure::part(opening))?;
        self.offices.insert(
            office,
            Office {
                client,
                imports: folder.join("imported"),
            },
        );
        Ok(())
    }

    /// What the operations centre and the office's first log-in to the web site do.
    fn register(&self, office: OfficeNumber, log_in: &LogInRequest) -> Result<(), Failure> {
        let registering = Doing::Registering(office);
        let by = log_in.user_id;
        let terms: TermsEdition = "2026-04".parse().map_err(Failure::part(registering))?;
        let administration = self.platform.administration();
        administration
            .register_office(office)
            .map_err(Failure::part(registering))?;
        administration
            .set_password(office, by, &log_in.password, PasswordValidity::Unlimited)
            .map_err(Failure::part(registering))?;
        administration
            .record_licence_events(
                office,
                [
                    EventKind::Applied {
                        by,
                        years: NonZeroU8::MIN,
                    },
                    EventKind::Consented {
                        by,
                        terms,
                        read_to_end: true,
                    },
                ],
            )
            .map_err(Failure::part(registering))
    }

    fn licensed_until(&self, office: OfficeNumber) -> Result<String, Failure> {
        let state = self
            .platform
            .administration()
            .licence(office)
            .map_err(Failure::part(Doing::Registering(office)))?;
        let last = state
            .licences
            .iter()
            .map(|licence| licence.validity.last())
            .max();
        Ok(last.unwrap_or_else(|| japan_date(Utc::now())).to_string())
    }

    /// Stops the platform after its last call, and says where things are kept.
    pub(crate) fn end(self, story: &mut Story) {
        for office in self.offices.into_values() {
            office.client.close();
        }
        // Every call has been answered; nothing is lost if one were cut off.
        let _ = self.platform.stop(Duration::from_secs(5));
        if let Place::Kept(folder) = &self.place {
            story.tell(
                &format!("環境を {} に残しました。", folder.display()),
                &format!("Everything is kept in {}.", folder.display()),
            );
        }
    }
}

fn certificates<E: Explain>() -> impl FnOnce(E) -> Failure {
    Failure::part(Doing::Certificates)
}

/// An authority of the exercise's own.
fn new_authority(folder: &Path, now: DateTime<Utc>) -> Result<Authority, Failure> {
    let validity = Validity::days(now, 2 * CERTIFICATE_DAYS).map_err(certificates())?;
    let mut authority = Authority::create(
        "careplan-renkei exchange",
        KeyAlgorithm::EcdsaP256,
        validity,
    )
    .map_err(certificates())?;
    authority.save(folder).map_err(certificates())?;
    Ok(authority)
}

fn start_platform(
    home: &Path,
    authority: &mut Authority,
    now: DateTime<Utc>,
) -> Result<Platform, Failure> {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).map_err(certificates())?;
    let validity = Validity::days(now, CERTIFICATE_DAYS).map_err(certificates())?;
    let issued = authority
        .issue_server(&key, &["localhost", "127.0.0.1"], validity)
        .map_err(certificates())?;
    let identity = ServerIdentity {
        chain: vec![issued.certificate],
        key: key.to_rustls().map_err(certificates())?,
    };
    let trust = Trust::in_authority(authority.certificate().clone());
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).map_err(certificates())?;
    let issued = authority
        .issue_operator(&key, "careplan-renkei exchange", validity)
        .map_err(certificates())?;
    let signer = SoftwareSigner::new(key, vec![issued.certificate]).map_err(certificates())?;
    let evidence = EvidenceConfig::signed_by(Arc::new(signer));
    Platform::start(PlatformConfig::new(home, identity, trust, evidence))
        .map_err(Failure::part(Doing::StartingPlatform))
}

fn address(platform: &Platform) -> String {
    format!("https://{}", platform.address())
}

/// User IDs of the exercise: KJ, two zeros and the office number.
fn user_of(office: OfficeNumber) -> Result<UserId, Failure> {
    format!("KJ00{office}")
        .parse()
        .map_err(Failure::part(Doing::Registering(office)))
}

/// A password nobody has to remember: it lives as long as this program.
fn random_password() -> Result<Password, Failure> {
    Uuid::new_v4()
        .to_string()
        .parse()
        .map_err(Failure::part(Doing::Certificates))
}
