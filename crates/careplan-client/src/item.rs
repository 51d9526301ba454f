//! What an office sends and receives, as the home keeps it.

use std::fmt;

use careplan_core::{Explain, Lang, OfficeNumber, Sequence, SetKind, Sha256Digest, YearMonth};
use careplan_protocol::{IdempotencyKey, Problem, Receipt, SendingId, SendingState};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, Serializer, ser};

/// A file of a set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetFile {
    /// Its name, without a folder.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Its digest.
    pub sha256: Sha256Digest,
}

/// What the names of a set's files say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SetHeader {
    /// The office the files come from.
    pub sender: OfficeNumber,
    /// The office they are for.
    pub receiver: OfficeNumber,
    /// Which of the standard's sets they are.
    pub set: SetKind,
    /// The month, for sets that have one.
    pub month: Option<YearMonth>,
    /// Sets are imported in the order of their sequence.
    pub sequence: Sequence,
}

/// What is known of a received set. Written as JSON like a [`SetHeader`], without what is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ReceivedHeader {
    /// What the names of its files say; for a quarantined one what the platform says.
    Known(SetHeader),
    /// It is sealed (封緘) and could not be opened: the platform does not know more either.
    Sealed {
        /// The office it comes from, by the platform's word.
        sender: OfficeNumber,
        /// The office it is for.
        receiver: OfficeNumber,
    },
}

impl ReceivedHeader {
    /// The set's header, if it is known.
    #[must_use]
    pub const fn set(&self) -> Option<&SetHeader> {
        match self {
            Self::Known(header) => Some(header),
            Self::Sealed { .. } => None,
        }
    }

    /// The office it comes from.
    #[must_use]
    pub const fn sender(&self) -> OfficeNumber {
        match self {
            Self::Known(SetHeader { sender, .. }) | Self::Sealed { sender, .. } => *sender,
        }
    }

    /// The office it is for.
    #[must_use]
    pub const fn receiver(&self) -> OfficeNumber {
        match self {
            Self::Known(SetHeader { receiver, .. }) | Self::Sealed { receiver, .. } => *receiver,
        }
    }

    /// The month, for sets that have one.
    #[must_use]
    pub fn month(&self) -> Option<YearMonth> {
        self.set().and_then(|header| header.month)
    }

    /// What it is, for people.
    #[must_use]
    pub fn name(&self, lang: Lang) -> &'static str {
        match self {
            Self::Known(header) => header.set.name(lang),
            Self::Sealed { .. } => lang.pick(
                "封緘されたデータ（開けません）",
                "sealed, could not be opened",
            ),
        }
    }
}

impl From<SetHeader> for ReceivedHeader {
    fn from(header: SetHeader) -> Self {
        Self::Known(header)
    }
}

/// A set on its way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outgoing {
    /// Its name in this home and, as the idempotency key, at the platform: made once, when it was
    /// put in.
    pub id: IdempotencyKey,
    /// Its place in the order of putting in, from 1.
    pub number: u64,
    /// What the names of its files say.
    #[serde(flatten)]
    pub header: SetHeader,
    /// Its files in the order of the container.
    pub files: Vec<SetFile>,
    /// When it was put in.
    pub put_in_at: DateTime<Utc>,
    /// Where it stands.
    pub state: OutgoingState,
    /// The platform's receipt: from here on it is delivered whatever happens. Written as JSON
    /// without its signed form, which is among [`Client::receipts`](crate::Client::receipts).
    #[serde(serialize_with = "without_evidence")]
    pub receipt: Option<Receipt>,
    /// Whether only the receiver can read it on its way (封緘).
    pub sealed: bool,
    /// Whether its container is still in the home; see
    /// [`remove_files_before`](crate::Client::remove_files_before).
    pub files_kept: bool,
}

fn without_evidence<S: Serializer>(
    receipt: &Option<Receipt>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut value = serde_json::to_value(receipt).map_err(ser::Error::custom)?;
    if let Some(members) = value.as_object_mut() {
        members.remove("evidence");
    }
    value.serialize(serializer)
}

/// Where an outgoing set stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", content = "detail", rename_all = "snake_case")]
#[non_exhaustive]
pub enum OutgoingState {
    /// Its files are stored in the home.
    PutIn,
    /// Its container is signed and stored; it waits for the platform.
    Signed,
    /// The platform has it; what became of it since, as last heard.
    Sent(SendingState),
    /// The platform does not take it as it is. A person has to do something, then
    /// [`retry`](crate::Client::retry) or [`discard`](crate::Client::discard).
    Refused(Refusal),
    /// It was taken back before the platform had it.
    Discarded,
}

impl OutgoingState {
    /// The name for people.
    #[must_use]
    pub fn name(&self, lang: Lang) -> &'static str {
        let (ja, en) = match self {
            Self::PutIn => ("署名待ち", "waiting to be signed"),
            Self::Signed => ("送信待ち", "waiting to be sent"),
            Self::Sent(state) => return state.name(lang),
            Self::Refused(_) => ("送信できません", "not accepted"),
            Self::Discarded => ("破棄済", "discarded"),
        };
        lang.pick(ja, en)
    }
}

/// A received set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Incoming {
    /// The platform's number of the sending.
    pub id: SendingId,
    /// Its place in the order of arriving, from 1.
    pub number: u64,
    /// What it is, from whom to whom.
    #[serde(flatten)]
    pub header: ReceivedHeader,
    /// Whether only this office could read it on its way (封緘).
    pub sealed: bool,
    /// Its files in the order of the container; empty for a quarantined one.
    pub files: Vec<SetFile>,
    /// Digest of the container.
    pub sha256: Sha256Digest,
    /// Length of the container.
    pub bytes: u64,
    /// When the sender signed it, by the sender's clock.
    pub signed_at: Option<DateTime<Utc>>,
    /// When the platform took it.
    pub accepted_at: DateTime<Utc>,
    /// When this home stored it.
    pub received_at: DateTime<Utc>,
    /// When its files were last taken out.
    pub taken_out_at: Option<DateTime<Utc>>,
    /// Where it stands.
    pub state: IncomingState,
    /// Whether its container and files are still in the home; see
    /// [`remove_files_before`](crate::Client::remove_files_before).
    pub files_kept: bool,
}

/// Where a received set stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", content = "detail", rename_all = "snake_case")]
#[non_exhaustive]
pub enum IncomingState {
    /// Verified and stored; the platform is still to be told.
    Stored,
    /// Verified and stored, and the platform knows.
    Confirmed,
    /// Verified and stored, but the platform did not take the confirmation: to the sender it was
    /// not delivered.
    NotConfirmed(Refusal),
    /// It does not verify, or is not what it says it is: kept aside, not confirmed, its files are
    /// not handed out.
    Quarantined(Refusal),
}

impl IncomingState {
    /// The name for people.
    #[must_use]
    pub fn name(&self, lang: Lang) -> &'static str {
        let (ja, en) = match self {
            Self::Stored => ("受信済（確認待ち）", "stored, not yet confirmed"),
            Self::Confirmed => ("受信済", "received"),
            Self::NotConfirmed(_) => ("受信確認できません", "could not be confirmed"),
            Self::Quarantined(_) => ("隔離", "quarantined"),
        };
        lang.pick(ja, en)
    }

    /// Whether its files can be taken out.
    #[must_use]
    pub const fn is_verified(&self) -> bool {
        !matches!(self, Self::Quarantined(_))
    }
}

/// Why something was not accepted, kept in words so that a person can read it later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Stable code: the platform's problem code, or the envelope's or this crate's.
    pub code: String,
    /// What, where and what to do, in Japanese.
    pub ja: String,
    /// The same in English.
    pub en: String,
}

impl Refusal {
    /// Keeps the words of an error.
    #[must_use]
    pub fn of(code: &str, error: &impl Explain) -> Self {
        Self {
            code: code.to_owned(),
            ja: error.explain(Lang::Ja),
            en: error.explain(Lang::En),
        }
    }
}

impl From<&Problem> for Refusal {
    fn from(problem: &Problem) -> Self {
        Self::of(&problem.code, problem)
    }
}

impl Explain for Refusal {
    fn explain(&self, lang: Lang) -> String {
        lang.pick(&self.ja, &self.en).clone()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.en)
    }
}

/// How many sets of a month there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct MonthCount {
    /// Put in here.
    pub sent: u64,
    /// Received and verified.
    pub received: u64,
}

/// The sets of a month that hold, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct MonthSets {
    /// Put in here, and not taken back, refused or expired since.
    pub sent: Vec<Outgoing>,
    /// Received and verified.
    pub received: Vec<Incoming>,
}

/// How many sets stand where: what an office looks at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Status {
    /// Put in or signed, not yet at the platform.
    pub waiting: u64,
    /// At the platform, not yet confirmed by the receiver.
    pub under_way: u64,
    /// Confirmed by the receiver.
    pub delivered: u64,
    /// Withdrawn, expired, refused after accepting, or discarded.
    pub ended: u64,
    /// Not accepted: a person has to do something.
    pub refused: u64,
    /// Received, and not yet taken out.
    pub new: u64,
    /// Received and taken out.
    pub taken_out: u64,
    /// Received but kept aside.
    pub quarantined: u64,
}
