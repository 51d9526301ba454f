//! What can be wrong in a file: one kind per rule of docs/standard/rules.toml that a reader of one
//! file can see.

use careplan_core::{Explain, Lang};

use crate::column::Column;

/// How bad a departure is, as rules.toml has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Likely to fail or mislead on import.
    Warning,
    /// A receiver that keeps to the standard may refuse the file.
    Error,
}

/// How a value misses the form of its column, without the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Misform {
    /// Full-width letters or digits.
    FullWidth,
    /// A character that may not stand there.
    Character {
        /// Where, in characters from 0.
        at: usize,
    },
    /// Another number of characters than the form has.
    Length {
        /// How many there are.
        found: usize,
    },
    /// Quotation marks inside the value.
    Quotes,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FaultKind {
    /// A required column is empty.
    RequiredMissing,
    /// A column that seems to be required is empty.
    LikelyRequiredMissing,
    /// Longer than the column permits, in characters.
    TooLong {
        /// The greatest length.
        limit: usize,
        /// The length found.
        found: usize,
    },
    /// Longer than the annex has it, and not longer than another part of the standard.
    LongerThanAnnex {
        /// The annex's length.
        limit: usize,
        /// The length found.
        found: usize,
    },
    /// Not of the column's form.
    FormatInvalid(Misform),
    /// Digits that are no day, month or time.
    DateInvalid,
    /// Not in the code table.
    CodeUnknown,
    /// A CSV version that the standard never had.
    CsvVersionUnknown,
    /// A CSV version that this file does not have.
    CsvVersionUnsupported,
    /// Outside the column's range.
    ValueOutOfRange {
        /// Least value.
        min: u32,
        /// Greatest value.
        max: u32,
    },
    /// A number that identifies something and is too short, as spreadsheets leave it.
    LeadingZeroLost {
        /// The length it has to have.
        expected: usize,
        /// The length found.
        found: usize,
    },
    /// A column with one permitted value holds another.
    FixedValue,
    /// Free text without quotation marks.
    FreeTextNotQuoted,
    /// A column that the standard does not use is filled.
    UnusedColumnFilled,
    /// A user-defined character (外字).
    UserDefinedCharacter {
        /// Where in the value, in bytes from 0.
        at: usize,
    },
    /// Bytes that are not MS932.
    EncodingInvalid {
        /// Where in the value, in bytes from 0.
        at: usize,
        /// Whether the value would be UTF-8.
        looks_like_utf8: bool,
    },
    /// A control character other than TAB, CR and LF.
    ControlCharacter {
        /// Where in the value, in bytes from 0.
        at: usize,
    },
    /// A quotation mark where none may be.
    QuoteStray,
    /// A quotation mark that is never closed.
    QuoteUnterminated,
    /// An empty line.
    BlankLine,
    /// A record ends with CR alone.
    BareCr,
    /// A record ends with LF alone, or the last one with nothing: accepted by the readers.
    LineEnding,
    /// A Unicode byte order mark.
    ByteOrderMark,
    /// More or fewer columns than the layout.
    ColumnCount {
        /// The layout's number of columns.
        expected: usize,
        /// The record's.
        found: usize,
    },
    /// The first record is column names.
    HeaderRow,
    /// Another CSV version than the records before.
    CsvVersionMixed,
    /// No record.
    EmptyFile,
    /// A value in a column that the record's edition does not have (writing only).
    NotInEdition,
}

impl FaultKind {
    /// The rule's code in rules.toml.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::RequiredMissing => "required_missing",
            Self::LikelyRequiredMissing => "likely_required_missing",
            Self::TooLong { .. } | Self::LongerThanAnnex { .. } => "too_long",
            Self::FormatInvalid(_) => "format_invalid",
            Self::DateInvalid => "date_invalid",
            Self::CodeUnknown => "code_unknown",
            Self::CsvVersionUnknown | Self::CsvVersionUnsupported => "csv_version_unknown",
            Self::ValueOutOfRange { .. } => "value_out_of_range",
            Self::LeadingZeroLost { .. } => "leading_zero_lost",
            Self::FixedValue => "fixed_value",
            Self::FreeTextNotQuoted => "free_text_not_quoted",
            Self::UnusedColumnFilled => "unused_column_filled",
            Self::UserDefinedCharacter { .. } => "character_user_defined",
            Self::EncodingInvalid { .. } => "encoding_invalid",
            Self::ControlCharacter { .. } => "nul_byte",
            Self::QuoteStray => "quote_stray",
            Self::QuoteUnterminated => "quote_unterminated",
            Self::BlankLine => "blank_line",
            Self::BareCr | Self::LineEnding => "line_ending",
            Self::ByteOrderMark => "encoding_bom",
            Self::ColumnCount { .. } | Self::NotInEdition => "column_count",
            Self::HeaderRow => "header_row",
            Self::CsvVersionMixed => "csv_version_mixed",
            Self::EmptyFile => "empty_file",
        }
    }

    /// How bad it is.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        match self {
            Self::LongerThanAnnex { .. } | Self::UnusedColumnFilled => Severity::Info,
            Self::LikelyRequiredMissing
            | Self::FreeTextNotQuoted
            | Self::BlankLine
            | Self::BareCr
            | Self::LineEnding => Severity::Warning,
            _ => Severity::Error,
        }
    }

    /// Whether the strict reader lets it pass: where the standard is unclear, or says that
    /// reading accepts it.
    #[must_use]
    pub const fn is_accepted_strictly(&self) -> bool {
        matches!(
            self,
            Self::LikelyRequiredMissing | Self::LongerThanAnnex { .. } | Self::LineEnding
        )
    }
}

impl FaultKind {
    /// What is wrong, as a clause without the place.
    pub(crate) fn describe(&self, column: Option<&Column>, lang: Lang) -> String {
        let form = column.map_or("", |column| column.kind.form(lang));
        match lang {
            Lang::En => self.describe_en(form, column),
            Lang::Ja => self.describe_ja(form, column),
        }
    }

    fn describe_en(&self, form: &str, column: Option<&Column>) -> String {
        match *self {
            Self::RequiredMissing => format!("must be filled; write {form}"),
            Self::LikelyRequiredMissing => {
                format!("seems to be required and is empty; write {form}")
            }
            Self::TooLong { limit, found } => {
                format!("{found} characters, at most {limit} are allowed; shorten it")
            }
            Self::LongerThanAnnex { limit, found } => format!(
                "{found} characters; one part of the standard allows only {limit}, some receivers too"
            ),
            Self::FormatInvalid(misform) => {
                let what = match misform {
                    Misform::FullWidth => "full-width characters".to_owned(),
                    Misform::Character { at } => format!("character {} is not allowed", at + 1),
                    Misform::Length { found } => format!("{found} characters"),
                    Misform::Quotes => "quotation marks inside the value".to_owned(),
                };
                format!("{what}; write {form}")
            }
            Self::DateInvalid => format!("not in the calendar; write {form}"),
            Self::CodeUnknown => match column.and_then(|column| column.codes) {
                Some(table) => format!("not in the code table; write {}", table.list()),
                None => format!("not in the standard's table; write {form}"),
            },
            Self::CsvVersionUnknown => {
                "no CSV version of the standard; write 202407 (4.1) or 202208 (edition 3)"
                    .to_owned()
            }
            Self::CsvVersionUnsupported => {
                "this CSV version does not have this file; write 202407".to_owned()
            }
            Self::ValueOutOfRange { min, max } => format!("write a number from {min} to {max}"),
            Self::LeadingZeroLost { expected, found } => format!(
                "{found} digits instead of {expected}: leading zeros were lost, \
                 as spreadsheets do; restore them"
            ),
            Self::FixedValue => format!(
                "only one value is allowed; write {}",
                column.and_then(|column| column.value).unwrap_or("it")
            ),
            Self::FreeTextNotQuoted => "free text stands in quotation marks; add them".to_owned(),
            Self::UnusedColumnFilled => {
                "the standard does not use this column; leave it empty".to_owned()
            }
            Self::UserDefinedCharacter { at } => format!(
                "user-defined character at byte {}; write a character of MS932 instead",
                at + 1
            ),
            Self::EncodingInvalid {
                at,
                looks_like_utf8: false,
            } => {
                format!("byte {} is not MS932; save the file as Shift_JIS", at + 1)
            }
            Self::EncodingInvalid {
                at,
                looks_like_utf8: true,
            } => format!(
                "byte {} is not MS932, it looks like UTF-8; save the file as Shift_JIS",
                at + 1
            ),
            Self::ControlCharacter { at } => {
                format!("control character at byte {}; remove it", at + 1)
            }
            Self::QuoteStray => {
                "quotation mark where none may be; double it and quote the field".to_owned()
            }
            Self::QuoteUnterminated => "quotation mark that is never closed; close it".to_owned(),
            Self::BlankLine => "empty line; remove it".to_owned(),
            Self::BareCr => "the line ends with CR alone; write CR LF".to_owned(),
            Self::LineEnding => "the line does not end with CR LF; write CR LF".to_owned(),
            Self::ByteOrderMark => "Unicode byte order mark; save the file as Shift_JIS".to_owned(),
            Self::ColumnCount { expected, found } => {
                format!("{found} columns instead of {expected}; use the layout of the CSV version")
            }
            Self::HeaderRow => "column names instead of a record; remove the header row".to_owned(),
            Self::CsvVersionMixed => {
                "another CSV version than the records before; write one version per file".to_owned()
            }
            Self::EmptyFile => "no record; a file holds at least one".to_owned(),
            Self::NotInEdition => {
                "the record's CSV version does not have this column; leave it empty or upgrade"
                    .to_owned()
            }
        }
    }

    fn describe_ja(&self, form: &str, column: Option<&Column>) -> String {
        match *self {
            Self::RequiredMissing => format!("必須項目が空です。{form}で記入してください。"),
            Self::LikelyRequiredMissing => {
                format!("必須と思われる項目が空です。{form}で記入してください。")
            }
            Self::TooLong { limit, found } => {
                format!("{found}文字あります。{limit}文字以内にしてください。")
            }
            Self::LongerThanAnnex { limit, found } => format!(
                "{found}文字あります。別紙では{limit}文字のため、取り込めない受信側があるかもしれません。"
            ),
            Self::FormatInvalid(misform) => {
                let what = match misform {
                    Misform::FullWidth => "全角文字があります。".to_owned(),
                    Misform::Character { at } => {
                        format!("{}文字目に使えない文字があります。", at + 1)
                    }
                    Misform::Length { found } => format!("{found}文字あります。"),
                    Misform::Quotes => "値の中に引用符があります。".to_owned(),
                };
                format!("{what}{form}で記入してください。")
            }
            Self::DateInvalid => format!("暦にない値です。{form}で記入してください。"),
            Self::CodeUnknown => match column.and_then(|column| column.codes) {
                Some(table) => format!(
                    "コード表にない値です。{}のいずれかで記入してください。",
                    table.list()
                ),
                None => format!("標準仕様の表にない値です。{form}で記入してください。"),
            },
            Self::CsvVersionUnknown => {
                "標準仕様にないCSVバージョンです。202407（4.1版）または202208（第3版）と記入してください。"
                    .to_owned()
            }
            Self::CsvVersionUnsupported => {
                "このCSVバージョンにはこのファイルがありません。202407で出力してください。".to_owned()
            }
            Self::ValueOutOfRange { min, max } => {
                format!("{min}から{max}までの数を記入してください。")
            }
            Self::LeadingZeroLost { expected, found } => format!(
                "{expected}桁のところ{found}桁です。表計算ソフトなどで先頭の0が失われています。元に戻してください。"
            ),
            Self::FixedValue => format!(
                "決められた値ではありません。{}と記入してください。",
                column.and_then(|column| column.value).unwrap_or("")
            ),
            Self::FreeTextNotQuoted => "文字列が引用符で囲まれていません。囲んでください。".to_owned(),
            Self::UnusedColumnFilled => "使われない項目です。空にしてください。".to_owned(),
            Self::UserDefinedCharacter { at } => format!(
                "{}バイト目に外字があります。MS932にある文字に置き換えてください。",
                at + 1
            ),
            Self::EncodingInvalid { at, looks_like_utf8: false } => format!(
                "{}バイト目がMS932の文字ではありません。Shift_JISで保存してください。",
                at + 1
            ),
            Self::EncodingInvalid { at, looks_like_utf8: true } => format!(
                "{}バイト目がMS932の文字ではありません（UTF-8のようです）。Shift_JISで保存してください。",
                at + 1
            ),
            Self::ControlCharacter { at } => {
                format!("{}バイト目に制御文字があります。取り除いてください。", at + 1)
            }
            Self::QuoteStray => {
                "引用符の位置が正しくありません。項目を引用符で囲み、中の引用符は2つ重ねてください。".to_owned()
            }
            Self::QuoteUnterminated => "引用符が閉じていません。閉じてください。".to_owned(),
            Self::BlankLine => "空行です。取り除いてください。".to_owned(),
            Self::BareCr => "改行がCRだけです。CR LFにしてください。".to_owned(),
            Self::LineEnding => "改行がCR LFではありません。CR LFにしてください。".to_owned(),
            Self::ByteOrderMark => {
                "先頭にBOM（Unicodeの印）があります。Shift_JISで保存してください。".to_owned()
            }
            Self::ColumnCount { expected, found } => format!(
                "項目数が{found}です（{expected}が正しい）。CSVバージョンに合うレイアウトで出力してください。"
            ),
            Self::HeaderRow => "項目名の行があります。見出し行は不要です。取り除いてください。".to_owned(),
            Self::CsvVersionMixed => {
                "前のレコードとCSVバージョンが違います。1ファイルに1つのバージョンにしてください。".to_owned()
            }
            Self::EmptyFile => "レコードがありません。1件以上必要です。".to_owned(),
            Self::NotInEdition => {
                "このCSVバージョンにない項目です。空にするか、新しい版で出力してください。".to_owned()
            }
        }
    }
}

/// Something wrong in a file, with its place. It never holds the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    pub(crate) kind: FaultKind,
    pub(crate) record: u64,
    pub(crate) line: u64,
    pub(crate) column_number: Option<usize>,
    pub(crate) column: Option<&'static Column>,
}

impl Fault {
    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> FaultKind {
        self.kind
    }

    /// The record's number, from 1.
    #[must_use]
    pub const fn record(&self) -> u64 {
        self.record
    }

    /// The line on which the field, or else the record, begins, from 1.
    #[must_use]
    pub const fn line(&self) -> u64 {
        self.line
    }

    /// The column's number in the record's edition, from 1; `None` if it is about the record.
    #[must_use]
    pub const fn column_number(&self) -> Option<usize> {
        self.column_number
    }

    /// The column; `None` if it is about the record, or the layout has no such column.
    #[must_use]
    pub const fn column(&self) -> Option<&'static Column> {
        self.column
    }
}

impl Explain for Fault {
    fn explain(&self, lang: Lang) -> String {
        let what = self.kind.describe(self.column, lang);
        let line = self.line;
        match (self.column_number, self.column, lang) {
            (Some(number), Some(column), Lang::En) => {
                format!(
                    "line {line}, column {number} {} ({}): {what}",
                    column.key, column.name_ja
                )
            }
            (Some(number), None, Lang::En) => format!("line {line}, column {number}: {what}"),
            (None, _, Lang::En) => format!("line {line}: {what}"),
            (Some(number), Some(column), Lang::Ja) => {
                format!("{line}行目 {number}列目「{}」: {what}", column.name_ja)
            }
            (Some(number), None, Lang::Ja) => format!("{line}行目 {number}列目: {what}"),
            (None, _, Lang::Ja) => format!("{line}行目: {what}"),
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.explain(Lang::En))
    }
}
