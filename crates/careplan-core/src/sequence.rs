//! The time in a file's name.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::calendar::serde_as_text;
use crate::identifier::all;
use crate::{ParseError, Reason, Term, parse_date};

/// The last part of a file's name, YYYYMMDDHHMMSS in Japan's time: files sent together have the
/// same one, and sets are imported in its order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sequence(NaiveDateTime);

impl Sequence {
    /// The sequence of a wall clock time in Japan (see [`japan_time`](crate::japan_time)), cut to
    /// the second. `None` outside the years 1 to 9999.
    #[must_use]
    pub fn at(time: NaiveDateTime) -> Option<Self> {
        if !(1..=9999).contains(&time.year()) {
            return None;
        }
        Some(Self(time.with_nanosecond(0)?))
    }

    /// The wall clock time in Japan.
    #[must_use]
    pub const fn time(self) -> NaiveDateTime {
        self.0
    }

    /// The day in Japan.
    #[must_use]
    pub const fn date(self) -> NaiveDate {
        self.0.date()
    }
}

impl TryFrom<&[u8]> for Sequence {
    type Error = ParseError;

    fn try_from(bytes: &[u8]) -> Result<Self, ParseError> {
        let error = |reason| ParseError::new(Term::Sequence, reason);
        if bytes.len() != 14 {
            let found = String::from_utf8_lossy(bytes).chars().count();
            return Err(error(Reason::Length { found }));
        }
        all(bytes, |_, byte| byte.is_ascii_digit()).map_err(error)?;
        let date = parse_date(&bytes[..8]).map_err(|parse| error(parse.reason()))?;
        let two = |at: usize| u32::from(bytes[at] - b'0') * 10 + u32::from(bytes[at + 1] - b'0');
        NaiveTime::from_hms_opt(two(8), two(10), two(12))
            .map(|time| Self(date.and_time(time)))
            .ok_or(error(Reason::NotInCalendar))
    }
}

impl FromStr for Sequence {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::try_from(text.as_bytes())
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (date, time) = (self.0.date(), self.0.time());
        write!(
            f,
            "{:04}{:02}{:02}{:02}{:02}{:02}",
            date.year(),
            date.month(),
            date.day(),
            time.hour(),
            time.minute(),
            time.second()
        )
    }
}

impl fmt::Debug for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sequence({self})")
    }
}

serde_as_text!(Sequence);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn is_a_real_time() {
        let sequence: Sequence = "20260921113320".parse().unwrap();
        assert_eq!(
            sequence.date(),
            NaiveDate::from_ymd_opt(2026, 9, 21).unwrap()
        );
        assert_eq!(sequence.to_string(), "20260921113320");
        for bad in [
            "2026092111332",
            "20260931113320",
            "20260921243320",
            "20260921116020",
            "2026092111332x",
        ] {
            assert!(bad.parse::<Sequence>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn text_round_trips(year in 1i32..=9999, day in 1u32..=365, second in 0u32..86_400) {
            let time = NaiveDate::from_yo_opt(year, day).unwrap()
                .and_time(NaiveTime::from_num_seconds_from_midnight_opt(second, 0).unwrap());
            let sequence = Sequence::at(time).unwrap();
            prop_assert_eq!(sequence.to_string().parse::<Sequence>().unwrap(), sequence);
            prop_assert_eq!(sequence.time(), time);
        }
    }
}
