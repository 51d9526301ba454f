//! Periods, and times between `chrono` and the certificate libraries.

use chrono::{DateTime, TimeDelta, Utc};
use rustls_pki_types::UnixTime;
use x509_cert::time::Time;

use crate::{Error, ErrorKind};

/// The period in which a certificate is valid, both ends included, in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Validity {
    not_before: DateTime<Utc>,
    not_after: DateTime<Utc>,
}

impl Validity {
    /// From one instant to a later one; fractions of seconds are cut off.
    ///
    /// # Errors
    /// [`ErrorKind::Validity`] if the end is not after the beginning or a time lies outside the
    /// years 1970 to 9999.
    pub fn new(not_before: DateTime<Utc>, not_after: DateTime<Utc>) -> Result<Self, Error> {
        let (Some(not_before), Some(not_after)) =
            (whole_second(not_before), whole_second(not_after))
        else {
            return Err(ErrorKind::Validity.into());
        };
        if not_before >= not_after {
            return Err(ErrorKind::Validity.into());
        }
        Ok(Self {
            not_before,
            not_after,
        })
    }

    /// A number of days of 24 hours from an instant.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn days(from: DateTime<Utc>, days: u32) -> Result<Self, Error> {
        let end = from
            .checked_add_signed(TimeDelta::days(i64::from(days)))
            .ok_or(ErrorKind::Validity)?;
        Self::new(from, end)
    }

    /// The first instant.
    #[must_use]
    pub const fn not_before(&self) -> DateTime<Utc> {
        self.not_before
    }

    /// The last instant.
    #[must_use]
    pub const fn not_after(&self) -> DateTime<Utc> {
        self.not_after
    }

    /// Whether an instant lies in the period.
    #[must_use]
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        // Compared in whole seconds: the last second is valid to its end.
        let at = at.timestamp();
        self.not_before.timestamp() <= at && at <= self.not_after.timestamp()
    }
}

/// An instant of the years 1970 to 9999 in whole seconds.
pub(crate) fn whole_second(at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    /// 9999-12-31T23:59:59Z.
    const LAST: i64 = 253_402_300_799;
    (0..=LAST)
        .contains(&at.timestamp())
        .then(|| DateTime::from_timestamp(at.timestamp(), 0))
        .flatten()
}

/// X.509's time: `UTCTime` to 2049, `GeneralizedTime` from 2050 (RFC 5280 section 4.1.2.5).
pub(crate) fn to_x509(at: DateTime<Utc>) -> Option<Time> {
    let seconds = u64::try_from(at.timestamp()).ok()?;
    let date = der::DateTime::from_unix_duration(std::time::Duration::from_secs(seconds)).ok()?;
    Some(Time::from(date))
}

/// The instant of an X.509 time.
pub(crate) fn from_x509(time: &Time) -> Option<DateTime<Utc>> {
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).ok()?;
    DateTime::from_timestamp(seconds, 0)
}

/// The instant for `rustls-webpki`; `None` before 1970.
pub(crate) fn to_unix(at: DateTime<Utc>) -> Option<UnixTime> {
    let seconds = u64::try_from(at.timestamp()).ok()?;
    Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(
        seconds,
    )))
}
