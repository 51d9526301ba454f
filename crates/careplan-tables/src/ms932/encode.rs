//! From text to MS932.

use std::borrow::Cow;

use careplan_core::{Explain, Lang};

use super::is_user_defined;
use super::tables::TABLES;

/// A character that MS932 does not have, or that the standard forbids.
///
/// It keeps the place, not the character: names are personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
pub struct EncodeError {
    at: usize,
    character_number: usize,
    user_defined: bool,
}

impl EncodeError {
    pub(crate) const fn new(at: usize, character_number: usize, user_defined: bool) -> Self {
        Self {
            at,
            character_number,
            user_defined,
        }
    }

    /// Where, in bytes of the UTF-8 text from 0.
    #[must_use]
    pub const fn at(&self) -> usize {
        self.at
    }

    /// Where, in characters from 1.
    #[must_use]
    pub const fn character_number(&self) -> usize {
        self.character_number
    }

    /// Whether it is a user-defined character (外字).
    #[must_use]
    pub const fn is_user_defined(&self) -> bool {
        self.user_defined
    }
}

impl Explain for EncodeError {
    fn explain(&self, lang: Lang) -> String {
        let number = self.character_number;
        match (lang, self.user_defined) {
            (Lang::En, false) => format!(
                "character {number} does not exist in MS932; write another form of it, \
                 or let Substitutes replace it"
            ),
            (Lang::Ja, false) => format!(
                "{number}文字目はMS932にない文字です。別の字体で書くか、置換機能を使ってください。"
            ),
            (Lang::En, true) => {
                format!("character {number} is user-defined; write a character of MS932 instead")
            }
            (Lang::Ja, true) => {
                format!("{number}文字目は外字です。MS932にある文字に置き換えてください。")
            }
        }
    }
}

/// Encodes text; ASCII is borrowed.
///
/// # Errors
/// If MS932 lacks a character, or it is user-defined. See [`substitute`](mod@crate::substitute) for
/// what to do then.
///
/// ```
/// use careplan_tables::ms932;
///
/// assert_eq!(&*ms932::encode("山本")?, b"\x8E\x52\x96\x7B");
/// // The house's own kanji 𠮷 is not in MS932, and no `?` is written for it.
/// assert_eq!(ms932::encode("𠮷田").unwrap_err().character_number(), 1);
/// # Ok::<(), careplan_tables::ms932::EncodeError>(())
/// ```
pub fn encode(text: &str) -> Result<Cow<'_, [u8]>, EncodeError> {
    if text.is_ascii() {
        return Ok(Cow::Borrowed(text.as_bytes()));
    }
    let mut bytes = Vec::with_capacity(text.len());
    encode_into(text, &mut bytes)?;
    Ok(Cow::Owned(bytes))
}

/// Like [`encode`], appended to a buffer. After an error the buffer is as it was.
///
/// # Errors
/// As [`encode`].
pub fn encode_into(text: &str, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    append(text, out, false)
}

/// Like [`encode`], but private characters U+E000 to U+E757 become user-defined ones.
///
/// # Errors
/// If MS932 lacks a character.
pub fn encode_with_user_defined(text: &str) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = Vec::with_capacity(text.len());
    append(text, &mut bytes, true)?;
    Ok(bytes)
}

fn append(text: &str, out: &mut Vec<u8>, user_defined: bool) -> Result<(), EncodeError> {
    let tables = &*TABLES;
    let length = out.len();
    // Never longer than the UTF-8 text.
    out.reserve(text.len());
    for (at, character) in text.char_indices() {
        match character {
            '\0'..='\x7F' => out.push(character as u8),
            '\u{FF61}'..='\u{FF9F}' => out.push((u32::from(character) - 0xFF61 + 0xA1) as u8),
            _ => match tables.pair(character) {
                Some(pair) if user_defined || !is_user_defined(character) => {
                    out.extend_from_slice(&pair);
                }
                _ => {
                    out.truncate(length);
                    return Err(EncodeError::new(
                        at,
                        text.get(..at).map_or(0, |head| head.chars().count()) + 1,
                        is_user_defined(character),
                    ));
                }
            },
        }
    }
    Ok(())
}

/// Whether MS932 has a character. User-defined ones do not count.
#[must_use]
pub fn has(character: char) -> bool {
    match character {
        '\0'..='\x7F' | '\u{FF61}'..='\u{FF9F}' => true,
        _ => !is_user_defined(character) && TABLES.pair(character).is_some(),
    }
}
