//! Looking through everything a platform keeps, to see that it agrees with itself: after a restore,
//! after a disk fault, or from time to time.
//!
//! A platform may serve meanwhile. What changes while it is looked at is looked at again, so that
//! only what is wrong is told.

use std::io::Cursor;

use aws_lc_rs::digest::{Context, SHA256};
use careplan_core::{Explain, Lang, OfficeNumber, Sha256Digest};
use careplan_envelope::Verifier;
use careplan_envelope::evidence::{Checkpoint, Frontier, Receipt, leaf_hash};
use careplan_protocol::{EvidenceEvent, SendingState, SendingSummary};
use chrono::SubsecRound;
use serde::Serialize;
use tokio::io::AsyncReadExt;

use crate::Trust;
use crate::licences::Licences;
use crate::storage::{
    InspectedSending, KeptCheckpoint, KeptReceipt, Storage, StorageError, StorageErrorKind,
    StoredSending,
};

/// How many rows are read at a time.
const PAGE: u32 = 500;
/// How much of a container is read at a time.
const PIECE: usize = 256 * 1024;
/// How many discrepancies are told one by one.
const TOLD: usize = 1000;

/// What was found when a platform's storage was looked through.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Verification {
    /// Registered offices.
    pub offices: u64,
    /// Sendings.
    pub sendings: u64,
    /// Containers that are there and should be.
    pub containers: u64,
    /// Their bytes.
    pub container_bytes: u64,
    /// Signed receipts.
    pub receipts: u64,
    /// Entries of the evidence log.
    pub log_entries: u64,
    /// Signed heads of the log.
    pub checkpoints: u64,
    /// How many things are wrong.
    pub wrong: u64,
    /// What is wrong: the first thousand.
    pub discrepancies: Vec<Discrepancy>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Discrepancy {
    /// What is wrong.
    pub kind: DiscrepancyKind,
    /// What it is wrong with: a sending's number, a place in the log, an office's number.
    pub about: String,
}

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DiscrepancyKind {
    /// The container of a sending is not there, or has another length.
    ContainerMissing,
    /// The container has another digest than the sending.
    ContainerAltered,
    /// The sender's side of a sending is missing.
    NotListedForSender,
    /// A receipt that the sending's state says was made is missing.
    ReceiptMissing,
    /// A receipt is not what the log was given.
    ReceiptAltered,
    /// A receipt does not verify, or says something else than the sending.
    ReceiptNotBelieved,
    /// A place in the log is empty or taken twice.
    LogEntryMissing,
    /// A node of the log's tree is not what follows from the entries.
    LogNodeWrong,
    /// The log's tree has nodes without entries, or fewer than its entries make.
    LogSizeWrong,
    /// A checkpoint does not verify.
    CheckpointNotBelieved,
    /// A checkpoint is for a log that has other entries, or more.
    CheckpointOfOtherLog,
    /// The licence ledger of an office cannot be read.
    LicenceUnreadable,
}

impl Explain for DiscrepancyKind {
    fn explain(&self, lang: Lang) -> String {
        let (ja, en) = match self {
            Self::ContainerMissing => (
                "コンテナがないか、長さが異なります",
                "the container is missing or has another length",
            ),
            Self::ContainerAltered => (
                "コンテナのハッシュ値が異なります",
                "the container has another digest",
            ),
            Self::NotListedForSender => (
                "送信側の記録がありません",
                "the record on the sender's side is missing",
            ),
            Self::ReceiptMissing => (
                "状態に対応する受領証がありません",
                "a receipt that belongs to its state is missing",
            ),
            Self::ReceiptAltered => (
                "受領証が証拠ログの値と異なります",
                "a receipt is not what the evidence log was given",
            ),
            Self::ReceiptNotBelieved => (
                "受領証が検証できないか、送信の記録と異なります",
                "a receipt does not verify, or says something else than the record",
            ),
            Self::LogEntryMissing => (
                "証拠ログの項目が欠けているか、重複しています",
                "an entry of the evidence log is missing or there twice",
            ),
            Self::LogNodeWrong => (
                "証拠ログの木の節が項目と合いません",
                "a node of the evidence log's tree does not follow from its entries",
            ),
            Self::LogSizeWrong => (
                "証拠ログの木の大きさが項目の数と合いません",
                "the evidence log's tree has not the size of its entries",
            ),
            Self::CheckpointNotBelieved => (
                "チェックポイントが検証できません",
                "a checkpoint does not verify",
            ),
            Self::CheckpointOfOtherLog => (
                "チェックポイントが証拠ログと合いません",
                "a checkpoint is not one of this evidence log",
            ),
            Self::LicenceUnreadable => (
                "ライセンスの記録を読み取れません",
                "the licence ledger cannot be read",
            ),
        };
        lang.pick(ja, en).to_owned()
    }
}

impl Explain for Discrepancy {
    fn explain(&self, lang: Lang) -> String {
        format!("{}: {}", self.about, self.kind.explain(lang))
    }
}

/// What is looked at.
pub(crate) struct Inspector<'a> {
    storage: &'a dyn Storage,
    licences: &'a Licences,
    /// Believes what these authorities' operators signed, at its time. What was revoked since is
    /// no matter here.
    verifier: Verifier,
    /// Whether containers are read and signatures verified.
    thoroughly: bool,
    found: Verification,
}

/// Looks through everything. Quickly: containers are only asked for with their length, and
/// signatures are not verified.
pub(crate) async fn run(
    storage: &dyn Storage,
    licences: &Licences,
    trust: &Trust,
    quickly: bool,
) -> Result<Verification, VerifyError> {
    let mut verifier = Verifier::builder().profile(trust.profile.clone());
    for anchor in &trust.anchors {
        verifier = verifier.trust_anchor(anchor).map_err(VerifyError::Trust)?;
    }
    let mut inspector = Inspector {
        storage,
        licences,
        verifier: verifier.build().map_err(VerifyError::Trust)?,
        thoroughly: !quickly,
        found: Verification::default(),
    };
    inspector.offices().await?;
    inspector.sendings().await?;
    inspector.log().await?;
    Ok(inspector.found)
}

/// Why it was not looked through.
#[derive(Debug)]
pub(crate) enum VerifyError {
    Storage(StorageError),
    Trust(careplan_envelope::Error),
}

impl From<StorageError> for VerifyError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl Inspector<'_> {
    fn wrong(&mut self, kind: DiscrepancyKind, about: impl ToString) {
        self.found.wrong += 1;
        if self.found.discrepancies.len() < TOLD {
            let about = about.to_string();
            self.found.discrepancies.push(Discrepancy { kind, about });
        }
    }

    async fn offices(&mut self) -> Result<(), VerifyError> {
        let mut after: Option<OfficeNumber> = None;
        loop {
            let page = self.storage.offices(after, PAGE).await?;
            let Some((last, _)) = page.last() else {
                return Ok(());
            };
            after = Some(*last);
            for (office, _) in page {
                self.found.offices += 1;
                match self.licences.ledger(office).await {
                    Ok(_) => {}
                    Err(error) if error.kind() == StorageErrorKind::Damaged => {
                        self.wrong(DiscrepancyKind::LicenceUnreadable, office);
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }

    async fn sendings(&mut self) -> Result<(), VerifyError> {
        let mut after = None;
        loop {
            let page = self.storage.all_sendings(after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            let summary = &last.sending.summary;
            after = Some((summary.receiver, summary.sending));
            for inspected in &page {
                self.sending(inspected).await?;
            }
        }
    }

    async fn sending(&mut self, inspected: &InspectedSending) -> Result<(), VerifyError> {
        let sending = &inspected.sending;
        let summary = &sending.summary;
        self.found.sendings += 1;
        if inspected.removed_at.is_none() {
            self.container(sending).await?;
        }
        let listed = self
            .storage
            .sending_by_key(summary.sender, sending.idempotency_key)
            .await?;
        if listed.is_none_or(|listed| listed.summary.sending != summary.sending) {
            self.wrong(DiscrepancyKind::NotListedForSender, summary.sending);
        }
        let receipts = self
            .storage
            .receipts(summary.receiver, summary.sending)
            .await?;
        for wanted in receipts_of(summary.state) {
            if !receipts.iter().any(|receipt| receipt.event == *wanted) {
                self.wrong(
                    DiscrepancyKind::ReceiptMissing,
                    format!("{} ({wanted})", summary.sending),
                );
            }
        }
        for receipt in &receipts {
            self.receipt(summary, receipt);
        }
        Ok(())
    }

    async fn container(&mut self, sending: &StoredSending) -> Result<(), VerifyError> {
        let summary = &sending.summary;
        let wrong = match self.read_container(sending).await {
            Ok(sha256) if sha256.is_none_or(|sha256| sha256 == summary.sha256) => {
                self.found.containers += 1;
                self.found.container_bytes += summary.bytes;
                return Ok(());
            }
            Ok(_) => DiscrepancyKind::ContainerAltered,
            Err(error) if error.kind() == StorageErrorKind::Damaged => {
                DiscrepancyKind::ContainerMissing
            }
            Err(error) => return Err(error.into()),
        };
        // It may have been removed since its row was read.
        let removed = self
            .storage
            .removed_at(summary.receiver, summary.sending)
            .await?;
        if removed.is_none() {
            self.wrong(wrong, summary.sending);
        }
        Ok(())
    }

    /// The digest of a container; none if it is only to be there.
    async fn read_container(
        &self,
        sending: &StoredSending,
    ) -> Result<Option<Sha256Digest>, StorageError> {
        let mut container = self.storage.open_container(sending).await?;
        if !self.thoroughly {
            return Ok(None);
        }
        let mut digest = Context::new(&SHA256);
        let mut piece = vec![0; PIECE];
        loop {
            let read = container
                .read(&mut piece)
                .await
                .map_err(StorageError::unavailable("reading a container"))?;
            match piece.get(..read) {
                Some(read) if !read.is_empty() => digest.update(read),
                _ => break,
            }
        }
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(digest.finish().as_ref());
        Ok(Some(Sha256Digest::new(sha256)))
    }

    fn receipt(&mut self, summary: &SendingSummary, receipt: &KeptReceipt) {
        self.found.receipts += 1;
        let about = || format!("{} ({})", summary.sending, receipt.event);
        if leaf_hash(&receipt.container) != receipt.leaf {
            return self.wrong(DiscrepancyKind::ReceiptAltered, about());
        }
        if self.thoroughly && !self.believed(summary, receipt) {
            self.wrong(DiscrepancyKind::ReceiptNotBelieved, about());
        }
    }

    /// Whether a receipt was signed by the operator and says what is known of the sending.
    fn believed(&self, summary: &SendingSummary, receipt: &KeptReceipt) -> bool {
        let container = Cursor::new(&receipt.container);
        Receipt::verify(&self.verifier, container, receipt.at).is_ok_and(|attested| {
            let Receipt {
                event,
                container,
                sender,
                receiver,
                sequence: _,
                sending,
                at,
            } = attested.statement;
            event.as_str() == receipt.event.as_str()
                && container == summary.sha256
                && (sender, receiver) == (summary.sender, summary.receiver)
                && sending == summary.sending.uuid()
                && at == receipt.at.trunc_subsecs(0)
        })
    }

    async fn log(&mut self) -> Result<(), VerifyError> {
        // Before the entries: they only become more.
        let mut checkpoints = self.checkpoints().await?.into_iter().peekable();
        let mut tree = Frontier::new();
        let mut nodes = 0;
        loop {
            while let Some(checkpoint) =
                checkpoints.next_if(|checkpoint| checkpoint.size == tree.head().size)
            {
                self.checkpoint(&checkpoint, &tree);
            }
            let upto = checkpoints.peek().map(|checkpoint| checkpoint.size);
            let (size, stored) = (tree.head().size, self.storage.count_log_nodes().await?);
            let limit = upto
                .and_then(|upto| u32::try_from(upto - size).ok())
                .map_or(PAGE, |limit| limit.min(PAGE));
            let entries = self.storage.log_entries(size, limit).await?;
            if entries.is_empty() {
                // Of a moment before the entries, so that none can have come between.
                if stored > nodes {
                    self.wrong(DiscrepancyKind::LogSizeWrong, format!("{stored} / {nodes}"));
                }
                break;
            }
            let mut expected = Vec::new();
            for entry in &entries {
                if entry.entry != tree.head().size {
                    // What follows would all be wrong for the same reason.
                    self.wrong(DiscrepancyKind::LogEntryMissing, tree.head().size);
                    return Ok(());
                }
                self.found.log_entries += 1;
                expected.extend(tree.push(entry.leaf));
            }
            let first = nodes;
            nodes += expected.len() as u64;
            if self.storage.count_log_nodes().await? < nodes {
                self.wrong(DiscrepancyKind::LogSizeWrong, tree.head().size);
                return Ok(());
            }
            let found = self.storage.log_nodes((first..nodes).collect()).await?;
            for (number, _) in (first..)
                .zip(found.iter().zip(&expected))
                .filter(|(_, (found, expected))| found != expected)
            {
                self.wrong(DiscrepancyKind::LogNodeWrong, number);
            }
        }
        for beyond in checkpoints {
            self.wrong(DiscrepancyKind::CheckpointOfOtherLog, beyond.size);
        }
        Ok(())
    }

    async fn checkpoints(&mut self) -> Result<Vec<KeptCheckpoint>, VerifyError> {
        let mut all: Vec<KeptCheckpoint> = Vec::new();
        loop {
            let after = all.last().map(|last| last.size);
            let page = self.storage.checkpoints_after(after, PAGE).await?;
            if page.is_empty() {
                self.found.checkpoints = all.len() as u64;
                return Ok(all);
            }
            all.extend(page);
        }
    }

    fn checkpoint(&mut self, checkpoint: &KeptCheckpoint, tree: &Frontier) {
        let container = Cursor::new(&checkpoint.container);
        match Checkpoint::verify(&self.verifier, container, checkpoint.at) {
            Err(_) => self.wrong(DiscrepancyKind::CheckpointNotBelieved, checkpoint.size),
            Ok(attested) if attested.statement.head != tree.head() => {
                self.wrong(DiscrepancyKind::CheckpointOfOtherLog, checkpoint.size);
            }
            Ok(_) => {}
        }
    }
}

/// The receipts that must be there of a sending in a state. That of a removal is there from the
/// version on that makes one.
fn receipts_of(state: SendingState) -> &'static [EvidenceEvent] {
    use EvidenceEvent::{Accepted, Expired, MadeAvailable, Received, Refused, Withdrawn};
    match state {
        SendingState::Accepted => &[Accepted],
        SendingState::Available | SendingState::Fetched => &[Accepted, MadeAvailable],
        SendingState::Confirmed => &[Accepted, MadeAvailable, Received],
        SendingState::Withdrawn => &[Accepted, Withdrawn],
        SendingState::Refused => &[Accepted, Refused],
        SendingState::Expired => &[Accepted, Expired],
        _ => &[],
    }
}
