//! The evidence log, looked at as a third party would: with the authority's certificate, what the
//! platform hands out, and careplan-envelope.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::time::{Duration, Instant};

use careplan_envelope::Verifier;
use careplan_envelope::evidence::{
    Checkpoint, ConsistencyProof, InclusionProof, Receipt as SignedReceipt,
};
use careplan_protocol::{
    ConsistencyPath, ConsistencyQuery, EvidenceEvent, Receipt, ReceiptList, ReceiptProof, path,
};
use chrono::Utc;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::load::Load;

/// The receipts of a sending that was accepted, fetched and confirmed.
const WHOLE_WAY: [EvidenceEvent; 3] = [
    EvidenceEvent::Accepted,
    EvidenceEvent::MadeAvailable,
    EvidenceEvent::Received,
];
/// How long to wait until the log has taken the last receipts in, which is seconds by default.
const PATIENCE: Duration = Duration::from_secs(20);
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(100);

/// What is wrong with the log; nothing, if it is as it should be. It has
/// the receipts of what was acknowledged, which was all confirmed, and no others.
pub(crate) fn faults(
    verifier: &Verifier,
    caller: &mut Caller<'_>,
    load: &Load,
) -> Result<Vec<String>, Failure> {
    let mut log = Log {
        verifier,
        caller,
        faults: Vec::new(),
        entries: BTreeSet::new(),
    };
    let wanted = (load.acknowledged.len() * WHOLE_WAY.len()) as u64;
    let last = log.last_checkpoint(wanted)?;
    if last.head.size != wanted {
        log.fault(format!(
            "the log has {} entries, not {wanted}",
            last.head.size
        ));
    }
    for kept in &load.checkpoints {
        log.follows(kept, &last)?;
    }
    for receipt in &load.acknowledged {
        log.has_whole_way_of(receipt, &last)?;
    }
    if log.entries.len() != load.acknowledged.len() * WHOLE_WAY.len() {
        log.fault("two receipts have one place in the log".to_owned());
    }
    Ok(log.faults)
}

struct Log<'a, 'b> {
    verifier: &'a Verifier,
    caller: &'a mut Caller<'b>,
    faults: Vec<String>,
    entries: BTreeSet<u64>,
}

impl Log<'_, '_> {
    fn fault(&mut self, fault: String) {
        self.faults.push(fault);
    }

    fn json<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, Failure> {
        self.caller.json(path)?.ok_or_else(ended)
    }

    fn bytes(&mut self, path: &str) -> Result<Vec<u8>, Failure> {
        self.caller.bytes(path)?.ok_or_else(ended)
    }

    /// The log's checkpoint when it has taken in what waits.
    fn last_checkpoint(&mut self, wanted: u64) -> Result<Checkpoint, Failure> {
        let start = Instant::now();
        loop {
            let bytes = self.bytes(&path::checkpoint())?;
            let checkpoint = Checkpoint::verify(self.verifier, Cursor::new(&bytes), Utc::now())
                .map_err(Failure::of)?
                .statement;
            if checkpoint.head.size >= wanted || start.elapsed() > PATIENCE {
                return Ok(checkpoint);
            }
            std::thread::sleep(BETWEEN_QUESTIONS);
        }
    }

    /// Whether the log goes on from a checkpoint that was kept.
    fn follows(&mut self, kept: &[u8], last: &Checkpoint) -> Result<(), Failure> {
        let kept = match Checkpoint::verify(self.verifier, Cursor::new(kept), Utc::now()) {
            Ok(kept) => kept.statement,
            Err(error) => {
                self.fault(format!("a checkpoint does not verify: {error}"));
                return Ok(());
            }
        };
        if let Err(error) = last.is_later_than(&kept) {
            self.fault(format!("the log is not what it was: {error}"));
            return Ok(());
        }
        let query = ConsistencyQuery {
            old_size: kept.head.size,
            new_size: last.head.size,
        };
        let url = format!("{}?{}", path::prove_log(), query.to_query_string());
        let proof: ConsistencyPath = match self.caller.json(&url) {
            Ok(proof) => proof.ok_or_else(ended)?,
            Err(failure) => {
                self.fault(format!("the log proves nothing: {failure}"));
                return Ok(());
            }
        };
        let proof: ConsistencyProof = as_checked(&proof)?;
        if let Err(error) = last.follows(&kept, &proof) {
            self.fault(format!("the log is not what it was: {error}"));
        }
        Ok(())
    }

    /// Whether the receipts of a sending are there, genuine, and in the log once each.
    fn has_whole_way_of(&mut self, receipt: &Receipt, last: &Checkpoint) -> Result<(), Failure> {
        let sending = receipt.sending;
        let list: ReceiptList = match self.caller.json(&path::list_receipts(sending)) {
            Ok(list) => list.ok_or_else(ended)?,
            Err(failure) => {
                self.fault(format!("{sending} has no list of receipts: {failure}"));
                return Ok(());
            }
        };
        let events: Vec<_> = list.items.iter().map(|item| item.event).collect();
        if events != WHOLE_WAY {
            self.fault(format!("{sending} has the receipts {events:?}"));
        }
        for item in &list.items {
            if let Err(failure) = self.has(receipt, item.event, last) {
                self.fault(format!("{sending}, {}: {failure}", item.event));
            }
        }
        Ok(())
    }

    fn has(
        &mut self,
        receipt: &Receipt,
        event: EvidenceEvent,
        last: &Checkpoint,
    ) -> Result<(), Failure> {
        let bytes = self.bytes(&path::fetch_receipt(receipt.sending, event))?;
        let signed = SignedReceipt::verify(self.verifier, Cursor::new(&bytes), Utc::now())
            .map_err(Failure::of)?
            .statement;
        signed.is_for(&receipt.sha256).map_err(Failure::of)?;
        if signed.sending != receipt.sending.uuid() || signed.event.as_str() != event.as_str() {
            return Err(Failure::told("the receipt is for something else"));
        }
        if event == EvidenceEvent::Accepted && bytes != receipt.evidence.as_bytes() {
            return Err(Failure::told("it is not the one the sender was given"));
        }
        let proof: ReceiptProof = self.json(&path::prove_receipt(receipt.sending, event))?;
        let checkpoint = Checkpoint::verify(
            self.verifier,
            Cursor::new(proof.checkpoint.as_bytes()),
            Utc::now(),
        )
        .map_err(Failure::of)?
        .statement;
        if checkpoint.head != last.head {
            return Err(Failure::told("it is proven to be in another log"));
        }
        let inclusion: InclusionProof = as_checked(&proof.inclusion)?;
        inclusion
            .verify(&bytes, &checkpoint.head)
            .map_err(Failure::of)?;
        self.entries.insert(proof.inclusion.index);
        Ok(())
    }
}

/// A proof as careplan-envelope checks it: the same JSON.
fn as_checked<T: DeserializeOwned>(proof: &impl Serialize) -> Result<T, Failure> {
    serde_json::to_value(proof)
        .and_then(serde_json::from_value)
        .map_err(|error| Failure::told(&error))
}

fn ended() -> Failure {
    Failure::told("the platform was not waited for")
}
