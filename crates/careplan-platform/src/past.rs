//! Sendings of the past, to rehearse with: what a storage holds after months of service, without
//! the months.

use aws_lc_rs::digest::{SHA256, digest};
use careplan_core::{OfficeNumber, SetKind, Sha256Digest};
use careplan_envelope::evidence::leaf_hash;
use careplan_protocol::{
    Contents, Endpoint, EvidenceEvent, IdempotencyKey, SendingId, SendingState, SendingSummary,
    SetContents,
};
use chrono::{DateTime, TimeDelta, Utc};

use crate::delivery::number_at;
use crate::storage::{Access, NewReceipt, PastSending, StoredSending};

/// Sendings that pretend to have been sent, fetched, confirmed and cleared away, one pair of
/// offices after another.
///
/// The rows are those of real ones, written by the same statements. The signed documents alone are
/// not: a receipt takes some 2 KB and a signature, so a filler of
/// [`document_bytes`](Self::document_bytes) stands for each. Their hashes are in the log.
#[derive(Debug, Clone)]
pub struct PastSendings {
    /// Senders, each followed by its receiver. They need not be registered.
    pub offices: Vec<OfficeNumber>,
    /// How many sendings each receiver gets.
    pub each: u64,
    /// When the first was sent.
    pub from: DateTime<Utc>,
    /// How long after it the next was.
    pub every: TimeDelta,
    /// How many bytes stand for a signed document.
    pub document_bytes: usize,
}

/// The calls of a cycle and their statuses; the first is the sender's.
const CALLS: [(Endpoint, u16); 4] = [
    (Endpoint::Send, 201),
    (Endpoint::ListReceived, 200),
    (Endpoint::Fetch, 200),
    (Endpoint::Confirm, 200),
];
/// How long each step of a cycle took.
const STEP: TimeDelta = TimeDelta::milliseconds(250);
/// How long containers were kept.
const KEPT: TimeDelta = TimeDelta::days(30);

impl PastSendings {
    /// The sending of a number, counted from 0; `None` beyond the last office or the calendar.
    pub(crate) fn sending(&self, number: u64) -> Option<PastSending> {
        let pair = usize::try_from(number.checked_div(self.each)?).ok()?;
        let sender = *self.offices.get(2 * pair)?;
        let receiver = *self.offices.get(2 * pair + 1)?;
        let millis = self.every.num_milliseconds();
        let since = millis.checked_mul(i64::try_from(number).ok()?)?;
        let at = self
            .from
            .checked_add_signed(TimeDelta::try_milliseconds(since)?)?;
        let sending = SendingId::new(number_at(at));
        let fetched = at + STEP * 2;
        let settled = at + STEP * 3;
        let name = sending.to_string();
        let receipts = [
            (EvidenceEvent::Accepted, at),
            (EvidenceEvent::MadeAvailable, at),
            (EvidenceEvent::Received, settled),
            (EvidenceEvent::Removed, settled + KEPT),
        ]
        .into_iter()
        .map(|(event, at)| self.receipt(&name, event, at))
        .collect();
        let accesses = (0..)
            .zip(CALLS)
            .map(|(step, (endpoint, status))| Access {
                at: at + STEP * step,
                request: number_at(at + STEP * step),
                office: Some(if step == 0 { sender } else { receiver }),
                call: format!("{} {}", endpoint.method().as_str(), endpoint.template()),
                // A list is about none.
                sending: (endpoint != Endpoint::ListReceived).then_some(sending),
                status,
                problem: None,
            })
            .collect();
        Some(PastSending {
            sending: StoredSending {
                idempotency_key: IdempotencyKey::new(number_at(at)),
                summary: SendingSummary {
                    sending,
                    sender,
                    receiver,
                    contents: Contents::Open(SetContents {
                        set: SetKind::MonthlyPlan,
                        month: at.format("%Y%m").to_string().parse().ok(),
                        sequence: at.format("%Y%m%d%H%M%S").to_string().parse().ok()?,
                        files: 3,
                    }),
                    sha256: sha256(name.as_bytes()),
                    bytes: 50_000,
                    state: SendingState::Confirmed,
                    accepted_at: at,
                    fetched_at: Some(fetched),
                    settled_at: Some(settled),
                    expires_at: at + TimeDelta::days(90),
                },
            },
            receipts,
            accesses,
            container_removed_at: settled + KEPT,
        })
    }

    fn receipt(&self, sending: &str, event: EvidenceEvent, at: DateTime<Utc>) -> NewReceipt {
        let mut container = format!("{sending} {}", event.as_str()).into_bytes();
        container.resize(self.document_bytes.max(container.len()), b' ');
        NewReceipt {
            event,
            at,
            leaf: leaf_hash(&container),
            container,
        }
    }
}

fn sha256(content: &[u8]) -> Sha256Digest {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, content).as_ref());
    Sha256Digest::new(bytes)
}
