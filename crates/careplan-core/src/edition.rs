//! Editions of the standard.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::calendar::serde_as_text;
use crate::{ParseError, Reason, Term, YearMonth};

/// An edition (版) of the care plan data standard, known in files by its CSV version
/// (CSVバージョン), the month of its issue.
///
/// 4.0 was announced as 202504 and replaced by 4.1 (202407) before it applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Edition {
    /// 1, CSV version 201910.
    First,
    /// 2, CSV version 202003.
    Second,
    /// 3, 3.1 and 3.2, CSV version 202208: names without service types, no table 3.
    Third,
    /// 4.1, CSV version 202407.
    Fourth,
}

impl Edition {
    /// All editions, oldest first.
    pub const ALL: [Self; 4] = [Self::First, Self::Second, Self::Third, Self::Fourth];

    /// The CSV version, YYYYMM.
    #[must_use]
    pub const fn csv_version(self) -> &'static str {
        match self {
            Self::First => "201910",
            Self::Second => "202003",
            Self::Third => "202208",
            Self::Fourth => "202407",
        }
    }

    /// The first month of service (対象年月) the edition applies to.
    #[must_use]
    pub const fn applies_from(self) -> YearMonth {
        let month = match self {
            Self::First => YearMonth::new(2020, 3),
            Self::Second => YearMonth::new(2020, 10),
            Self::Third => YearMonth::new(2023, 1),
            Self::Fourth => YearMonth::new(2025, 4),
        };
        match month {
            Some(month) => month,
            // Only reached if a constant above is not a month, which the tests would show.
            None => unreachable!(),
        }
    }

    /// The edition in force in a month of service; `None` before the first.
    #[must_use]
    pub fn in_force(month: YearMonth) -> Option<Self> {
        Self::ALL
            .into_iter()
            .rev()
            .find(|edition| edition.applies_from() <= month)
    }
}

impl TryFrom<&[u8]> for Edition {
    type Error = ParseError;

    #[inline]
    fn try_from(bytes: &[u8]) -> Result<Self, ParseError> {
        Self::ALL
            .into_iter()
            .find(|edition| edition.csv_version().as_bytes() == bytes)
            .ok_or(ParseError::new(Term::CsvVersion, Reason::Unknown))
    }
}

impl FromStr for Edition {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::try_from(text.as_bytes())
    }
}

/// Prints the CSV version.
impl fmt::Display for Edition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.csv_version())
    }
}

serde_as_text!(Edition);

#[cfg(test)]
mod tests {
    use super::*;

    /// The committed copy of the standard's code tables.
    const CODES: &str = include_str!("../../../docs/standard/codes.toml");

    #[test]
    fn editions_are_those_of_the_code_table() {
        let codes: toml::Table = CODES.parse().unwrap();
        let table = codes["csv_version"].as_table().unwrap();
        assert_eq!(table.len(), Edition::ALL.len());
        for edition in Edition::ALL {
            let row = &table[edition.csv_version()];
            assert_eq!(
                row["applies_from"].as_str().unwrap(),
                edition.applies_from().to_string()
            );
        }
    }

    #[test]
    fn the_fourth_is_in_force_from_april_2025() {
        let month = |text: &str| text.parse().unwrap();
        assert_eq!(Edition::in_force(month("202504")), Some(Edition::Fourth));
        assert_eq!(Edition::in_force(month("202503")), Some(Edition::Third));
        assert_eq!(Edition::in_force(month("202002")), None);
    }

    #[test]
    fn wrong_versions_seen_in_real_files_are_refused() {
        for bad in ["202410", "202504", "", "2024/07"] {
            assert!(bad.parse::<Edition>().is_err(), "{bad}");
        }
    }
}
