//! Both ways with Bouncy Castle (Debian packages libbcpkix-java and a JDK): `Envelope.java`
//! signs, verifies and opens with that library alone.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

mod common;

use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::LazyLock;

use careplan_envelope::sealing::Sealer;
use careplan_envelope::{
    Authority, CertificateKind, EnvelopeWriter, KeyAlgorithm, PrivateKey, Signer, SoftwareSigner,
    Validity, WriterOptions,
};
use common::{authority, office, signer_of, verifier};

/// Where Debian puts the jars.
const JARS: [&str; 3] = [
    "/usr/share/java/bcprov.jar",
    "/usr/share/java/bcpkix.jar",
    "/usr/share/java/bcutil.jar",
];

/// Whether there is what these tests need; with `CAREPLAN_REQUIRE_PEERS` set there has to be.
fn there() -> bool {
    let there = JARS.iter().all(|jar| Path::new(jar).exists())
        && Command::new("javac").arg("-version").output().is_ok();
    if !there {
        assert!(
            std::env::var_os("CAREPLAN_REQUIRE_PEERS").is_none(),
            "Bouncy Castle is not installed (Debian packages libbcpkix-java, openjdk-17-jdk-headless)"
        );
        eprintln!("left out: Bouncy Castle is not installed (Debian package libbcpkix-java)");
    }
    there
}

/// The program, compiled once for all runs.
fn classes() -> &'static Path {
    static CLASSES: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        let source =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bouncy_castle/Envelope.java");
        let output = Command::new("javac")
            .args(["-encoding", "UTF-8", "-cp", &JARS.join(":"), "-d"])
            .args([folder.path(), &source])
            .output()
            .unwrap();
        succeeds(&output);
        folder
    });
    CLASSES.path()
}

fn java(folder: &Path, arguments: &[&str]) -> Output {
    let path = format!("{}:{}", classes().display(), JARS.join(":"));
    Command::new("java")
        .args([
            "-Dfile.encoding=UTF-8",
            "-Dsun.jnu.encoding=UTF-8",
            "-cp",
            &path,
            "Envelope",
        ])
        .args(arguments)
        .current_dir(folder)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap()
}

fn succeeds(output: &Output) {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn we_accept_what_bouncy_castle_signs_and_it_accepts_what_we_sign() {
    if !there() {
        return;
    }
    for algorithm in [KeyAlgorithm::Rsa2048, KeyAlgorithm::EcdsaP256] {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        // Bouncy Castle takes the time from its clock: so do certificates and verification here.
        let now = chrono::Utc::now();
        let mut authority = Authority::create(
            "Test authority",
            algorithm,
            Validity::days(now, 30).unwrap(),
        )
        .unwrap();
        let key = PrivateKey::generate(algorithm).unwrap();
        let issued = authority
            .issue_office(
                key.request_pem(office()).unwrap().as_bytes(),
                office(),
                CertificateKind::CareDx,
                Validity::days(now, 20).unwrap(),
            )
            .unwrap();
        fs::write(path("key.pem"), key.to_pem().unwrap().as_bytes()).unwrap();
        fs::write(path("cert.pem"), issued.to_pem().unwrap()).unwrap();
        fs::write(path("ca.pem"), authority.certificate_pem().unwrap()).unwrap();
        fs::write(path("週間サービス計画表 1.pdf"), "%PDF-1.7").unwrap();
        fs::write(path("UPPLAN.CSV"), "202407\r\n".repeat(100)).unwrap();

        let files = ["週間サービス計画表 1.pdf", "UPPLAN.CSV"];
        succeeds(&java(
            folder.path(),
            &[&["sign", "key.pem", "cert.pem", "bc.asice"], &files[..]].concat(),
        ));
        let container = fs::read(path("bc.asice")).unwrap();
        let verifier = verifier(&authority);
        let mut envelope = verifier
            .verify(Cursor::new(&container), chrono::Utc::now())
            .unwrap();
        assert_eq!(envelope.signer().office, office());
        let names: Vec<&str> = envelope
            .files()
            .iter()
            .map(|file| file.name.as_str())
            .collect();
        assert_eq!(names, files);
        assert_eq!(
            envelope.read_file("UPPLAN.CSV").unwrap(),
            "202407\r\n".repeat(100).as_bytes()
        );

        let signer = SoftwareSigner::new(key, vec![issued.certificate]).unwrap();
        let options = WriterOptions::default();
        let mut writer = EnvelopeWriter::new(Cursor::new(Vec::new()), options).unwrap();
        for name in files {
            writer
                .add(name, &mut fs::File::open(path(name)).unwrap())
                .unwrap();
        }
        let (_, ours) = writer.finish(&signer, now).unwrap();
        let mut ours = ours.into_inner();
        fs::write(path("ours.asice"), &ours).unwrap();
        succeeds(&java(folder.path(), &["verify", "ca.pem", "ours.asice"]));
        // And that its answer means something: a changed digest is noticed.
        let digest = b"DigestValue>";
        let at = ours
            .windows(digest.len())
            .position(|window| window == digest)
            .unwrap();
        ours[at + digest.len()] ^= 1;
        fs::write(path("ours.asice"), &ours).unwrap();
        assert!(
            !java(folder.path(), &["verify", "ca.pem", "ours.asice"])
                .status
                .success()
        );
    }
}

#[test]
fn bouncy_castle_opens_what_we_seal() {
    if !there() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut authority = authority();
    let signer = signer_of(
        &mut authority,
        KeyAlgorithm::Rsa2048,
        CertificateKind::CareDx,
    );
    fs::write(
        folder.path().join("key.pem"),
        signer.key().to_pem().unwrap().as_bytes(),
    )
    .unwrap();
    let container: Vec<u8> = (0..50_000).map(|at| (at % 251) as u8).collect();
    let mut sealed = Vec::new();
    Sealer::to(&signer.certificate_chain()[..1])
        .unwrap()
        .seal(Cursor::new(&container), &mut sealed)
        .unwrap();
    fs::write(folder.path().join("sealed"), sealed).unwrap();
    succeeds(&java(
        folder.path(),
        &["open", "key.pem", "sealed", "opened"],
    ));
    assert!(fs::read(folder.path().join("opened")).unwrap() == container);
}
