//! A set's files one by one: the list, storing one, and reading one on the page, whatever it is.
//!
//! Files that came may depart from the standard; they are shown as far as they can be read.

use std::fs::File;
use std::io::{Read as _, Seek as _, Write};

use axum::response::Response;
use careplan_client::{Error, SetFile};
use careplan_core::{Lang, parse_date};
use careplan_tables::Kind;
use careplan_tables::raw::RawSlice;
use careplan_tables::{Column, FileKind, FileName, edition_of, ms932};
use maud::{Markup, html};

use super::front::{Front, Here, Visit};
use super::{away, failed, not_found, tables, to_store, written};
use crate::desk::{Away, Desk};

/// Files longer than this are stored and not shown: a page with them would not be readable.
const MOST_SHOWN: u64 = 32 << 20;

/// A file of a set, copied out of the home.
pub(super) struct Opened {
    name: String,
    file: File,
}

/// Copies the file at a place (from 0) of a set aside; `None` of that place is no file.
pub(super) fn open(
    files: &[SetFile],
    number: usize,
    read: impl FnOnce(&str, &mut dyn Write) -> Result<(), Error>,
) -> Result<Opened, Error> {
    let missing = || careplan_client::ErrorKind::Storage {
        path: number.to_string().into(),
        source: std::io::ErrorKind::NotFound.into(),
    };
    let name = files.get(number).map(|file| file.name.clone());
    let name = name.ok_or_else(missing)?;
    let storage = |source| careplan_client::ErrorKind::Storage {
        path: std::env::temp_dir(),
        source,
    };
    let mut file = tempfile::tempfile().map_err(storage)?;
    read(&name, &mut file)?;
    file.rewind().map_err(storage)?;
    Ok(Opened { name, file })
}

type Asked = Result<Result<Opened, Error>, Away>;

/// Gives a file to the browser to store.
pub(super) fn stored(desk: &Desk, visit: Visit, opened: Asked) -> Response {
    match opened {
        Ok(Ok(opened)) => to_store(opened.file, &opened.name, "application/octet-stream"),
        Ok(Err(error)) => failed(desk, visit, &error),
        Err(reason) => away(desk, visit, reason),
    }
}

/// The files of a set.
pub(super) fn list(base: &str, files: &[SetFile], kept: bool, lang: Lang) -> Markup {
    html! {
        section.card {
            h2 { (lang.pick("ファイル", "Files")) }
            @if !kept {
                p.quiet { (lang.pick("ファイルはこのパソコンに残っていません。", "The files are not on this computer any more.")) }
            }
            ul.files {
                @for (number, file) in files.iter().enumerate() {
                    @let kind = file.name.parse::<FileName>().ok().map(|name| name.kind());
                    @let words = kind.map_or_else(|| lang.pick("添付ファイル", "Attachment"), |kind| kind.name(lang));
                    li {
                        span { strong { (words) } br; span.mono.quiet { (file.name) } " " span.quiet { (written::size(file.bytes)) } }
                        @if kept {
                            span.does {
                                @if kind.is_some() {
                                    a.button.second href={ (base) "/view/" (number) } aria-label=(lang.pick(format!("{words}を見る"), format!("Look at {words}"))) { (lang.pick("見る", "Look")) }
                                }
                                a.button.second href={ (base) "/file/" (number) } download aria-label=(lang.pick(format!("{words}を保存する"), format!("Store {words}"))) { (lang.pick("保存", "Store")) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A record, as far as it can be read: each column with its text.
pub(super) struct Shown {
    fields: Vec<(&'static Column, String)>,
}

impl Shown {
    /// A column's text; empty if the record lacks it.
    pub(super) fn get(&self, key: &str) -> &str {
        let found = self.fields.iter().find(|(column, _)| column.key == key);
        found.map_or("", |(_, text)| text.as_str())
    }

    /// A column as people read it: dates and times written out, codes by their meaning.
    pub(super) fn read(&self, key: &str, lang: Lang) -> String {
        let found = self.fields.iter().find(|(column, _)| column.key == key);
        found.map_or_else(String::new, |(column, text)| readable(column, text, lang))
    }

    fn person(&self) -> (&str, &str) {
        (self.get("insurer_number"), self.get("insured_number"))
    }
}

fn readable(column: &Column, text: &str, lang: Lang) -> String {
    let parsed = match column.kind {
        Kind::Date => parse_date(text.as_bytes())
            .ok()
            .map(|date| written::day(date, lang)),
        Kind::Month => text.parse().ok().map(|month| written::month(month, lang)),
        Kind::Time => text.parse().ok().map(written::clock),
        Kind::Code => column
            .codes
            .and_then(|codes| codes.meaning(text))
            .map(str::to_owned),
        _ => None,
    };
    parsed.unwrap_or_else(|| text.to_owned())
}

/// The records of a file, and how many could not be read.
fn records(name: &FileName, bytes: &[u8]) -> (Vec<Shown>, usize) {
    let edition = edition_of(bytes).unwrap_or(name.edition());
    let columns: Vec<&'static Column> = name.kind().layout().columns_in(edition).collect();
    let mut reader = RawSlice::new(bytes);
    let (mut records, mut unread) = (Vec::new(), 0);
    while let Some(raw) = reader.next_record() {
        if raw.is_empty() {
            continue;
        }
        if raw.len() != columns.len() {
            unread += 1;
            continue;
        }
        let fields = columns.iter().zip(raw.fields()).map(|(column, field)| {
            let content = field.content();
            let text = match ms932::decode(&content) {
                Ok(text) => text.into_owned(),
                Err(_) => "〓".to_owned(),
            };
            (*column, text)
        });
        records.push(Shown {
            fields: fields.collect(),
        });
    }
    (records, unread)
}

/// Shows a file, one person at a time.
pub(super) fn shown(
    desk: &Desk,
    visit: Visit,
    here: Here,
    back: &str,
    number: usize,
    opened: Asked,
    chosen: Option<&str>,
) -> Response {
    let mut opened = match opened {
        Ok(Ok(opened)) => opened,
        Ok(Err(error)) => return failed(desk, visit, &error),
        Err(reason) => return away(desk, visit, reason),
    };
    let lang = visit.lang;
    let Ok(name) = opened.name.parse::<FileName>() else {
        return not_found(desk, visit);
    };
    let mut bytes = Vec::new();
    let length = opened.file.metadata().map_or(0, |metadata| metadata.len());
    let whole = length <= MOST_SHOWN && opened.file.read_to_end(&mut bytes).is_ok();
    let kind = name.kind();
    let (records, unread) = if whole {
        records(&name, &bytes)
    } else {
        (Vec::new(), 0)
    };
    let mut persons: Vec<(&str, &str)> = Vec::new();
    for record in &records {
        if !persons.contains(&record.person()) {
            persons.push(record.person());
        }
    }
    let alias = |person: &(&str, &str)| {
        desk.door
            .alias(format!("{}{}", person.0, person.1).as_bytes())
    };
    let person = persons
        .iter()
        .find(|person| chosen.is_none_or(|chosen| alias(person) == chosen))
        .copied();
    let of_person: Vec<&Shown> = records
        .iter()
        .filter(|record| Some(record.person()) == person)
        .collect();
    let title = kind.name(lang);
    Front::new(desk, visit, here, title).page(&html! {
        h1 { (title) }
        p.quiet.mono { (opened.name) }
        @if !whole {
            div.notice.info { p { (lang.pick("大きなファイルのため、ここでは表示しません。保存して開いてください。", "This file is too large to be shown here: store it and open it.")) } }
        }
        @if unread > 0 {
            div.notice.warning { p { (lang.pick(
                format!("{unread}行は、項目の数が標準仕様と異なるため表示できません。"),
                format!("{unread} lines do not have the standard's columns and are not shown."),
            )) } }
        }
        @if let Some(month) = name.month().filter(|_| matches!(kind, FileKind::Table6Plan | FileKind::Table6Actual | FileKind::Table7)) {
            p { a.button href={ "/months/" (month) } { (lang.pick("利用票・別表の形で見る", "Look at it as the form")) } }
        }
        @if persons.len() > 1 {
            nav.persons.no-print aria-label=(lang.pick("利用者", "Persons")) { ul {
                @for other in &persons {
                    li { a href={ (back) "/view/" (number) "?person=" (alias(other)) } aria-current=[(Some(*other) == person).then_some("true")] {
                        (lang.pick("被保険者番号 ", "Insured ")) (other.1)
                    } }
                }
            } }
        }
        @if let Some(person) = person {
            article.card.document {
                p.quiet { (lang.pick("保険者番号", "Insurer")) " " (person.0) "　" (lang.pick("被保険者番号", "Insured number")) " " (person.1) }
                @match kind {
                    FileKind::Table1 => (tables::care_plan(&of_person, lang)),
                    FileKind::Table2 => (tables::needs(&of_person, lang)),
                    FileKind::Table3 => (tables::week(&of_person, lang)),
                    _ => (columns(&of_person, title, lang)),
                }
            }
        }
        div.actions {
            a.button.second href=(back) { (lang.pick("戻る", "Back")) }
        }
    })
}

/// A column's name for people.
pub(super) fn column_name(column: &Column, lang: Lang) -> String {
    match lang {
        Lang::Ja => column.name_ja.to_owned(),
        Lang::En => column.key.replace('_', " "),
    }
}

/// Any file: one record as a list, several as a table, without what is empty in all of them.
fn columns(records: &[&Shown], title: &str, lang: Lang) -> Markup {
    const ALWAYS: [&str; 4] = [
        "csv_version",
        "insurer_number",
        "insured_number",
        "identifier",
    ];
    let Some(first) = records.first() else {
        return html! {};
    };
    let used: Vec<&'static Column> = first
        .fields
        .iter()
        .map(|(column, _)| *column)
        .filter(|column| !ALWAYS.contains(&column.key))
        .filter(|column| {
            records
                .iter()
                .any(|record| !record.get(column.key).is_empty())
        })
        .collect();
    html! {
        @if records.len() == 1 {
            dl.facts {
                @for column in &used {
                    dt { (column_name(column, lang)) }
                    dd.text { (first.read(column.key, lang)) }
                }
            }
        } @else {
            div.wide tabindex="0" role="region" aria-label=(title) {
                table.small {
                    thead { tr { @for column in &used { th scope="col" { (column_name(column, lang)) } } } }
                    tbody {
                        @for record in records {
                            tr { @for column in &used {
                                @let number = matches!(column.kind, Kind::Int | Kind::Decimal);
                                td.n[number] { (record.read(column.key, lang)) }
                            } }
                        }
                    }
                }
            }
        }
    }
}
