//! One record of a file, and its fields.

use std::borrow::Cow;

/// How a record ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineEnd {
    /// CR LF, as the standard writes it.
    CrLf,
    /// LF alone; accepted on reading.
    Lf,
    /// CR alone.
    Cr,
    /// The file ends; accepted on reading.
    Missing,
}

/// What departs from the structure of the standard's files, apart from the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StructureFaultKind {
    /// A quotation mark inside a field that does not begin with one, or text after a closing one.
    QuoteStray,
    /// A quoted field that is never closed.
    QuoteUnterminated,
    /// A line without anything.
    BlankLine,
    /// A record that ends with CR alone.
    BareCr,
    /// A Unicode byte order mark at the beginning of the file.
    ByteOrderMark,
}

/// A departure from the structure, with its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StructureFault {
    /// What it is.
    pub kind: StructureFaultKind,
    /// Where, in bytes from the beginning of the record.
    pub at: usize,
    /// The field, from 0.
    pub field: usize,
}

/// Where a field lies in its record's bytes, and of what form it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// With the quotation marks.
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) form: Form,
}

/// The form of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// No quotation mark that means anything.
    Plain,
    /// Quoted; what is inside is the content.
    Quoted,
    /// Quoted, with doubled quotation marks inside.
    Escaped,
    /// Begins with a quotation mark and is not well-formed.
    Malformed,
}

/// A record as it stands in the file. `'s` is the reader's, `'b` the bytes'.
#[derive(Clone, Copy)]
pub struct RawRecord<'s, 'b> {
    pub(super) bytes: &'b [u8],
    pub(super) spans: &'s [Span],
    pub(super) faults: &'s [StructureFault],
    pub(super) line_end: LineEnd,
    pub(super) number: u64,
    pub(super) line: u64,
    pub(super) offset: u64,
}

impl<'s, 'b> RawRecord<'s, 'b> {
    /// The bytes of the record with its line end (and with a byte order mark before the first).
    #[must_use]
    pub const fn bytes(&self) -> &'b [u8] {
        self.bytes
    }

    /// How many fields there are: at least 1, and 0 on a blank line.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether it is a blank line.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// A field, counted from 0 (columns are numbered from 1).
    #[inline]
    #[must_use]
    pub fn field(&self, index: usize) -> Option<RawField<'b>> {
        self.spans.get(index).map(|&span| RawField {
            bytes: self
                .bytes
                .get(span.start as usize..span.end as usize)
                .unwrap_or_default(),
            form: span.form,
        })
    }

    /// The fields in order.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = RawField<'b>> + use<'s, 'b> {
        let record = *self;
        (0..self.len()).map(move |index| {
            record.field(index).unwrap_or(RawField {
                bytes: &[],
                form: Form::Plain,
            })
        })
    }

    /// What departs from the structure, in the order of the bytes.
    #[must_use]
    pub const fn faults(&self) -> &'s [StructureFault] {
        self.faults
    }

    /// How the record ends.
    #[must_use]
    pub const fn line_end(&self) -> LineEnd {
        self.line_end
    }

    /// The record's number, from 1; blank lines count too.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// The line on which the record begins, from 1. Lines are those of an editor, so a record
    /// with line breaks in its texts has several.
    #[must_use]
    pub const fn line(&self) -> u64 {
        self.line
    }

    /// Where the record begins, in bytes from the beginning of the file.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Where a field begins (at its quotation mark, if it has one), in bytes from the beginning of
    /// the file.
    #[must_use]
    pub fn field_offset(&self, index: usize) -> Option<u64> {
        let span = self.spans.get(index)?;
        Some(self.offset + u64::from(span.start))
    }

    /// The line on which a field begins, from 1.
    #[must_use]
    pub fn field_line(&self, index: usize) -> Option<u64> {
        let span = self.spans.get(index)?;
        let before = self.bytes.get(..span.start as usize)?;
        Some(self.line + line_breaks(before))
    }
}

impl std::fmt::Debug for RawRecord<'_, '_> {
    /// Shows the place and the shape; what is in it is personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawRecord")
            .field("number", &self.number)
            .field("line", &self.line)
            .field("fields", &self.spans.len())
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}

/// How many LF there are.
pub(super) fn line_breaks(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// A field as it stands in the file.
#[derive(Clone, Copy)]
pub struct RawField<'b> {
    bytes: &'b [u8],
    form: Form,
}

impl<'b> RawField<'b> {
    /// The bytes as they stand in the file, with quotation marks.
    #[must_use]
    pub const fn bytes(&self) -> &'b [u8] {
        self.bytes
    }

    /// Whether it begins with a quotation mark.
    #[must_use]
    pub const fn is_quoted(&self) -> bool {
        !matches!(self.form, Form::Plain)
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty() || self.bytes == b"\"\""
    }

    /// What is between the quotation marks, doubled ones still doubled; all of a field that is
    /// not quoted.
    #[inline]
    pub(crate) fn inner(&self) -> &'b [u8] {
        match self.form {
            Form::Quoted | Form::Escaped => {
                self.bytes.get(1..self.bytes.len() - 1).unwrap_or_default()
            }
            Form::Plain | Form::Malformed => self.bytes,
        }
    }

    /// Whether [`inner`](Self::inner) differs from the content.
    #[inline]
    pub(crate) const fn needs_unescaping(&self) -> bool {
        matches!(self.form, Form::Escaped | Form::Malformed)
    }

    /// The content: without quotation marks, doubled ones made single.
    ///
    /// For a field that is not well-formed, what the `csv` crate makes of it.
    #[inline]
    #[must_use]
    pub fn content(&self) -> Cow<'b, [u8]> {
        if self.needs_unescaping() {
            Cow::Owned(self.unescape())
        } else {
            Cow::Borrowed(self.inner())
        }
    }

    fn unescape(&self) -> Vec<u8> {
        let mut content = Vec::with_capacity(self.bytes.len());
        let mut rest = self.bytes.iter().skip(1).copied();
        while let Some(byte) = rest.next() {
            if byte != b'"' {
                content.push(byte);
                continue;
            }
            match rest.next() {
                Some(b'"') => content.push(b'"'),
                // The field was closed; what follows is taken as it is.
                Some(other) => {
                    content.push(other);
                    content.extend(rest);
                    break;
                }
                None => break,
            }
        }
        content
    }
}

impl std::fmt::Debug for RawField<'_> {
    /// Shows the shape; what is in it is personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RawField({} bytes, {:?})", self.bytes.len(), self.form)
    }
}
