//! Log-in attempts: how many may be under way, what their failures lead to, and what storage keeps
//! of them.
//!
//! A failure is counted when it is known to be one, before the answer is given. Until then the
//! attempt takes one of few places, so that many at once do not slip past the count. An attempt
//! whose place was given away in between is not answered: so a place that a crash left taken may
//! be given away without anybody gaining a guess.

use std::fmt;

use async_trait::async_trait;
use careplan_core::OfficeNumber;
use careplan_protocol::UserId;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::StorageError;

/// Whose attempts are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Attempted {
    /// An office at the API. By office, not by user ID: a caller can only try passwords of the
    /// office its certificate is for, so nobody locks another office out, and a lock tells nothing
    /// about which user IDs exist.
    Office(OfficeNumber),
    /// A user ID at the web site, whether or not it exists.
    User(UserId),
}

impl fmt::Display for Attempted {
    /// As it is stored.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Office(office) => write!(f, "office:{}", office.as_str()),
            Self::User(user) => write!(f, "user:{}", user.as_str()),
        }
    }
}

/// Failures since the last successful log-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Failures {
    pub(crate) count: u32,
    pub(crate) locked_until: Option<DateTime<Utc>>,
}

impl Failures {
    /// How many attempts may fail before there is a lock.
    const FREE: u32 = 5;
    /// The first lock; each further failure doubles it.
    const FIRST_LOCK: TimeDelta = TimeDelta::minutes(1);
    /// The longest lock.
    const LONGEST_LOCK: TimeDelta = TimeDelta::hours(1);
    /// How long an attempt keeps its place: far longer than checking a password takes.
    pub(crate) const LAPSE: TimeDelta = TimeDelta::seconds(30);
    /// Failures are forgotten when the last is so long ago; no lock lasts that long.
    pub(crate) const FORGOTTEN_AFTER: TimeDelta = TimeDelta::days(1);

    /// Whether another attempt may begin beside those under way, of which it is given when they
    /// lapse: only as many as may all fail before there is a lock.
    ///
    /// # Errors
    /// When to come again.
    pub(crate) fn admit(
        self,
        under_way: &[DateTime<Utc>],
        now: DateTime<Utc>,
    ) -> Result<(), DateTime<Utc>> {
        if let Some(until) = self.locked_until.filter(|until| now < *until) {
            return Err(until);
        }
        let places = Self::FREE.saturating_sub(self.count).max(1);
        let taken: Vec<_> = under_way.iter().filter(|lapses| now < **lapses).collect();
        match taken.iter().min() {
            Some(first) if taken.len() >= places as usize => Err(**first),
            _ => Ok(()),
        }
    }

    /// With a failure more.
    pub(crate) fn and_another(self, now: DateTime<Utc>) -> Self {
        let count = self.count.saturating_add(1);
        let locked_until = count.checked_sub(Self::FREE).map(|over| {
            let lock = Self::FIRST_LOCK * 2_i32.pow(over.min(10));
            now + lock.min(Self::LONGEST_LOCK)
        });
        Self {
            count,
            locked_until,
        }
    }
}

/// Log-in attempts.
#[async_trait]
pub(crate) trait LogInStorage: Send + Sync {
    /// Gives an attempt a place, its number; or tells when to come again.
    async fn begin_log_in(
        &self,
        attempted: Attempted,
        now: DateTime<Utc>,
    ) -> Result<Result<Uuid, DateTime<Utc>>, StorageError>;

    /// Ends an attempt: a wrong password counts, a right one lets earlier failures be forgotten.
    /// `false`, and nothing is changed, if the attempt has no place any more; then it must not be
    /// answered.
    async fn end_log_in(
        &self,
        attempted: Attempted,
        attempt: Uuid,
        right: bool,
        now: DateTime<Utc>,
    ) -> Result<bool, StorageError>;

    /// Forgets failures, and so the lock they led to.
    async fn forget_failures(&self, attempted: Attempted) -> Result<(), StorageError>;

    /// Forgets failures of long ago and attempts that have lapsed.
    async fn forget_old_attempts(&self, now: DateTime<Utc>) -> Result<(), StorageError>;
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    fn noon() -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 11, 20, 12, 0, 0).unwrap()
    }

    #[test]
    fn the_fifth_failure_locks_for_a_minute_and_each_further_one_twice_as_long() {
        let mut now = noon();
        let mut failures = Failures::default();
        for _ in 0..4 {
            assert_eq!(failures.admit(&[], now), Ok(()));
            failures = failures.and_another(now);
            assert_eq!(failures.locked_until, None);
        }
        for minutes in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert_eq!(failures.admit(&[], now), Ok(()));
            failures = failures.and_another(now);
            let until = now + TimeDelta::minutes(minutes);
            assert_eq!(failures.locked_until, Some(until));
            let before = until - TimeDelta::seconds(1);
            assert_eq!(failures.admit(&[], before), Err(until));
            now = until;
        }
    }

    #[test]
    fn only_as_many_are_under_way_as_may_fail() {
        let lapses = |seconds: i64| noon() + TimeDelta::seconds(seconds);
        let failed = |times: usize| {
            (0..times).fold(Failures::default(), |failures, _| {
                failures.and_another(noon() - TimeDelta::days(1))
            })
        };
        // With each failure, one place less; always one.
        for (failures, places) in [(0, 5), (1, 4), (3, 2), (4, 1), (5, 1), (9, 1)] {
            let under_way: Vec<_> = (1..).map(lapses).take(places).collect();
            let failures = failed(failures);
            assert_eq!(failures.admit(&under_way[1..], noon()), Ok(()));
            // Until the first of them lapses.
            assert_eq!(failures.admit(&under_way, noon()), Err(lapses(1)));
            assert_eq!(failures.admit(&under_way, lapses(1)), Ok(()));
        }
    }

    #[test]
    fn failures_never_overflow() {
        let failures = Failures {
            count: u32::MAX,
            locked_until: None,
        };
        assert_eq!(
            failures.and_another(noon()).locked_until,
            Some(noon() + TimeDelta::hours(1))
        );
    }
}
