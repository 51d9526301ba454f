//! The days of a month for which a prorated service counts.

use std::fmt;
use std::str::FromStr;

use super::inline::ValueError;
use super::{Refusal, Value, serde_as_text};
use crate::column::{Column, Kind};

/// Prorated days (日割対象日): 31 marks, day 1 first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct DayBits {
    /// Bit 0 is day 1.
    bits: u32,
}

impl DayBits {
    /// Characters of the text form.
    pub const LEN: usize = 31;

    /// The marks of the given days; days outside 1 to 31 are left out.
    #[must_use]
    pub fn of(days: impl IntoIterator<Item = u8>) -> Self {
        let bits = days
            .into_iter()
            .filter(|day| (1..=31).contains(day))
            .fold(0, |bits, day| bits | 1 << (day - 1));
        Self { bits }
    }

    /// Whether a day is marked.
    #[must_use]
    pub const fn contains(self, day: u8) -> bool {
        day >= 1 && day <= 31 && self.bits & (1 << (day - 1)) != 0
    }

    /// The marked days in order.
    pub fn days(self) -> impl Iterator<Item = u8> {
        (1..=31).filter(move |&day| self.contains(day))
    }

    /// How many days are marked.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.bits.count_ones()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; Self::LEN] = bytes.try_into().ok()?;
        let mut bits = 0;
        for (day, byte) in bytes.iter().enumerate() {
            match byte {
                b'0' => {}
                b'1' => bits |= 1 << day,
                _ => return None,
            }
        }
        Some(Self { bits })
    }

    fn text(self) -> [u8; Self::LEN] {
        let mut text = [b'0'; Self::LEN];
        for (day, byte) in text.iter_mut().enumerate() {
            if self.bits & (1 << day) != 0 {
                *byte = b'1';
            }
        }
        text
    }
}

impl Value for DayBits {
    #[inline]
    fn parse(bytes: &[u8], _column: &Column) -> Result<Self, Refusal> {
        Self::from_bytes(bytes).ok_or(Refusal::Form)
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.text());
    }
}

impl FromStr for DayBits {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        Self::from_bytes(text.as_bytes()).ok_or(ValueError {
            kind: Kind::DayBits,
        })
    }
}

impl fmt::Display for DayBits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The text is ASCII, so this never takes the other branch.
        f.pad(std::str::from_utf8(&self.text()).unwrap_or_default())
    }
}

impl fmt::Debug for DayBits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DayBits({self})")
    }
}

serde_as_text!(DayBits);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_character_is_the_first_day() {
        let text = "1000000000000000000000000000001";
        let days: DayBits = text.parse().unwrap();
        assert_eq!(days.days().collect::<Vec<_>>(), [1, 31]);
        assert_eq!(days, DayBits::of([31, 1, 0, 32]));
        assert_eq!(days.to_string(), text);
        assert!(text[1..].parse::<DayBits>().is_err());
        assert!(
            "2000000000000000000000000000001"
                .parse::<DayBits>()
                .is_err()
        );
    }
}
