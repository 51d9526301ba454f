//! What receipts and checkpoints have in common: a small canonical JSON document, alone in a
//! container (ASiC-E) that the operator signs.

use std::fmt;
use std::io::{Cursor, Read, Seek};
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::error::{EvidenceError, EvidenceErrorKind as Kind};
use crate::{
    Compression, EnvelopeWriter, Error, ErrorKind, ExtractError, OperatorCertificate, Signer,
    Verifier, WriterOptions,
};

/// A document of a few hundred bytes; larger ones are not of the format.
const LARGEST_DOCUMENT: u64 = 4096;

/// A kind of statement.
pub(super) trait Statement: Sized {
    /// The document's members, in its order, with serde.
    type Document: Serialize + DeserializeOwned;
    /// The document's name in the container.
    const FILE: &'static str;

    fn document(&self) -> Self::Document;
    /// `None` if the members do not go together.
    fn from_document(document: Self::Document) -> Option<Self>;
    /// When it was made, which is when it is signed.
    fn at(&self) -> DateTime<Utc>;
}

/// The canonical document: members in their order, without white space.
pub(super) fn to_json<S: Statement>(statement: &S) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&statement.document())
}

/// Reads a document; any other way of writing the same is refused.
pub(super) fn from_json<S: Statement>(json: &[u8]) -> Result<S, EvidenceError> {
    serde_json::from_slice(json)
        .ok()
        .and_then(S::from_document)
        .filter(|statement| to_json(statement).is_ok_and(|canonical| canonical == json))
        .ok_or(Kind::Malformed.into())
}

/// Signs a statement; gives the container's bytes.
pub(super) fn sign<S: Statement>(statement: &S, signer: &dyn Signer) -> Result<Vec<u8>, Error> {
    let json = to_json(statement).map_err(|_| ErrorKind::Validity)?;
    // Stored: it is small, and every bit is covered by the signature.
    let options = WriterOptions::default().with_compression(Compression::Stored);
    let mut writer = EnvelopeWriter::new(Cursor::new(Vec::new()), options)?;
    writer.add(S::FILE, &mut json.as_slice())?;
    let (_, container) = writer.finish(signer, statement.at())?;
    Ok(container.into_inner())
}

/// Verifies the container of a statement.
pub(super) fn verify<S: Statement>(
    verifier: &Verifier,
    container: impl Read + Seek,
    at: DateTime<Utc>,
) -> Result<Attested<S>, EvidenceError> {
    let mut envelope = verifier.verify_operator(container, at)?;
    match envelope.files() {
        [file] if file.name == S::FILE && file.size <= LARGEST_DOCUMENT => {}
        _ => return Err(Kind::OtherEvidence.into()),
    }
    let json = envelope.read_file(S::FILE).map_err(|error| match error {
        ExtractError::Container(changed) => EvidenceError::from(changed),
        other => std::io::Error::other(other).into(),
    })?;
    let statement: S = from_json(&json)?;
    if statement.at() != envelope.signed_at() {
        return Err(Kind::TimeMismatch.into());
    }
    Ok(Attested {
        statement,
        operator: envelope.signer().clone(),
    })
}

/// A statement whose signature was verified, and the operator that made it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attested<S> {
    /// What is stated.
    pub statement: S,
    /// By whom.
    pub operator: OperatorCertificate,
}

/// An instant as `2026-11-02T02:00:00Z`, in whole seconds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Second(pub(super) DateTime<Utc>);

impl Second {
    /// Fractions are cut off.
    pub(super) fn of(at: DateTime<Utc>) -> Self {
        Self(at.trunc_subsecs(0))
    }
}

impl Serialize for Second {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_rfc3339_opts(SecondsFormat::Secs, true))
    }
}

impl<'de> Deserialize<'de> for Second {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Other ways of writing the instant are found by writing it again.
        DateTime::deserialize(deserializer).map(Self)
    }
}

/// A name or code in evidence: 1 to 64 lower-case ASCII letters, digits, `.`, `_` and `-`.
///
/// Codes say why something was refused (`digest-mismatch`), names which log is meant.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EvidenceName(Box<str>);

impl EvidenceName {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EvidenceName {
    type Err = EvidenceError;

    fn from_str(text: &str) -> Result<Self, EvidenceError> {
        let allowed = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
        if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(Kind::Name.into())
        }
    }
}

impl fmt::Display for EvidenceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for EvidenceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EvidenceName({self})")
    }
}

impl Serialize for EvidenceName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for EvidenceName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}
