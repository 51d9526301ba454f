//! Receipts (受領証): what became of a sending, signed by the operator.

use std::io::{Read, Seek};

use careplan_core::{Lang, OfficeNumber, Sequence, Sha256Digest};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::error::{EvidenceError, EvidenceErrorKind as Kind};
use super::statement::{self, Attested, EvidenceName, Second, Statement};
use crate::container_digest;
use crate::{Error, Signer, Verifier};

/// What a receipt is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReceiptEvent {
    /// The operator took the container and keeps it durably (受付).
    Accepted,
    /// The receiver can fetch it (配信可能).
    MadeAvailable,
    /// The receiver confirmed that it has it (受領).
    Received,
    /// The sender took it back before it was fetched (取消).
    Withdrawn,
    /// The operator did not take it, and why (拒否).
    Refused {
        /// The code of the reason, such as that of a [`Refusal`](crate::Refusal).
        reason: EvidenceName,
    },
    /// It was not fetched and confirmed in time (期限切れ).
    Expired,
    /// The operator no longer keeps the container: its time after being received, withdrawn or
    /// expired is over (削除).
    Removed,
}

impl ReceiptEvent {
    /// The name of the event in a receipt.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        self.tag().as_str()
    }

    /// What to tell people.
    #[must_use]
    pub fn name(&self, lang: Lang) -> &'static str {
        match self {
            Self::Accepted => lang.pick("受付", "accepted"),
            Self::MadeAvailable => lang.pick("配信可能", "made available"),
            Self::Received => lang.pick("受領", "received"),
            Self::Withdrawn => lang.pick("取消", "withdrawn"),
            Self::Refused { .. } => lang.pick("拒否", "refused"),
            Self::Expired => lang.pick("期限切れ", "expired"),
            Self::Removed => lang.pick("削除", "removed"),
        }
    }

    const fn tag(&self) -> EventTag {
        match self {
            Self::Accepted => EventTag::Accepted,
            Self::MadeAvailable => EventTag::MadeAvailable,
            Self::Received => EventTag::Received,
            Self::Withdrawn => EventTag::Withdrawn,
            Self::Refused { .. } => EventTag::Refused,
            Self::Expired => EventTag::Expired,
            Self::Removed => EventTag::Removed,
        }
    }
}

/// The event's name alone, as it stands in the document.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum EventTag {
    Accepted,
    MadeAvailable,
    Received,
    Withdrawn,
    Refused,
    Expired,
    Removed,
}

impl EventTag {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::MadeAvailable => "made-available",
            Self::Received => "received",
            Self::Withdrawn => "withdrawn",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Removed => "removed",
        }
    }
}

/// What an operator states about a sending.
///
/// ```
/// use std::io::Cursor;
/// use careplan_envelope::evidence::{Receipt, ReceiptEvent};
/// # use careplan_envelope::{Authority, KeyAlgorithm, PrivateKey, SoftwareSigner, Validity, Verifier};
/// # let now = "2026-11-02T02:00:00Z".parse()?;
/// # let mut authority = Authority::create("Test", KeyAlgorithm::EcdsaP256, Validity::days(now, 99)?)?;
/// # let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
/// # let issued = authority.issue_operator(&key, "Operations centre", Validity::days(now, 9)?)?;
/// # let signer = SoftwareSigner::new(key, vec![issued.certificate])?;
/// # let verifier = Verifier::builder().trust_anchor(authority.certificate())?.build()?;
///
/// let receipt = Receipt {
///     event: ReceiptEvent::Accepted,
///     container: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".parse()?,
///     sender: "1370948774".parse()?,
///     receiver: "1374220867".parse()?,
///     sequence: Some("20260921113310".parse()?),
///     sending: "01930000-0000-7000-8000-000000000001".parse()?,
///     at: now,
/// };
/// let container: Vec<u8> = receipt.sign(&signer)?;
///
/// let verified = Receipt::verify(&verifier, Cursor::new(&container), now)?;
/// assert_eq!(verified.statement, receipt);
/// assert_eq!(verified.operator.name, "Operations centre");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Receipt {
    /// What happened.
    pub event: ReceiptEvent,
    /// The SHA-256 of the container that was sent, as it was carried (sealed, if it was).
    pub container: Sha256Digest,
    /// The sending office.
    pub sender: OfficeNumber,
    /// The receiving office.
    pub receiver: OfficeNumber,
    /// The set's sequence (連番); none if the operator could not read it, as of a sealed container.
    pub sequence: Option<Sequence>,
    /// The sending's identifier at the operator.
    pub sending: Uuid,
    /// When it happened, in whole seconds; the receipt is signed at that time.
    pub at: DateTime<Utc>,
}

impl Receipt {
    /// Signs the receipt with the operator's certificate; gives a small container (ASiC-E), which
    /// is what is handed out and what goes into the log.
    ///
    /// # Errors
    /// Those of [`EnvelopeWriter`](crate::EnvelopeWriter).
    pub fn sign(&self, signer: &dyn Signer) -> Result<Vec<u8>, Error> {
        statement::sign(self, signer)
    }

    /// Verifies the container of a receipt.
    ///
    /// `at` is the time at which the operator's certificate must be valid. For a receipt that is
    /// known to be older, because a log of that time includes it, give that time.
    ///
    /// # Errors
    /// An [`EvidenceError`] with the reason.
    pub fn verify(
        verifier: &Verifier,
        container: impl Read + Seek,
        at: DateTime<Utc>,
    ) -> Result<Attested<Self>, EvidenceError> {
        statement::verify(verifier, container, at)
    }

    /// Checks that the receipt is for a container of this SHA-256.
    ///
    /// # Errors
    /// [`OtherContainer`](Kind::OtherContainer).
    pub fn is_for(&self, container: &Sha256Digest) -> Result<(), EvidenceError> {
        (self.container == *container)
            .then_some(())
            .ok_or(Kind::OtherContainer.into())
    }

    /// As [`is_for`](Self::is_for), of a container that is read here.
    ///
    /// # Errors
    /// [`OtherContainer`](Kind::OtherContainer); if reading fails.
    pub fn is_for_container(&self, mut container: impl Read + Seek) -> Result<(), EvidenceError> {
        self.is_for(&container_digest(&mut container)?)
    }

    /// The canonical document.
    ///
    /// # Errors
    /// [`Malformed`](Kind::Malformed) if the time lies outside the years 0 to 9999.
    pub fn to_json(&self) -> Result<Vec<u8>, EvidenceError> {
        statement::to_json(self).map_err(|_| Kind::Malformed.into())
    }

    /// Reads a canonical document; that it is genuine is not known by this.
    ///
    /// # Errors
    /// [`Malformed`](Kind::Malformed).
    pub fn from_json(json: &[u8]) -> Result<Self, EvidenceError> {
        statement::from_json(json)
    }
}

/// The members of a receipt in their order.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    format: Format,
    event: EventTag,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<EvidenceName>,
    container_sha256: Sha256Digest,
    sender: OfficeNumber,
    receiver: OfficeNumber,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sequence: Option<Sequence>,
    sending: Uuid,
    at: Second,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum Format {
    #[serde(rename = "careplan-receipt/1")]
    One,
}

impl Statement for Receipt {
    type Document = Document;
    const FILE: &'static str = "receipt.json";

    fn document(&self) -> Document {
        Document {
            format: Format::One,
            event: self.event.tag(),
            reason: match &self.event {
                ReceiptEvent::Refused { reason } => Some(reason.clone()),
                _ => None,
            },
            container_sha256: self.container,
            sender: self.sender,
            receiver: self.receiver,
            sequence: self.sequence,
            sending: self.sending,
            at: Second::of(self.at),
        }
    }

    fn from_document(document: Document) -> Option<Self> {
        let event = match (document.event, document.reason) {
            (EventTag::Accepted, None) => ReceiptEvent::Accepted,
            (EventTag::MadeAvailable, None) => ReceiptEvent::MadeAvailable,
            (EventTag::Received, None) => ReceiptEvent::Received,
            (EventTag::Withdrawn, None) => ReceiptEvent::Withdrawn,
            (EventTag::Refused, Some(reason)) => ReceiptEvent::Refused { reason },
            (EventTag::Expired, None) => ReceiptEvent::Expired,
            (EventTag::Removed, None) => ReceiptEvent::Removed,
            _ => return None,
        };
        Some(Self {
            event,
            container: document.container_sha256,
            sender: document.sender,
            receiver: document.receiver,
            sequence: document.sequence,
            sending: document.sending,
            at: document.at.0,
        })
    }

    fn at(&self) -> DateTime<Utc> {
        self.at
    }
}
