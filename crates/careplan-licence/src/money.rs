//! Money in whole yen.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An amount in whole yen (円), consumption tax included; never negative.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Yen(u64);

impl Yen {
    /// Nothing to pay.
    pub const ZERO: Self = Self(0);

    /// So many yen.
    #[must_use]
    pub const fn new(yen: u64) -> Self {
        Self(yen)
    }

    /// How many yen.
    #[must_use]
    pub const fn amount(self) -> u64 {
        self.0
    }

    /// Whether it is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum; `None` past what 64 bits hold.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(yen) => Some(Self(yen)),
            None => None,
        }
    }

    /// So many times the amount; `None` past what 64 bits hold.
    #[must_use]
    pub const fn checked_mul(self, times: u64) -> Option<Self> {
        match self.0.checked_mul(times) {
            Some(yen) => Some(Self(yen)),
            None => None,
        }
    }
}

/// The digits in groups of three: `63,000`.
impl fmt::Display for Yen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        let mut text = String::with_capacity(digits.len() + digits.len() / 3);
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_in_groups_of_three() {
        for (yen, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (21_000, "21,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(Yen::new(yen).to_string(), text);
        }
    }

    #[test]
    fn does_not_wrap() {
        assert_eq!(Yen::new(u64::MAX).checked_add(Yen::new(1)), None);
        assert_eq!(Yen::new(u64::MAX).checked_mul(2), None);
        assert_eq!(Yen::new(21_000).checked_mul(3), Some(Yen::new(63_000)));
    }
}
