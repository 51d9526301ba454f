//! Rules about the cost table (第7表, UPSIKYU): its rows, subtotals, totals and arithmetic.

use careplan_core::OfficeNumber;
use careplan_tables::Severity;

use super::clause;
use crate::costs::Unequal;
use crate::facts::FileFacts;
use crate::found::{Found, Place};
use crate::record::{Cell, CostRow, Record, Row};
use crate::rule::{Check, Rule, Scope, Watch};
use crate::text::{Message, Words, message};

/// A check of each row by itself.
struct EachRow(fn(&CostRow, &Record<'_>, &mut Found<'_>));

impl Watch for EachRow {
    fn record(&mut self, record: &Record<'_>, found: &mut Found<'_>) {
        if let Some(Row::CostRow(row)) = &record.row {
            (self.0)(row, record, found);
        }
    }
}

fn each_row(
    file: &FileFacts,
    check: fn(&CostRow, &Record<'_>, &mut Found<'_>),
) -> Option<Box<dyn Watch>> {
    (file.prefix() == "UPSIKYU").then(|| Box::new(EachRow(check)) as Box<dyn Watch>)
}

/// `total_row_missing`
pub(crate) static TOTAL_ROW_MISSING: Rule = Rule {
    code: "total_row_missing",
    severity: Severity::Error,
    scope: Scope::Table,
    meaning: Words::new(
        "第7表に合計行（サービスコード999999）のない利用者がいます。",
        "Table 7: a person has no grand total row (service code 999999).",
    ),
    clause: clause::TABLE_7,
    advice: Words::new(
        "ソフトで利用票別表を計算し直してから出力してください。合計行は利用者ごとに1行必要です。",
        "Calculate the cost table anew in the software and export again: each person needs one grand total row.",
    ),
    check: Check::Costs(|costs, file, found| {
        for person in costs.persons() {
            if !person.has_total() {
                let line = person.first_line;
                found.report(
                    &TOTAL_ROW_MISSING,
                    Place::field(file, line, "service_code"),
                    || {
                        message!(
                            ja: "{line}行目から始まる利用者に、合計行（サービスコード999999）がありません。",
                            en: "The person whose rows begin on line {line} has no grand total row (service code 999999).",
                            line
                        )
                        .into()
                    },
                );
            }
        }
    }),
};

/// `total_row_office`
pub(crate) static TOTAL_ROW_OFFICE: Rule = Rule {
    code: "total_row_office",
    severity: Severity::Error,
    scope: Scope::Record,
    meaning: Words::new(
        "第7表の合計行の事業所が9999999999ではありません。",
        "Table 7: the grand total row's office is not 9999999999.",
    ),
    clause: clause::TABLE_7,
    advice: Words::new(
        "合計行の事業所コードには9999999999を記入します。出力し直しても直らないときは、ソフトの製造元に知らせてください。",
        "The grand total row has office 9999999999. If exporting again does not help, tell the software's vendor.",
    ),
    check: Check::Records(|file| {
        each_row(file, |row, record, found| {
            if let Cell::Value(office) = row.office
                && row.is_grand_total()
                && office != OfficeNumber::NONE
            {
                found.report(
                    &TOTAL_ROW_OFFICE,
                    Place::in_record(record, "service_office_number"),
                    || {
                        message!(
                            ja: "合計行の事業所が{office}です。9999999999でなければなりません。",
                            en: "The grand total row has office {office} instead of 9999999999.",
                            office
                        )
                        .into()
                    },
                );
            }
        })
    }),
};

/// `subtotal_row_missing`
pub(crate) static SUBTOTAL_ROW_MISSING: Rule = Rule {
    code: "subtotal_row_missing",
    severity: Severity::Error,
    scope: Scope::Table,
    meaning: Words::new(
        "第7表で、1つの事業所・サービス種類に複数のサービスコードがあるのに、小計行（TTAAAA）がありません。",
        "Table 7: an office and service type with several service codes has no TTAAAA row.",
    ),
    clause: clause::TABLE_7,
    advice: Words::new(
        "ソフトで利用票別表を計算し直してから出力してください。サービスコードが複数あるときは、サービス種類ごとに小計行が必要です。",
        "Calculate the cost table anew in the software and export again: a service type with several codes needs a subtotal row.",
    ),
    check: Check::Costs(|costs, file, found| {
        for person in costs.persons() {
            for group in person.groups.iter().filter(|group| group.lacks_subtotal()) {
                let kind: String = group
                    .type_characters
                    .iter()
                    .copied()
                    .map(char::from)
                    .collect();
                found.report(
                    &SUBTOTAL_ROW_MISSING,
                    Place::field(file, group.first_line, "service_code"),
                    || {
                        message!(
                            ja: "事業所{office}のサービス種類{kind}に複数のサービスコードがありますが、小計行（{kind}AAAA）がありません。",
                            en: "Office {office} has several codes of service type {kind}, but no subtotal row {kind}AAAA.",
                            office = group.office, kind
                        )
                        .into()
                    },
                );
            }
        }
    }),
};

/// `subtotal_row_filled`
pub(crate) static SUBTOTAL_ROW_FILLED: Rule = Rule {
    code: "subtotal_row_filled",
    severity: Severity::Error,
    scope: Scope::Record,
    meaning: Words::new(
        "第7表の小計行・合計行の単位数が0でないか、割引後率・割引後単位数が空ではありません。",
        "Table 7: a subtotal or total row whose units are not 0, or whose discount rate or discounted units are not empty.",
    ),
    clause: clause::TABLE_7,
    advice: Words::new(
        "小計行・合計行では、単位数を0、割引後率と割引後単位数を空にします。出力し直しても直らないときは、ソフトの製造元に知らせてください。",
        "Subtotal and total rows have units 0 and empty discount columns. If exporting again does not help, tell the software's vendor.",
    ),
    check: Check::Records(|file| {
        each_row(file, |row, record, found| {
            let Cell::Value(code) = row.code else { return };
            if row.is_detail() {
                return;
            }
            let wrong = match (row.units, row.discount_rate, row.discounted_units) {
                (Cell::Value(1..), _, _) => "units",
                (_, Cell::Value(_), _) => "discount_rate",
                (_, _, Cell::Value(_)) => "discounted_units",
                _ => return,
            };
            found.report(
                &SUBTOTAL_ROW_FILLED,
                Place::in_record(record, wrong),
                || {
                    let name = record.file.column_name(wrong);
                    let (should_ja, should_en) = if wrong == "units" {
                        ("0でなければなりません", "must be 0")
                    } else {
                        ("空でなければなりません", "must be empty")
                    };
                    Message {
                        ja: format!(
                            "小計・合計の行（サービスコード{code}）の「{name}」は{should_ja}。"
                        ),
                        en: format!(
                            "On the subtotal or total row {code}, {wrong} ({name}) {should_en}."
                        ),
                    }
                    .into()
                },
            );
        })
    }),
};

/// `subtotal_mismatch`
pub(crate) static SUBTOTAL_MISMATCH: Rule = Rule {
    code: "subtotal_mismatch",
    severity: Severity::Warning,
    scope: Scope::Table,
    meaning: Words::new(
        "第7表の小計・合計が、その行の合計と一致しません。",
        "Table 7: a subtotal or total does not equal the sum of its rows.",
    ),
    clause: clause::TABLE_7,
    advice: Words::new(
        "ソフトで利用票別表を計算し直してから出力してください。手で直した金額や単位数がないか確認してください。",
        "Calculate the cost table anew in the software and export again; see whether an amount was changed by hand.",
    ),
    check: Check::Costs(|costs, file, found| {
        for person in costs.persons() {
            for wrong in person.wrong_sums() {
                found.report(
                    &SUBTOTAL_MISMATCH,
                    Place::field(file, wrong.line, wrong.column),
                    || {
                        let name = file.column_name(wrong.column);
                        message!(
                            ja: "小計・合計行の「{name}」は{stated}ですが、内訳の合計は{sum}です。",
                            en: "The subtotal or total row says {stated} for {name}; its rows add up to {sum}.",
                            name, stated = wrong.stated, sum = wrong.sum
                        )
                        .into()
                    },
                );
            }
        }
    }),
};

/// Reports a row whose columns do not fit one another.
fn report_unequal(
    rule: &'static Rule,
    record: &Record<'_>,
    key: &str,
    fault: Option<Unequal>,
    (how_ja, how_en): (&str, &str),
    found: &mut Found<'_>,
) {
    let Some(Unequal { stated, expected }) = fault else {
        return;
    };
    found.report(rule, Place::in_record(record, key), || {
        let name = record.file.column_name(key);
        let code = match &record.row {
            Some(Row::CostRow(row)) => row.code.value().map(|code| code.to_string()),
            _ => None,
        }
        .unwrap_or_default();
        Message {
            ja: format!(
                "サービスコード{code}の「{name}」は{stated}ですが、{how_ja}は{expected}です。"
            ),
            en: format!(
                "Service code {code} has {stated} as {key} ({name}); {how_en} is {expected}."
            ),
        }
        .into()
    });
}

/// What to do about arithmetic: the same for all of it.
const CALCULATE: Words = Words::new(
    "ソフトで利用票別表を計算し直してから出力してください。手で直した値や、古い単位数・単価・給付率のままの行がないか確認してください。",
    "Calculate the cost table anew in the software and export again; look for values changed by hand and for old units, prices or rates.",
);

/// `service_units_mismatch`
pub(crate) static SERVICE_UNITS_MISMATCH: Rule = Rule {
    code: "service_units_mismatch",
    severity: Severity::Warning,
    scope: Scope::Record,
    meaning: Words::new(
        "第7表で、単位数（割引後があればその単位数）×回数が、サービス単位と一致しません。",
        "Table 7: units (after discount where there is one) times count is not the service units.",
    ),
    clause: clause::TABLE_7,
    advice: CALCULATE,
    check: Check::Records(|file| {
        each_row(file, |row, record, found| {
            report_unequal(
                &SERVICE_UNITS_MISMATCH,
                record,
                "service_units",
                row.service_units_fault(),
                ("単位数×回数", "units times count"),
                found,
            );
        })
    }),
};

/// `cost_mismatch`
pub(crate) static COST_MISMATCH: Rule = Rule {
    code: "cost_mismatch",
    severity: Severity::Warning,
    scope: Scope::Record,
    meaning: Words::new(
        "第7表で、区分支給限度基準内単位数×単位数単価（1円未満切捨て）が、費用総額と一致しません。",
        "Table 7: units within the limit times the unit price, rounded down, is not the total cost.",
    ),
    clause: clause::TABLE_7,
    advice: CALCULATE,
    check: Check::Records(|file| {
        each_row(file, |row, record, found| {
            report_unequal(
                &COST_MISMATCH,
                record,
                "total_cost",
                row.cost_fault(),
                (
                    "限度内単位数×単価（切捨て）",
                    "units within the limit times the unit price, rounded down,",
                ),
                found,
            );
        })
    }),
};

/// `claim_mismatch`
pub(crate) static CLAIM_MISMATCH: Rule = Rule {
    code: "claim_mismatch",
    severity: Severity::Warning,
    scope: Scope::Record,
    meaning: Words::new(
        "第7表で、費用総額×給付率（1円未満切捨て）が、保険請求額と一致しません。",
        "Table 7: total cost times the benefit rate, rounded down, is not the insurance claim.",
    ),
    clause: clause::TABLE_7,
    advice: CALCULATE,
    check: Check::Records(|file| {
        each_row(file, |row, record, found| {
            report_unequal(
                &CLAIM_MISMATCH,
                record,
                "insurance_claim",
                row.claim_fault(),
                (
                    "費用総額×給付率（切捨て）",
                    "total cost times the benefit rate, rounded down,",
                ),
                found,
            );
        })
    }),
};

/// `copay_mismatch`
pub(crate) static COPAY_MISMATCH: Rule = Rule {
    code: "copay_mismatch",
    severity: Severity::Warning,
    scope: Scope::Record,
    meaning: Words::new(
        "第7表で、費用総額から保険請求額を引いた額が、利用者負担額と一致しません。",
        "Table 7: total cost less the insurance claim is not the user's share.",
    ),
    clause: clause::TABLE_7,
    advice: CALCULATE,
    check: Check::Records(|file| {
        each_row(file, |row, record, found| {
            report_unequal(
                &COPAY_MISMATCH,
                record,
                "copay_insured",
                row.copay_fault(),
                ("費用総額－保険請求額", "total cost less insurance claim"),
                found,
            );
        })
    }),
};
