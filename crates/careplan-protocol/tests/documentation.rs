//! Keeps the tables of docs/protocol.md and docs/openapi.json as the code has them.
//!
//! To write them anew after a change: `BLESS=1 cargo test -p careplan-protocol --test documentation`.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fmt::Write;
use std::path::Path;

use careplan_core::Lang;
use careplan_protocol::{Authentication, Endpoint, Event, ProblemCode, SendingState, Wording};

fn calls() -> String {
    let mut table = "| call | needs | what it does |\n| --- | --- | --- |\n".to_owned();
    for endpoint in Endpoint::ALL {
        let needs = match endpoint.authentication() {
            Authentication::Certificate => "certificate",
            Authentication::Session => "session",
        };
        writeln!(
            table,
            "| `{} {}` | {needs} | {} |",
            endpoint.method().as_str(),
            endpoint.template(),
            endpoint.summary()
        )
        .unwrap();
    }
    table
}

fn states() -> String {
    let mut table = "| state | name for people |".to_owned();
    for event in Event::ALL {
        write!(table, " {} |", format!("{event:?}").to_lowercase()).unwrap();
    }
    table.push_str("\n| --- | --- |");
    table.push_str(&" --- |".repeat(Event::ALL.len()));
    table.push('\n');
    for state in SendingState::ALL {
        let (ja, en) = (state.name(Lang::Ja), state.name(Lang::En));
        write!(table, "| `{state}` | {ja} / {en} |").unwrap();
        for event in Event::ALL {
            match state.after(event) {
                Ok(transition) if transition.is_change() => {
                    write!(table, " `{}` |", transition.state()).unwrap();
                }
                Ok(_) => table.push_str(" = |"),
                Err(refused) => write!(table, " {} |", refused.problem()).unwrap(),
            }
        }
        table.push('\n');
    }
    table
}

fn problems() -> String {
    let mut table = "| code | status | retry | Japanese | English |\n\
                     | --- | --- | --- | --- | --- |\n"
        .to_owned();
    for &code in ProblemCode::ALL {
        let words = |lang| {
            let words = Wording::of(code, lang);
            format!("**{}** {}", words.title, words.sentence(lang))
        };
        writeln!(
            table,
            "| `{code}` | {} | {} | {} | {} |",
            code.status(),
            code.retry().as_str(),
            words(Lang::Ja),
            words(Lang::En)
        )
        .unwrap();
    }
    table
}

#[test]
fn the_tables_of_the_protocol_page_are_those_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/protocol.md");
    let page = std::fs::read_to_string(&path)
        .unwrap()
        .replace("\r\n", "\n");
    let mut current = page.clone();
    for (name, table) in [
        ("calls", calls()),
        ("states", states()),
        ("problems", problems()),
    ] {
        let (begin, end) = (
            format!("<!-- {name}: made from the code -->\n"),
            format!("<!-- end of {name} -->"),
        );
        let (before, rest) = current.split_once(&begin).unwrap();
        let (_, after) = rest.split_once(&end).unwrap();
        current = format!("{before}{begin}{table}{end}{after}");
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &current).unwrap();
    } else {
        assert!(
            page == current,
            "docs/protocol.md is not current; run the test with BLESS=1 and commit the page"
        );
    }
}

#[test]
fn the_openapi_document_is_that_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let mut current = serde_json::to_string_pretty(&careplan_protocol::openapi()).unwrap();
    current.push('\n');
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &current).unwrap();
    } else {
        // As values: the order of members is no part of the document.
        let committed = std::fs::read_to_string(&path).unwrap();
        let committed: serde_json::Value = serde_json::from_str(&committed).unwrap();
        assert!(
            committed == careplan_protocol::openapi(),
            "docs/openapi.json is not current; run the test with BLESS=1 and commit it"
        );
    }
}
