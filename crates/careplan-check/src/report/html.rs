//! The report as a page that a help desk can mail: one file, no scripts, printable, in Japanese
//! and English, with tables 6 and 7 as care staff know them.

use careplan_core::Lang;
use careplan_tables::{FileKind, Severity};
use chrono::{Datelike, Weekday};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::tables::{COST_COLUMNS, Cell, CostKind, CostLine, Grid, Part, PersonView, TableView};
use super::{CheckedFile, Report};
use crate::notice::{Notice, severity_code, severity_name};
use crate::rule::Rule;
use crate::text::{Bilingual, Message, Words};

/// The style sheet inside the page that [`html()`] writes. Whoever serves the page needs its digest
/// for a Content-Security-Policy that allows this style and no other.
pub const HTML_STYLE: &str = include_str!("html.css");

/// Writes the report as an HTML page. It holds both languages; `lang` is the one it opens in.
///
/// Tables 6 and 7 are in it if the check kept them
/// ([`Checker::tables`](crate::Checker::tables)); persons are called by their place in the file
/// unless the check shows personal data.
#[must_use]
pub fn html(report: &Report, lang: Lang) -> String {
    let page = Page { report };
    html! {
        (DOCTYPE)
        html lang=(lang.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (TITLE.pick(lang)) }
                style { (PreEscaped(HTML_STYLE)) }
            }
            body {
                (switch(lang))
                h1 { (both(&TITLE)) }
                (page.summary())
                (page.files())
                (page.notices())
                (page.tables())
                (page.rules())
                footer {
                    p { (words("ケアプランデータ連携標準仕様4.1・CSVファイルレイアウト定義書に基づく確認です。", "Checked against the care plan data standard 4.1 (ケアプランデータ連携標準仕様) and its file layouts.")) }
                    p { "careplan-check " (env!("CARGO_PKG_VERSION")) }
                }
            }
        }
    }
    .into_string()
}

const TITLE: Words = Words::new(
    "ケアプランデータ 確認結果",
    "Care plan data: conformance report",
);

/// Chooses the language without a script: the style sheet shows the one that is checked.
fn switch(lang: Lang) -> Markup {
    html! {
        div.switch {
            label { input #lang-ja type="radio" name="lang" checked[lang == Lang::Ja]; " 日本語" }
            label { input #lang-en type="radio" name="lang" checked[lang == Lang::En]; " English" }
        }
    }
}

/// A text in both languages, of which the page shows one.
fn both<T: AsRef<str>>(text: &Bilingual<T>) -> Markup {
    let (ja, en) = (text.ja.as_ref(), text.en.as_ref());
    if ja == en {
        return html! { (ja) };
    }
    html! { span.ja lang="ja" { (ja) } span.en lang="en" { (en) } }
}

fn words(ja: &'static str, en: &'static str) -> Markup {
    both(&Words::new(ja, en))
}

fn message(make: impl Fn(Lang) -> String) -> Markup {
    both(&Message::both(make))
}

fn tag(severity: Severity) -> Markup {
    html! { span class={ "tag " (severity_code(severity)) } { (both(&severity_name(severity))) } }
}

struct Page<'r> {
    report: &'r Report,
}

impl Page<'_> {
    fn summary(&self) -> Markup {
        let report = self.report;
        let summary = &report.summary;
        let verdict = match report.worst() {
            Some(Severity::Error) => Words::new(
                "このままでは相手が取り込めないおそれがあります。エラーを直してから送ってください。",
                "A receiver may refuse these files: correct the errors before sending.",
            ),
            Some(Severity::Warning) => Words::new(
                "エラーはありません。警告の箇所を確認してから送ってください。",
                "No errors. Look at the warnings before sending.",
            ),
            Some(Severity::Info) => Words::new(
                "エラーも警告もありません。参考情報があります。",
                "No errors and no warnings; there is something worth knowing.",
            ),
            None => Words::new(
                "指摘はありません。そのまま送れます。",
                "Nothing to report: the files can be sent.",
            ),
        };
        let class = report.worst().map_or("none", severity_code);
        html! {
            div class={ "verdict " (class) } { (both(&verdict)) }
            table {
                tr {
                    th { (words("ファイル", "Files")) } th { (words("レコード", "Records")) }
                    th { (tag(Severity::Error)) } th { (tag(Severity::Warning)) } th { (tag(Severity::Info)) }
                }
                tr {
                    @for number in [summary.files, summary.records, summary.errors, summary.warnings, summary.infos] {
                        td.n { (number) }
                    }
                }
            }
            @if !report.profile.is_standard() {
                @let lines = Bilingual { ja: report.profile_lines(Lang::Ja), en: report.profile_lines(Lang::En) };
                div {
                    @for (ja, en) in lines.ja.iter().zip(&lines.en) {
                        p { (both(&Bilingual { ja: ja.as_str(), en: en.as_str() })) }
                    }
                }
            }
            @if !report.shows_values {
                p.clause { (words("個人情報（氏名・被保険者番号・文章など）は *** で伏せてあります。", "Personal data (names, insured numbers, free text) are replaced by ***.")) }
            }
        }
    }

    fn files(&self) -> Markup {
        let report = self.report;
        html! {
            h2 { (words("ファイル", "Files")) }
            div.wide { table {
                tr {
                    th { (words("ファイル名", "Name")) } th { (words("内容", "Content")) }
                    th { (words("CSVバージョン", "CSV version")) } th.n { (words("レコード", "Records")) }
                    th.n { (words("エラー", "Errors")) } th.n { (words("警告", "Warnings")) } th.n { (words("情報", "Infos")) }
                }
                @for (index, file) in report.files.iter().enumerate() {
                    tr {
                        td.file-name {
                            @if has_notices(report, file) { a href={ "#file-" (index) } { (file.name) } }
                            @else { (file.name) }
                        }
                        td { @match file.kind {
                            Some(kind) => (message(|lang| kind.name(lang).to_owned())),
                            None => "-",
                        } }
                        td { (file.edition.csv_version()) }
                        td.n { (file.records) } td.n { (file.errors) } td.n { (file.warnings) } td.n { (file.infos) }
                    }
                }
            } }
            @if !report.sendings.is_empty() {
                h3 { (words("一緒に送るファイルの組", "What is sent together")) }
                ul {
                    @for sending in &report.sendings {
                        li {
                            @match sending.kind {
                                Some(kind) => (message(|lang| kind.name(lang).to_owned())),
                                None => (words("標準仕様の組合せではありません", "none of the standard's sets")),
                            }
                            ": "
                            (words_of_number(sending.files.len()))
                        }
                    }
                }
            }
            @if !report.ignored.is_empty() {
                p.clause {
                    (words("確認の対象でないファイル: ", "Files that are not checked: "))
                    @for (at, name) in report.ignored.iter().enumerate() {
                        @if at > 0 { ", " } (name)
                    }
                }
            }
        }
    }

    fn notices(&self) -> Markup {
        let report = self.report;
        html! {
            @if !report.notices.is_empty() { h2 { (words("指摘", "Notices")) } }
            @for (name, notices) in by_file(report) {
                @let index = report.files.iter().position(|file| *file.name == *name);
                section {
                    h3 id=[index.map(|index| format!("file-{index}"))] { span.file-name { (name) } }
                    @for (rule, notices) in by_rule(&notices) {
                        (self.rule_notices(name, rule, &notices))
                    }
                }
            }
        }
    }

    /// The notices of one rule in one file; the advice once if it is the same for all.
    fn rule_notices(&self, file: &str, rule: &Rule, notices: &[Placed<'_>]) -> Markup {
        let worst = notices.iter().map(|(_, notice)| notice.severity).max();
        let severity = worst.unwrap_or(rule.severity);
        let first = notices.first().map(|(_, notice)| &notice.advice);
        let shared =
            first.filter(|advice| notices.iter().all(|(_, notice)| notice.advice == **advice));
        html! {
            div class={ "rule " (severity_code(severity)) } {
                p { (tag(severity)) " " a href={ "#rule-" (rule.code) } { code { (rule.code) } } " " (both(&rule.headline())) }
                ol {
                    @for (index, notice) in notices {
                        li id={ "n" (index + 1) } {
                            span.number { (index + 1) "." }
                            (place(notice))
                            (both(&notice.message))
                            @if let Some(excerpt) = &notice.excerpt {
                                pre {
                                    (excerpt.before)
                                    @if notice.column.is_some() { mark { @if excerpt.marked.is_empty() { "␣" } @else { (excerpt.marked) } } }
                                    @else { (excerpt.marked) }
                                    (excerpt.after)
                                }
                            }
                            @if shared.is_none() { p.advice { (both(&notice.advice)) } }
                        }
                    }
                    @for left in self.report.left_out.iter().filter(|left| *left.rule == *rule && *left.file == *file) {
                        li { (both(&left.message())) }
                    }
                }
                @if let Some(advice) = shared { p.advice { (both(advice)) } }
            }
        }
    }

    fn tables(&self) -> Markup {
        html! {
            @for view in &self.report.tables {
                h2 { (message(|lang| view.kind.name(lang).to_owned())) }
                p.file-name { (view.file) }
                @for person in &view.persons { (self.person(view.kind, person)) }
                @if view.not_shown > 0 {
                    p.clause { (message(|lang| not_shown(view, lang))) }
                }
            }
        }
    }

    fn person(&self, kind: FileKind, person: &PersonView) -> Markup {
        html! {
            section.person {
                h3 {
                    (message(|lang| match lang {
                        Lang::Ja => format!("利用者{}（{}行目から）", person.number, person.first_line),
                        Lang::En => format!("Person {} (from line {})", person.number, person.first_line),
                    }))
                    @if let Some((insurer, insured)) = &person.numbers {
                        " " (insurer) " " (insured)
                    }
                    @if let Some(name) = &person.name { " " (name) }
                }
                div.wide {
                    @match &person.part {
                        Part::Services(grid) => (self.grid(kind, grid)),
                        Part::Costs(lines) => (self.costs(lines)),
                    }
                }
            }
        }
    }

    /// The month's services by day (サービス利用票).
    fn grid(&self, kind: FileKind, grid: &Grid) -> Markup {
        let days: Vec<_> = grid
            .month
            .map(|month| {
                (1..=month.days())
                    .filter_map(|day| month.day(day))
                    .collect()
            })
            .unwrap_or_default();
        let outside = grid.rows.iter().any(|row| {
            row.days
                .last()
                .is_some_and(|cell| !cell.text.is_empty() || !cell.marks.is_empty())
        });
        let shown = days.len() + usize::from(outside);
        let planned = if kind == FileKind::Table6Plan {
            Words::new("予定", "planned")
        } else {
            Words::new("実績", "actual")
        };
        html! {
            table.grid {
                colgroup { col.time; col.service; col.office; col.label; @for _ in 0..shown { col; } col.sum; }
                tr {
                    th { (words("提供時間帯", "Time")) } th { (words("サービス", "Service")) } th { (words("事業所", "Office")) } th { }
                    @for date in &days { th class={ "day n " (weekend(date.weekday())) } { (date.day()) br; (both(&weekday(date.weekday()))) } }
                    @if outside { th.day { (words("月外", "out")) } }
                    th.n { (words("合計", "Sum")) }
                }
                @for row in &grid.rows {
                    tr {
                        td { (clock(&row.starts)) @if !row.ends.is_empty() && row.ends != "9999" { "～" (clock(&row.ends)) } }
                        (self.cell(&Cell { text: row.code.clone(), marks: row.marks.clone() }, "", Some(row.service)))
                        td { (row.office_name) " " (row.office) }
                        td { (both(&planned)) }
                        @for (at, cell) in row.days.iter().take(shown).enumerate() {
                            @let class = days.get(at).map_or("", |date| weekend(date.weekday()));
                            (self.cell(cell, &format!("day {class}"), None))
                        }
                        td.n { (row.count) }
                    }
                }
            }
        }
    }

    /// The cost table (サービス利用票別表).
    fn costs(&self, lines: &[CostLine]) -> Markup {
        let layout = FileKind::Table7.layout();
        html! {
            table.costs {
                tr {
                    @for key in COST_COLUMNS {
                        th { (layout.column(key).map_or("", |column| column.name_ja)) }
                    }
                }
                @for line in lines {
                    tr.subtotal[line.kind == CostKind::Subtotal].total[line.kind == CostKind::Total] {
                        @for (at, cell) in line.cells.iter().enumerate() {
                            @let is_text = at < 3 || at + 1 == COST_COLUMNS.len();
                            (self.cell(cell, if is_text { "" } else { "n" }, None))
                        }
                    }
                }
            }
        }
    }

    /// A cell, coloured by the worst of its notices, with their numbers.
    fn cell(&self, cell: &Cell, class: &str, more: Option<&str>) -> Markup {
        let notices = || {
            let marks = cell.marks.iter();
            marks.filter_map(|place| Some((*place, self.report.notices.get(*place)?)))
        };
        let worst = notices().map(|(_, notice)| notice.severity).max();
        html! {
            td class={ (class) " " (worst.map_or("", severity_code)) } {
                (cell.text)
                @if let Some(more) = more { " " (more) }
                @for (place, notice) in notices() {
                    a.ref href={ "#n" (place + 1) } title=(notice.message.ja) { "※" (place + 1) }
                }
            }
        }
    }

    /// What the rules of the report mean.
    fn rules(&self) -> Markup {
        let mut rules: Vec<&Rule> = Vec::new();
        for notice in &self.report.notices {
            if !rules.contains(&notice.rule) {
                rules.push(notice.rule);
            }
        }
        html! {
            @if !rules.is_empty() {
                h2 { (words("規則の説明", "The rules explained")) }
                @for rule in rules {
                    div class={ "rule " (severity_code(rule.severity)) } id={ "rule-" (rule.code) } {
                        p { (tag(rule.severity)) " " code { (rule.code) } " " (message(|lang| rule.scope.name(lang).to_owned())) }
                        p { (both(&rule.meaning)) }
                        p.advice { (both(&rule.advice)) }
                        p.clause { (both(&rule.clause)) }
                    }
                }
            }
        }
    }
}

fn has_notices(report: &Report, file: &CheckedFile) -> bool {
    report.notices.iter().any(|notice| notice.file == file.name)
}

/// A notice with its place in the report.
type Placed<'n> = (usize, &'n Notice);

/// The notices with their places in the report, by file, in the report's order.
fn by_file(report: &Report) -> Vec<(&str, Vec<Placed<'_>>)> {
    let mut files: Vec<(&str, Vec<Placed<'_>>)> = Vec::new();
    for (index, notice) in report.notices.iter().enumerate() {
        match files.last_mut() {
            Some((name, notices)) if *name == &*notice.file => notices.push((index, notice)),
            _ => files.push((&notice.file, vec![(index, notice)])),
        }
    }
    files
}

/// The notices of a file by rule, the worst rules first.
fn by_rule<'n>(notices: &[Placed<'n>]) -> Vec<(&'static Rule, Vec<Placed<'n>>)> {
    let mut rules: Vec<(&'static Rule, Vec<Placed<'n>>)> = Vec::new();
    for placed in notices {
        match rules.iter_mut().find(|(rule, _)| *rule == placed.1.rule) {
            Some((_, of_rule)) => of_rule.push(*placed),
            None => rules.push((placed.1.rule, vec![*placed])),
        }
    }
    rules.sort_by_key(|(_, notices)| {
        let worst = notices.iter().map(|(_, notice)| notice.severity).max();
        std::cmp::Reverse(worst)
    });
    rules
}

/// Line and column of a notice, with the column's name.
fn place(notice: &Notice) -> Markup {
    let Some(line) = notice.line else {
        return html! {};
    };
    let name = notice.field_name_ja.unwrap_or("");
    html! {
        span.place {
            (message(|lang| match (lang, notice.column) {
                (Lang::Ja, None) => format!("{line}行目"),
                (Lang::Ja, Some(column)) => format!("{line}行目 {column}列目 {name}"),
                (Lang::En, None) => format!("Line {line}"),
                (Lang::En, Some(column)) => format!("Line {line}, column {column} {}", notice.field.unwrap_or("")),
            }))
        }
        ": "
    }
}

fn not_shown(view: &TableView, lang: Lang) -> String {
    let (shown, more) = (view.persons.len(), view.not_shown);
    match lang {
        Lang::Ja => format!("指摘のある方を優先して{shown}人分を示しています（ほか{more}人）。"),
        Lang::En => {
            format!("{shown} persons are shown, those with notices first; {more} more are not.")
        }
    }
}

fn words_of_number(files: usize) -> Markup {
    message(|lang| match lang {
        Lang::Ja => format!("{files}ファイル"),
        Lang::En => format!("{files} file{}", if files == 1 { "" } else { "s" }),
    })
}

/// A time of day as people read it: 0930 as 09:30, 9999 as none.
fn clock(time: &str) -> String {
    match time.split_at_checked(2) {
        _ if time == "9999" => "－".to_owned(),
        Some((hours, minutes)) if time.len() == 4 => format!("{hours}:{minutes}"),
        _ => time.to_owned(),
    }
}

const fn weekday(day: Weekday) -> Words {
    match day {
        Weekday::Mon => Words::new("月", "Mo"),
        Weekday::Tue => Words::new("火", "Tu"),
        Weekday::Wed => Words::new("水", "We"),
        Weekday::Thu => Words::new("木", "Th"),
        Weekday::Fri => Words::new("金", "Fr"),
        Weekday::Sat => Words::new("土", "Sa"),
        Weekday::Sun => Words::new("日", "Su"),
    }
}

const fn weekend(day: Weekday) -> &'static str {
    match day {
        Weekday::Sat => "sat",
        Weekday::Sun => "sun",
        _ => "",
    }
}
