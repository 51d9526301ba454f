//! Tables 6 and 7 of the files that were checked, as care staff know them: the month's services by
//! day (サービス利用票), and the costs (サービス利用票別表). Made from the files a second time, for the
//! persons with something to show.

use std::collections::{HashMap, HashSet};
use std::io;

use careplan_core::{ServiceCode, YearMonth, parse_date};
use careplan_tables::FileKind;
use careplan_tables::raw::{RawReader, RawRecord};
use chrono::Datelike;

use crate::facts::FileFacts;
use crate::notice::Notice;
use crate::shown::printable;
use crate::source::Source;

/// Persons shown of one file, those with notices first.
const MOST_PERSONS: usize = 20;

/// What is shown of a file.
#[derive(Debug, Clone)]
pub(crate) struct TableView {
    pub(crate) file: std::sync::Arc<str>,
    pub(crate) kind: FileKind,
    pub(crate) persons: Vec<PersonView>,
    /// How many persons of the file are not shown.
    pub(crate) not_shown: usize,
}

/// One person's part of a table.
#[derive(Debug, Clone)]
pub(crate) struct PersonView {
    /// The person's place in the file, from 1.
    pub(crate) number: usize,
    /// Insurer and insured number, if personal data may be shown.
    pub(crate) numbers: Option<(String, String)>,
    /// The name in the supplement, likewise.
    pub(crate) name: Option<String>,
    pub(crate) first_line: u64,
    pub(crate) part: Part,
}

/// See [`PersonView`].
#[derive(Debug, Clone)]
pub(crate) enum Part {
    Services(Grid),
    Costs(Vec<CostLine>),
}

/// The services of a person in a month.
#[derive(Debug, Clone)]
pub(crate) struct Grid {
    pub(crate) month: Option<YearMonth>,
    pub(crate) rows: Vec<GridRow>,
}

/// A service: a row of the grid.
#[derive(Debug, Clone)]
pub(crate) struct GridRow {
    pub(crate) starts: String,
    pub(crate) ends: String,
    pub(crate) code: String,
    /// The service type's name, if the code has one.
    pub(crate) service: &'static str,
    pub(crate) office: String,
    pub(crate) office_name: String,
    /// A cell per day, and a last one for records whose day is not in the month.
    pub(crate) days: Vec<Cell>,
    /// The sum of the counts.
    pub(crate) count: u64,
    /// Notices about the service, not about a day of it.
    pub(crate) marks: Vec<usize>,
}

/// A cell with the notices that concern it, by their places in the report.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) marks: Vec<usize>,
}

/// A row of table 7.
#[derive(Debug, Clone)]
pub(crate) struct CostLine {
    pub(crate) kind: CostKind,
    /// In the order of [`COST_COLUMNS`].
    pub(crate) cells: Vec<Cell>,
}

/// What a row of table 7 is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CostKind {
    Detail,
    Subtotal,
    Total,
}

/// The columns of table 7 that are shown.
pub(crate) const COST_COLUMNS: [&str; 21] = [
    "service_office_name",
    "service_office_number",
    "service_code",
    "units",
    "discount_rate",
    "discounted_units",
    "count",
    "service_units",
    "managed_units",
    "type_limit_over_units",
    "type_limit_within_units",
    "category_limit_over_units",
    "category_limit_within_units",
    "unit_price",
    "total_cost",
    "benefit_rate",
    "insurance_claim",
    "fixed_copay_unit_price",
    "copay_insured",
    "copay_full",
    "equipment_name",
];

/// Columns whose notices concern the day of a service, not the service.
const OF_THE_DAY: [&str; 3] = ["service_date", "count", "prorated_days"];

/// Makes the view of a file; `None` if it is no table 6 or 7. `notices` are those of the file with
/// their places in the report, in the order of lines; `names` are there if they may be shown.
///
/// # Errors
/// If the file cannot be read again.
pub(crate) fn view(
    facts: &FileFacts,
    source: &Source<'_>,
    notices: &[(usize, &Notice)],
    names: Option<&Names>,
) -> io::Result<Option<TableView>> {
    let kind = FileKind::of_prefix(facts.prefix());
    let Some(kind @ (FileKind::Table6Plan | FileKind::Table6Actual | FileKind::Table7)) = kind
    else {
        return Ok(None);
    };
    let reading = Reading { facts, notices };
    let chosen = reading.choose(source)?;
    let mut persons: Vec<PersonView> = Vec::new();
    let mut places: HashMap<PersonKey, usize> = HashMap::new();
    let mut reader = RawReader::new(source.open()?);
    while let Ok(Some(raw)) = reader.next_record() {
        let Some(key) = reading.person(&raw) else {
            continue;
        };
        let Some(&number) = chosen.persons.get(&key) else {
            continue;
        };
        let place = *places.entry(key).or_insert_with_key(|key| {
            persons.push(PersonView {
                number,
                numbers: names.map(|_| (printable(&key.0), printable(&key.1))),
                name: names.and_then(|names| names.get(key).cloned()),
                first_line: raw.line(),
                part: match kind {
                    FileKind::Table7 => Part::Costs(Vec::new()),
                    _ => Part::Services(Grid {
                        month: None,
                        rows: Vec::new(),
                    }),
                },
            });
            persons.len() - 1
        });
        match persons.get_mut(place).map(|person| &mut person.part) {
            Some(Part::Services(grid)) => reading.service(&raw, grid),
            Some(Part::Costs(lines)) => lines.push(reading.cost(&raw)),
            None => {}
        }
    }
    Ok(Some(TableView {
        file: facts.name.clone(),
        kind,
        not_shown: chosen.all - persons.len(),
        persons,
    }))
}

/// Insurer and insured number as they stand in the file.
type PersonKey = (Vec<u8>, Vec<u8>);

/// The persons' names.
pub(crate) type Names = HashMap<PersonKey, String>;

/// Takes the names from a supplement.
///
/// # Errors
/// If the file cannot be read again.
pub(crate) fn names(facts: &FileFacts, source: &Source<'_>, names: &mut Names) -> io::Result<()> {
    let reading = Reading {
        facts,
        notices: &[],
    };
    let mut reader = RawReader::new(source.open()?);
    while let Ok(Some(raw)) = reader.next_record() {
        if let Some(key) = reading.person(&raw) {
            names.insert(key, reading.text(&raw, "name"));
        }
    }
    Ok(())
}

/// The persons that are shown, with their numbers, of all that there are.
struct Chosen {
    persons: HashMap<PersonKey, usize>,
    all: usize,
}

struct Reading<'f> {
    facts: &'f FileFacts,
    notices: &'f [(usize, &'f Notice)],
}

impl Reading<'_> {
    /// The persons with notices, and others until there are enough.
    fn choose(&self, source: &Source<'_>) -> io::Result<Chosen> {
        let mut seen: HashSet<PersonKey> = HashSet::new();
        let mut noticed: Vec<(PersonKey, usize)> = Vec::new();
        let mut others: Vec<(PersonKey, usize)> = Vec::new();
        let mut numbers: HashMap<PersonKey, usize> = HashMap::new();
        let mut reader = RawReader::new(source.open()?);
        while let Ok(Some(raw)) = reader.next_record() {
            let Some(key) = self.person(&raw) else {
                continue;
            };
            let next = numbers.len() + 1;
            let number = *numbers.entry(key.clone()).or_insert(next);
            if self.marks(&raw).next().is_some() {
                if noticed.len() < MOST_PERSONS && seen.insert(key.clone()) {
                    noticed.push((key, number));
                }
            } else if number == next && others.len() < MOST_PERSONS {
                others.push((key, number));
            }
        }
        let rest = others.into_iter().filter(|(key, _)| !seen.contains(key));
        let persons = noticed
            .iter()
            .cloned()
            .chain(rest)
            .take(MOST_PERSONS)
            .collect();
        Ok(Chosen {
            persons,
            all: numbers.len(),
        })
    }

    /// The person of a record whose columns can be told.
    fn person(&self, raw: &RawRecord<'_, '_>) -> Option<PersonKey> {
        let sure = raw.len() == self.facts.columns.len() && raw.faults().is_empty();
        let (insurer, insured) = (raw.field(1)?, raw.field(2)?);
        let key = (
            insurer.content().into_owned(),
            insured.content().into_owned(),
        );
        // Column names have no digits.
        let is_record = key.1.iter().any(u8::is_ascii_digit);
        (sure && is_record).then_some(key)
    }

    /// The notices about a record, by their places in the report.
    fn marks<'r>(
        &'r self,
        raw: &RawRecord<'_, '_>,
    ) -> impl Iterator<Item = (usize, &'r Notice)> + use<'r> {
        let (first, bytes) = (raw.line(), raw.bytes());
        let breaks = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        let next = first + breaks.max(1);
        let from = self
            .notices
            .partition_point(|(_, notice)| notice.line < Some(first));
        self.notices
            .get(from..)
            .unwrap_or_default()
            .iter()
            .copied()
            .take_while(move |(_, notice)| notice.line < Some(next))
    }

    fn text(&self, raw: &RawRecord<'_, '_>, key: &str) -> String {
        let field = self
            .facts
            .column(key)
            .and_then(|(number, _)| raw.field(number - 1));
        field.map_or_else(String::new, |field| printable(&field.content()))
    }

    fn service(&self, raw: &RawRecord<'_, '_>, grid: &mut Grid) {
        let month: Option<YearMonth> = self.text(raw, "target_month").parse().ok();
        let month = *grid.month.get_or_insert(match month {
            Some(month) => month,
            None => return,
        });
        let [starts, ends, code, office] = [
            "starts_at",
            "ends_at",
            "service_code",
            "service_office_number",
        ]
        .map(|key| self.text(raw, key));
        let known = grid.rows.iter().position(|row| {
            row.starts == starts && row.ends == ends && row.code == code && row.office == office
        });
        let index = known.unwrap_or_else(|| {
            let kind = code.parse::<ServiceCode>().ok();
            let kind = kind.and_then(|code| code.service_type());
            grid.rows.push(GridRow {
                starts,
                ends,
                code,
                service: kind.map_or("", |kind| kind.name_ja()),
                office,
                office_name: self.text(raw, "service_office_name"),
                days: vec![Cell::default(); usize::from(month.days()) + 1],
                count: 0,
                marks: Vec::new(),
            });
            grid.rows.len() - 1
        });
        let Some(row) = grid.rows.get_mut(index) else {
            return;
        };
        let day = parse_date(self.text(raw, "service_date").as_bytes())
            .ok()
            .filter(|date| month.contains(*date))
            .map(|date| date.day0() as usize);
        let at = day.unwrap_or(row.days.len() - 1);
        let count = self.text(raw, "count").parse::<u64>().ok();
        row.count += count.unwrap_or(0);
        let Some(cell) = row.days.get_mut(at) else {
            return;
        };
        let sum = cell.text.parse::<u64>().ok().unwrap_or(0);
        cell.text = match count {
            Some(count) => (sum + count).to_string(),
            None => "?".to_owned(),
        };
        for (place, notice) in self.marks(raw) {
            let of_day = notice.field.is_none_or(|field| OF_THE_DAY.contains(&field));
            if of_day {
                cell.marks.push(place);
            } else {
                row.marks.push(place);
                cell.marks.push(place);
            }
        }
    }

    fn cost(&self, raw: &RawRecord<'_, '_>) -> CostLine {
        let code = self.text(raw, "service_code").parse::<ServiceCode>().ok();
        let mut cells: Vec<Cell> = COST_COLUMNS
            .iter()
            .map(|key| Cell {
                text: self.text(raw, key),
                marks: Vec::new(),
            })
            .collect();
        for (place, notice) in self.marks(raw) {
            // A column that is not shown, or the record as a whole: the service code stands for it.
            let column = COST_COLUMNS
                .iter()
                .position(|key| notice.field == Some(*key))
                .unwrap_or(2);
            if let Some(cell) = cells.get_mut(column) {
                cell.marks.push(place);
            }
        }
        CostLine {
            kind: match code {
                Some(code) if code.is_grand_total() => CostKind::Total,
                Some(code) if code.is_subtotal() => CostKind::Subtotal,
                _ => CostKind::Detail,
            },
            cells,
        }
    }
}
