//! The answers as text for people.

use std::fmt::Write as _;

use careplan_core::Lang;
use careplan_licence::{FeeTable, Licence, OfficeState, Quote, fees_in_words, rules_in_words};
use chrono::NaiveDate;
use serde_json::{Value, json};

/// A quote: a line per year, and the sum.
pub(crate) fn quote(quote: &Quote, lang: Lang) -> String {
    let mut text = String::new();
    for line in &quote.lines {
        let (first, last) = (line.validity.first(), line.validity.last());
        let (year, offices, fee, amount) = (line.year, line.offices, line.fee, line.amount);
        let name = line.period.name(lang);
        let words = lang.pick(
            format!("{year}年目 {first}～{last}: {fee}円 × {offices}事業所 = {amount}円（{name}）"),
            format!(
                "year {year}, {first} to {last}: {fee} yen x {offices} = {amount} yen ({name})"
            ),
        );
        text.push_str(&words);
        text.push('\n');
    }
    let total = quote.total;
    text + &lang.pick(
        format!("合計 {total}円（税込）\n"),
        format!("total {total} yen, tax included\n"),
    )
}

/// The states of a ledger's offices on a day.
pub(crate) fn states(states: &[OfficeState], on: NaiveDate, lang: Lang) -> String {
    let mut text = lang.pick(format!("{on} 現在\n"), format!("On {on}\n"));
    if states.is_empty() {
        text.push_str(lang.pick("記録がありません。\n", "There is no event.\n"));
    }
    for state in states {
        let office = state.office;
        let heading = lang.pick(format!("\n事業所 {office}"), format!("\nOffice {office}"));
        // Writing to a text does not fail.
        let _ = writeln!(text, "{heading}: {}", state.standing.in_words(lang));
        for licence in &state.licences {
            let _ = writeln!(text, "  {}", of(licence, lang));
        }
        if let Some(day) = state.applied {
            let words = lang.pick(
                format!("  {day} に利用申請、利用規約の同意待ち"),
                format!("  applied on {day}, consent to the terms is awaited"),
            );
            let _ = writeln!(text, "{words}");
        }
        let _ = writeln!(
            text,
            "  {}{}",
            lang.pick("更新: ", "renewal: "),
            state.renewal.in_words(lang)
        );
        let _ = writeln!(
            text,
            "  {}{}",
            lang.pick("支払方法: ", "payment: "),
            state.payment_method.in_words(lang)
        );
    }
    text
}

fn of(licence: &Licence, lang: Lang) -> String {
    let (first, last, fee) = (
        licence.validity.first(),
        licence.validity.last(),
        licence.fee,
    );
    let payment = licence.payment.in_words(lang);
    lang.pick(
        format!("{first}～{last} {fee}円 {payment}"),
        format!("{first} to {last}, {fee} yen, {payment}"),
    )
}

/// The rules in words, then the fee table with its sources.
pub(crate) fn explanation(fees: &FeeTable, lang: Lang) -> String {
    let mut text = lang
        .pick("ライセンスの決まり\n", "The rules of licences\n")
        .to_owned();
    for rule in rules_in_words(lang) {
        let _ = writeln!(text, "- {rule}");
    }
    text.push_str(lang.pick(
        "\n料金表（年の最初の日で決まります）\n",
        "\nFees, by the first day of the year\n",
    ));
    for (words, period) in fees_in_words(fees, lang) {
        let _ = writeln!(text, "- {words}");
        for source in period.sources() {
            let _ = writeln!(text, "  {}{source}", lang.pick("出典: ", "source: "));
        }
    }
    text
}

/// The same for programs.
pub(crate) fn explanation_as_json(fees: &FeeTable, lang: Lang) -> Value {
    json!({
        "rules": rules_in_words(lang),
        "fees": fees.periods(),
    })
}
