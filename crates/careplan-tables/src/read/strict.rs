//! Strict reading: the first departure from the standard ends it.
//!
//! Accepted all the same, because the standard says so: other columns in quotation marks too,
//! leading zeros of numbers, LF alone, a last line without an end, an empty text without quotation
//! marks; and, because the source is unclear, empty columns that only seem to be required and
//! values between two lengths the source gives. What is written is always the standard's form.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use careplan_core::Edition;

use super::error::ReadError;
use super::typing::Typing;
use crate::fault::{Fault, FaultKind};
use crate::raw::{RawReader, RawRecord, RawSlice};
use crate::table::Table;

/// Reads a file strictly, record by record. Memory depends on the longest record, not on the file.
///
/// ```
/// use careplan_tables::{Reader, table::Table6Plan};
///
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/month-set/",
/// #     "UPPLAN_202610_1370948774_43_1375169671_11_20260921113320.CSV");
/// let mut reader = Reader::<Table6Plan, _>::open(path)?;
/// let mut units = 0;
/// while let Some(record) = reader.next_record()? {
///     units += record.units.unwrap_or(0) * record.count;
/// }
/// assert!(units > 0);
/// # Ok::<(), careplan_tables::ReadError>(())
/// ```
#[derive(Debug)]
pub struct Reader<T, R> {
    raw: RawReader<R>,
    typing: Typing<T>,
    file: Option<String>,
    state: State,
}

/// How far reading has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No record yet: a file without any is a departure.
    Start,
    /// In the middle.
    Middle,
    /// At the end, or after an error.
    End,
}

impl<T: Table> Reader<T, File> {
    /// Opens a file; errors will bear its name.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ReadError> {
        let path = path.as_ref();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let file = File::open(path).map_err(|error| ReadError::open(error, name.as_deref()))?;
        let reader = Self::new(file);
        Ok(match name {
            Some(name) => reader.named(name),
            None => reader,
        })
    }
}

impl<T: Table, R: Read> Reader<T, R> {
    /// Reads from anything; it needs no buffer.
    #[must_use]
    pub fn new(source: R) -> Self {
        Self {
            raw: RawReader::new(source),
            typing: Typing::new(true),
            file: None,
            state: State::Start,
        }
    }

    /// The name that errors bear.
    #[must_use]
    pub fn named(mut self, file: impl Into<String>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// The next record; `None` at the end. Its texts are borrowed until the next call.
    ///
    /// # Errors
    /// At the first departure from the standard, an empty file included. After an error there are
    /// no more records.
    pub fn next_record(&mut self) -> Result<Option<T::Record<'_>>, ReadError> {
        if self.state == State::End {
            return Ok(None);
        }
        let first = self.state == State::Start;
        self.state = State::End;
        let raw = self
            .raw
            .next_record()
            .map_err(|error| ReadError::raw(error, self.file.as_deref()))?;
        let file = self.file.as_deref();
        strict(&mut self.typing, raw, first, file, &mut self.state).transpose()
    }

    /// The edition of the file; `None` before the first record.
    #[must_use]
    pub fn edition(&self) -> Option<Edition> {
        self.typing.edition()
    }

    /// All records, with texts of their own.
    pub fn into_records(mut self) -> impl Iterator<Item = Result<T::Record<'static>, ReadError>> {
        std::iter::from_fn(move || {
            self.next_record()
                .map(|record| record.map(T::into_owned))
                .transpose()
        })
    }
}

/// The records of a file in memory, read strictly. Their texts are borrowed from it.
///
/// ```
/// use careplan_tables::{records, table::Table1Deletion};
///
/// let file = b"202407,133594,0462428004,20260915\r\n";
/// let deletions: Vec<_> = records::<Table1Deletion>(file).collect::<Result<_, _>>()?;
/// assert_eq!(deletions[0].insurer_number.as_str(), "133594");
/// # Ok::<(), careplan_tables::ReadError>(())
/// ```
#[must_use]
pub fn records<T: Table>(bytes: &[u8]) -> Records<'_, T> {
    Records {
        raw: RawSlice::new(bytes),
        typing: Typing::new(true),
        file: None,
        state: State::Start,
    }
}

/// See [`records`].
#[derive(Debug)]
pub struct Records<'b, T> {
    raw: RawSlice<'b>,
    typing: Typing<T>,
    file: Option<String>,
    state: State,
}

impl<T: Table> Records<'_, T> {
    /// The name that errors bear.
    #[must_use]
    pub fn named(mut self, file: impl Into<String>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// The edition of the file; `None` before the first record.
    #[must_use]
    pub fn edition(&self) -> Option<Edition> {
        self.typing.edition()
    }
}

impl<'b, T: Table> Iterator for Records<'b, T> {
    type Item = Result<T::Record<'b>, ReadError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.state == State::End {
            return None;
        }
        let first = self.state == State::Start;
        self.state = State::End;
        let raw = self.raw.next_record();
        strict(
            &mut self.typing,
            raw,
            first,
            self.file.as_deref(),
            &mut self.state,
        )
    }
}

/// One record, strictly. After a good one there may be more.
#[inline(always)]
fn strict<'b, T: Table>(
    typing: &mut Typing<T>,
    raw: Option<RawRecord<'_, 'b>>,
    first: bool,
    file: Option<&str>,
    state: &mut State,
) -> Option<Result<T::Record<'b>, ReadError>> {
    let Some(raw) = raw else {
        return first.then(|| Err(ReadError::fault(empty_file(), file)));
    };
    match typing.record(raw) {
        Some(record) if typing.faults().is_empty() => {
            *state = State::Middle;
            Some(Ok(record))
        }
        _ => Some(Err(refusal::<T>(typing.faults(), raw, file))),
    }
}

#[cold]
fn refusal<T: Table>(faults: &[Fault], raw: RawRecord<'_, '_>, file: Option<&str>) -> ReadError {
    // A record that cannot be read has a fault; were there none, the count of columns is what is
    // left.
    let fault = faults.first().copied().unwrap_or(Fault {
        kind: FaultKind::ColumnCount {
            expected: T::KIND.layout().columns.len(),
            found: raw.len(),
        },
        record: raw.number(),
        line: raw.line(),
        column_number: None,
        column: None,
    });
    ReadError::fault(fault, file)
}

/// A file without any record.
pub(super) fn empty_file() -> Fault {
    Fault {
        kind: FaultKind::EmptyFile,
        record: 1,
        line: 1,
        column_number: None,
        column: None,
    }
}
