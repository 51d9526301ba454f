//! Evidence that outlives the exchange: signed receipts of what became of each sending, and an
//! append-only log of them.
//!
//! A [`Receipt`] is a statement of the operator in a small container of its own. The receipts go
//! into a log whose entries are chained in a Merkle tree (RFC 9162), the operator signs the tree's
//! head from time to time ([`Checkpoint`]), and then nothing can be removed, changed or backdated
//! unseen: an [`InclusionProof`] shows that a receipt is in the log, a [`ConsistencyProof`] that a
//! later log begins with the earlier one. Both are checked without the log and without the
//! operator.
//!
//! docs/evidence.md describes the formats so that others can check them with their own programs.

mod checkpoint;
mod error;
mod log_file;
mod merkle;
mod receipt;
mod statement;
mod tree;

pub use checkpoint::Checkpoint;
pub use error::{EvidenceError, EvidenceErrorKind};
pub use log_file::{LogFile, LogReader};
pub use merkle::{ConsistencyProof, Frontier, InclusionProof, TreeHead, leaf_hash};
pub use receipt::{Receipt, ReceiptEvent};
pub use statement::{Attested, EvidenceName};
pub use tree::{MerkleTree, NodeStore};
