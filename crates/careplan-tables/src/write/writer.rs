//! Writes records.

use std::io::Write;
use std::marker::PhantomData;

use careplan_core::Edition;

use super::error::WriteError;
use crate::fault::{Fault, FaultKind};
use crate::raw::RawRecord;
use crate::table::Table;
use crate::table::cells::CellWriter;

/// When so much is waiting it is handed on.
const FLUSH: usize = 64 * 1024;

/// Writes records of one file in the standard's form.
///
/// The edition is that of the records; all must have the same. A record that may not stand in a
/// file of the standard is refused and nothing of it written.
///
/// ```
/// use careplan_core::Edition;
/// use careplan_tables::{Writer, table::Table1Deletion, table::table1_deletion::Required};
///
/// let mut writer = Writer::<Table1Deletion, _>::new(Vec::new());
/// writer.write(&Table1Deletion::new(Required {
///     csv_version: Edition::Fourth,
///     insurer_number: "133594".parse()?,
///     insured_number: "0462428004".parse()?,
///     plan_date: careplan_core::parse_date(b"20260915")?,
/// }))?;
/// assert_eq!(writer.finish()?, b"202407,133594,0462428004,20260915\r\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Writer<T, W> {
    sink: W,
    pending: Vec<u8>,
    edition: Option<Edition>,
    records: u64,
    lines: u64,
    table: PhantomData<fn() -> T>,
}

impl<T: Table, W: Write> Writer<T, W> {
    /// Writes to anything; it needs no buffer.
    #[must_use]
    pub fn new(sink: W) -> Self {
        Self {
            sink,
            pending: Vec::with_capacity(FLUSH + FLUSH / 4),
            edition: None,
            records: 0,
            lines: 0,
            table: PhantomData,
        }
    }

    /// Writes a record.
    ///
    /// # Errors
    /// If the record may not stand in the file: a required text is empty, a number too long, a code
    /// unknown, a text has user-defined characters, a column is not of its edition, or the edition
    /// is not that of the records before. Or if the sink fails.
    pub fn write(&mut self, record: &T::Record<'_>) -> Result<(), WriteError> {
        let edition = T::edition(record);
        if self.edition != Some(edition) {
            self.begin(edition)?;
        }
        let start = self.pending.len();
        let mut cells = CellWriter::new(edition, &mut self.pending);
        T::write(record, &mut cells);
        if let Some((number, column, kind)) = cells.fault() {
            self.pending.truncate(start);
            return Err(WriteError::fault(Fault {
                kind,
                record: self.records + 1,
                line: self.line(start),
                column_number: Some(number),
                column: Some(column),
            }));
        }
        self.pending.extend_from_slice(b"\r\n");
        self.records += 1;
        if self.pending.len() >= FLUSH {
            self.hand_on()?;
        }
        Ok(())
    }

    /// Writes a record as it came, whatever is wrong with it.
    ///
    /// # Errors
    /// If the sink fails.
    pub fn write_raw(&mut self, record: RawRecord<'_, '_>) -> Result<(), WriteError> {
        self.pending.extend_from_slice(record.bytes());
        self.records += 1;
        if self.pending.len() >= FLUSH {
            self.hand_on()?;
        }
        Ok(())
    }

    /// Hands on what is waiting and gives the sink back.
    ///
    /// # Errors
    /// If no record was written, which makes no file of the standard, or the sink fails.
    pub fn finish(mut self) -> Result<W, WriteError> {
        if self.records == 0 {
            return Err(self.refusal(FaultKind::EmptyFile));
        }
        self.hand_on()?;
        self.sink.flush()?;
        Ok(self.sink)
    }

    /// Checks the edition of the first record, or of one that differs.
    #[cold]
    fn begin(&mut self, edition: Edition) -> Result<(), WriteError> {
        if self.edition.is_some() {
            return Err(self.refusal(FaultKind::CsvVersionMixed));
        }
        if !T::KIND.layout().is_in(edition) {
            return Err(self.refusal(FaultKind::CsvVersionUnsupported));
        }
        self.edition = Some(edition);
        Ok(())
    }

    fn refusal(&self, kind: FaultKind) -> WriteError {
        WriteError::fault(Fault {
            kind,
            record: self.records + 1,
            line: self.line(self.pending.len()),
            column_number: None,
            column: None,
        })
    }

    /// The line that begins at a place of what is waiting.
    fn line(&self, at: usize) -> u64 {
        let waiting = self.pending.get(..at).unwrap_or_default();
        self.lines + memchr::memchr_iter(b'\n', waiting).count() as u64 + 1
    }

    fn hand_on(&mut self) -> Result<(), WriteError> {
        self.lines += memchr::memchr_iter(b'\n', &self.pending).count() as u64;
        self.sink.write_all(&self.pending)?;
        self.pending.clear();
        Ok(())
    }
}
