//! Walks over the cells of one record, reading or writing them as the columns say.

use careplan_core::Edition;

use crate::column::{Column, Presence};
use crate::fault::{Fault, FaultKind};
use crate::raw::{RawField, RawRecord};
use crate::value::{self, Text, Value};

/// Reads the cells of a record, one column after another.
#[derive(Debug)]
pub struct Cells<'s, 'b> {
    record: RawRecord<'s, 'b>,
    edition: Edition,
    strict: bool,
    /// The next field.
    next: usize,
    faults: &'s mut Vec<Fault>,
}

impl<'s, 'b> Cells<'s, 'b> {
    /// Strictly: what is accepted with a note is not reported, and unknown codes are not kept.
    pub(crate) fn new(
        record: RawRecord<'s, 'b>,
        edition: Edition,
        strict: bool,
        faults: &'s mut Vec<Fault>,
    ) -> Self {
        Self {
            record,
            edition,
            strict,
            next: 0,
            faults,
        }
    }

    /// The field of a column; `None` if the edition does not have the column.
    #[inline(always)]
    fn take(&mut self, column: &'static Column) -> Option<RawField<'b>> {
        if !column.is_in(self.edition) {
            return None;
        }
        let field = self.record.field(self.next);
        self.next += 1;
        field
    }

    /// Reports what is wrong with the field taken last.
    #[cold]
    fn fault(&mut self, column: &'static Column, kind: FaultKind) {
        if self.strict && kind.is_accepted_strictly() {
            return;
        }
        let index = self.next.saturating_sub(1);
        self.faults.push(Fault {
            kind,
            record: self.record.number(),
            line: self.record.field_line(index).unwrap_or(self.record.line()),
            column_number: Some(index + 1),
            column: Some(column),
        });
    }

    /// What is wrong with the form of a field, whatever its value.
    #[inline(always)]
    fn form(&mut self, column: &'static Column, field: RawField<'b>) {
        if !self.strict
            && let Some(kind) = value::form_fault(column, field)
        {
            self.fault(column, kind);
        }
    }

    /// The value of a field that is not empty; `None` after reporting a fault.
    #[inline(always)]
    fn value<T: Value>(&mut self, column: &'static Column, field: RawField<'b>) -> Option<T> {
        match value::read(column, field, self.edition) {
            Ok(value) => value,
            Err(kind) => {
                self.fault(column, kind);
                if kind == FaultKind::CodeUnknown && !self.strict {
                    T::keep(field.inner())
                } else {
                    None
                }
            }
        }
    }

    /// A column that has to be filled.
    #[inline(always)]
    pub(crate) fn required<T: Value>(&mut self, column: &'static Column) -> Option<T> {
        let field = self.take(column)?;
        if field.inner().is_empty() {
            self.fault(column, FaultKind::RequiredMissing);
            return None;
        }
        self.form(column, field);
        self.value(column, field)
    }

    /// A column that may be empty.
    #[inline(always)]
    pub(crate) fn optional<T: Value>(&mut self, column: &'static Column) -> Option<Option<T>> {
        let Some(field) = self.take(column) else {
            return Some(None);
        };
        if field.bytes().is_empty() && column.presence == Presence::Optional {
            return Some(None);
        }
        self.form(column, field);
        if field.inner().is_empty() {
            return Some(None);
        }
        Some(self.value(column, field))
    }

    /// A column that has to be filled, if only with the value that means "none".
    #[inline(always)]
    pub(crate) fn marked<T: Value>(&mut self, column: &'static Column) -> Option<Option<T>> {
        let field = self.take(column)?;
        let inner = field.inner();
        if inner.is_empty() {
            self.fault(column, FaultKind::RequiredMissing);
            return None;
        }
        if column.also.is_some_and(|also| also.as_bytes() == inner) {
            return Some(None);
        }
        self.value(column, field).map(Some)
    }

    /// A column of free text.
    #[inline(always)]
    pub(crate) fn text(&mut self, column: &'static Column) -> Option<Text<'b>> {
        let Some(field) = self.take(column) else {
            return Some(Text::EMPTY);
        };
        if field.inner().is_empty() {
            if column.presence == Presence::Required {
                self.fault(column, FaultKind::RequiredMissing);
            }
            self.form(column, field);
            return Some(Text::EMPTY);
        }
        let text = match value::read_text(field) {
            Ok(text) => {
                if let Some(kind) = text.fault() {
                    self.fault(column, kind);
                }
                text
            }
            Err(kind) => {
                self.fault(column, kind);
                Text::EMPTY
            }
        };
        if !field.is_quoted() {
            self.fault(column, FaultKind::FreeTextNotQuoted);
        }
        Some(text)
    }

    /// A column with one permitted value.
    pub(crate) fn fixed(&mut self, column: &'static Column) {
        if let Some(field) = self.take(column)
            && let Err(kind) = value::fixed(column, field)
        {
            self.fault(column, kind);
        }
    }

    /// A column that is not used.
    pub(crate) fn unused(&mut self, column: &'static Column) {
        if let Some(field) = self.take(column)
            && !field.inner().is_empty()
        {
            self.fault(column, FaultKind::UnusedColumnFilled);
        }
    }
}

/// Writes the cells of a record, one column after another.
#[derive(Debug)]
pub struct CellWriter<'o> {
    out: &'o mut Vec<u8>,
    edition: Edition,
    /// How many cells are written.
    written: usize,
    /// The first fault.
    fault: Option<(usize, &'static Column, FaultKind)>,
}

impl<'o> CellWriter<'o> {
    pub(crate) fn new(edition: Edition, out: &'o mut Vec<u8>) -> Self {
        Self {
            out,
            edition,
            written: 0,
            fault: None,
        }
    }

    /// The first fault, with the number of its column.
    pub(crate) fn fault(&self) -> Option<(usize, &'static Column, FaultKind)> {
        self.fault
    }

    /// Begins a cell; false if the edition does not have the column.
    #[inline]
    fn begin(&mut self, column: &'static Column, empty: bool) -> bool {
        if !column.is_in(self.edition) {
            if !empty {
                self.report(column, Err(FaultKind::NotInEdition));
            }
            return false;
        }
        if self.written > 0 {
            self.out.push(b',');
        }
        self.written += 1;
        true
    }

    #[inline]
    fn report(&mut self, column: &'static Column, result: Result<(), FaultKind>) {
        if let (Err(kind), None) = (result, self.fault) {
            self.fault = Some((self.written, column, kind));
        }
    }

    /// A value, or nothing.
    #[inline]
    pub(crate) fn value<T: Value>(&mut self, column: &'static Column, value: Option<&T>) {
        if self.begin(column, value.is_none()) {
            let result = value::write(column, self.edition, value, self.out);
            self.report(column, result);
        }
    }

    /// A value, or what means "none".
    #[inline]
    pub(crate) fn marked<T: Value>(&mut self, column: &'static Column, value: Option<&T>) {
        match (value, column.also) {
            (None, Some(also)) => {
                if self.begin(column, true) {
                    self.out.extend_from_slice(also.as_bytes());
                }
            }
            _ => self.value(column, value),
        }
    }

    /// Free text.
    #[inline]
    pub(crate) fn text(&mut self, column: &'static Column, text: &Text<'_>) {
        if !self.begin(column, text.is_empty()) {
            return;
        }
        if text.is_empty() && column.presence == Presence::Required {
            self.report(column, Err(FaultKind::RequiredMissing));
        }
        if let Some(kind) = text.fault() {
            self.report(column, Err(kind));
        }
        text.write(self.out);
    }

    /// The one permitted value.
    pub(crate) fn fixed(&mut self, column: &'static Column) {
        if self.begin(column, true) {
            self.out
                .extend_from_slice(column.value.unwrap_or_default().as_bytes());
        }
    }

    /// Nothing.
    pub(crate) fn unused(&mut self, column: &'static Column) {
        self.begin(column, true);
    }
}
