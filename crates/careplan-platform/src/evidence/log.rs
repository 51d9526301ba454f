//! The evidence log: takes stored receipts in, in batches, and signs checkpoints.
//!
//! One writer: of those that run at a time, storage lets one append and turns the others away.
//! Whatever is cut off in the middle is done by the next round: receipts that wait are found in
//! storage, and a log without a checkpoint of its size gets one.

use std::io::{self, Cursor};
use std::sync::Arc;

use careplan_core::{Sha256Digest, japan_date};
use careplan_envelope::evidence::{Checkpoint, EvidenceName, MerkleTree, NodeStore, TreeHead};
use careplan_envelope::{Signer, Verifier};
use chrono::{DateTime, Utc};
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use crate::clock::recorded_now;
use crate::metrics::Metrics;
use crate::storage::{KeptCheckpoint, LogBatch, Storage};
use crate::{Clock, EvidenceError};

/// How many receipts are taken in by one transaction, so that none holds the storage for long.
const BATCH: usize = 256;

/// The evidence log of a platform.
pub(crate) struct EvidenceLog {
    storage: Arc<dyn Storage>,
    signer: Arc<dyn Signer>,
    name: EvidenceName,
    clock: Arc<dyn Clock>,
    /// One round at a time in this process.
    round: Mutex<()>,
}

impl EvidenceLog {
    pub(crate) fn new(
        storage: Arc<dyn Storage>,
        signer: Arc<dyn Signer>,
        name: EvidenceName,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            storage,
            signer,
            name,
            clock,
            round: Mutex::new(()),
        }
    }

    /// Signs a first checkpoint and checks that offices will believe what is signed.
    pub(crate) async fn begin(&self, offices: &Verifier) -> Result<(), EvidenceError> {
        let now = recorded_now(&*self.clock);
        let head = self.with_tree(|tree| Ok(tree.head())).await?;
        let signed = self.sign(head, now).await?;
        Checkpoint::verify(offices, Cursor::new(&signed), now)?;
        self.sign_checkpoint().await
    }

    /// Takes in what waits and signs a checkpoint if the log has none of its size; how many
    /// receipts were taken in.
    pub(crate) async fn take_in(&self) -> Result<usize, EvidenceError> {
        let _round = self.round.lock().await;
        let mut taken_in = 0;
        loop {
            let count = self.take_in_batch().await?;
            taken_in += count;
            if count < BATCH {
                break;
            }
        }
        self.sign_checkpoint().await?;
        Ok(taken_in)
    }

    /// Takes in a batch; how many receipts. None if another process was quicker: the next round
    /// sees what is left.
    async fn take_in_batch(&self) -> Result<usize, EvidenceError> {
        let waiting = self.storage.waiting_receipts(BATCH).await?;
        if waiting.is_empty() {
            return Ok(0);
        }
        let leaves: Vec<Sha256Digest> = waiting.iter().map(|receipt| receipt.leaf).collect();
        let (first_entry, first_node, nodes) = self
            .with_tree(move |mut tree| {
                let first_node = tree.store().count;
                let first_entry = tree.append_leaves(&leaves)?;
                Ok((first_entry, first_node, tree.store().appended.clone()))
            })
            .await?;
        let count = waiting.len();
        let appended = self
            .storage
            .append_to_log(LogBatch {
                first_entry,
                receipts: waiting.iter().map(|receipt| receipt.key).collect(),
                first_node,
                nodes,
            })
            .await?;
        Ok(if appended { count } else { 0 })
    }

    /// Signs a checkpoint of the log as it is, unless there is one.
    async fn sign_checkpoint(&self) -> Result<(), EvidenceError> {
        let head = self.with_tree(|tree| Ok(tree.head())).await?;
        let latest = self.storage.latest_checkpoint().await?;
        if latest
            .as_ref()
            .is_some_and(|latest| latest.size >= head.size)
        {
            return Ok(());
        }
        let now = recorded_now(&*self.clock);
        // A clock that was set back must not make checkpoints that seem to be out of order.
        let at = latest.as_ref().map_or(now, |latest| now.max(latest.at));
        let container = self.sign(head, at).await?;
        // One of each day is kept for ever; heads of other sizes follow from the nodes.
        let replaced = latest
            .filter(|latest| japan_date(latest.at) == japan_date(at))
            .map(|latest| latest.size);
        let checkpoint = KeptCheckpoint {
            size: head.size,
            at,
            container,
        };
        Ok(self.storage.put_checkpoint(checkpoint, replaced).await?)
    }

    async fn sign(&self, head: TreeHead, at: DateTime<Utc>) -> Result<Vec<u8>, EvidenceError> {
        let signer = Arc::clone(&self.signer);
        let checkpoint = Checkpoint {
            log: self.name.clone(),
            head,
            at,
        };
        Ok(tokio::task::spawn_blocking(move || checkpoint.sign(&*signer)).await??)
    }

    /// Measures how long the log is, and how far behind.
    pub(crate) async fn measure(&self, metrics: &Metrics) -> Result<(), EvidenceError> {
        let head = self.with_tree(|tree| Ok(tree.head())).await?;
        let backlog = self.storage.backlog().await?;
        let latest = self.storage.latest_checkpoint().await?;
        let gauge = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        metrics.evidence_log_entries.set(gauge(head.size));
        metrics.evidence_waiting.set(gauge(backlog.receipts));
        let now = recorded_now(&*self.clock);
        let waited = backlog
            .oldest
            .map_or(0, |oldest| (now - oldest).num_seconds());
        metrics.evidence_waiting_seconds.set(waited.max(0));
        if let Some(latest) = latest {
            metrics
                .evidence_checkpoint_timestamp_seconds
                .set(latest.at.timestamp());
        }
        Ok(())
    }

    /// The latest checkpoint.
    pub(crate) async fn latest_checkpoint(&self) -> Result<Option<KeptCheckpoint>, EvidenceError> {
        Ok(self.storage.latest_checkpoint().await?)
    }

    /// Works with the tree as it is in storage.
    pub(crate) async fn with_tree<T: Send + 'static>(
        &self,
        work: impl FnOnce(MerkleTree<StoredNodes>) -> Result<T, EvidenceError> + Send + 'static,
    ) -> Result<T, EvidenceError> {
        let nodes = StoredNodes {
            count: self.storage.count_log_nodes().await?,
            storage: Arc::clone(&self.storage),
            handle: Handle::current(),
            appended: Vec::new(),
        };
        tokio::task::spawn_blocking(move || work(MerkleTree::open(nodes)?)).await?
    }
}

/// The tree's nodes in storage, for one piece of work on a thread that may block. What is appended
/// is gathered, to be stored together with the places of the receipts.
pub(crate) struct StoredNodes {
    storage: Arc<dyn Storage>,
    handle: Handle,
    count: u64,
    appended: Vec<Sha256Digest>,
}

impl NodeStore for StoredNodes {
    fn len(&self) -> io::Result<u64> {
        Ok(self.count)
    }

    fn read(&self, numbers: &[u64]) -> io::Result<Vec<Sha256Digest>> {
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        self.handle
            .block_on(self.storage.log_nodes(numbers.to_vec()))
            .map_err(io::Error::other)
    }

    fn append(&mut self, nodes: &[Sha256Digest]) -> io::Result<()> {
        self.appended.extend_from_slice(nodes);
        Ok(())
    }
}
