//! Sealed containers: nothing panics, and nothing but what was sealed comes out.
//!
//! fixtures/sealed-key.pem and sealed-cert.pem belong to nobody; the seeds in corpus/envelope_sealed
//! are sealed to them by OpenSSL and by careplan-envelope.
#![no_main]

use std::io::Cursor;
use std::sync::LazyLock;

use careplan_envelope::sealing::{Opener, looks_sealed};
use careplan_envelope::{PrivateKey, pem};
use libfuzzer_sys::fuzz_target;

static OPENER: LazyLock<Opener> = LazyLock::new(|| {
    let key = PrivateKey::from_pem(include_bytes!("../fixtures/sealed-key.pem")).unwrap();
    let certificates = pem::certificates(include_bytes!("../fixtures/sealed-cert.pem")).unwrap();
    Opener::new(&key, &certificates[0]).unwrap()
});

fuzz_target!(|sealed: &[u8]| {
    let mut opened = Vec::new();
    if OPENER.open(Cursor::new(sealed), &mut opened).is_ok() {
        assert!(looks_sealed(sealed));
        assert_eq!(opened, b"container\n");
    } else {
        assert!(opened.is_empty());
    }
});
