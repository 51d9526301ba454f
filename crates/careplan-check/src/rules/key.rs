//! Rules about keys and their order: what importers identify records by.

use std::hash::{Hash, Hasher};

use careplan_core::{OfficeNumber, ServiceCode, TimeOfDay, YearMonth};
use careplan_tables::Severity;
use careplan_tables::value::{Digits, EquipmentCode};
use chrono::NaiveDate;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use super::clause;
use crate::facts::FileFacts;
use crate::found::{Found, Place};
use crate::persons::{PerPerson, Person};
use crate::record::{Cell, NeedRow, Record, Row};
use crate::rule::{Check, Rule, Scope, Watch};
use crate::text::{Message, Words, message};

/// `duplicate_key`
pub(crate) static DUPLICATE_KEY: Rule = Rule {
    code: "duplicate_key",
    severity: Severity::Error,
    scope: Scope::Table,
    meaning: Words::new(
        "キー項目が同じレコードがあります。第1表（保険者・被保険者・計画作成日）、第2表（それに課題・援助目標・援助内容の番号）、第6表（保険者・被保険者・利用日・開始終了時刻・サービスコード・事業所・サテライト・明細判別コード）、第7表（保険者・被保険者・事業所・サテライト・サービスコード・単位数・TAISコード・届出コード）、利用者補足情報（保険者・被保険者・計画作成日・対象年月）。",
        "Two records with the same key: table 1 (insurer, insured, plan date); table 2 (those, need, goal and support numbers); table 6 (insurer, insured, service date, times, service code, service office, satellite, detail number); table 7 (insurer, insured, office, satellite, service code, units, TAIS code, notification code); supplement (insurer, insured, plan date, month).",
    ),
    clause: clause::KEYS,
    advice: Words::new(
        "重複した行の一方を除くか、番号や時刻を直して出力し直してください。",
        "Remove one of the two records, or correct what should tell them apart, and export again.",
    ),
    check: Check::Records(|file| {
        keys(file)?;
        Some(Box::new(Duplicates))
    }),
};

struct Duplicates;

impl Watch for Duplicates {
    fn record(&mut self, record: &Record<'_>, found: &mut Found<'_>) {
        let Some(line) = record.twin else { return };
        found.report(&DUPLICATE_KEY, Place::record(record), || {
            let what = describe(record);
            Message {
                ja: format!(
                    "{line}行目のレコードとキー項目がすべて同じです（{}）。",
                    what.ja
                ),
                en: format!(
                    "The record has the same key as the one on line {line} ({}).",
                    what.en
                ),
            }
            .into()
        });
    }
}

/// The keys of a file's records. The reader keeps them, because a record that is there twice is
/// counted once by the rules that add up.
pub(crate) trait Keys {
    /// The line of the record with the same key, if there was one; otherwise remembers this one.
    fn twin(&mut self, record: &Record<'_>) -> Option<u64>;
}

/// The keys of a file; `None` if its records have none.
pub(crate) fn keys(file: &FileFacts) -> Option<Box<dyn Keys>> {
    Some(match file.prefix() {
        "UP1KYO" => Seen::boxed(plan_key),
        "UP2KYO" => Seen::boxed(need_key),
        "UPPLAN" | "UPJSK" => Seen::boxed(service_key),
        "UPSIKYU" => Seen::boxed(cost_key),
        "UPHOSOKU" => Seen::boxed(supplement_key),
        _ => return None,
    })
}

/// The keys seen so far, with the line of each. By person, because records of a person mostly
/// follow one another: a small map stays in the processor's cache, a large one does not, and when
/// that grows it is there twice.
struct Seen<K> {
    key: fn(&mut Offices, &Record<'_>) -> Option<K>,
    offices: Offices,
    /// Lines fit: a file of more than 4 billion lines has no two alike worth telling.
    persons: PerPerson<HashMap<K, u32>>,
}

impl<K: Eq + Hash + 'static> Seen<K> {
    fn boxed(key: fn(&mut Offices, &Record<'_>) -> Option<K>) -> Box<dyn Keys> {
        Box::new(Self {
            key,
            offices: Offices::default(),
            persons: PerPerson::default(),
        })
    }
}

impl<K: Eq + Hash> Keys for Seen<K> {
    fn twin(&mut self, record: &Record<'_>) -> Option<u64> {
        /// Keys that a person has room for at once: a map of 8 places.
        const FEW: usize = 7;
        let person = record.person?;
        let key = (self.key)(&mut self.offices, record)?;
        match self
            .persons
            .of(person, || HashMap::with_capacity(FEW))?
            .entry(key)
        {
            Entry::Vacant(entry) => {
                entry.insert(u32::try_from(record.line).unwrap_or(u32::MAX));
                None
            }
            Entry::Occupied(entry) => Some(u64::from(*entry.get())),
        }
    }
}

/// The part of a key that is not personal, for people.
fn describe(record: &Record<'_>) -> Message {
    fn text<T: ToString + Copy>(cell: Cell<T>) -> String {
        cell.value()
            .map_or_else(|| "-".to_owned(), |value| value.to_string())
    }
    fn day(cell: Cell<NaiveDate>) -> String {
        cell.value()
            .map_or_else(|| "-".to_owned(), |date| date.format("%Y%m%d").to_string())
    }
    fn time(cell: Cell<Option<TimeOfDay>>) -> String {
        match cell {
            Cell::Value(Some(time)) => time.to_string(),
            _ => "9999".to_owned(),
        }
    }
    match &record.row {
        Some(Row::PlanRow(row)) => message!(
            ja: "計画作成日{date}", en: "plan date {date}", date = day(row.plan_date)
        ),
        Some(Row::NeedRow(row)) => message!(
            ja: "課題{need}・援助目標{goal}・援助内容{support}",
            en: "need {need}, goal {goal}, support {support}",
            need = text(row.need), goal = text(row.goal), support = text(row.support)
        ),
        Some(Row::ServiceRow(row)) => message!(
            ja: "利用日{date} {from}～{to}、サービスコード{code}、事業所{office}",
            en: "{date} {from} to {to}, service code {code}, office {office}",
            date = day(row.date), from = time(row.starts), to = time(row.ends),
            code = text(row.code), office = text(row.office)
        ),
        Some(Row::CostRow(row)) => message!(
            ja: "事業所{office}、サービスコード{code}、単位数{units}",
            en: "office {office}, service code {code}, {units} units",
            office = text(row.office), code = text(row.code), units = text(row.units)
        ),
        _ => message!(ja: "同じ利用者", en: "the same person"),
    }
}

/// Offices with their satellites as small numbers.
#[derive(Default)]
struct Offices {
    numbers: HashMap<(OfficeNumber, Option<Digits>), u32>,
    last: Option<((OfficeNumber, Option<Digits>), u32)>,
}

impl Offices {
    fn number(&mut self, office: OfficeNumber, satellite: Option<Digits>) -> u32 {
        let key = (office, satellite);
        if let Some((last, number)) = self.last
            && last == key
        {
            return number;
        }
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(key).or_insert(next);
        self.last = Some((key, number));
        number
    }
}

fn plan_key(_: &mut Offices, record: &Record<'_>) -> Option<NaiveDate> {
    match record.row.as_ref()? {
        Row::PlanRow(row) => row.plan_date.value(),
        _ => None,
    }
}

type NeedKey = (NaiveDate, [Option<u32>; 3]);

fn need_key(_: &mut Offices, record: &Record<'_>) -> Option<NeedKey> {
    match record.row.as_ref()? {
        Row::NeedRow(row) => Some((
            row.plan_date.value()?,
            [row.need.key()?, row.goal.key()?, row.support.key()?],
        )),
        _ => None,
    }
}

/// Table 6 may have millions of records, so its keys are packed.
#[derive(PartialEq, Eq)]
struct ServiceKey {
    date: NaiveDate,
    office: u32,
    /// Minutes; 9999 where there is none.
    starts: u16,
    ends: u16,
    code: ServiceCode,
    detail: u16,
}

impl Hash for ServiceKey {
    /// In four pieces rather than eight.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut code = [0; 8];
        let (service, detail) = code.split_at_mut(ServiceCode::LEN);
        service.copy_from_slice(self.code.as_bytes());
        detail.copy_from_slice(&self.detail.to_ne_bytes());
        self.date.hash(state);
        state.write_u32(self.office);
        state.write_u64(u64::from_ne_bytes(code));
        state.write_u32(u32::from(self.starts) << 16 | u32::from(self.ends));
    }
}

fn service_key(offices: &mut Offices, record: &Record<'_>) -> Option<ServiceKey> {
    let Row::ServiceRow(row) = record.row.as_ref()? else {
        return None;
    };
    let minutes = |time: Option<TimeOfDay>| time.map_or(9999, TimeOfDay::minutes);
    Some(ServiceKey {
        date: row.date.value()?,
        office: offices.number(row.office.value()?, row.satellite.key()?),
        starts: minutes(row.starts.value()?),
        ends: minutes(row.ends.value()?),
        code: row.code.value()?,
        detail: match row.detail.key()? {
            None => u16::MAX,
            Some(number) => u16::try_from(number).ok()?,
        },
    })
}

#[derive(PartialEq, Eq, Hash)]
struct CostKey {
    office: u32,
    code: ServiceCode,
    units: u32,
    tais: Option<EquipmentCode>,
    notification: Option<EquipmentCode>,
}

fn cost_key(offices: &mut Offices, record: &Record<'_>) -> Option<CostKey> {
    let Row::CostRow(row) = record.row.as_ref()? else {
        return None;
    };
    Some(CostKey {
        office: offices.number(row.office.value()?, row.satellite.key()?),
        code: row.code.value()?,
        units: row.units.value()?,
        tais: row.tais.key()?,
        notification: row.notification.key()?,
    })
}

type SupplementKey = (Option<NaiveDate>, Option<YearMonth>);

fn supplement_key(_: &mut Offices, record: &Record<'_>) -> Option<SupplementKey> {
    match record.row.as_ref()? {
        Row::SupplementRow(row) => Some((row.plan_date.value()?, row.month.value()?)),
        _ => None,
    }
}

/// `order`
pub(crate) static ORDER: Rule = Rule {
    code: "order",
    severity: Severity::Warning,
    scope: Scope::Table,
    meaning: Words::new(
        "第2表で、1人の利用者のレコードが課題・援助目標・援助内容の番号の順に並んでいません。",
        "Table 2: a person's records are not in the order of need, goal and support numbers.",
    ),
    clause: clause::TABLE_2,
    advice: Words::new(
        "番号の順に並べて出力し直してください。受信側では番号の順に表示されるので、印刷した計画書と並びが変わります。",
        "Export in the order of the numbers: receivers show the plan in that order, so it would differ from the printed one.",
    ),
    check: Check::Records(|file| {
        file.column("need_number")?;
        Some(Box::new(InOrder::default()))
    }),
};

#[derive(Default)]
struct InOrder {
    /// The numbers of the last record of a person's plan.
    last: HashMap<(Person, NaiveDate), [u32; 3]>,
}

impl Watch for InOrder {
    fn record(&mut self, record: &Record<'_>, found: &mut Found<'_>) {
        let Some(Row::NeedRow(row)) = &record.row else {
            return;
        };
        let numbers =
            |row: &NeedRow| Some([row.need.value()?, row.goal.value()?, row.support.value()?]);
        let (Some(person), Cell::Value(date), Some(now)) =
            (record.person, row.plan_date, numbers(row))
        else {
            return;
        };
        let Some(before) = self.last.insert((person, date), now) else {
            return;
        };
        if now < before {
            let shown = |numbers: [u32; 3]| numbers.map(|number| number.to_string()).join("-");
            found.report(&ORDER, Place::in_record(record, "need_number"), || {
                message!(
                    ja: "番号{now}（課題-援助目標-援助内容）の行が、{before}の行のあとにあります。",
                    en: "The record numbered {now} (need-goal-support) stands behind {before}.",
                    now = shown(now), before = shown(before)
                )
                .into()
            });
        }
    }
}
