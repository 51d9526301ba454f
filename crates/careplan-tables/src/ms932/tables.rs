//! The mapping between two-byte sequences and characters, taken once from `encoding_rs`.
//!
//! `encoding_rs` implements the WHATWG's `Shift_JIS`, whose two-byte index is that of Windows code
//! page 932. Only its decoder is asked, and only for pairs; the tests hold the result against
//! Python's `cp932` over everything.

use std::ops::RangeInclusive;
use std::sync::LazyLock;

use encoding_rs::SHIFT_JIS;

/// Trail bytes run from here; one row of the tables has so many.
const FIRST_TRAIL: u8 = 0x40;
const ROW: usize = 0xC0;
/// Rows for lead bytes 0x81 to 0xFC.
const FIRST_LEAD: u8 = 0x81;
const ROWS: usize = 0xFC - 0x81 + 1;

/// Lead bytes of NEC's copy of the IBM extensions (NEC選定IBM拡張文字).
const NEC_COPY: RangeInclusive<u8> = 0xED..=0xEE;

/// What a single byte is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// ASCII, or half-width katakana.
    Single,
    /// The first of two.
    Lead,
    /// A control character other than TAB, CR and LF.
    Control,
    /// Neither.
    Invalid,
}

/// [`Class`] of every byte.
pub(super) const CLASS: [Class; 256] = {
    let mut table = [Class::Single; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte {
            0x09 | 0x0A | 0x0D | 0x20..=0x7E | 0xA1..=0xDF => Class::Single,
            0x00..=0x1F | 0x7F => Class::Control,
            0x81..=0x9F | 0xE0..=0xFC => Class::Lead,
            _ => Class::Invalid,
        };
        byte += 1;
    }
    table
};

/// Both directions.
pub(super) struct Tables {
    /// By lead and trail: the character, 0 if there is none.
    decoded: Vec<u16>,
    /// By character of the basic plane: the two bytes, 0 if there are none.
    encoded: Vec<u16>,
}

impl Tables {
    fn build() -> Self {
        let mut decoded = vec![0; ROWS * ROW];
        let mut encoded = vec![0; 0x1_0000];
        for lead in 0x81..=0xFC_u8 {
            if CLASS[usize::from(lead)] != Class::Lead {
                continue;
            }
            for trail in FIRST_TRAIL..=0xFC {
                let pair = [lead, trail];
                let (text, errors) = SHIFT_JIS.decode_without_bom_handling(&pair);
                let mut characters = text.chars();
                let (Some(character), None, false) = (characters.next(), characters.next(), errors)
                else {
                    continue;
                };
                let Ok(unit) = u16::try_from(u32::from(character)) else {
                    continue;
                };
                if let Some(slot) = decoded.get_mut(index(lead, trail)) {
                    *slot = unit;
                }
                // 396 characters have several sequences. All are read; the one that Windows writes
                // is written: the first, but never NEC's copy of the IBM extensions.
                if let Some(slot) = encoded.get_mut(usize::from(unit))
                    && *slot == 0
                    && !NEC_COPY.contains(&lead)
                {
                    *slot = u16::from_be_bytes(pair);
                }
            }
        }
        Self { decoded, encoded }
    }

    /// The character of a pair; `None` if there is none.
    #[inline]
    pub(super) fn character(&self, lead: u8, trail: u8) -> Option<char> {
        if trail < FIRST_TRAIL {
            return None;
        }
        match self.decoded.get(index(lead, trail)) {
            None | Some(0) => None,
            // No pair decodes to a surrogate.
            Some(&unit) => char::from_u32(u32::from(unit)),
        }
    }

    /// Whether a pair is a character.
    #[inline]
    pub(super) fn is_character(&self, lead: u8, trail: u8) -> bool {
        trail >= FIRST_TRAIL
            && self
                .decoded
                .get(index(lead, trail))
                .is_some_and(|&unit| unit != 0)
    }

    /// The pair of a character; `None` if it has none.
    #[inline]
    pub(super) fn pair(&self, character: char) -> Option<[u8; 2]> {
        match self.encoded.get(u32::from(character) as usize) {
            None | Some(0) => None,
            Some(pair) => Some(pair.to_be_bytes()),
        }
    }
}

/// Place in [`Tables::decoded`]. `trail` is at least [`FIRST_TRAIL`].
#[inline]
fn index(lead: u8, trail: u8) -> usize {
    usize::from(lead.wrapping_sub(FIRST_LEAD)) * ROW + usize::from(trail.wrapping_sub(FIRST_TRAIL))
}

/// The tables, made on first use (a millisecond, 150 kB).
pub(super) static TABLES: LazyLock<Tables> = LazyLock::new(Tables::build);
