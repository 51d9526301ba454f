//! Keys: under what a store keeps records, and which set speaks last.

use std::cmp::Ordering;

use careplan_core::{
    InsuredNumber, InsurerNumber, OfficeNumber, Sequence, ServiceType, SetKind, YearMonth,
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{KeyedRecord, keyed_records};
use crate::ReadError;
use crate::name::Party;
use crate::set::{FileSet, SetFile};
use crate::table::*;

/// A person (利用者): the standard knows persons by insurer and insured number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Person {
    /// Insurer number (保険者番号).
    pub insurer_number: InsurerNumber,
    /// Insured number (被保険者番号). Personal data: hidden in `Debug`, not in JSON.
    pub insured_number: InsuredNumber,
}

/// What is replaced and removed together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Key {
    /// Tables 1, 2, 3 and their supplement.
    CarePlan {
        /// Who.
        person: Person,
        /// 居宅サービス計画作成（変更）日
        plan_date: NaiveDate,
    },
    /// Tables 6, 7 and their supplement.
    MonthlyPlan {
        /// Who.
        person: Person,
        /// 対象年月
        month: YearMonth,
    },
    /// Actuals of table 6.
    Actuals {
        /// Who.
        person: Person,
        /// 対象年月
        month: YearMonth,
        /// サービス事業者コード
        office: OfficeNumber,
        /// The sender's in the file's name, which is what a correction resends and DLTJSK removes;
        /// the code's where the name has none (edition 3) or a care manager's (the annex's
        /// example).
        service_type: ServiceType,
    },
    /// Basic information with its sub-tables and pictures.
    BasicInformation {
        /// Who.
        person: Person,
        /// 相談日
        consulted_on: NaiveDate,
    },
    /// Support plan with its details.
    SupportPlan {
        /// Who.
        person: Person,
        /// 計画作成(変更)日
        plan_date: NaiveDate,
    },
}

impl Key {
    /// Who.
    #[must_use]
    pub const fn person(&self) -> Person {
        match self {
            Self::CarePlan { person, .. }
            | Self::MonthlyPlan { person, .. }
            | Self::Actuals { person, .. }
            | Self::BasicInformation { person, .. }
            | Self::SupportPlan { person, .. } => *person,
        }
    }

    /// The files whose records are kept under it; pictures go with basic information.
    #[must_use]
    pub const fn files(&self) -> &'static [FileKind] {
        use FileKind as F;
        match self {
            Self::CarePlan { .. } => &[F::Supplement, F::Table1, F::Table2, F::Table3],
            Self::MonthlyPlan { .. } => &[F::Supplement, F::Table6Plan, F::Table7],
            Self::Actuals { .. } => &[F::Table6Actual],
            Self::BasicInformation { .. } => {
                &[F::BasicInformation, F::DailySchedule, F::MedicalHistory]
            }
            Self::SupportPlan { .. } => &[F::SupportPlan, F::SupportPlanDetail],
        }
    }
}

/// When and from whom a set is: what decides which set speaks last of a key.
///
/// Ordered by sequence. Sets of the same second are ordered by sender, receiver and kind,
/// deletions before all others: an arbitrary order but always the same, in which what was deleted
/// and sent anew in one second is there in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stamp {
    /// The sequence in the names.
    pub sequence: Sequence,
    /// Who sent it.
    pub sender: Party,
    /// Who received it.
    pub receiver: Party,
    /// Which set.
    pub kind: SetKind,
}

impl Stamp {
    /// The stamp of a set; `None` if it is none of the standard's.
    #[must_use]
    pub fn of(set: &FileSet) -> Option<Self> {
        set.kind().ok().map(|kind| Self::new(set, kind))
    }

    pub(super) const fn new(set: &FileSet, kind: SetKind) -> Self {
        Self {
            sequence: set.sequence(),
            sender: set.sender(),
            receiver: set.receiver(),
            kind,
        }
    }

    /// Whether the set deletes.
    #[must_use]
    pub const fn is_deletion(&self) -> bool {
        matches!(
            self.kind,
            SetKind::CarePlanDeletion
                | SetKind::MonthlyPlanDeletion
                | SetKind::ActualsDeletion
                | SetKind::BasicInformationDeletion
                | SetKind::SupportPlanDeletion
        )
    }
}

impl Ord for Stamp {
    fn cmp(&self, other: &Self) -> Ordering {
        let rank = |stamp: &Self| {
            (
                stamp.sequence,
                stamp.sender,
                stamp.receiver,
                !stamp.is_deletion(),
                stamp.kind,
            )
        };
        rank(self).cmp(&rank(other))
    }
}

impl PartialOrd for Stamp {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Records with a [`Key`]: those of all files.
pub trait Keyed: Table {
    /// The key of a record that came in a set with this stamp. `None` for a supplement that lacks
    /// what its set asks for (plan date or month), and for actuals of an unknown service type.
    fn key(record: &Self::Record<'_>, stamp: &Stamp) -> Option<Key>;
}

/// Declares the keys of files, and the dispatch by kind of file.
macro_rules! keys {
    ($($name:ident $(<$lt:lifetime>)?, $record:ident, $stamp:pat => $key:expr;)*) => {
        $(
            impl Keyed for $name $(<$lt>)? {
                fn key($record: &Self::Record<'_>, $stamp: &Stamp) -> Option<Key> {
                    $key
                }
            }
        )*

        /// The records of a file, strictly read, with their keys.
        pub(super) fn split(
            file: &SetFile,
            bytes: &[u8],
            stamp: &Stamp,
        ) -> Result<Vec<KeyedRecord>, ReadError> {
            // Some tables have a lifetime and some have none; it does not matter here.
            #[allow(elided_lifetimes_in_paths)]
            match file.name.kind() {
                $(FileKind::$name => keyed_records::<$name>(file, bytes, stamp),)*
            }
        }
    };
}

/// The person of a record.
macro_rules! person {
    ($record:ident) => {
        Person {
            insurer_number: $record.insurer_number,
            insured_number: $record.insured_number,
        }
    };
}

keys! {
    Supplement<'_>, record, stamp => match stamp.kind {
        SetKind::CarePlan => care_plan(person!(record), record.plan_date?),
        _ => monthly_plan(person!(record), record.target_month?),
    };
    Table1<'_>, record, _ => care_plan(person!(record), record.plan_date);
    Table1Deletion, record, _ => care_plan(person!(record), record.plan_date);
    Table2<'_>, record, _ => care_plan(person!(record), record.plan_date);
    Table3<'_>, record, _ => care_plan(person!(record), record.plan_date);
    Table6Plan<'_>, record, _ => monthly_plan(person!(record), record.target_month);
    Table6PlanDeletion, record, _ => monthly_plan(person!(record), record.target_month);
    Table7<'_>, record, _ => monthly_plan(person!(record), record.target_month);
    Table6Actual<'_>, record, stamp => Some(Key::Actuals {
        person: person!(record),
        month: record.target_month,
        office: record.service_office_number,
        service_type: stamp
            .sender
            .service_type
            .filter(|kind| !kind.is_care_management())
            .or_else(|| record.service_code.service_type())?,
    });
    Table6ActualDeletion, record, _ => Some(Key::Actuals {
        person: person!(record),
        month: record.target_month,
        office: record.service_office_number,
        service_type: record.service_type,
    });
    BasicInformation<'_>, record, _ => basic(person!(record), record.consulted_on);
    BasicInformationDeletion, record, _ => basic(person!(record), record.consulted_on);
    DailySchedule<'_>, record, _ => basic(person!(record), record.consulted_on);
    MedicalHistory<'_>, record, _ => basic(person!(record), record.consulted_on);
    SupportPlan<'_>, record, _ => support_plan(person!(record), record.plan_date);
    SupportPlanDeletion, record, _ => support_plan(person!(record), record.plan_date);
    SupportPlanDetail<'_>, record, _ => support_plan(person!(record), record.plan_date);
}

fn care_plan(person: Person, plan_date: NaiveDate) -> Option<Key> {
    Some(Key::CarePlan { person, plan_date })
}

fn monthly_plan(person: Person, month: YearMonth) -> Option<Key> {
    Some(Key::MonthlyPlan { person, month })
}

fn basic(person: Person, consulted_on: NaiveDate) -> Option<Key> {
    Some(Key::BasicInformation {
        person,
        consulted_on,
    })
}

fn support_plan(person: Person, plan_date: NaiveDate) -> Option<Key> {
    Some(Key::SupportPlan { person, plan_date })
}
