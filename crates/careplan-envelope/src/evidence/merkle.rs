//! The Merkle tree of RFC 9162 section 2.1: hashes, tree heads, and the checking of proofs.
//!
//! Everything a third party needs stands here; making proofs is [`tree`](super::tree)'s business.

use aws_lc_rs::digest::{Context, SHA256, digest};
use careplan_core::Sha256Digest;
use serde::{Deserialize, Serialize};

use super::error::{EvidenceError, EvidenceErrorKind as Kind};

/// The hash of an entry (RFC 9162 section 2.1.1): SHA-256 of a zero byte and the entry.
///
/// ```
/// use careplan_envelope::evidence::leaf_hash;
///
/// // sha256sum of the single byte 00.
/// assert_eq!(
///     leaf_hash(b"").to_string(),
///     "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
/// );
/// ```
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Sha256Digest {
    let mut context = Context::new(&SHA256);
    context.update(&[0]);
    context.update(entry);
    finish(context)
}

/// The hash of an inner node (RFC 9162 section 2.1.1): SHA-256 of a one byte and both children.
pub(super) fn node_hash(left: &Sha256Digest, right: &Sha256Digest) -> Sha256Digest {
    let mut context = Context::new(&SHA256);
    context.update(&[1]);
    context.update(left.as_bytes());
    context.update(right.as_bytes());
    finish(context)
}

fn finish(context: Context) -> Sha256Digest {
    sized(context.finish().as_ref())
}

fn sized(hash: &[u8]) -> Sha256Digest {
    let mut bytes = [0; 32];
    // SHA-256 is 32 bytes long; a slice of another length cannot come here.
    for (byte, from) in bytes.iter_mut().zip(hash) {
        *byte = *from;
    }
    Sha256Digest::new(bytes)
}

/// The root of the empty tree: SHA-256 of nothing.
pub(super) fn empty_root() -> Sha256Digest {
    sized(digest(&SHA256, &[]).as_ref())
}

/// The state of a log at some moment: how many entries, and the hash over all of them.
///
/// Two logs with the same head have the same entries in the same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TreeHead {
    /// The number of entries.
    pub size: u64,
    /// The Merkle tree hash over them (RFC 9162 section 2.1.1).
    pub root: Sha256Digest,
}

/// The right edge of a tree: enough to append and to know the head, in constant memory.
///
/// With it a log of any length can be recomputed while streaming over its entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// The roots of the complete subtrees, largest first: one for each one-bit of `size`.
    peaks: Vec<Sha256Digest>,
}

impl Frontier {
    /// That of the empty tree.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            size: 0,
            peaks: Vec::new(),
        }
    }

    /// From the number of entries and the peaks, whose number must be that of its one-bits.
    pub(super) fn from_parts(size: u64, peaks: Vec<Sha256Digest>) -> Option<Self> {
        (u32::try_from(peaks.len()).ok()? == size.count_ones()).then_some(Self { size, peaks })
    }

    /// Appends an entry's hash. Gives the nodes that are complete now: the leaf and every parent
    /// whose right child has just been completed, bottom up.
    pub fn push(&mut self, leaf: Sha256Digest) -> Vec<Sha256Digest> {
        let mut nodes = vec![leaf];
        let mut node = leaf;
        // Each trailing one-bit of the size is a complete subtree that the new one completes.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                node = node_hash(&left, &node);
                nodes.push(node);
            }
        }
        self.peaks.push(node);
        self.size += 1;
        nodes
    }

    /// The head of the tree as it is now.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        TreeHead {
            size: self.size,
            root: fold_right(&self.peaks).unwrap_or_else(empty_root),
        }
    }
}

/// The hash over neighbouring complete subtrees, largest first; `None` of none.
pub(super) fn fold_right(peaks: &[Sha256Digest]) -> Option<Sha256Digest> {
    let (last, rest) = peaks.split_last()?;
    Some(
        rest.iter()
            .rev()
            .fold(*last, |right, left| node_hash(left, &right)),
    )
}

/// Proof that an entry is in a log (RFC 9162 section 2.1.3).
///
/// As JSON: `{"index":3,"size":10,"path":["<64 hexadecimal digits>",…]}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InclusionProof {
    /// The entry's position in the log, from 0.
    pub index: u64,
    /// The size of the tree the proof was made for.
    pub size: u64,
    /// The hashes beside the way from the leaf to the root, bottom up.
    pub path: Vec<Sha256Digest>,
}

impl InclusionProof {
    /// Checks that `entry` stands at [`index`](Self::index) in the log of this head
    /// (RFC 9162 section 2.1.3.2).
    ///
    /// The head must come from where it can be trusted, such as a
    /// [`Checkpoint`](super::Checkpoint).
    ///
    /// # Errors
    /// An [`EvidenceError`] with the reason: the proof is another tree's, another entry's, or no
    /// proof.
    pub fn verify(&self, entry: &[u8], head: &TreeHead) -> Result<(), EvidenceError> {
        self.verify_leaf(leaf_hash(entry), head)
    }

    /// As [`verify`](Self::verify), of the entry's [`leaf_hash`].
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_leaf(&self, leaf: Sha256Digest, head: &TreeHead) -> Result<(), EvidenceError> {
        if self.size != head.size {
            return Err(Kind::ProofOfOtherTree.into());
        }
        if self.index >= self.size {
            return Err(Kind::NoSuchEntry.into());
        }
        let mut way = Way::new(self.index, self.size - 1);
        let mut root = leaf;
        for beside in &self.path {
            root = match way.step()? {
                Side::Left => node_hash(beside, &root),
                Side::Right => node_hash(&root, beside),
            };
        }
        way.at_root()?;
        if root != head.root {
            return Err(Kind::NotIncluded.into());
        }
        Ok(())
    }
}

/// Proof that a log has only been appended to between two heads (RFC 9162 section 2.1.4).
///
/// As JSON: `{"old_size":3,"new_size":10,"path":["<64 hexadecimal digits>",…]}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsistencyProof {
    /// The size of the earlier tree.
    pub old_size: u64,
    /// The size of the later tree.
    pub new_size: u64,
    /// The hashes from which both roots follow.
    pub path: Vec<Sha256Digest>,
}

impl ConsistencyProof {
    /// Checks that the log of the new head begins with all entries of the old one
    /// (RFC 9162 section 2.1.4.2): nothing was removed, changed or put in between.
    ///
    /// From the empty tree everything is consistent, with an empty path.
    ///
    /// # Errors
    /// An [`EvidenceError`] with the reason.
    pub fn verify(&self, old: &TreeHead, new: &TreeHead) -> Result<(), EvidenceError> {
        if self.old_size != old.size || self.new_size != new.size {
            return Err(Kind::ProofOfOtherTree.into());
        }
        if old.size > new.size {
            return Err(Kind::Shrunk.into());
        }
        if old.size == new.size || old.size == 0 {
            if !self.path.is_empty() {
                return Err(Kind::PathLength.into());
            }
            let known = if old.size == 0 {
                empty_root()
            } else {
                new.root
            };
            // An empty new tree has the empty root too.
            let honest = old.root == known && (new.size > 0 || new.root == known);
            return honest.then_some(()).ok_or(Kind::Rewritten.into());
        }

        // A complete old tree is a node of the new one, and left out of the path.
        let mut path = self.path.iter();
        let first = if old.size.is_power_of_two() {
            old.root
        } else {
            *path.next().ok_or(Kind::PathLength)?
        };
        let mut way = Way::new(old.size - 1, new.size - 1);
        way.skip_right_edges();
        let (mut old_root, mut new_root) = (first, first);
        for beside in path {
            match way.step()? {
                Side::Left => {
                    old_root = node_hash(beside, &old_root);
                    new_root = node_hash(beside, &new_root);
                }
                Side::Right => new_root = node_hash(&new_root, beside),
            }
        }
        way.at_root()?;
        if old_root != old.root || new_root != new.root {
            return Err(Kind::Rewritten.into());
        }
        Ok(())
    }
}

/// On which side of the way the next hash of a path stands.
enum Side {
    Left,
    Right,
}

/// The way from a node to the root: `fn` and `sn` of RFC 9162, the node and the last node of its
/// level.
struct Way {
    node: u64,
    last: u64,
}

impl Way {
    const fn new(node: u64, last: u64) -> Self {
        Self { node, last }
    }

    const fn up(&mut self) {
        self.node >>= 1;
        self.last >>= 1;
    }

    /// Up while the node is a right child (RFC 9162 section 2.1.4.2, step 4).
    fn skip_right_edges(&mut self) {
        while self.node & 1 == 1 {
            self.up();
        }
    }

    fn step(&mut self) -> Result<Side, EvidenceError> {
        if self.last == 0 {
            return Err(Kind::PathLength.into());
        }
        let side = if self.node & 1 == 1 || self.node == self.last {
            // A last node without a sibling is its own parent.
            while self.node & 1 == 0 && self.node != 0 {
                self.up();
            }
            Side::Left
        } else {
            Side::Right
        };
        self.up();
        Ok(side)
    }

    fn at_root(&self) -> Result<(), EvidenceError> {
        (self.last == 0)
            .then_some(())
            .ok_or(Kind::PathLength.into())
    }
}
