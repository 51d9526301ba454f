//! The platform's signed receipts (受領証): kept with each sending, and verified against the office's
//! own trust anchors, so that a sender can prove what it sent and when the receiver had it, and a
//! receiver what it received and confirmed.

use std::io::Cursor;

use careplan_core::{OfficeNumber, Sha256Digest};
use careplan_envelope::evidence;
use careplan_protocol::{
    EvidenceEvent, IdempotencyKey, ProblemCode, Receipt, SendingId, SendingState,
};
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

/// What a receipt must be for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Proven {
    pub(crate) sending: SendingId,
    /// Digest of the container as it travelled.
    pub(crate) sha256: Sha256Digest,
    pub(crate) sender: OfficeNumber,
    pub(crate) receiver: OfficeNumber,
}

/// A sending whose last receipt is still to be had.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wanted {
    /// One sent: how it ended.
    Sent {
        id: IdempotencyKey,
        proven: Proven,
        event: EvidenceEvent,
    },
    /// One received: that it was confirmed.
    Received { proven: Proven },
}

impl Wanted {
    pub(crate) const fn proven(&self) -> &Proven {
        match self {
            Self::Sent { proven, .. } | Self::Received { proven } => proven,
        }
    }

    const fn event(&self) -> EvidenceEvent {
        match self {
            Self::Sent { event, .. } => *event,
            Self::Received { .. } => EvidenceEvent::Received,
        }
    }
}

impl Client {
    /// The signed receipts of a set sent: that the platform accepted it, and how it ended.
    ///
    /// # Errors
    /// If there is no such set, or the home's database cannot be read.
    pub fn receipts(&self, id: IdempotencyKey) -> Result<Vec<KeptReceipt>, Error> {
        let Some(answer) = self.outgoing(id)?.receipt else {
            return Ok(Vec::new());
        };
        let mut receipts = self.store.receipts(answer.sending)?;
        for receipt in &mut receipts {
            if receipt.event == EvidenceEvent::Accepted {
                receipt.container = answer.evidence.as_bytes().to_vec();
            }
        }
        Ok(receipts)
    }

    /// The signed receipt of a set received: that this office confirmed it. Empty until the
    /// platform has made it.
    ///
    /// # Errors
    /// If there is no such set, or the home's database cannot be read.
    pub fn receipts_received(&self, id: SendingId) -> Result<Vec<KeptReceipt>, Error> {
        self.incoming(id)?;
        self.store.receipts(id)
    }

    /// Judges the receipt that came with the answer to a sending. One that does not verify is kept
    /// too, with the reason: the platform has the sending all the same.
    pub(crate) fn judge_acceptance(&self, receipt: &Receipt) -> KeptReceipt {
        let container = receipt.evidence.as_bytes().to_vec();
        let proven = Proven {
            sending: receipt.sending,
            sha256: receipt.sha256,
            sender: receipt.sender,
            receiver: receipt.receiver,
        };
        self.judge(&proven, EvidenceEvent::Accepted, container)
    }

    /// Fetches the receipts of sendings that have ended since.
    pub(crate) fn fetch_receipts(&mut self, findings: &mut Findings) -> Result<(), Error> {
        for wanted in self.store.receipts_wanted()? {
            let (sending, event) = (wanted.proven().sending, wanted.event());
            let fetched = self
                .caller
                .call(|call| call.transport.fetch_receipt(call.token, sending, event));
            match fetched {
                Ok(container) => {
                    let kept = self.judge(wanted.proven(), event, container);
                    self.store.keep_receipt(&wanted, &kept)?;
                    match wanted {
                        Wanted::Sent { id, .. } => findings.receipt(id, &kept),
                        Wanted::Received { .. } => findings.receipt_received(sending, &kept),
                    }
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

    /// Verifies a receipt and compares it with what it is to prove.
    fn judge(&self, proven: &Proven, event: EvidenceEvent, container: Vec<u8>) -> KeptReceipt {
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
                    && said.container == proven.sha256
                    && (said.sender, said.receiver) == (proven.sender, proven.receiver)
                    && said.sending == proven.sending.uuid();
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
