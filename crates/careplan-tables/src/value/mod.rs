//! The values of columns: their types, and the rules for reading and writing one.

mod code;
mod date;
mod day_bits;
mod diagnose;
mod equipment;
mod inline;
mod number;
mod text;

pub use code::{
    CareLevel, CertificationStatus, ChecklistResult, CodeTable, ConsultationCount,
    ConsultationMethod, DementiaIndependence, DisabilityIndependence, DoctorRole, Entrusted, Flag,
    Gender, Housing, InsuranceCovered, LivingSupportReason, Needed, PlanKind, PlanScheme,
    PresentState, PreventiveCareLevel, Progress, SupportLevel, UnknownCode, Weekday, YesNo,
};
pub use day_bits::DayBits;
pub use equipment::EquipmentCode;
pub use inline::{Digits, PhoneNumber, PostalCode, ValueError};
pub use number::UnitPrice;
pub use text::Text;

use careplan_core::{
    Edition, InsuredNumber, InsurerNumber, OfficeNumber, ServiceCode, ServiceType, TimeOfDay,
    YearMonth,
};
use chrono::NaiveDate;

use crate::column::{Column, Kind, Presence};
use crate::fault::FaultKind;
use crate::raw::RawField;

/// Why a type refuses bytes, in as few words as the fast path needs; `diagnose` makes a
/// [`FaultKind`] of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Not the form.
    Form,
    /// Digits, but no day, month or time.
    Calendar,
    /// Not in the table.
    Unknown,
    /// Outside the range.
    Range,
}

/// A value of a column other than free text.
pub(crate) trait Value: Sized + Copy {
    /// Reads it; `bytes` is not empty.
    fn parse(bytes: &[u8], column: &Column) -> Result<Self, Refusal>;

    /// What to keep of a refused value when reading leniently.
    fn keep(_bytes: &[u8]) -> Option<Self> {
        None
    }

    /// Writes it as the standard does.
    fn write(&self, out: &mut Vec<u8>);

    /// Whether it may be written; the length is checked besides.
    fn verify(&self, _column: &Column) -> Result<(), FaultKind> {
        Ok(())
    }
}

/// Reads a field as a value: `None` if it is empty.
#[inline(always)]
pub(crate) fn read<T: Value>(
    column: &Column,
    field: RawField<'_>,
    edition: Edition,
) -> Result<Option<T>, FaultKind> {
    let bytes = field.inner();
    if bytes.is_empty() {
        return Ok(None);
    }
    let fits = column
        .max_length(edition)
        .is_none_or(|max| bytes.len() <= usize::from(max));
    match T::parse(bytes, column) {
        // A full-width hyphen makes an equipment code one byte longer than its characters.
        Ok(value) if fits || column.kind == Kind::EquipmentCode => Ok(Some(value)),
        Ok(_) => Err(diagnose::diagnose(column, field, edition, Refusal::Form)),
        Err(refusal) => Err(diagnose::diagnose(column, field, edition, refusal)),
    }
}

/// Reads a field as text.
#[inline]
pub(crate) fn read_text<'b>(field: RawField<'b>) -> Result<Text<'b>, FaultKind> {
    text::read(field)
}

/// Writes a value after checking that it fits the column; `None` leaves it empty.
#[inline]
pub(crate) fn write<T: Value>(
    column: &Column,
    edition: Edition,
    value: Option<&T>,
    out: &mut Vec<u8>,
) -> Result<(), FaultKind> {
    let Some(value) = value else {
        return match column.presence {
            Presence::Required => Err(FaultKind::RequiredMissing),
            Presence::Likely | Presence::Optional => Ok(()),
        };
    };
    value.verify(column)?;
    let start = out.len();
    value.write(out);
    let found = out.len() - start;
    match column.max_length(edition) {
        Some(max) if found > usize::from(max) => Err(FaultKind::TooLong {
            limit: usize::from(max),
            found,
        }),
        _ => Ok(()),
    }
}

/// What is wrong with a field's value, presence included; the dispatch by kind for those who know
/// a column only at run time.
pub(crate) fn check(
    column: &Column,
    field: RawField<'_>,
    edition: Edition,
) -> Result<(), FaultKind> {
    if field.inner().is_empty() {
        return match (column.kind, column.presence) {
            (Kind::Fixed, _) => Err(FaultKind::FixedValue),
            (_, Presence::Required) => Err(FaultKind::RequiredMissing),
            _ => Ok(()),
        };
    }
    if column
        .also
        .is_some_and(|also| also.as_bytes() == field.inner())
    {
        return Ok(());
    }
    /// The check is the reading, without the value.
    fn of<T: Value>(
        column: &Column,
        field: RawField<'_>,
        edition: Edition,
    ) -> Result<(), FaultKind> {
        read::<T>(column, field, edition).map(|_| ())
    }
    match column.kind {
        Kind::Version => of::<Edition>(column, field, edition),
        Kind::Insurer => of::<InsurerNumber>(column, field, edition),
        Kind::Insured => of::<InsuredNumber>(column, field, edition),
        Kind::Office => of::<OfficeNumber>(column, field, edition),
        Kind::Date => of::<NaiveDate>(column, field, edition),
        Kind::Month => of::<YearMonth>(column, field, edition),
        Kind::Time => of::<TimeOfDay>(column, field, edition),
        Kind::Int => of::<u32>(column, field, edition),
        Kind::Digits => of::<Digits>(column, field, edition),
        Kind::Decimal => of::<UnitPrice>(column, field, edition),
        Kind::Code => of::<code::AnyCode>(column, field, edition),
        Kind::ServiceType => of::<ServiceType>(column, field, edition),
        Kind::ServiceCode => of::<ServiceCode>(column, field, edition),
        Kind::EquipmentCode => of::<EquipmentCode>(column, field, edition),
        Kind::DayBits => of::<DayBits>(column, field, edition),
        Kind::Postal => of::<PostalCode>(column, field, edition),
        Kind::Phone => of::<PhoneNumber>(column, field, edition),
        Kind::Text => read_text(field).and_then(|text| text.fault().map_or(Ok(()), Err)),
        Kind::Fixed => fixed(column, field),
        Kind::Unused => Err(FaultKind::UnusedColumnFilled),
    }
}

/// The rule of a column with one permitted value.
pub(crate) fn fixed(column: &Column, field: RawField<'_>) -> Result<(), FaultKind> {
    if column
        .value
        .is_some_and(|value| value.as_bytes() == field.inner())
    {
        Ok(())
    } else {
        Err(FaultKind::FixedValue)
    }
}

/// What is wrong with a field whatever its value: quotation marks, presence that only seems to be
/// asked for, lengths on which the source differs.
pub(crate) fn form_fault(column: &Column, field: RawField<'_>) -> Option<FaultKind> {
    let inner = field.inner();
    if inner.is_empty() {
        return (column.presence == Presence::Likely).then_some(FaultKind::LikelyRequiredMissing);
    }
    if column.kind == Kind::Text {
        return (!field.is_quoted()).then_some(FaultKind::FreeTextNotQuoted);
    }
    let annex = usize::from(column.length_in_annex?);
    let longest = column.length.map_or(usize::MAX, usize::from);
    (inner.len() > annex && inner.len() <= longest).then_some(FaultKind::LongerThanAnnex {
        limit: annex,
        found: inner.len(),
    })
}

/// The types of the vocabulary are values as they are.
macro_rules! vocabulary_value {
    ($($type:ty),*) => {$(
        impl Value for $type {
            #[inline]
            fn parse(bytes: &[u8], _column: &Column) -> Result<Self, Refusal> {
                <$type>::try_from(bytes).map_err(|error| refusal(error.reason()))
            }

            #[inline]
            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(self.as_bytes());
            }
        }
    )*};
}

/// A reason of the vocabulary as a refusal.
pub(crate) fn refusal(reason: careplan_core::Reason) -> Refusal {
    match reason {
        careplan_core::Reason::NotInCalendar => Refusal::Calendar,
        careplan_core::Reason::Unknown => Refusal::Unknown,
        _ => Refusal::Form,
    }
}

vocabulary_value!(
    InsurerNumber,
    InsuredNumber,
    OfficeNumber,
    ServiceType,
    ServiceCode
);

impl Value for Edition {
    fn parse(bytes: &[u8], _column: &Column) -> Result<Self, Refusal> {
        Self::try_from(bytes).map_err(|_| Refusal::Unknown)
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.csv_version().as_bytes());
    }
}

/// Serde as the standard's text, for types with `FromStr` and `Display`.
macro_rules! serde_as_text {
    ($name:ty) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use serde_as_text;
