//! Free text: MS932 bytes that are known to be text, decoded when asked.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::diagnose::byte_fault;
use crate::fault::FaultKind;
use crate::ms932::{self, EncodeError};
use crate::raw::RawField;

/// Free text of a column, as MS932 bytes. It may be empty, which is how the standard leaves a
/// text out.
///
/// The bytes are checked once, when the text is made; decoding is left until someone wants it.
/// They are kept as they were, so a character that MS932 has in two places is written back as it
/// came.
///
/// ```
/// use careplan_tables::Text;
///
/// let name = Text::new("山本　恵子")?;
/// assert_eq!(name.decode(), "山本　恵子");
/// assert_eq!(name.as_bytes().len(), 10);
/// // 𠮷 is not in MS932: refused here, not replaced.
/// assert!(Text::new("𠮷田").is_err());
/// # Ok::<(), careplan_tables::ms932::EncodeError>(())
/// ```
#[derive(Clone, Default)]
pub struct Text<'a> {
    bytes: Cow<'a, [u8]>,
    /// Whether there is a user-defined or control character; only lenient reading lets one in.
    faulty: bool,
}

impl<'a> Text<'a> {
    /// No text.
    pub const EMPTY: Self = Self {
        bytes: Cow::Borrowed(&[]),
        faulty: false,
    };

    /// Encodes a text.
    ///
    /// # Errors
    /// If MS932 lacks a character, or it is user-defined. Control characters are let in and
    /// refused on writing.
    pub fn new(text: &'a str) -> Result<Self, EncodeError> {
        Ok(Self::scanned(ms932::encode(text)?).unwrap_or_default())
    }

    /// Takes MS932 bytes, without quotation marks around them or doubled inside.
    ///
    /// # Errors
    /// If they are not MS932. User-defined and control characters are let in, see
    /// [`has_user_defined`](Self::has_user_defined), and refused on writing.
    pub fn from_ms932(bytes: impl Into<Cow<'a, [u8]>>) -> Result<Self, ms932::DecodeError> {
        Self::scanned(bytes.into())
            .map_err(|at| ms932::DecodeError::new(ms932::DecodeErrorKind::Invalid, at))
    }

    /// Looks over the bytes; the place of the first invalid one if there is one.
    #[inline]
    fn scanned(bytes: Cow<'a, [u8]>) -> Result<Self, usize> {
        let scan = ms932::scan(&bytes);
        match scan.invalid {
            Some(at) => Err(at),
            None => Ok(Self {
                bytes,
                faulty: scan.user_defined.is_some() || scan.control.is_some(),
            }),
        }
    }

    /// Whether there is no text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The MS932 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The text. ASCII is borrowed; a user-defined character becomes one of the private area, as
    /// Windows has it.
    #[must_use]
    pub fn decode(&self) -> Cow<'_, str> {
        // The bytes are MS932 since the text was made.
        ms932::decode_with_user_defined(&self.bytes).unwrap_or_default()
    }

    /// Whether a user-defined character (外字) is in it. Only texts read leniently or made by
    /// [`from_ms932`](Self::from_ms932) can have one.
    #[must_use]
    pub fn has_user_defined(&self) -> bool {
        self.faulty && ms932::scan(&self.bytes).user_defined.is_some()
    }

    /// The text with bytes of its own.
    #[must_use]
    pub fn into_owned(self) -> Text<'static> {
        Text {
            bytes: Cow::Owned(self.bytes.into_owned()),
            faulty: self.faulty,
        }
    }

    /// Why the text may not stand in a file of the standard.
    #[inline]
    pub(crate) fn fault(&self) -> Option<FaultKind> {
        if self.faulty {
            byte_fault(&self.bytes)
        } else {
            None
        }
    }

    /// Appends it in quotation marks, doubling those inside.
    #[inline]
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.push(b'"');
        let mut rest: &[u8] = &self.bytes;
        while let Some(at) = memchr::memchr(b'"', rest) {
            let (head, tail) = rest.split_at(at + 1);
            out.extend_from_slice(head);
            out.push(b'"');
            rest = tail;
        }
        out.extend_from_slice(rest);
        out.push(b'"');
    }
}

/// Reads a field as text.
#[inline]
pub(super) fn read(field: RawField<'_>) -> Result<Text<'_>, FaultKind> {
    let content = field.content();
    if content.is_empty() {
        return Ok(Text::EMPTY);
    }
    Text::scanned(content).map_err(|at| {
        byte_fault(&field.content()).unwrap_or(FaultKind::EncodingInvalid {
            at,
            looks_like_utf8: false,
        })
    })
}

impl FromStr for Text<'static> {
    type Err = EncodeError;

    fn from_str(text: &str) -> Result<Self, EncodeError> {
        Text::new(text).map(Text::into_owned)
    }
}

impl<'a> TryFrom<&'a str> for Text<'a> {
    type Error = EncodeError;

    fn try_from(text: &'a str) -> Result<Self, EncodeError> {
        Text::new(text)
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.decode())
    }
}

impl fmt::Debug for Text<'_> {
    /// Hidden: names, addresses, opinions.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} bytes)", self.bytes.len())
    }
}

impl PartialEq for Text<'_> {
    /// The same characters, whichever of its places in MS932 a character comes from.
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
            || (self.bytes.len() == other.bytes.len() && self.decode() == other.decode())
    }
}

impl Eq for Text<'_> {}

impl std::hash::Hash for Text<'_> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.decode().hash(state);
    }
}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        self.decode() == other
    }
}

impl PartialEq<&str> for Text<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.decode() == *other
    }
}

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.decode())
    }
}

impl<'de> Deserialize<'de> for Text<'_> {
    /// Takes what [`Serialize`] wrote, user-defined characters included.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str>>::deserialize(deserializer)?;
        let bytes = ms932::encode_with_user_defined(&text).map_err(de::Error::custom)?;
        Text::from_ms932(bytes).map_err(de::Error::custom)
    }
}
