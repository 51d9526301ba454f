//! The one declaration per column. From it follow the struct's field with its documentation, the
//! layout at run time, reading, writing and JSON.
//!
//! A column is one line:
//!
//! ```text
//! 16 tais_code: EquipmentCode[12] optional "TAISコード", since = Edition::Fourth, note = "…";
//! ```
//!
//! number, key, kind (with its argument), greatest length, presence, Japanese name, and what else
//! layouts.toml says. Kinds ending in `Or` permit one more value, which means "none": the field is
//! an `Option` and `None` is written as that value. `Fixed` and `Unused` columns have no field:
//! there is nothing to say in them.

/// Declares a table. See the module's documentation.
macro_rules! table {
    (
        $(#[$doc:meta])*
        $name:ident $(<$lt:lifetime>)?: $prefix:literal, $name_ja:literal, $name_en:literal,
        month_in_name: $month:literal,
        direction: $direction:ident,
        editions: [$($edition:ident),*],
        columns: {$(
            $number:literal $key:ident: $kind:ident $(($argument:tt))? $([$length:literal])?
            $presence:ident $column_ja:literal $(, $attribute:ident = $value:expr)*;
        )*}
    ) => {
        use serde::{Deserialize, Serialize};

        use crate::table::vocabulary::*;

        /// The columns, in order.
        static COLUMNS: [Column; [$($number),*].len()] = [$({
            #[allow(unused_mut)]
            let mut column = Column::new(
                $number,
                stringify!($key),
                $column_ja,
                table!(@kind $kind),
                table!(@presence $presence),
            );
            $(column.length = Some($length);)?
            $(table!(@argument column $kind $argument);)?
            $(table!(@attribute column $attribute $value);)*
            column
        }),*];

        /// The layout.
        pub(super) static LAYOUT: Layout = Layout {
            prefix: $prefix,
            name_ja: $name_ja,
            name: $name_en,
            month_in_name: $month,
            direction: Direction::$direction,
            editions: &[$(Edition::$edition),*],
            columns: &COLUMNS,
        };

        table! {@record
            [
                $(#[$doc])*
                #[doc = concat!("\n\nFile `", $prefix, "` (", $name_ja, "), ", $name_en, ".")]
                #[doc = "\n\n| no. | field | 項目名 | kind | length | presence | |\n|---|---|---|---|---|---|---|"]
                $(#[doc = concat!(
                    "| ", $number, " | `", stringify!($key), "` | ", $column_ja, " | ",
                    stringify!($kind), " | ", $($length,)? " | ", stringify!($presence), " | ",
                    $(stringify!($attribute), ": ", stringify!($value), " ",)* "|"
                )])*
            ]
            $name [$($lt)?] [] []
            $({
                $key $kind $presence
                concat!(
                    "**", $number, " ", $column_ja, "** (", table!(@describe $kind), $(", length ", $length,)?
                    ", ", stringify!($presence), ")",
                    $("\n\n", stringify!($attribute), ": ", stringify!($value),)*
                ),
                ($($argument)?)
            })*
        }

        impl $(<$lt>)? crate::table::sealed::Sealed for $name $(<$lt>)? {}

        impl $(<$lt>)? Table for $name $(<$lt>)? {
            type Record<'r> = table!(@with $name 'r $($lt)?);

            const KIND: FileKind = FileKind::$name;

            fn read<'r>(cells: &mut Cells<'_, 'r>) -> Option<Self::Record<'r>> {
                $(let $key = table!(@read $kind $presence cells (COLUMNS[$number - 1]));)*
                table!(@build $name [] $({$key $kind})*)
            }

            fn write(record: &Self::Record<'_>, cells: &mut CellWriter<'_>) {
                $(table!(@write $kind $presence record $key cells (COLUMNS[$number - 1]));)*
            }

            fn edition(record: &Self::Record<'_>) -> Edition {
                record.csv_version
            }

            fn set_edition(record: &mut Self::Record<'_>, edition: Edition) {
                record.csv_version = edition;
            }

            fn into_owned(record: Self::Record<'_>) -> Self::Record<'static> {
                record.into_owned()
            }
        }
    };

    // Which kind at run time.
    (@kind DateOr) => { Kind::Date };
    (@kind MonthOr) => { Kind::Month };
    (@kind TimeOr) => { Kind::Time };
    (@kind $kind:ident) => { Kind::$kind };

    (@presence required) => { Presence::Required };
    (@presence likely) => { Presence::Likely };
    (@presence optional) => { Presence::Optional };

    (@argument $column:ident Code $table:ident) => { $column.codes = Some(&$table::TABLE) };
    (@argument $column:ident Fixed $value:literal) => { $column.value = Some($value) };
    (@argument $column:ident $kind:ident $value:literal) => { $column.also = Some($value) };

    (@attribute $column:ident $attribute:ident $value:expr) => {
        $column.$attribute = Some($value)
    };

    // The form, for the documentation.
    (@describe Version) => { "CSV version YYYYMM" };
    (@describe Insurer) => { "insurer number" };
    (@describe Insured) => { "insured number" };
    (@describe Office) => { "office number" };
    (@describe Date) => { "date YYYYMMDD" };
    (@describe DateOr) => { "date YYYYMMDD, or a value that means none" };
    (@describe Month) => { "month YYYYMM" };
    (@describe MonthOr) => { "month YYYYMM, or a value that means none" };
    (@describe Time) => { "time HHMM" };
    (@describe TimeOr) => { "time HHMM, or a value that means none" };
    (@describe Int) => { "number" };
    (@describe Digits) => { "digits that are text" };
    (@describe Decimal) => { "99.99" };
    (@describe Code) => { "code" };
    (@describe ServiceType) => { "service type" };
    (@describe ServiceCode) => { "service code" };
    (@describe EquipmentCode) => { "99999-999999" };
    (@describe DayBits) => { "31 characters 0 and 1" };
    (@describe Postal) => { "postal code 999-9999" };
    (@describe Phone) => { "telephone number" };
    (@describe Text) => { "free text" };
    (@describe $kind:ident) => { stringify!($kind) };

    // The type of a value.
    (@value Version) => { Edition };
    (@value Insurer) => { InsurerNumber };
    (@value Insured) => { InsuredNumber };
    (@value Office) => { OfficeNumber };
    (@value Date) => { NaiveDate };
    (@value DateOr) => { NaiveDate };
    (@value Month) => { YearMonth };
    (@value MonthOr) => { YearMonth };
    (@value Time) => { TimeOfDay };
    (@value TimeOr) => { TimeOfDay };
    (@value Int) => { u32 };
    (@value Digits) => { Digits };
    (@value Decimal) => { UnitPrice };
    (@value Code $table:ident) => { $table };
    (@value ServiceType) => { ServiceType };
    (@value ServiceCode) => { ServiceCode };
    (@value EquipmentCode) => { EquipmentCode };
    (@value DayBits) => { DayBits };
    (@value Postal) => { PostalCode };
    (@value Phone) => { PhoneNumber };

    // The struct: columns one by one, those without a field left out. First list: fields; second:
    // the required ones that have no empty value.
    (@record $docs:tt $name:ident $lt:tt $fields:tt $required:tt
        {$key:ident Unused $($ignored:tt)*} $($rest:tt)*) => {
        table! {@record $docs $name $lt $fields $required $($rest)*}
    };
    (@record $docs:tt $name:ident $lt:tt $fields:tt $required:tt
        {$key:ident Fixed $($ignored:tt)*} $($rest:tt)*) => {
        table! {@record $docs $name $lt $fields $required $($rest)*}
    };
    (@record $docs:tt $name:ident $lt:tt [$($field:tt)*] $required:tt
        {$key:ident Text $presence:ident $doc:expr, ()} $($rest:tt)*) => {
        table! {@record $docs $name $lt
            [$($field)* {$key, Text<'a>, $doc, text, serde(default)}] $required $($rest)*}
    };
    (@record $docs:tt $name:ident $lt:tt [$($field:tt)*] [$($required:tt)*]
        {$key:ident $kind:ident required $doc:expr, ($($argument:literal)?)} $($rest:tt)*) => {
        table! {@record $docs $name $lt
            [$($field)* {$key, table!(@required $kind $($argument)?), $doc, $key, serde()}]
            [$($required)* {$key, table!(@required $kind $($argument)?), $doc}] $($rest)*}
    };
    (@record $docs:tt $name:ident $lt:tt [$($field:tt)*] [$($required:tt)*]
        {$key:ident Code required $doc:expr, ($table:ident)} $($rest:tt)*) => {
        table! {@record $docs $name $lt
            [$($field)* {$key, $table, $doc, $key, serde()}]
            [$($required)* {$key, $table, $doc}] $($rest)*}
    };
    (@record $docs:tt $name:ident $lt:tt [$($field:tt)*] $required:tt
        {$key:ident $kind:ident $presence:ident $doc:expr, ($($argument:tt)?)} $($rest:tt)*) => {
        table! {@record $docs $name $lt
            [$($field)* {$key, Option<table!(@value $kind $($argument)?)>, $doc, none, serde()}]
            $required $($rest)*}
    };
    (@record [$($docs:tt)*] $name:ident [$($lt:lifetime)?]
        [$({$key:ident, $type:ty, $doc:expr, $class:ident, $serde:meta})*]
        [$({$required:ident, $required_type:ty, $required_doc:expr})*]) => {
        $($docs)*
        #[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name $(<$lt>)? {
            $(
                #[doc = $doc]
                #[$serde]
                pub $key: $type,
            )*
        }

        /// The columns that have to be filled and have no empty value, to begin a record with.
        #[derive(Clone, Copy)]
        pub struct Required {
            $(
                #[doc = $required_doc]
                pub $required: $required_type,
            )*
        }

        impl $(<$lt>)? $name $(<$lt>)? {
            /// A record with the required columns; everything else is empty. Required texts have
            /// to be filled in before it is written.
            #[must_use]
            pub fn new(required: Required) -> Self {
                Self {
                    $($key: table!(@initial $class required),)*
                }
            }

            /// The record with texts of its own.
            #[must_use]
            pub fn into_owned(self) -> table!(@with $name 'static $($lt)?) {
                $name {
                    $($key: table!(@own $class self $key),)*
                }
            }
        }

        impl std::fmt::Debug for table!(@with $name '_ $($lt)?) {
            /// Shows the file's kind and edition; the rest is personal data.
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("csv_version", &self.csv_version)
                    .finish_non_exhaustive()
            }
        }
    };

    // A required value that may be "none" is an `Option`.
    (@required $kind:ident $argument:literal) => { Option<table!(@value $kind)> };
    (@required $kind:ident) => { table!(@value $kind) };

    // The value of a field in a new record.
    (@initial text $required:ident) => { Text::EMPTY };
    (@initial none $required:ident) => { None };
    (@initial $key:ident $required:ident) => { $required.$key };

    // A field with texts of its own; all but texts are `Copy`.
    (@own text $record:ident $key:ident) => { $record.$key.into_owned() };
    (@own $class:ident $record:ident $key:ident) => { $record.$key };

    // The record's type with a lifetime, if it has one.
    (@with $name:ident $new:lifetime) => { $name };
    (@with $name:ident $new:lifetime $lt:lifetime) => { $name<$new> };

    // Reading a column.
    (@read Unused $presence:ident $cells:ident $column:tt) => { $cells.unused(&$column) };
    (@read Fixed $presence:ident $cells:ident $column:tt) => { $cells.fixed(&$column) };
    (@read Text $presence:ident $cells:ident $column:tt) => { $cells.text(&$column) };
    (@read DateOr $presence:ident $cells:ident $column:tt) => { $cells.marked(&$column) };
    (@read MonthOr $presence:ident $cells:ident $column:tt) => { $cells.marked(&$column) };
    (@read TimeOr $presence:ident $cells:ident $column:tt) => { $cells.marked(&$column) };
    (@read $kind:ident required $cells:ident $column:tt) => { $cells.required(&$column) };
    (@read $kind:ident $presence:ident $cells:ident $column:tt) => { $cells.optional(&$column) };

    // Making the record from what was read.
    (@build $name:ident $kept:tt {$key:ident Unused} $($rest:tt)*) => {{
        let () = $key;
        table!(@build $name $kept $($rest)*)
    }};
    (@build $name:ident $kept:tt {$key:ident Fixed} $($rest:tt)*) => {{
        let () = $key;
        table!(@build $name $kept $($rest)*)
    }};
    (@build $name:ident [$($kept:ident)*] {$key:ident $kind:ident} $($rest:tt)*) => {
        table!(@build $name [$($kept)* $key] $($rest)*)
    };
    (@build $name:ident [$($kept:ident)*]) => {
        Some($name { $($kept: $kept?),* })
    };

    // Writing a column.
    (@write Unused $presence:ident $record:ident $key:ident $cells:ident $column:tt) => {
        $cells.unused(&$column);
    };
    (@write Fixed $presence:ident $record:ident $key:ident $cells:ident $column:tt) => {
        $cells.fixed(&$column);
    };
    (@write Text $presence:ident $record:ident $key:ident $cells:ident $column:tt) => {
        $cells.text(&$column, &$record.$key);
    };
    (@write DateOr $presence:ident $record:ident $key:ident $cells:ident $column:tt) => {
        $cells.marked(&$column, $record.$key.as_ref());
    };
    (@write MonthOr $presence:ident $record:ident $key:ident $cells:ident $column:tt) => {
        $cells.marked(&$column, $record.$key.as_ref());
    };
    (@write TimeOr $presence:ident $record:ident $key:ident $cells:ident $column:tt) => {
        $cells.marked(&$column, $record.$key.as_ref());
    };
    (@write $kind:ident required $record:ident $key:ident $cells:ident $column:tt) => {
        $cells.value(&$column, Some(&$record.$key));
    };
    (@write $kind:ident $presence:ident $record:ident $key:ident $cells:ident $column:tt) => {
        $cells.value(&$column, $record.$key.as_ref());
    };
}
