//! Certificates and revocation lists: nothing panics, and only accepted kinds and real office numbers
//! come out.
#![no_main]

use std::sync::LazyLock;

use careplan_envelope::{CertificateProfile, Verifier};
use libfuzzer_sys::fuzz_target;

static PROFILE: LazyLock<CertificateProfile> = LazyLock::new(CertificateProfile::default);

fuzz_target!(|certificate: &[u8]| {
    if let Ok(office) = PROFILE.office_of(&certificate.into()) {
        assert!(office.kind.is_accepted());
        assert!(office.serial.as_bytes().len() <= 21);
    }
    // As an authority's, and as a list: read or refused.
    let _ = Verifier::builder().trust_anchor(&certificate.into());
    let _ = Verifier::builder().crl(&certificate.into());
});
