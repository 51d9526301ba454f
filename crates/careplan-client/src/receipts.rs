//! The platform's signed receipts (受領証) for what was sent: kept with each sending, and verified
//! against the office's own trust anchors, so that the office can prove to others what it sent and
//! when the receiver had it.

use std::io::Cursor;

use careplan_envelope::evidence;
use careplan_protocol::{EvidenceEvent, IdempotencyKey, ProblemCode, Receipt, SendingState};
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::caller::Failure;
use crate::sync::Findings;
use crate::{Client, Error, Refusal};

/// A signed receipt as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeptReceipt {
    /// What it is for.
    pub event: EvidenceEvent,
    /// When that happened, by the platform's clock.
    pub at: DateTime<Utc>,
    /// The receipt as it was signed: a small container (ASiC-E), see docs/evidence.md.
    #[serde(skip)]
    pub container: Vec<u8>,
    /// Why it does not verify, or is not for this sending: no proof of anything. `None` if it is
    /// as it should be.
    pub doubt: Option<Refusal>,
}

/// A sending whose last receipt is still to be had.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) id: IdempotencyKey,
    pub(crate) event: EvidenceEvent,
}

impl Client {
    /// The signed receipts of a sending: that the platform accepted it, and how it ended.
    ///
    /// # Errors
    /// If there is no such set, or the home's database cannot be read.
    pub fn receipts(&self, id: IdempotencyKey) -> Result<Vec<KeptReceipt>, Error> {
        self.outgoing(id)?;
        self.store.receipts(id)
    }

    /// Judges the receipt that came with the answer to a sending. One that does not verify is kept
    /// too, with the reason: the platform has the sending all the same.
    pub(crate) fn judge_acceptance(&self, receipt: &Receipt) -> KeptReceipt {
        let container = receipt.evidence.as_bytes().to_vec();
        self.judge(receipt, EvidenceEvent::Accepted, container)
    }

    /// Fetches the receipts of sendings that have ended since.
    pub(crate) fn fetch_receipts(&mut self, findings: &mut Findings) -> Result<(), Error> {
        for Wanted { id, event } in self.store.receipts_wanted()? {
            let Some(receipt) = self.outgoing(id)?.receipt else {
                continue;
            };
            let fetched = self.caller.call(|call| {
                call.transport
                    .fetch_receipt(call.token, receipt.sending, event)
            });
            match fetched {
                Ok(container) => {
                    let kept = self.judge(&receipt, event, container);
                    self.store.keep_receipt(id, &kept)?;
                    findings.receipt(id, &kept);
                }
                // Not made yet: the next sync asks again.
                Err(Failure::Refused(problem))
                    if problem.known_code() == Some(ProblemCode::ReceiptNotFound) => {}
                Err(Failure::Postponed(error)) => findings.postponed(error),
                Err(failure) => return Err(failure.into_error()),
            }
        }
        Ok(())
    }

    /// Verifies a receipt and compares it with what was sent.
    fn judge(&self, sent: &Receipt, event: EvidenceEvent, container: Vec<u8>) -> KeptReceipt {
        // The operator's certificate has to be valid when the receipt is given, which is now.
        let verified = evidence::Receipt::verify(
            &self.verifier,
            Cursor::new(&container),
            self.caller.clock.now(),
        );
        let (at, doubt) = match verified {
            Ok(attested) => {
                let said = attested.statement;
                let is_it = said.event.as_str() == event.as_str()
                    && said.container == sent.sha256
                    && (said.sender, said.receiver) == (sent.sender, sent.receiver)
                    && said.sending == sent.sending.uuid();
                (said.at, (!is_it).then(other_sending))
            }
            Err(error) => (
                self.caller.clock.now(),
                Some(Refusal::of(error.code(), &error)),
            ),
        };
        KeptReceipt {
            event,
            at,
            container,
            doubt,
        }
    }
}

/// The receipt a sending in this state ends with, if it has ended.
pub(crate) const fn last_event(state: SendingState) -> Option<EvidenceEvent> {
    match state {
        SendingState::Confirmed => Some(EvidenceEvent::Received),
        SendingState::Withdrawn => Some(EvidenceEvent::Withdrawn),
        SendingState::Refused => Some(EvidenceEvent::Refused),
        SendingState::Expired => Some(EvidenceEvent::Expired),
        _ => None,
    }
}

fn other_sending() -> Refusal {
    Refusal {
        code: "other-sending".to_owned(),
        ja: "受領証が、この送信のものではありません。運用センターに連絡してください。".to_owned(),
        en: "the receipt is not for this sending; tell the operations centre".to_owned(),
    }
}
