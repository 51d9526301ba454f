//! A sending (送信): one container from one office to one office, and what is said about it.

use std::fmt;
use std::str::FromStr;

use careplan_core::{OfficeNumber, Sequence, SetKind, Sha256Digest, YearMonth};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::text::serde_as_text;
use crate::{Evidence, InvalidText, SendingState, TextKind, TextReason};

/// Media type of a container: ASiC-E (ETSI EN 319 162-1, annex A).
pub const CONTAINER_TYPE: &str = "application/vnd.etsi.asic-e+zip";

/// Media type of a sealed container: CMS `AuthEnvelopedData` (RFC 8551 section 3.2.2, RFC 5083).
pub const SEALED_TYPE: &str = "application/pkcs7-mime; smime-type=authEnveloped-data";

/// Name of the header that carries an [`IdempotencyKey`].
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Declares a UUID with a meaning of its own. It is read in the hyphenated form only, so that one
/// value has one text.
macro_rules! uuid_text {
    ($(#[$doc:meta])* $name:ident, $kind:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// Takes a UUID (RFC 9562) as this.
            #[must_use]
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidText;

            fn from_str(text: &str) -> Result<Self, InvalidText> {
                let error = |reason| InvalidText::new($kind, reason);
                if text.len() != 36 {
                    return Err(error(TextReason::Length { found: text.chars().count() }));
                }
                Uuid::try_parse(text).map(Self).map_err(|_| error(TextReason::Form))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        serde_as_text!($name);
    };
}

uuid_text! {
    /// Number of a sending (送信番号), given by the platform; a UUID of version 7, so that they sort
    /// by time.
    SendingId, TextKind::SendingId
}

uuid_text! {
    /// Idempotency key (冪等キー): chosen by the sender for one sending and kept for every attempt
    /// at it, so that a repeated attempt is answered with the first one's receipt.
    ///
    /// Goes in the header [`IDEMPOTENCY_KEY`].
    IdempotencyKey, TextKind::IdempotencyKey
}

/// The answer to a sending: from here on the platform has it, whatever happens.
///
/// Given only when container and metadata are on stable storage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Receipt {
    /// The sending's number.
    pub sending: SendingId,
    /// The sender's key, as it came.
    pub idempotency_key: IdempotencyKey,
    /// The office that sent.
    #[schemars(with = "crate::schema::OfficeNumberText")]
    pub sender: OfficeNumber,
    /// The office it is for.
    #[schemars(with = "crate::schema::OfficeNumberText")]
    pub receiver: OfficeNumber,
    /// Which of the standard's sets it is; nobody but the receiver knows of a sealed one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::schema::SetKindText>")]
    pub set: Option<SetKind>,
    /// Digest of the container as the platform stored it; the sender compares it with its own.
    #[schemars(with = "crate::schema::Sha256Text")]
    pub sha256: Sha256Digest,
    /// Length of the container in bytes.
    pub bytes: u64,
    /// When it was stored.
    pub accepted_at: DateTime<Utc>,
    /// Until when the receiver can fetch and confirm it.
    pub expires_at: DateTime<Utc>,
    /// The platform's signed receipt that it was accepted, to be kept.
    pub evidence: Evidence,
}

/// What a sending carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Contents {
    /// A set of the standard; the platform saw which.
    Open(SetContents),
    /// Something only the receiver can read (封緘).
    Sealed,
}

impl Contents {
    /// The set, unless it is sealed.
    #[must_use]
    pub const fn open(&self) -> Option<&SetContents> {
        match self {
            Self::Open(set) => Some(set),
            Self::Sealed => None,
        }
    }

    /// Whether it is sealed.
    #[must_use]
    pub const fn is_sealed(&self) -> bool {
        matches!(self, Self::Sealed)
    }
}

/// What is known of a set from the names of its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SetContents {
    /// Which of the standard's sets it is.
    pub set: SetKind,
    /// The month in the names of its files, for sets that have one.
    pub month: Option<YearMonth>,
    /// The sequence in the names of its files: sets are imported in its order.
    pub sequence: Sequence,
    /// How many files the container carries, PDFs and pictures included.
    pub files: u32,
}

/// What is known of a sending, to its sender and its receiver.
///
/// No file names: those of accompanying PDFs are free text and may name persons.
///
/// On the wire the members of [`Contents::Open`] stand beside the others, and `sealed` tells
/// whether they are there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "SummaryOnTheWire", into = "SummaryOnTheWire")]
pub struct SendingSummary {
    /// The sending's number.
    pub sending: SendingId,
    /// The office that sent.
    pub sender: OfficeNumber,
    /// The office it is for.
    pub receiver: OfficeNumber,
    /// What it carries.
    pub contents: Contents,
    /// Digest of the container.
    pub sha256: Sha256Digest,
    /// Length of the container in bytes.
    pub bytes: u64,
    /// Where it stands.
    pub state: SendingState,
    /// When the platform stored it.
    pub accepted_at: DateTime<Utc>,
    /// When the receiver first fetched it.
    pub fetched_at: Option<DateTime<Utc>>,
    /// When it came to a state it does not leave: confirmed, withdrawn, expired or refused.
    pub settled_at: Option<DateTime<Utc>>,
    /// Until when the receiver can fetch and confirm it.
    pub expires_at: DateTime<Utc>,
}

/// A [`SendingSummary`] as its members stand in JSON.
#[derive(Serialize, Deserialize, JsonSchema)]
struct SummaryOnTheWire {
    /// The sending's number.
    sending: SendingId,
    /// The office that sent.
    #[schemars(with = "crate::schema::OfficeNumberText")]
    sender: OfficeNumber,
    /// The office it is for.
    #[schemars(with = "crate::schema::OfficeNumberText")]
    receiver: OfficeNumber,
    /// Whether only the receiver can read it; then `set`, `month`, `sequence` and `files` are not
    /// there.
    #[serde(default)]
    sealed: bool,
    /// Which of the standard's sets it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::schema::SetKindText>")]
    set: Option<SetKind>,
    /// The month in the names of its files, for sets that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::schema::YearMonthText>")]
    month: Option<YearMonth>,
    /// The sequence in the names of its files: sets are imported in its order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::schema::SequenceText>")]
    sequence: Option<Sequence>,
    /// How many files the container carries, PDFs and pictures included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    files: Option<u32>,
    /// Digest of the container.
    #[schemars(with = "crate::schema::Sha256Text")]
    sha256: Sha256Digest,
    /// Length of the container in bytes.
    bytes: u64,
    /// Where it stands.
    state: SendingState,
    /// When the platform stored it.
    accepted_at: DateTime<Utc>,
    /// When the receiver first fetched it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fetched_at: Option<DateTime<Utc>>,
    /// When it came to a state it does not leave: confirmed, withdrawn, expired or refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    settled_at: Option<DateTime<Utc>>,
    /// Until when the receiver can fetch and confirm it.
    expires_at: DateTime<Utc>,
}

impl JsonSchema for SendingSummary {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SendingSummary".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        SummaryOnTheWire::json_schema(generator)
    }
}

impl From<SendingSummary> for SummaryOnTheWire {
    fn from(summary: SendingSummary) -> Self {
        let set = summary.contents.open();
        Self {
            sending: summary.sending,
            sender: summary.sender,
            receiver: summary.receiver,
            sealed: summary.contents.is_sealed(),
            set: set.map(|set| set.set),
            month: set.and_then(|set| set.month),
            sequence: set.map(|set| set.sequence),
            files: set.map(|set| set.files),
            sha256: summary.sha256,
            bytes: summary.bytes,
            state: summary.state,
            accepted_at: summary.accepted_at,
            fetched_at: summary.fetched_at,
            settled_at: summary.settled_at,
            expires_at: summary.expires_at,
        }
    }
}

impl TryFrom<SummaryOnTheWire> for SendingSummary {
    type Error = InconsistentSummary;

    fn try_from(wire: SummaryOnTheWire) -> Result<Self, InconsistentSummary> {
        let contents = match (wire.sealed, wire.set, wire.sequence, wire.files) {
            (false, Some(set), Some(sequence), Some(files)) => Contents::Open(SetContents {
                set,
                month: wire.month,
                sequence,
                files,
            }),
            (true, None, None, None) if wire.month.is_none() => Contents::Sealed,
            _ => return Err(InconsistentSummary),
        };
        Ok(Self {
            sending: wire.sending,
            sender: wire.sender,
            receiver: wire.receiver,
            contents,
            sha256: wire.sha256,
            bytes: wire.bytes,
            state: wire.state,
            accepted_at: wire.accepted_at,
            fetched_at: wire.fetched_at,
            settled_at: wire.settled_at,
            expires_at: wire.expires_at,
        })
    }
}

/// A summary that is sealed and tells its set, or neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sending is either sealed or has a set, a sequence and files")]
struct InconsistentSummary;

/// Confirming a sending: the body of [`Endpoint::Confirm`](crate::Endpoint::Confirm).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// Digest of the container as the receiver stored it; it must be the sending's.
    #[schemars(with = "crate::schema::Sha256Text")]
    pub sha256: Sha256Digest,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_have_one_text() {
        let text = "0192f0a0-7c00-7000-8000-00000000000a";
        let id: SendingId = text.parse().unwrap();
        assert_eq!(id.to_string(), text);
        for bad in [
            "0192f0a07c0070008000000000000001",
            "{0192f0a0-7c00-7000-8000-000000000001}",
            "urn:uuid:0192f0a0-7c00-7000-8000-000000000001",
            "0192f0a0-7c00-7000-8000-00000000000g",
            "",
        ] {
            assert!(bad.parse::<SendingId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_receipt_is_read_as_documented() {
        let receipt: Receipt = serde_json::from_str(
            r#"{
                "sending": "0192f0a0-7c00-7000-8000-000000000001",
                "idempotency_key": "0192f0a0-7c00-7000-8000-000000000002",
                "sender": "1370948774",
                "receiver": "1370948775",
                "set": "monthly_plan",
                "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "bytes": 4711,
                "accepted_at": "2026-09-21T02:33:20Z",
                "expires_at": "2026-12-20T02:33:20Z",
                "evidence": "UEsDBA==",
                "a member of a later version": true
            }"#,
        )
        .unwrap();
        assert_eq!(receipt.set, Some(SetKind::MonthlyPlan));
        assert_eq!(receipt.bytes, 4711);
        assert_eq!(receipt.evidence.as_bytes(), b"PK\x03\x04");
    }

    const SUMMARY: &str = r#"{"sending":"0192f0a0-7c00-7000-8000-000000000001",
        "sender":"1370948774","receiver":"1375169671",CONTENTS
        "sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "bytes":4711,"state":"available","accepted_at":"2026-09-21T02:33:20Z",
        "expires_at":"2026-12-20T02:33:20Z"}"#;

    fn summary(contents: &str) -> Result<SendingSummary, serde_json::Error> {
        serde_json::from_str(&SUMMARY.replace("CONTENTS", contents))
    }

    #[test]
    fn a_sending_is_sealed_or_a_set_and_never_both_or_neither() {
        let open =
            r#""set":"monthly_plan","month":"202610","sequence":"20260921113320","files":3,"#;
        let set = *summary(open).unwrap().contents.open().unwrap();
        assert_eq!((set.set, set.files), (SetKind::MonthlyPlan, 3));
        let sealed = summary(r#""sealed":true,"#).unwrap();
        assert_eq!(sealed.contents, Contents::Sealed);
        let again = serde_json::to_value(&sealed).unwrap();
        assert_eq!(again["sealed"], true);
        assert_eq!(again.get("set"), None);
        for bad in [
            "",
            r#""sealed":false,"#,
            r#""sealed":true,"files":3,"#,
            r#""sealed":true,"month":"202610","#,
            r#""set":"monthly_plan","files":3,"#,
            r#""set":"nothing","sequence":"20260921113320","files":3,"#,
        ] {
            assert!(summary(bad).is_err(), "{bad}");
        }
    }
}
