//! Reports: order, cap, profiles, personal data, and the four forms.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests.

mod cases;
mod common;

use std::collections::BTreeSet;

use careplan_check::report::{self, Colour};
use careplan_check::{Checker, Profile, Report, Rule, Setting, Source};
use careplan_core::Lang;
use cases::CASES;
use common::{Given, actuals, deletion, kept, month, plan, preventive};
use serde_json::Value;

/// A month's files with faults that offices really have.
fn faulty_month() -> Given {
    month()
        .set("UPPLAN", 4, 10, "2026/10/12")
        .set("UPPLAN", 6, 12, "2561")
        .set("UPPLAN", 20, 16, "")
        .set_bytes("UPPLAN", 23, 7, b"\"\x8E\x52\x96\x7B\x81\x40\xF0\x40\"")
        .set("UPPLAN", 27, 10, "20261126")
        .repeat_row("UPPLAN", 32)
        .set("UPSIKYU", 4, 24, "46912")
        .set("UPSIKYU", 10, 16, "8")
        .set("UPSIKYU", 12, 18, "3067")
        .drop_rows("UPSIKYU", 27..=27)
        .set("UPHOSOKU", 2, 9, "1540001")
        .set("UPHOSOKU", 3, 3, "\"H386215699\"")
}

fn page_checker() -> Checker {
    Checker::new().tables(true)
}

/// A wrong number in the supplement is told from both sides; a wrong count as what it contradicts.
#[test]
fn notices_are_in_the_order_of_file_line_and_column() {
    let report = faulty_month().check();
    let places: Vec<_> = report
        .notices
        .iter()
        .map(|notice| {
            let file = report
                .files
                .iter()
                .position(|file| file.name == notice.file);
            (file, notice.line, notice.column)
        })
        .collect();
    assert!(places.is_sorted(), "{places:?}");
    let codes: Vec<_> = report
        .notices
        .iter()
        .map(|notice| notice.rule.code)
        .collect();
    assert_eq!(
        codes,
        [
            "format_invalid",
            "person_unexpected",
            "format_invalid",
            "date_invalid",
            "equipment_code_missing",
            "character_user_defined",
            "service_date_outside_month",
            "duplicate_key",
            "person_missing",
            "cost_mismatch",
            "plan_cost_count_mismatch",
            "service_units_mismatch",
            "subtotal_mismatch",
            "total_row_missing",
        ]
    );
}

#[test]
fn the_cap_states_what_it_left_out() {
    let mut given = deletion("DLT1KYO");
    for _ in 0..47 {
        given = given.repeat_row("DLT1KYO", 1);
    }
    let given = given.set_all("DLT1KYO", 4, "20260931");
    let report = given.check_with(&Checker::new().cap(5));
    assert_eq!(report.notices.len(), 5);
    assert_eq!(report.summary.errors, 50);
    let left = &report.left_out[0];
    assert_eq!(
        (left.rule.code, left.line, left.count),
        ("date_invalid", Some(6), 45)
    );
    let text = report::text(&report, Lang::Ja, Colour::Off);
    assert!(text.contains("ほかに45件"), "{text}");
    let json: Value = serde_json::from_str(&report::json(&report, Lang::En)).unwrap();
    assert_eq!(json["notices"].as_array().unwrap().len(), 6);
    assert_eq!(json["notices"][5]["line"], 6);
    assert_eq!(json["notices"][5]["code"], "date_invalid");
    assert!(
        json["notices"][5]["message"]
            .as_str()
            .unwrap()
            .starts_with("45 more")
    );
    let sarif: Value = serde_json::from_str(&report::sarif(&report, Lang::En)).unwrap();
    assert_eq!(sarif["runs"][0]["results"][5]["occurrenceCount"], 45);
    assert!(report::html(&report, Lang::Ja).contains("ほかに45件"));
}

#[test]
fn json_has_the_fields_agreed_and_no_others() {
    let report = faulty_month().check();
    let json: Value = serde_json::from_str(&report::json(&report, Lang::Ja)).unwrap();
    let keys = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<BTreeSet<_>>()
    };
    let set = |keys: &[&str]| {
        keys.iter()
            .map(|key| (*key).to_owned())
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(keys(&json), set(&["notices", "summary"]));
    assert_eq!(
        keys(&json["summary"]),
        set(&["files", "records", "errors", "warnings", "infos"])
    );
    for notice in json["notices"].as_array().unwrap() {
        let expected = [
            "code", "severity", "file", "line", "column", "field", "message", "advice",
        ];
        assert_eq!(keys(notice), set(&expected));
        assert!(Rule::of(notice["code"].as_str().unwrap()).is_some());
    }
    assert_eq!(json["summary"]["files"], 3);
    assert_eq!(json["summary"]["records"], 93);
    assert_eq!(json["summary"]["errors"], 9);
    assert_eq!(json["summary"]["warnings"], 5);
    let empty: Value = serde_json::from_str(&report::json(&month().check(), Lang::Ja)).unwrap();
    assert_eq!(empty["notices"], Value::Array(Vec::new()));
}

/// What SARIF 2.1.0 asks for; the log was validated against the published schema besides.
#[test]
fn sarif_has_what_the_standard_asks_for() {
    let profile = Profile::standard().with(Rule::of("order").unwrap(), Setting::Off);
    let report = faulty_month().check_with(&Checker::new().profile(profile));
    let log: Value = serde_json::from_str(&report::sarif(&report, Lang::En)).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), Rule::all().len());
    assert_eq!(
        run["results"].as_array().unwrap().len(),
        report.notices.len()
    );
    for (result, notice) in run["results"]
        .as_array()
        .unwrap()
        .iter()
        .zip(&report.notices)
    {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], notice.rule.code);
        assert_eq!(result["ruleId"], notice.rule.code);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        let physical = &result["locations"][0]["physicalLocation"];
        let artifact =
            usize::try_from(physical["artifactLocation"]["index"].as_u64().unwrap()).unwrap();
        assert_eq!(
            run["artifacts"][artifact]["location"]["uri"],
            physical["artifactLocation"]["uri"]
        );
        assert_eq!(physical["region"]["startLine"].as_u64(), notice.line);
    }
    let changed = &run["invocations"][0]["ruleConfigurationOverrides"][0];
    assert_eq!(changed["descriptor"]["id"], "order");
    assert_eq!(changed["configuration"]["enabled"], false);
}

#[test]
fn a_profile_changes_severities_and_every_report_says_so() {
    let profile = Profile::from_toml(
        "name = \"ours\"\n[rules]\ncost_mismatch = \"error\"\nformat_invalid = \"info\"\norder = \"off\"\n",
    )
    .unwrap();
    let report = faulty_month().check_with(&page_checker().profile(profile));
    let severity = |code: &str| {
        let notice = report
            .notices
            .iter()
            .find(|notice| notice.rule.code == code)
            .unwrap();
        careplan_check::severity_code(notice.severity)
    };
    assert_eq!(severity("cost_mismatch"), "error");
    assert_eq!(severity("format_invalid"), "info");
    let json: Value = serde_json::from_str(&report::json(&report, Lang::Ja)).unwrap();
    assert_eq!(json["profile"]["name"], "ours");
    assert_eq!(json["profile"]["rules"]["order"], "off");
    for text in [
        report::text(&report, Lang::Ja, Colour::Off),
        report::html(&report, Lang::Ja),
    ] {
        assert!(text.contains("プロファイル「ours」"));
        assert!(text.contains("cost_mismatch: warning → error"));
    }
    let sarif = report::sarif(&report, Lang::Ja);
    assert!(sarif.contains("ruleConfigurationOverrides"));
}

#[test]
fn a_rule_that_is_off_is_not_reported() {
    for case in CASES {
        let rule = Rule::of(case.code).unwrap();
        let profile = Profile::standard().with(rule, Setting::Off);
        let report = (case.trigger)().check_with(&Checker::new().profile(profile));
        assert_eq!(report.notices, [], "{}", case.code);
        assert_eq!(report.summary.errors + report.summary.warnings, 0);
    }
}

/// Texts of the samples that tell who somebody is: names, numbers, addresses, telephones, dates
/// of birth, and free text.
const PERSONAL: &[&str] = &[
    "0462428004",
    "0974689258",
    "H386215698",
    "0959191865",
    "0027322286",
    "0726760591",
    "0205883657",
    "0720922582",
    "462428004",
    "加藤",
    "よし子",
    "カトウ",
    "伊藤",
    "髙橋",
    "ハル",
    "鈴木",
    "文子",
    "田中",
    "渡邉",
    "トメ",
    "山﨑",
    "長女",
    "19480912",
    "19380906",
    "154-0001",
    "1540001",
    "桜丘",
    "神田",
    "立石",
    "03-1234-5678",
    "090-0000-0000",
    "山本",
    "恵子",
    "地域　包子",
    "住み慣れた",
    "薬の飲み忘れ",
    "散歩",
    "高血圧",
];

fn all_forms(report: &Report) -> Vec<(&'static str, String)> {
    vec![
        ("text", report::text(report, Lang::Ja, Colour::Off)),
        ("text", report::text(report, Lang::En, Colour::On)),
        ("json", report::json(report, Lang::Ja)),
        ("json", report::json(report, Lang::En)),
        ("sarif", report::sarif(report, Lang::Ja)),
        ("html", report::html(report, Lang::Ja)),
    ]
}

#[test]
fn no_report_has_personal_data_unless_asked_for() {
    let mut given: Vec<Given> = CASES.iter().map(|case| (case.trigger)()).collect();
    given.push(faulty_month());
    // Columns shifted by one, so that names stand where codes are expected.
    for (prefix, of) in [
        ("UPHOSOKU", month()),
        ("UP1KYO", plan()),
        ("UPKIHON", preventive()),
    ] {
        given.push(of.clone().drop_column(prefix, 4));
        given.push(of.drop_column(prefix, 2));
    }
    // A name and an insured number where a code belongs, in a record of the right length.
    given.push(month().set("UPHOSOKU", 1, 7, "加藤"));
    given.push(month().set("UPHOSOKU", 1, 7, "\"ハル\""));
    given.push(month().set("UPHOSOKU", 1, 2, "0462428004"));
    given.push(month().set("UPHOSOKU", 1, 19, "0462428004"));
    for given in given {
        let report = given.check_with(&page_checker());
        for (form, text) in all_forms(&report) {
            for personal in PERSONAL {
                assert!(
                    !text.contains(personal),
                    "{form} of {:?} shows {personal}",
                    common::codes(&report)
                );
            }
        }
    }
}

#[test]
fn personal_data_are_shown_if_asked_for() {
    let report = faulty_month().check_with(&page_checker().show_values(true));
    assert!(report::text(&report, Lang::Ja, Colour::Off).contains("1540001"));
    let page = report::html(&report, Lang::Ja);
    for personal in ["加藤　よし子", "0462428004"] {
        assert!(page.contains(personal), "{personal}");
    }
}

#[test]
fn the_page_is_self_contained_and_escapes_what_files_say() {
    let report = month()
        .set_all("UPPLAN", 21, "\"<script>alert(1)</script>\"")
        .set("UPPLAN", 1, 23, "<b>")
        .check_with(&page_checker().show_values(true));
    let page = report::html(&report, Lang::Ja);
    assert!(page.starts_with("<!DOCTYPE html>"));
    assert!(!page.contains("<script"), "no scripts at all");
    assert!(page.contains("&lt;script&gt;alert(1)"));
    for outside in ["http:", "https:", "src=", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn the_page_marks_faults_in_the_tables() {
    let report = faulty_month().check_with(&page_checker());
    let page = report::html(&report, Lang::Ja);
    // Table 6: the 12th of October is not a day by its form, so it stands outside the month.
    assert!(page.contains("月外"));
    // Table 7: the wrong cost, with the number of its notice.
    let number = report
        .notices
        .iter()
        .position(|notice| notice.rule.code == "cost_mismatch")
        .unwrap()
        + 1;
    assert!(
        page.contains(&format!("46912<a class=\"ref\" href=\"#n{number}\"")),
        "{number}"
    );
    assert!(page.contains(&format!("<li id=\"n{number}\">")));
    // Without tables being kept there are none.
    assert!(!report::html(&faulty_month().check(), Lang::Ja).contains("月外"));
}

#[test]
fn large_files_show_some_persons_only() {
    let mut bytes = Vec::new();
    for person in 0..100 {
        let line = format!(
            "202407,133594,{person:010},20260921,202610,1370948774,\"\",244,,20261005,,0900,0930,1,111111,,,\"\",,1375169671,\"\",,0,1375169671,\r\n"
        );
        bytes.extend(line.into_bytes());
    }
    let name = "UPJSK_202610_1375169671_11_1370948774_43_20261102113320.CSV";
    let report = page_checker().check([Source::bytes(name, bytes)]).unwrap();
    let page = report::html(&report, Lang::En);
    assert!(page.contains("20 persons are shown, those with notices first; 80 more are not."));
}

#[test]
fn text_is_grouped_and_marks_the_field() {
    let report = actuals().set("UPJSK", 2, 23, "9").check();
    let text = report::text(&report, Lang::En, Colour::Off);
    assert!(text.contains("line 2, column 23: over_30_days"), "{text}");
    assert!(text.contains(",⟦9⟧,1375169671,"), "{text}");
    assert!(text.ends_with("1 files with 33 records checked: 1 error, 0 warnings, 0 infos\n"));
    let coloured = report::text(&report, Lang::En, Colour::On);
    assert!(
        coloured.contains("\u{1b}[1m\u{1b}[31merror\u{1b}[0m"),
        "{coloured:?}"
    );
}

#[test]
fn sample_reports_in_the_documentation_are_current() {
    let report = faulty_month().check_with(&page_checker());
    kept("docs/samples/report.html", &report::html(&report, Lang::Ja));
    kept(
        "docs/samples/report.txt",
        &report::text(&report, Lang::Ja, Colour::Off),
    );
    kept(
        "docs/samples/report.json",
        &(report::json(&report, Lang::Ja) + "\n"),
    );
    kept(
        "docs/samples/report.sarif",
        &(report::sarif(&report, Lang::Ja) + "\n"),
    );
}
