//! OpenSSL and unzip agree with us, both ways.

mod common;

use std::fs;
use std::io::Cursor;

use careplan_envelope::*;
use chrono::Utc;
use common::openssl::{OFFICE, OpenSsl, P256, RSA2048, SUBJECT};
use common::{FILES, authority, container_with, parts, run, signer_of, zip};

/// The files with plain names that the containers of other programs hold.
const PLAIN: [(&str, &[u8]); 2] = [("UPPLAN.CSV", b"1,2,3\r\n"), ("PLAN.PDF", b"%PDF-1.7")];

#[test]
fn openssl_accepts_our_signature_and_unzip_our_container() {
    let mut authority = authority();
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("root.pem"),
        authority.certificate_pem().unwrap(),
    )
    .unwrap();
    for (algorithm, padding) in [
        (KeyAlgorithm::EcdsaP256, RsaPadding::Pkcs1),
        (KeyAlgorithm::EcdsaP384, RsaPadding::Pkcs1),
        (KeyAlgorithm::Rsa2048, RsaPadding::Pkcs1),
        (KeyAlgorithm::Rsa2048, RsaPadding::Pss),
        (KeyAlgorithm::Rsa4096, RsaPadding::Pss),
    ] {
        for compression in [Compression::Deflate, Compression::Stored] {
            let signer = signer_of(&mut authority, algorithm, CertificateKind::CareDx)
                .with_rsa_padding(padding);
            let (_, bytes) = container_with(&signer, compression, &FILES);
            fs::write(folder.path().join("envelope.asice"), bytes).unwrap();

            let tested = run(folder.path(), "unzip", &["-t", "envelope.asice"]);
            assert!(tested.contains("No errors detected"), "{tested}");
            run(
                folder.path(),
                "unzip",
                &["-o", "-q", "envelope.asice", "-d", "out"],
            );
            for (name, contents) in FILES {
                let unzipped = fs::read(folder.path().join("out").join(name));
                assert_eq!(unzipped.unwrap(), contents);
            }
            // -cades also checks signing-certificate-v2; the purpose is the certificate's only one.
            run(
                folder.path(),
                "openssl",
                &[
                    "cms",
                    "-verify",
                    "-cades",
                    "-binary",
                    "-inform",
                    "DER",
                    "-in",
                    "out/META-INF/signature001.p7s",
                    "-content",
                    "out/META-INF/ASiCManifest001.xml",
                    "-CAfile",
                    "root.pem",
                    "-purpose",
                    "sslclient",
                    "-x509_strict",
                    "-attime",
                    "1793584800",
                    "-out",
                    "signed.xml",
                ],
            );
        }
    }
}

#[test]
fn openssl_reads_our_certificates_and_lists() {
    let mut authority = authority();
    let folder = tempfile::tempdir().unwrap();
    let write =
        |name: &str, contents: &[u8]| fs::write(folder.path().join(name), contents).unwrap();
    let signer = common::signer(&mut authority);
    let serial = authority.register()[0].serial.clone();
    write("root.pem", authority.certificate_pem().unwrap().as_bytes());
    write("office.der", &signer.certificate_chain()[0]);
    let openssl = |arguments: &[&str]| run(folder.path(), "openssl", arguments);
    openssl(&[
        "x509",
        "-inform",
        "DER",
        "-in",
        "office.der",
        "-out",
        "office.pem",
    ]);
    let text = openssl(&["x509", "-in", "office.pem", "-noout", "-text", "-subject"]);
    for expected in [
        "serialNumber = 1370948774",
        "Digital Signature",
        "TLS Web Client Authentication",
        "Policy: 1.3.6.1.4.1.32473.1.2",
        "CA:FALSE",
    ] {
        assert!(text.contains(expected), "{expected} in {text}");
    }

    let at = [
        "-attime",
        "1793584800",
        "-x509_strict",
        "-CAfile",
        "root.pem",
    ];
    openssl(
        &[
            &["verify"][..],
            &at,
            &["-purpose", "sslclient", "office.pem"],
        ]
        .concat(),
    );

    let empty = authority
        .crl(common::now(), common::now() + chrono::TimeDelta::days(1))
        .unwrap();
    write("empty.crl", &empty);
    openssl(&[
        "crl",
        "-inform",
        "DER",
        "-in",
        "empty.crl",
        "-out",
        "empty.pem",
    ]);
    openssl(
        &[
            &["verify"][..],
            &at,
            &["-crl_check", "-CRLfile", "empty.pem", "office.pem"],
        ]
        .concat(),
    );
    authority
        .revoke(&serial, RevocationReason::KeyCompromise, common::now())
        .unwrap();
    let list = authority
        .crl(common::now(), common::now() + chrono::TimeDelta::days(1))
        .unwrap();
    write("list.crl", &list);
    let text = openssl(&[
        "crl", "-inform", "DER", "-in", "list.crl", "-noout", "-text", "-CAfile", "root.pem",
    ]);
    assert!(text.contains("verify OK"), "{text}");
    assert!(text.contains("Key Compromise"), "{text}");
    assert!(text.to_lowercase().contains(&serial.to_string()), "{text}");
}

#[test]
fn we_accept_what_openssl_signed() {
    let openssl = OpenSsl::new();
    let verifier = Verifier::builder()
        .trust_anchor(&openssl.certificate("root"))
        .unwrap()
        .build()
        .unwrap();
    let p384: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"];
    let rsa4096: &[&str] = &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4096"];
    let pss: &[&str] = &[
        "-keyopt",
        "rsa_padding_mode:pss",
        "-keyopt",
        "rsa_pss_saltlen:32",
    ];
    for (algorithm, more) in [
        (P256, &["-md", "sha256"][..]),
        (p384, &["-md", "sha384"]),
        (p384, &["-md", "sha256"]),
        (RSA2048, &["-md", "sha256"]),
        (rsa4096, &["-md", "sha256"]),
        (RSA2048, &[&["-md", "sha256"], pss].concat()),
        (P256, &["-md", "sha256", "-nosmimecap"]),
        (P256, &["-md", "sha256", "-keyid"]),
    ] {
        openssl.office("office", algorithm);
        let manifest = parts::manifest_of(&PLAIN);
        let signature = openssl.sign("office", manifest.as_bytes(), &[&["-cades"], more].concat());
        let entries = parts::entries(&PLAIN, manifest.as_bytes(), &signature);
        let archive = zip::write(&entries);
        let mut envelope = verifier
            .verify(Cursor::new(archive.bytes), Utc::now())
            .unwrap_or_else(|error| panic!("{algorithm:?} {more:?}: {error}"));
        assert_eq!(envelope.signer().office.as_str(), "1370948774");
        for (name, contents) in PLAIN {
            assert_eq!(envelope.read_file(name).unwrap(), contents);
        }
    }
}

#[test]
fn we_accept_a_chain_through_an_intermediate() {
    let openssl = OpenSsl::new();
    let issuing = "basicConstraints=critical,CA:TRUE,pathlen:0\n\
        keyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n";
    openssl.issue(
        "issuing",
        P256,
        "/CN=Issuing authority",
        issuing,
        "root",
        &["-sha256"],
    );
    openssl.issue("office", P256, SUBJECT, OFFICE, "issuing", &["-sha256"]);
    let verifier = Verifier::builder()
        .trust_anchor(&openssl.certificate("root"))
        .unwrap()
        .build()
        .unwrap();
    let manifest = parts::manifest_of(&PLAIN);
    let verify = |more: &[&str]| {
        let cades = &["-cades", "-md", "sha256"];
        let signature = openssl.sign("office", manifest.as_bytes(), &[cades, more].concat());
        let entries = parts::entries(&PLAIN, manifest.as_bytes(), &signature);
        let result = verifier.verify(Cursor::new(zip::write(&entries).bytes), Utc::now());
        result.map(drop).map_err(|error| error.code())
    };
    assert_eq!(verify(&["-certfile", "issuing.crt"]), Ok(()));
    assert_eq!(verify(&[]), Err("untrusted-issuer"));
    // The trust anchor itself may come along.
    let both = [openssl.read("issuing.crt"), openssl.read("root.crt")].concat();
    fs::write(openssl.file("both.crt"), both).unwrap();
    assert_eq!(verify(&["-certfile", "both.crt"]), Ok(()));

    // The same chain from our side.
    let chain = [openssl.read("office.crt"), openssl.read("issuing.crt")].concat();
    let signer = SoftwareSigner::from_pem(&openssl.read("office.key"), &chain).unwrap();
    let mut writer =
        EnvelopeWriter::new(Cursor::new(Vec::new()), WriterOptions::default()).unwrap();
    writer.add("a.csv", &mut &b"a"[..]).unwrap();
    let (_, output) = writer.finish(&signer, Utc::now()).unwrap();
    verifier.verify(output, Utc::now()).unwrap();
}
