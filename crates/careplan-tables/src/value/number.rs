//! Numbers: units, counts, yen; and the price of a unit.

use std::fmt;
use std::str::FromStr;

use super::inline::ValueError;
use super::{Refusal, Value, serde_as_text};
use crate::column::{Column, Kind};
use crate::fault::FaultKind;

impl Value for u32 {
    #[inline]
    fn parse(bytes: &[u8], column: &Column) -> Result<Self, Refusal> {
        let mut value: Self = 0;
        // Longer than any column; nothing overflows.
        if bytes.len() > 9 {
            return Err(Refusal::Form);
        }
        for &byte in bytes {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return Err(Refusal::Form);
            }
            value = value * 10 + Self::from(digit);
        }
        in_range(value, column)
            .then_some(value)
            .ok_or(Refusal::Range)
    }

    #[inline]
    fn write(&self, out: &mut Vec<u8>) {
        let mut digits = [0; 10];
        let mut at = digits.len();
        let mut rest = *self;
        loop {
            at -= 1;
            if let Some(slot) = digits.get_mut(at) {
                // A digit, below 10.
                *slot = b'0' + (rest % 10) as u8;
            }
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        out.extend_from_slice(digits.get(at..).unwrap_or_default());
    }

    fn verify(&self, column: &Column) -> Result<(), FaultKind> {
        match column.range {
            Some((min, max)) if !(min..=max).contains(self) => {
                Err(FaultKind::ValueOutOfRange { min, max })
            }
            _ => Ok(()),
        }
    }
}

#[inline]
fn in_range(value: u32, column: &Column) -> bool {
    column
        .range
        .is_none_or(|(min, max)| (min..=max).contains(&value))
}

/// Yen per unit (単位数単価), 00.00 to 99.99.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitPrice {
    hundredths: u16,
}

impl UnitPrice {
    /// A price in hundredths of a yen, 0 to 9999; `None` above.
    #[must_use]
    pub const fn from_hundredths(hundredths: u16) -> Option<Self> {
        if hundredths <= 9999 {
            Some(Self { hundredths })
        } else {
            None
        }
    }

    /// The price in hundredths of a yen.
    #[must_use]
    pub const fn hundredths(self) -> u16 {
        self.hundredths
    }

    /// What so many units cost in yen, rounded down (円未満切捨て).
    #[must_use]
    pub const fn yen(self, units: u32) -> u64 {
        units as u64 * self.hundredths as u64 / 100
    }
}

impl Value for UnitPrice {
    #[inline]
    fn parse(bytes: &[u8], _column: &Column) -> Result<Self, Refusal> {
        let [a, b, b'.', c, d] = bytes else {
            return Err(Refusal::Form);
        };
        let mut hundredths = 0;
        for byte in [a, b, c, d] {
            if !byte.is_ascii_digit() {
                return Err(Refusal::Form);
            }
            hundredths = hundredths * 10 + u16::from(byte - b'0');
        }
        Ok(Self { hundredths })
    }

    fn write(&self, out: &mut Vec<u8>) {
        let digit = |power: u16| b'0' + (self.hundredths / power % 10) as u8;
        out.extend_from_slice(&[digit(1000), digit(100), b'.', digit(10), digit(1)]);
    }
}

impl FromStr for UnitPrice {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        const ANY: Column = Column::new(0, "", "", Kind::Decimal, crate::Presence::Optional);
        Self::parse(text.as_bytes(), &ANY).map_err(|_| ValueError {
            kind: Kind::Decimal,
        })
    }
}

impl fmt::Display for UnitPrice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:02}.{:02}",
            self.hundredths / 100,
            self.hundredths % 100
        )
    }
}

impl fmt::Debug for UnitPrice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnitPrice({self})")
    }
}

serde_as_text!(UnitPrice);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_written_with_two_and_two_digits() {
        let price: UnitPrice = "11.40".parse().unwrap();
        assert_eq!(price.hundredths(), 1140);
        assert_eq!(price.to_string(), "11.40");
        // 3076 units at 11.40 yen: 35066.4.
        assert_eq!(price.yen(3076), 35066);
        for bad in ["11.4", "111.40", "1.40", "11,40", "", "11.4x"] {
            assert!(bad.parse::<UnitPrice>().is_err(), "{bad}");
        }
        assert!(UnitPrice::from_hundredths(10_000).is_none());
    }
}
