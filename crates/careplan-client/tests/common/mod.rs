//! Offices with certificates, files with names of the standard, a clock, and a platform that loses
//! answers.
#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod double;

use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use careplan_client::{Client, ClientConfig, Clock, Observer, RetryPolicy, Transport};
use careplan_core::OfficeNumber;
use careplan_envelope::sealing::{Opener, Sealer};
use careplan_envelope::{
    Authority, CertificateKind, KeyAlgorithm, PrivateKey, Signer, SoftwareSigner, Validity,
    Verifier,
};
use careplan_protocol::LogInRequest;
use chrono::{DateTime, TimeDelta, Utc};
use rustls_pki_types::CertificateDer;

pub(crate) const MANAGER: &str = "1370948774";
pub(crate) const SERVICE: &str = "1375169671";
pub(crate) const OTHER_SERVICE: &str = "1378034246";

pub(crate) fn office(text: &str) -> OfficeNumber {
    text.parse().unwrap()
}

/// Noon in Japan on a day of October 2026.
pub(crate) fn start() -> DateTime<Utc> {
    "2026-10-05T03:00:00Z".parse().unwrap()
}

/// Certificates for all tests: made once, an authority of the exchange and a strange one.
pub(crate) struct Certificates {
    pub(crate) authority: Authority,
    signers: BTreeMap<OfficeNumber, Arc<SoftwareSigner>>,
    operator: Arc<SoftwareSigner>,
    strangers: BTreeMap<OfficeNumber, Arc<SoftwareSigner>>,
    strange: Authority,
}

pub(crate) fn certificates() -> &'static Certificates {
    static CERTIFICATES: OnceLock<Certificates> = OnceLock::new();
    CERTIFICATES.get_or_init(|| {
        let (mut authority, signers) = make("Authority of the exchange");
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let validity = Validity::days(start() - TimeDelta::days(10), 3000).unwrap();
        let issued = authority
            .issue_operator(&key, "Operations centre", validity)
            .unwrap();
        let operator = SoftwareSigner::new(key, vec![issued.certificate]).unwrap();
        let (strange, strangers) = make("Another authority");
        Certificates {
            authority,
            signers,
            operator: Arc::new(operator),
            strangers,
            strange,
        }
    })
}

fn make(name: &str) -> (Authority, BTreeMap<OfficeNumber, Arc<SoftwareSigner>>) {
    let validity = Validity::days(start() - TimeDelta::days(30), 3650).unwrap();
    let mut authority = Authority::create(name, KeyAlgorithm::EcdsaP256, validity).unwrap();
    let signers = [MANAGER, SERVICE, OTHER_SERVICE]
        .into_iter()
        .map(|number| {
            let office = office(number);
            let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
            let request = key.request_pem(office).unwrap();
            let validity = Validity::days(start() - TimeDelta::days(10), 3000).unwrap();
            let issued = authority
                .issue_office(
                    request.as_bytes(),
                    office,
                    CertificateKind::CareDx,
                    validity,
                )
                .unwrap();
            let signer = SoftwareSigner::new(key, vec![issued.certificate]).unwrap();
            (office, Arc::new(signer))
        })
        .collect();
    (authority, signers)
}

impl Certificates {
    pub(crate) fn signer(&self, number: &str) -> Arc<dyn Signer> {
        Arc::clone(&self.signers[&office(number)]) as Arc<dyn Signer>
    }

    /// Opens what is sealed to an office.
    pub(crate) fn opener(&self, number: &str) -> Opener {
        let signer = &self.signers[&office(number)];
        Opener::new(signer.key(), &signer.certificate_chain()[0]).unwrap()
    }

    /// Something sealed to an office.
    pub(crate) fn sealed(&self, number: &str, contents: &[u8]) -> Vec<u8> {
        let signer = &self.signers[&office(number)];
        let mut sealed = Vec::new();
        Sealer::to(&signer.certificate_chain()[..1])
            .unwrap()
            .seal(Cursor::new(contents), &mut sealed)
            .unwrap();
        sealed
    }

    pub(crate) fn operator(&self) -> Arc<SoftwareSigner> {
        Arc::clone(&self.operator)
    }

    /// A signer of the same office, whose certificate another authority issued.
    pub(crate) fn strange_signer(&self, number: &str) -> Arc<dyn Signer> {
        Arc::clone(&self.strangers[&office(number)]) as Arc<dyn Signer>
    }

    pub(crate) fn strange_authority(&self) -> &CertificateDer<'static> {
        self.strange.certificate()
    }

    pub(crate) fn verifier(&self) -> Verifier {
        Verifier::builder()
            .trust_anchor(self.authority.certificate())
            .unwrap()
            .build()
            .unwrap()
    }
}

/// A clock that moves only when told, or when somebody sleeps.
#[derive(Clone)]
pub(crate) struct TestClock(Arc<Mutex<DateTime<Utc>>>);

impl TestClock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(start())))
    }

    pub(crate) fn advance(&self, by: TimeDelta) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }

    fn sleep(&self, span: Duration) {
        self.advance(TimeDelta::from_std(span).unwrap());
    }
}

/// Everything one needs to open a client in a test.
pub(crate) fn config(
    home: &Path,
    number: &str,
    transport: impl Transport + 'static,
    clock: &TestClock,
) -> ClientConfig {
    let certificates = certificates();
    let mut config = ClientConfig::new(
        home,
        office(number),
        certificates.signer(number),
        certificates.verifier(),
        transport,
        log_in(number),
    );
    config.clock = Box::new(clock.clone());
    // The files of these tests have the standard's names and any content.
    config.check = None;
    config.retry = RetryPolicy {
        attempts: 3.try_into().unwrap(),
        ..RetryPolicy::default()
    };
    config
}

pub(crate) fn open(
    home: &Path,
    number: &str,
    transport: impl Transport + 'static,
    clock: &TestClock,
    observer: impl Observer + 'static,
) -> Client {
    let mut config = config(home, number, transport, clock);
    config.observer = Box::new(observer);
    Client::open(config).unwrap()
}

/// The user ID of an office in tests: `KJ` and twelve characters, the office's number in them.
pub(crate) fn log_in(number: &str) -> LogInRequest {
    LogInRequest {
        user_id: format!("KJ00{number}").parse().unwrap(),
        password: "correct horse".parse().unwrap(),
    }
}

/// A folder for a test: in memory where there is such a place, since forcing thousands of files to
/// a disk takes its time.
pub(crate) fn temporary() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    }
}

/// Writes files of a set into a new folder; gives the folder.
pub(crate) fn folder(under: &Path, name: &str, files: &[(String, Vec<u8>)]) -> PathBuf {
    let folder = under.join(name);
    fs::create_dir_all(&folder).unwrap();
    for (name, contents) in files {
        fs::write(folder.join(name), contents).unwrap();
    }
    folder
}

fn named(prefixes: &[&str], ends: &str, salt: u64) -> Vec<(String, Vec<u8>)> {
    prefixes
        .iter()
        .map(|prefix| {
            let name = format!("{prefix}_{ends}.CSV");
            let contents = format!("202407,{name},{salt}\r\n").into_bytes();
            (name, contents)
        })
        .collect()
}

/// A care plan set from the care manager.
pub(crate) fn plan_set(to: &str, sequence: &str, salt: u64) -> Vec<(String, Vec<u8>)> {
    named(
        &["UP1KYO", "UP2KYO", "UP3KYO", "UPHOSOKU_000000"],
        &format!("{MANAGER}_43_{to}_11_{sequence}"),
        salt,
    )
}

/// A monthly set from the care manager.
pub(crate) fn month_set(
    to: &str,
    month: &str,
    sequence: &str,
    salt: u64,
) -> Vec<(String, Vec<u8>)> {
    let prefixes = ["UPPLAN", "UPSIKYU", "UPHOSOKU"].map(|prefix| format!("{prefix}_{month}"));
    let prefixes: Vec<&str> = prefixes.iter().map(String::as_str).collect();
    named(&prefixes, &format!("{MANAGER}_43_{to}_11_{sequence}"), salt)
}

/// Actuals from a service office.
pub(crate) fn actual_set(
    from: &str,
    month: &str,
    sequence: &str,
    salt: u64,
) -> Vec<(String, Vec<u8>)> {
    named(
        &[&format!("UPJSK_{month}")],
        &format!("{from}_11_{MANAGER}_43_{sequence}"),
        salt,
    )
}

/// All files of a folder, by name.
pub(crate) fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries
            .map(|entry| {
                let entry = entry.unwrap();
                let name = entry.file_name().into_string().unwrap();
                (name, fs::read(entry.path()).unwrap())
            })
            .collect(),
        Err(_) => BTreeMap::new(),
    }
}
