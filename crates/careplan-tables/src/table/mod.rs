//! The standard's 17 files: one module each, with the record type and its columns.
//!
//! A record has a field for every column, named by the key of docs/standard/layouts.toml, in the
//! standard's order. Required columns are plain values, others are `Option`, texts are [`Text`]
//! and may be empty. Records borrow their texts from what was read; `into_owned` lets go.
//!
//! | file | record | |
//! |---|---|---|
//! | UPHOSOKU | [`Supplement`] | Supplement about a user (利用者補足情報) |
//! | UP1KYO | [`Table1`] | Table 1, care plan (居宅サービス計画書（1）) |
//! | DLT1KYO | [`Table1Deletion`] | Deletion of table 1, and with it of tables 2 and 3 of the same plan date |
//! | UP2KYO | [`Table2`] | Table 2, care plan (居宅サービス計画書（2）) |
//! | UP3KYO | [`Table3`] | Table 3, weekly plan (週間サービス計画表), since edition 4.1 |
//! | UPPLAN | [`Table6Plan`] | Table 6, planned services (サービス利用票 予定) |
//! | UPJSK | [`Table6Actual`] | Table 6, actual services (サービス利用票 実績) |
//! | DLTPLAN | [`Table6PlanDeletion`] | Deletion of a month's plan |
//! | DLTJSK | [`Table6ActualDeletion`] | Deletion of a month's actuals of an office and service type |
//! | UPSIKYU | [`Table7`] | Table 7, benefit limits and costs (サービス利用票別表) |
//! | UPKIHON | [`BasicInformation`] | Preventive care |
//! | DLTKIHON | [`BasicInformationDeletion`] | Deletion of basic information, and with it of its sub-tables and pictures |
//! | UPKIHON_SUB1 | [`DailySchedule`] | Preventive care |
//! | UPKIHON_SUB2 | [`MedicalHistory`] | Preventive care |
//! | UPYOBO | [`SupportPlan`] | Preventive care |
//! | DLTYOBO | [`SupportPlanDeletion`] | Deletion of a support plan, and with it of its details |
//! | UPYOBO_SUB | [`SupportPlanDetail`] | Preventive care |
//!
//! [`Text`]: crate::Text

pub(crate) mod cells;
#[macro_use]
mod declare;

pub mod basic_information;
pub mod basic_information_deletion;
pub mod daily_schedule;
pub mod medical_history;
pub mod supplement;
pub mod support_plan;
pub mod support_plan_deletion;
pub mod support_plan_detail;
pub mod table1;
pub mod table1_deletion;
pub mod table2;
pub mod table3;
pub mod table6_actual;
pub mod table6_actual_deletion;
pub mod table6_plan;
pub mod table6_plan_deletion;
pub mod table7;

pub use basic_information::BasicInformation;
pub use basic_information_deletion::BasicInformationDeletion;
pub use daily_schedule::DailySchedule;
pub use medical_history::MedicalHistory;
pub use supplement::Supplement;
pub use support_plan::SupportPlan;
pub use support_plan_deletion::SupportPlanDeletion;
pub use support_plan_detail::SupportPlanDetail;
pub use table1::Table1;
pub use table1_deletion::Table1Deletion;
pub use table2::Table2;
pub use table3::Table3;
pub use table6_actual::Table6Actual;
pub use table6_actual_deletion::Table6ActualDeletion;
pub use table6_plan::Table6Plan;
pub use table6_plan_deletion::Table6PlanDeletion;
pub use table7::Table7;

use std::fmt;
use std::fmt::Debug;

use careplan_core::{Edition, Lang};
use serde::Serialize;

use crate::column::Layout;
use cells::{CellWriter, Cells};

/// A file of the standard, as a type: what the typed readers and writers are for.
///
/// It is implemented for the record types, whatever their lifetime, and for nothing else.
pub trait Table: sealed::Sealed {
    /// The record, with texts borrowed for `'r`.
    type Record<'r>: Clone + Debug + PartialEq + Serialize;

    /// Which file.
    const KIND: FileKind;

    /// Reads the columns; `None` if a required one cannot be had. What is wrong is in `cells`.
    #[doc(hidden)]
    fn read<'r>(cells: &mut Cells<'_, 'r>) -> Option<Self::Record<'r>>;

    /// Writes the columns. What is wrong is in `cells`.
    #[doc(hidden)]
    fn write(record: &Self::Record<'_>, cells: &mut CellWriter<'_>);

    /// The edition of a record, from its CSV version.
    fn edition(record: &Self::Record<'_>) -> Edition;

    /// Sets the CSV version of a record. Columns are left as they are: upgrading is
    /// [`upgrade`](mod@crate::upgrade).
    fn set_edition(record: &mut Self::Record<'_>, edition: Edition);

    /// The record with texts of its own.
    fn into_owned(record: Self::Record<'_>) -> Self::Record<'static>;
}

/// Does the same with any table; see [`FileKind::visit`].
///
/// ```
/// use careplan_tables::{FileKind, ReadError, Table, TableVisitor, records};
///
/// /// Counts the records of a file, and fails if one departs from the standard.
/// struct Count<'b>(&'b [u8]);
///
/// impl TableVisitor for Count<'_> {
///     type Output = Result<usize, ReadError>;
///
///     fn visit<T: Table>(self) -> Self::Output {
///         records::<T>(self.0).try_fold(0, |count, record| record.map(|_| count + 1))
///     }
/// }
///
/// let bytes = b"202407,133594,0462428004,20260915\r\n";
/// assert_eq!(FileKind::Table1Deletion.visit(Count(bytes))?, 1);
/// # Ok::<(), ReadError>(())
/// ```
pub trait TableVisitor {
    /// What comes of it.
    type Output;

    /// Does it with the table `T`.
    fn visit<T: Table>(self) -> Self::Output;
}

/// What declarations name.
mod vocabulary {
    pub(super) use careplan_core::{
        Edition, InsuredNumber, InsurerNumber, OfficeNumber, ServiceCode, ServiceType, TimeOfDay,
        YearMonth,
    };
    pub(super) use chrono::NaiveDate;

    pub(super) use super::cells::{CellWriter, Cells};
    pub(super) use super::{FileKind, Table};
    pub(super) use crate::column::{Column, Direction, Kind, Layout, Presence};
    pub(super) use crate::value::*;
}

mod sealed {
    pub trait Sealed {}
}

/// Declares the kinds of file.
macro_rules! file_kinds {
    ($($name:ident = $module:ident,)*) => {
        /// Which of the standard's files.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum FileKind {
            $(
                #[doc = concat!("See [`", stringify!($module), "`].")]
                $name,
            )*
        }

        impl FileKind {
            /// All kinds, in the order of the standard.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The layout.
            #[must_use]
            pub fn layout(self) -> &'static Layout {
                match self {
                    $(Self::$name => &$module::LAYOUT,)*
                }
            }

            /// Calls the visitor with the kind's type: how a program that learns the kind from a
            /// file's name does the same with every table.
            // Some tables have a lifetime and some have none; the visitor's does not matter.
            #[allow(elided_lifetimes_in_paths)]
            pub fn visit<V: TableVisitor>(self, visitor: V) -> V::Output {
                match self {
                    $(Self::$name => visitor.visit::<$name>(),)*
                }
            }
        }
    };
}

file_kinds! {
    Supplement = supplement,
    Table1 = table1,
    Table1Deletion = table1_deletion,
    Table2 = table2,
    Table3 = table3,
    Table6Plan = table6_plan,
    Table6Actual = table6_actual,
    Table6PlanDeletion = table6_plan_deletion,
    Table6ActualDeletion = table6_actual_deletion,
    Table7 = table7,
    BasicInformation = basic_information,
    BasicInformationDeletion = basic_information_deletion,
    DailySchedule = daily_schedule,
    MedicalHistory = medical_history,
    SupportPlan = support_plan,
    SupportPlanDeletion = support_plan_deletion,
    SupportPlanDetail = support_plan_detail,
}

impl FileKind {
    /// Beginning of the file's name.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        self.layout().prefix
    }

    /// The kind of a prefix.
    #[must_use]
    pub fn of_prefix(prefix: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|kind| kind.prefix() == prefix)
    }

    /// The name for people.
    #[must_use]
    pub fn name(self, lang: Lang) -> &'static str {
        self.layout().name_in(lang)
    }

    /// Whether it withdraws something sent before (prefix `DLT`).
    #[must_use]
    pub fn is_deletion(self) -> bool {
        self.prefix().starts_with("DLT")
    }
}

impl fmt::Display for FileKind {
    /// The prefix.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.prefix())
    }
}
