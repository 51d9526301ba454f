//! Removing what has been kept long enough: the containers of sendings that were confirmed, expired
//! or withdrawn some time ago. Their rows stay, and with them what became of the sending.
//!
//! A sending that is not settled is never touched: nothing is removed before it was delivered or
//! its time was over.

use chrono::{DateTime, TimeDelta, Utc};

use crate::storage::{Storage, StorageError};

/// How many containers are marked at a time, so that the writer is never held for long.
const ROUND: u32 = 500;

/// Removes the containers of sendings settled `keep` ago or longer; how many.
pub(crate) async fn run(
    storage: &dyn Storage,
    keep: TimeDelta,
    now: DateTime<Utc>,
) -> Result<usize, StorageError> {
    // What a crash left between marking and deleting.
    while storage.delete_marked().await? > 0 {}
    let Some(settled_by) = now.checked_sub_signed(keep) else {
        return Ok(0);
    };
    let mut removed = 0;
    loop {
        let marked = storage.mark_removed(settled_by, now, ROUND).await?;
        if marked.is_empty() {
            return Ok(removed);
        }
        removed += marked.len();
        while storage.delete_marked().await? > 0 {}
    }
}
