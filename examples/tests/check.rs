//! The program `check`: its exit status, its forms of report, and what it says when it cannot run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn samples() -> PathBuf {
    // The tests may run from a copy of the package elsewhere.
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples")
}

fn check(arguments: &[&str], paths: &[&Path]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_check"))
        .args(arguments)
        .args(paths)
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A folder with one deletion, as it should be or with a day that the calendar does not have.
fn deletion(date: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder
            .path()
            .join("DLT1KYO_1370948774_43_1375169671_11_20260921113321.CSV"),
        format!("202407,133594,0462428004,{date}\r\n"),
    )
    .unwrap();
    folder
}

#[test]
fn no_errors_end_with_0() {
    for folder in ["month-set", "plan-set", "preventive-set", "deletions"] {
        let output = check(&[], &[&samples().join(folder)]);
        assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
        assert!(stdout(&output).contains("エラー 0件"));
        assert_eq!(stderr(&output), "");
    }
}

#[test]
fn errors_end_with_1_in_every_form() {
    let folder = deletion("20260931");
    for form in ["text", "json", "sarif", "html"] {
        let output = check(&["--format", form], &[folder.path()]);
        assert_eq!(output.status.code(), Some(1), "{form}");
        let text = stdout(&output);
        assert!(text.contains("date_invalid"), "{form}: {text}");
        assert!(
            text.contains("20260931") && !text.contains("0462428004"),
            "{form}"
        );
        assert_eq!(stderr(&output), "");
    }
}

#[test]
fn json_is_one_object_on_stdout() {
    let folder = deletion("20260931");
    let output = check(&["--format", "json", "--lang", "en"], &[folder.path()]);
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let notice = &report["notices"][0];
    assert_eq!(notice["code"], "date_invalid");
    assert_eq!(notice["severity"], "error");
    assert_eq!(notice["line"], 1);
    assert_eq!(notice["column"], 4);
    assert_eq!(notice["field"], "plan_date");
    assert_eq!(report["summary"]["errors"], 1);
}

#[test]
fn the_report_goes_to_a_file_if_asked_for() {
    let folder = deletion("20260931");
    let out = folder.path().join("report.html");
    let name = out.to_str().unwrap();
    let output = check(&["--format", "html", "--out", name], &[folder.path()]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output), "");
    assert!(
        fs::read_to_string(&out)
            .unwrap()
            .starts_with("<!DOCTYPE html>")
    );
}

#[test]
fn values_are_shown_if_asked_for() {
    let folder = deletion("20260931");
    let output = check(&["--show-values"], &[folder.path()]);
    assert!(stdout(&output).contains("0462428004"));
}

#[test]
fn a_profile_changes_the_outcome_and_is_told() {
    let folder = deletion("20260931");
    let profile = folder.path().join("profile.toml");
    fs::write(
        &profile,
        "name = \"lenient\"\n[rules]\ndate_invalid = \"warning\"\n",
    )
    .unwrap();
    let output = check(&["--profile", profile.to_str().unwrap()], &[folder.path()]);
    assert_eq!(output.status.code(), Some(0));
    assert!(
        stdout(&output).contains("「lenient」"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn one_file_has_no_set_and_two_have() {
    let month = samples().join("month-set");
    let file = |prefix: &str| {
        month.join(format!(
            "{prefix}_202610_1370948774_43_1375169671_11_20260921113320.CSV"
        ))
    };
    let (plan, costs) = (file("UPPLAN"), file("UPSIKYU"));
    assert_eq!(check(&[], &[&plan]).status.code(), Some(0));
    let two = check(&[], &[&plan, &costs]);
    assert_eq!(two.status.code(), Some(1));
    assert!(stdout(&two).contains("set_incomplete"));
    assert_eq!(
        check(&[], &[&plan, &costs, &file("UPHOSOKU")])
            .status
            .code(),
        Some(0)
    );
}

#[test]
fn what_cannot_be_run_ends_with_2_and_says_why() {
    let folder = deletion("20260930");
    let here = folder.path();
    let bad_profile = here.join("bad.toml");
    fs::write(&bad_profile, "[rules]\nno_such_rule = \"off\"\n").unwrap();
    let bad_profile = bad_profile.to_str().unwrap();
    let nowhere = here.join("nowhere/report.txt");
    let empty = tempfile::tempdir().unwrap();
    let missing = here.join("missing.CSV");
    for (arguments, path, said) in [
        (vec![], missing.as_path(), "missing.CSV"),
        (vec![], empty.path(), "CSVファイルがありません"),
        (vec!["--lang", "en"], empty.path(), "no CSV file"),
        (vec!["--profile", bad_profile], here, "no_such_rule"),
        (vec!["--profile", "/no/profile.toml"], here, "profile.toml"),
        (vec!["--out", nowhere.to_str().unwrap()], here, "report.txt"),
        (vec!["--lang", "fr"], here, "ja"),
        (vec!["--format", "xml"], here, "xml"),
    ] {
        let output = check(&arguments, &[path]);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(
            stderr(&output).contains(said),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert_eq!(stdout(&output), "");
    }
    assert_eq!(check(&[], &[]).status.code(), Some(2));
}
