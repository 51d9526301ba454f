//! Rules about the CSV version (CSVバージョン).

use careplan_core::{Edition, Lang, YearMonth};
use careplan_tables::Severity;

use super::clause;
use crate::found::{Found, Place};
use crate::record::{Cell, Record, Row};
use crate::rule::{Check, Rule, Scope, Watch};
use crate::text::{Message, Words, message};

/// `csv_version_unknown`
pub(crate) static CSV_VERSION_UNKNOWN: Rule = Rule {
    code: "csv_version_unknown",
    severity: Severity::Error,
    scope: Scope::Field,
    meaning: Words::new(
        "標準仕様にないCSVバージョンです。",
        "A CSV version that the standard never had.",
    ),
    clause: clause::VERSIONS,
    advice: Words::new(
        "4.1版のファイルは202407、第3版のファイルは202208と書きます（版の公表年月であり、作成年月や202410・202504ではありません）。ソフトの版を確認し、出力し直してください。",
        "Files of 4.1 say 202407, files of edition 3 say 202208: the month of issue of the layout, not 202410, 202504 or the present month. See which version the software is and export again.",
    ),
    check: Check::Value(|fault| {
        Message {
            ja: format!(
                "{}は標準仕様にないCSVバージョンです。",
                fault.subject(Lang::Ja)
            ),
            en: format!(
                "{} is no CSV version of the standard.",
                fault.subject(Lang::En)
            ),
        }
        .into()
    }),
};

/// `csv_version_mixed`
pub(crate) static CSV_VERSION_MIXED: Rule = Rule {
    code: "csv_version_mixed",
    severity: Severity::Error,
    scope: Scope::Table,
    meaning: Words::new(
        "1つのファイルに複数のCSVバージョンのレコードがあります。",
        "Records of several CSV versions in one file.",
    ),
    clause: clause::UNITS,
    advice: Words::new(
        "版ごとにファイルを分けず、すべてのレコードを同じ版で出力し直してください。",
        "Export all records of the file again with one CSV version.",
    ),
    check: Check::Records(|_| Some(Box::new(Mixed { first: None }))),
};

struct Mixed {
    first: Option<(Edition, u64)>,
}

impl Watch for Mixed {
    fn record(&mut self, record: &Record<'_>, found: &mut Found<'_>) {
        let Some(edition) = record.edition else {
            return;
        };
        let (first, line) = *self.first.get_or_insert((edition, record.line));
        if edition != first {
            found.report(
                &CSV_VERSION_MIXED,
                Place::in_record(record, "csv_version"),
                || {
                    message!(
                        ja: "CSVバージョンが{edition}です。このファイルは{line}行目から{first}で始まっています。",
                        en: "The CSV version is {edition}; the file began with {first} on line {line}.",
                        edition, first, line
                    )
                    .into()
                },
            );
        }
    }
}

/// `csv_version_not_in_force`
pub(crate) static CSV_VERSION_NOT_IN_FORCE: Rule = Rule {
    code: "csv_version_not_in_force",
    severity: Severity::Warning,
    scope: Scope::Table,
    meaning: Words::new(
        "CSVバージョンが対象年月に適用される版ではありません（202407は2025年4月分から）。",
        "The CSV version does not apply to the target month (202407 applies from 2025-04).",
    ),
    clause: clause::VERSIONS,
    advice: Words::new(
        "対象年月に合った版で出力し直してください（2025年4月分からは202407、それより前は202208）。相手のソフトが取り込めるか確認してください。",
        "Export again with the edition of the target month (202407 from April 2025, 202208 before), or ask whether the receiver's software takes it.",
    ),
    check: Check::Records(|file| {
        file.column("target_month")?;
        Some(Box::new(NotInForce {
            reported: false,
            last: None,
        }))
    }),
};

struct NotInForce {
    reported: bool,
    /// What was seen last, and was right.
    last: Option<(Edition, YearMonth)>,
}

/// The month of service that a record is for.
fn target_month(row: &Row) -> Option<YearMonth> {
    match row {
        Row::ServiceRow(row) => row.month.value(),
        Row::CostRow(row) => row.month.value(),
        Row::MonthDeletionRow(row) => row.month.value(),
        Row::SupplementRow(row) => match row.month {
            Cell::Value(month) => month,
            Cell::Empty | Cell::Bad => None,
        },
        _ => None,
    }
}

impl Watch for NotInForce {
    fn record(&mut self, record: &Record<'_>, found: &mut Found<'_>) {
        if self.reported {
            return;
        }
        let Some((edition, row)) = record.edition.zip(record.row.as_ref()) else {
            return;
        };
        let Some(month) = target_month(row) else {
            return;
        };
        if self.last == Some((edition, month)) {
            return;
        }
        let in_force = Edition::in_force(month);
        if in_force == Some(edition) {
            self.last = Some((edition, month));
            return;
        }
        self.reported = true;
        found.report(
            &CSV_VERSION_NOT_IN_FORCE,
            Place::in_record(record, "csv_version"),
            || {
                let wanted = in_force.map_or("-", Edition::csv_version);
                message!(
                    ja: "対象年月{month}に適用されるCSVバージョンは{wanted}ですが、{edition}で作られています。",
                    en: "The target month is {month}, for which CSV version {wanted} applies; the file is of {edition}.",
                    month, wanted, edition
                )
                .into()
            },
        );
    }
}
