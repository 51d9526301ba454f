//! The program `licence`: what it answers, and what it says when it cannot.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

fn licence(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_licence"))
        .args(arguments)
        .output()
        .unwrap()
}

#[track_caller]
fn answer(arguments: &[&str]) -> String {
    let output = licence(arguments);
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{complaint}");
    assert_eq!(complaint, "");
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn refusal(arguments: &[&str]) -> String {
    let output = licence(arguments);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(output.stdout, b"");
    String::from_utf8(output.stderr).unwrap()
}

fn fee(offices: &str, years: &str, from: &str) -> Value {
    let text = answer(&[
        "fee",
        "--offices",
        offices,
        "--years",
        years,
        "--from",
        from,
        "--json",
    ]);
    serde_json::from_str(&text).unwrap()
}

/// A file in a folder that is removed with the test.
struct File {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl File {
    fn with(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, text).unwrap();
        Self {
            _folder: folder,
            path,
        }
    }

    fn name(&self) -> &str {
        self.path.to_str().unwrap()
    }
}

#[test]
fn one_office_for_three_years_pays_63_000_yen() {
    let quote = fee("1", "3", "2023-04-20");
    assert_eq!(quote["total"], 63_000);
    let lines = quote["lines"].as_array().unwrap();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[2]["validity"]["first"], "2025-04-20");
    assert_eq!(lines[2]["validity"]["last"], "2026-04-19");
    let text = answer(&[
        "fee",
        "--offices",
        "1",
        "--years",
        "3",
        "--from",
        "2023-04-20",
    ]);
    assert!(text.contains("合計 63,000円（税込）"), "{text}");
    let text = answer(&[
        "fee",
        "--offices",
        "1",
        "--years",
        "3",
        "--from",
        "2023-04-20",
        "--lang",
        "en",
    ]);
    assert!(text.contains("total 63,000 yen, tax included"), "{text}");
}

#[test]
fn fees_go_by_the_first_day_of_each_year() {
    // By the notices: 21,000 yen before June 2025, nothing from then on.
    for (offices, years, from, total) in [
        ("1", "1", "2023-04-01", 21_000),
        ("1", "1", "2025-05-31", 21_000),
        ("1", "1", "2025-06-01", 0),
        ("12", "1", "2024-02-29", 252_000),
        ("2", "4", "2024-06-01", 42_000),
        ("1", "2", "2024-05-31", 42_000),
        ("1", "1", "2027-04-01", 0),
    ] {
        assert_eq!(fee(offices, years, from)["total"], total, "{from}");
    }
}

#[test]
fn an_operators_fee_table_takes_the_place_of_the_built_in_one() {
    let table = File::with(
        "[[period]]\nfrom = \"2023-04-01\"\nfee = 1500\nname_ja = \"試験\"\nname_en = \"trial\"\nsources = [\"a notice\"]\n",
    );
    let text = answer(&[
        "fee",
        "--offices",
        "3",
        "--years",
        "2",
        "--from",
        "2026-01-01",
        "--fees",
        table.name(),
        "--json",
    ]);
    let quote: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(quote["total"], 9_000);
    assert!(answer(&["explain", "--fees", table.name()]).contains("1,500円"));
    let broken = File::with("[[period]]\nfrom = \"2023-04-01\"\nfee = -1\n");
    let why = refusal(&[
        "fee",
        "--offices",
        "3",
        "--years",
        "2",
        "--from",
        "2026-01-01",
        "--fees",
        broken.name(),
    ]);
    assert!(why.contains("料金表の3行目"), "{why}");
}

#[test]
fn what_cannot_be_quoted_is_refused_with_the_reason() {
    let why = refusal(&[
        "fee",
        "--offices",
        "1",
        "--years",
        "1",
        "--from",
        "2023-03-31",
    ]);
    assert!(why.contains("利用申請の受付は2023-04-01からです"), "{why}");
    let why = refusal(&[
        "fee",
        "--offices",
        "1",
        "--years",
        "1",
        "--from",
        "2023-03-31",
        "--lang",
        "en",
    ]);
    assert!(
        why.contains("applications are taken from 2023-04-01"),
        "{why}"
    );
    for (offices, years, from) in [
        ("0", "1", "2023-04-20"),
        ("1", "0", "2023-04-20"),
        ("1", "256", "2023-04-20"),
        ("-1", "1", "2023-04-20"),
        ("1", "1", "2023-02-29"),
        ("1", "1", "2023/04/20"),
        ("1", "1", "2023-4-20"),
        ("1", "1", "令和5年"),
    ] {
        refusal(&[
            "fee",
            "--offices",
            offices,
            "--years",
            years,
            "--from",
            from,
        ]);
    }
    refusal(&["fee", "--offices", "1", "--years", "1"]);
    refusal(&[]);
}

const LEDGER: &str = r#"{"office":"1370948774","at":"2024-05-31T16:00:00Z","event":"applied","by":"KJ000000000001","years":1}
{"office":"1370948774","at":"2024-05-31T16:10:00Z","event":"consented","by":"KJ000000000001","terms":"第2版","read_to_end":true}
{"office":"1370948774","at":"2024-07-01T01:00:00Z","event":"charged","first_day":"2024-06-01","amount":21000,"due":"2024-08-31"}
{"office":"1375169671","at":"2025-06-01T01:00:00Z","event":"applied","by":"KJ000000000002","years":1}
"#;

#[test]
fn a_ledger_answers_for_any_day() {
    let ledger = File::with(LEDGER);
    let state = |on: &str| -> Value {
        let text = answer(&["state", "--ledger", ledger.name(), "--on", on, "--json"]);
        serde_json::from_str(&text).unwrap()
    };
    // 16:10 UTC on 31 May is 1 June in Japan.
    let first = &state("2024-06-01")["offices"][0];
    assert_eq!(first["office"], "1370948774");
    assert_eq!(first["standing"]["state"], "valid");
    assert_eq!(first["standing"]["until"], "2025-05-31");
    assert_eq!(first["licences"][0]["payment"]["state"], "not-charged");
    let payment = |on: &str| state(on)["offices"][0]["licences"][0]["payment"]["state"].clone();
    assert_eq!(payment("2024-08-31"), "charged");
    assert_eq!(payment("2024-09-01"), "overdue");
    assert_eq!(
        state("2025-06-01")["offices"][0]["standing"]["state"],
        "expired"
    );
    let applied = &state("2025-06-01")["offices"][1];
    assert_eq!(applied["applied"], "2025-06-01");
    let text = answer(&[
        "state",
        "--ledger",
        ledger.name(),
        "--on",
        "2024-09-01",
        "--office",
        "1370948774",
    ]);
    assert!(
        text.contains("事業所 1370948774: 有効（2025-05-31まで）"),
        "{text}"
    );
    assert!(
        text.contains("支払期限超過（支払期限 2024-08-31）"),
        "{text}"
    );
    assert!(!text.contains("1375169671"), "{text}");
}

#[test]
fn a_ledger_that_cannot_be_read_is_refused_with_the_line() {
    let ledger = File::with(&LEDGER.replace("2024-05-31T16:10", "2024-05-30T16:10"));
    let why = refusal(&["state", "--ledger", ledger.name(), "--on", "2024-06-01"]);
    assert!(why.contains("台帳の2行目: 事業所1370948774"), "{why}");
    let ledger = File::with("{\"office\": 1}\n");
    let why = refusal(&[
        "state",
        "--ledger",
        ledger.name(),
        "--on",
        "2024-06-01",
        "--lang",
        "en",
    ]);
    assert!(why.contains("ledger, line 1: not an event"), "{why}");
    let why = refusal(&["state", "--ledger", "/nowhere/ledger", "--on", "2024-06-01"]);
    assert!(why.contains("/nowhere/ledger"), "{why}");
    let ledger = File::with(LEDGER);
    let why = refusal(&[
        "state",
        "--ledger",
        ledger.name(),
        "--on",
        "2024-06-01",
        "--office",
        "1310000003",
    ]);
    assert!(why.contains("1310000003"), "{why}");
}

#[test]
fn the_rules_are_told_with_their_dates_and_sources() {
    let text = answer(&["explain"]);
    for said in [
        "2023-04-01",
        "2023-04-20",
        "2025-06-01",
        "21,000円",
        "無料",
        "2月29日",
        "出典: ",
        "有効期限の翌日",
        "国保連合会",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let text = answer(&["explain", "--lang", "en"]);
    assert!(
        text.contains("A licence begins on the day of consent"),
        "{text}"
    );
    let json: Value = serde_json::from_str(&answer(&["explain", "--json"])).unwrap();
    assert_eq!(json["fees"][0]["fee"], 21_000);
}
