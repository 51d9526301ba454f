//! Checkpoints: tree heads that the operator has signed, against which proofs are checked.

use std::io::{Read, Seek};

use careplan_core::Sha256Digest;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::error::{EvidenceError, EvidenceErrorKind as Kind};
use super::merkle::{ConsistencyProof, TreeHead};
use super::statement::{self, Attested, EvidenceName, Second, Statement};
use crate::{Error, Signer, Verifier};

/// What an operator states about a log: at this time it had this head.
///
/// Whoever keeps checkpoints can show later that the log was changed, if it was: two checkpoints of
/// one log are either consistent, or the proof of fraud.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Checkpoint {
    /// Which log.
    pub log: EvidenceName,
    /// Its head.
    pub head: TreeHead,
    /// When, in whole seconds; the checkpoint is signed at that time.
    pub at: DateTime<Utc>,
}

impl Checkpoint {
    /// Signs the checkpoint with the operator's certificate; gives a small container (ASiC-E).
    ///
    /// # Errors
    /// Those of [`EnvelopeWriter`](crate::EnvelopeWriter).
    pub fn sign(&self, signer: &dyn Signer) -> Result<Vec<u8>, Error> {
        statement::sign(self, signer)
    }

    /// Verifies the container of a checkpoint. `at` is the time at which the operator's
    /// certificate must be valid.
    ///
    /// # Errors
    /// An [`EvidenceError`] with the reason.
    pub fn verify(
        verifier: &Verifier,
        container: impl Read + Seek,
        at: DateTime<Utc>,
    ) -> Result<Attested<Self>, EvidenceError> {
        statement::verify(verifier, container, at)
    }

    /// Checks that the log has only been appended to since an earlier checkpoint.
    ///
    /// # Errors
    /// Those of [`is_later_than`](Self::is_later_than) and of [`ConsistencyProof::verify`].
    pub fn follows(&self, earlier: &Self, proof: &ConsistencyProof) -> Result<(), EvidenceError> {
        self.is_later_than(earlier)?;
        proof.verify(&earlier.head, &self.head)
    }

    /// Checks that it is the same log's and not older; whether the log was only appended to is
    /// then shown by a proof, or by the log itself.
    ///
    /// # Errors
    /// [`OtherLog`](Kind::OtherLog), [`TimeMismatch`](Kind::TimeMismatch),
    /// [`Shrunk`](Kind::Shrunk).
    pub fn is_later_than(&self, earlier: &Self) -> Result<(), EvidenceError> {
        if self.log != earlier.log {
            return Err(Kind::OtherLog.into());
        }
        if self.at < earlier.at {
            return Err(Kind::TimeMismatch.into());
        }
        if self.head.size < earlier.head.size {
            return Err(Kind::Shrunk.into());
        }
        Ok(())
    }

    /// The canonical document.
    ///
    /// # Errors
    /// [`Malformed`](Kind::Malformed) if the time lies outside the years 0 to 9999.
    pub fn to_json(&self) -> Result<Vec<u8>, EvidenceError> {
        statement::to_json(self).map_err(|_| Kind::Malformed.into())
    }

    /// Reads a canonical document; that it is genuine is not known by this.
    ///
    /// # Errors
    /// [`Malformed`](Kind::Malformed).
    pub fn from_json(json: &[u8]) -> Result<Self, EvidenceError> {
        statement::from_json(json)
    }
}

/// The members of a checkpoint in their order.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    format: Format,
    log: EvidenceName,
    size: u64,
    root: Sha256Digest,
    at: Second,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum Format {
    #[serde(rename = "careplan-checkpoint/1")]
    One,
}

impl Statement for Checkpoint {
    type Document = Document;
    const FILE: &'static str = "checkpoint.json";

    fn document(&self) -> Document {
        Document {
            format: Format::One,
            log: self.log.clone(),
            size: self.head.size,
            root: self.head.root,
            at: Second::of(self.at),
        }
    }

    fn from_document(document: Document) -> Option<Self> {
        Some(Self {
            log: document.log,
            head: TreeHead {
                size: document.size,
                root: document.root,
            },
            at: document.at.0,
        })
    }

    fn at(&self) -> DateTime<Utc> {
        self.at
    }
}
