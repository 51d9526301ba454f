//! One pass over one file: bytes, structure, values, records, in this order, each only where the
//! one before left something to look at.

use std::io::{self, Read};

use careplan_core::{Edition, InsuredNumber, InsurerNumber};
use careplan_tables::raw::{LineEnd, RawReader, RawRecord, RawSlice, StructureFaultKind};
use careplan_tables::table::{Supplement, Table6Actual, Table6Plan, Table7};
use careplan_tables::{FaultKind, FileKind, LenientReader, LenientSlice};

use crate::costs::Costs;
use crate::facts::FileFacts;
use crate::found::{Found, Place};
use crate::head::{self, Guess};
use crate::persons::{Person, Persons};
use crate::record::{Fields, Large, Record, Row, RowReader, Typed};
use crate::rule::{ByteFault, Check, Rule, Watch};
use crate::rules::bytes;
use crate::rules::key::{self, Keys};
use crate::sending::ReadFile;
use crate::shown;
use crate::source::Input;
use crate::value::FieldFault;

/// Reads and checks a file.
///
/// # Errors
/// If the source cannot be read.
pub(crate) fn read(
    facts: FileFacts,
    input: Input<'_>,
    persons: &mut Persons,
    found: &mut Found<'_>,
    show_values: bool,
    progress: &mut dyn FnMut(u64),
) -> io::Result<ReadFile> {
    let mut file = ReadFile::new(facts);
    for rule in Rule::all() {
        if let Check::Name(check) = rule.check {
            check(&file.facts, found);
        }
    }
    let mut input = input;
    let mut beginning = Vec::new();
    let guess = match &mut input {
        Input::Memory(bytes) => {
            let head = bytes.get(..head::LENGTH).unwrap_or(bytes);
            Guess::from(head, head.len() == bytes.len())
        }
        Input::Stream(source) => {
            let head = source.take(head::LENGTH as u64);
            { head }.read_to_end(&mut beginning)?;
            Guess::from(&beginning, beginning.len() < head::LENGTH)
        }
    };
    let place = || Place::file(&file.facts);
    match guess {
        Guess::Utf16Marked | Guess::Utf8Marked => found.bytes(
            &bytes::ENCODING_BOM,
            place(),
            &ByteFault::ByteOrderMark {
                utf16: guess == Guess::Utf16Marked,
            },
        ),
        Guess::Foreign(what) => found.report(&bytes::ENCODING_INVALID, place(), || {
            bytes::foreign(what).into()
        }),
        Guess::Ms932 | Guess::Utf8 { .. } => {}
    }
    if matches!(guess, Guess::Utf16Marked | Guess::Foreign(_)) {
        file.unreadable = true;
        return Ok(file);
    }
    let kind = file.kind();
    let pass = Pass::new(&mut file, guess, show_values);
    match input {
        Input::Memory(bytes) => match kind {
            Some(FileKind::Table6Plan) => {
                let records = LenientSlice::<Table6Plan<'_>>::new(bytes);
                pass.run(records, persons, found, progress)?;
            }
            Some(FileKind::Table6Actual) => {
                let records = LenientSlice::<Table6Actual<'_>>::new(bytes);
                pass.run(records, persons, found, progress)?;
            }
            Some(FileKind::Table7) => {
                let records = LenientSlice::<Table7<'_>>::new(bytes);
                pass.run(records, persons, found, progress)?;
            }
            Some(FileKind::Supplement) => {
                let records = LenientSlice::<Supplement<'_>>::new(bytes);
                pass.run(records, persons, found, progress)?;
            }
            _ => pass.run(RawSlice::new(bytes), persons, found, progress)?,
        },
        Input::Stream(source) => {
            let bytes = beginning.chain(source);
            match kind {
                Some(FileKind::Table6Plan) => {
                    let records = LenientReader::<Table6Plan<'_>, _>::new(bytes);
                    pass.run(records, persons, found, progress)?;
                }
                Some(FileKind::Table6Actual) => {
                    let records = LenientReader::<Table6Actual<'_>, _>::new(bytes);
                    pass.run(records, persons, found, progress)?;
                }
                Some(FileKind::Table7) => {
                    let records = LenientReader::<Table7<'_>, _>::new(bytes);
                    pass.run(records, persons, found, progress)?;
                }
                Some(FileKind::Supplement) => {
                    let records = LenientReader::<Supplement<'_>, _>::new(bytes);
                    pass.run(records, persons, found, progress)?;
                }
                _ => pass.run(RawReader::new(bytes), persons, found, progress)?,
            }
        }
    }
    Ok(file)
}

/// A record, typed where that is faster and nothing is wrong with it.
type Next<'r> = (RawRecord<'r, 'r>, Option<Typed>);

/// Gives a file's records one by one.
trait Records {
    /// The next record. If it is typed, its row is in `row`.
    fn next(&mut self, row: &mut Row) -> Result<Option<Next<'_>>, Stop>;
}

/// Why there are no more records though the file has not ended.
enum Stop {
    /// The source failed.
    Io(io::Error),
    /// The record that begins on this line has no end: a quotation mark is never closed.
    Endless { line: u64 },
}

impl Stop {
    fn new(io: Option<&io::Error>, line: u64) -> Self {
        match io {
            Some(error) => Self::Io(io::Error::new(error.kind(), error.to_string())),
            None => Self::Endless { line },
        }
    }
}

impl<R: Read> Records for RawReader<R> {
    fn next(&mut self, _: &mut Row) -> Result<Option<Next<'_>>, Stop> {
        match self.next_record() {
            Ok(raw) => Ok(raw.map(|raw| (raw, None))),
            Err(error) => Err(Stop::new(error.io(), error.line())),
        }
    }
}

impl Records for RawSlice<'_> {
    fn next(&mut self, _: &mut Row) -> Result<Option<Next<'_>>, Stop> {
        Ok(self.next_record().map(|raw| (raw, None)))
    }
}

impl<T: Large> Records for LenientSlice<'_, T> {
    #[inline]
    fn next(&mut self, row: &mut Row) -> Result<Option<Next<'_>>, Stop> {
        Ok(self.next_record().map(|read| {
            let record = read.record().filter(|_| read.faults().is_empty());
            let typed = record.map(|record| T::typed(record, row));
            (read.raw(), typed)
        }))
    }
}

impl<T: Large, R: Read> Records for LenientReader<T, R> {
    #[inline]
    fn next(&mut self, row: &mut Row) -> Result<Option<Next<'_>>, Stop> {
        match self.next_record() {
            Ok(None) => Ok(None),
            Ok(Some(read)) => {
                let record = read.record().filter(|_| read.faults().is_empty());
                let typed = record.map(|record| T::typed(record, row));
                Ok(Some((read.raw(), typed)))
            }
            Err(error) => Err(Stop::new(error.io(), error.line().unwrap_or(1))),
        }
    }
}

/// What was seen of a record.
struct Looked {
    edition: Option<Edition>,
    person: Option<Person>,
    /// Whether its columns can be told, and are in the row.
    sure: bool,
}

/// Counts of how records end.
#[derive(Default)]
struct LineEnds {
    records: u64,
    lf: u64,
    cr: u64,
    missing: bool,
    first_other: Option<u64>,
}

struct Pass<'f> {
    file: &'f mut ReadFile,
    /// Where the first character beyond ASCII is, if the file is UTF-8 and that is still to be
    /// told.
    utf8_from: Option<u64>,
    is_utf8: bool,
    ends: LineEnds,
    /// Whether the first record was column names.
    header: bool,
    watches: Vec<Box<dyn Watch>>,
    rows: RowReader,
    keys: Option<Box<dyn Keys>>,
    costs: Option<Costs>,
    show_values: bool,
}

impl<'f> Pass<'f> {
    fn new(file: &'f mut ReadFile, guess: Guess, show_values: bool) -> Self {
        Self {
            utf8_from: match guess {
                Guess::Utf8 { first } => Some(first),
                _ => None,
            },
            is_utf8: matches!(guess, Guess::Utf8 { .. } | Guess::Utf8Marked),
            ends: LineEnds::default(),
            header: false,
            watches: Vec::new(),
            rows: RowReader::Other,
            keys: None,
            costs: None,
            show_values,
            file,
        }
    }

    fn run(
        mut self,
        mut records: impl Records,
        persons: &mut Persons,
        found: &mut Found<'_>,
        progress: &mut dyn FnMut(u64),
    ) -> io::Result<()> {
        let mut row = Row::Other;
        loop {
            match records.next(&mut row) {
                Ok(Some((raw, typed))) => {
                    if raw.number().is_multiple_of(4096) {
                        progress(raw.offset());
                    }
                    self.record(raw, typed, &mut row, persons, found);
                }
                Ok(None) => break,
                Err(Stop::Io(error)) => return Err(error),
                Err(Stop::Endless { line }) => {
                    found.bytes(
                        &bytes::QUOTE_UNTERMINATED,
                        Place::line(&self.file.facts, line),
                        &ByteFault::QuoteUnterminated,
                    );
                    self.file.summary.unattributed = true;
                    break;
                }
            }
        }
        self.end(found);
        Ok(())
    }

    fn record(
        &mut self,
        raw: RawRecord<'_, '_>,
        typed: Option<Typed>,
        row: &mut Row,
        persons: &mut Persons,
        found: &mut Found<'_>,
    ) {
        self.line_end(&raw);
        // Nothing is wrong with it by itself, if it is read as the file is.
        let typed =
            typed.filter(|typed| self.file.records > 0 && typed.edition == self.file.facts.edition);
        let looked = match typed {
            Some(typed) => {
                self.utf8(&raw, found);
                self.file.records += 1;
                Looked {
                    edition: Some(typed.edition),
                    person: Some(persons.person(typed.insurer, typed.insured)),
                    sure: true,
                }
            }
            None => match self.inspect(raw, row, persons, found) {
                Some(looked) => looked,
                None => return,
            },
        };
        let mut record = Record {
            file: &self.file.facts,
            line: raw.line(),
            edition: looked.edition,
            person: looked.person,
            row: looked.sure.then_some(&*row),
            twin: None,
            raw,
        };
        record.twin = self.keys.as_mut().and_then(|keys| keys.twin(&record));
        for watch in &mut self.watches {
            watch.record(&record, found);
        }
        if let Some(costs) = &mut self.costs {
            costs.record(&record);
        }
        self.file.summary.record(&record);
    }

    /// Looks at a record from its bytes on. `None` if it is none: an empty line, column names.
    fn inspect(
        &mut self,
        raw: RawRecord<'_, '_>,
        row: &mut Row,
        persons: &mut Persons,
        found: &mut Found<'_>,
    ) -> Option<Looked> {
        if let Some(byte) = lone_control(&raw) {
            found.report(
                &bytes::NUL_BYTE,
                Place::line(&self.file.facts, raw.line()),
                || bytes::lone_control(byte).into(),
            );
            return None;
        }
        if raw.is_empty() {
            found.bytes(
                &bytes::BLANK_LINE,
                Place::line(&self.file.facts, raw.line()),
                &ByteFault::BlankLine,
            );
            return None;
        }
        let first = self.file.records == 0 && !self.header;
        if first && self.is_header(&raw) {
            self.header = true;
            found.bytes(
                &bytes::HEADER_ROW,
                Place::line(&self.file.facts, raw.line()),
                &ByteFault::HeaderRow,
            );
            return None;
        }
        let edition = raw
            .field(0)
            .and_then(|field| Edition::try_from(&*field.content()).ok());
        if self.file.records == 0 {
            let guessed = || self.file.facts.edition_by_width(raw.len());
            let edition = edition.unwrap_or_else(guessed);
            self.file.facts.set_edition(edition);
            self.begin();
        }
        self.file.records += 1;
        self.utf8(&raw, found);
        let malformed = self.structure(&raw, found);
        let fits = !malformed && self.width(&raw, edition, found);
        // A record of another edition than the file's is reported as such, and has other columns.
        let fits = fits && edition.is_none_or(|edition| edition == self.file.facts.edition);
        let bad = if fits { self.values(&raw, found) } else { 0 };
        if fits {
            *row = self.rows.read(&Fields { raw, bad });
        }
        Some(Looked {
            edition,
            person: person(&raw, bad, persons),
            sure: fits,
        })
    }

    /// Starts the rules on the file, now that its edition is known.
    fn begin(&mut self) {
        let facts = &self.file.facts;
        if facts.layout.is_none() {
            return;
        }
        self.rows = RowReader::new(facts);
        self.keys = key::keys(facts);
        self.watches = Rule::all()
            .iter()
            .filter_map(|rule| match rule.check {
                Check::Records(start) => start(facts),
                _ => None,
            })
            .collect();
        self.costs = (facts.prefix() == "UPSIKYU").then(Costs::default);
    }

    fn line_end(&mut self, raw: &RawRecord<'_, '_>) {
        if lone_control(raw).is_some() {
            return;
        }
        let ends = &mut self.ends;
        ends.records += 1;
        match raw.line_end() {
            LineEnd::CrLf => return,
            LineEnd::Lf => ends.lf += 1,
            LineEnd::Cr => ends.cr += 1,
            // After a quotation mark that is never closed there is no end of a record at all.
            LineEnd::Missing if is_unterminated(raw) => return,
            LineEnd::Missing => ends.missing = true,
        }
        ends.first_other.get_or_insert(raw.line());
    }

    /// Whether the first record is column names: what should be version, insurer and insured
    /// number has no digit at all.
    fn is_header(&self, raw: &RawRecord<'_, '_>) -> bool {
        self.file.facts.layout.is_some()
            && raw.len() >= 3
            && raw.fields().take(3).all(|field| {
                let content = field.content();
                let wide_digit = content
                    .windows(2)
                    .any(|pair| matches!(pair, [0x82, 0x4F..=0x58]));
                content.len() >= 2 && !content.iter().any(u8::is_ascii_digit) && !wide_digit
            })
    }

    /// Tells once, at its first character, that the file is UTF-8.
    fn utf8(&mut self, raw: &RawRecord<'_, '_>, found: &mut Found<'_>) {
        let Some(offset) = self.utf8_from else { return };
        if raw.offset() + (raw.bytes().len() as u64) <= offset {
            return;
        }
        self.utf8_from = None;
        let number = (0..raw.len())
            .take_while(|index| raw.field_offset(*index).is_some_and(|at| at <= offset))
            .count();
        let column = number
            .checked_sub(1)
            .and_then(|index| self.file.facts.columns.get(index).copied());
        found.report(
            &bytes::ENCODING_INVALID,
            Place::at_field(&self.file.facts, raw, number, column),
            || bytes::utf8(offset + 1).into(),
        );
    }

    /// Reports faults of the quotation marks. Whether there are any.
    fn structure(&self, raw: &RawRecord<'_, '_>, found: &mut Found<'_>) -> bool {
        let mut malformed = false;
        for fault in raw.faults() {
            let (rule, kind) = match fault.kind {
                StructureFaultKind::QuoteStray => (&bytes::QUOTE_STRAY, ByteFault::QuoteStray),
                StructureFaultKind::QuoteUnterminated => {
                    (&bytes::QUOTE_UNTERMINATED, ByteFault::QuoteUnterminated)
                }
                // Line ends are counted, byte order marks and blank lines told already.
                _ => continue,
            };
            // One notice per field: what follows a quotation mark gone wrong is no second fault.
            malformed = true;
            let number = fault.field + 1;
            let column = self.file.facts.columns.get(fault.field).copied();
            found.bytes(
                rule,
                Place::at_field(&self.file.facts, raw, number, column),
                &kind,
            );
        }
        malformed
    }

    /// Reports a wrong number of columns. Whether it is right.
    fn width(
        &self,
        raw: &RawRecord<'_, '_>,
        edition: Option<Edition>,
        found: &mut Found<'_>,
    ) -> bool {
        let Some(layout) = self.file.facts.layout else {
            return false;
        };
        let read_as = edition.unwrap_or(self.file.facts.edition);
        let expected = if read_as == self.file.facts.edition {
            self.file.facts.columns.len()
        } else {
            layout.width(read_as)
        };
        if raw.len() == expected {
            return true;
        }
        let fits = Edition::ALL
            .into_iter()
            .rev()
            .find(|other| layout.is_in(*other) && layout.width(*other) == raw.len());
        found.bytes(
            &bytes::COLUMN_COUNT,
            Place::line(&self.file.facts, raw.line()),
            &ByteFault::Columns {
                found: raw.len(),
                expected,
                edition: read_as,
                fits,
            },
        );
        false
    }

    /// Checks each column's own value. The bad ones as bits.
    fn values(&self, raw: &RawRecord<'_, '_>, found: &mut Found<'_>) -> u128 {
        let facts = &self.file.facts;
        let mut bad = 0;
        for (index, (column, field)) in facts.columns.iter().zip(raw.fields()).enumerate() {
            for kind in column.check(field, facts.edition) {
                if spoils(&kind) {
                    bad |= 1 << index;
                }
                let about_encoding = matches!(
                    kind,
                    FaultKind::EncodingInvalid { .. } | FaultKind::UserDefinedCharacter { .. }
                );
                if self.is_utf8 && about_encoding {
                    continue;
                }
                // The whole file is concerned, and told so.
                if matches!(kind, FaultKind::CsvVersionUnsupported) {
                    continue;
                }
                let Some(rule) = Rule::of(kind.code()) else {
                    continue;
                };
                let Check::Value(say) = rule.check else {
                    continue;
                };
                found.report_as(
                    rule,
                    kind.severity(),
                    Place::at_field(facts, raw, index + 1, Some(column)),
                    || {
                        let value = shown::value(column, &field.content(), self.show_values);
                        say(&FieldFault {
                            kind,
                            column,
                            value: value.as_deref(),
                        })
                    },
                );
            }
        }
        bad
    }

    /// Looks back on the whole file.
    fn end(mut self, found: &mut Found<'_>) {
        let facts = &self.file.facts;
        if self.file.records == 0 && !self.header {
            found.bytes(&bytes::EMPTY_FILE, Place::file(facts), &ByteFault::Empty);
        }
        if let Some(line) = self.ends.first_other
            && self.file.records > 0
        {
            found.bytes(
                &bytes::LINE_ENDING,
                Place::line(facts, line),
                &ByteFault::LineEnds {
                    lf: self.ends.lf,
                    cr: self.ends.cr,
                    missing: self.ends.missing,
                    records: self.ends.records,
                },
            );
        }
        for watch in &mut self.watches {
            watch.end(facts, found);
        }
        if let Some(costs) = &self.costs {
            for rule in Rule::all() {
                if let Check::Costs(check) = rule.check {
                    check(costs, facts, found);
                }
            }
        }
        self.file.unreadable = self.file.records == 0;
    }
}

/// Whether a fault makes a column's value useless for other rules.
fn spoils(kind: &FaultKind) -> bool {
    !matches!(
        kind,
        FaultKind::FreeTextNotQuoted
            | FaultKind::LongerThanAnnex { .. }
            | FaultKind::LikelyRequiredMissing
            | FaultKind::UnusedColumnFilled
    )
}

/// The control character that is all there is on a line.
fn lone_control(raw: &RawRecord<'_, '_>) -> Option<u8> {
    let field = raw.field(0).filter(|_| raw.len() == 1)?;
    let bytes = field.bytes();
    let first = bytes.first().copied()?;
    bytes.iter().all(u8::is_ascii_control).then_some(first)
}

/// Whether a quotation mark of the record is never closed.
fn is_unterminated(raw: &RawRecord<'_, '_>) -> bool {
    let mut faults = raw.faults().iter();
    faults.any(|fault| fault.kind == StructureFaultKind::QuoteUnterminated)
}

/// The person of a record, if it can be told.
fn person(raw: &RawRecord<'_, '_>, bad: u128, persons: &mut Persons) -> Option<Person> {
    if bad & 0b110 != 0 {
        return None;
    }
    let insurer = InsurerNumber::try_from(&*raw.field(1)?.content()).ok()?;
    let insured = InsuredNumber::try_from(&*raw.field(2)?.content()).ok()?;
    Some(persons.person(insurer, insured))
}
