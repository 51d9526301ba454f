//! What is known about a column and a file, at run time. The declarations in [`table`](crate::table)
//! fill these in; nothing about a column stands anywhere else.

use std::fmt;

use careplan_core::{Edition, Lang};

use crate::fault::FaultKind;
use crate::raw::RawField;
use crate::value::CodeTable;

/// What a column holds, and in which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The CSV version, YYYYMM.
    Version,
    /// Insurer number (保険者番号), 6 digits.
    Insurer,
    /// Insured number (被保険者番号), 10 digits or H and 9 digits.
    Insured,
    /// Office number (事業所番号), 10 digits, the third may be A.
    Office,
    /// A day, YYYYMMDD.
    Date,
    /// A month, YYYYMM.
    Month,
    /// A time of day, HHMM, 0000 to 2400.
    Time,
    /// Decimal digits without sign; leading zeros are accepted when read and never written.
    Int,
    /// Digits that are text.
    Digits,
    /// Two integer digits, a point, two decimals: yen per unit.
    Decimal,
    /// One of the codes of a table.
    Code,
    /// Service type (サービス種類コード), 2 characters.
    ServiceType,
    /// Service code (サービスコード), 6 characters.
    ServiceCode,
    /// TAIS form: 5 digits, hyphen, 6 digits.
    EquipmentCode,
    /// 31 characters 0 and 1, day 1 first.
    DayBits,
    /// Postal code, 999-9999.
    Postal,
    /// Telephone number, digits and hyphens, at most 15.
    Phone,
    /// Free text, quoted, of any length.
    Text,
    /// One permitted value.
    Fixed,
    /// Always empty.
    Unused,
}

impl Kind {
    /// The name in layouts.toml.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Insurer => "insurer",
            Self::Insured => "insured",
            Self::Office => "office",
            Self::Date => "date",
            Self::Month => "month",
            Self::Time => "time",
            Self::Int => "int",
            Self::Digits => "digits",
            Self::Decimal => "decimal",
            Self::Code => "code",
            Self::ServiceType => "service_type",
            Self::ServiceCode => "service_code",
            Self::EquipmentCode => "equipment_code",
            Self::DayBits => "day_bits",
            Self::Postal => "postal",
            Self::Phone => "phone",
            Self::Text => "text",
            Self::Fixed => "fixed",
            Self::Unused => "unused",
        }
    }

    /// The form for people: "a date YYYYMMDD".
    #[must_use]
    pub const fn form(self, lang: Lang) -> &'static str {
        let (en, ja) = match self {
            Self::Version => ("a CSV version YYYYMM", "CSVバージョン（YYYYMM）"),
            Self::Insurer => ("6 digits", "数字6桁"),
            Self::Insured => ("10 digits, or H and 9 digits", "数字10桁、またはHと数字9桁"),
            Self::Office => (
                "10 digits, the third may be A",
                "数字10桁（3桁目は英字Aも可）",
            ),
            Self::Date => ("a date YYYYMMDD", "年月日（YYYYMMDD、西暦）"),
            Self::Month => ("a month YYYYMM", "年月（YYYYMM、西暦）"),
            Self::Time => ("a time HHMM", "時刻（HHMM）"),
            Self::Int => ("a number in half-width digits", "半角数字"),
            Self::Digits => ("half-width digits", "半角数字"),
            Self::Decimal => ("a number like 11.40", "小数第2位までの数（例 11.40）"),
            Self::Code => ("a code of the table", "コード表のコード"),
            Self::ServiceType => ("a service type of 2 characters", "サービス種類コード2文字"),
            Self::ServiceCode => (
                "a service code of 6 characters 0-9 and A-Z",
                "サービスコード6文字（半角英大文字・数字）",
            ),
            Self::EquipmentCode => (
                "5 digits, a hyphen and 6 digits",
                "数字5桁・ハイフン・数字6桁",
            ),
            Self::DayBits => ("31 characters 0 and 1", "0と1の31文字"),
            Self::Postal => ("a postal code like 100-0001", "郵便番号（例 100-0001）"),
            Self::Phone => ("digits and hyphens, at most 15", "数字とハイフン15文字以内"),
            Self::Text => ("text in quotation marks", "引用符で囲んだ文字列"),
            Self::Fixed => ("the one permitted value", "決められた値"),
            Self::Unused => ("nothing", "空"),
        };
        match lang {
            Lang::En => en,
            Lang::Ja => ja,
        }
    }
}

/// Whether a column has to be filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Presence {
    /// Must be filled.
    Required,
    /// Seems to have to be filled; the source is unclear. Accepted empty, reported leniently.
    Likely,
    /// May be empty.
    Optional,
}

impl Presence {
    /// The name in layouts.toml.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Likely => "likely",
            Self::Optional => "optional",
        }
    }
}

/// A column of a file.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Column {
    /// Number in the newest edition, from 1. See [`Layout::number`] for others.
    pub number: u8,
    /// The field's name in the record.
    pub key: &'static str,
    /// The name as the standard prints it (項目名).
    pub name_ja: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Greatest length in characters in the newest edition; `None` for text. See
    /// [`max_length`](Self::max_length).
    pub length: Option<u8>,
    /// Another length that one part of the source has: values between it and `length` are
    /// accepted and worth a note.
    pub length_in_annex: Option<u8>,
    /// Length before an edition.
    pub length_before: Option<(Edition, u8)>,
    /// Whether it has to be filled.
    pub presence: Presence,
    /// A value that is permitted besides those of the kind, and means "none".
    pub also: Option<&'static str>,
    /// The one value of a fixed column.
    pub value: Option<&'static str>,
    /// The code table.
    pub codes: Option<&'static CodeTable>,
    /// Least and greatest value of a number.
    pub range: Option<(u32, u32)>,
    /// The edition that added the column.
    pub since: Option<Edition>,
    /// What the standard says of it besides.
    pub note: Option<&'static str>,
}

impl Column {
    /// A column of which only number, key, names, kind and presence are known.
    pub(crate) const fn new(
        number: u8,
        key: &'static str,
        name_ja: &'static str,
        kind: Kind,
        presence: Presence,
    ) -> Self {
        Self {
            number,
            key,
            name_ja,
            kind,
            length: None,
            length_in_annex: None,
            length_before: None,
            presence,
            also: None,
            value: None,
            codes: None,
            range: None,
            since: None,
            note: None,
        }
    }

    /// Whether files of an edition have the column.
    #[inline]
    #[must_use]
    pub fn is_in(&self, edition: Edition) -> bool {
        self.since.is_none_or(|since| since <= edition)
    }

    /// Greatest length in characters in an edition; `None` for text.
    #[inline]
    #[must_use]
    pub fn max_length(&self, edition: Edition) -> Option<u8> {
        match self.length_before {
            Some((before, length)) if edition < before => Some(length),
            _ => self.length,
        }
    }

    /// What is wrong with a field as a value of this column: the one place where the column's own
    /// rules are, for the typed readers and the checker alike. At most one fault of the value and
    /// one of the form.
    #[must_use]
    pub fn check(&self, field: RawField<'_>, edition: Edition) -> Vec<FaultKind> {
        let mut faults = Vec::new();
        if let Err(fault) = crate::value::check(self, field, edition) {
            faults.push(fault);
        }
        faults.extend(crate::value::form_fault(self, field));
        faults
    }
}

impl fmt::Debug for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Column({} {})", self.number, self.key)
    }
}

impl PartialEq for Column {
    /// Columns are equal if they say the same; the same column of two files may be.
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
            && self.key == other.key
            && self.name_ja == other.name_ja
            && self.kind == other.kind
    }
}

impl Eq for Column {}

/// Who sends a file to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the care manager's office (居宅介護支援事業所) to a service office.
    CareManagerToServiceOffice,
    /// From a service office (サービス事業所) to the care manager's office.
    ServiceOfficeToCareManager,
    /// From a support centre (地域包括支援センター) to a service office.
    SupportCentreToServiceOffice,
}

impl Direction {
    /// The words of layouts.toml.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CareManagerToServiceOffice => "care manager to service office",
            Self::ServiceOfficeToCareManager => "service office to care manager",
            Self::SupportCentreToServiceOffice => "support centre to service office",
        }
    }
}

/// The layout of a file (CSVファイルレイアウト定義書).
#[derive(Debug)]
#[non_exhaustive]
pub struct Layout {
    /// Beginning of the file's name.
    pub prefix: &'static str,
    /// The file's name as the standard prints it.
    pub name_ja: &'static str,
    /// The file's name in English.
    pub name: &'static str,
    /// Whether the target month is in the name.
    pub month_in_name: bool,
    /// Who sends it to whom.
    pub direction: Direction,
    /// The editions that have the file, oldest first.
    pub editions: &'static [Edition],
    /// All columns, in the order of the newest edition.
    pub columns: &'static [Column],
}

impl Layout {
    /// The columns of an edition, in order. Editions before the third are taken as the third,
    /// which is the oldest of which a layout is known here.
    pub fn columns_in(&self, edition: Edition) -> impl Iterator<Item = &'static Column> + use<> {
        let columns = self.columns;
        columns.iter().filter(move |column| column.is_in(edition))
    }

    /// How many columns an edition has.
    #[must_use]
    pub fn width(&self, edition: Edition) -> usize {
        self.columns_in(edition).count()
    }

    /// The number of a column in an edition, from 1; `None` if the edition lacks it.
    #[must_use]
    pub fn number(&self, key: &str, edition: Edition) -> Option<usize> {
        self.columns_in(edition)
            .position(|column| column.key == key)
            .map(|index| index + 1)
    }

    /// The column of a key.
    #[must_use]
    pub fn column(&self, key: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.key == key)
    }

    /// Whether an edition has the file.
    #[must_use]
    pub fn is_in(&self, edition: Edition) -> bool {
        self.editions.contains(&edition)
    }

    /// The name in a language.
    #[must_use]
    pub const fn name_in(&self, lang: Lang) -> &'static str {
        match lang {
            Lang::Ja => self.name_ja,
            Lang::En => self.name,
        }
    }
}
