//! Sendings that have run their course, for rehearsals: the rows come from the same statements as
//! those of sendings that arrive.

use std::io;

use async_trait::async_trait;
use careplan_core::Sha256Digest;
use careplan_envelope::evidence::{MerkleTree, NodeStore};

use super::row::{failed, millis};
use super::{Connection, Engine, access, evidence, operations, params, sendings};
use crate::storage::{
    Acceptance, LogBatch, PastSending, PastStorage, ReceiptKey, StorageError, StorageErrorKind,
};

#[async_trait]
impl<E: Engine> PastStorage for E {
    async fn count_sendings(&self) -> Result<u64, StorageError> {
        self.read(|db| operations::count_sendings(db).map_err(failed("counting sendings")))
            .await
    }

    async fn put_past(&self, past: Vec<PastSending>) -> Result<(), StorageError> {
        self.write(move |db| put(db, &past)).await
    }
}

fn put(db: &Connection, past: &[PastSending]) -> Result<(), StorageError> {
    const WHAT: &str = "storing a past sending";
    for one in past {
        let summary = &one.sending.summary;
        let stored = sendings::accept(db, one.sending.clone(), &one.receipts)?;
        if matches!(stored, Acceptance::Before(_)) {
            return Err(StorageError::without_source(
                StorageErrorKind::Damaged,
                "a past sending is there already",
            ));
        }
        db.prepare_cached(
            "UPDATE sending SET container_removed_at = ?3 WHERE receiver = ?1 AND sending = ?2",
        )
        .and_then(|update| {
            update.execute(params![
                summary.receiver.as_str(),
                summary.sending.to_string(),
                millis(one.container_removed_at),
            ])
        })
        .map_err(failed(WHAT))?;
        access::append(db, &one.accesses)?;
    }
    take_in(db, past)
}

/// Takes the receipts into the log, as the log's own round does.
fn take_in(db: &Connection, past: &[PastSending]) -> Result<(), StorageError> {
    const WHAT: &str = "appending to the log";
    let each = || {
        past.iter()
            .flat_map(|one| one.receipts.iter().map(move |receipt| (one, receipt)))
    };
    let leaves: Vec<Sha256Digest> = each().map(|(_, receipt)| receipt.leaf).collect();
    let nodes = Nodes {
        db,
        count: evidence::count_nodes(db)?,
        appended: Vec::new(),
    };
    let mut tree = MerkleTree::open(nodes).map_err(StorageError::damaged(WHAT))?;
    let first_entry = tree
        .append_leaves(&leaves)
        .map_err(StorageError::damaged(WHAT))?;
    let batch = LogBatch {
        first_entry,
        receipts: each()
            .map(|(one, receipt)| ReceiptKey {
                receiver: one.sending.summary.receiver,
                sending: one.sending.summary.sending,
                event: receipt.event,
            })
            .collect(),
        first_node: tree.store().count,
        nodes: tree.store().appended.clone(),
    };
    evidence::append(db, &batch).map(|_| ())
}

/// The tree's nodes in the transaction; what is appended is gathered.
struct Nodes<'d> {
    db: &'d Connection,
    count: u64,
    appended: Vec<Sha256Digest>,
}

impl NodeStore for Nodes<'_> {
    fn len(&self) -> io::Result<u64> {
        Ok(self.count)
    }

    fn read(&self, numbers: &[u64]) -> io::Result<Vec<Sha256Digest>> {
        evidence::nodes(self.db, numbers).map_err(io::Error::other)
    }

    fn append(&mut self, nodes: &[Sha256Digest]) -> io::Result<()> {
        self.appended.extend_from_slice(nodes);
        Ok(())
    }
}
