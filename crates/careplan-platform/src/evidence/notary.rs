//! Making receipts: the platform's statements about sendings, signed with its evidence key.

use std::sync::Arc;

use careplan_envelope::Signer;
use careplan_envelope::evidence::{EvidenceName, Receipt, ReceiptEvent, leaf_hash};
use careplan_protocol::{Event, EvidenceEvent, ProblemCode, SendingSummary};
use chrono::{DateTime, Utc};

use crate::EvidenceError;
use crate::storage::{NewReceipt, StoredSending};

/// Signs receipts.
#[derive(Clone)]
pub(crate) struct Notary {
    signer: Arc<dyn Signer>,
}

impl Notary {
    pub(crate) fn new(signer: Arc<dyn Signer>) -> Self {
        Self { signer }
    }

    /// The receipt of an event. Takes a signature, so not to be made where nothing may block.
    pub(crate) fn receipt(
        &self,
        summary: &SendingSummary,
        event: EvidenceEvent,
        at: DateTime<Utc>,
    ) -> Result<NewReceipt, EvidenceError> {
        let container = Receipt {
            event: stated(event)?,
            container: summary.sha256,
            sender: summary.sender,
            receiver: summary.receiver,
            sequence: summary.contents.open().map(|set| set.sequence),
            sending: summary.sending.uuid(),
            at,
        }
        .sign(&*self.signer)?;
        Ok(NewReceipt {
            event,
            at,
            leaf: leaf_hash(&container),
            container,
        })
    }

    /// The receipt of an event that is about to happen to a sending; none if it makes none or
    /// would change nothing.
    pub(crate) fn receipt_of(
        &self,
        sending: &StoredSending,
        event: Event,
        at: DateTime<Utc>,
    ) -> Result<Option<NewReceipt>, EvidenceError> {
        let Some(evidence) = event.evidence() else {
            return Ok(None);
        };
        match sending.clone().apply(event, at) {
            Ok(true) => self.receipt(&sending.summary, evidence, at).map(Some),
            Ok(false) | Err(_) => Ok(None),
        }
    }
}

/// The event as a receipt states it.
fn stated(event: EvidenceEvent) -> Result<ReceiptEvent, EvidenceError> {
    Ok(match event {
        EvidenceEvent::Accepted => ReceiptEvent::Accepted,
        EvidenceEvent::MadeAvailable => ReceiptEvent::MadeAvailable,
        EvidenceEvent::Received => ReceiptEvent::Received,
        EvidenceEvent::Withdrawn => ReceiptEvent::Withdrawn,
        // This platform checks before it accepts; a platform that does so later knows more.
        EvidenceEvent::Refused => ReceiptEvent::Refused {
            reason: ProblemCode::SendingRefused
                .as_str()
                .parse::<EvidenceName>()?,
        },
        EvidenceEvent::Expired => ReceiptEvent::Expired,
        EvidenceEvent::Removed => ReceiptEvent::Removed,
        _ => return Err(EvidenceError::UnknownEvent),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_have_the_same_names_on_the_wire_and_in_receipts() {
        for event in EvidenceEvent::ALL {
            assert_eq!(stated(event).unwrap().as_str(), event.as_str());
        }
    }
}
