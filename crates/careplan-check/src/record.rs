//! A record as the rules see it: which person it is about, and the columns that rules need, each
//! either a value, empty, or bad. A bad one has been reported already, so that no rule stumbles
//! over it a second time.

use careplan_core::{
    Edition, InsuredNumber, InsurerNumber, OfficeNumber, ServiceCode, ServiceType, TimeOfDay,
    YearMonth, parse_date,
};
use careplan_tables::raw::RawRecord;
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

/// Yen per unit, in hundredths of a yen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Price(pub(crate) u32);

impl FromContent for Price {
    fn from_content(content: &[u8]) -> Option<Self> {
        let (yen, decimals) = content.split_last_chunk::<3>()?;
        let [b'.', decimals @ ..] = decimals else {
            return None;
        };
        let yen = u32::from_content(yen)?;
        Some(Self(yen.checked_mul(100)? + u32::from_content(decimals)?))
    }
}

/// The days of a month as bits, day 1 lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Days(pub(crate) u32);

impl FromContent for Days {
    fn from_content(content: &[u8]) -> Option<Self> {
        if content.len() != 31 {
            return None;
        }
        let bits = content.iter().rev().try_fold(0, |bits, byte| match byte {
            b'0' => Some(bits << 1),
            b'1' => Some(bits << 1 | 1),
            _ => None,
        })?;
        Some(Self(bits))
    }
}

/// A code of at most 16 ASCII characters: equipment codes, satellite numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Short {
    text: [u8; 16],
}

impl FromContent for Short {
    fn from_content(content: &[u8]) -> Option<Self> {
        let mut text = [0; 16];
        text.get_mut(..content.len())?.copy_from_slice(content);
        Some(Self { text })
    }
}

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
        prorated: Days = "prorated_days",
        starts: Option<TimeOfDay> = "starts_at",
        ends: Option<TimeOfDay> = "ends_at",
        count: u32 = "count",
        code: ServiceCode = "service_code",
        tais: Short = "tais_code",
        notification: Short = "notification_code",
        equipment_name: Filled = "equipment_name",
        detail: u32 = "detail_number",
        office: OfficeNumber = "service_office_number",
        satellite: Short = "satellite_number",
        updated_by: OfficeNumber = "updated_by",
    }
    /// Table 7 (第7表).
    CostRow, CostColumns: "UPSIKYU" {
        month: YearMonth = "target_month",
        office: OfficeNumber = "service_office_number",
        satellite: Short = "satellite_number",
        code: ServiceCode = "service_code",
        tais: Short = "tais_code",
        notification: Short = "notification_code",
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
        unit_price: Price = "unit_price",
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
    pub(crate) row: Option<Row>,
    /// The line of an earlier record with the same key.
    pub(crate) twin: Option<u64>,
    pub(crate) raw: RawRecord<'r, 'r>,
}
