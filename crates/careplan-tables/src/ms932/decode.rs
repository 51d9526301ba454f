//! From MS932 to text.

use std::borrow::Cow;

use careplan_core::{Explain, Lang};

use super::tables::{CLASS, Class, TABLES};

/// Why bytes are not text of the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// No character of MS932 begins there.
    Invalid,
    /// A user-defined character (外字).
    UserDefined,
}

/// Bytes that are not text of the standard, with the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
pub struct DecodeError {
    kind: DecodeErrorKind,
    at: usize,
}

impl DecodeError {
    pub(crate) const fn new(kind: DecodeErrorKind, at: usize) -> Self {
        Self { kind, at }
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> DecodeErrorKind {
        self.kind
    }

    /// Where, in bytes from 0.
    #[must_use]
    pub const fn at(&self) -> usize {
        self.at
    }
}

impl Explain for DecodeError {
    fn explain(&self, lang: Lang) -> String {
        let byte = self.at + 1;
        match (self.kind, lang) {
            (DecodeErrorKind::Invalid, Lang::En) => {
                format!("byte {byte} is not MS932 (Shift_JIS); save the text as Shift_JIS")
            }
            (DecodeErrorKind::Invalid, Lang::Ja) => format!(
                "{byte}バイト目がMS932（Shift_JIS）の文字ではありません。Shift_JISで保存してください。"
            ),
            (DecodeErrorKind::UserDefined, Lang::En) => format!(
                "byte {byte} begins a user-defined character; write a character of MS932 instead"
            ),
            (DecodeErrorKind::UserDefined, Lang::Ja) => {
                format!("{byte}バイト目に外字があります。MS932にある文字に置き換えてください。")
            }
        }
    }
}

/// What a look over bytes found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Scan {
    /// The first byte at which no character begins.
    pub(crate) invalid: Option<usize>,
    /// The first user-defined character.
    pub(crate) user_defined: Option<usize>,
    /// The first control character other than TAB, CR and LF.
    pub(crate) control: Option<usize>,
}

/// Looks over bytes without decoding them. After the first invalid byte it stops.
pub(crate) fn scan(bytes: &[u8]) -> Scan {
    let tables = &*TABLES;
    let mut found = Scan::default();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match CLASS[usize::from(byte)] {
            Class::Single => at += 1,
            Class::Lead => {
                let valid = bytes
                    .get(at + 1)
                    .is_some_and(|&trail| tables.is_character(byte, trail));
                if !valid {
                    found.invalid = Some(at);
                    return found;
                }
                if matches!(byte, 0xF0..=0xF9) && found.user_defined.is_none() {
                    found.user_defined = Some(at);
                }
                at += 2;
            }
            Class::Control => {
                found.control.get_or_insert(at);
                at += 1;
            }
            Class::Invalid => {
                found.invalid = Some(at);
                return found;
            }
        }
    }
    found
}

/// Decodes MS932; ASCII is borrowed.
///
/// # Errors
/// If some byte begins no character, or a user-defined one.
///
/// ```
/// use careplan_tables::ms932;
///
/// assert_eq!(ms932::decode(b"\x8E\x52\x96\x7B")?, "山本");
/// assert_eq!(ms932::decode(b"ab\xF0\x40").unwrap_err().at(), 2);
/// # Ok::<(), careplan_tables::ms932::DecodeError>(())
/// ```
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    let text = decode_with_user_defined(bytes)?;
    match scan(bytes).user_defined {
        None => Ok(text),
        Some(at) => Err(DecodeError::new(DecodeErrorKind::UserDefined, at)),
    }
}

/// Decodes MS932; user-defined characters become U+E000 to U+E757, as Windows has it.
///
/// # Errors
/// If some byte begins no character.
pub fn decode_with_user_defined(bytes: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    if bytes.is_ascii() {
        // ASCII is UTF-8, so this never takes the other branch.
        return Ok(Cow::Borrowed(
            std::str::from_utf8(bytes).unwrap_or_default(),
        ));
    }
    let tables = &*TABLES;
    // Two bytes become three, half-width katakana one become three.
    let mut text = String::with_capacity(bytes.len() * 3 / 2);
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte < 0x80 {
            text.push(char::from(byte));
            at += 1;
        } else if matches!(byte, 0xA1..=0xDF) {
            // Half-width katakana lie in a row from U+FF61.
            text.extend(char::from_u32(0xFF61 + u32::from(byte - 0xA1)));
            at += 1;
        } else {
            let character = bytes
                .get(at + 1)
                .and_then(|&trail| tables.character(byte, trail))
                .ok_or(DecodeError::new(DecodeErrorKind::Invalid, at))?;
            text.push(character);
            at += 2;
        }
    }
    Ok(Cow::Owned(text))
}
