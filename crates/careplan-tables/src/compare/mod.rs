//! Comparing plans with actuals (予定と実績の突合): per person, service and day, and over the month.
//!
//! The exchange carries both and compares nothing, so that a care manager finds by eye what was
//! not done as planned. [`Comparison`] takes the records of table 6 one by one, in any order, from
//! any number of files, and keeps only what it compares: its memory grows with the number of
//! distinct rows, without their texts. [`Report`] says what came of it.
//!
//! # What is compared with what
//! - A *service* is an office, its satellite (サテライト枝番) and a service code.
//! - Rows with the same key (rules.toml, `duplicate_key`, and the equipment's code) are one row,
//!   the last counts: the plan that went to two offices may be added twice. Rows that a later
//!   sending withdrew must not be added; [`import`](crate::import) says which those are.
//! - A person's plan holds the services of all offices. An office (with a service type) from which
//!   nothing came in the month is not compared: [`Received::Nothing`]. If it sent actuals, but none
//!   for this person, its services count as not done, marked [`Received::ForOthers`], because the
//!   person may still follow in another file.
//! - On a day, visits at the same times go together first, then what is left over goes together as
//!   visits at another time.
//! - A prorated row (日割) stands on its marked days, where both sides are prorated.
//! - A service without time (9999) that stands once in the month on both sides, as monthly services
//!   and percentage add-ons do, is one and the same wherever it stands:
//!   [`Outcome::OtherDay`] if the dates differ.
//! - Units are compared where both sides have them. Percentage add-ons (units 0 or empty) are
//!   counted, and left out of the difference in units.

mod day;
mod report;

pub use report::{Amount, Day, OfficeMonth, Outcome, PersonMonth, Received, Report, Service};
pub use report::{ServiceMonth, Totals, Visit};

use std::collections::{BTreeMap, BTreeSet};

use careplan_core::{OfficeNumber, ServiceType, TimeOfDay, YearMonth};
use chrono::NaiveDate;

use crate::import::Person;
use crate::table::{Table6Actual, Table6Plan};
use crate::value::{DayBits, EquipmentCode};

/// Collects plans and actuals; [`finish`](Self::finish) compares them.
///
/// ```
/// use careplan_tables::compare::{Comparison, Outcome};
/// use careplan_tables::{records, table};
///
/// # let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/");
/// # let read = |name: &str| std::fs::read(format!("{samples}{name}"));
/// let plan = read("month-set/UPPLAN_202610_1370948774_43_1375169671_11_20260921113320.CSV")?;
/// let actuals = read("actual-set/UPJSK_202610_1375169671_11_1370948774_43_20261102113320.CSV")?;
///
/// let mut comparison = Comparison::new();
/// for record in records::<table::Table6Plan>(&plan) {
///     comparison.add_plan(&record?);
/// }
/// for record in records::<table::Table6Actual>(&actuals) {
///     comparison.add_actual(&record?);
/// }
/// let report = comparison.finish();
///
/// // Two visits of each of the three persons did not take place.
/// assert_eq!(report.count(Outcome::NotDone), 6);
/// assert_eq!(report.differences().count(), 6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    people: BTreeMap<(YearMonth, Person), BTreeMap<Service, Sides>>,
    /// Offices and service types from which actuals came.
    received: BTreeSet<Source>,
}

/// Where actuals come from: month, office, service type as the first characters of the code.
type Source = (YearMonth, OfficeNumber, [u8; 2]);

/// The rows of a person's service in a month.
#[derive(Debug, Clone, Default)]
struct Sides {
    planned: BTreeMap<RowKey, Row>,
    actual: BTreeMap<RowKey, Row>,
}

/// What tells the rows of a service apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct RowKey {
    date: NaiveDate,
    starts_at: Option<TimeOfDay>,
    ends_at: Option<TimeOfDay>,
    detail_number: Option<u32>,
    equipment: Option<EquipmentCode>,
}

/// What is counted of a row.
#[derive(Debug, Clone, Copy)]
struct Row {
    count: u32,
    units: Option<u32>,
    prorated: Option<DayBits>,
}

/// The parts of a row of table 6: plans and actuals have the same columns.
macro_rules! parts {
    ($record:ident) => {
        (
            (
                $record.target_month,
                Person {
                    insurer_number: $record.insurer_number,
                    insured_number: $record.insured_number,
                },
            ),
            Service {
                office_number: $record.service_office_number,
                satellite_number: $record.satellite_number,
                service_code: $record.service_code,
            },
            RowKey {
                date: $record.service_date,
                starts_at: $record.starts_at,
                ends_at: $record.ends_at,
                detail_number: $record.detail_number,
                equipment: $record.tais_code.or($record.notification_code),
            },
            Row {
                count: $record.count,
                units: $record.units,
                prorated: $record.prorated_days,
            },
        )
    };
}

impl Comparison {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a planned row.
    pub fn add_plan(&mut self, record: &Table6Plan<'_>) {
        let (person, service, key, row) = parts!(record);
        self.sides(person, service).planned.insert(key, row);
    }

    /// Adds an actual row. From then on its office and service type count as received for the
    /// month.
    pub fn add_actual(&mut self, record: &Table6Actual<'_>) {
        let (person, service, key, row) = parts!(record);
        self.received.insert(source(person.0, &service));
        self.sides(person, service).actual.insert(key, row);
    }

    /// States that an office's actuals of a month and service type are there, though no row may
    /// have come: what it did not report is not done.
    pub fn received(&mut self, month: YearMonth, office: OfficeNumber, service_type: ServiceType) {
        self.received
            .insert((month, office, *service_type.as_bytes()));
    }

    /// Compares: everything is sorted by month, person, office, satellite, code and day.
    #[must_use]
    pub fn finish(self) -> Report {
        let mut people = Vec::with_capacity(self.people.len());
        let mut offices: BTreeMap<(YearMonth, OfficeNumber), OfficeMonth> = BTreeMap::new();
        for ((month, person), services) in self.people {
            let for_person: BTreeSet<Source> = services
                .iter()
                .filter(|(_, sides)| !sides.actual.is_empty())
                .map(|(service, _)| source(month, service))
                .collect();
            let services: Vec<ServiceMonth> = services
                .into_iter()
                .map(|(service, sides)| {
                    let source = source(month, &service);
                    let received = if for_person.contains(&source) {
                        Received::ForPerson
                    } else if self.received.contains(&source) {
                        Received::ForOthers
                    } else {
                        Received::Nothing
                    };
                    service_month(month, service, received, &sides)
                })
                .collect();
            let mut totals = Totals::default();
            for service in &services {
                totals.add(service);
                offices
                    .entry((month, service.service.office_number))
                    .or_insert_with(|| OfficeMonth::new(month, service.service.office_number))
                    .totals
                    .add(service);
            }
            people.push(PersonMonth {
                month,
                person,
                services,
                totals,
            });
        }
        Report {
            people,
            offices: offices.into_values().collect(),
        }
    }

    fn sides(&mut self, person: (YearMonth, Person), service: Service) -> &mut Sides {
        self.people
            .entry(person)
            .or_default()
            .entry(service)
            .or_default()
    }
}

/// Where the actuals of a service would come from.
fn source(month: YearMonth, service: &Service) -> Source {
    (
        month,
        service.office_number,
        service.service_code.type_characters(),
    )
}

/// A service over the month.
fn service_month(
    month: YearMonth,
    service: Service,
    received: Received,
    sides: &Sides,
) -> ServiceMonth {
    let amount = |rows: &BTreeMap<RowKey, Row>| {
        rows.values().fold(Amount::default(), |mut amount, row| {
            amount.add_row(row.count, row.units);
            amount
        })
    };
    let (planned, actual) = (amount(&sides.planned), amount(&sides.actual));
    ServiceMonth {
        service,
        received,
        planned,
        actual,
        units_difference: (received != Received::Nothing)
            .then(|| actual.units_above(&planned))
            .flatten(),
        days: match received {
            Received::Nothing => Vec::new(),
            Received::ForPerson | Received::ForOthers => day::days(month, sides),
        },
    }
}
