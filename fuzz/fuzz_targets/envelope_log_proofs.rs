//! Proofs: none but the tree's own proof holds, whatever is made of it.
//!
//! The input is a byte for the entry or the earlier size, one for the index, one for the size, and
//! hashes of 32 bytes.
#![no_main]

use std::sync::LazyLock;

use careplan_core::Sha256Digest;
use careplan_envelope::evidence::{ConsistencyProof, InclusionProof, MerkleTree};
use libfuzzer_sys::fuzz_target;

const SIZE: u64 = 11;

static TREE: LazyLock<MerkleTree<Vec<Sha256Digest>>> = LazyLock::new(|| {
    let mut tree = MerkleTree::open(Vec::new()).unwrap();
    for entry in 0..SIZE as u8 {
        tree.append(&[entry]).unwrap();
    }
    tree
});

fuzz_target!(|input: &[u8]| {
    let [first, second, third, rest @ ..] = input else {
        return;
    };
    let path: Vec<Sha256Digest> = rest
        .chunks_exact(32)
        .map(|hash| Sha256Digest::new(hash.try_into().unwrap()))
        .collect();
    let head = TREE.head();

    let (index, size) = (u64::from(*second), u64::from(*third));
    let inclusion = InclusionProof { index, size, path: path.clone() };
    if inclusion.verify(&[*first], &head).is_ok() {
        assert_eq!(u64::from(*first), index);
        assert_eq!(inclusion, TREE.inclusion_proof(index, SIZE).unwrap());
    }
    let old_size = u64::from(*first);
    let Ok(old) = TREE.head_at(old_size) else {
        return;
    };
    let consistency = ConsistencyProof { old_size, new_size: size, path };
    if consistency.verify(&old, &head).is_ok() {
        assert_eq!(consistency, TREE.consistency_proof(old_size, SIZE).unwrap());
    }
});
