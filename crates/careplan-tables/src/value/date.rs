//! Days, months and times of day as values of columns.

use careplan_core::{TimeOfDay, YearMonth, parse_date};
use chrono::{Datelike, NaiveDate};

use super::{Refusal, Value, refusal};
use crate::column::Column;
use crate::fault::FaultKind;

/// Appends a number of `N` digits with leading zeros.
#[inline]
fn digits<const N: usize>(mut number: u32, out: &mut Vec<u8>) {
    let mut text = [b'0'; N];
    for byte in text.iter_mut().rev() {
        *byte += (number % 10) as u8;
        number /= 10;
    }
    out.extend_from_slice(&text);
}

/// Eight digits as four numbers of two, all looked at together; `None` if one is no digit.
#[inline]
fn pairs(digits: [u8; 8]) -> Option<[u8; 4]> {
    const HIGH: u64 = u64::from_le_bytes([0xF0; 8]);
    let word = u64::from_le_bytes(digits);
    // A digit has a high half of 3, and still has it six further on.
    let further = word.wrapping_add(u64::from_le_bytes([6; 8]));
    if (word & HIGH) | ((further & HIGH) >> 4) != u64::from_le_bytes([0x33; 8]) {
        return None;
    }
    let values = word & !HIGH;
    let [a, _, b, _, c, _, d, _] = (values * 10 + (values >> 8)).to_le_bytes();
    Some([a, b, c, d])
}

/// What [`parse_date`] takes, faster: dates are a good part of table 6.
#[inline]
fn date(bytes: &[u8]) -> Option<NaiveDate> {
    let [century, year, month, day] = pairs(bytes.try_into().ok()?)?;
    let year = i32::from(century) * 100 + i32::from(year);
    NaiveDate::from_ymd_opt(year, month.into(), day.into()).filter(|_| year > 0)
}

/// What [`TimeOfDay`]'s own parsing takes, faster.
#[inline]
fn time(bytes: &[u8]) -> Option<TimeOfDay> {
    let [a, b, c, d] = *bytes.first_chunk::<4>().filter(|_| bytes.len() == 4)?;
    let [hour, minute, ..] = pairs([a, b, c, d, b'0', b'0', b'0', b'0'])?;
    TimeOfDay::new(hour, minute)
}

impl Value for NaiveDate {
    #[inline]
    fn parse(bytes: &[u8], _column: &Column) -> Result<Self, Refusal> {
        if let Some(date) = date(bytes) {
            return Ok(date);
        }
        parse_date(bytes).map_err(|error| refusal(error.reason()))
    }

    #[inline]
    fn write(&self, out: &mut Vec<u8>) {
        digits::<4>(self.year().unsigned_abs(), out);
        digits::<2>(self.month(), out);
        digits::<2>(self.day(), out);
    }

    fn verify(&self, _column: &Column) -> Result<(), FaultKind> {
        if (1..=9999).contains(&self.year()) {
            Ok(())
        } else {
            Err(FaultKind::DateInvalid)
        }
    }
}

impl Value for YearMonth {
    #[inline]
    fn parse(bytes: &[u8], _column: &Column) -> Result<Self, Refusal> {
        Self::try_from(bytes).map_err(|error| refusal(error.reason()))
    }

    #[inline]
    fn write(&self, out: &mut Vec<u8>) {
        digits::<4>(self.year().into(), out);
        digits::<2>(self.month().into(), out);
    }
}

impl Value for TimeOfDay {
    #[inline]
    fn parse(bytes: &[u8], _column: &Column) -> Result<Self, Refusal> {
        if let Some(time) = time(bytes) {
            return Ok(time);
        }
        Self::try_from(bytes).map_err(|error| refusal(error.reason()))
    }

    #[inline]
    fn write(&self, out: &mut Vec<u8>) {
        digits::<2>(u32::from(self.minutes()) / 60, out);
        digits::<2>(u32::from(self.minutes()) % 60, out);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_fast_ways_agree_with_the_vocabulary(
            date_text in "[12][0-9]{3}[01][0-9][0-3][0-9]|.{0,9}|[0-9:/a]{8}",
            time_text in "[0-2][0-9][0-6][0-9]|.{0,5}|[0-9:/a]{4}",
        ) {
            let (bytes, expected) = (date_text.as_bytes(), parse_date(date_text.as_bytes()));
            prop_assert_eq!(date(bytes), expected.ok());
            let bytes = time_text.as_bytes();
            prop_assert_eq!(time(bytes), TimeOfDay::try_from(bytes).ok());
        }
    }
}
