//! Manifests: nothing panics, and what is read is the same when written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|manifest: &[u8]| careplan_envelope::fuzzing::manifest(manifest));
