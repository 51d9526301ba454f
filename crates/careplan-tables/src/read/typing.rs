//! From raw records to typed ones; shared by both ways of reading.

use std::marker::PhantomData;

use careplan_core::Edition;

use crate::column::Layout;
use crate::fault::{Fault, FaultKind};
use crate::raw::{LineEnd, RawRecord, StructureFaultKind};
use crate::table::Table;
use crate::table::cells::Cells;

/// What has to be remembered from record to record, and the faults of the last one.
#[derive(Debug)]
pub(super) struct Typing<T> {
    strict: bool,
    /// Edition and number of columns of the records so far.
    edition: Option<(Edition, usize)>,
    /// LF or a missing line end has been reported.
    line_ending_reported: bool,
    faults: Vec<Fault>,
    table: PhantomData<fn() -> T>,
}

impl<T: Table> Typing<T> {
    pub(super) fn new(strict: bool) -> Self {
        Self {
            strict,
            edition: None,
            line_ending_reported: false,
            faults: Vec::new(),
            table: PhantomData,
        }
    }

    /// The faults of the record read last, in the order of the bytes as far as they have one.
    pub(super) fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// The edition of the records so far; `None` before the first that has one.
    pub(super) fn edition(&self) -> Option<Edition> {
        self.edition.map(|(edition, _)| edition)
    }

    /// Reads a record. `None` if no typed record can be made of it; the faults say why.
    #[inline]
    pub(super) fn record<'b>(&mut self, raw: RawRecord<'_, 'b>) -> Option<T::Record<'b>> {
        self.faults.clear();
        if raw.line_end() != LineEnd::CrLf || !raw.faults().is_empty() {
            self.structure(raw);
        }
        let version = raw.field(0)?;
        let (edition, width) = match self.edition {
            Some((edition, width)) if edition.csv_version().as_bytes() == version.inner() => {
                (edition, width)
            }
            _ => self.other_edition(raw)?,
        };
        if raw.len() != width {
            let kind = FaultKind::ColumnCount {
                expected: width,
                found: raw.len(),
            };
            self.fault(raw, kind, None);
            return None;
        }
        // Strictly, the first fault ends the reading; there is no use in more.
        if self.strict && !self.faults.is_empty() {
            return None;
        }
        T::read(&mut Cells::new(raw, edition, self.strict, &mut self.faults))
    }

    /// The edition of the first record, or of one that differs from those before.
    #[cold]
    fn other_edition(&mut self, raw: RawRecord<'_, '_>) -> Option<(Edition, usize)> {
        let layout = T::KIND.layout();
        let version = raw.field(0)?;
        let Ok(edition) = Edition::try_from(version.inner()) else {
            if raw.number() == 1 && looks_like_header(layout, raw) {
                self.fault(raw, FaultKind::HeaderRow, None);
                return None;
            }
            // The column's own rule will report it; the layout is guessed.
            return self.edition.or_else(|| {
                let editions = layout.editions.iter().rev();
                let with_width = |&edition| (edition, layout.width(edition));
                let all: Vec<_> = editions.map(with_width).collect();
                all.iter()
                    .find(|(_, width)| *width == raw.len())
                    .or(all.first())
                    .copied()
            });
        };
        if !layout.is_in(edition) {
            self.fault(raw, FaultKind::CsvVersionUnsupported, Some(0));
            return None;
        }
        let found = (edition, layout.width(edition));
        match self.edition {
            None => self.edition = Some(found),
            // Only the record is of another version; what follows is compared with the first.
            Some(_) => self.fault(raw, FaultKind::CsvVersionMixed, Some(0)),
        }
        Some(found)
    }

    #[cold]
    fn structure(&mut self, raw: RawRecord<'_, '_>) {
        for fault in raw.faults() {
            let (kind, field) = match fault.kind {
                StructureFaultKind::QuoteStray => (FaultKind::QuoteStray, Some(fault.field)),
                StructureFaultKind::QuoteUnterminated => {
                    (FaultKind::QuoteUnterminated, Some(fault.field))
                }
                StructureFaultKind::BlankLine => (FaultKind::BlankLine, None),
                StructureFaultKind::BareCr => (FaultKind::BareCr, None),
                StructureFaultKind::ByteOrderMark => (FaultKind::ByteOrderMark, None),
            };
            self.fault(raw, kind, field);
        }
        if matches!(raw.line_end(), LineEnd::Lf | LineEnd::Missing) && !self.line_ending_reported {
            self.line_ending_reported = true;
            self.fault(raw, FaultKind::LineEnding, None);
        }
    }

    #[cold]
    fn fault(&mut self, raw: RawRecord<'_, '_>, kind: FaultKind, field: Option<usize>) {
        if self.strict && kind.is_accepted_strictly() {
            return;
        }
        self.faults.push(Fault {
            kind,
            record: raw.number(),
            line: field
                .and_then(|index| raw.field_line(index))
                .unwrap_or(raw.line()),
            column_number: field.map(|index| index + 1),
            column: field.and_then(|index| {
                let edition = self.edition().unwrap_or(Edition::Fourth);
                T::KIND.layout().columns_in(edition).nth(index)
            }),
        });
    }
}

/// Whether a record is column names: the first field is the first column's name, or no field has a
/// digit.
fn looks_like_header(layout: &Layout, raw: RawRecord<'_, '_>) -> bool {
    let first = raw.field(0).map(|field| field.content());
    let named = first.is_some_and(|content| {
        let name = crate::ms932::decode_with_user_defined(&content).unwrap_or_default();
        layout
            .columns
            .first()
            .is_some_and(|column| *name == *column.name_ja || *name == *column.key)
    });
    named || (!raw.bytes().iter().any(u8::is_ascii_digit) && raw.len() > 1)
}
