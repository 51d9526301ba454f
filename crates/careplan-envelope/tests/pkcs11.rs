//! A signer whose key is on a token: SoftHSM (Debian package softhsm2) through PKCS#11.
//!
//! SoftHSM finds its tokens by an environment variable, which a test must not change for others; so
//! one test runs this program again with the variable set.
#![cfg(feature = "pkcs11")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

use std::env;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Command;

use careplan_envelope::{
    Authority, CertificateKind, EnvelopeWriter, ErrorKind, KeyAlgorithm, Pkcs11Signer, PrivateKey,
    RsaPadding, Signer, Validity, Verifier, WriterOptions,
};
use chrono::{DateTime, Utc};
use rustls_pki_types::CertificateDer;

/// Where Debian puts it, and others do.
const MODULES: [&str; 3] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
];

const PIN: &str = "123456";

fn module() -> Option<PathBuf> {
    MODULES.iter().map(PathBuf::from).find(|path| path.exists())
}

fn run(program: &str, arguments: &[&str], folder: &Path) {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env("SOFTHSM2_CONF", folder.join("softhsm2.conf"))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {errors}");
}

#[test]
fn a_token_signs_what_verifies() {
    let Some(module) = module() else {
        assert!(
            env::var_os("CAREPLAN_REQUIRE_PEERS").is_none(),
            "SoftHSM is not installed (Debian package softhsm2)"
        );
        eprintln!("left out: SoftHSM is not installed (Debian package softhsm2)");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir(folder.join("tokens")).unwrap();
    let tokens = folder.join("tokens");
    let configuration = format!(
        "directories.tokendir = {}\nlog.level = ERROR\n",
        tokens.display()
    );
    fs::write(folder.join("softhsm2.conf"), configuration).unwrap();
    let token = [
        "--init-token",
        "--free",
        "--label",
        "office",
        "--so-pin",
        "87654321",
        "--pin",
        PIN,
    ];
    run("softhsm2-util", &token, folder);

    // The keys are made here because the authority needs their public halves; on a real token they
    // are made on it.
    for (label, id, algorithm) in KEYS {
        let key = PrivateKey::generate(algorithm).unwrap();
        let pem = format!("{label}.pem");
        fs::write(folder.join(&pem), key.to_pem().unwrap().as_bytes()).unwrap();
        let import = [
            "--import", &pem, "--token", "office", "--label", label, "--id", id, "--pin", PIN,
        ];
        run("softhsm2-util", &import, folder);
    }
    // The same label a second time, for the key that is not to be told from another.
    let import = [
        "--import", "p256.pem", "--token", "office", "--label", "twice", "--id", "f1", "--pin", PIN,
    ];
    run("softhsm2-util", &import, folder);
    let import = [
        "--import", "p384.pem", "--token", "office", "--label", "twice", "--id", "f2", "--pin", PIN,
    ];
    run("softhsm2-util", &import, folder);

    let status = Command::new(env::current_exe().unwrap())
        .args(["--exact", "inside", "--ignored", "--nocapture"])
        .env("SOFTHSM2_CONF", folder.join("softhsm2.conf"))
        .env("CAREPLAN_PKCS11_KEYS", folder)
        .env("CAREPLAN_PKCS11_MODULE", module)
        .status()
        .unwrap();
    assert!(status.success());
}

const KEYS: [(&str, &str, KeyAlgorithm); 3] = [
    ("rsa", "a1", KeyAlgorithm::Rsa2048),
    ("p256", "a2", KeyAlgorithm::EcdsaP256),
    ("p384", "a3", KeyAlgorithm::EcdsaP384),
];

fn now() -> DateTime<Utc> {
    "2026-11-02T02:00:00Z".parse().unwrap()
}

/// Run by the test above, in a process of its own.
#[test]
#[ignore = "run by a_token_signs_what_verifies"]
fn inside() {
    let folder = PathBuf::from(env::var_os("CAREPLAN_PKCS11_KEYS").unwrap());
    let module = PathBuf::from(env::var_os("CAREPLAN_PKCS11_MODULE").unwrap());
    let validity = Validity::days(now(), 30).unwrap();
    let mut authority = Authority::create("Test", KeyAlgorithm::EcdsaP256, validity).unwrap();
    let mut certificate = |label: &str| -> CertificateDer<'static> {
        let key = PrivateKey::from_pem(&fs::read(folder.join(format!("{label}.pem"))).unwrap());
        let office = "1370948774".parse().unwrap();
        let request = key.unwrap().request_pem(office).unwrap();
        let validity = Validity::days(now(), 20).unwrap();
        authority
            .issue_office(
                request.as_bytes(),
                office,
                CertificateKind::CareInsurance,
                validity,
            )
            .unwrap()
            .certificate
    };
    let certificates = KEYS.map(|(label, ..)| (label, certificate(label)));
    let verifier = Verifier::builder()
        .trust_anchor(authority.certificate())
        .unwrap()
        .build()
        .unwrap();
    let sign = |signer: &dyn Signer| {
        let output = Cursor::new(Vec::new());
        let mut writer = EnvelopeWriter::new(output, WriterOptions::default()).unwrap();
        writer.add("file.csv", &mut &b"contents"[..]).unwrap();
        writer.finish(signer, now())
    };
    let open = |token: &str, pin: &str, key: &str, certificate: &CertificateDer<'static>| {
        Pkcs11Signer::open(&module, token, pin, key, vec![certificate.clone()])
    };

    for (label, certificate) in &certificates {
        // A hundred of them: r and s of ECDSA have leading zeros, and high bits, now and then.
        let mut signer = open("office", PIN, label, certificate).unwrap();
        for _ in 0..if *label == "rsa" { 2 } else { 100 } {
            let (_, mut container) = sign(&signer).unwrap();
            container.set_position(0);
            let verified = verifier.verify(container, now()).unwrap();
            assert_eq!(verified.signer().office.to_string(), "1370948774");
        }
        signer = signer.with_rsa_padding(RsaPadding::Pss);
        let (_, container) = sign(&signer).unwrap();
        verifier.verify(container, now()).unwrap();
    }

    let [(_, rsa), (_, p256), (_, p384)] = &certificates;
    // Two signers of one token at once: the log-in is shared.
    let first = open("office", PIN, "rsa", rsa).unwrap();
    let second = open("office", PIN, "p256", p256).unwrap();
    sign(&first).unwrap();
    drop(first);
    sign(&second).unwrap();
    drop(second);

    let kind = |result: Result<Pkcs11Signer, careplan_envelope::Error>| result.unwrap_err().kind();
    assert_eq!(kind(open("other", PIN, "rsa", rsa)), ErrorKind::Token);
    assert_eq!(
        kind(open("office", "000000", "rsa", rsa)),
        ErrorKind::TokenPin
    );
    assert_eq!(kind(open("office", PIN, "none", rsa)), ErrorKind::TokenKey);
    assert_eq!(
        kind(open("office", PIN, "twice", p256)),
        ErrorKind::TokenKey
    );
    let nowhere = Pkcs11Signer::open(
        Path::new("/nowhere.so"),
        "office",
        PIN,
        "rsa",
        vec![rsa.clone()],
    );
    assert_eq!(kind(nowhere), ErrorKind::Token);
    let nothing = Pkcs11Signer::open(&module, "office", PIN, "rsa", Vec::new());
    assert_eq!(kind(nothing), ErrorKind::ChainEmpty);
    // Another key's certificate is found out before anything leaves.
    let wrong = open("office", PIN, "p256", p384).unwrap();
    assert!(sign(&wrong).is_err());
    // A PIN never shows.
    let shown = format!("{:?}", open("office", PIN, "rsa", rsa).unwrap());
    assert!(!shown.contains(PIN));
}
