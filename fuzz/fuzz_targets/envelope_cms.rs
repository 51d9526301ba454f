//! Signatures: nothing panics, and none is good for a message that nobody signed.
#![no_main]

use careplan_envelope::fuzzing;
use libfuzzer_sys::fuzz_target;

/// What the seeds in corpus/envelope_cms are signatures of.
const SIGNED: &[u8] = b"signed";

fuzz_target!(|signature: &[u8]| {
    // Whether it is good shows in the coverage; for the other message it must not be.
    let _ = fuzzing::signature(signature, SIGNED);
    assert!(!fuzzing::signature(signature, b"not signed"));
});
