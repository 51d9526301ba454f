//! Receipts and checkpoints: nothing panics, and a document that is read is the one way to write it.
#![no_main]

use careplan_envelope::evidence::{Checkpoint, Receipt};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|json: &[u8]| {
    if let Ok(receipt) = Receipt::from_json(json) {
        assert_eq!(receipt.to_json().unwrap(), json);
    }
    if let Ok(checkpoint) = Checkpoint::from_json(json) {
        assert_eq!(checkpoint.to_json().unwrap(), json);
    }
});
