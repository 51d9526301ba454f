//! Codes of rented equipment.

use std::fmt;
use std::str::FromStr;

use super::inline::ValueError;
use super::{Refusal, Value, serde_as_text};
use crate::column::{Column, Kind};

/// TAIS code or notification code (TAISコード, 福祉用具届出コード): 5 digits, hyphen, 6 digits.
///
/// The standard prints the hyphen in full width. Both are read, the half-width one is written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EquipmentCode([u8; 12]);

/// Full-width hyphens of MS932: 817C (minus) and 815D (hyphen).
const FULL_WIDTH: [&[u8]; 2] = [b"\x81\x7C", b"\x81\x5D"];

impl EquipmentCode {
    /// The text, with the half-width hyphen.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Parsing let only ASCII in, so this never takes the other branch.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (maker, rest) = bytes.split_at_checked(5)?;
        let item = rest.strip_prefix(b"-").or_else(|| {
            FULL_WIDTH
                .iter()
                .find_map(|hyphen| rest.strip_prefix(*hyphen))
        })?;
        if item.len() != 6 || !maker.iter().chain(item).all(u8::is_ascii_digit) {
            return None;
        }
        let mut code = [b'-'; 12];
        code.get_mut(..5)?.copy_from_slice(maker);
        code.get_mut(6..)?.copy_from_slice(item);
        Some(Self(code))
    }
}

impl Value for EquipmentCode {
    #[inline]
    fn parse(bytes: &[u8], _column: &Column) -> Result<Self, Refusal> {
        Self::from_bytes(bytes).ok_or(Refusal::Form)
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}

impl FromStr for EquipmentCode {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let ascii = text.replace(['\u{FF0D}', '\u{2010}', '\u{2212}'], "-");
        Self::from_bytes(ascii.as_bytes()).ok_or(ValueError {
            kind: Kind::EquipmentCode,
        })
    }
}

impl fmt::Display for EquipmentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for EquipmentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EquipmentCode({self})")
    }
}

serde_as_text!(EquipmentCode);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hyphen_may_be_full_width_and_is_written_half_width() {
        let code: EquipmentCode = "00170-000123".parse().unwrap();
        assert_eq!(code, "00170－000123".parse().unwrap());
        assert_eq!(
            code,
            EquipmentCode::from_bytes(b"00170\x81\x7C000123").unwrap()
        );
        assert_eq!(code.to_string(), "00170-000123");
        for bad in [
            "00170000123",
            "0170-000123",
            "00170-00012",
            "00170-0001234",
            "0017０-000123",
        ] {
            assert!(bad.parse::<EquipmentCode>().is_err(), "{bad}");
        }
    }
}
