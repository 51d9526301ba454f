//! Mistakes that real files have. One mistake gives one kind of notice: what follows from it is
//! not told again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests.

mod common;

use careplan_check::{Checker, Report, Source};
use careplan_core::Lang;
use common::{Given, actuals, codes, costs, month, plan, sample};

/// How many notices there are, those left out included.
fn total(report: &Report) -> u64 {
    let summary = &report.summary;
    summary.errors + summary.warnings + summary.infos
}

#[test]
fn utf8_is_told_once_per_file() {
    for (mark, code) in [(false, "encoding_invalid"), (true, "encoding_bom")] {
        let report = month()
            .utf8("UPPLAN", mark)
            .utf8("UPSIKYU", mark)
            .utf8("UPHOSOKU", mark)
            .check();
        assert_eq!(codes(&report), [code]);
        assert_eq!(total(&report), 3);
    }
    // Where the first character is: 山 of the planner's name.
    let report = actuals().utf8("UPJSK", false).check();
    let notice = &report.notices[0];
    assert_eq!((notice.line, notice.column), (Some(1), Some(7)));
    assert!(notice.message.ja.contains("UTF-8"), "{}", notice.message.ja);
    assert!(notice.advice.ja.contains("Shift_JIS"));
}

#[test]
fn other_faults_of_a_utf8_file_are_told_too() {
    let given = actuals()
        .set("UPJSK", 2, 10, "20261032")
        .utf8("UPJSK", false);
    assert_eq!(given.codes(), ["date_invalid", "encoding_invalid"]);
}

#[test]
fn what_is_no_csv_is_told_once() {
    for bytes in [
        &b"PK\x03\x04\x14\0\x06\0"[..],
        b"%PDF-1.7\n",
        b"\xFF\xFE2\x000\x00",
    ] {
        let report = month().bytes("UPPLAN", |_| bytes.to_vec()).check();
        assert_eq!(total(&report), 1, "{:?}", report.notices);
    }
}

#[test]
fn a_header_row_is_not_taken_as_a_record() {
    let header = |encoded: &str| {
        let header = common::encode(encoded);
        month().bytes("UPPLAN", move |bytes| [&header[..], &bytes].concat())
    };
    for line in [
        "csv_version,insurer_number,insured_number\r\n",
        "\"CSVバージョン\",保険者番号,被保険者番号,作成年月日\r\n",
    ] {
        let report = header(line).check();
        assert_eq!(codes(&report), ["header_row"]);
        assert_eq!(total(&report), 1);
        // The header is no record.
        assert_eq!(report.summary.records, 93);
    }
}

/// What a spreadsheet makes of a file when it is opened and saved.
fn mangled(bytes: Vec<u8>) -> Vec<u8> {
    let text: String = careplan_tables::ms932::decode(&bytes).unwrap().into_owned();
    let mut out = String::new();
    for line in text.lines() {
        let fields: Vec<_> = line.split(',').map(mangle).collect();
        out.push_str(&fields.join(","));
        out.push_str("\r\n");
    }
    common::encode(&out)
}

fn mangle(field: &str) -> String {
    if let Some(text) = field.strip_prefix('"') {
        return text.trim_end_matches('"').to_owned();
    }
    if field == "1370948774" {
        return "1.37E+09".to_owned();
    }
    match field.parse::<f64>() {
        Ok(number) if !field.is_empty() => number.to_string(),
        _ => field.to_owned(),
    }
}

#[test]
fn a_file_saved_by_a_spreadsheet() {
    let report = month().bytes("UPPLAN", mangled).check();
    assert_eq!(
        codes(&report),
        [
            "format_invalid",
            "free_text_not_quoted",
            "leading_zero_lost"
        ]
    );
    let said = |code: &str| {
        let notice = report
            .notices
            .iter()
            .find(|notice| notice.rule.code == code);
        notice.unwrap().clone()
    };
    let office = said("format_invalid");
    assert_eq!(office.field, Some("support_office_number"));
    assert!(
        office.message.ja.contains("1.37E+09"),
        "{}",
        office.message.ja
    );
    assert!(
        office.advice.ja.contains("表計算ソフト"),
        "{}",
        office.advice.ja
    );
    assert_eq!(said("leading_zero_lost").field, Some("insured_number"));
}

#[test]
fn dates_with_slashes_name_the_value_and_the_form() {
    let report = actuals().set("UPJSK", 1, 10, "2026/10/5").check();
    assert_eq!(codes(&report), ["format_invalid"]);
    let notice = &report.notices[0];
    assert!(notice.message.ja.contains("「2026/10/5」"));
    assert!(notice.advice.ja.contains("YYYYMMDD"));
}

#[test]
fn a_lost_zero_is_given_back_where_the_number_is_not_personal() {
    let report = costs().set("UPSIKYU", 9, 36, "370948774").check();
    assert_eq!(codes(&report), ["leading_zero_lost"]);
    assert!(report.notices[0].advice.ja.contains("0370948774"));
}

#[test]
fn the_csv_version_202410() {
    for version in ["202410", "202504", "4.1"] {
        let report = month()
            .set_all("UPPLAN", 1, version)
            .set_all("UPSIKYU", 1, version)
            .set_all("UPHOSOKU", 1, version)
            .check();
        assert_eq!(codes(&report), ["csv_version_unknown"], "{version}");
        assert!(report.notices[0].message.ja.contains(version));
        assert!(report.notices[0].advice.ja.contains("202407"));
    }
}

#[test]
fn an_edition_3_layout_with_an_edition_4_name() {
    let named = sample("edition3-month-set")
        .rename_all("1373960229_1378034246", "1373960229_43_1378034246_11");
    assert_eq!(named.codes(), ["file_name_version_mismatch"]);
    // With the new version in the records as well, the columns do not fit.
    let report = named
        .set_all("UPPLAN", 1, "202407")
        .set_all("UPSIKYU", 1, "202407")
        .set_all("UPHOSOKU", 1, "202407")
        .check();
    assert_eq!(codes(&report), ["column_count", "csv_version_not_in_force"]);
    let count = report
        .notices
        .iter()
        .find(|notice| notice.rule.code == "column_count")
        .unwrap();
    assert!(
        count.message.ja.contains("22個はCSVバージョン202208"),
        "{}",
        count.message.ja
    );
}

#[test]
fn full_width_digits_are_shown() {
    let report = actuals().set("UPJSK", 1, 10, "２０２６１００５").check();
    assert_eq!(codes(&report), ["format_invalid"]);
    assert!(
        report.notices[0]
            .message
            .ja
            .contains("「２０２６１００５」")
    );
    assert!(report.notices[0].message.ja.contains("全角"));
}

#[test]
fn numbers_of_table_2_repeated() {
    let report = plan().set_all("UP2KYO", 13, "1").check();
    assert_eq!(codes(&report), ["duplicate_key"]);
}

#[test]
fn totals_missing_in_table_7() {
    let report = month()
        .drop_rows("UPSIKYU", 27..=27)
        .drop_rows("UPSIKYU", 18..=18)
        .drop_rows("UPSIKYU", 9..=9)
        .check();
    assert_eq!(codes(&report), ["total_row_missing"]);
    let lines: Vec<_> = report.notices.iter().map(|notice| notice.line).collect();
    assert_eq!(lines, [Some(1), Some(9), Some(17)]);
}

#[test]
fn files_of_two_sendings_mixed() {
    // Table 6 of one export with the others of the next.
    let report = month().rename("UPPLAN", "113320", "101500").check();
    assert_eq!(codes(&report), ["set_sequence_mismatch"]);
    let notice = &report.notices[0];
    assert!(notice.file.starts_with("UPPLAN"));
    assert!(notice.message.ja.contains("作成日時"));
    // A complete sending with a left-over table 6 of another one.
    let report = month()
        .and(month().only("UPPLAN").rename("UPPLAN", "113320", "101500"))
        .check();
    assert_eq!(codes(&report), ["set_incomplete"]);
    // What is about to be sent is one sending, whatever it is called.
    let report = Checker::new()
        .check_sending(
            month()
                .rename("UPSIKYU", "1375169671_11", "1375169672_11")
                .sources(),
        )
        .unwrap();
    assert_eq!(codes(&report), ["set_sequence_mismatch"]);
}

#[test]
fn one_file_is_a_sending_only_if_it_is_about_to_be_sent() {
    let services = month().only("UPPLAN");
    assert_eq!(services.codes(), [""; 0]);
    let report = Checker::new().check_sending(services.sources()).unwrap();
    assert_eq!(codes(&report), ["set_incomplete"]);
    assert!(report.notices[0].message.ja.contains("UPSIKYU"));
}

#[test]
fn line_ends_are_told_once_per_file() {
    let old_mac = |bytes: Vec<u8>| {
        let text: Vec<_> = bytes.into_iter().filter(|byte| *byte != b'\n').collect();
        text
    };
    let report = actuals().bytes("UPJSK", old_mac).check();
    assert_eq!(codes(&report), ["line_ending"]);
    assert_eq!(total(&report), 1);
    assert_eq!(report.summary.records, 33);
}

#[test]
fn a_bad_person_is_not_told_again_as_missing_or_uncounted() {
    // A person whose number lost its zero in table 7 only.
    let given = (1..=9).fold(month(), |given, row| {
        given.set("UPSIKYU", row, 3, "462428004")
    });
    assert_eq!(given.codes(), ["leading_zero_lost"]);
    // The same in table 6, and in the supplement.
    let given = (1..=21).fold(month(), |given, row| {
        given.set("UPPLAN", row, 3, "462428004")
    });
    assert_eq!(given.codes(), ["leading_zero_lost"]);
    assert_eq!(
        month().set("UPHOSOKU", 1, 3, "462428004").codes(),
        ["leading_zero_lost"]
    );
}

#[test]
fn a_shifted_record_is_told_once() {
    for row in 1..=9 {
        assert_eq!(
            month().push_field("UPSIKYU", row, "").codes(),
            ["column_count"],
            "{row}"
        );
    }
    assert_eq!(
        month().push_field("UPPLAN", 1, "x").codes(),
        ["column_count"]
    );
}

#[test]
fn a_file_that_is_not_there_or_empty_does_not_make_everybody_missing() {
    for prefix in ["UPPLAN", "UPSIKYU", "UPHOSOKU"] {
        let empty = month().bytes(prefix, |_| Vec::new());
        assert_eq!(empty.codes(), ["empty_file"], "{prefix}");
        assert_eq!(
            month().without(prefix).codes(),
            ["set_incomplete"],
            "{prefix}"
        );
    }
}

#[test]
fn the_rest_of_a_set_is_checked_after_a_file_failed() {
    let report = month()
        .bytes("UPPLAN", |_| b"PK\x03\x04".to_vec())
        .set("UPSIKYU", 9, 7, "1370948774")
        .check();
    assert_eq!(codes(&report), ["encoding_invalid", "total_row_office"]);
}

#[test]
fn a_wrong_month_is_told_once() {
    // All records of a table for another month than its name and the others.
    let report = month().set_all("UPPLAN", 5, "202611").check();
    assert_eq!(codes(&report), ["month_differs_from_name"]);
    assert_eq!(total(&report), 1);
    let report = month().set("UPPLAN", 1, 5, "202611").check();
    assert_eq!(codes(&report), ["month_mixed"]);
    let report = month().set_all("UPHOSOKU", 63, "202611").check();
    assert_eq!(codes(&report), ["month_differs_from_name"]);
}

#[test]
fn one_wrong_amount_is_told_once() {
    for (row, column, text, code) in [
        (1, 17, "2197", "service_units_mismatch"),
        (3, 18, "3077", "subtotal_mismatch"),
        (3, 22, "3077", "cost_mismatch"),
        (3, 24, "35067", "cost_mismatch"),
        (3, 26, "31558", "claim_mismatch"),
        (3, 28, "3506", "copay_mismatch"),
        (9, 17, "8792", "subtotal_mismatch"),
        (9, 24, "97978", "subtotal_mismatch"),
        (9, 28, "9798", "subtotal_mismatch"),
    ] {
        let report = costs().set("UPSIKYU", row, column, text).check();
        assert_eq!(codes(&report), [code], "row {row}, column {column}");
        assert_eq!(total(&report), 1, "row {row}, column {column}");
    }
}

#[test]
fn pictures_are_ignored_unless_named_wrongly() {
    let check = |name: &str| {
        let report = Checker::new()
            .check([Source::bytes(name, &b""[..])])
            .unwrap();
        (codes(&report), report.ignored.len(), report.summary.files)
    };
    let picture = "UPKIHON_IMAGE_1373992383_43_1379745080_11_20260922154840_0001.jpg";
    assert_eq!(check(picture), (vec![], 0, 0));
    assert_eq!(check("weekly-plan.pdf"), (vec![], 1, 0));
    assert_eq!(
        check("UPKIHON_IMAGE_1373992383_43_1379745080_11_20260922154840_1.jpg"),
        (vec!["file_name_invalid"], 0, 0)
    );
    assert_eq!(
        check("UPKIHON_IMAGE_1373992383_43_1379745080_11_20260922154840_0001.png"),
        (vec!["file_name_invalid"], 0, 0)
    );
}

#[test]
fn names_that_a_browser_or_a_person_changed() {
    for (from, to) in [
        (".CSV", " (1).CSV"),
        (".CSV", "_コピー.CSV"),
        ("UPPLAN_", "予定_UPPLAN_"),
    ] {
        let given = month();
        let given = given.rename("UPPLAN", from, to);
        let found = given.codes();
        assert!(found.contains(&"file_name_invalid"), "{to}");
        if from == ".CSV" {
            assert_eq!(found, ["file_name_invalid"], "{to}");
        }
    }
}

#[test]
fn messages_tell_in_both_languages_what_to_do() {
    for case in [
        actuals().set("UPJSK", 1, 23, "9"),
        month().without("UPHOSOKU"),
        Given::new().with_file("UPPLAN.CSV", b"202407,1\r\n"),
    ] {
        for notice in case.check().notices {
            use careplan_core::Explain;
            for lang in [Lang::Ja, Lang::En] {
                let text = notice.explain(lang);
                assert!(text.contains(&*notice.file), "{text}");
                assert!(!notice.advice.pick(lang).is_empty());
            }
        }
    }
    let report = actuals().set("UPJSK", 1, 23, "9").check();
    assert!(
        report.notices[0]
            .advice
            .ja
            .contains("0（非該当）、1（該当）")
    );
}
