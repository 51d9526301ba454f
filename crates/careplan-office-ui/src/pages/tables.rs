//! The forms as care staff know them: table 1, table 2, table 3 by weekday, table 7 with its sums.

use std::collections::BTreeMap;

use careplan_core::Lang;
use careplan_tables::table::Table7;
use maud::{Markup, html};

use super::documents::Shown;
use super::written::number;

/// Table 1 (居宅サービス計画書（1）).
pub(super) fn care_plan(records: &[&Shown], lang: Lang) -> Markup {
    let facts: [(&str, &str, &str); 9] = [
        ("plan_date", "計画作成（変更）日", "Plan made or changed"),
        ("first_plan_date", "初回計画作成日", "First plan"),
        ("plan_kind", "区分", "Kind"),
        ("certification_status", "認定状況", "Certification"),
        ("certified_on", "認定日", "Certified on"),
        ("care_level", "要介護状態区分", "Care level"),
        ("planner_name", "計画作成者", "Care manager"),
        (
            "support_office_name",
            "居宅介護支援事業者",
            "Care manager's office",
        ),
        ("support_office_number", "事業者番号", "Its number"),
    ];
    let texts: [(&str, &str, &str); 4] = [
        (
            "issue_analysis",
            "利用者及び家族の生活に対する意向を踏まえた課題分析の結果",
            "What the user and the family want, and what was found",
        ),
        (
            "panel_opinion",
            "介護認定審査会の意見及びサービスの種類の指定",
            "The certification panel's opinion and the services it names",
        ),
        (
            "support_policy",
            "総合的な援助の方針",
            "How the support is to be, as a whole",
        ),
        (
            "living_support_reason_other",
            "生活援助中心型の算定理由（その他）",
            "Why help is mainly with the household: other reasons",
        ),
    ];
    html! {
        @for record in records {
            dl.facts {
                @for (key, ja, en) in facts {
                    @if !record.get(key).is_empty() { dt { (lang.pick(ja, en)) } dd { (record.read(key, lang)) } }
                }
                @if !record.get("certified_from").is_empty() {
                    dt { (lang.pick("認定の有効期間", "Certified for")) }
                    dd { (record.read("certified_from", lang)) "～" (record.read("certified_to", lang)) }
                }
                @if !record.get("living_support_reason").is_empty() {
                    dt { (lang.pick("生活援助中心型の算定理由", "Why help is mainly with the household")) }
                    dd { (record.read("living_support_reason", lang)) }
                }
            }
            @for (key, ja, en) in texts {
                @if !record.get(key).is_empty() {
                    h2 { (lang.pick(ja, en)) }
                    p.text lang="ja" { (record.get(key)) }
                }
            }
        }
    }
}

/// Table 2 (居宅サービス計画書（2）), in the order of its numbers, as it is printed.
pub(super) fn needs(records: &[&Shown], lang: Lang) -> Markup {
    let mut rows: Vec<&Shown> = records.to_vec();
    let numbers = |row: &Shown| {
        ["need_number", "goal_number", "support_number"].map(|key| row.get(key).parse::<u32>().ok())
    };
    rows.sort_by_key(|row| numbers(row));
    let title = lang.pick("課題と目標とサービス", "Needs, goals and services");
    html! {
        div.wide tabindex="0" role="region" aria-label=(title) {
            table.small.needs {
                thead { tr {
                    th scope="col" { (lang.pick("生活全般の解決すべき課題", "Need")) }
                    th scope="col" { (lang.pick("長期目標（期間）", "Long-term goal")) }
                    th scope="col" { (lang.pick("短期目標（期間）", "Short-term goal")) }
                    th scope="col" { (lang.pick("サービス内容", "Support")) }
                    th scope="col" { (lang.pick("保険", "Insured")) }
                    th scope="col" { (lang.pick("種別・事業所", "Service, office")) }
                    th scope="col" { (lang.pick("頻度", "How often")) }
                    th scope="col" { (lang.pick("期間", "Period")) }
                } }
                tbody lang="ja" { @for row in rows { tr {
                    td.text { (row.get("need")) }
                    td.text { (row.get("long_term_goal")) (period(row.get("long_term_period"))) }
                    td.text { (row.get("short_term_goal")) (period(row.get("short_term_period"))) }
                    td.text { (row.get("support")) }
                    td { (row.read("insurance_covered", lang)) }
                    td.text { (row.get("service_kind")) " " (row.get("service_office_name")) }
                    td.text { (row.get("frequency")) }
                    td.text { (row.get("period")) }
                } } }
            }
        }
    }
}

fn period(text: &str) -> Markup {
    html! { @if !text.is_empty() { br; span.quiet { (text) } } }
}

/// Table 3 (週間サービス計画表): the week by weekday, the day's activities, what is not weekly.
pub(super) fn week(records: &[&Shown], lang: Lang) -> Markup {
    let mut days: BTreeMap<&str, Vec<&Shown>> = BTreeMap::new();
    for record in records {
        if !record.get("weekday").is_empty() {
            days.entry(record.get("weekday")).or_default().push(record);
        }
    }
    for services in days.values_mut() {
        services.sort_by_key(|record| record.get("starts_at"));
    }
    let mut activities: Vec<&&Shown> = records
        .iter()
        .filter(|record| !record.get("daily_activity").is_empty())
        .collect();
    activities.sort_by_key(|record| record.get("activity_starts_at"));
    html! {
        @if !days.is_empty() {
            h2 { (lang.pick("一週間のサービス", "The week")) }
            div.week {
                @for services in days.values() {
                    section {
                        h3 { @if let Some(first) = services.first() { (first.read("weekday", lang)) } }
                        ul.plain { @for record in services { li {
                            strong { (record.read("starts_at", lang)) "～" (record.read("ends_at", lang)) } br;
                            span.text lang="ja" { (record.get("service")) }
                        } } }
                    }
                }
            }
        }
        @if !activities.is_empty() {
            h2 { (lang.pick("主な日常生活上の活動", "The person's day")) }
            dl.facts { @for record in activities {
                dt { (record.read("activity_starts_at", lang)) "～" (record.read("activity_ends_at", lang)) }
                dd.text lang="ja" { (record.get("daily_activity")) }
            } }
        }
        @let others: Vec<&&Shown> = records.iter().filter(|record| !record.get("non_weekly_service").is_empty()).collect();
        @if !others.is_empty() {
            h2 { (lang.pick("週単位以外のサービス", "Services that are not weekly")) }
            ul { @for record in others { li.text lang="ja" { (record.get("non_weekly_service")) } } }
        }
    }
}

/// A column of the cost table: its names and what stands in it.
struct Cost {
    ja: &'static str,
    en: &'static str,
    value: fn(&Table7<'_>) -> Option<i64>,
}

const COSTS: [Cost; 14] = [
    Cost {
        ja: "単位数",
        en: "Units",
        value: |row| not_zero(row.units),
    },
    Cost {
        ja: "割引後 率%",
        en: "Discount to %",
        value: |row| row.discount_rate.map(i64::from),
    },
    Cost {
        ja: "割引後 単位数",
        en: "Discounted units",
        value: |row| row.discounted_units.map(i64::from),
    },
    Cost {
        ja: "回数",
        en: "Count",
        value: |row| not_zero(row.count),
    },
    Cost {
        ja: "サービス単位／金額",
        en: "Service units",
        value: |row| row.service_units.map(i64::from),
    },
    Cost {
        ja: "給付管理単位数",
        en: "Managed units",
        value: |row| row.managed_units.map(i64::from),
    },
    Cost {
        ja: "種類限度を超える単位数",
        en: "Above the type's limit",
        value: |row| row.type_limit_over_units.map(i64::from),
    },
    Cost {
        ja: "区分限度を超える単位数",
        en: "Above the category's limit",
        value: |row| row.category_limit_over_units.map(i64::from),
    },
    Cost {
        ja: "区分限度内の単位数",
        en: "Within the category's limit",
        value: |row| row.category_limit_within_units.map(i64::from),
    },
    Cost {
        ja: "費用総額（円）",
        en: "Total cost (yen)",
        value: |row| row.total_cost.map(i64::from),
    },
    Cost {
        ja: "給付率%",
        en: "Benefit rate %",
        value: |row| row.benefit_rate.map(i64::from),
    },
    Cost {
        ja: "保険請求額（円）",
        en: "Insurance pays (yen)",
        value: |row| row.insurance_claim.map(i64::from),
    },
    Cost {
        ja: "利用者負担 保険分（円）",
        en: "User pays, insured (yen)",
        value: |row| row.copay_insured.map(i64::from),
    },
    Cost {
        ja: "利用者負担 全額分（円）",
        en: "User pays in full (yen)",
        value: |row| row.copay_full.map(i64::from),
    },
];

/// Units, and the grand total's count, are 0 on rows that are sums: nothing is printed there.
fn not_zero(value: u32) -> Option<i64> {
    (value > 0).then_some(i64::from(value))
}

/// Table 7 (サービス利用票別表).
pub(super) fn costs(rows: &[Table7<'_>], lang: Lang) -> Markup {
    let title = lang.pick("サービス利用票別表（第7表）", "Costs (table 7)");
    // The unit price stands behind the units within the limit, as on the form.
    let price_after = 9;
    html! {
        div.wide tabindex="0" role="region" aria-label=(title) {
            table.costs {
                caption.visually-hidden { (title) }
                thead { tr {
                    th scope="col" { (lang.pick("事業所", "Office")) }
                    th scope="col" { (lang.pick("サービス", "Service")) }
                    @for (at, cost) in COSTS.iter().enumerate() {
                        @if at == price_after { th.n scope="col" { (lang.pick("単位数単価", "Yen per unit")) } }
                        th.n scope="col" { (lang.pick(cost.ja, cost.en)) }
                    }
                } }
                tbody { @for row in rows {
                    @let code = row.service_code;
                    @let total = code.is_grand_total();
                    tr.total[total].subtotal[!total && code.is_subtotal()] {
                        @if total {
                            th colspan="2" scope="row" { (lang.pick("合計", "Total")) }
                        } @else {
                            td lang="ja" { (row.service_office_name.decode()) }
                            th scope="row" {
                                span lang="ja" { (code.service_type().map_or("", |kind| kind.name_ja())) }
                                @if code.is_subtotal() { " " (lang.pick("小計", "subtotal")) }
                                @else { br; span.mono { (code) } }
                                @if !row.equipment_name.is_empty() { br; span lang="ja" { (row.equipment_name.decode()) } }
                            }
                        }
                        @for (at, cost) in COSTS.iter().enumerate() {
                            @if at == price_after { td.n { @if let Some(price) = row.unit_price { (price) } } }
                            td.n { @if let Some(value) = (cost.value)(row) { (number(value)) } }
                        }
                    }
                } }
            }
        }
    }
}
