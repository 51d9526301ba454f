//! Plans held against actuals (予定と実績の突合), for a month.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use careplan_core::{Lang, OfficeNumber, YearMonth};
use careplan_tables::compare::{Day, Outcome, Visit as Done};
use careplan_tables::import::Person;
use maud::{Markup, html};

use super::front::{Front, Here, Visit, office_words};
use super::grid::{alias, left_out, person_words};
use super::{away, failed, written};
use crate::desk::Desk;
use crate::month::Month;

/// More differences than this are not read on a page; they are counted.
const MOST_SHOWN: usize = 2_000;

pub(super) async fn compare(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path(month): Path<YearMonth>,
) -> Response {
    let read = match desk.with(move |client| Month::read(client, month)).await {
        Ok(Ok(read)) => read,
        Ok(Err(error)) => return failed(&desk, visit, &error),
        Err(reason) => return away(&desk, visit, reason),
    };
    let lang = visit.lang;
    let words = written::month(month, lang);
    let report = read.compare(None);
    let persons = read.persons();
    let mut shown: Vec<_> = report.differences().collect();
    // As a care manager goes through them: person by person, day by day.
    shown.sort_by_key(|(person, _, day)| {
        let begins = day.planned.iter().chain(&day.actual);
        let begins = begins.map(|visit| visit.starts_at).min();
        (person.person, day.date, begins)
    });
    let differences = shown.len();
    let mut missing: BTreeMap<OfficeNumber, Vec<&Person>> = BTreeMap::new();
    for (person, service) in report.not_received() {
        let people = missing.entry(service.service.office_number).or_default();
        if people.last() != Some(&&person.person) {
            people.push(&person.person);
        }
    }
    let who = |person: &Person| {
        html! {
            a href={ "/months/" (month) "/" (alias(&desk, person)) } { (person_words(person, persons.get(person), lang)) }
        }
    };
    let title = lang.pick(
        format!("{words}の予定と実績の違い"),
        format!("Plans and actuals of {words}"),
    );
    Front::new(&desk, visit, Here::Months, title.clone()).page(&html! {
        h1 { (title) }
        (left_out(&read, lang))
        @if report.people.is_empty() {
            div.card { p { (lang.pick("この月の予定も実績もありません。", "There is neither a plan nor actuals of this month.")) } }
        } @else {
            @if differences == 0 {
                div.notice.ok { p { (lang.pick("届いた実績は、すべて予定どおりです。", "All actuals that came are as planned.")) } }
            } @else {
                p.lead { (lang.pick(format!("予定と違うところが{differences}件あります。"), format!("{differences} are not as planned."))) }
            }
            ul.outcomes { @for outcome in Outcome::ALL {
                @let count = report.count(outcome);
                @if count > 0 { li { (mark(outcome, lang)) " " strong data-outcome=(outcome.name(Lang::En)) { (count) } (lang.pick("件", "")) } }
            } }
        }
        @if !missing.is_empty() {
            div.notice.info {
                p { strong { (lang.pick("実績がまだ届いていない事業所があります。", "Actuals of these offices have not come yet.")) } }
                ul { @for (office, people) in &missing {
                    li { (office_words(&desk, *office, lang)) (lang.pick(format!("　利用者{}名", people.len()), format!(", {} persons", people.len()))) }
                } }
            }
        }
        @if differences > 0 {
            div.wide tabindex="0" role="region" aria-label=(title) {
                table.list {
                    thead { tr {
                        th scope="col" { (lang.pick("利用者", "Person")) }
                        th scope="col" { (lang.pick("日", "Day")) }
                        th scope="col" { (lang.pick("サービス・事業所", "Service, office")) }
                        th scope="col" { (lang.pick("違い", "What")) }
                        th scope="col" { (lang.pick("予定", "Plan")) }
                        th scope="col" { (lang.pick("実績", "Done")) }
                    } }
                    tbody { @for (person, service, day) in shown.iter().take(MOST_SHOWN) { tr {
                        td { (who(&person.person)) }
                        td { (written::day(day.date, lang)) }
                        td {
                            span lang="ja" { (service.service.service_code.service_type().map_or("", |kind| kind.name_ja())) }
                            " " span.mono { (service.service.service_code) } br;
                            (office_words(&desk, service.service.office_number, lang))
                        }
                        td { (mark(day.outcome, lang)) (other_day(day, lang)) }
                        td { (visits(&day.planned, lang)) }
                        td { (visits(&day.actual, lang)) }
                    } } }
                }
            }
            @if differences > MOST_SHOWN {
                p { (lang.pick(format!("はじめの{MOST_SHOWN}件を表示しています。"), format!("The first {MOST_SHOWN} are shown."))) }
            }
        }
        div.actions {
            a.button.second href={ "/months/" (month) } { (lang.pick("利用者の一覧", "All persons")) }
            button.button.second type="button" data-print hidden { (lang.pick("印刷する", "Print")) }
        }
    })
}

fn mark(outcome: Outcome, lang: Lang) -> Markup {
    let class = match outcome {
        Outcome::AsPlanned => "ok",
        Outcome::NotDone | Outcome::Unplanned => "error",
        _ => "warning",
    };
    html! { span class={ "tag " (class) } { (outcome.name(lang)) } }
}

fn other_day(day: &Day, lang: Lang) -> Markup {
    html! {
        @if let Some(other) = day.other_day { br; "→ " (written::day(other, lang)) }
    }
}

fn visits(visits: &[Done], lang: Lang) -> Markup {
    html! {
        @if visits.is_empty() { "－" }
        @for (at, visit) in visits.iter().enumerate() {
            @if at > 0 { br; }
            @if visit.starts_at.is_some() { (written::times(visit.starts_at, visit.ends_at)) " " }
            (visit.count) (lang.pick("回", "×"))
            @if let Some(equipment) = visit.equipment { " " (equipment) }
        }
    }
}
