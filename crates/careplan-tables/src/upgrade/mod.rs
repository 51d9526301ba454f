//! Upgrading a sending from edition 3 (CSV version 202208) to 4.1 (202407), and the reasons where
//! it cannot be done.
//!
//! What 4.1 asks for and edition 3 does not say:
//!
//! - **Service types in the names.** The service office's are those of its rows in table 6, or of
//!   the deletion of actuals. The care manager's side is 46 (介護予防支援) for persons with
//!   preventive services only, and 43 (居宅介護支援) for others; in tables 1 to 3 the care level
//!   decides. Whatever the records say, [`sender_type`](Upgrade::sender_type) and
//!   [`receiver_type`](Upgrade::receiver_type) go before. Deletions of plans say nothing, and
//!   tables 1 and 2 nothing about the receiver (the service in table 2 is free text): there the
//!   caller has to say it.
//! - **One file per pair of offices and service type.** An office with several types gets several
//!   sets: of plans, each with the persons who have a service of that type there, and all their
//!   rows; of actuals, each with the rows of that type.
//! - **A TAIS or notification code** for every equipment rental (17, 67) of tables 6 and 7: asked
//!   of the caller by [`equipment`](Upgrade::equipment). A row of table 7 that stands for several
//!   items with different codes has to be split by the caller.
//! - **Table 3** with tables 1 and 2: given by [`table_3`](Upgrade::table_3), or else named in
//!   [`UpgradedSet::to_add`].
//!
//! The other new columns stay empty; table 7's count got wider, which every old one fits. 4.1
//! applies from April 2025: an earlier month is told in [`Upgraded::not_in_force`], not refused.
//! Preventive files, which edition 3 has not, are refused.

mod reason;
mod route;

pub use reason::{Reason, Side, UpgradeError};

use std::collections::BTreeSet;

use careplan_core::{Edition, OfficeNumber, ServiceCode, ServiceType, SetKind, YearMonth};
use chrono::NaiveDate;

use crate::import::Person;
use crate::name::{FileName, Party};
use crate::raw::RawSlice;
use crate::read::records;
use crate::set::{FileSet, group};
use crate::table::{
    FileKind, Supplement, Table, Table1, Table1Deletion, Table2, Table3, Table6Actual,
    Table6ActualDeletion, Table6Plan, Table6PlanDeletion, Table7,
};
use crate::value::{EquipmentCode, Text};
use crate::write::Writer;
use route::{Evidence, Route, Routing};

/// The person of a record.
macro_rules! person {
    ($record:ident) => {
        Person {
            insurer_number: $record.insurer_number,
            insured_number: $record.insured_number,
        }
    };
}

/// What 4.1 wants to know about a rented item (福祉用具).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Equipment {
    /// Which it is.
    pub code: ItemCode,
    /// Name of the product (用具名称（機種名）); may be empty.
    pub name: Text<'static>,
}

/// The code of a rented item: the standard asks for one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ItemCode {
    /// TAIS code (TAISコード).
    Tais(EquipmentCode),
    /// Notification code (福祉用具届出コード).
    Notification(EquipmentCode),
}

/// A row of table 6 or 7 that rents out an item: what there is to look it up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Rental {
    /// Which file: table 7 asks for the same items again.
    pub file: FileKind,
    /// Who rents it.
    pub person: Person,
    /// 対象年月
    pub month: YearMonth,
    /// The office that rents it out.
    pub office: OfficeNumber,
    /// サービスコード
    pub service_code: ServiceCode,
    /// 単位数: tells items of one code apart where they cost differently.
    pub units: Option<u32>,
    /// 明細判別コード: tells items of one code and units apart in table 6; table 7 has none.
    pub detail_number: Option<u32>,
    /// サービス利用日; table 7 has none.
    pub service_date: Option<NaiveDate>,
}

type FindEquipment<'c> = dyn Fn(&Rental) -> Option<Equipment> + 'c;

/// An upgrade, with what the caller knows.
///
/// ```
/// use careplan_tables::Text;
/// use careplan_tables::upgrade::{Equipment, ItemCode, Upgrade};
///
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/edition3-month-set");
/// let mut files = Vec::new();
/// for entry in std::fs::read_dir(folder)? {
///     let path = entry?.path();
///     let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
///     files.push((name, std::fs::read(path)?));
/// }
/// let handrail = "00170-000456".parse()?;
/// let upgraded = Upgrade::new()
///     .equipment(|_rental| {
///         Some(Equipment { code: ItemCode::Tais(handrail), name: Text::EMPTY })
///     })
///     .set(&files)?;
/// // The receiver's service type came from its rows in table 6.
/// let names: Vec<String> = upgraded.sets[0].files.iter().map(|(name, _)| name.to_string()).collect();
/// assert_eq!(names[1], "UPPLAN_202403_1373960229_43_1378034246_11_20240224115635.CSV");
/// // 4.1 applies from April 2025: the checker will warn.
/// assert_eq!(upgraded.not_in_force, Some("202403".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Upgrade<'c> {
    sender_type: Option<ServiceType>,
    receiver_type: Option<ServiceType>,
    equipment: Option<Box<FindEquipment<'c>>>,
    table_3: Vec<Table3<'c>>,
}

impl std::fmt::Debug for Upgrade<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upgrade")
            .field("sender_type", &self.sender_type)
            .field("receiver_type", &self.receiver_type)
            .finish_non_exhaustive()
    }
}

/// An upgraded sending: one set for each pair of service types.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Upgraded {
    /// The sets, sorted by the service types of sender and receiver.
    pub sets: Vec<UpgradedSet>,
    /// The target month, if 4.1 does not apply to it yet: a receiver may refuse it.
    pub not_in_force: Option<YearMonth>,
}

/// A set of 4.1.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UpgradedSet {
    /// Who sends it, with the service type.
    pub sender: Party,
    /// Who receives it, with the service type.
    pub receiver: Party,
    /// Names and bytes of the CSV files, in the standard's order. Documents go along as they are.
    pub files: Vec<(FileName, Vec<u8>)>,
    /// What has to be added under these names before the set may travel: table 3, unless given.
    pub to_add: Vec<FileName>,
}

impl<'c> Upgrade<'c> {
    /// An upgrade that takes everything from the records.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The sender's service type, whatever the records say.
    #[must_use]
    pub fn sender_type(mut self, service_type: ServiceType) -> Self {
        self.sender_type = Some(service_type);
        self
    }

    /// The receiver's service type, whatever the records say.
    #[must_use]
    pub fn receiver_type(mut self, service_type: ServiceType) -> Self {
        self.receiver_type = Some(service_type);
        self
    }

    /// Where the codes of rented items come from; `None` where the item is not known.
    #[must_use]
    pub fn equipment(mut self, find: impl Fn(&Rental) -> Option<Equipment> + 'c) -> Self {
        self.equipment = Some(Box::new(find));
        self
    }

    /// The weekly plans (table 3) that go with tables 1 and 2.
    #[must_use]
    pub fn table_3(mut self, records: impl IntoIterator<Item = Table3<'c>>) -> Self {
        self.table_3 = records.into_iter().collect();
        self
    }

    /// Upgrades one sending: names and bytes of its CSV files. Documents among them are passed
    /// over.
    ///
    /// # Errors
    /// All reasons why it cannot be done, as far as they can be found at once.
    pub fn set<N: AsRef<str>, B: AsRef<[u8]>>(
        &self,
        files: &[(N, B)],
    ) -> Result<Upgraded, UpgradeError> {
        let (set, kind) = the_set(files.iter().map(|(name, _)| name.as_ref()))?;
        let mut reasons = Vec::new();
        let mut converted = Vec::new();
        for file in set.files() {
            // The names of the set are those that were given.
            let bytes = files.iter().find(|(name, _)| name.as_ref() == file.file);
            let bytes = bytes.map_or(&[][..], |(_, bytes)| bytes.as_ref());
            match self.convert(file.name.kind(), bytes, Some(&file.file)) {
                Ok(file) => converted.push(file),
                Err(found) => reasons.extend(found),
            }
        }
        if kind == SetKind::CarePlan && !self.table_3.is_empty() {
            match self.weekly_plans() {
                Ok(file) => converted.push(file),
                Err(reason) => reasons.push(reason),
            }
        }
        UpgradeError::unless_empty(reasons)?;
        let receiver = set.receiver().office;
        let routing = Routing::find(
            kind,
            receiver,
            &converted,
            self.sender_type,
            self.receiver_type,
        )
        .map_err(UpgradeError::new)?;
        let mut sets = Vec::new();
        for route in routing.routes() {
            sets.push(assemble(&set, kind, &converted, &routing, route)?);
        }
        let month = set.files().iter().find_map(|file| file.name.month());
        Ok(Upgraded {
            sets,
            not_in_force: month.filter(|month| *month < Edition::Fourth.applies_from()),
        })
    }

    /// Upgrades the records of one file; its name is the caller's to make.
    ///
    /// # Errors
    /// If it does not keep to edition 3, or items of equipment are not known.
    pub fn file(&self, kind: FileKind, bytes: &[u8]) -> Result<Vec<u8>, UpgradeError> {
        self.convert(kind, bytes, None)
            .map(|converted| converted.bytes)
            .map_err(UpgradeError::new)
    }

    fn convert(
        &self,
        kind: FileKind,
        bytes: &[u8],
        name: Option<&str>,
    ) -> Result<Converted, Vec<Reason>> {
        match kind {
            FileKind::Supplement => self.records::<Supplement<'_>>(bytes, name),
            FileKind::Table1 => self.records::<Table1<'_>>(bytes, name),
            FileKind::Table1Deletion => self.records::<Table1Deletion>(bytes, name),
            FileKind::Table2 => self.records::<Table2<'_>>(bytes, name),
            FileKind::Table6Plan => self.records::<Table6Plan<'_>>(bytes, name),
            FileKind::Table6Actual => self.records::<Table6Actual<'_>>(bytes, name),
            FileKind::Table6PlanDeletion => self.records::<Table6PlanDeletion>(bytes, name),
            FileKind::Table6ActualDeletion => self.records::<Table6ActualDeletion>(bytes, name),
            FileKind::Table7 => self.records::<Table7<'_>>(bytes, name),
            FileKind::Table3
            | FileKind::BasicInformation
            | FileKind::BasicInformationDeletion
            | FileKind::DailySchedule
            | FileKind::MedicalHistory
            | FileKind::SupportPlan
            | FileKind::SupportPlanDeletion
            | FileKind::SupportPlanDetail => Err(vec![Reason::NotEdition3 { file: kind }]),
        }
    }

    /// Reads the records of edition 3, completes them and writes them as 4.1 has them.
    fn records<T: Upgradable>(
        &self,
        bytes: &[u8],
        name: Option<&str>,
    ) -> Result<Converted, Vec<Reason>> {
        let read = records::<T>(bytes).named(name.unwrap_or(T::KIND.prefix()));
        let mut writer = Writer::<T, _>::new(Vec::new());
        let mut evidence = Vec::new();
        let mut unknown_items = Vec::new();
        for (number, record) in (1..).zip(read) {
            let mut record = record.map_err(|error| vec![Reason::Read(error)])?;
            if T::edition(&record) != Edition::Third {
                return Err(vec![Reason::NotEdition3 { file: T::KIND }]);
            }
            evidence.push(T::evidence(&record));
            T::set_edition(&mut record, Edition::Fourth);
            if let Some(rental) = T::rental(&record) {
                match self.equipment.as_ref().and_then(|find| find(&rental)) {
                    Some(item) => T::set_equipment(&mut record, item),
                    None => unknown_items.push(number),
                }
            }
            writer.write(&record).map_err(|error| {
                vec![Reason::Write {
                    file: T::KIND,
                    error,
                }]
            })?;
        }
        if !unknown_items.is_empty() {
            return Err(vec![Reason::EquipmentUnknown {
                file: T::KIND,
                records: unknown_items,
            }]);
        }
        match writer.finish() {
            Ok(bytes) => Ok(Converted {
                kind: T::KIND,
                bytes,
                evidence,
            }),
            Err(error) => Err(vec![Reason::Write {
                file: T::KIND,
                error,
            }]),
        }
    }

    /// The caller's table 3 as a file.
    fn weekly_plans(&self) -> Result<Converted, Reason> {
        let refusal = |error| Reason::Write {
            file: FileKind::Table3,
            error,
        };
        let mut writer = Writer::<Table3<'_>, _>::new(Vec::new());
        let mut evidence = Vec::new();
        for record in &self.table_3 {
            writer.write(record).map_err(refusal)?;
            evidence.push(Evidence::of(person!(record)));
        }
        Ok(Converted {
            kind: FileKind::Table3,
            bytes: writer.finish().map_err(refusal)?,
            evidence,
        })
    }
}

/// The one set that names make, which has to be of edition 3.
fn the_set<'n>(names: impl Iterator<Item = &'n str>) -> Result<(FileSet, SetKind), UpgradeError> {
    let grouping = group(names);
    let mut reasons: Vec<Reason> = grouping
        .strangers
        .into_iter()
        .map(|(_, error)| Reason::Name(error))
        .collect();
    let mut sets = grouping.sets.into_iter();
    match (sets.next(), sets.next()) {
        (Some(set), None) if set.edition() != Edition::Third => {
            let files: BTreeSet<_> = set.files().iter().map(|file| file.name.kind()).collect();
            reasons.extend(files.into_iter().map(|file| Reason::NotEdition3 { file }));
        }
        (Some(set), None) => match set.kind() {
            Ok(kind) => {
                UpgradeError::unless_empty(reasons)?;
                return Ok((set, kind));
            }
            Err(fault) => reasons.push(Reason::Set(fault.clone())),
        },
        (Some(_), Some(_)) => reasons.push(Reason::SeveralSets),
        (None, _) => reasons.push(Reason::Set(crate::SetFault::Empty)),
    }
    Err(UpgradeError::new(reasons))
}

/// A file of 4.1 with what each of its records tells.
struct Converted {
    kind: FileKind,
    bytes: Vec<u8>,
    evidence: Vec<Evidence>,
}

/// The set for one pair of service types.
fn assemble(
    set: &FileSet,
    kind: SetKind,
    converted: &[Converted],
    routing: &Routing,
    route: Route,
) -> Result<UpgradedSet, UpgradeError> {
    let sender = Party::new(set.sender().office, route.sender);
    let receiver = Party::new(set.receiver().office, route.receiver);
    let month = set.files().iter().find_map(|file| file.name.month());
    let name = |file: FileKind| {
        let month = month.filter(|_| file.layout().month_in_name);
        FileName::new(file, month, sender, receiver, set.sequence())
            .map_err(|error| UpgradeError::new(vec![Reason::Name(error)]))
    };
    let mut files = Vec::new();
    for file in converted {
        let mut raw = RawSlice::new(&file.bytes);
        let mut bytes = Vec::new();
        for evidence in &file.evidence {
            // There is a raw record for each that was written.
            let Some(record) = raw.next_record() else {
                break;
            };
            if routing.takes(route, evidence) {
                bytes.extend_from_slice(record.bytes());
            }
        }
        if bytes.is_empty() {
            return Err(UpgradeError::new(vec![Reason::NothingLeft {
                file: file.kind,
                route: (sender, receiver),
            }]));
        }
        files.push((name(file.kind)?, bytes));
    }
    files.sort_by_key(|(name, _)| name.kind());
    let mut to_add = Vec::new();
    if kind == SetKind::CarePlan
        && !files
            .iter()
            .any(|(name, _)| name.kind() == FileKind::Table3)
    {
        to_add.push(name(FileKind::Table3)?);
    }
    Ok(UpgradedSet {
        sender,
        receiver,
        files,
        to_add,
    })
}

/// A file that edition 3 has.
trait Upgradable: Table {
    /// What a record tells of the service types.
    fn evidence(record: &Self::Record<'_>) -> Evidence;

    /// The item that a record rents out, if it does.
    fn rental(_record: &Self::Record<'_>) -> Option<Rental> {
        None
    }

    /// Writes down the item.
    fn set_equipment(_record: &mut Self::Record<'_>, _item: Equipment) {}
}

/// Files that tell whom they are about and nothing else.
macro_rules! persons_only {
    ($($name:ident $(<$lt:lifetime>)?),*) => {$(
        impl Upgradable for $name $(<$lt>)? {
            fn evidence(record: &Self::Record<'_>) -> Evidence {
                Evidence::of(person!(record))
            }
        }
    )*};
}

persons_only!(
    Supplement<'_>,
    Table1Deletion,
    Table2<'_>,
    Table6PlanDeletion
);

impl Upgradable for Table1<'_> {
    fn evidence(record: &Self::Record<'_>) -> Evidence {
        Evidence {
            care_level: record.care_level,
            ..Evidence::of(person!(record))
        }
    }
}

impl Upgradable for Table6ActualDeletion {
    fn evidence(record: &Self::Record<'_>) -> Evidence {
        Evidence {
            office: Some(record.service_office_number),
            service_type: Some(record.service_type),
            ..Evidence::of(person!(record))
        }
    }
}

/// Files with equipment.
macro_rules! with_equipment {
    ($($name:ident, units: $units:expr, detail: $detail:expr, date: $date:expr;)*) => {$(
        impl Upgradable for $name<'_> {
            fn evidence(record: &Self::Record<'_>) -> Evidence {
                Evidence {
                    office: Some(record.service_office_number),
                    service_type: record.service_code.service_type(),
                    ..Evidence::of(person!(record))
                }
            }

            fn rental(record: &Self::Record<'_>) -> Option<Rental> {
                let rents = record.service_code.service_type()?.is_equipment_rental();
                if !rents || record.service_code.is_subtotal() {
                    return None;
                }
                // What the three tables have each in its own way.
                let units: fn(&Self::Record<'_>) -> Option<u32> = $units;
                let detail: fn(&Self::Record<'_>) -> Option<u32> = $detail;
                let date: fn(&Self::Record<'_>) -> Option<NaiveDate> = $date;
                Some(Rental {
                    file: FileKind::$name,
                    person: person!(record),
                    month: record.target_month,
                    office: record.service_office_number,
                    service_code: record.service_code,
                    units: units(record),
                    detail_number: detail(record),
                    service_date: date(record),
                })
            }

            fn set_equipment(record: &mut Self::Record<'_>, item: Equipment) {
                match item.code {
                    ItemCode::Tais(code) => record.tais_code = Some(code),
                    ItemCode::Notification(code) => record.notification_code = Some(code),
                }
                record.equipment_name = item.name;
            }
        }
    )*};
}

with_equipment! {
    Table6Plan, units: |row| row.units, detail: |row| row.detail_number,
        date: |row| Some(row.service_date);
    Table6Actual, units: |row| row.units, detail: |row| row.detail_number,
        date: |row| Some(row.service_date);
    Table7, units: |row| Some(row.units), detail: |_| None, date: |_| None;
}
