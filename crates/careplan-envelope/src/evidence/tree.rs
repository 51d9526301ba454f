//! A Merkle tree that is appended to and from which proofs are made, over any storage.

use std::io;

use careplan_core::Sha256Digest;

use super::error::{EvidenceError, EvidenceErrorKind as Kind};
use super::merkle::{
    ConsistencyProof, Frontier, InclusionProof, TreeHead, empty_root, fold_right, leaf_hash,
};

/// Where the nodes of a tree are kept: a file, a table of a database, memory.
///
/// Nodes are numbered from 0 in the order in which they become complete: an entry's leaf, then the
/// parents it completes, bottom up. A node never changes, so a store only appends; `n` entries have
/// `2n` minus (one-bits of `n`) nodes.
pub trait NodeStore {
    /// How many nodes there are.
    ///
    /// # Errors
    /// If the storage fails.
    fn len(&self) -> io::Result<u64>;

    /// Whether there are none.
    ///
    /// # Errors
    /// If the storage fails.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Nodes by number, in the order asked for; a proof asks once for all it needs.
    ///
    /// # Errors
    /// If the storage fails or a node is not there.
    fn read(&self, numbers: &[u64]) -> io::Result<Vec<Sha256Digest>>;

    /// Appends nodes: all of them or none, and durably if an entry's acceptance hangs on it.
    ///
    /// # Errors
    /// If the storage fails; then nothing was appended.
    fn append(&mut self, nodes: &[Sha256Digest]) -> io::Result<()>;
}

impl NodeStore for Vec<Sha256Digest> {
    fn len(&self) -> io::Result<u64> {
        u64::try_from(Self::len(self)).map_err(io::Error::other)
    }

    fn read(&self, numbers: &[u64]) -> io::Result<Vec<Sha256Digest>> {
        numbers
            .iter()
            .map(|&number| {
                usize::try_from(number)
                    .ok()
                    .and_then(|number| self.get(number).copied())
                    .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
            })
            .collect()
    }

    fn append(&mut self, nodes: &[Sha256Digest]) -> io::Result<()> {
        self.extend_from_slice(nodes);
        Ok(())
    }
}

/// An append-only Merkle tree (RFC 9162 section 2.1) over a [`NodeStore`].
///
/// ```
/// use careplan_envelope::evidence::MerkleTree;
///
/// let mut tree = MerkleTree::open(Vec::new())?;
/// tree.append(b"first")?;
/// let earlier = tree.head();
/// tree.append(b"second")?;
/// tree.append(b"third")?;
/// let head = tree.head();
///
/// // Anyone with the heads can check, without the log:
/// tree.inclusion_proof(1, head.size)?.verify(b"second", &head)?;
/// tree.consistency_proof(earlier.size, head.size)?.verify(&earlier, &head)?;
/// assert!(tree.inclusion_proof(1, head.size)?.verify(b"other", &head).is_err());
/// # Ok::<(), careplan_envelope::evidence::EvidenceError>(())
/// ```
#[derive(Debug)]
pub struct MerkleTree<S> {
    store: S,
    frontier: Frontier,
}

impl<S: NodeStore> MerkleTree<S> {
    /// The tree whose nodes are in a store; an empty store is the empty tree.
    ///
    /// # Errors
    /// If the storage fails, or [`Damaged`](Kind::Damaged) if its nodes are those of no tree.
    pub fn open(store: S) -> Result<Self, EvidenceError> {
        let nodes = store.len()?;
        let size = entries_of(nodes).ok_or(Kind::Damaged)?;
        let peaks = store.read(&complete_subtrees(0, size))?;
        let frontier = Frontier::from_parts(size, peaks).ok_or(Kind::Damaged)?;
        Ok(Self { store, frontier })
    }

    /// Appends an entry and gives its index, from 0.
    ///
    /// # Errors
    /// If the storage fails; then the tree is as it was.
    pub fn append(&mut self, entry: &[u8]) -> Result<u64, EvidenceError> {
        self.append_leaves(&[leaf_hash(entry)])
    }

    /// Appends entries by their [`leaf_hash`]es in one write to the store, and gives the index of
    /// the first.
    ///
    /// # Errors
    /// If the storage fails; then the tree is as it was.
    pub fn append_leaves(&mut self, leaves: &[Sha256Digest]) -> Result<u64, EvidenceError> {
        let mut frontier = self.frontier.clone();
        let nodes: Vec<Sha256Digest> = leaves
            .iter()
            .flat_map(|leaf| frontier.push(*leaf))
            .collect();
        self.store.append(&nodes)?;
        let index = self.head().size;
        self.frontier = frontier;
        Ok(index)
    }

    /// The head of the tree as it is now.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        self.frontier.head()
    }

    /// The head the tree had when it held `size` entries.
    ///
    /// # Errors
    /// [`NoSuchEntry`](Kind::NoSuchEntry) if it is smaller; if the storage fails.
    pub fn head_at(&self, size: u64) -> Result<TreeHead, EvidenceError> {
        self.within(size)?;
        let root = self.roots(&[(0, size)])?.pop();
        Ok(TreeHead {
            size,
            root: root.unwrap_or_else(empty_root),
        })
    }

    /// Proof that the entry at `index` is in the tree of the first `size` entries
    /// (RFC 9162 section 2.1.3.1).
    ///
    /// # Errors
    /// [`NoSuchEntry`](Kind::NoSuchEntry) if `index` is not below `size` or the tree is smaller;
    /// if the storage fails.
    pub fn inclusion_proof(&self, index: u64, size: u64) -> Result<InclusionProof, EvidenceError> {
        self.within(size)?;
        if index >= size {
            return Err(Kind::NoSuchEntry.into());
        }
        let mut beside = Vec::new();
        let (mut begin, mut end) = (0, size);
        while end - begin > 1 {
            let middle = begin + split(end - begin);
            if index < middle {
                beside.push((middle, end));
                end = middle;
            } else {
                beside.push((begin, middle));
                begin = middle;
            }
        }
        beside.reverse();
        Ok(InclusionProof {
            index,
            size,
            path: self.roots(&beside)?,
        })
    }

    /// Proof that the first `old_size` entries are still what they were when there were
    /// `new_size` (RFC 9162 section 2.1.4.1).
    ///
    /// # Errors
    /// [`Shrunk`](Kind::Shrunk) if the old size is the larger,
    /// [`NoSuchEntry`](Kind::NoSuchEntry) if the tree is smaller; if the storage fails.
    pub fn consistency_proof(
        &self,
        old_size: u64,
        new_size: u64,
    ) -> Result<ConsistencyProof, EvidenceError> {
        self.within(new_size)?;
        if old_size > new_size {
            return Err(Kind::Shrunk.into());
        }
        let mut ranges = Vec::new();
        if old_size > 0 {
            let (mut begin, mut end) = (0, new_size);
            while end != old_size {
                let middle = begin + split(end - begin);
                if old_size <= middle {
                    ranges.push((middle, end));
                    end = middle;
                } else {
                    ranges.push((begin, middle));
                    begin = middle;
                }
            }
            if begin > 0 {
                ranges.push((begin, end));
            }
            ranges.reverse();
        }
        Ok(ConsistencyProof {
            old_size,
            new_size,
            path: self.roots(&ranges)?,
        })
    }

    /// The store.
    pub const fn store(&self) -> &S {
        &self.store
    }

    fn within(&self, size: u64) -> Result<(), EvidenceError> {
        (size <= self.head().size)
            .then_some(())
            .ok_or(Kind::NoSuchEntry.into())
    }

    /// The hashes over ranges of entries that are subtrees, in one read of the store.
    fn roots(&self, ranges: &[(u64, u64)]) -> Result<Vec<Sha256Digest>, EvidenceError> {
        let numbers: Vec<Vec<u64>> = ranges
            .iter()
            .map(|&(begin, end)| complete_subtrees(begin, end))
            .collect();
        let nodes = self.store.read(&numbers.concat())?;
        let mut rest = nodes.as_slice();
        numbers
            .iter()
            .filter(|numbers| !numbers.is_empty())
            .map(|numbers| {
                let (these, others) = rest.split_at_checked(numbers.len())?;
                rest = others;
                fold_right(these)
            })
            .collect::<Option<_>>()
            .ok_or(Kind::Damaged.into())
    }
}

/// The largest power of two below `size`, which is at least 2: where a tree splits.
fn split(size: u64) -> u64 {
    1 << (u64::BITS - 1 - (size - 1).leading_zeros())
}

/// How many nodes the tree of `size` entries has.
fn nodes_of(size: u64) -> Option<u64> {
    size.checked_mul(2)?
        .checked_sub(u64::from(size.count_ones()))
}

/// How many entries the tree of so many nodes has; `None` if no tree has so many.
fn entries_of(nodes: u64) -> Option<u64> {
    // 2n minus at most 64 is between n and 2n: search there, in a rising function.
    let (mut low, mut high) = (nodes / 2, nodes / 2 + 64);
    while low < high {
        let middle = low + (high - low) / 2;
        if nodes_of(middle)? < nodes {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    (nodes_of(low)? == nodes).then_some(low)
}

/// The numbers of the nodes that are the complete subtrees of a range, largest first.
///
/// `begin` must be a multiple of every power of two the range is made of, as the ranges of proofs
/// are.
fn complete_subtrees(mut begin: u64, end: u64) -> Vec<u64> {
    let mut numbers = Vec::new();
    while begin < end {
        let height = (end - begin).ilog2();
        begin += 1 << height;
        // It was complete with its last leaf, `height` nodes after that leaf.
        let leaf = 2 * (begin - 1) - u64::from((begin - 1).count_ones());
        numbers.push(leaf + u64::from(height));
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_and_entries_count_alike() {
        // By hand: 1 leaf; 2 leaves and a parent; that and a leaf; 4 leaves and 3 parents.
        assert_eq!([0, 1, 2, 3, 4].map(nodes_of), [0, 1, 3, 4, 7].map(Some));
        for size in 0..5000 {
            assert_eq!(entries_of(nodes_of(size).unwrap()), Some(size));
        }
        for nodes in [2, 5, 6, 9] {
            assert_eq!(entries_of(nodes), None);
        }
        for huge in [u64::MAX, u64::MAX - 1, u64::MAX / 2] {
            // Only that it neither panics nor loops.
            let _ = entries_of(huge);
        }
        assert_eq!(split(2), 1);
        assert_eq!(split(7), 4);
        assert_eq!(split(8), 4);
        assert_eq!(split(9), 8);
    }
}
