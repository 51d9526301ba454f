//! Evidence that outlives the exchange: an append-only log whose entries are chained in a Merkle
//! tree (RFC 9162), so that nothing can be removed, changed or backdated unseen.
//!
//! docs/evidence.md describes the formats so that others can check them with their own programs.

mod error;
mod log_file;
mod merkle;
mod tree;

pub use error::{EvidenceError, EvidenceErrorKind};
pub use log_file::{LogFile, LogReader};
pub use merkle::{ConsistencyProof, Frontier, InclusionProof, TreeHead, leaf_hash};
pub use tree::{MerkleTree, NodeStore};
