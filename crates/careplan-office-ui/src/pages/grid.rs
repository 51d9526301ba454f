//! Months: which there are, the persons of one, and a person's month as the form (サービス利用票).

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use careplan_core::{Lang, YearMonth};
use careplan_tables::compare::Received;
use careplan_tables::import::Person;
use chrono::{Datelike, NaiveDate};
use maud::{Markup, html};

use super::front::{Front, Here, Visit, office_words};
use super::{away, failed, not_found, tables, written};
use crate::desk::Desk;
use crate::month::{Grid, GridRow, Month, PersonSeen, Row, Source};

pub(super) async fn months(State(desk): State<Arc<Desk>>, visit: Visit) -> Response {
    let found = match desk.with(|client| client.months()).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => return failed(&desk, visit, &error),
        Err(reason) => return away(&desk, visit, reason),
    };
    let lang = visit.lang;
    let title = lang.pick("予定と実績", "Plans and actuals");
    Front::new(&desk, visit, Here::Months, title).page(&html! {
        h1 { (title) }
        @if found.is_empty() {
            div.card { p { (lang.pick(
                "第6表（利用票）を送るか受け取ると、ここで月ごとに見られます。",
                "When a table 6 was sent or received, you see it here by month.",
            )) } }
        } @else {
            table.list {
                thead { tr {
                    th scope="col" { (lang.pick("月", "Month")) }
                    th.n scope="col" { (lang.pick("送ったもの", "Sent")) }
                    th.n scope="col" { (lang.pick("届いたもの", "Received")) }
                    th scope="col" { (lang.pick("見る", "Look at")) }
                } }
                tbody { @for (month, count) in found.iter().rev() { tr {
                    th scope="row" { (written::month(*month, lang)) }
                    td.n { (count.sent) } td.n { (count.received) }
                    td.does {
                        a.button.second href={ "/months/" (month) } { (lang.pick("利用票・別表", "Plans")) span.visually-hidden { " " (written::month(*month, lang)) } }
                        " "
                        a.button.second href={ "/months/" (month) "/compare" } { (lang.pick("予定と実績の違い", "Differences")) span.visually-hidden { " " (written::month(*month, lang)) } }
                    }
                } } }
            }
        }
    })
}

/// Who it is, as the page calls a person: by name, where a supplement said it.
pub(super) fn person_words(person: &Person, seen: Option<&PersonSeen>, lang: Lang) -> Markup {
    html! {
        @match seen.filter(|seen| !seen.name.is_empty()) {
            Some(seen) => { span lang="ja" { (seen.name) } " " @if lang == Lang::Ja { "様" } },
            None => { (lang.pick("被保険者番号 ", "Insured ")) (person.insured_number.as_str()) },
        }
    }
}

/// The name of a person in addresses.
pub(super) fn alias(desk: &Desk, person: &Person) -> String {
    let number = format!(
        "{}{}",
        person.insurer_number.as_str(),
        person.insured_number.as_str()
    );
    desk.door.alias(number.as_bytes())
}

/// Persons in the order of their names, as a register has them.
pub(super) fn in_order(month: &Month) -> Vec<(Person, PersonSeen)> {
    let mut persons: Vec<_> = month.persons().into_iter().collect();
    persons.sort_by(|(a, seen), (b, other)| {
        (seen.kana.is_empty(), &seen.kana, a).cmp(&(other.kana.is_empty(), &other.kana, b))
    });
    persons
}

/// What is missing from a month, and where it can be looked at.
pub(super) fn left_out(month: &Month, lang: Lang) -> Markup {
    html! {
        @if month.gone > 0 {
            div.notice.info { p { (lang.pick(
                format!("{}件は、ファイルがこのパソコンに残っていないため含まれていません。", month.gone),
                format!("{} are not in this: their files are not on this computer any more.", month.gone),
            )) } }
        }
        @for (source, why) in &month.left_out {
            @let address = match source {
                Source::Sent(id) => format!("/sent/{id}"),
                Source::Received(id) => format!("/received/{id}"),
            };
            div.notice.warning { p {
                strong { (lang.pick("標準仕様と異なるため、含まれていないものがあります。", "One does not keep to the standard and is not in this. ")) }
                (why.pick(lang)) " "
                a href=(address) { (lang.pick("そのファイルを見る", "Look at its files")) }
            } }
        }
    }
}

pub(super) async fn month(
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
    let title = lang.pick(format!("{words}の利用者"), format!("Persons in {words}"));
    let persons = in_order(&read);
    Front::new(&desk, visit, Here::Months, title.clone()).page(&html! {
        h1 { (title) }
        (left_out(&read, lang))
        @if persons.is_empty() {
            div.card { p { (lang.pick("この月の予定も実績もありません。", "There is neither a plan nor actuals of this month.")) } }
        } @else {
            p { a.button href={ "/months/" (month) "/compare" } { (lang.pick("予定と実績の違いを見る", "Differences between plans and actuals")) } }
            table.list {
                thead { tr {
                    th scope="col" { (lang.pick("利用者", "Person")) }
                    th scope="col" { (lang.pick("被保険者番号", "Insured number")) }
                    th scope="col" { (lang.pick("予定", "Plan")) }
                    th scope="col" { (lang.pick("実績", "Actuals")) }
                } }
                tbody { @for (person, seen) in &persons { tr {
                    th scope="row" { a href={ "/months/" (month) "/" (alias(&desk, person)) } { (person_words(person, Some(seen), lang)) } }
                    td.mono { (person.insured_number.as_str()) }
                    td { (there(seen.planned, lang)) }
                    td { (there(seen.actual, lang)) }
                } } }
            }
        }
        div.actions { a.button.second href="/months" { (lang.pick("ほかの月", "Other months")) } }
    })
}

fn there(there: bool, lang: Lang) -> &'static str {
    if there {
        lang.pick("あり", "yes")
    } else {
        lang.pick("なし", "no")
    }
}

pub(super) async fn person(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path((month, chosen)): Path<(YearMonth, String)>,
) -> Response {
    let read = match desk.with(move |client| Month::read(client, month)).await {
        Ok(Ok(read)) => read,
        Ok(Err(error)) => return failed(&desk, visit, &error),
        Err(reason) => return away(&desk, visit, reason),
    };
    let persons = in_order(&read);
    let place = persons
        .iter()
        .position(|(person, _)| alias(&desk, person) == chosen);
    let Some((place, (person, seen))) = place.and_then(|place| Some((place, persons.get(place)?)))
    else {
        return not_found(&desk, visit);
    };
    let lang = visit.lang;
    let words = written::month(month, lang);
    let mut grid = read.grid(*person);
    // Where an office has not sent its actuals yet, nothing differs.
    let compared = read.compare(Some(*person));
    let services = compared.people.iter().flat_map(|person| &person.services);
    for service in services.filter(|service| service.received != Received::Nothing) {
        grid.compare(&service.service);
    }
    let costs = read.costs(*person);
    let neighbour = |place: Option<usize>| place.and_then(|place| persons.get(place));
    // The name stays out of the title: windows and histories show it.
    let title = lang.pick(
        format!("{words}のサービス利用票"),
        format!("Services in {words}"),
    );
    Front::new(&desk, visit, Here::Months, title.clone()).page(&html! {
        h1 { (title) }
        div.head {
            p.who { strong { (person_words(person, Some(seen), lang)) } }
            dl.line {
                dt { (lang.pick("保険者番号", "Insurer")) } dd { (person.insurer_number.as_str()) }
                dt { (lang.pick("被保険者番号", "Insured number")) } dd { (person.insured_number.as_str()) }
                @if let Some(level) = grid.care_level { dt { (lang.pick("区分", "Care level")) } dd lang="ja" { (level) } }
                @if let Some(units) = grid.limit_units { dt { (lang.pick("区分支給限度額", "Limit")) } dd { (written::number(units)) (lang.pick("単位", " units")) } }
                @if let Some(office) = grid.support_office { dt { (lang.pick("居宅介護支援事業所", "Care manager's office")) } dd { (office_words(&desk, office, lang)) @if !grid.planner.is_empty() { " " span lang="ja" { (grid.planner) } } } }
                @if let Some(date) = grid.created_on { dt { (lang.pick("作成日", "Made on")) } dd { (written::day(date, lang)) } }
            }
        }
        (grid_table(&grid, month, lang))
        @if !costs.is_empty() {
            h2.costs-title { (lang.pick("サービス利用票別表（第7表）", "Costs (table 7)")) }
            (tables::costs(&costs, lang))
        }
        div.actions {
            @if let Some((other, _)) = neighbour(place.checked_sub(1)) {
                a.button.second href={ "/months/" (month) "/" (alias(&desk, other)) } { (lang.pick("前の利用者", "Person before")) }
            }
            @if let Some((other, _)) = neighbour(place.checked_add(1)) {
                a.button.second href={ "/months/" (month) "/" (alias(&desk, other)) } { (lang.pick("次の利用者", "Next person")) }
            }
            a.button.second href={ "/months/" (month) } { (lang.pick("利用者の一覧", "All persons")) }
            button.button.second type="button" data-print hidden { (lang.pick("印刷する", "Print")) }
        }
    })
}

/// Services by day, each with its planned and its actual row.
fn grid_table(grid: &Grid, month: YearMonth, lang: Lang) -> Markup {
    let days: Vec<NaiveDate> = (1..=month.days())
        .filter_map(|day| month.day(day))
        .collect();
    let compared = grid.rows.iter().any(|row| row.compared);
    let title = lang.pick("サービス利用票（第6表）", "Services by day (table 6)");
    html! {
        div.wide tabindex="0" role="region" aria-label=(title) {
            table.grid {
                caption.visually-hidden { (title) }
                colgroup { col.time; col.service; col.label; @for _ in &days { col; } col.sum; }
                thead { tr {
                    th scope="col" { (lang.pick("時間帯", "Time")) }
                    th scope="col" { (lang.pick("サービス・事業所", "Service, office")) }
                    th scope="col" { span.visually-hidden { (lang.pick("予定か実績か", "Plan or actual")) } }
                    @for date in &days {
                        th scope="col" class={ "day " (written::weekend(date.weekday())) } { (date.day()) br; (written::weekday(date.weekday(), lang)) }
                    }
                    th.n scope="col" { (lang.pick("合計", "Sum")) }
                } }
                @for row in &grid.rows {
                    tbody {
                        tr {
                            th rowspan="2" scope="rowgroup" { (written::times(row.service.starts_at, row.service.ends_at)) }
                            th.service rowspan="2" scope="rowgroup" { (service(row)) }
                            (label(lang.pick("予定", "Plan")))
                            @for date in &days { (cell(&row.planned, *date, false, lang)) }
                            td.n { (sum(&row.planned)) }
                        }
                        tr.actual {
                            (label(lang.pick("実績", "Done")))
                            @for date in &days {
                                @let differs = row.compared && row.planned.on(day_of(*date)) != row.actual.on(day_of(*date));
                                (cell(&row.actual, *date, differs, lang))
                            }
                            td.n { (sum(&row.actual)) }
                        }
                    }
                }
            }
        }
        p.legend.quiet {
            @if compared { (lang.pick("太い枠の日は、実績が予定と違います。", "In thick frames: done otherwise than planned. ")) }
            @if grid.rows.iter().any(|row| row.planned.prorated.count() + row.actual.prorated.count() > 0) {
                (lang.pick("「日」は日割の対象日です。", "\u{201c}日\u{201d} marks prorated days."))
            }
        }
    }
}

fn day_of(date: NaiveDate) -> u8 {
    u8::try_from(date.day()).unwrap_or(0)
}

fn service(row: &GridRow) -> Markup {
    let service = &row.service;
    html! {
        span lang="ja" { (service.code.service_type().map_or("", |kind| kind.name_ja())) } " " span.mono { (service.code) }
        @if let Some(detail) = service.detail { " #" (detail) }
        @if !row.equipment_name.is_empty() { br; span lang="ja" { (row.equipment_name) } }
        br; small lang="ja" {
            @if row.office_name.is_empty() { (service.office) } @else { (row.office_name) }
            @if let Some(satellite) = &service.satellite { "-" (satellite) }
        }
    }
}

fn label(words: &str) -> Markup {
    html! { th.label scope="row" { (words) } }
}

fn cell(row: &Row, date: NaiveDate, differs: bool, lang: Lang) -> Markup {
    let (count, prorated) = row.on(day_of(date));
    let weekend = written::weekend(date.weekday());
    let differing = if differs { " differs" } else { "" };
    html! {
        td class={ "day " (weekend) (differing) } {
            @if count > 0 { (count) } @else if prorated { "日" }
            @if differs { span.visually-hidden { (lang.pick("予定と違う", "not as planned")) } }
        }
    }
}

fn sum(row: &Row) -> Markup {
    html! { @if row.sum > 0 { (row.sum) } }
}
