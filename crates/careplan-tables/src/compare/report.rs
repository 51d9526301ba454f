//! What a comparison found. Everything can be serialised; `Debug` shows no insured number.

use careplan_core::{Lang, OfficeNumber, ServiceCode, TimeOfDay, YearMonth};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::import::Person;
use crate::value::{Digits, EquipmentCode};

/// The whole comparison.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// Per month and person.
    pub people: Vec<PersonMonth>,
    /// Per month and office, over all persons.
    pub offices: Vec<OfficeMonth>,
}

impl Report {
    /// The days on which something was not as planned, of the services that were compared.
    pub fn differences(&self) -> impl Iterator<Item = (&PersonMonth, &ServiceMonth, &Day)> {
        self.days()
            .filter(|(.., day)| day.outcome != Outcome::AsPlanned)
    }

    /// The services for which nothing came from their office.
    pub fn not_received(&self) -> impl Iterator<Item = (&PersonMonth, &ServiceMonth)> {
        self.services()
            .filter(|(_, service)| service.received == Received::Nothing)
    }

    /// How many days of services have an outcome.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> usize {
        self.days()
            .filter(|(.., day)| day.outcome == outcome)
            .count()
    }

    fn services(&self) -> impl Iterator<Item = (&PersonMonth, &ServiceMonth)> {
        self.people
            .iter()
            .flat_map(|person| person.services.iter().map(move |service| (person, service)))
    }

    fn days(&self) -> impl Iterator<Item = (&PersonMonth, &ServiceMonth, &Day)> {
        self.services().flat_map(|(person, service)| {
            let days = service.days.iter();
            days.map(move |day| (person, service, day))
        })
    }
}

/// A person in a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PersonMonth {
    /// The target month (対象年月).
    pub month: YearMonth,
    /// Who.
    pub person: Person,
    /// The services that were planned or done.
    pub services: Vec<ServiceMonth>,
    /// Over all of them.
    pub totals: Totals,
}

/// An office in a month, over all persons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OfficeMonth {
    /// The target month (対象年月).
    pub month: YearMonth,
    /// The office (サービス事業者コード).
    pub office_number: OfficeNumber,
    /// Over all its services.
    pub totals: Totals,
}

impl OfficeMonth {
    pub(super) fn new(month: YearMonth, office_number: OfficeNumber) -> Self {
        Self {
            month,
            office_number,
            totals: Totals::default(),
        }
    }
}

/// A service of an office.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Service {
    /// The office (サービス事業者コード).
    pub office_number: OfficeNumber,
    /// Its satellite (サテライト枝番).
    pub satellite_number: Option<Digits>,
    /// The service code (サービスコード).
    pub service_code: ServiceCode,
}

/// A person's service in a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ServiceMonth {
    /// Which service.
    pub service: Service,
    /// What came from its office.
    pub received: Received,
    /// What was planned.
    pub planned: Amount,
    /// What was done.
    pub actual: Amount,
    /// Units done above those planned; `None` if nothing was received, or a row of either side has
    /// no units (percentage add-ons).
    pub units_difference: Option<i64>,
    /// The days, in order; empty if nothing was received.
    pub days: Vec<Day>,
}

/// What came from a service's office, for the month and the service type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Received {
    /// Actuals for this person.
    ForPerson,
    /// Actuals, but none for this person: nothing was done, or they are still to come.
    ForOthers,
    /// No actuals; the service is not compared.
    Nothing,
}

impl Received {
    /// The name for people.
    #[must_use]
    pub const fn name(self, lang: Lang) -> &'static str {
        let (ja, en) = match self {
            Self::ForPerson => ("実績あり", "actuals received"),
            Self::ForOthers => (
                "この利用者の実績なし",
                "actuals received, none for this person",
            ),
            Self::Nothing => ("実績未着", "no actuals received"),
        };
        match lang {
            Lang::Ja => ja,
            Lang::En => en,
        }
    }
}

/// A count and its units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Amount {
    /// How often (サービス回数).
    pub count: u64,
    /// Units per service times count, of the rows that have units.
    pub units: u64,
    /// How often without units (0 or empty), as percentage add-ons are in actuals.
    pub without_units: u64,
}

impl Amount {
    pub(super) fn add_row(&mut self, count: u32, units: Option<u32>) {
        let count = u64::from(count);
        self.count = self.count.saturating_add(count);
        match units {
            Some(units @ 1..) => {
                self.units = self
                    .units
                    .saturating_add(u64::from(units).saturating_mul(count));
            }
            Some(0) | None => self.without_units = self.without_units.saturating_add(count),
        }
    }

    fn add(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.units = self.units.saturating_add(other.units);
        self.without_units = self.without_units.saturating_add(other.without_units);
    }

    /// Units of this above those of the other; `None` if either lacks some.
    pub(super) fn units_above(&self, other: &Self) -> Option<i64> {
        if self.without_units > 0 || other.without_units > 0 {
            return None;
        }
        i64::try_from(i128::from(self.units) - i128::from(other.units)).ok()
    }
}

/// Sums over services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Totals {
    /// Planned, of the services that were compared.
    pub planned: Amount,
    /// Done.
    pub actual: Amount,
    /// Planned, of the services for which nothing was received.
    pub not_received: Amount,
    /// Units done above those planned, over the services of which both are known.
    pub units_difference: i64,
    /// How many services were compared without their units.
    pub without_units: u32,
}

impl Totals {
    pub(super) fn add(&mut self, service: &ServiceMonth) {
        if service.received == Received::Nothing {
            self.not_received.add(&service.planned);
            return;
        }
        self.planned.add(&service.planned);
        self.actual.add(&service.actual);
        match service.units_difference {
            Some(difference) => {
                self.units_difference = self.units_difference.saturating_add(difference);
            }
            None => self.without_units = self.without_units.saturating_add(1),
        }
    }
}

/// A service on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Day {
    /// The day (サービス利用日).
    pub date: NaiveDate,
    /// What came of it.
    pub outcome: Outcome,
    /// What was planned.
    pub planned: Vec<Visit>,
    /// What was done.
    pub actual: Vec<Visit>,
    /// How many of the visits that go together are at another time.
    pub at_other_times: u32,
    /// How many of the rented items that go together are another item.
    pub other_equipment: u32,
    /// Where the actual stands, of a service that stands once in the month on both sides and not on
    /// the same days.
    pub other_day: Option<NaiveDate>,
}

/// A row of table 6 on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Visit {
    /// Begin (サービス開始時刻); `None` if the service has no time (9999).
    pub starts_at: Option<TimeOfDay>,
    /// End (サービス終了時刻).
    pub ends_at: Option<TimeOfDay>,
    /// How often (サービス回数); 1 on a prorated day.
    pub count: u32,
    /// Detail number (明細判別コード).
    pub detail_number: Option<u32>,
    /// TAIS or notification code (TAISコード, 福祉用具届出コード).
    pub equipment: Option<EquipmentCode>,
}

/// What came of a service on a day. Counts go before times: a day on which one of two visits was
/// done, and at another time, is [`Fewer`](Self::Fewer), and [`Day::at_other_times`] says 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// As planned.
    AsPlanned,
    /// Done more often than planned.
    More,
    /// Done, but not as often as planned.
    Fewer,
    /// As often as planned, at another time.
    OtherTime,
    /// A service that stands once in the month on both sides, on different days.
    OtherDay,
    /// As planned, with another item of equipment (TAIS or notification code).
    OtherEquipment,
    /// Done and not planned on this day.
    Unplanned,
    /// Planned and not done on this day.
    NotDone,
}

impl Outcome {
    /// All outcomes.
    pub const ALL: [Self; 8] = [
        Self::AsPlanned,
        Self::More,
        Self::Fewer,
        Self::OtherTime,
        Self::OtherDay,
        Self::OtherEquipment,
        Self::Unplanned,
        Self::NotDone,
    ];

    /// The name for people.
    #[must_use]
    pub const fn name(self, lang: Lang) -> &'static str {
        let (ja, en) = match self {
            Self::AsPlanned => ("予定どおり", "as planned"),
            Self::More => ("回数増", "more"),
            Self::Fewer => ("回数減", "fewer"),
            Self::OtherTime => ("時間変更", "other time"),
            Self::OtherDay => ("日付変更", "other day"),
            Self::OtherEquipment => ("用具変更", "other equipment"),
            Self::Unplanned => ("予定外", "unplanned"),
            Self::NotDone => ("未実施", "not done"),
        };
        match lang {
            Lang::Ja => ja,
            Lang::En => en,
        }
    }
}
