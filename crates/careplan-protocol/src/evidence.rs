//! Evidence on the wire: signed receipts of a sending and proofs that they are in the platform's log.
//!
//! What the documents say and how they are checked is careplan-envelope's; here they are carried.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use careplan_core::Sha256Digest;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::text::serde_as_text;
use crate::{InvalidQuery, InvalidText, TextKind, TextReason};

/// Declares bytes that stand in JSON as base64 (RFC 4648 section 4, with padding).
macro_rules! base64_bytes {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash)]
        pub struct $name(Vec<u8>);

        impl $name {
            /// Takes bytes as this; whether they are genuine is not known by it.
            #[must_use]
            pub const fn new(bytes: Vec<u8>) -> Self {
                Self(bytes)
            }

            /// The bytes.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8] {
                &self.0
            }

            /// The bytes.
            #[must_use]
            pub fn into_bytes(self) -> Vec<u8> {
                self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({} bytes)"), self.0.len())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&STANDARD.encode(&self.0))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                STANDARD
                    .decode(text.as_bytes())
                    .map(Self)
                    .map_err(|_| de::Error::custom("not base64"))
            }
        }
    };
}

base64_bytes! {
    /// A signed document of the platform, a receipt (受領証) or a checkpoint of its log: a small
    /// container (ASiC-E) as `docs/evidence.md` describes, byte for byte as it was signed.
    Evidence
}

base64_bytes! {
    /// A certificate (X.509, DER).
    CertificateBytes
}

/// What a signed receipt is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum EvidenceEvent {
    /// The platform keeps the container durably (受付).
    Accepted,
    /// The receiver can fetch it (配信可能).
    MadeAvailable,
    /// The receiver confirmed that it has it (受領).
    Received,
    /// The sender took it back before it was fetched (取消).
    Withdrawn,
    /// The platform found after accepting that it may not be delivered (拒否).
    Refused,
    /// It was not fetched and confirmed in time (期限切れ).
    Expired,
    /// The platform no longer keeps the container: its time after being received, withdrawn or
    /// expired is over (削除).
    Removed,
}

impl EvidenceEvent {
    /// Every event, in the order in which they can happen.
    pub const ALL: [Self; 7] = [
        Self::Accepted,
        Self::MadeAvailable,
        Self::Received,
        Self::Withdrawn,
        Self::Refused,
        Self::Expired,
        Self::Removed,
    ];

    /// The name on the wire, the one in the receipt.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
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

impl FromStr for EvidenceEvent {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, InvalidText> {
        Self::ALL
            .into_iter()
            .find(|event| event.as_str() == text)
            .ok_or(InvalidText::new(TextKind::EvidenceEvent, TextReason::Form))
    }
}

impl fmt::Display for EvidenceEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

serde_as_text!(EvidenceEvent);

/// The receipts of a sending: the answer of
/// [`Endpoint::ListReceipts`](crate::Endpoint::ListReceipts).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReceiptList {
    /// In the order of [`EvidenceEvent::ALL`].
    pub items: Vec<ReceiptEntry>,
}

/// A receipt of a sending, without its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReceiptEntry {
    /// What it is for.
    pub event: EvidenceEvent,
    /// When that happened; the receipt itself says it in whole seconds.
    pub at: DateTime<Utc>,
    /// SHA-256 of the receipt's bytes.
    #[schemars(with = "crate::schema::Sha256Text")]
    pub sha256: Sha256Digest,
    /// Length of the receipt in bytes.
    pub bytes: u64,
    /// Its place in the log, from 0; none until the log has taken it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<u64>,
}

/// Proof that a receipt is in the log: the answer of
/// [`Endpoint::ProveReceipt`](crate::Endpoint::ProveReceipt).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReceiptProof {
    /// The way from the receipt to the root of the tree.
    pub inclusion: InclusionPath,
    /// The signed checkpoint of that tree.
    pub checkpoint: Evidence,
}

/// An inclusion proof (RFC 9162 section 2.1.3) as it stands in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InclusionPath {
    /// The entry's place in the log, from 0.
    pub index: u64,
    /// The size of the tree the proof was made for.
    pub size: u64,
    /// The hashes beside the way from the leaf to the root, bottom up.
    #[schemars(with = "Vec<crate::schema::Sha256Text>")]
    pub path: Vec<Sha256Digest>,
}

/// A consistency proof (RFC 9162 section 2.1.4) as it stands in JSON: the answer of
/// [`Endpoint::ProveLog`](crate::Endpoint::ProveLog).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConsistencyPath {
    /// The size of the earlier tree.
    pub old_size: u64,
    /// The size of the later tree.
    pub new_size: u64,
    /// The hashes from which both roots follow.
    #[schemars(with = "Vec<crate::schema::Sha256Text>")]
    pub path: Vec<Sha256Digest>,
}

/// Between which sizes of the log consistency is to be proven: the query of
/// [`Endpoint::ProveLog`](crate::Endpoint::ProveLog).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsistencyQuery {
    /// The size in the earlier checkpoint.
    #[schemars(range(max = 9_007_199_254_740_991_u64))]
    pub old_size: u64,
    /// The size in the later checkpoint.
    #[schemars(range(max = 9_007_199_254_740_991_u64))]
    pub new_size: u64,
}

impl ConsistencyQuery {
    /// The query as text, for after the `?` of a URL.
    #[must_use]
    pub fn to_query_string(&self) -> String {
        // Fails only for nested values, and there are none.
        serde_urlencoded::to_string(self).unwrap_or_default()
    }

    /// Reads the text after the `?` of a URL.
    ///
    /// # Errors
    /// If a parameter is unknown, missing, stands there twice, or is no number.
    pub fn from_query_string(query: &str) -> Result<Self, InvalidQuery> {
        serde_urlencoded::from_str(query).map_err(InvalidQuery::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_read_back() {
        for event in EvidenceEvent::ALL {
            assert_eq!(event.as_str().parse::<EvidenceEvent>().unwrap(), event);
        }
        assert!("made_available".parse::<EvidenceEvent>().is_err());
    }

    #[test]
    fn bytes_travel_as_base64() {
        let evidence = Evidence::new(b"PK\x03\x04".to_vec());
        // printf 'PK\003\004' | base64
        assert_eq!(serde_json::to_string(&evidence).unwrap(), "\"UEsDBA==\"");
        assert_eq!(format!("{evidence:?}"), "Evidence(4 bytes)");
        for bad in ["\"UEsDBA\"", "\"UEsDBA= =\"", "\"-_==\"", "4"] {
            assert!(serde_json::from_str::<Evidence>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_go_through_the_url() {
        let query = ConsistencyQuery {
            old_size: 3,
            new_size: 7,
        };
        assert_eq!(query.to_query_string(), "old_size=3&new_size=7");
        assert_eq!(
            ConsistencyQuery::from_query_string("old_size=3&new_size=7").unwrap(),
            query
        );
        for bad in [
            "",
            "old_size=3",
            "old_size=3&new_size=-1",
            "old_size=3&new_size=7&x=1",
        ] {
            assert!(ConsistencyQuery::from_query_string(bad).is_err(), "{bad}");
        }
    }
}
