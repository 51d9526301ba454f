//! Reads a file record by record, from memory or from any [`Read`].

use std::io::{self, Read};

use careplan_core::{Explain, Lang};

use super::record::RawRecord;
use super::split::{LONGEST, Split, Splitter, byte_order_mark};

/// How much is read at once.
const CHUNK: usize = 64 * 1024;

/// Where the next record begins.
#[derive(Debug, Clone, Copy)]
struct Place {
    number: u64,
    line: u64,
    offset: u64,
}

impl Place {
    const START: Self = Self {
        number: 1,
        line: 1,
        offset: 0,
    };

    fn pass(&mut self, len: usize, line_breaks: u64) {
        self.number += 1;
        self.line += line_breaks;
        self.offset += len as u64;
    }
}

/// The records of a file in memory. They borrow from it, not from the reader.
#[derive(Debug)]
pub struct RawSlice<'b> {
    rest: &'b [u8],
    splitter: Splitter,
    next: Place,
}

impl<'b> RawSlice<'b> {
    /// Reads from the beginning of a file.
    #[must_use]
    pub fn new(bytes: &'b [u8]) -> Self {
        Self {
            rest: bytes,
            splitter: Splitter::default(),
            next: Place::START,
        }
    }

    /// The next record; `None` at the end.
    #[inline]
    pub fn next_record(&mut self) -> Option<RawRecord<'_, 'b>> {
        if self.rest.is_empty() {
            return None;
        }
        let place = self.next;
        let skip = if place.offset == 0 {
            byte_order_mark(self.rest)
        } else {
            0
        };
        // A file of 4 GiB or more in memory is split in windows; no record is that long.
        let window = self.rest.get(..LONGEST.min(self.rest.len()))?;
        let Split::Record {
            len,
            end,
            line_breaks,
        } = self.splitter.split(window, true, skip)
        else {
            return None;
        };
        let (bytes, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        self.next.pass(len, line_breaks);
        Some(RawRecord {
            bytes,
            spans: &self.splitter.spans,
            faults: &self.splitter.faults,
            line_end: end,
            number: place.number,
            line: place.line,
            offset: place.offset,
        })
    }
}

/// The records of a file that is read as it comes. Memory depends on the longest record, not on
/// the file.
#[derive(Debug)]
pub struct RawReader<R> {
    source: R,
    buffer: Vec<u8>,
    /// What of the buffer is read and not yet given out.
    from: usize,
    to: usize,
    source_ended: bool,
    splitter: Splitter,
    next: Place,
    longest: usize,
}

impl<R: Read> RawReader<R> {
    /// The longest record accepted unless told otherwise: 8 MiB. The standard sets no limit for
    /// texts; a record as long as that is a quotation mark that is never closed.
    pub const LONGEST_RECORD: usize = 8 * 1024 * 1024;

    /// Reads from the beginning of a file. It reads in large pieces, so the source needs no
    /// buffer.
    #[must_use]
    pub fn new(source: R) -> Self {
        Self {
            source,
            buffer: vec![0; CHUNK],
            from: 0,
            to: 0,
            source_ended: false,
            splitter: Splitter::default(),
            next: Place::START,
            longest: Self::LONGEST_RECORD,
        }
    }

    /// Sets the longest record accepted, in bytes.
    #[must_use]
    pub fn longest_record(mut self, bytes: usize) -> Self {
        self.longest = bytes.min(LONGEST);
        self
    }

    /// The source. What was read ahead is lost.
    pub fn into_inner(self) -> R {
        self.source
    }

    /// The next record; `None` at the end.
    ///
    /// # Errors
    /// If the source fails, or a record is longer than accepted. After an error the reader gives
    /// no more records.
    pub fn next_record(&mut self) -> Result<Option<RawRecord<'_, '_>>, RawError> {
        let (len, end, line_breaks) = loop {
            let pending = self.buffer.get(self.from..self.to).unwrap_or_default();
            if !pending.is_empty() {
                let first = self.next.offset == 0;
                // A byte order mark may lie across two reads.
                if !first || pending.len() >= 3 || self.source_ended {
                    let skip = if first { byte_order_mark(pending) } else { 0 };
                    if let Split::Record {
                        len,
                        end,
                        line_breaks,
                    } = self.splitter.split(pending, self.source_ended, skip)
                    {
                        break (len, end, line_breaks);
                    }
                }
            } else if self.source_ended {
                return Ok(None);
            }
            self.fill()?;
        };
        let place = self.next;
        let start = self.from;
        self.from += len;
        self.next.pass(len, line_breaks);
        Ok(Some(RawRecord {
            bytes: self.buffer.get(start..start + len).unwrap_or_default(),
            spans: &self.splitter.spans,
            faults: &self.splitter.faults,
            line_end: end,
            number: place.number,
            line: place.line,
            offset: place.offset,
        }))
    }

    /// Reads more behind what is pending, which is moved to the front or the buffer doubled, so
    /// that a record is looked at a logarithmic number of times however long it is.
    fn fill(&mut self) -> Result<(), RawError> {
        let pending = self.to - self.from;
        if pending >= self.longest {
            let error = RawError {
                kind: RawErrorKind::RecordTooLong,
                record: self.next.number,
                line: self.next.line,
            };
            // Nothing sensible follows.
            self.from = self.to;
            self.source_ended = true;
            return Err(error);
        }
        if self.from > 0 {
            self.buffer.copy_within(self.from..self.to, 0);
            self.from = 0;
            self.to = pending;
        }
        if self.buffer.len() - self.to < self.buffer.len() / 2 {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        while let Some(free) = self.buffer.get_mut(self.to..)
            && !free.is_empty()
        {
            match self.source.read(free) {
                Ok(0) => {
                    self.source_ended = true;
                    break;
                }
                Ok(count) => self.to += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.from = self.to;
                    self.source_ended = true;
                    return Err(RawError {
                        kind: RawErrorKind::Io(error),
                        record: self.next.number,
                        line: self.next.line,
                    });
                }
            }
        }
        Ok(())
    }
}

/// Reading cannot go on.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
pub struct RawError {
    kind: RawErrorKind,
    record: u64,
    line: u64,
}

#[derive(Debug)]
enum RawErrorKind {
    Io(io::Error),
    RecordTooLong,
}

impl RawError {
    /// The number of the record that could not be read, from 1.
    #[must_use]
    pub const fn record(&self) -> u64 {
        self.record
    }

    /// The line on which it begins, from 1.
    #[must_use]
    pub const fn line(&self) -> u64 {
        self.line
    }

    /// The source's error, if that is what failed; otherwise the record is too long.
    #[must_use]
    pub const fn io(&self) -> Option<&io::Error> {
        match &self.kind {
            RawErrorKind::Io(error) => Some(error),
            RawErrorKind::RecordTooLong => None,
        }
    }
}

impl Explain for RawError {
    fn explain(&self, lang: Lang) -> String {
        let line = self.line;
        match (&self.kind, lang) {
            (RawErrorKind::Io(error), Lang::En) => format!("line {line}: cannot read: {error}"),
            (RawErrorKind::Io(error), Lang::Ja) => {
                format!("{line}行目: ファイルを読み込めません（{error}）。")
            }
            (RawErrorKind::RecordTooLong, Lang::En) => format!(
                "line {line}: the record does not end; look for a quotation mark that is not closed"
            ),
            (RawErrorKind::RecordTooLong, Lang::Ja) => format!(
                "{line}行目: レコードが終わりません。閉じていない引用符がないか確認してください。"
            ),
        }
    }
}
