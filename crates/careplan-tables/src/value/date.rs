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

impl Value for NaiveDate {
    #[inline]
    fn parse(bytes: &[u8], _column: &Column) -> Result<Self, Refusal> {
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
        Self::try_from(bytes).map_err(|error| refusal(error.reason()))
    }

    #[inline]
    fn write(&self, out: &mut Vec<u8>) {
        digits::<2>(u32::from(self.minutes()) / 60, out);
        digits::<2>(u32::from(self.minutes()) % 60, out);
    }
}
