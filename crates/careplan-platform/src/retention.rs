//! Removing what has been kept long enough: the containers of sendings that were confirmed, expired
//! or withdrawn some time ago. Their rows stay, and with them what became of the sending. Also the
//! lines of the access log, after their own time.
//!
//! A sending that is not settled is never touched: nothing is removed before it was delivered or
//! its time was over.

use careplan_protocol::EvidenceEvent;
use chrono::{DateTime, TimeDelta, Utc};

use crate::EvidenceError;
use crate::evidence::Notary;
use crate::storage::{Removal, Storage, StorageError, StoredSending};

/// How many containers are marked at a time, so that the writer is never held for long.
const ROUND: u32 = 500;
/// How many lines of the access log are removed at a time.
const LINES: u32 = 1000;

/// Removes the containers of sendings settled `keep` ago or longer, each with a receipt that says
/// so; how many.
pub(crate) async fn run(
    storage: &dyn Storage,
    notary: &Notary,
    keep: TimeDelta,
    now: DateTime<Utc>,
) -> Result<usize, EvidenceError> {
    // What a crash left between marking and deleting.
    while storage.delete_marked().await? > 0 {}
    let Some(settled_by) = now.checked_sub_signed(keep) else {
        return Ok(0);
    };
    let mut removed = 0;
    loop {
        let settled = storage.removable(settled_by, ROUND).await?;
        if settled.is_empty() {
            return Ok(removed);
        }
        let notary = notary.clone();
        let removals =
            tokio::task::spawn_blocking(move || with_receipts(&notary, &settled, now)).await??;
        removed += storage.mark_removed(removals).await?;
        while storage.delete_marked().await? > 0 {}
    }
}

fn with_receipts(
    notary: &Notary,
    settled: &[StoredSending],
    now: DateTime<Utc>,
) -> Result<Vec<Removal>, EvidenceError> {
    let removal = |sending: &StoredSending| {
        Ok(Removal {
            receiver: sending.summary.receiver,
            sending: sending.summary.sending,
            receipt: notary.receipt(&sending.summary, EvidenceEvent::Removed, now)?,
        })
    };
    settled.iter().map(removal).collect()
}

/// Removes lines of the access log that are older than `keep`; how many.
pub(crate) async fn forget_accesses(
    storage: &dyn Storage,
    keep: TimeDelta,
    now: DateTime<Utc>,
) -> Result<usize, StorageError> {
    let Some(before) = now.checked_sub_signed(keep) else {
        return Ok(0);
    };
    let mut removed = 0;
    loop {
        match storage.remove_accesses(before, LINES).await? {
            0 => return Ok(removed),
            some => removed += some,
        }
    }
}
