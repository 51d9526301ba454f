//! What offices see of evidence: the receipts of their own sendings, and proofs.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use careplan_core::{OfficeNumber, Sha256Digest};
use careplan_envelope::evidence;
use careplan_protocol::{
    ConsistencyPath, ConsistencyQuery, Evidence, EvidenceEvent, InclusionPath, Problem,
    ProblemCode, ReceiptEntry, ReceiptList, ReceiptProof, SendingId,
};

use super::EvidenceLog;
use crate::delivery::Delivery;
use crate::problems::NotDone;
use crate::storage::{KeptCheckpoint, KeptReceipt, ReceiptKey, Storage};

/// After how many seconds a receipt that waits may be in the log.
const SOON: u32 = 5;

/// Evidence as offices may see it: of a sending its sender, and its receiver as far as the
/// sending's state shows it; to everybody else it is as if there was none.
pub(crate) struct Evidences {
    storage: Arc<dyn Storage>,
    delivery: Arc<Delivery>,
    log: Arc<EvidenceLog>,
}

impl Evidences {
    pub(crate) fn new(
        storage: Arc<dyn Storage>,
        delivery: Arc<Delivery>,
        log: Arc<EvidenceLog>,
    ) -> Self {
        Self {
            storage,
            delivery,
            log,
        }
    }

    /// The receipts of a sending, in the order in which events can happen.
    pub(crate) async fn receipts(
        &self,
        office: OfficeNumber,
        sending: SendingId,
    ) -> Result<Vec<KeptReceipt>, NotDone> {
        let summary = self.delivery.show(office, sending).await?;
        let mut receipts = self.storage.receipts(summary.receiver, sending).await?;
        receipts.sort_by_key(|receipt| receipt.event);
        Ok(receipts)
    }

    /// The list of them.
    pub(crate) async fn list(
        &self,
        office: OfficeNumber,
        sending: SendingId,
    ) -> Result<ReceiptList, NotDone> {
        let receipts = self.receipts(office, sending).await?;
        let items = receipts.iter().map(entry_of).collect();
        Ok(ReceiptList { items })
    }

    /// One of them.
    pub(crate) async fn receipt(
        &self,
        office: OfficeNumber,
        sending: SendingId,
        event: EvidenceEvent,
    ) -> Result<KeptReceipt, NotDone> {
        let receiver = self.delivery.show(office, sending).await?.receiver;
        let key = ReceiptKey {
            receiver,
            sending,
            event,
        };
        self.storage
            .receipt(key)
            .await?
            .ok_or(ProblemCode::ReceiptNotFound.into())
    }

    /// Proof that one of them is in the log.
    pub(crate) async fn prove(
        &self,
        office: OfficeNumber,
        sending: SendingId,
        event: EvidenceEvent,
    ) -> Result<ReceiptProof, NotDone> {
        let receipt = self.receipt(office, sending, event).await?;
        let checkpoint = self.checkpoint().await?;
        let size = checkpoint.size;
        let index = receipt
            .entry
            .filter(|entry| *entry < size)
            .ok_or_else(not_in_log)?;
        let evidence::InclusionProof { index, size, path } = self
            .log
            .with_tree(move |tree| Ok(tree.inclusion_proof(index, size)?))
            .await?;
        Ok(ReceiptProof {
            inclusion: InclusionPath { index, size, path },
            checkpoint: Evidence::new(checkpoint.container),
        })
    }

    /// The latest checkpoint.
    pub(crate) async fn checkpoint(&self) -> Result<KeptCheckpoint, NotDone> {
        // There is one from the platform's start on.
        self.log
            .latest_checkpoint()
            .await?
            .ok_or(ProblemCode::ServiceUnavailable.into())
    }

    /// Proof that the log was only appended to. Sizes beyond the latest checkpoint are not given
    /// away: what is not signed for does not count.
    pub(crate) async fn consistency(
        &self,
        query: ConsistencyQuery,
    ) -> Result<ConsistencyPath, NotDone> {
        let ConsistencyQuery { old_size, new_size } = query;
        if old_size > new_size || new_size > self.checkpoint().await?.size {
            return Err(ProblemCode::LogSizeUnknown.into());
        }
        let evidence::ConsistencyProof {
            old_size,
            new_size,
            path,
        } = self
            .log
            .with_tree(move |tree| Ok(tree.consistency_proof(old_size, new_size)?))
            .await?;
        Ok(ConsistencyPath {
            old_size,
            new_size,
            path,
        })
    }
}

fn not_in_log() -> NotDone {
    Problem::new(ProblemCode::ReceiptNotInLog)
        .retry_after(SOON)
        .into()
}

fn entry_of(receipt: &KeptReceipt) -> ReceiptEntry {
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(digest(&SHA256, &receipt.container).as_ref());
    ReceiptEntry {
        event: receipt.event,
        at: receipt.at,
        sha256: Sha256Digest::new(sha256),
        bytes: u64::try_from(receipt.container.len()).unwrap_or(u64::MAX),
        entry: receipt.entry,
    }
}
