//! The Merkle tree against RFC 9162: vectors of an independent program, every small tree, and every
//! way of cheating that can be thought of.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use careplan_core::Sha256Digest;
use careplan_envelope::evidence::{
    ConsistencyProof, EvidenceErrorKind as Kind, Frontier, InclusionProof, MerkleTree, NodeStore,
    TreeHead, leaf_hash,
};
use proptest::prelude::*;
use serde::Deserialize;

type Tree = MerkleTree<Vec<Sha256Digest>>;

fn tree_of<E: AsRef<[u8]>>(entries: impl IntoIterator<Item = E>) -> Tree {
    let mut tree = MerkleTree::open(Vec::new()).unwrap();
    for entry in entries {
        tree.append(entry.as_ref()).unwrap();
    }
    tree
}

fn entry(number: u64) -> Vec<u8> {
    format!("entry {number}").into_bytes()
}

/// Written by tests/evidence/merkle.py from the RFC's definitions.
#[derive(Deserialize)]
struct Vectors {
    entries: Vec<String>,
    roots: Vec<Sha256Digest>,
    inclusion: Vec<InclusionProof>,
    consistency: Vec<ConsistencyProof>,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("evidence/merkle.json")).unwrap()
}

#[test]
fn agrees_with_the_definitions_of_the_rfc() {
    let vectors = vectors();
    let entries: Vec<Vec<u8>> = vectors
        .entries
        .iter()
        .map(|entry| hex::decode(entry).unwrap())
        .collect();
    let tree = tree_of(&entries);
    for (size, root) in vectors.roots.iter().enumerate() {
        let head = tree.head_at(size as u64).unwrap();
        assert_eq!((head.size, head.root), (size as u64, *root));
    }
    for proof in &vectors.inclusion {
        assert_eq!(
            tree.inclusion_proof(proof.index, proof.size).unwrap(),
            *proof
        );
    }
    for proof in &vectors.consistency {
        let ours = tree
            .consistency_proof(proof.old_size, proof.new_size)
            .unwrap();
        assert_eq!(ours, *proof);
    }
}

/// The published roots of certificate transparency's test tree, independent even of our script.
#[test]
fn agrees_with_certificate_transparency() {
    let published = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let entries = vectors().entries;
    for (size, root) in published.into_iter().enumerate() {
        let tree = tree_of(
            entries[..size]
                .iter()
                .map(|entry| hex::decode(entry).unwrap()),
        );
        assert_eq!(tree.head().root.to_string(), root, "{size} entries");
    }
}

#[test]
fn every_entry_and_every_earlier_state_of_every_small_tree_is_provable() {
    const LARGEST: u64 = 200;
    let tree = tree_of((0..LARGEST).map(entry));
    let mut frontier = Frontier::new();
    for size in 0..=LARGEST {
        let head = tree.head_at(size).unwrap();
        assert_eq!(frontier.head(), head);
        for index in 0..size {
            let proof = tree.inclusion_proof(index, size).unwrap();
            proof.verify(&entry(index), &head).unwrap();
            let other = proof.verify(&entry(index + 1), &head).unwrap_err();
            assert_eq!(other.kind(), Kind::NotIncluded);
        }
        for old in 0..=size {
            let proof = tree.consistency_proof(old, size).unwrap();
            proof.verify(&tree.head_at(old).unwrap(), &head).unwrap();
        }
        frontier.push(leaf_hash(&entry(size)));
    }
}

#[test]
fn a_tree_reopens_from_its_nodes() {
    for size in 0..70 {
        let mut tree = tree_of((0..size).map(entry));
        let mut again = MerkleTree::open(tree.store().clone()).unwrap();
        assert_eq!(again.head(), tree.head());
        again.append(b"next").unwrap();
        tree.append(b"next").unwrap();
        assert_eq!(again.head(), tree.head());
    }
    // Two nodes, or five, are no tree.
    for nodes in [2, 5] {
        let store = vec![leaf_hash(b""); nodes];
        assert_eq!(MerkleTree::open(store).unwrap_err().kind(), Kind::Damaged);
    }
}

#[test]
fn what_is_not_in_the_tree_cannot_be_asked_for() {
    let tree = tree_of((0..5).map(entry));
    let kind = |result: Result<InclusionProof, _>| {
        result.map_err(|error: careplan_envelope::evidence::EvidenceError| error.kind())
    };
    assert_eq!(kind(tree.inclusion_proof(5, 5)), Err(Kind::NoSuchEntry));
    assert_eq!(kind(tree.inclusion_proof(0, 6)), Err(Kind::NoSuchEntry));
    assert_eq!(kind(tree.inclusion_proof(0, 0)), Err(Kind::NoSuchEntry));
    assert_eq!(tree.head_at(6).unwrap_err().kind(), Kind::NoSuchEntry);
    assert_eq!(
        tree.consistency_proof(3, 6).unwrap_err().kind(),
        Kind::NoSuchEntry
    );
    assert_eq!(
        tree.consistency_proof(4, 3).unwrap_err().kind(),
        Kind::Shrunk
    );
    assert!(tree.inclusion_proof(u64::MAX, u64::MAX).is_err());
}

/// Every change of one place of a proof.
fn changed_paths(path: &[Sha256Digest]) -> Vec<Vec<Sha256Digest>> {
    let stranger = leaf_hash(b"stranger");
    let mut changed = Vec::new();
    for at in 0..path.len() {
        let mut other = path.to_vec();
        other[at] = stranger;
        changed.push(other);
        let mut shorter = path.to_vec();
        shorter.remove(at);
        changed.push(shorter);
        let mut twice = path.to_vec();
        twice.insert(at, path[at]);
        changed.push(twice);
        if at + 1 < path.len() {
            let mut swapped = path.to_vec();
            swapped.swap(at, at + 1);
            changed.push(swapped);
        }
    }
    for at in 0..=path.len() {
        let mut longer = path.to_vec();
        longer.insert(at, stranger);
        changed.push(longer);
    }
    changed
}

#[test]
fn a_proof_changed_in_any_place_proves_nothing() {
    let tree = tree_of((0..40).map(entry));
    for size in 0..=40 {
        let head = tree.head_at(size).unwrap();
        for index in 0..size {
            let proof = tree.inclusion_proof(index, size).unwrap();
            for path in changed_paths(&proof.path) {
                let forged = InclusionProof { path, ..proof };
                assert!(forged.verify(&entry(index), &head).is_err());
            }
            for other in (0..size + 2).filter(|other| *other != index) {
                let forged = InclusionProof {
                    index: other,
                    ..proof.clone()
                };
                assert!(
                    forged.verify(&entry(index), &head).is_err(),
                    "{index} as {other} of {size}"
                );
            }
            for other in (0..=41).filter(|other| *other != size) {
                let forged = InclusionProof {
                    size: other,
                    ..proof.clone()
                };
                assert!(forged.verify(&entry(index), &head).is_err());
            }
        }
        for old in 0..=size {
            let old_head = tree.head_at(old).unwrap();
            let proof = tree.consistency_proof(old, size).unwrap();
            for path in changed_paths(&proof.path) {
                let forged = ConsistencyProof { path, ..proof };
                assert!(forged.verify(&old_head, &head).is_err(), "{old} to {size}");
            }
            let stranger = leaf_hash(b"stranger");
            for (old_root, new_root) in [(stranger, head.root), (old_head.root, stranger)] {
                if old == 0 && old_root == old_head.root {
                    // Of the empty log nothing was claimed: any later one is consistent with it.
                    continue;
                }
                let old_head = TreeHead {
                    root: old_root,
                    ..old_head
                };
                let head = TreeHead {
                    root: new_root,
                    ..head
                };
                assert!(proof.verify(&old_head, &head).is_err(), "{old} to {size}");
            }
        }
    }
}

#[test]
fn a_log_that_shrank_is_told_from_one_that_was_rewritten() {
    let tree = tree_of((0..9).map(entry));
    let (four, nine) = (tree.head_at(4).unwrap(), tree.head());
    let backwards = ConsistencyProof {
        old_size: 9,
        new_size: 4,
        path: Vec::new(),
    };
    assert_eq!(
        backwards.verify(&nine, &four).unwrap_err().kind(),
        Kind::Shrunk
    );
    let proof = tree.consistency_proof(4, 9).unwrap();
    let other = TreeHead {
        size: 4,
        root: leaf_hash(b""),
    };
    assert_eq!(
        proof.verify(&other, &nine).unwrap_err().kind(),
        Kind::Rewritten
    );
    assert_eq!(
        proof.verify(&nine, &nine).unwrap_err().kind(),
        Kind::ProofOfOtherTree
    );
}

#[test]
fn a_store_that_fails_leaves_the_tree_as_it_was() {
    struct Full(Vec<Sha256Digest>);
    impl NodeStore for Full {
        fn len(&self) -> std::io::Result<u64> {
            NodeStore::len(&self.0)
        }
        fn read(&self, numbers: &[u64]) -> std::io::Result<Vec<Sha256Digest>> {
            self.0.read(numbers)
        }
        fn append(&mut self, _: &[Sha256Digest]) -> std::io::Result<()> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
    }
    let before = tree_of((0..5).map(entry));
    let mut tree = MerkleTree::open(Full(before.store().clone())).unwrap();
    assert!(tree.append(b"more").unwrap_err().is_io());
    assert_eq!(tree.head(), before.head());
}

/// What an operator who cheats may do to entries of the past.
#[derive(Debug, Clone)]
enum Tampering {
    Alter,
    Remove,
    Insert,
    Swap,
}

proptest! {
    /// Whatever is done to what was there at an earlier head, no proof that the altered log can
    /// make, nor the honest one, reconciles it with that head.
    #[test]
    fn the_past_cannot_be_changed_unseen(
        (size, old, at) in (2_usize..120).prop_flat_map(|size| (2..=size).prop_flat_map(move |old| (Just(size), Just(old), 0..old - 1))),
        how in prop_oneof![Just(Tampering::Alter), Just(Tampering::Remove), Just(Tampering::Insert), Just(Tampering::Swap)],
    ) {
        let mut entries: Vec<Vec<u8>> = (0..size as u64).map(entry).collect();
        let honest = tree_of(&entries);
        let old_head = honest.head_at(old as u64).unwrap();
        match how {
            Tampering::Alter => entries[at].push(b'!'),
            Tampering::Remove => { entries.remove(at); entries.push(b"filler".to_vec()); }
            Tampering::Insert => entries.insert(at, b"backdated".to_vec()),
            Tampering::Swap => entries.swap(at, at + 1),
        }
        let forged = tree_of(&entries);
        let new_head = forged.head();
        let proof = forged.consistency_proof(old as u64, new_head.size).unwrap();
        prop_assert_eq!(proof.verify(&old_head, &new_head).unwrap_err().kind(), Kind::Rewritten);
        if new_head.size == honest.head().size {
            let proof = honest.consistency_proof(old as u64, new_head.size).unwrap();
            prop_assert!(proof.verify(&old_head, &new_head).is_err());
        }
        // And the entry that was there is not where it was.
        if let Ok(proof) = forged.inclusion_proof(at as u64, new_head.size) {
            prop_assert!(proof.verify(&entry(at as u64), &new_head).is_err());
        }
    }

    /// Proofs from anywhere are refused or hold; they never panic.
    #[test]
    fn proofs_of_anything_are_answered(
        index in any::<u64>(), size in any::<u64>(), old in any::<u64>(),
        path in prop::collection::vec(any::<[u8; 32]>().prop_map(Sha256Digest::new), 0..80),
        root in any::<[u8; 32]>().prop_map(Sha256Digest::new),
    ) {
        let head = TreeHead { size, root };
        let inclusion = InclusionProof { index, size, path: path.clone() };
        prop_assert!(inclusion.verify(b"entry", &head).is_err());
        let consistency = ConsistencyProof { old_size: old, new_size: size, path };
        let earlier = TreeHead { size: old, root };
        prop_assert!(consistency.verify(&earlier, &head).is_err() || old == size);
    }
}
