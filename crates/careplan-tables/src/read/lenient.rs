//! Lenient reading: every departure is reported, nothing is lost, and reading goes on.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use careplan_core::Edition;

use super::error::ReadError;
use super::typing::Typing;
use crate::fault::{Fault, Severity};
use crate::raw::{RawReader, RawRecord, RawSlice};
use crate::table::Table;

/// A record read leniently: what stands in the file, what could be made of it, and what is wrong.
#[derive(Debug)]
pub struct Lenient<'s, 'b, T: Table> {
    raw: RawRecord<'s, 'b>,
    record: Option<T::Record<'b>>,
    faults: &'s [Fault],
    edition: Option<Edition>,
}

impl<'s, 'b, T: Table> Lenient<'s, 'b, T> {
    /// The record as it stands in the file. [`Writer::write_raw`](crate::Writer::write_raw) gives
    /// back what came, byte for byte.
    #[must_use]
    pub const fn raw(&self) -> RawRecord<'s, 'b> {
        self.raw
    }

    /// The typed record; `None` if a required column cannot be had, or the columns are not those
    /// of the layout. An optional value that could not be read is empty here and as it came in
    /// [`raw`](Self::raw); an unknown code is kept.
    #[must_use]
    pub const fn record(&self) -> Option<&T::Record<'b>> {
        self.record.as_ref()
    }

    /// The typed record, taken out.
    #[must_use]
    pub fn into_record(self) -> Option<T::Record<'b>> {
        self.record
    }

    /// What is wrong, down to what is only worth knowing.
    #[must_use]
    pub const fn faults(&self) -> &'s [Fault] {
        self.faults
    }

    /// Whether a receiver that keeps to the standard may refuse the record.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.faults
            .iter()
            .any(|fault| fault.kind().severity() == Severity::Error)
    }

    /// The edition of the file so far; `None` if no record had one.
    #[must_use]
    pub const fn edition(&self) -> Option<Edition> {
        self.edition
    }
}

/// Reads a file leniently, record by record. Memory depends on the longest record, not on the file.
///
/// ```
/// use careplan_tables::{LenientReader, table::Table1Deletion};
///
/// // A spreadsheet took the leading zero of the insured number.
/// let file = b"202407,133594,462428004,20260915\r\n202407,133594,0462428004,20260915\r\n";
/// let mut reader = LenientReader::<Table1Deletion, _>::new(&file[..]);
/// let mut problems = Vec::new();
/// let mut good = 0;
/// while let Some(record) = reader.next_record()? {
///     problems.extend(record.faults().iter().map(|fault| fault.kind().code()));
///     good += usize::from(record.record().is_some());
/// }
/// assert_eq!(problems, ["leading_zero_lost"]);
/// assert_eq!(good, 1);
/// # Ok::<(), careplan_tables::ReadError>(())
/// ```
#[derive(Debug)]
pub struct LenientReader<T, R> {
    raw: RawReader<R>,
    typing: Typing<T>,
    file: Option<String>,
}

impl<T: Table> LenientReader<T, File> {
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
        let mut reader = Self::new(file);
        reader.file = name;
        Ok(reader)
    }
}

impl<T: Table, R: Read> LenientReader<T, R> {
    /// Reads from anything; it needs no buffer.
    #[must_use]
    pub fn new(source: R) -> Self {
        Self {
            raw: RawReader::new(source),
            typing: Typing::new(false),
            file: None,
        }
    }

    /// The next record; `None` at the end. An empty file has none, and that is for the caller to
    /// see.
    ///
    /// # Errors
    /// Only if the source fails, or a record does not end within 8 MiB.
    pub fn next_record(&mut self) -> Result<Option<Lenient<'_, '_, T>>, ReadError> {
        let raw = self
            .raw
            .next_record()
            .map_err(|error| ReadError::raw(error, self.file.as_deref()))?;
        Ok(raw.map(|raw| lenient(&mut self.typing, raw)))
    }
}

/// The records of a file in memory, read leniently.
#[derive(Debug)]
pub struct LenientSlice<'b, T> {
    raw: RawSlice<'b>,
    typing: Typing<T>,
}

impl<'b, T: Table> LenientSlice<'b, T> {
    /// Reads from the beginning of a file.
    #[must_use]
    pub fn new(bytes: &'b [u8]) -> Self {
        Self {
            raw: RawSlice::new(bytes),
            typing: Typing::new(false),
        }
    }

    /// The next record; `None` at the end.
    pub fn next_record(&mut self) -> Option<Lenient<'_, 'b, T>> {
        let raw = self.raw.next_record()?;
        Some(lenient(&mut self.typing, raw))
    }
}

fn lenient<'s, 'b, T: Table>(
    typing: &'s mut Typing<T>,
    raw: RawRecord<'s, 'b>,
) -> Lenient<'s, 'b, T> {
    let record = typing.record(raw);
    Lenient {
        raw,
        record,
        faults: typing.faults(),
        edition: typing.edition(),
    }
}
