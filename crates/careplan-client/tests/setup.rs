//! An office's setup: key, request, certificate, renewal, and what cannot be used.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::Path;

use careplan_client::{Client, NewIdentity, Refusal, Settings, Setup, SetupError, SetupErrorKind};
use careplan_core::{Explain, Lang};
use careplan_envelope::{
    Authority, CertificateKind, ErrorKind, KeyAlgorithm, PrivateKey, Signer as _, SoftwareSigner,
    Validity,
};
use careplan_protocol::LogInRequest;
use chrono::{TimeDelta, Utc};
use rustls_pki_types::CertificateDer;

const OFFICE: &str = "1370948774";
const OTHER: &str = "1375169671";

fn authority() -> Authority {
    let validity = Validity::days(Utc::now() - TimeDelta::days(2), 100).unwrap();
    Authority::create("Authority", KeyAlgorithm::EcdsaP256, validity).unwrap()
}

fn issue(authority: &mut Authority, request: &[u8], office: &str) -> Vec<CertificateDer<'static>> {
    let validity = Validity::days(Utc::now() - TimeDelta::days(1), 30).unwrap();
    let issued = authority
        .issue_office(
            request,
            office.parse().unwrap(),
            CertificateKind::CareDx,
            validity,
        )
        .unwrap();
    vec![issued.certificate]
}

fn settings() -> Settings {
    Settings {
        office: OFFICE.parse().unwrap(),
        user_id: "KJ001370948774".parse().unwrap(),
        platform: "https://platform.example:8443".to_owned(),
        proxy: None,
        keep_months: None,
    }
}

fn create(home: &Path, authority: &Authority) -> Result<Setup, SetupError> {
    let anchors = authority.certificate_pem().unwrap();
    Setup::create(home, settings(), anchors.as_bytes(), p256())
}

fn p256() -> NewIdentity {
    NewIdentity::Request(KeyAlgorithm::EcdsaP256)
}

/// No password: these tests call nobody.
fn nobody() -> Result<LogInRequest, Refusal> {
    panic!("nobody should log in")
}

#[test]
fn a_certificate_is_requested_installed_and_renewed() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("事業所");
    let mut authority = authority();
    let setup = create(&home, &authority).unwrap();
    let error = create(&home, &authority).unwrap_err();
    assert!(matches!(error.kind(), SetupErrorKind::SetUpAlready));
    assert!(setup.certificate().unwrap().is_none());
    let error = setup.client_config(nobody).unwrap_err();
    assert!(matches!(error.kind(), SetupErrorKind::NoCertificate));
    assert!(error.explain(Lang::Ja).contains("request.pem"));

    // What is not for this office and this key is refused, and the request still waits.
    let request = fs::read(setup.pending_request().unwrap()).unwrap();
    let stranger = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let strange = stranger.request_pem(OFFICE.parse().unwrap()).unwrap();
    let strange = issue(&mut authority, strange.as_bytes(), OFFICE);
    let error = setup.install_certificate(&strange).unwrap_err();
    assert!(
        matches!(error.kind(), SetupErrorKind::Key(error) if error.kind() == ErrorKind::KeyMismatch),
        "{error:?}"
    );
    let other = stranger.request_pem(OTHER.parse().unwrap()).unwrap();
    let other = issue(&mut authority, other.as_bytes(), OTHER);
    let other = SoftwareSigner::new(stranger, other).unwrap();
    let error = setup.install_identity(&other).unwrap_err();
    assert!(matches!(error.kind(), SetupErrorKind::OtherOffice));
    let error = setup.install_certificate(&[]).unwrap_err();
    assert!(matches!(error.kind(), SetupErrorKind::Key(_)));
    assert!(setup.pending_request().is_some());

    let certificate = issue(&mut authority, &request, OFFICE);
    let first = setup.install_certificate(&certificate).unwrap();
    assert!(setup.pending_request().is_none());
    let client = Client::open(setup.client_config(nobody).unwrap()).unwrap();
    assert_eq!(client.certificate().serial, first.serial);
    drop(client);

    // A new key; until its certificate comes the old one is used.
    let request = setup.request(KeyAlgorithm::EcdsaP384).unwrap();
    assert_eq!(setup.certificate().unwrap().unwrap().serial, first.serial);
    let certificate = issue(&mut authority, request.as_bytes(), OFFICE);
    let second = setup.install_certificate(&certificate).unwrap();
    assert_ne!(second.serial, first.serial);
    let opened = Setup::open(&home).unwrap();
    assert_eq!(opened.certificate().unwrap().unwrap().serial, second.serial);
    // What was sealed to the first is still opened; its key is kept.
    let config = opened.client_config(nobody).unwrap();
    assert_eq!(config.openers.len(), 2);
    assert!(
        home.join("former")
            .join(format!("{}.pem", first.serial))
            .is_file()
    );
    // The same again is no other.
    setup.install_certificate(&certificate).unwrap();
    assert_eq!(opened.client_config(nobody).unwrap().openers.len(), 2);
    assert_eq!(opened.signer().unwrap().certificate_chain().len(), 1);
    Client::open(opened.client_config(nobody).unwrap()).unwrap();
}

#[test]
fn a_renewal_is_signed_with_the_certificate_it_follows_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut authority = authority();
    let setup = create(folder.path(), &authority).unwrap();
    // Nothing to follow on yet.
    let error = setup.renew(KeyAlgorithm::EcdsaP256).unwrap_err();
    assert!(matches!(error.kind(), SetupErrorKind::NoCertificate));
    let request = fs::read(setup.pending_request().unwrap()).unwrap();
    let first = issue(&mut authority, &request, OFFICE);
    let first = setup.install_certificate(&first).unwrap();

    let renewal = setup.renew(KeyAlgorithm::EcdsaP256).unwrap();
    let signed = renewal.signed.clone().unwrap();
    let mut envelope = setup
        .verifier()
        .unwrap()
        .verify(fs::File::open(&signed).unwrap(), Utc::now())
        .unwrap();
    assert_eq!(envelope.signer().serial, first.serial);
    let request = envelope.read_file("request.pem").unwrap();
    assert_eq!(request, fs::read(&renewal.request).unwrap());
    // Windows does not replace a file that is open.
    drop(envelope);
    // Its certificate may be on its way: the same request again, not another key.
    assert_eq!(setup.renew(KeyAlgorithm::EcdsaP384).unwrap(), renewal);
    assert_eq!(fs::read(&renewal.request).unwrap(), request);

    let validity = Validity::days(Utc::now() - TimeDelta::hours(1), 90).unwrap();
    let issued = authority
        .renew(&request, &first.serial, validity, Utc::now())
        .unwrap();
    let second = setup.install_certificate(&[issued.certificate]).unwrap();
    assert_eq!(setup.certificate().unwrap().unwrap().serial, second.serial);
    assert!(setup.pending_request().is_none() && !signed.exists());
}

#[test]
fn a_certificate_that_has_ended_signs_no_renewal() {
    let folder = tempfile::tempdir().unwrap();
    let mut authority = authority();
    let setup = create(folder.path(), &authority).unwrap();
    let request = fs::read(setup.pending_request().unwrap()).unwrap();
    let validity = Validity::days(Utc::now() - TimeDelta::hours(30), 1).unwrap();
    let office = OFFICE.parse().unwrap();
    let ended = authority
        .issue_office(&request, office, CertificateKind::CareDx, validity)
        .unwrap();
    setup.install_certificate(&[ended.certificate]).unwrap();
    let renewal = setup.renew(KeyAlgorithm::EcdsaP256).unwrap();
    assert!(renewal.signed.is_none() && renewal.request.is_file());
}

#[test]
fn an_office_that_has_a_certificate_is_set_up_with_it_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut authority = authority();
    let anchors = authority.certificate_pem().unwrap();
    let identity = |authority: &mut Authority, number: &str| {
        let key = PrivateKey::generate(KeyAlgorithm::Rsa2048).unwrap();
        let request = key.request_pem(number.parse().unwrap()).unwrap();
        let chain = issue(authority, request.as_bytes(), number);
        NewIdentity::Existing(SoftwareSigner::new(key, chain).unwrap())
    };
    // Another's is refused, and nothing is set up.
    let other = identity(&mut authority, OTHER);
    let error = Setup::create(folder.path(), settings(), anchors.as_bytes(), other).unwrap_err();
    assert!(matches!(error.kind(), SetupErrorKind::OtherOffice));
    assert!(!folder.path().join("office.toml").exists());
    let own = identity(&mut authority, OFFICE);
    let setup = Setup::create(folder.path(), settings(), anchors.as_bytes(), own).unwrap();
    assert!(setup.pending_request().is_none());
    assert!(setup.certificate().unwrap().is_some());
    Client::open(setup.client_config(nobody).unwrap()).unwrap();
}

#[cfg(unix)]
#[test]
fn only_the_owner_reads_keys() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let mut authority = authority();
    let setup = create(folder.path(), &authority).unwrap();
    let mode = |name: &str| {
        let metadata = fs::metadata(folder.path().join(name)).unwrap();
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(mode("request.key.pem"), 0o600);
    let request = fs::read(setup.pending_request().unwrap()).unwrap();
    let certificate = issue(&mut authority, &request, OFFICE);
    setup.install_certificate(&certificate).unwrap();
    assert_eq!(mode("identity.pem"), 0o600);
    let first = setup.certificate().unwrap().unwrap().serial;
    let request = setup.request(KeyAlgorithm::EcdsaP256).unwrap();
    let certificate = issue(&mut authority, request.as_bytes(), OFFICE);
    setup.install_certificate(&certificate).unwrap();
    assert_eq!(mode(&format!("former/{first}.pem")), 0o600);
}

#[test]
fn what_cannot_be_used_is_said_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let error = Setup::open(&home).unwrap_err();
    assert!(matches!(error.kind(), SetupErrorKind::NotSetUp));
    let authority = authority();
    // An address without TLS, authorities that are none: nothing is set up.
    let mut wrong = settings();
    wrong.platform = "http://platform.example".to_owned();
    let anchors = authority.certificate_pem().unwrap();
    let error = Setup::create(&home, wrong.clone(), anchors.as_bytes(), p256()).unwrap_err();
    assert!(matches!(error.kind(), SetupErrorKind::Connection(_)));
    let error = Setup::create(&home, settings(), b"none", p256()).unwrap_err();
    assert!(error.place().ends_with("authority.pem"), "{error}");
    assert!(!home.join("office.toml").exists());

    let mut setup = create(&home, &authority).unwrap();
    assert!(matches!(
        setup.change(wrong).unwrap_err().kind(),
        SetupErrorKind::Connection(_)
    ));
    let mut other = settings();
    other.office = OTHER.parse().unwrap();
    assert!(matches!(
        setup.change(other).unwrap_err().kind(),
        SetupErrorKind::OtherOffice
    ));
    let mut changed = settings();
    changed.keep_months = Some(24);
    setup.change(changed.clone()).unwrap();
    assert_eq!(*Setup::open(&home).unwrap().settings(), changed);
    // A misspelt setting is told, not passed over.
    let file = home.join("office.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text + "keep_month = 3\n").unwrap();
    let error = Setup::open(&home).unwrap_err();
    assert!(error.to_string().contains("keep_month"), "{error}");
}
