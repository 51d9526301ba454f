//! Months, dates and times of day as the standard writes them, and Japan's calendar day.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Days, FixedOffset, Months, NaiveDate, NaiveDateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::identifier::all;
use crate::{ParseError, Reason, Term};

/// Two to four ASCII digits as a number. The caller has checked that they are digits.
fn number(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |sum, &digit| {
        sum * 10 + u32::from(digit.wrapping_sub(b'0'))
    })
}

/// Checks the length and that every byte is a digit.
fn digits(bytes: &[u8], len: usize, term: Term) -> Result<(), ParseError> {
    if bytes.len() != len {
        let found = String::from_utf8_lossy(bytes).chars().count();
        return Err(ParseError::new(term, Reason::Length { found }));
    }
    all(bytes, |_, byte| byte.is_ascii_digit()).map_err(|reason| ParseError::new(term, reason))
}

/// A date (年月日) written YYYYMMDD.
///
/// # Errors
/// If it is not eight digits or no day of the calendar.
#[inline]
pub fn parse_date(bytes: &[u8]) -> Result<NaiveDate, ParseError> {
    digits(bytes, 8, Term::Date)?;
    i32::try_from(number(&bytes[..4]))
        .ok()
        .and_then(|year| NaiveDate::from_ymd_opt(year, number(&bytes[4..6]), number(&bytes[6..8])))
        .filter(|date| date.year() > 0)
        .ok_or(ParseError::new(Term::Date, Reason::NotInCalendar))
}

/// A month (年月) of the years 1 to 9999, written YYYYMM.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct YearMonth {
    year: u16,
    month: u8,
}

impl YearMonth {
    /// The month `month` (1 to 12) of the year `year` (1 to 9999); `None` for any other.
    #[must_use]
    pub const fn new(year: u16, month: u8) -> Option<Self> {
        if year >= 1 && year <= 9999 && month >= 1 && month <= 12 {
            Some(Self { year, month })
        } else {
            None
        }
    }

    /// The month in which a day lies.
    #[must_use]
    pub fn of(date: NaiveDate) -> Option<Self> {
        Self::new(
            u16::try_from(date.year()).ok()?,
            u8::try_from(date.month()).ok()?,
        )
    }

    /// The year, 1 to 9999.
    #[must_use]
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    #[must_use]
    pub const fn month(self) -> u8 {
        self.month
    }

    /// How many days the month has, 28 to 31.
    #[must_use]
    pub const fn days(self) -> u8 {
        let leap = self.year.is_multiple_of(4)
            && (!self.year.is_multiple_of(100) || self.year.is_multiple_of(400));
        match self.month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    /// The day `day` (1 to [`days`](Self::days)) of the month; `None` for any other.
    #[must_use]
    pub fn day(self, day: u8) -> Option<NaiveDate> {
        NaiveDate::from_ymd_opt(i32::from(self.year), u32::from(self.month), u32::from(day))
    }

    /// Whether a day lies in the month.
    #[must_use]
    pub fn contains(self, date: NaiveDate) -> bool {
        date.year() == i32::from(self.year) && date.month() == u32::from(self.month)
    }

    /// The month after this one; `None` after December 9999.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        Self::of(self.day(1)?.checked_add_months(Months::new(1))?)
    }

    /// The month before this one; `None` before January of the year 1.
    #[must_use]
    pub fn previous(self) -> Option<Self> {
        Self::of(self.day(1)?.checked_sub_days(Days::new(1))?)
    }
}

impl TryFrom<&[u8]> for YearMonth {
    type Error = ParseError;

    #[inline]
    fn try_from(bytes: &[u8]) -> Result<Self, ParseError> {
        digits(bytes, 6, Term::YearMonth)?;
        u16::try_from(number(&bytes[..4]))
            .ok()
            .zip(u8::try_from(number(&bytes[4..6])).ok())
            .and_then(|(year, month)| Self::new(year, month))
            .ok_or(ParseError::new(Term::YearMonth, Reason::NotInCalendar))
    }
}

impl FromStr for YearMonth {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::try_from(text.as_bytes())
    }
}

impl fmt::Display for YearMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}{:02}", self.year, self.month)
    }
}

impl fmt::Debug for YearMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "YearMonth({self})")
    }
}

/// A time of day (時刻) written HHMM: 0000 to 2359, and 2400 as the end of a day.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay {
    minutes: u16,
}

impl TimeOfDay {
    /// 2400: the end of the day.
    pub const END_OF_DAY: Self = Self { minutes: 24 * 60 };

    /// The time `hour`:`minute`; `None` past 24:00 or with minutes past 59.
    #[must_use]
    pub const fn new(hour: u8, minute: u8) -> Option<Self> {
        if (hour < 24 && minute < 60) || (hour == 24 && minute == 0) {
            Some(Self {
                minutes: hour as u16 * 60 + minute as u16,
            })
        } else {
            None
        }
    }

    /// Minutes since 0000, 0 to 1440.
    #[must_use]
    pub const fn minutes(self) -> u16 {
        self.minutes
    }
}

impl TryFrom<&[u8]> for TimeOfDay {
    type Error = ParseError;

    #[inline]
    fn try_from(bytes: &[u8]) -> Result<Self, ParseError> {
        digits(bytes, 4, Term::TimeOfDay)?;
        u8::try_from(number(&bytes[..2]))
            .ok()
            .zip(u8::try_from(number(&bytes[2..])).ok())
            .and_then(|(hour, minute)| Self::new(hour, minute))
            .ok_or(ParseError::new(Term::TimeOfDay, Reason::NotInCalendar))
    }
}

impl FromStr for TimeOfDay {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::try_from(text.as_bytes())
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}{:02}", self.minutes / 60, self.minutes % 60)
    }
}

impl fmt::Debug for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TimeOfDay({self})")
    }
}

/// Serde as the standard's text, for types that parse and print it.
macro_rules! serde_as_text {
    ($name:ty) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    };
}
pub(crate) use serde_as_text;

serde_as_text!(YearMonth);
serde_as_text!(TimeOfDay);

/// Japan Standard Time, nine hours ahead of UTC all year.
const JAPAN: FixedOffset = match FixedOffset::east_opt(9 * 3600) {
    Some(offset) => offset,
    None => panic!("nine hours are a valid offset"),
};

/// The wall clock in Japan at an instant.
#[must_use]
pub fn japan_time(at: DateTime<Utc>) -> NaiveDateTime {
    at.with_timezone(&JAPAN).naive_local()
}

/// The calendar day in Japan at an instant: what licences and months are counted in.
#[must_use]
pub fn japan_date(at: DateTime<Utc>) -> NaiveDate {
    japan_time(at).date()
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_are_eight_digits_of_the_calendar() {
        assert_eq!(
            parse_date(b"20280229").unwrap(),
            NaiveDate::from_ymd_opt(2028, 2, 29).unwrap()
        );
        for bad in ["20270229", "00000000", "00000101", "20261301", "20260132"] {
            let error = parse_date(bad.as_bytes()).unwrap_err();
            assert_eq!(error.reason(), Reason::NotInCalendar, "{bad}");
        }
        assert_eq!(
            parse_date(b"2026/1/1").unwrap_err().reason(),
            Reason::Character { at: 4 }
        );
        assert_eq!(
            parse_date(b"").unwrap_err().reason(),
            Reason::Length { found: 0 }
        );
    }

    #[test]
    fn months_know_their_days() {
        for (text, days) in [
            ("202602", 28),
            ("202802", 29),
            ("210002", 28),
            ("200002", 29),
            ("202604", 30),
        ] {
            assert_eq!(text.parse::<YearMonth>().unwrap().days(), days, "{text}");
        }
        assert!("000000".parse::<YearMonth>().is_err());
        assert!("202613".parse::<YearMonth>().is_err());
        let december: YearMonth = "202612".parse().unwrap();
        assert_eq!(december.next().unwrap().to_string(), "202701");
        assert_eq!(december.next().unwrap().previous().unwrap(), december);
        assert_eq!("999912".parse::<YearMonth>().unwrap().next(), None);
    }

    #[test]
    fn times_run_from_0000_to_2400() {
        assert_eq!("2400".parse::<TimeOfDay>().unwrap(), TimeOfDay::END_OF_DAY);
        assert_eq!("0930".parse::<TimeOfDay>().unwrap().minutes(), 570);
        for bad in ["2401", "0960", "9999", "930", "09:3"] {
            assert!(bad.parse::<TimeOfDay>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_day_in_japan_starts_at_15_utc() {
        let eve = Utc.with_ymd_and_hms(2026, 9, 30, 14, 59, 59).unwrap();
        assert_eq!(
            japan_date(eve),
            NaiveDate::from_ymd_opt(2026, 9, 30).unwrap()
        );
        let day = Utc.with_ymd_and_hms(2026, 9, 30, 15, 0, 0).unwrap();
        assert_eq!(
            japan_date(day),
            NaiveDate::from_ymd_opt(2026, 10, 1).unwrap()
        );
    }

    proptest! {
        #[test]
        fn days_agree_with_chrono(year in 1u16..=9999, month in 1u8..=12) {
            let month = YearMonth::new(year, month).unwrap();
            prop_assert!(month.day(month.days()).is_some());
            prop_assert!(month.day(month.days() + 1).is_none());
            prop_assert_eq!(month.to_string().parse::<YearMonth>().unwrap(), month);
        }
    }
}
