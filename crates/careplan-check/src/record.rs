//! A record as the rules see it: which person it is about, and the columns that rules need, each
//! either a value, empty, or bad. A bad one has been reported already, so that no rule stumbles
//! over it a second time.

use careplan_core::{
    Edition, InsuredNumber, InsurerNumber, OfficeNumber, ServiceCode, ServiceType, TimeOfDay,
    YearMonth, parse_date,
};
use careplan_tables::raw::RawRecord;
use careplan_tables::table::{Supplement, Table6Actual, Table6Plan, Table7};
use careplan_tables::value::{DayBits, Digits, EquipmentCode, UnitPrice};
use careplan_tables::{Table, Text, ms932};
use chrono::NaiveDate;

use crate::facts::FileFacts;
use crate::persons::Person;

/// A column of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum Cell<T> {
    /// Nothing is in it, or the edition does not have it.
    #[default]
    Empty,
    /// What is in it is no value of the column; that has been reported.
    Bad,
    /// A value.
    Value(T),
}

impl<T: Copy> Cell<T> {
    /// The value, if there is one.
    pub(crate) const fn value(&self) -> Option<T> {
        match self {
            Self::Value(value) => Some(*value),
            Self::Empty | Self::Bad => None,
        }
    }

    pub(crate) const fn is_bad(&self) -> bool {
        matches!(self, Self::Bad)
    }

    pub(crate) const fn is_filled(&self) -> bool {
        !matches!(self, Self::Empty)
    }

    /// What identifies a record: `None` if bad, an inner `None` if empty.
    pub(crate) const fn key(&self) -> Option<Option<T>> {
        match self {
            Self::Value(value) => Some(Some(*value)),
            Self::Empty => Some(None),
            Self::Bad => None,
        }
    }
}

/// A value read from the content of a column that `careplan-tables` has no fault with.
pub(crate) trait FromContent: Sized {
    fn from_content(content: &[u8]) -> Option<Self>;
}

impl FromContent for u32 {
    fn from_content(content: &[u8]) -> Option<Self> {
        content.iter().try_fold(0u32, |sum, byte| {
            let digit = byte.is_ascii_digit().then(|| byte - b'0')?;
            sum.checked_mul(10)?.checked_add(u32::from(digit))
        })
    }
}

/// Values of `careplan-tables`, read from their text.
macro_rules! from_text {
    ($($name:ty),*) => {$(
        impl FromContent for $name {
            fn from_content(content: &[u8]) -> Option<Self> {
                ms932::decode(content).ok()?.parse().ok()
            }
        }
    )*};
}

from_text!(DayBits, Digits, EquipmentCode, UnitPrice);

/// Anything at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Filled;

impl FromContent for Filled {
    fn from_content(_: &[u8]) -> Option<Self> {
        Some(Self)
    }
}

impl FromContent for NaiveDate {
    fn from_content(content: &[u8]) -> Option<Self> {
        parse_date(content).ok()
    }
}

/// Values of the vocabulary, and those for which the standard has a text that means "none".
macro_rules! from_core {
    ($($name:ty),*) => {$(
        impl FromContent for $name {
            fn from_content(content: &[u8]) -> Option<Self> {
                Self::try_from(content).ok()
            }
        }
    )*};
}

from_core!(
    YearMonth,
    OfficeNumber,
    InsurerNumber,
    InsuredNumber,
    ServiceCode,
    ServiceType
);

macro_rules! from_core_or_none {
    ($($name:ty, $none:literal);*) => {$(
        impl FromContent for Option<$name> {
            fn from_content(content: &[u8]) -> Option<Self> {
                if content == $none {
                    return Some(None);
                }
                <$name>::from_content(content).map(Some)
            }
        }
    )*};
}

impl FromContent for TimeOfDay {
    fn from_content(content: &[u8]) -> Option<Self> {
        Self::try_from(content).ok()
    }
}

from_core_or_none!(NaiveDate, b"00000000"; YearMonth, b"000000"; TimeOfDay, b"9999");

/// Declares the columns that rules need of some tables: the record, the places of its columns in
/// an edition, and how it is read.
macro_rules! rows {
    ($($(#[$doc:meta])* $row:ident, $at:ident: $($prefix:literal)|+ { $($field:ident: $type:ty = $key:literal,)+ })+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, Default)]
            pub(crate) struct $row {
                $(pub(crate) $field: Cell<$type>,)+
            }

            /// Where the columns are in an edition, from 0.
            pub(crate) struct $at {
                $($field: Option<usize>,)+
            }

            impl $at {
                fn new(file: &FileFacts) -> Self {
                    let at = |key| file.columns.iter().position(|column| column.key == key);
                    Self { $($field: at($key),)+ }
                }

                #[inline]
                fn read(&self, fields: &Fields<'_>) -> $row {
                    $row { $($field: fields.cell(self.$field),)+ }
                }
            }
        )+

        /// The columns that rules need of a record.
        #[derive(Debug, Clone, Copy)]
        pub(crate) enum Row {
            $($row($row),)+
            /// Of a file whose own columns no rule relates to one another.
            Other,
        }

        /// Reads rows of a file.
        pub(crate) enum RowReader {
            $($row($at),)+
            Other,
        }

        impl RowReader {
            pub(crate) fn new(file: &FileFacts) -> Self {
                match file.prefix() {
                    $($($prefix)|+ => Self::$row($at::new(file)),)+
                    _ => Self::Other,
                }
            }

            #[inline]
            pub(crate) fn read(&self, fields: &Fields<'_>) -> Row {
                match self {
                    $(Self::$row(at) => Row::$row(at.read(fields)),)+
                    Self::Other => Row::Other,
                }
            }
        }
    };
}

rows! {
    /// Table 1 (第1表).
    PlanRow, PlanColumns: "UP1KYO" {
        plan_date: NaiveDate = "plan_date",
    }
    /// Table 2 (第2表).
    NeedRow, NeedColumns: "UP2KYO" {
        plan_date: NaiveDate = "plan_date",
        need: u32 = "need_number",
        goal: u32 = "goal_number",
        support: u32 = "support_number",
    }
    /// Table 3 (第3表).
    WeekRow, WeekColumns: "UP3KYO" {
        plan_date: NaiveDate = "plan_date",
    }
    /// The supplement (利用者補足情報).
    SupplementRow, SupplementColumns: "UPHOSOKU" {
        plan_date: Option<NaiveDate> = "plan_date",
        month: Option<YearMonth> = "target_month",
    }
    /// Table 6 (第6表), planned and actual.
    ServiceRow, ServiceColumns: "UPPLAN" | "UPJSK" {
        month: YearMonth = "target_month",
        date: NaiveDate = "service_date",
        prorated: DayBits = "prorated_days",
        starts: Option<TimeOfDay> = "starts_at",
        ends: Option<TimeOfDay> = "ends_at",
        count: u32 = "count",
        code: ServiceCode = "service_code",
        tais: EquipmentCode = "tais_code",
        notification: EquipmentCode = "notification_code",
        equipment_name: Filled = "equipment_name",
        detail: u32 = "detail_number",
        office: OfficeNumber = "service_office_number",
        satellite: Digits = "satellite_number",
        updated_by: OfficeNumber = "updated_by",
    }
    /// Table 7 (第7表).
    CostRow, CostColumns: "UPSIKYU" {
        month: YearMonth = "target_month",
        office: OfficeNumber = "service_office_number",
        satellite: Digits = "satellite_number",
        code: ServiceCode = "service_code",
        tais: EquipmentCode = "tais_code",
        notification: EquipmentCode = "notification_code",
        equipment_name: Filled = "equipment_name",
        units: u32 = "units",
        discount_rate: u32 = "discount_rate",
        discounted_units: u32 = "discounted_units",
        count: u32 = "count",
        service_units: u32 = "service_units",
        managed_units: u32 = "managed_units",
        type_over: u32 = "type_limit_over_units",
        type_within: u32 = "type_limit_within_units",
        category_over: u32 = "category_limit_over_units",
        category_within: u32 = "category_limit_within_units",
        unit_price: UnitPrice = "unit_price",
        total_cost: u32 = "total_cost",
        benefit_rate: u32 = "benefit_rate",
        claim: u32 = "insurance_claim",
        fixed_copay: u32 = "fixed_copay_unit_price",
        copay: u32 = "copay_insured",
        copay_full: u32 = "copay_full",
    }
    /// Deletion of a month's plan or actuals.
    MonthDeletionRow, MonthDeletionColumns: "DLTPLAN" | "DLTJSK" {
        month: YearMonth = "target_month",
        service_type: ServiceType = "service_type",
    }
}

/// A record that the typed reader has no fault with: what is needed of it besides its row.
pub(crate) struct Typed {
    pub(crate) edition: Edition,
    pub(crate) insurer: InsurerNumber,
    pub(crate) insured: InsuredNumber,
}

/// A table so large, or so wide, that its records are worth reading typed: what has no fault needs
/// no second look at its columns.
pub(crate) trait Large: Table {
    /// The row is written where it stays, because it is large and there are many.
    fn typed(record: &Self::Record<'_>, row: &mut Row) -> Typed;
}

/// A value of a typed record.
fn some<T>(value: Option<T>) -> Cell<T> {
    value.map_or(Cell::Empty, Cell::Value)
}

/// Whether a text of a typed record is filled.
fn filled(text: &Text<'_>) -> Cell<Filled> {
    some((!text.is_empty()).then_some(Filled))
}

macro_rules! large_service_tables {
    ($($table:ident),*) => {$(
        impl Large for $table<'_> {
            #[inline]
            fn typed(record: &Self::Record<'_>, row: &mut Row) -> Typed {
                *row = Row::ServiceRow(ServiceRow {
                        month: Cell::Value(record.target_month),
                        date: Cell::Value(record.service_date),
                        prorated: some(record.prorated_days),
                        starts: Cell::Value(record.starts_at),
                        ends: Cell::Value(record.ends_at),
                        count: Cell::Value(record.count),
                        code: Cell::Value(record.service_code),
                        tais: some(record.tais_code),
                        notification: some(record.notification_code),
                        equipment_name: filled(&record.equipment_name),
                        detail: some(record.detail_number),
                        office: Cell::Value(record.service_office_number),
                        satellite: some(record.satellite_number),
                        updated_by: some(record.updated_by),
                });
                Typed {
                    edition: record.csv_version,
                    insurer: record.insurer_number,
                    insured: record.insured_number,
                }
            }
        }
    )*};
}

large_service_tables!(Table6Plan, Table6Actual);

impl Large for Table7<'_> {
    #[inline]
    fn typed(record: &Self::Record<'_>, row: &mut Row) -> Typed {
        *row = Row::CostRow(CostRow {
            month: Cell::Value(record.target_month),
            office: Cell::Value(record.service_office_number),
            satellite: some(record.satellite_number),
            code: Cell::Value(record.service_code),
            tais: some(record.tais_code),
            notification: some(record.notification_code),
            equipment_name: filled(&record.equipment_name),
            units: Cell::Value(record.units),
            discount_rate: some(record.discount_rate),
            discounted_units: some(record.discounted_units),
            count: Cell::Value(record.count),
            service_units: some(record.service_units),
            managed_units: some(record.managed_units),
            type_over: some(record.type_limit_over_units),
            type_within: some(record.type_limit_within_units),
            category_over: some(record.category_limit_over_units),
            category_within: some(record.category_limit_within_units),
            unit_price: some(record.unit_price),
            total_cost: some(record.total_cost),
            benefit_rate: some(record.benefit_rate),
            claim: some(record.insurance_claim),
            fixed_copay: some(record.fixed_copay_unit_price),
            copay: some(record.copay_insured),
            copay_full: some(record.copay_full),
        });
        Typed {
            edition: record.csv_version,
            insurer: record.insurer_number,
            insured: record.insured_number,
        }
    }
}

impl Large for Supplement<'_> {
    #[inline]
    fn typed(record: &Self::Record<'_>, row: &mut Row) -> Typed {
        *row = Row::SupplementRow(SupplementRow {
            plan_date: Cell::Value(record.plan_date),
            month: Cell::Value(record.target_month),
        });
        Typed {
            edition: record.csv_version,
            insurer: record.insurer_number,
            insured: record.insured_number,
        }
    }
}

/// The fields of a record with the columns known to be bad.
pub(crate) struct Fields<'r> {
    pub(crate) raw: RawRecord<'r, 'r>,
    /// A bit per column, the first lowest.
    pub(crate) bad: u128,
}

impl Fields<'_> {
    #[inline]
    pub(crate) fn cell<T: FromContent>(&self, index: Option<usize>) -> Cell<T> {
        let Some(index) = index else {
            return Cell::Empty;
        };
        if self.bad >> index & 1 == 1 {
            return Cell::Bad;
        }
        match self.raw.field(index) {
            None => Cell::Empty,
            Some(field) if field.is_empty() => Cell::Empty,
            Some(field) => T::from_content(&field.content()).map_or(Cell::Bad, Cell::Value),
        }
    }
}

/// A record at hand.
pub(crate) struct Record<'r> {
    pub(crate) file: &'r FileFacts,
    /// The line on which it begins.
    pub(crate) line: u64,
    /// The edition its CSV version names, if the standard has it.
    pub(crate) edition: Option<Edition>,
    /// Whom it is about; `None` if that cannot be told.
    pub(crate) person: Option<Person>,
    /// Its columns; `None` if it has more or fewer than the layout, or its quotation marks are
    /// wrong, so that nothing sure can be said of them.
    pub(crate) row: Option<&'r Row>,
    /// The line of an earlier record with the same key.
    pub(crate) twin: Option<u64>,
    pub(crate) raw: RawRecord<'r, 'r>,
}
