//! Values in rows: instants as milliseconds, everything else as its text.

use std::error::Error as StdError;
use std::str::FromStr;

use chrono::{DateTime, Utc};

use super::{Error, Result, Row, RowIndex};
use crate::storage::{StorageError, StorageErrorKind};

/// An instant as milliseconds since 1970-01-01 UTC.
pub(super) fn millis(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

/// A column that holds a value's text.
pub(super) fn text<T>(row: &Row<'_>, column: impl RowIndex) -> Result<T>
where
    T: FromStr<Err: StdError + Send + Sync + 'static>,
{
    let text: String = row.get(column)?;
    text.parse().map_err(unreadable)
}

/// A column that holds a value's text, or nothing.
pub(super) fn optional_text<T>(row: &Row<'_>, column: impl RowIndex) -> Result<Option<T>>
where
    T: FromStr<Err: StdError + Send + Sync + 'static>,
{
    let text: Option<String> = row.get(column)?;
    text.map(|text| text.parse().map_err(unreadable))
        .transpose()
}

/// A column that holds an instant.
pub(super) fn instant(row: &Row<'_>, column: impl RowIndex) -> Result<DateTime<Utc>> {
    from_millis(row.get(column)?)
}

/// A column that holds an instant, or nothing.
pub(super) fn optional_instant(
    row: &Row<'_>,
    column: impl RowIndex,
) -> Result<Option<DateTime<Utc>>> {
    let millis: Option<i64> = row.get(column)?;
    millis.map(from_millis).transpose()
}

/// A column that holds a count.
pub(super) fn count(row: &Row<'_>, column: impl RowIndex) -> Result<u64> {
    let count: i64 = row.get(column)?;
    u64::try_from(count).map_err(unreadable)
}

fn from_millis(millis: i64) -> Result<DateTime<Utc>> {
    DateTime::from_timestamp_millis(millis).ok_or_else(|| unreadable("no instant of the calendar"))
}

/// A stored value that is not what this program writes.
pub(super) fn unreadable(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Error {
    Error::Unreadable(error.into())
}

/// For `map_err`: tells damage from trouble that may pass.
pub(in crate::storage) fn failed(what: &'static str) -> impl Fn(Error) -> StorageError {
    move |error| {
        let kind = match &error {
            Error::Unreadable(_) | Error::NoRows => StorageErrorKind::Damaged,
            Error::Sqlite(rusqlite::Error::SqliteFailure(failure, _))
                if matches!(
                    failure.code,
                    rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase
                ) =>
            {
                StorageErrorKind::Damaged
            }
            _ => StorageErrorKind::Unavailable,
        };
        StorageError::new(kind, what, error)
    }
}
