//! The days on which the system's rules begin.

use chrono::NaiveDate;

/// Evaluated at compile time only.
#[expect(clippy::panic, reason = "a wrong constant does not compile")]
const fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    match NaiveDate::from_ymd_opt(year, month, day) {
        Some(date) => date,
        None => panic!("a day of the calendar"),
    }
}

/// First day on which a licence may be applied for (利用申請の受付開始), 2023-04-01.
pub const APPLICATIONS_FROM: NaiveDate = day(2023, 4, 1);

/// First day on which anything may be sent or received (運用開始), 2023-04-20.
pub const SENDING_FROM: NaiveDate = day(2023, 4, 20);

/// Licences first applied for on or after this day renew by themselves unless declined
/// (自動更新), 2025-06-01.
pub const AUTOMATIC_RENEWAL_FROM: NaiveDate = day(2025, 6, 1);
