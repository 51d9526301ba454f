//! Signing and verifying containers against what their bare parts allow, against OpenSSL and
//! against Bouncy Castle.
//!
//! Everything of one comparison runs in this process on one thread, a round of ours and a round of
//! the bare parts in turn; the best round of each counts. OpenSSL is started as a program for every
//! signature, as vendors' scripts do; Bouncy Castle runs in one Java machine until it is warm.

use std::fs;
use std::hint::black_box;
use std::io::{Cursor, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey,
};
use careplan_benches::generate;
use careplan_envelope::{
    Authority, CertificateKind, Compression, EnvelopeWriter, KeyAlgorithm, PrivateKey,
    SoftwareSigner, Validity, Verifier, WriterOptions,
};
use chrono::{DateTime, Utc};
use flate2::write::{DeflateDecoder, DeflateEncoder};
use serde_json::json;

use crate::Failure;

/// Four files, 100 KB: what one user's month sends, and a little more.
const SIZES: [u64; 4] = [40_000, 30_000, 20_000, 10_000];
/// Rounds of one container each: short ones, so that some fall between what else the machine does.
const ROUNDS: usize = 400;
/// What is measured per started program is slow; fewer are enough.
const PROGRAM_RUNS: usize = 10;

/// Bouncy Castle, where Debian puts it, and the program that uses it.
const JARS: [&str; 3] = [
    "/usr/share/java/bcprov.jar",
    "/usr/share/java/bcpkix.jar",
    "/usr/share/java/bcutil.jar",
];
const PEER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../crates/careplan-envelope/tests/bouncy_castle/Envelope.java"
);

/// What is signed, and with what.
struct Bench {
    files: Vec<(String, Vec<u8>)>,
    signer: SoftwareSigner,
    /// The same key, for the bare signature.
    key: KeyPair,
    certificate_pem: String,
    authority_pem: String,
    verifier: Verifier,
    now: DateTime<Utc>,
}

/// A comparison: seconds per container.
struct Pair {
    name: String,
    wanted: f64,
    ours: f64,
    parts: f64,
}

impl Pair {
    fn ratio(&self) -> f64 {
        self.parts / self.ours
    }
}

/// A peer: what it did, seconds a container, and how many times ours that is.
type Peer = (&'static str, f64, f64);

/// Measures everything and prints it.
pub(crate) fn run(json: bool) -> Result<(), Failure> {
    let bench = Bench::new()?;
    let mut pairs = Vec::new();
    let mut sizes = Vec::new();
    for compression in [Compression::Deflate, Compression::Stored] {
        let on = compression == Compression::Deflate;
        let name = if on { "compressed" } else { "stored" };
        let container = bench.sign(compression)?;
        sizes.push((name, container.len()));
        let mut room = container.clone();
        let (ours, parts) = alternate(
            || {
                room = bench.sign_into(std::mem::take(&mut room), compression)?;
                Ok(())
            },
            || bench.sign_parts(on).map(drop),
        )?;
        pairs.push(Pair {
            name: format!("signing, {name}"),
            wanted: 0.8,
            ours,
            parts,
        });
        let deflated = bench.deflated()?;
        let signature = bench.bare_signature()?;
        let (ours, parts) = alternate(
            || bench.verify(&container),
            || bench.verify_parts(&signature, on.then_some(&deflated)),
        )?;
        pairs.push(Pair {
            name: format!("verifying, {name}"),
            wanted: 0.5,
            ours,
            parts,
        });
    }
    let mut programs = bench.openssl()?;
    programs.extend(bench.bouncy_castle()?);

    if json {
        let rows: Vec<_> = pairs
            .iter()
            .map(|pair| {
                json!({
                    "name": pair.name,
                    "wanted": pair.wanted,
                    "ratio": pair.ratio(),
                    "ours_us": pair.ours * 1e6,
                    "parts_us": pair.parts * 1e6,
                })
            })
            .chain(programs.iter().map(|(name, seconds, ratio)| {
                json!({"name": name, "ratio": ratio, "peer_us": seconds * 1e6})
            }))
            .collect();
        println!(
            "{}",
            json!({"ratios": rows, "container_bytes": sizes.iter().copied().collect::<std::collections::BTreeMap<_, _>>()})
        );
        return Ok(());
    }
    println!(
        "4 files, {} bytes, RSA 2048, one thread",
        SIZES.iter().sum::<u64>()
    );
    for pair in &pairs {
        println!(
            "{:<24} {:>7.0} us, bare parts {:>7.0} us, ratio {:.2} (wanted {})",
            pair.name,
            pair.ours * 1e6,
            pair.parts * 1e6,
            pair.ratio(),
            pair.wanted
        );
    }
    for (name, size) in &sizes {
        println!("container, {name}: {size} bytes");
    }
    for (name, seconds, ratio) in &programs {
        println!(
            "{name}: {:.0} us, {ratio:.1} times ours (compressed)",
            seconds * 1e6
        );
    }
    Ok(())
}

/// The best seconds per container of two things done in turn.
fn alternate(
    mut ours: impl FnMut() -> Result<(), Failure>,
    mut parts: impl FnMut() -> Result<(), Failure>,
) -> Result<(f64, f64), Failure> {
    let mut best = (f64::INFINITY, f64::INFINITY);
    for _ in 0..ROUNDS {
        best.0 = best.0.min(round(&mut ours)?);
        best.1 = best.1.min(round(&mut parts)?);
    }
    Ok(best)
}

fn round(work: &mut impl FnMut() -> Result<(), Failure>) -> Result<f64, Failure> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64())
}

impl Bench {
    fn new() -> Result<Self, Failure> {
        let now = Utc::now();
        let mut authority =
            Authority::create("Bench", KeyAlgorithm::Rsa2048, Validity::days(now, 30)?)?;
        let key = PrivateKey::generate(KeyAlgorithm::Rsa2048)?;
        let office = "1370948774".parse()?;
        let issued = authority.issue_office(
            key.request_pem(office)?.as_bytes(),
            office,
            CertificateKind::CareInsurance,
            Validity::days(now, 20)?,
        )?;
        let bare = KeyPair::from_pkcs8(&key.to_pkcs8()?)?;
        let mut files = Vec::new();
        for (at, size) in SIZES.into_iter().enumerate() {
            let mut bytes = Vec::new();
            if at % 2 == 0 {
                generate::table_6(size, &mut bytes)?;
            } else {
                generate::table_2(size, &mut bytes)?;
            }
            bytes.truncate(usize::try_from(size)?);
            files.push((format!("FILE{at}_202610_1370948774.CSV"), bytes));
        }
        Ok(Self {
            files,
            certificate_pem: issued.to_pem()?,
            authority_pem: authority.certificate_pem()?,
            signer: SoftwareSigner::new(key, vec![issued.certificate])?,
            key: bare,
            verifier: Verifier::builder()
                .trust_anchor(authority.certificate())?
                .build()?,
            now,
        })
    }

    fn sign(&self, compression: Compression) -> Result<Vec<u8>, Failure> {
        self.sign_into(Vec::new(), compression)
    }

    /// Signs into memory that was there before: making it grow is no part of signing.
    fn sign_into(&self, mut room: Vec<u8>, compression: Compression) -> Result<Vec<u8>, Failure> {
        room.clear();
        let options = WriterOptions::default().with_compression(compression);
        let mut writer = EnvelopeWriter::new(Cursor::new(room), options)?;
        for (name, contents) in &self.files {
            writer.add(name, &mut contents.as_slice())?;
        }
        Ok(writer.finish(&self.signer, self.now)?.1.into_inner())
    }

    fn verify(&self, container: &[u8]) -> Result<(), Failure> {
        black_box(self.verifier.verify(Cursor::new(container), self.now)?);
        Ok(())
    }

    /// What a signature is over, in size: signed attributes of CAdES.
    fn message() -> [u8; 300] {
        [7; 300]
    }

    fn bare_signature(&self) -> Result<Vec<u8>, Failure> {
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            &Self::message(),
            &mut signature,
        )?;
        Ok(signature)
    }

    fn deflated(&self) -> Result<Vec<Vec<u8>>, Failure> {
        self.files
            .iter()
            .map(|(_, contents)| {
                // The level that the ZIP writer uses.
                let mut encoder = DeflateEncoder::new(Vec::new(), flate2::Compression::default());
                encoder.write_all(contents)?;
                Ok(encoder.finish()?)
            })
            .collect()
    }

    /// The bare parts of signing: compression if it is on, SHA-256 of the files, one signature.
    fn sign_parts(&self, compress: bool) -> Result<(), Failure> {
        if compress {
            black_box(self.deflated()?);
        }
        for (_, contents) in &self.files {
            black_box(digest(&SHA256, contents));
        }
        black_box(self.bare_signature()?);
        Ok(())
    }

    /// The bare parts of verifying: inflation, SHA-256, and two signatures: the container's and its
    /// certificate's.
    fn verify_parts(
        &self,
        signature: &[u8],
        deflated: Option<&Vec<Vec<u8>>>,
    ) -> Result<(), Failure> {
        match deflated {
            Some(deflated) => {
                for bytes in deflated {
                    let mut decoder = DeflateDecoder::new(Vec::new());
                    decoder.write_all(bytes)?;
                    black_box(digest(&SHA256, &decoder.finish()?));
                }
            }
            None => {
                for (_, contents) in &self.files {
                    black_box(digest(&SHA256, contents));
                }
            }
        }
        let public = self.key.public_key().as_ref();
        for _ in 0..2 {
            UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public)
                .verify(&Self::message(), signature)?;
        }
        Ok(())
    }

    /// `openssl cms` signing and verifying a manifest as a program; none if it is not installed.
    /// Gives the name, seconds a run, and how many times ours that is.
    fn openssl(&self) -> Result<Vec<Peer>, Failure> {
        if Command::new("openssl").arg("version").output().is_err() {
            eprintln!("openssl is not installed: not compared with it");
            return Ok(Vec::new());
        }
        let folder = tempfile::tempdir()?;
        let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes);
        write("key.pem", self.signer.key().to_pem()?.as_bytes())?;
        program(
            folder.path(),
            "req -x509 -key key.pem -subj /CN=bench -days 2 -out cert.pem",
        )?;
        write("manifest.xml", &[b'x'; 1500])?;
        let sign = "cms -sign -cades -binary -md sha256 -in manifest.xml -signer cert.pem -inkey key.pem -outform DER -out signature.p7s";
        let verify = "cms -verify -cades -binary -inform DER -in signature.p7s -content manifest.xml -CAfile cert.pem -purpose any -out out";
        let ours_sign = best_of(&mut || self.sign(Compression::Deflate).map(drop))?;
        let container = self.sign(Compression::Deflate)?;
        let ours_verify = best_of(&mut || self.verify(&container))?;
        let mut rows = Vec::new();
        for (name, arguments, ours) in [
            (
                "openssl cms -sign of the manifest, a process",
                sign,
                ours_sign,
            ),
            (
                "openssl cms -verify of the manifest, a process",
                verify,
                ours_verify,
            ),
        ] {
            let mut best = f64::INFINITY;
            for _ in 0..PROGRAM_RUNS {
                let start = Instant::now();
                program(folder.path(), arguments)?;
                best = best.min(start.elapsed().as_secs_f64());
            }
            rows.push((name, best, best / ours));
        }
        Ok(rows)
    }

    /// Bouncy Castle with the Java library's ZIP: the whole container, as ours; none if it is not
    /// installed.
    fn bouncy_castle(&self) -> Result<Vec<Peer>, Failure> {
        if !JARS.iter().all(|jar| Path::new(jar).exists()) {
            eprintln!(
                "Bouncy Castle (Debian package libbcpkix-java) is not there: not compared with it"
            );
            return Ok(Vec::new());
        }
        let folder = tempfile::tempdir()?;
        let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes);
        write("key.pem", self.signer.key().to_pem()?.as_bytes())?;
        write("cert.pem", self.certificate_pem.as_bytes())?;
        write("ca.pem", self.authority_pem.as_bytes())?;
        let mut arguments = vec!["bench", "key.pem", "cert.pem", "ca.pem"];
        for (name, contents) in &self.files {
            write(name, contents)?;
            arguments.push(name);
        }
        let output = Command::new("java")
            .args(["-cp", &JARS.join(":"), PEER])
            .args(arguments)
            .current_dir(folder.path())
            .stderr(Stdio::inherit())
            .output()?;
        let text = String::from_utf8(output.stdout)?;
        let mut microseconds = text.split_whitespace().map(str::parse::<f64>);
        let (Some(Ok(sign)), Some(Ok(verify))) = (microseconds.next(), microseconds.next()) else {
            return Err("Bouncy Castle's bench failed".into());
        };
        let container = self.sign(Compression::Deflate)?;
        let ours_sign = best_of(&mut || self.sign(Compression::Deflate).map(drop))?;
        let ours_verify = best_of(&mut || self.verify(&container))?;
        Ok(vec![
            (
                "Bouncy Castle signing the container, warm",
                sign / 1e6,
                sign / 1e6 / ours_sign,
            ),
            (
                "Bouncy Castle verifying it, warm",
                verify / 1e6,
                verify / 1e6 / ours_verify,
            ),
        ])
    }
}

/// The best of all rounds.
fn best_of(work: &mut impl FnMut() -> Result<(), Failure>) -> Result<f64, Failure> {
    (0..ROUNDS).try_fold(f64::INFINITY, |best, _| Ok(round(work)?.min(best)))
}

fn program(folder: &Path, arguments: &str) -> Result<(), Failure> {
    let status = Command::new("openssl")
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .stderr(Stdio::null())
        .status()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("openssl {arguments} failed").into())
    }
}
