//! An office's setup: key, request, certificate, renewal, and what cannot be used.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::Path;

use careplan_client::{Client, Refusal, Settings, Setup, SetupError, SetupErrorKind};
use careplan_core::{Explain, Lang};
use careplan_envelope::{
    Authority, CertificateKind, ErrorKind, KeyAlgorithm, PrivateKey, Signer as _, Validity,
};
use careplan_protocol::LogInRequest;
use chrono::{TimeDelta, Utc};

const OFFICE: &str = "1370948774";
const OTHER: &str = "1375169671";

fn authority() -> Authority {
    let validity = Validity::days(Utc::now() - TimeDelta::days(2), 100).unwrap();
    Authority::create("Authority", KeyAlgorithm::EcdsaP256, validity).unwrap()
}

fn issue(authority: &mut Authority, request: &[u8], office: &str) -> String {
    let validity = Validity::days(Utc::now() - TimeDelta::days(1), 30).unwrap();
    authority
        .issue_office(
            request,
            office.parse().unwrap(),
            CertificateKind::CareDx,
            validity,
        )
        .unwrap()
        .to_pem()
        .unwrap()
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
    let key = KeyAlgorithm::EcdsaP256;
    Setup::create(home, settings(), anchors.as_bytes(), key)
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
    let error = setup.install_certificate(strange.as_bytes()).unwrap_err();
    assert!(
        matches!(error.kind(), SetupErrorKind::Key(error) if error.kind() == ErrorKind::KeyMismatch),
        "{error:?}"
    );
    let other = stranger.request_pem(OTHER.parse().unwrap()).unwrap();
    let other = issue(&mut authority, other.as_bytes(), OTHER);
    let error = setup
        .install_identity(&stranger, other.as_bytes())
        .unwrap_err();
    assert!(matches!(error.kind(), SetupErrorKind::OtherOffice));
    let error = setup.install_certificate(b"nothing").unwrap_err();
    assert!(matches!(error.kind(), SetupErrorKind::Key(_)));
    assert!(setup.pending_request().is_some());

    let certificate = issue(&mut authority, &request, OFFICE);
    let first = setup.install_certificate(certificate.as_bytes()).unwrap();
    assert!(setup.pending_request().is_none());
    let client = Client::open(setup.client_config(nobody).unwrap()).unwrap();
    assert_eq!(client.certificate().serial, first.serial);
    drop(client);

    // A new key; until its certificate comes the old one is used.
    let request = setup.request(KeyAlgorithm::EcdsaP384).unwrap();
    assert_eq!(setup.certificate().unwrap().unwrap().serial, first.serial);
    let certificate = issue(&mut authority, request.as_bytes(), OFFICE);
    let second = setup.install_certificate(certificate.as_bytes()).unwrap();
    assert_ne!(second.serial, first.serial);
    let opened = Setup::open(&home).unwrap();
    assert_eq!(opened.certificate().unwrap().unwrap().serial, second.serial);
    assert_eq!(opened.signer().unwrap().certificate_chain().len(), 1);
    Client::open(opened.client_config(nobody).unwrap()).unwrap();
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
    setup.install_certificate(certificate.as_bytes()).unwrap();
    assert_eq!(mode("identity.pem"), 0o600);
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
    let key = KeyAlgorithm::EcdsaP256;
    let error = Setup::create(&home, wrong.clone(), anchors.as_bytes(), key).unwrap_err();
    assert!(matches!(error.kind(), SetupErrorKind::Connection(_)));
    let error = Setup::create(&home, settings(), b"none", key).unwrap_err();
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
