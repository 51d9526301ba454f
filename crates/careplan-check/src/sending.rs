//! Files that are sent together: what is remembered of each, and which belong to one another.

use std::hash::{Hash, Hasher};

use careplan_core::{Edition, OfficeNumber, Sequence, ServiceCode, SetKind, YearMonth};
use careplan_tables::{FileKind, FileName, Layout, Party, SetFault, group};
use chrono::NaiveDate;
use hashbrown::{HashMap, HashSet};

use crate::facts::FileFacts;
use crate::persons::{Each, Person};
use crate::record::{Cell, Record, Row};

/// A file that has been read.
pub(crate) struct ReadFile {
    pub(crate) facts: FileFacts,
    pub(crate) records: u64,
    /// Whether nothing could be made of it: no record, or no Shift_JIS at all.
    pub(crate) unreadable: bool,
    pub(crate) summary: Summary,
}

impl ReadFile {
    pub(crate) fn new(facts: FileFacts) -> Self {
        Self {
            facts,
            records: 0,
            unreadable: false,
            summary: Summary::default(),
        }
    }

    pub(crate) fn kind(&self) -> Option<FileKind> {
        FileKind::of_prefix(self.facts.prefix())
    }

    /// Whether all of its persons are known, so that who is missing can be told.
    pub(crate) fn is_complete(&self) -> bool {
        !self.unreadable && !self.summary.unattributed
    }

    /// Whether its records are all for the month in its name. If not, that has been told.
    fn is_of_its_month(&self) -> bool {
        let named = self.facts.month();
        self.summary.months.iter().all(|(month, _)| *month == named)
    }
}

/// What a record of a person is for: a care plan by its date, or a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Occasion {
    Plan(NaiveDate),
    Month(YearMonth),
    /// Neither can be told.
    Unknown,
}

/// How often a service is planned in table 6.
pub(crate) struct Planned {
    pub(crate) service: ServiceOf,
    pub(crate) line: u64,
    pub(crate) count: u64,
    pub(crate) prorated: bool,
    /// Whether a record has a time.
    pub(crate) timed: bool,
}

/// How often a service is counted in table 7.
pub(crate) struct Costed {
    pub(crate) line: u64,
    pub(crate) count: u64,
}

/// A person's service of an office.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ServiceOf {
    pub(crate) person: Person,
    pub(crate) office: OfficeNumber,
    pub(crate) code: ServiceCode,
}

impl Hash for ServiceOf {
    /// In two pieces rather than five: there may be one per record.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut bytes = [0; OfficeNumber::LEN + ServiceCode::LEN];
        let (office, code) = bytes.split_at_mut(OfficeNumber::LEN);
        office.copy_from_slice(self.office.as_bytes());
        code.copy_from_slice(self.code.as_bytes());
        state.write_u128(u128::from_ne_bytes(bytes));
        self.person.hash(state);
    }
}

/// What is remembered of a file for the rules about sets: bounded by what is distinct in it.
#[derive(Default)]
pub(crate) struct Summary {
    /// Whether a record could not be assigned to a person.
    pub(crate) unattributed: bool,
    /// The line of the first record of each person and occasion.
    pub(crate) occasions: HashMap<(Person, Occasion), u64>,
    /// The one of the last record: most follow one another.
    last: Option<(Person, Occasion)>,
    /// The persons, whatever the occasion.
    pub(crate) persons: HashSet<Person>,
    /// Persons with a record that could not be read.
    pub(crate) broken: HashSet<Person>,
    /// The months, 000000 as `None`, each with its first line.
    pub(crate) months: Vec<(Option<YearMonth>, u64)>,
    /// Of a supplement: the first lines with and without a plan date.
    pub(crate) with_plan_date: Option<u64>,
    pub(crate) without_plan_date: Option<u64>,
    pub(crate) planned: Each<ServiceOf, Planned>,
    pub(crate) costed: Each<ServiceOf, Costed>,
}

impl Summary {
    /// Takes the next record in.
    pub(crate) fn record(&mut self, record: &Record<'_>) {
        let line = record.line;
        let month = match &record.row {
            Some(Row::ServiceRow(row)) => row.month.value().map(Some),
            Some(Row::CostRow(row)) => row.month.value().map(Some),
            Some(Row::MonthDeletionRow(row)) => row.month.value().map(Some),
            Some(Row::SupplementRow(row)) => row.month.value(),
            _ => None,
        };
        if let Some(month) = month
            && !self.months.iter().any(|(known, _)| *known == month)
        {
            self.months.push((month, line));
        }
        if let Some(Row::SupplementRow(row)) = &record.row {
            match row.plan_date {
                Cell::Value(Some(_)) => drop(self.with_plan_date.get_or_insert(line)),
                Cell::Value(None) => drop(self.without_plan_date.get_or_insert(line)),
                Cell::Empty | Cell::Bad => {}
            }
        }
        let Some(person) = record.person else {
            self.unattributed = true;
            return;
        };
        let occasion = match &record.row {
            Some(Row::PlanRow(row)) => row.plan_date.value().map(Occasion::Plan),
            Some(Row::NeedRow(row)) => row.plan_date.value().map(Occasion::Plan),
            Some(Row::WeekRow(row)) => row.plan_date.value().map(Occasion::Plan),
            Some(Row::SupplementRow(row)) => match (row.plan_date, row.month) {
                (Cell::Value(Some(date)), _) => Some(Occasion::Plan(date)),
                (_, Cell::Value(Some(month))) => Some(Occasion::Month(month)),
                _ => None,
            },
            Some(Row::ServiceRow(row)) => row.month.value().map(Occasion::Month),
            Some(Row::CostRow(row)) => row.month.value().map(Occasion::Month),
            _ => None,
        };
        let occasion = (person, occasion.unwrap_or(Occasion::Unknown));
        if self.last != Some(occasion) {
            self.last = Some(occasion);
            self.persons.insert(person);
            self.occasions.entry(occasion).or_insert(line);
        }
        match &record.row {
            None => drop(self.broken.insert(person)),
            // Counted once.
            Some(_) if record.twin.is_some() => {}
            Some(Row::ServiceRow(row)) => {
                let (Cell::Value(office), Cell::Value(code), Cell::Value(count)) =
                    (row.office, row.code, row.count)
                else {
                    self.broken.insert(person);
                    return;
                };
                let service = ServiceOf {
                    person,
                    office,
                    code,
                };
                let planned = self.planned.of(service, || Planned {
                    service,
                    line,
                    count: 0,
                    prorated: false,
                    timed: false,
                });
                if let Some(planned) = planned {
                    planned.count += u64::from(count);
                    planned.prorated |= row.prorated.is_filled();
                    planned.timed |= !matches!(row.starts, Cell::Value(None));
                }
            }
            Some(Row::CostRow(row)) => {
                let (Cell::Value(office), Cell::Value(code), Cell::Value(count)) =
                    (row.office, row.code, row.count)
                else {
                    self.broken.insert(person);
                    return;
                };
                let service = ServiceOf {
                    person,
                    office,
                    code,
                };
                if let Some(costed) = self.costed.of(service, || Costed { line, count: 0 }) {
                    costed.count += u64::from(count);
                }
            }
            Some(_) => {}
        }
    }
}

/// What a file's name has that the other files' names have not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Difference {
    Sender,
    Receiver,
    Sequence,
}

/// Files of one sending.
pub(crate) struct Sending<'a> {
    /// In the order in which they were given.
    pub(crate) files: Vec<&'a ReadFile>,
    /// Files whose names do not agree with the others'.
    pub(crate) odd: Vec<(&'a ReadFile, Vec<Difference>)>,
    /// Which of the standard's sets it is, or why none.
    pub(crate) kind: Result<SetKind, SetFault>,
}

/// Offices and sequence: what files of one sending have in common.
type Common = (Party, Party, Sequence);

fn common(name: &FileName) -> Common {
    (name.sender(), name.receiver(), name.sequence())
}

impl<'a> Sending<'a> {
    /// Files that belong together, whatever their names say.
    pub(crate) fn of(files: Vec<&'a ReadFile>) -> Self {
        let names: Vec<_> = files
            .iter()
            .filter_map(|file| Some((*file, file.facts.parsed.ok()?)))
            .collect();
        let Some(reference) = most_frequent(names.iter().map(|(_, name)| common(name))) else {
            return Self {
                files,
                odd: Vec::new(),
                kind: Err(SetFault::Empty),
            };
        };
        let odd = names
            .iter()
            .filter(|(_, name)| common(name) != reference)
            .map(|(file, name)| {
                let (sender, receiver, sequence) = reference;
                let differences = [
                    (name.sender() != sender, Difference::Sender),
                    (name.receiver() != receiver, Difference::Receiver),
                    (name.sequence() != sequence, Difference::Sequence),
                ];
                let differences = differences
                    .into_iter()
                    .filter_map(|(differs, difference)| differs.then_some(difference));
                (*file, differences.collect())
            })
            .collect();
        let kind = classify(names.iter().map(|(_, name)| name), reference);
        let jokers: Vec<_> = files
            .iter()
            .filter(|file| file.facts.parsed.is_err())
            .filter_map(|file| file.kind())
            .collect();
        let edition = files.iter().map(|file| file.facts.edition).min();
        let kind = kind.map_err(|fault| relent(fault, &files, &jokers, edition));
        Self { files, odd, kind }
    }

    /// The file of a kind, if there is exactly one and something could be made of it.
    pub(crate) fn file(&self, kind: FileKind) -> Option<&'a ReadFile> {
        let mut files = self.files.iter().filter(|file| file.kind() == Some(kind));
        let file = files.next()?;
        (files.next().is_none() && !file.unreadable).then_some(file)
    }

    /// Whether the files belong to one set, if not a complete one, so that they can be compared.
    pub(crate) fn is_comparable(&self) -> bool {
        match &self.kind {
            Ok(_) | Err(SetFault::Incomplete { .. } | SetFault::NotInEdition { .. }) => true,
            Err(SetFault::Months) => self.months_differ_by_supplement_only(),
            Err(_) => false,
        }
    }

    /// Whether the months in the names agree but for the supplement's, which has a rule of its
    /// own.
    pub(crate) fn months_differ_by_supplement_only(&self) -> bool {
        let mut months = self
            .files
            .iter()
            .filter(|file| file.kind() != Some(FileKind::Supplement))
            .filter(|file| file.facts.layout.is_some_and(|layout| layout.month_in_name))
            .map(|file| file.facts.month());
        let first = months.next();
        months.all(|month| Some(month) == first)
    }

    /// Whether two files' records can be matched by month too.
    pub(crate) fn match_by_occasion(one: &ReadFile, other: &ReadFile) -> bool {
        one.is_of_its_month() && other.is_of_its_month()
    }
}

/// What is left of a fault when it is taken into account what has been told already.
fn relent(
    fault: SetFault,
    files: &[&ReadFile],
    jokers: &[FileKind],
    edition: Option<Edition>,
) -> SetFault {
    let SetFault::Incomplete { kind, mut missing } = fault else {
        return fault;
    };
    let edition = edition.unwrap_or(Edition::Fourth).max(Edition::Third);
    missing.retain(|missing| {
        // It is there under a wrong name, or the records are of an edition that lacks it.
        let misnamed = jokers.contains(missing);
        let in_edition = missing.layout().is_in(edition)
            || !files
                .iter()
                .any(|file| exists_in(file.facts.layout, edition));
        !misnamed && in_edition
    });
    SetFault::Incomplete { kind, missing }
}

fn exists_in(layout: Option<&'static Layout>, edition: Edition) -> bool {
    layout.is_some_and(|layout| layout.is_in(edition))
}

/// Which set files with these names are, taken as of one sending.
fn classify<'n>(
    names: impl Iterator<Item = &'n FileName>,
    (sender, receiver, sequence): Common,
) -> Result<SetKind, SetFault> {
    let names: Vec<_> = names
        .map(|name| {
            let month = match (name.kind().layout().month_in_name, name.month()) {
                (false, _) => String::new(),
                (true, Some(month)) => format!("_{month}"),
                (true, None) => "_000000".to_owned(),
            };
            let prefix = name.kind().prefix();
            format!("{prefix}{month}_{sender}_{receiver}_{sequence}.CSV")
        })
        .collect();
    match group(names).sets.as_slice() {
        [set] => set.kind().map_err(Clone::clone),
        _ => Err(SetFault::Empty),
    }
}

fn most_frequent(all: impl Iterator<Item = Common>) -> Option<Common> {
    let mut counts: Vec<(Common, usize)> = Vec::new();
    for one in all {
        match counts.iter_mut().find(|(known, _)| *known == one) {
            Some((_, count)) => *count += 1,
            None => counts.push((one, 1)),
        }
    }
    // The first of those that are equally frequent.
    let most = counts.iter().map(|(_, count)| *count).max()?;
    counts
        .into_iter()
        .find(|(_, count)| *count == most)
        .map(|(common, _)| common)
}

/// Divides files that lay in one folder into sendings: by offices and sequence, and where that
/// leaves incomplete sets that make a complete one together, those together: their names are what
/// is wrong, not their number.
pub(crate) fn divide(files: &[ReadFile]) -> Vec<Sending<'_>> {
    /// With more incomplete sets than this no two are tried together.
    const MOST_TRIED: usize = 64;
    let mut groups: Vec<(Common, Vec<&ReadFile>)> = Vec::new();
    let mut misnamed = Vec::new();
    for file in files {
        let Ok(name) = &file.facts.parsed else {
            misnamed.push(file);
            continue;
        };
        let common = common(name);
        match groups.iter_mut().find(|(known, _)| *known == common) {
            Some((_, group)) => group.push(file),
            None => groups.push((common, vec![file])),
        }
    }
    let is_incomplete = |group: &[&ReadFile]| {
        let sending = Sending::of(group.to_vec());
        matches!(sending.kind, Err(SetFault::Incomplete { missing, .. }) if !missing.is_empty())
    };
    let (mut incomplete, mut done): (Vec<_>, Vec<_>) = groups
        .into_iter()
        .partition(|(_, group)| is_incomplete(group));
    if incomplete.len() <= MOST_TRIED {
        let mut at = 0;
        while at < incomplete.len() {
            let partner = (at + 1..incomplete.len()).find(|&other| {
                let ((one, files), (two, more)) = (&incomplete[at], &incomplete[other]);
                let same_offices = (one.0, one.1) == (two.0, two.1);
                let same_time = one.2 == two.2;
                let both: Vec<_> = files.iter().chain(more).copied().collect();
                let names: Vec<_> = both.iter().filter_map(|f| f.facts.parsed.ok()).collect();
                (same_offices || same_time) && classify(names.iter(), *one).is_ok()
            });
            match partner {
                Some(other) => {
                    let (_, more) = incomplete.remove(other);
                    let (common, mut files) = incomplete.remove(at);
                    files.extend(more);
                    done.push((common, files));
                }
                None => at += 1,
            }
        }
    }
    done.extend(incomplete);
    let mut sendings: Vec<_> = done
        .into_iter()
        .map(|(_, mut group)| {
            // A misnamed file may belong to any of them.
            group.extend(misnamed.iter().copied());
            group.sort_by_key(|file| file.facts.index);
            group
        })
        .collect();
    sendings.sort_by_key(|group| group.first().map(|file| file.facts.index));
    sendings.into_iter().map(Sending::of).collect()
}
