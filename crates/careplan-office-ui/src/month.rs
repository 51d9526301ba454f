//! A month as the office knows it: what was sent and received, in the order of import, put
//! together per person.

use std::collections::BTreeMap;
use std::io;

use careplan_client::{Client, Error, MonthSets, SetFile};
use careplan_core::{Explain, Lang, OfficeNumber, ServiceCode, TimeOfDay, YearMonth};
use careplan_tables::compare::{Comparison, Report};
use careplan_tables::import::{Contents, Import, Key, MemoryStore, Person, order};
use careplan_tables::table::{Supplement, Table6Actual, Table6Plan, Table7};
use careplan_tables::value::{DayBits, Digits, EquipmentCode};
use careplan_tables::{FileSet, group};

use crate::said::Said;

/// A row of the form from a record of table 6: plans and actuals have the same columns.
macro_rules! row_of {
    ($record:ident) => {
        Found {
            service: Service {
                timeless: $record.starts_at.is_none(),
                starts_at: $record.starts_at,
                ends_at: $record.ends_at,
                code: $record.service_code,
                office: $record.service_office_number,
                satellite: $record.satellite_number,
                detail: $record.detail_number,
                equipment: $record.tais_code.or($record.notification_code),
            },
            office_name: $record.service_office_name.decode().into_owned(),
            equipment_name: $record.equipment_name.decode().into_owned(),
            day: chrono::Datelike::day0(&$record.service_date) as usize,
            count: $record.count,
            prorated: $record.prorated_days,
        }
    };
}

/// All that is known of a month.
pub(crate) struct Month {
    pub(crate) month: YearMonth,
    store: MemoryStore,
    /// Sets that do not keep to the standard: their files can be looked at one by one only.
    pub(crate) left_out: Vec<(Source, Said)>,
    /// Sets whose files are not in the home any more.
    pub(crate) gone: usize,
}

/// Which set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Sent(careplan_protocol::IdempotencyKey),
    Received(careplan_protocol::SendingId),
}

impl Month {
    /// Reads the sets of a month.
    pub(crate) fn read(client: &Client, month: YearMonth) -> Result<Self, Error> {
        let mut found: Vec<(FileSet, Source)> = Vec::new();
        let mut gone = 0;
        let mut add = |source, files: &[SetFile], kept: bool| {
            let names = files.iter().map(|file| file.name.as_str());
            match group(names).sets.into_iter().next() {
                Some(set) if kept => found.push((set, source)),
                _ => gone += 1,
            }
        };
        let MonthSets { sent, received } = client.sets_of(month)?;
        for set in sent {
            add(Source::Sent(set.id), &set.files, set.files_kept);
        }
        for set in received {
            add(Source::Received(set.id), &set.files, set.files_kept);
        }
        let mut sets: Vec<FileSet> = found.iter().map(|(set, _)| set.clone()).collect();
        order(&mut sets);
        let mut read = Self {
            month,
            store: MemoryStore::default(),
            left_out: Vec::new(),
            gone,
        };
        for set in sets {
            let Some((_, source)) = found.iter().find(|(other, _)| *other == set) else {
                continue;
            };
            let import = Import::read(&set, |file| {
                let mut bytes = Vec::new();
                let copied = match source {
                    Source::Sent(id) => client.read_sent(*id, &file.file, &mut bytes),
                    Source::Received(id) => client.read_received(*id, &file.file, &mut bytes),
                };
                copied.map(|()| bytes).map_err(io::Error::other)
            });
            match import {
                Ok(import) => _ = read.store.apply(&import),
                Err(error) => read.left_out.push((
                    *source,
                    Said::new(error.explain(Lang::Ja), error.explain(Lang::En)),
                )),
            }
        }
        Ok(read)
    }

    /// The persons of whom there is a plan or there are actuals, with their names where a
    /// supplement says them.
    pub(crate) fn persons(&self) -> BTreeMap<Person, PersonSeen> {
        let mut persons: BTreeMap<Person, PersonSeen> = BTreeMap::new();
        for (key, contents) in self.store.iter() {
            let seen = match key {
                Key::MonthlyPlan { person, .. } => {
                    let seen = persons.entry(*person).or_default();
                    seen.planned = true;
                    seen
                }
                Key::Actuals { person, .. } => {
                    let seen = persons.entry(*person).or_default();
                    seen.actual = true;
                    seen
                }
                _ => continue,
            };
            if let Some(supplement) = contents.records::<Supplement<'_>>().last() {
                seen.name = supplement.name.decode().into_owned();
                seen.kana = supplement.name_kana.decode().into_owned();
            }
        }
        persons
    }

    /// A person's services by day.
    pub(crate) fn grid(&self, person: Person) -> Grid {
        let mut grid = Grid::default();
        for (key, contents) in self.store.iter() {
            if key.person() != person {
                continue;
            }
            for record in contents.records::<Table6Plan<'_>>() {
                if let Some(supplement) = contents.records::<Supplement<'_>>().last() {
                    grid.care_level = supplement.care_level.and_then(|level| level.meaning());
                    grid.limit_units = supplement.benefit_limit_units;
                }
                if !record.planner_name.is_empty() {
                    grid.planner = record.planner_name.decode().into_owned();
                }
                grid.support_office = record.support_office_number.or(grid.support_office);
                grid.created_on = grid.created_on.max(Some(record.created_on));
                grid.add(row_of!(record), Side::Planned);
            }
            for record in contents.records::<Table6Actual<'_>>() {
                grid.add(row_of!(record), Side::Actual);
            }
        }
        grid
    }

    /// A person's table 7, in the order of the file.
    pub(crate) fn costs(&self, person: Person) -> Vec<Table7<'_>> {
        let key = Key::MonthlyPlan {
            person,
            month: self.month,
        };
        let contents = self.store.get(&key);
        contents
            .into_iter()
            .flat_map(Contents::records::<Table7<'_>>)
            .collect()
    }

    /// Plans held against actuals; of one person, or of all.
    pub(crate) fn compare(&self, person: Option<Person>) -> Report {
        let mut comparison = Comparison::new();
        for (key, contents) in self.store.iter() {
            if person.is_none_or(|person| key.person() == person) {
                for record in contents.records::<Table6Plan<'_>>() {
                    comparison.add_plan(&record);
                }
                for record in contents.records::<Table6Actual<'_>>() {
                    comparison.add_actual(&record);
                }
            } else if let Key::Actuals {
                month,
                office,
                service_type,
                ..
            } = key
            {
                // The office sent its actuals, though none for this person.
                comparison.received(*month, *office, *service_type);
            }
        }
        comparison.finish()
    }
}

/// What is known of a person in a month.
#[derive(Debug, Clone, Default)]
pub(crate) struct PersonSeen {
    pub(crate) name: String,
    pub(crate) kana: String,
    pub(crate) planned: bool,
    pub(crate) actual: bool,
}

/// A person's services by day (サービス利用票).
#[derive(Default)]
pub(crate) struct Grid {
    pub(crate) rows: Vec<GridRow>,
    pub(crate) care_level: Option<&'static str>,
    pub(crate) limit_units: Option<u32>,
    pub(crate) planner: String,
    pub(crate) support_office: Option<OfficeNumber>,
    pub(crate) created_on: Option<chrono::NaiveDate>,
}

/// A line of the form, with its planned and its actual row.
pub(crate) struct GridRow {
    pub(crate) service: Service,
    pub(crate) office_name: String,
    pub(crate) equipment_name: String,
    pub(crate) planned: Row,
    pub(crate) actual: Row,
    /// Whether the office sent its actuals.
    pub(crate) compared: bool,
}

/// What makes a line of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Service {
    /// Services without time come last, as on the form.
    pub(crate) timeless: bool,
    pub(crate) starts_at: Option<TimeOfDay>,
    pub(crate) ends_at: Option<TimeOfDay>,
    pub(crate) code: ServiceCode,
    pub(crate) office: OfficeNumber,
    pub(crate) satellite: Option<Digits>,
    pub(crate) detail: Option<u32>,
    pub(crate) equipment: Option<EquipmentCode>,
}

/// Counts by day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Row {
    pub(crate) days: [u32; 31],
    /// Days on which the service holds without being counted (日割).
    pub(crate) prorated: DayBits,
    pub(crate) sum: u32,
}

impl Row {
    /// What stands on a day, from 1.
    pub(crate) fn on(&self, day: u8) -> (u32, bool) {
        let at = usize::from(day).wrapping_sub(1);
        let count = self.days.get(at).copied().unwrap_or(0);
        (count, self.prorated.contains(day))
    }
}

enum Side {
    Planned,
    Actual,
}

struct Found {
    service: Service,
    office_name: String,
    equipment_name: String,
    day: usize,
    count: u32,
    prorated: Option<DayBits>,
}

impl Grid {
    fn add(&mut self, found: Found, side: Side) {
        let place = self
            .rows
            .binary_search_by(|row| row.service.cmp(&found.service));
        let place = place.unwrap_or_else(|place| {
            self.rows.insert(
                place,
                GridRow {
                    service: found.service,
                    office_name: found.office_name,
                    equipment_name: found.equipment_name,
                    planned: Row::default(),
                    actual: Row::default(),
                    compared: false,
                },
            );
            place
        });
        let Some(row) = self.rows.get_mut(place) else {
            return;
        };
        let row = match side {
            Side::Planned => &mut row.planned,
            Side::Actual => &mut row.actual,
        };
        row.sum = row.sum.saturating_add(found.count);
        match found.prorated {
            Some(days) => row.prorated = DayBits::of(row.prorated.days().chain(days.days())),
            None => {
                if let Some(day) = row.days.get_mut(found.day) {
                    *day = day.saturating_add(found.count);
                }
            }
        }
    }

    /// Marks the lines of a service as held against actuals that came.
    pub(crate) fn compare(&mut self, service: &careplan_tables::compare::Service) {
        for row in &mut self.rows {
            let line = &row.service;
            row.compared |= (line.office, line.satellite, line.code)
                == (
                    service.office_number,
                    service.satellite_number,
                    service.service_code,
                );
        }
    }
}
