//! Paths of NIST's Public Key Interoperability Test Suite (PKITS 1.0.1, 2011) through our path
//! validation.
//!
//! The certificates come with the Python package `cryptography_vectors`, which is installed where
//! `CAREPLAN_PYTHON` points; they are not part of this repository. `pkits.txt` holds the paths, what
//! NIST says of them, and what is said here.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says why it was skipped"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};

use super::Trust;
use crate::certificate::ParsedCertificate;

/// The folder of the suite; `None` if Python or the package is not there and need not be.
fn suite() -> Option<PathBuf> {
    const SCRIPT: &str = "import cryptography_vectors, os; \
        print(os.path.dirname(cryptography_vectors.__file__), end='')";
    let found = std::env::var_os("CAREPLAN_PYTHON").and_then(|python| {
        let output = Command::new(python).args(["-c", SCRIPT]).output().ok()?;
        let folder = PathBuf::from(String::from_utf8(output.stdout).ok()?).join("x509/PKITS_data");
        folder.is_dir().then_some(folder)
    });
    if found.is_none() {
        let required = std::env::var_os("CAREPLAN_REQUIRE_PEERS").is_some();
        assert!(
            !required,
            "CAREPLAN_PYTHON has no package cryptography_vectors"
        );
        eprintln!("skipped: CAREPLAN_PYTHON has no package cryptography_vectors");
    }
    found
}

/// A line of `pkits.txt`.
struct Case<'a> {
    number: &'a str,
    end_entity: &'a str,
    authorities: Vec<&'a str>,
    lists: Vec<&'a str>,
    /// What NIST says: whether the path is valid.
    valid: bool,
    /// What is said here: `valid`, the code of a refusal, or `list` if a list cannot be given to a
    /// verifier.
    ours: &'a str,
}

fn cases() -> Vec<Case<'static>> {
    include_str!("pkits.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let fields: Vec<&str> = line.split('|').map(str::trim).collect();
            let [number, end_entity, authorities, lists, nist, ours] = fields[..] else {
                panic!("{line}");
            };
            Case {
                number,
                end_entity,
                authorities: authorities.split_whitespace().collect(),
                lists: lists.split_whitespace().collect(),
                valid: match nist {
                    "valid" => true,
                    "invalid" => false,
                    _ => panic!("{line}"),
                },
                ours,
            }
        })
        .collect()
}

/// What a verifier that trusts the suite's anchor says of a path.
fn judge(suite: &Path, case: &Case<'_>) -> &'static str {
    let read = |folder: &str, name: &str| {
        let path = suite.join(folder).join(name);
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let certificate = |name: &str| CertificateDer::from(read("certs", &format!("{name}.crt")));

    let mut trust = Trust::nobody();
    trust
        .add_anchor(&certificate("TrustAnchorRootCertificate"))
        .unwrap();
    for name in std::iter::once(&"TrustAnchorRootCRL").chain(&case.lists) {
        let list = CertificateRevocationListDer::from(read("crls", &format!("{name}.crl")));
        if trust.add_revocation_list(&list).is_err() {
            return "list";
        }
    }
    let others: Vec<CertificateDer<'_>> = case
        .authorities
        .iter()
        .map(|name| certificate(name))
        .collect();
    let end_entity = certificate(case.end_entity);
    let Some(parsed) = ParsedCertificate::parse(&end_entity) else {
        return "certificate-malformed";
    };
    // Most of the suite is valid from 2010 to 2030.
    let at = "2026-11-02T02:00:00Z".parse().unwrap();
    match trust.validate(&end_entity, &parsed, &others, at) {
        Ok(()) => "valid",
        Err(refusal) => refusal.code(),
    }
}

#[test]
fn paths_of_pkits_are_judged_as_written() {
    let Some(suite) = suite() else { return };
    let cases = cases();
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let ours = judge(&suite, case);
            (ours != case.ours).then(|| format!("{} {}: {ours}", case.number, case.end_entity))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The table itself, without the suite: nothing that NIST calls invalid is accepted, but for what
/// certificate policies would decide.
#[test]
fn the_table_of_pkits_is_sound() {
    let cases = cases();
    let mut sections: BTreeMap<&str, usize> = BTreeMap::new();
    for case in &cases {
        let (section, _) = case.number.rsplit_once('.').unwrap();
        *sections.entry(section).or_default() += 1;
        // The suite's own names say it, but those of the tests of policies.
        if case.end_entity.starts_with("Valid") || case.end_entity.starts_with("Invalid") {
            assert_eq!(
                case.end_entity.starts_with("Valid"),
                case.valid,
                "{}",
                case.number
            );
        }
        assert!(case.valid || case.ours != "valid", "{}", case.number);
    }
    assert_eq!(cases.len(), 213);
}
