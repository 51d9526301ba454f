//! Rules about the target month (対象年月) and the days in it.

use careplan_core::YearMonth;
use careplan_tables::Severity;

use super::clause;
use crate::facts::FileFacts;
use crate::found::{Found, Place};
use crate::record::{Cell, Record, Row};
use crate::rule::{Check, Rule, Scope, Watch};
use crate::text::{Words, message};

/// The months of a file's records: how often each occurs, and where first. There are few.
#[derive(Default)]
struct Months(Vec<MonthUse>);

struct MonthUse {
    month: Option<YearMonth>,
    count: u64,
    first_line: u64,
}

impl Months {
    fn note(&mut self, record: &Record<'_>) {
        let month = match &record.row {
            Some(Row::ServiceRow(row)) => row.month.value().map(Some),
            Some(Row::CostRow(row)) => row.month.value().map(Some),
            Some(Row::MonthDeletionRow(row)) => row.month.value().map(Some),
            // 000000 in the supplement of a care plan is a month of its own kind.
            Some(Row::SupplementRow(row)) => row.month.value(),
            _ => None,
        };
        let Some(month) = month else { return };
        match self.0.iter_mut().find(|known| known.month == month) {
            Some(known) => known.count += 1,
            None => self.0.push(MonthUse {
                month,
                count: 1,
                first_line: record.line,
            }),
        }
    }

    fn has(&self, month: Option<YearMonth>) -> bool {
        self.0.iter().any(|known| known.month == month)
    }

    /// The month the file is for: the name's, if records have it, or else the most frequent.
    fn reference(&self, file: &FileFacts) -> Option<Option<YearMonth>> {
        let named = file.named_month().filter(|month| self.has(*month));
        named.or_else(|| {
            let most = self.0.iter().max_by_key(|known| known.count);
            most.map(|known| known.month)
        })
    }
}

/// A month in messages: 000000 where there is none.
fn shown(month: Option<YearMonth>) -> String {
    month.map_or_else(|| "000000".to_owned(), |month| month.to_string())
}

/// `month_mixed`
pub(crate) static MONTH_MIXED: Rule = Rule {
    code: "month_mixed",
    severity: Severity::Error,
    scope: Scope::Table,
    meaning: Words::new(
        "第6表・第7表またはその削除のファイルに、複数の対象年月があります。",
        "More than one target month in a file of tables 6 or 7 or a deletion of them.",
    ),
    clause: clause::UNITS,
    advice: Words::new(
        "第6表・第7表とその削除は、1つのファイルに1か月分だけを入れます。月ごとに分けて出力し直してください。",
        "A file of tables 6 and 7 or of their deletion holds one month; export each month by itself.",
    ),
    check: Check::Records(|file| {
        file.column("target_month")?;
        (file.prefix() != "UPHOSOKU").then(|| Box::new(Mixed(Months::default())) as Box<dyn Watch>)
    }),
};

struct Mixed(Months);

impl Watch for Mixed {
    fn record(&mut self, record: &Record<'_>, _: &mut Found<'_>) {
        self.0.note(record);
    }

    fn end(&mut self, file: &FileFacts, found: &mut Found<'_>) {
        let Some(reference) = self.0.reference(file) else {
            return;
        };
        for known in &self.0.0 {
            let (month, count, line) = (known.month, known.count, known.first_line);
            if month == reference {
                continue;
            }
            found.report(&MONTH_MIXED, Place::field(file, line, "target_month"), || {
                message!(
                    ja: "対象年月が{other}のレコードがここから{count}件あります。このファイルは{reference}分です。",
                    en: "From here on {count} records are for {other}; the file is for {reference}.",
                    other = shown(month), count, reference = shown(reference)
                )
                .into()
            });
        }
    }
}

/// `month_differs_from_name`
pub(crate) static MONTH_DIFFERS_FROM_NAME: Rule = Rule {
    code: "month_differs_from_name",
    severity: Severity::Error,
    scope: Scope::Table,
    meaning: Words::new(
        "対象年月がファイル名の年月と違います。",
        "The target month is not the month in the file name.",
    ),
    clause: clause::NAMES,
    advice: Words::new(
        "ファイル名を書き換えたときは元に戻し、そうでなければ対象年月を確認して出力し直してください。",
        "If the file was renamed, give it its name back; otherwise see which month is meant and export again.",
    ),
    check: Check::Records(|file| {
        let named = file.named_month()?;
        Some(Box::new(Named {
            named,
            months: Months::default(),
        }))
    }),
};

struct Named {
    named: Option<YearMonth>,
    months: Months,
}

impl Watch for Named {
    fn record(&mut self, record: &Record<'_>, _: &mut Found<'_>) {
        self.months.note(record);
    }

    fn end(&mut self, file: &FileFacts, found: &mut Found<'_>) {
        // A file of several months with the name's among them is mixed, not misnamed. A
        // supplement has no rule against mixing, so there each other month is reported.
        let mixed = self.months.has(self.named) && file.prefix() != "UPHOSOKU";
        let reference = self.months.reference(file);
        if mixed {
            return;
        }
        for known in &self.months.0 {
            let (month, line) = (known.month, known.first_line);
            let is_other = month != self.named;
            let is_told = file.prefix() == "UPHOSOKU" || Some(month) == reference;
            if is_other && is_told {
                found.report(
                    &MONTH_DIFFERS_FROM_NAME,
                    Place::field(file, line, "target_month"),
                    || {
                        message!(
                            ja: "対象年月は{month}ですが、ファイル名では{named}です。",
                            en: "The target month is {month}; the file name says {named}.",
                            month = shown(month), named = shown(self.named)
                        )
                        .into()
                    },
                );
            }
        }
    }
}

/// `service_date_outside_month`
pub(crate) static SERVICE_DATE_OUTSIDE_MONTH: Rule = Rule {
    code: "service_date_outside_month",
    severity: Severity::Error,
    scope: Scope::Record,
    meaning: Words::new(
        "第6表のサービス利用日が対象年月にありません。",
        "Table 6: the service date is not in the target month.",
    ),
    clause: clause::TABLE_6,
    advice: Words::new(
        "サービス利用日か対象年月を直して出力し直してください。月をまたぐサービスは、利用日の属する月のファイルに入れます。",
        "Correct the date or the month and export again; a service belongs into the file of the month of its date.",
    ),
    check: Check::Records(|file| {
        file.column("service_date")?;
        Some(Box::new(DateInMonth))
    }),
};

struct DateInMonth;

impl Watch for DateInMonth {
    fn record(&mut self, record: &Record<'_>, found: &mut Found<'_>) {
        let Some(Row::ServiceRow(row)) = &record.row else {
            return;
        };
        let (Cell::Value(month), Cell::Value(date)) = (row.month, row.date) else {
            return;
        };
        // If the date is of the name's month, it is the record's month that is wrong, and told so.
        let in_named_month = record
            .file
            .month()
            .is_some_and(|named| named.contains(date));
        if month.contains(date) || in_named_month {
            return;
        }
        found.report(
            &SERVICE_DATE_OUTSIDE_MONTH,
            Place::in_record(record, "service_date"),
            || {
                message!(
                    ja: "サービス利用日{date}が対象年月{month}の日ではありません。",
                    en: "The service date {date} is not in the target month {month}.",
                    date = date.format("%Y%m%d"), month
                )
                .into()
            },
        );
    }
}

/// `prorated_day_outside_month`
pub(crate) static PRORATED_DAY_OUTSIDE_MONTH: Rule = Rule {
    code: "prorated_day_outside_month",
    severity: Severity::Error,
    scope: Scope::Record,
    meaning: Words::new(
        "第6表の日割対象日に、その月にない日が立っています。",
        "Table 6: a prorated day that the month does not have is set.",
    ),
    clause: clause::TABLE_6,
    advice: Words::new(
        "日割対象日は1日から31日までの31文字で、月にない日は0にします。日割の期間を確認して出力し直してください。",
        "The prorated days are 31 characters from day 1 on; days that the month does not have are 0. See the prorated period and export again.",
    ),
    check: Check::Records(|file| {
        file.column("service_date")?;
        Some(Box::new(ProratedInMonth))
    }),
};

struct ProratedInMonth;

impl Watch for ProratedInMonth {
    fn record(&mut self, record: &Record<'_>, found: &mut Found<'_>) {
        let Some(Row::ServiceRow(row)) = &record.row else {
            return;
        };
        let (Cell::Value(month), Cell::Value(days)) = (row.month, row.prorated) else {
            return;
        };
        let last = month.days();
        if let Some(day) = (last + 1..=31).find(|day| days.contains(*day)) {
            found.report(
                &PRORATED_DAY_OUTSIDE_MONTH,
                Place::in_record(record, "prorated_days"),
                || {
                    message!(
                        ja: "日割対象日の{day}日が1になっていますが、{month}は{last}日までです。",
                        en: "Day {day} is set, but {month} ends with day {last}.",
                        day, month, last
                    )
                    .into()
                },
            );
        }
    }
}
