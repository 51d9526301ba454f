//! The exchange, run as a user runs it: the README's promises about it, end to end.

// Helpers of tests fail by panicking, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn exchange(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_exchange"))
        .args(arguments)
        .output()
        .unwrap()
}

/// Runs with `--json` and returns whether it succeeded, and the object.
fn json(arguments: &[&str]) -> (bool, Value) {
    let output = exchange(&[&["--json"], arguments].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    let value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    (output.status.success(), value)
}

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples")
}

fn copy(from: &Path, to: &Path, leave_out: &str) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if leave_out.is_empty() || !name.starts_with(leave_out) {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

/// Asserts that a folder is refused with one error that has all of the words, and nothing sent.
fn assert_refused(folder: &Path, words: &[&str]) {
    let (success, summary) = json(&["--lang", "en", "--data", folder.to_str().unwrap()]);
    assert!(!success);
    assert_eq!(summary["sendings"], 0);
    assert_eq!(summary["identical"], false);
    let errors = summary["errors"].as_array().unwrap();
    let told = errors.iter().any(|error| {
        words
            .iter()
            .all(|word| error.as_str().unwrap().contains(word))
    });
    assert!(told, "{errors:?}");
}

#[test]
fn a_month_arrives_byte_for_byte() {
    let (success, summary) = json(&[]);
    assert!(success);
    // Two plan sets of 5 files, two month sets of 3, two actuals of 1.
    assert_eq!(
        summary.to_string(),
        r#"{"sendings":6,"files":18,"identical":true,"errors":[]}"#
            .parse::<Value>()
            .unwrap()
            .to_string()
    );
}

#[test]
fn the_story_tells_all_twelve_steps_in_both_languages() {
    for (lang, last, not_done) in [
        ("ja", "送ったものと同一", "未実施"),
        ("en", "identical to what was sent", "not done"),
    ] {
        let output = exchange(&["--lang", lang]);
        assert!(output.status.success());
        let story = String::from_utf8(output.stdout).unwrap();
        for step in 1..=12 {
            assert!(
                story.contains(&format!("\n{step}. ")),
                "{lang}: step {step}"
            );
        }
        assert!(story.contains(last));
        // Seven planned visits of the sample month did not take place: counted by hand.
        let not_done = story.lines().find(|line| line.contains(not_done)).unwrap();
        assert!(not_done.trim_end().ends_with(" 7") || not_done.trim_end().ends_with("　7"));
    }
}

#[test]
fn all_sample_folders_travel() {
    // Folder, sendings, files: counted by hand.
    let folders = [
        ("plan-set", 1, 5),
        ("month-set", 1, 3),
        ("actual-set", 1, 1),
        ("deletions", 3, 3),
        ("preventive-set", 1, 7),
        ("edition3-plan-set", 1, 3),
        ("edition3-month-set", 1, 3),
    ];
    assert_eq!(fs::read_dir(samples()).unwrap().count(), folders.len());
    for (folder, sendings, files) in folders {
        let (success, summary) = json(&["--data", samples().join(folder).to_str().unwrap()]);
        assert!(success, "{folder}: {summary}");
        assert_eq!(summary["sendings"], sendings, "{folder}");
        assert_eq!(summary["files"], files, "{folder}");
        assert_eq!(summary["identical"], true, "{folder}");
    }
}

#[test]
fn a_file_that_is_not_of_the_standard_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    copy(&samples().join("month-set"), folder.path(), "");
    fs::write(folder.path().join("memo.txt"), "x").unwrap();
    assert_refused(folder.path(), &["memo.txt"]);
}

#[test]
fn a_set_that_may_not_travel_is_refused_with_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    copy(&samples().join("month-set"), folder.path(), "UPSIKYU");
    assert_refused(folder.path(), &["UPSIKYU"]);
}

#[test]
fn a_file_with_a_fault_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    copy(&samples().join("actual-set"), folder.path(), "");
    let path = fs::read_dir(folder.path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let mut bytes = fs::read(&path).unwrap();
    // The insurer number of the first record becomes a letter: column 2 of line 1.
    bytes[7] = b'x';
    fs::write(&path, bytes).unwrap();
    assert_refused(folder.path(), &["UPJSK", "line 1, column 2"]);
}

#[test]
fn an_empty_or_missing_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert_refused(folder.path(), &["no file to send"]);
    assert_refused(&folder.path().join("nowhere"), &["nowhere"]);
}

#[test]
fn a_home_is_kept_where_one_asks_and_never_over_something_else() {
    let folder = tempfile::tempdir().unwrap();
    let keep = folder.path().join("kept");
    let kept = keep.to_str().unwrap();
    let data = samples().join("actual-set");
    let data = data.to_str().unwrap();
    assert!(json(&["--keep", kept, "--data", data]).0);
    assert!(keep.join("platform").is_dir());
    assert!(keep.join("offices").join("1375169671").is_dir());
    let (success, summary) = json(&["--lang", "en", "--keep", kept, "--data", data]);
    assert!(!success);
    assert!(
        summary["errors"][0]
            .as_str()
            .unwrap()
            .contains("not an empty folder")
    );
}
