//! No single flipped bit of a container goes unnoticed.
//!
//! With stored files there is no exception. With deflated files there is one, which this test
//! pins down: inside the compressed data of a file, bits that decode to the very same contents
//! (padding behind the last block, or a repetition expressed by another distance). The files are
//! then the signed ones to the last byte.
#![allow(
    clippy::unwrap_used,
    reason = "clippy knows test functions, not what they call"
)]

mod common;

use std::io::Cursor;
use std::ops::Range;

use careplan_envelope::*;
use chrono::{DateTime, Utc};
use common::openssl::{OFFICE, OpenSsl, P256, SUBJECT};
use common::{FILES, authority, container_with, now, signer, signer_of, verifier};

/// Flips every bit; gives the positions (in bytes) of those that verified.
fn accepted_flips(verifier: &Verifier, container: &[u8]) -> Vec<usize> {
    accepted_flips_at(verifier, container, now())
}

fn accepted_flips_at(verifier: &Verifier, container: &[u8], time: DateTime<Utc>) -> Vec<usize> {
    let threads = 2;
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|first| {
                scope.spawn(move || {
                    let mut bytes = container.to_vec();
                    let mut accepted = Vec::new();
                    for at in (first..container.len()).step_by(threads) {
                        for bit in 0..8 {
                            bytes[at] ^= 1 << bit;
                            if let Ok(mut envelope) = verifier.verify(Cursor::new(&bytes), time) {
                                accepted.push(at);
                                for (name, contents) in FILES {
                                    assert_eq!(envelope.read_file(name).unwrap(), contents);
                                }
                            }
                            bytes[at] ^= 1 << bit;
                        }
                    }
                    accepted
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap())
            .collect()
    })
}

/// Where the compressed data of the files are.
fn file_data(container: &[u8]) -> Vec<Range<usize>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(container)).unwrap();
    FILES
        .iter()
        .map(|(name, _)| {
            let file = archive.by_name(name).unwrap();
            let start = usize::try_from(file.data_start().unwrap()).unwrap();
            start..start + usize::try_from(file.compressed_size()).unwrap()
        })
        .collect()
}

#[test]
fn every_flipped_bit_of_a_stored_container_is_noticed() {
    let mut authority = authority();
    for (algorithm, padding) in [
        (KeyAlgorithm::EcdsaP256, RsaPadding::Pkcs1),
        (KeyAlgorithm::Rsa2048, RsaPadding::Pkcs1),
        (KeyAlgorithm::Rsa2048, RsaPadding::Pss),
    ] {
        let signer =
            signer_of(&mut authority, algorithm, CertificateKind::CareDx).with_rsa_padding(padding);
        let (_, container) = container_with(&signer, Compression::Stored, &FILES);
        let accepted = accepted_flips(&verifier(&authority), &container);
        assert_eq!(accepted, Vec::<usize>::new(), "{algorithm:?} {padding:?}");
    }
}

#[test]
fn every_flipped_bit_of_a_chain_is_noticed() {
    let openssl = OpenSsl::new();
    let issuing = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n";
    let subject = "/CN=Issuing authority";
    openssl.issue("issuing", P256, subject, issuing, "root", &["-sha256"]);
    openssl.issue("office", P256, SUBJECT, OFFICE, "issuing", &["-sha256"]);
    // With the trust anchor itself, which path validation does not look at.
    let chain = ["office.crt", "issuing.crt", "root.crt"].map(|name| openssl.read(name));
    let signer = SoftwareSigner::from_pem(&openssl.read("office.key"), &chain.concat()).unwrap();
    let options = WriterOptions::default().with_compression(Compression::Stored);
    let mut writer = EnvelopeWriter::new(Cursor::new(Vec::new()), options).unwrap();
    for (name, contents) in FILES {
        writer.add(name, &mut &contents[..]).unwrap();
    }
    let (_, output) = writer.finish(&signer, Utc::now()).unwrap();
    let container = output.into_inner();
    let verifier = Verifier::builder()
        .trust_anchor(&openssl.certificate("root"))
        .unwrap()
        .build()
        .unwrap();
    verifier
        .verify(Cursor::new(&container), Utc::now())
        .unwrap();
    let accepted = accepted_flips_at(&verifier, &container, Utc::now());
    assert_eq!(accepted, Vec::<usize>::new());
}

#[test]
fn every_flipped_bit_of_a_deflated_container_is_noticed_or_changes_nothing() {
    let mut authority = authority();
    let signer = signer(&mut authority);
    let (_, container) = container_with(&signer, Compression::Deflate, &FILES);
    let data = file_data(&container);
    let outside: Vec<usize> = accepted_flips(&verifier(&authority), &container)
        .into_iter()
        .filter(|at| !data.iter().any(|range| range.contains(at)))
        .collect();
    assert_eq!(outside, Vec::<usize>::new());
}
