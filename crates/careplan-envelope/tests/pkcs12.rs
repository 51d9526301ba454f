//! PKCS#12 files as OpenSSL writes them.
#![cfg(feature = "pkcs12")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;
use std::{fs, io::Cursor};

use careplan_envelope::{EnvelopeWriter, ErrorKind, Signer, SoftwareSigner, WriterOptions, pem};

fn openssl(folder: &Path, arguments: &str) {
    let output = Command::new("openssl")
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments}: {errors}");
}

/// A folder with a root, an intermediate and an office's certificate under it.
fn chain(kind: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &str| openssl(folder.path(), arguments);
    fs::write(
        folder.path().join("extensions"),
        "keyUsage = digitalSignature\n",
    )
    .unwrap();
    run("req -x509 -nodes -days 30 -subj /CN=root -newkey rsa:2048 -keyout root.key -out root.pem");
    run("req -nodes -subj /CN=intermediate -newkey rsa:2048 -keyout middle.key -out middle.req");
    run(
        "x509 -req -in middle.req -CA root.pem -CAkey root.key -days 30 -set_serial 2 -out middle.pem",
    );
    run(&format!(
        "req -nodes -subj /CN=office -newkey {kind} -keyout key.pem -out office.req"
    ));
    run(
        "x509 -req -in office.req -CA middle.pem -CAkey middle.key -days 30 -set_serial 3 -extfile extensions -out cert.pem",
    );
    // The root first: the order in the file is not the chain's.
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    fs::write(
        folder.path().join("others.pem"),
        read("root.pem") + &read("middle.pem"),
    )
    .unwrap();
    folder
}

fn certificates(folder: &Path, name: &str) -> Vec<Vec<u8>> {
    pem::certificates(&fs::read(folder.join(name)).unwrap())
        .unwrap()
        .iter()
        .map(|der| der.to_vec())
        .collect()
}

const EXPORT: &str =
    "pkcs12 -export -inkey key.pem -in cert.pem -passout pass:password -out office.p12";

#[test]
fn key_and_chain_come_out_in_order_and_sign() {
    for kind in [
        "rsa:2048",
        "ec -pkeyopt ec_paramgen_curve:P-256",
        "ec -pkeyopt ec_paramgen_curve:P-384",
    ] {
        let folder = chain(kind);
        openssl(
            folder.path(),
            &format!("{EXPORT} -certfile others.pem -name office"),
        );
        let file = fs::read(folder.path().join("office.p12")).unwrap();
        let signer = SoftwareSigner::from_pkcs12(&file, "password").unwrap();
        let chain: Vec<Vec<u8>> = signer
            .certificate_chain()
            .iter()
            .map(|der| der.to_vec())
            .collect();
        let expected = [
            certificates(folder.path(), "cert.pem"),
            certificates(folder.path(), "middle.pem"),
        ];
        assert_eq!(chain, expected.concat());

        let output = Cursor::new(Vec::new());
        let mut writer = EnvelopeWriter::new(output, WriterOptions::default()).unwrap();
        writer.add("file.csv", &mut &b"contents"[..]).unwrap();
        // Signing checks the signature against the certificate.
        writer.finish(&signer, chrono::Utc::now()).unwrap();
    }
}

#[test]
fn a_file_without_a_name_or_other_certificates_is_read() {
    let folder = chain("rsa:2048");
    openssl(folder.path(), EXPORT);
    let file = fs::read(folder.path().join("office.p12")).unwrap();
    let signer = SoftwareSigner::from_pkcs12(&file, "password").unwrap();
    assert_eq!(signer.certificate_chain().len(), 1);
}

#[test]
fn what_is_wrong_with_it_is_said() {
    let folder = chain("rsa:2048");
    let kind = |password: &str| {
        let file = fs::read(folder.path().join("office.p12")).unwrap();
        SoftwareSigner::from_pkcs12(&file, password)
            .map(drop)
            .map_err(|error| error.kind())
    };
    openssl(folder.path(), EXPORT);
    assert_eq!(kind("wrong"), Err(ErrorKind::Pkcs12Password));
    assert_eq!(kind(""), Err(ErrorKind::Pkcs12Password));
    assert_eq!(kind("password"), Ok(()));

    openssl(
        folder.path(),
        "pkcs12 -export -nokeys -in cert.pem -passout pass:password -out office.p12",
    );
    assert_eq!(kind("password"), Err(ErrorKind::Pkcs12));
    openssl(
        folder.path(),
        &format!("{EXPORT} -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1"),
    );
    assert_eq!(kind("password"), Err(ErrorKind::Pkcs12));
    openssl(
        folder.path(),
        "pkcs12 -export -nocerts -inkey key.pem -passout pass:password -out office.p12",
    );
    assert_eq!(kind("password"), Err(ErrorKind::Pkcs12));
}

#[test]
fn garbage_and_damage_are_refused() {
    let folder = chain("ec -pkeyopt ec_paramgen_curve:P-256");
    openssl(folder.path(), EXPORT);
    let file = fs::read(folder.path().join("office.p12")).unwrap();
    for other in [&b""[..], b"garbage", b"\x30\x80", &file[..file.len() - 1]] {
        let error = SoftwareSigner::from_pkcs12(other, "password").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Pkcs12);
    }
    // Every 13th byte changed: whatever is said, nothing is loaded that is not what it was.
    let whole = SoftwareSigner::from_pkcs12(&file, "password").unwrap();
    for at in (0..file.len()).step_by(13) {
        let mut changed = file.clone();
        changed[at] ^= 0x20;
        if let Ok(signer) = SoftwareSigner::from_pkcs12(&changed, "password") {
            assert_eq!(
                signer.certificate_chain(),
                whole.certificate_chain(),
                "byte {at}"
            );
        }
    }
}
