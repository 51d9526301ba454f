//! Certificates, containers and other programs for the tests.
#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy knows test functions, not what they call"
)]

pub(crate) mod cms;
pub(crate) mod openssl;
pub(crate) mod parts;
pub(crate) mod zip;

use std::io::Cursor;
use std::path::Path;
use std::process::{Command, Stdio};

use careplan_core::OfficeNumber;
use careplan_envelope::{
    Authority, CertificateKind, Compression, EnvelopeWriter, KeyAlgorithm, PrivateKey, Signed,
    SoftwareSigner, Validity, Verifier, WriterOptions,
};
use chrono::{DateTime, Utc};

pub(crate) fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// When everything in the tests happens.
pub(crate) fn now() -> DateTime<Utc> {
    time("2026-11-02T02:00:00Z")
}

pub(crate) fn office() -> OfficeNumber {
    "1370948774".parse().unwrap()
}

pub(crate) fn authority() -> Authority {
    let validity = Validity::new(time("2026-01-01T00:00:00Z"), time("2036-01-01T00:00:00Z"));
    Authority::create("Test authority", KeyAlgorithm::EcdsaP256, validity.unwrap()).unwrap()
}

pub(crate) fn year() -> Validity {
    Validity::new(time("2026-04-01T00:00:00Z"), time("2027-04-01T00:00:00Z")).unwrap()
}

pub(crate) fn signer_of(
    authority: &mut Authority,
    algorithm: KeyAlgorithm,
    kind: CertificateKind,
) -> SoftwareSigner {
    let key = PrivateKey::generate(algorithm).unwrap();
    let request = key.request_pem(office()).unwrap();
    let issued = authority
        .issue_office(request.as_bytes(), office(), kind, year())
        .unwrap();
    SoftwareSigner::new(key, vec![issued.certificate]).unwrap()
}

pub(crate) fn signer(authority: &mut Authority) -> SoftwareSigner {
    signer_of(authority, KeyAlgorithm::EcdsaP256, CertificateKind::CareDx)
}

pub(crate) fn verifier(authority: &Authority) -> Verifier {
    Verifier::builder()
        .trust_anchor(authority.certificate())
        .unwrap()
        .build()
        .unwrap()
}

/// Two files, one with a Japanese name.
pub(crate) const FILES: [(&str, &[u8]); 2] = [
    (
        "UPPLAN_202610_1370948774_43_1375169671_11_20260921113320.CSV",
        b"202407,202610,1370948774\r\n202407,202610,1370948774\r\n202407,202610,1370948774\r\n",
    ),
    ("週間サービス計画表.pdf", b"%PDF-1.7"),
];

pub(crate) fn container_with(
    signer: &SoftwareSigner,
    compression: Compression,
    files: &[(&str, &[u8])],
) -> (Signed, Vec<u8>) {
    let options = WriterOptions::default().with_compression(compression);
    let mut writer = EnvelopeWriter::new(Cursor::new(Vec::new()), options).unwrap();
    for (name, contents) in files {
        writer.add(name, &mut &contents[..]).unwrap();
    }
    let (signed, output) = writer.finish(signer, now()).unwrap();
    (signed, output.into_inner())
}

pub(crate) fn container(signer: &SoftwareSigner) -> Vec<u8> {
    container_with(signer, Compression::Deflate, &FILES).1
}

/// Runs another program; its absence is a failure, not a reason to skip.
pub(crate) fn run(folder: &Path, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| {
            panic!(
                "this test compares with the program {program}, which cannot be run ({error}): \
                 install the Debian packages openssl and unzip (cargo xtask test does)"
            )
        });
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{program} {arguments:?} failed: {text}"
    );
    text
}
