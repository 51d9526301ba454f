//! The year of a licence, in days of Japan's calendar.

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

/// The year (有効期間) for which a licence is valid: both days belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Validity {
    first: NaiveDate,
    last: NaiveDate,
}

impl Validity {
    /// The year that starts on `first`: its last day is the eve of the anniversary.
    ///
    /// 29 February has no anniversary in a common year; the year is full with 28 February, so the
    /// next one starts on 1 March. `None` at the end of chrono's calendar.
    #[must_use]
    pub fn year_from(first: NaiveDate) -> Option<Self> {
        let next = first.year().checked_add(1)?;
        let anniversary = NaiveDate::from_ymd_opt(next, first.month(), first.day())
            .or_else(|| NaiveDate::from_ymd_opt(next, 3, 1))?;
        Some(Self {
            first,
            last: anniversary.pred_opt()?,
        })
    }

    /// The year that follows: it starts on the day after the last.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        Self::year_from(self.last.succ_opt()?)
    }

    /// The first day.
    #[must_use]
    pub const fn first(self) -> NaiveDate {
        self.first
    }

    /// The last day (有効期限): the licence is valid on it until midnight in Japan.
    #[must_use]
    pub const fn last(self) -> NaiveDate {
        self.last
    }

    /// Whether a day belongs to the year.
    #[must_use]
    pub fn contains(self, day: NaiveDate) -> bool {
        (self.first..=self.last).contains(&day)
    }

    /// Whether `later` starts on the day after this one's last.
    #[must_use]
    pub fn is_followed_by(self, later: Self) -> bool {
        self.last.succ_opt() == Some(later.first)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_year_ends_on_the_eve_of_its_anniversary() {
        for (first, last) in [
            ("2023-04-20", "2024-04-19"),
            ("2023-01-01", "2023-12-31"),
            ("2023-12-31", "2024-12-30"),
            // 29 February: the year is full with 28 February.
            ("2024-02-29", "2025-02-28"),
            // The anniversary is 1 March of a leap year, whose eve is 29 February.
            ("2023-03-01", "2024-02-29"),
            ("2024-03-01", "2025-02-28"),
            ("2023-02-28", "2024-02-27"),
            ("2024-02-28", "2025-02-27"),
        ] {
            let year = Validity::year_from(day(first)).unwrap();
            assert_eq!(year.last(), day(last), "{first}");
            assert!(year.contains(day(first)) && year.contains(day(last)));
            assert!(!year.contains(day(first).pred_opt().unwrap()));
            assert!(!year.contains(day(last).succ_opt().unwrap()));
        }
    }

    #[test]
    fn after_29_february_the_next_year_starts_on_1_march() {
        let next = Validity::year_from(day("2024-02-29"))
            .unwrap()
            .next()
            .unwrap();
        assert_eq!(
            (next.first(), next.last()),
            (day("2025-03-01"), day("2026-02-28"))
        );
    }

    #[test]
    fn the_end_of_the_calendar_is_no_panic() {
        assert_eq!(Validity::year_from(NaiveDate::MAX), None);
    }

    proptest! {
        #[test]
        fn a_year_has_365_or_366_days(offset in 0i64..200_000) {
            let first = NaiveDate::from_ymd_opt(1900, 1, 1).unwrap() + chrono::Duration::days(offset);
            let year = Validity::year_from(first).unwrap();
            let days = (year.last() - year.first()).num_days() + 1;
            prop_assert!(days == 365 || days == 366);
            prop_assert!(year.is_followed_by(year.next().unwrap()));
        }
    }
}
