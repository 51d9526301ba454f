//! Whole containers: nothing panics, and nothing but the seed's files is ever accepted.
//!
//! fixtures/envelope-root.der is the authority of the seeds in corpus/envelope_container, which
//! careplan-envelope signed with keys that were thrown away: what verifies was not made here.
#![no_main]

use std::io::Cursor;
use std::sync::LazyLock;

use careplan_envelope::{Verifier, fuzzing};
use libfuzzer_sys::fuzz_target;

const ROOT: &[u8] = include_bytes!("../fixtures/envelope-root.der");

static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| {
    Verifier::builder()
        .trust_anchor(&ROOT.into())
        .unwrap()
        .build()
        .unwrap()
});

fuzz_target!(|container: &[u8]| {
    fuzzing::archive(container);
    let at = "2026-11-02T02:00:00Z".parse().unwrap();
    if let Ok(mut envelope) = VERIFIER.verify(Cursor::new(container), at) {
        assert_eq!(envelope.signer().office.as_str(), "1370948774");
        let files: Vec<_> = envelope.files().iter().map(|file| file.name.clone()).collect();
        assert_eq!(files, ["UPPLAN.CSV", "週間.pdf"]);
        assert_eq!(envelope.read_file("UPPLAN.CSV").unwrap(), b"1,2,3\r\n1,2,3\r\n");
        assert_eq!(envelope.read_file("週間.pdf").unwrap(), b"%PDF-1.7");
    }
});
