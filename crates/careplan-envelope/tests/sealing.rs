//! Sealing: round trips, what OpenSSL makes and reads, and every way in which a seal can be wrong.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::process::{Command, Output};

use careplan_envelope::sealing::{Opener, SealError, SealErrorKind as Kind, Sealer, looks_sealed};
use careplan_envelope::{Authority, CertificateKind, KeyAlgorithm, PrivateKey, Validity, pem};
use chrono::{DateTime, Utc};
use proptest::prelude::*;
use rustls_pki_types::CertificateDer;

fn now() -> DateTime<Utc> {
    "2026-10-21T09:00:00Z".parse().unwrap()
}

/// An office's key with the certificate the authority issues for it.
fn office(algorithm: KeyAlgorithm) -> (PrivateKey, CertificateDer<'static>) {
    let mut authority = Authority::create(
        "Test authority",
        KeyAlgorithm::EcdsaP256,
        Validity::days(now(), 365).unwrap(),
    )
    .unwrap();
    let key = PrivateKey::generate(algorithm).unwrap();
    let number = "1374220867".parse().unwrap();
    let issued = authority
        .issue_office(
            key.request_pem(number).unwrap().as_bytes(),
            number,
            CertificateKind::CareInsurance,
            Validity::days(now(), 30).unwrap(),
        )
        .unwrap();
    (key, issued.certificate)
}

fn seal(to: &[CertificateDer<'_>], container: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::new();
    Sealer::to(to)
        .unwrap()
        .seal(Cursor::new(container), &mut sealed)
        .unwrap();
    sealed
}

/// What opening gives; on a refusal nothing may have been written.
fn open(
    key: &PrivateKey,
    certificate: &CertificateDer<'_>,
    sealed: &[u8],
) -> Result<Vec<u8>, Kind> {
    let mut opened = Vec::new();
    match Opener::new(key, certificate)
        .unwrap()
        .open(Cursor::new(sealed), &mut opened)
    {
        Ok(()) => Ok(opened),
        Err(error) => {
            assert!(opened.is_empty(), "something was written before {error}");
            Err(error.kind())
        }
    }
}

fn kind<T>(result: Result<T, SealError>) -> Option<Kind> {
    result.err().map(|error| error.kind())
}

/// Runs OpenSSL in a folder; its own words are shown if it fails.
fn openssl(folder: &Path, arguments: &str) -> Output {
    let output = Command::new("openssl")
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .output()
        .expect("the openssl program is needed for this test");
    assert!(
        output.status.success(),
        "openssl {arguments}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// A folder with `key.pem` and a self-signed `cert.pem` made by OpenSSL.
fn openssl_identity(kind: &str) -> (tempfile::TempDir, PrivateKey, CertificateDer<'static>) {
    let folder = tempfile::tempdir().unwrap();
    openssl_certificate(folder.path(), kind);
    let key = PrivateKey::from_pem(&fs::read(folder.path().join("key.pem")).unwrap()).unwrap();
    let certificate = first_certificate(folder.path());
    (folder, key, certificate)
}

fn openssl_certificate(folder: &Path, kind: &str) {
    openssl(
        folder,
        &format!(
            "req -x509 -nodes -days 30 -subj /CN=receiver -newkey {kind} -keyout key.pem -out cert.pem"
        ),
    );
}

fn first_certificate(folder: &Path) -> CertificateDer<'static> {
    let text = fs::read(folder.join("cert.pem")).unwrap();
    pem::certificates(&text).unwrap().remove(0)
}

const RSA: &str = "rsa:2048";
const P256: &str = "ec -pkeyopt ec_paramgen_curve:P-256";
const P384: &str = "ec -pkeyopt ec_paramgen_curve:P-384";
/// What makes OpenSSL seal as this format wants it.
const OAEP: &str = "-keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256";
const ECDH: &str = "-aes256-wrap -keyopt ecdh_kdf_md:sha256";

#[test]
fn every_kind_of_key_opens_what_is_sealed_to_it() {
    for algorithm in [
        KeyAlgorithm::EcdsaP256,
        KeyAlgorithm::EcdsaP384,
        KeyAlgorithm::Rsa2048,
        KeyAlgorithm::Rsa3072,
        KeyAlgorithm::Rsa4096,
    ] {
        let (key, certificate) = office(algorithm);
        for size in [0, 1, 15, 16, 17, 127, 128, 255, 256, 70_000] {
            let container: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            let sealed = seal(std::slice::from_ref(&certificate), &container);
            assert!(looks_sealed(&sealed));
            assert_eq!(open(&key, &certificate, &sealed).unwrap(), container);
        }
    }
}

#[test]
fn each_of_several_receivers_opens_it_and_nobody_else() {
    let offices = [
        KeyAlgorithm::EcdsaP256,
        KeyAlgorithm::Rsa2048,
        KeyAlgorithm::EcdsaP384,
    ]
    .map(office);
    let certificates = offices
        .each_ref()
        .map(|(_, certificate)| certificate.clone());
    let sealed = seal(&certificates, b"container");
    for (key, certificate) in &offices {
        assert_eq!(open(key, certificate, &sealed).unwrap(), b"container");
    }
    let (key, certificate) = office(KeyAlgorithm::EcdsaP256);
    assert_eq!(
        open(&key, &certificate, &sealed),
        Err(Kind::NotForThisCertificate)
    );
}

#[test]
fn two_sealings_of_the_same_have_nothing_in_common() {
    let (_, certificate) = office(KeyAlgorithm::EcdsaP256);
    let container = [7; 64];
    let first = seal(std::slice::from_ref(&certificate), &container);
    let second = seal(std::slice::from_ref(&certificate), &container);
    // The ciphertext and the tag are the last 64 + 2 + 16 bytes.
    let ciphertext = |sealed: &[u8]| sealed[sealed.len() - 82..sealed.len() - 18].to_vec();
    assert_ne!(ciphertext(&first), ciphertext(&second));
    assert!(!first.windows(8).any(|window| window == [7; 8]));
}

#[test]
fn openssl_opens_what_we_seal() {
    for kind in [RSA, P256, P384] {
        let (folder, _, certificate) = openssl_identity(kind);
        let (_, other) = office(KeyAlgorithm::Rsa2048);
        let container: Vec<u8> = (0..100_000).map(|at| (at % 253) as u8).collect();
        for to in [vec![certificate.clone()], vec![other, certificate]] {
            fs::write(folder.path().join("sealed"), seal(&to, &container)).unwrap();
            openssl(
                folder.path(),
                "cms -decrypt -binary -inform DER -in sealed -recip cert.pem -inkey key.pem -out opened",
            );
            let opened = fs::read(folder.path().join("opened")).unwrap();
            assert!(opened == container, "{kind}");
        }
    }
}

#[test]
fn we_open_what_openssl_seals() {
    for (kind, options) in [(RSA, OAEP), (P256, ECDH), (P384, ECDH)] {
        let (folder, key, certificate) = openssl_identity(kind);
        let container: Vec<u8> = (0..100_000).map(|at| (at % 253) as u8).collect();
        fs::write(folder.path().join("container"), &container).unwrap();
        for identifier in ["", "-keyid"] {
            openssl(
                folder.path(),
                &format!(
                    "cms -encrypt -aes-256-gcm -binary -in container -outform DER -out sealed {identifier} -recip cert.pem {options}"
                ),
            );
            let sealed = fs::read(folder.path().join("sealed")).unwrap();
            assert!(
                open(&key, &certificate, &sealed).unwrap() == container,
                "{kind} {identifier}"
            );
        }
    }
}

#[test]
fn we_open_what_openssl_seals_to_several() {
    let (folder, key, certificate) = openssl_identity(P256);
    let other = tempfile::tempdir().unwrap();
    openssl_certificate(other.path(), RSA);
    let other_path = other.path().join("cert.pem");
    fs::write(folder.path().join("container"), "container").unwrap();
    openssl(
        folder.path(),
        &format!(
            "cms -encrypt -aes-256-gcm -binary -in container -outform DER -out sealed -recip {} {OAEP} -recip cert.pem {ECDH}",
            other_path.display()
        ),
    );
    let sealed = fs::read(folder.path().join("sealed")).unwrap();
    assert_eq!(open(&key, &certificate, &sealed).unwrap(), b"container");
}

/// What is weaker, or another form, is refused with that reason and not tried.
#[test]
fn other_algorithms_are_refused() {
    let cases = [
        // PKCS#1 v1.5 key transport, OpenSSL's default.
        (RSA, "-aes-256-gcm", "", Kind::UnsupportedAlgorithm),
        (
            RSA,
            "-aes-256-gcm",
            "-keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha1",
            Kind::UnsupportedAlgorithm,
        ),
        (
            RSA,
            "-aes-256-gcm",
            "-keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256 -keyopt rsa_mgf1_md:sha1",
            Kind::UnsupportedAlgorithm,
        ),
        (RSA, "-aes-128-gcm", OAEP, Kind::UnsupportedAlgorithm),
        // Key derivation with SHA-1, OpenSSL's default, and a shorter wrapping key.
        (
            P256,
            "-aes-256-gcm",
            "-aes256-wrap",
            Kind::UnsupportedAlgorithm,
        ),
        (
            P256,
            "-aes-256-gcm",
            "-aes128-wrap -keyopt ecdh_kdf_md:sha256",
            Kind::UnsupportedAlgorithm,
        ),
        (
            P256,
            "-aes-256-gcm",
            "-aes256-wrap -keyopt ecdh_kdf_md:sha256 -keyopt ecdh_cofactor_mode:1",
            Kind::UnsupportedAlgorithm,
        ),
        // EnvelopedData: no authentication.
        (RSA, "-aes-256-cbc", OAEP, Kind::NotSealed),
        // BER of indefinite length.
        (RSA, "-aes-256-gcm -stream", OAEP, Kind::NotSealed),
    ];
    for (kind, cipher, options, reason) in cases {
        let (folder, key, certificate) = openssl_identity(kind);
        fs::write(folder.path().join("container"), "container").unwrap();
        openssl(
            folder.path(),
            &format!(
                "cms -encrypt {cipher} -binary -in container -outform DER -out sealed -recip cert.pem {options}"
            ),
        );
        let sealed = fs::read(folder.path().join("sealed")).unwrap();
        assert_eq!(
            open(&key, &certificate, &sealed),
            Err(reason),
            "{cipher} {options}"
        );
    }
}

#[test]
fn certificates_that_cannot_be_sealed_to_are_refused() {
    for curve in ["rsa:1024", "ec -pkeyopt ec_paramgen_curve:P-521", "ed25519"] {
        let folder = tempfile::tempdir().unwrap();
        openssl_certificate(folder.path(), curve);
        let certificate = first_certificate(folder.path());
        assert_eq!(
            kind(Sealer::to(&[certificate])),
            Some(Kind::KeyKind),
            "{curve}"
        );
    }
    for curve in [RSA, P256] {
        let folder = tempfile::tempdir().unwrap();
        openssl_certificate(
            folder.path(),
            &format!("{curve} -addext keyUsage=digitalSignature"),
        );
        let certificate = first_certificate(folder.path());
        assert_eq!(
            kind(Sealer::to(&[certificate])),
            Some(Kind::KeyUsage),
            "{curve}"
        );
    }
    let garbage = CertificateDer::from(&b"garbage"[..]);
    assert_eq!(kind(Sealer::to(&[garbage])), Some(Kind::Certificate));
    assert_eq!(kind(Sealer::to(&[])), Some(Kind::Receivers));
    let (_, certificate) = office(KeyAlgorithm::EcdsaP256);
    assert_eq!(
        kind(Sealer::to(&vec![certificate; 101])),
        Some(Kind::Receivers)
    );
}

#[test]
fn a_key_that_is_not_the_certificates_is_refused_before_anything_is_tried() {
    let (_, certificate) = office(KeyAlgorithm::EcdsaP256);
    let (other, _) = office(KeyAlgorithm::EcdsaP256);
    assert_eq!(
        kind(Opener::new(&other, &certificate)),
        Some(Kind::KeyMismatch)
    );
}

#[test]
fn no_flipped_bit_opens() {
    for algorithm in [KeyAlgorithm::EcdsaP256, KeyAlgorithm::Rsa2048] {
        let (key, certificate) = office(algorithm);
        let sealed = seal(std::slice::from_ref(&certificate), b"a container");
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let opened = open(&key, &certificate, &changed);
            assert!(
                opened.is_err(),
                "{algorithm:?}: bit {} of byte {}",
                bit % 8,
                bit / 8
            );
        }
    }
}

#[test]
fn contents_tag_and_wrapped_key_are_what_a_broken_seal_is_about() {
    let (key, certificate) = office(KeyAlgorithm::EcdsaP256);
    let sealed = seal(std::slice::from_ref(&certificate), b"a container");
    for from_end in [1, 16, 19, 29] {
        let mut changed = sealed.clone();
        let at = changed.len() - from_end;
        changed[at] ^= 1;
        assert_eq!(
            open(&key, &certificate, &changed),
            Err(Kind::Broken),
            "{from_end}"
        );
    }
}

#[test]
fn what_is_cut_off_or_has_something_after_it_does_not_open() {
    let (key, certificate) = office(KeyAlgorithm::EcdsaP256);
    let sealed = seal(std::slice::from_ref(&certificate), b"a container");
    for length in 0..sealed.len() {
        assert_eq!(
            open(&key, &certificate, &sealed[..length]),
            Err(Kind::NotSealed),
            "{length}"
        );
    }
    let mut longer = sealed;
    longer.push(0);
    assert_eq!(open(&key, &certificate, &longer), Err(Kind::Malformed));
}

#[test]
fn limits_hold_both_ways() {
    let (key, certificate) = office(KeyAlgorithm::EcdsaP256);
    let sealer = Sealer::to(std::slice::from_ref(&certificate))
        .unwrap()
        .with_limit(1000);
    let mut sealed = Vec::new();
    sealer.seal(Cursor::new([1; 1000]), &mut sealed).unwrap();
    let more = sealer.seal(Cursor::new([1; 1001]), Vec::new());
    assert_eq!(kind(more), Some(Kind::TooLarge));
    let opener = |limit| Opener::new(&key, &certificate).unwrap().with_limit(limit);
    opener(1000).open(Cursor::new(&sealed), Vec::new()).unwrap();
    let less = opener(999).open(Cursor::new(&sealed), Vec::new());
    assert_eq!(kind(less), Some(Kind::TooLarge));
}

#[test]
fn other_files_are_not_sealed_containers() {
    let (key, certificate) = office(KeyAlgorithm::EcdsaP256);
    for other in [&b""[..], b"PK\x03\x04", b"\x30\x80", b"hello", &certificate] {
        assert!(!looks_sealed(other));
        assert_eq!(open(&key, &certificate, other), Err(Kind::NotSealed));
    }
}

proptest! {
    /// Whatever bytes stand in place of a part of a sealed container: refused, never a panic.
    #[test]
    fn anything_else_is_refused(
        at in 0.0..1.0_f64,
        length in 0_usize..40,
        bytes in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        use std::sync::LazyLock;
        static SEALED: LazyLock<(PrivateKey, CertificateDer<'static>, Vec<u8>)> = LazyLock::new(|| {
            let (key, certificate) = office(KeyAlgorithm::EcdsaP384);
            let sealed = seal(std::slice::from_ref(&certificate), b"a container of some bytes");
            (key, certificate, sealed)
        });
        let (key, certificate, sealed) = &*SEALED;
        let at = (sealed.len() as f64 * at) as usize;
        let mut changed = sealed.clone();
        changed.splice(at..(at + length).min(sealed.len()), bytes);
        prop_assume!(changed != *sealed);
        prop_assert!(open(key, certificate, &changed).is_err());
    }
}
