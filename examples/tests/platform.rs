//! The program `platform` as an operator's shell sees it.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn platform(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_platform"))
        .args(["--lang", "en", "--json", "--home"])
        .arg(home)
        .args(arguments)
        .output()
        .unwrap()
}

fn told(output: &Output) -> Value {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn terms_are_added_once_and_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    told(&platform(&home, &["init"]));
    let text = folder.path().join("terms.txt");
    std::fs::write(&text, "abc\n\nabc\n").unwrap();
    let file = text.to_str().unwrap();
    let add = [
        "terms",
        "add",
        "--edition",
        "2026-04",
        "--from",
        "2026-04-01",
        file,
    ];
    let added = told(&platform(&home, &add));
    // printf 'abc\n\nabc\n' | sha256sum
    assert_eq!(
        added["sha256"],
        "d066bf65e15259afb5561c7429a79058d05f2549e5ba54550368997698c57228"
    );
    assert_eq!(told(&platform(&home, &add)), added);

    std::fs::write(&text, "abc\n\nabd\n").unwrap();
    let refused = platform(&home, &add);
    assert_eq!(refused.status.code(), Some(2));
    assert!(refused.stdout.is_empty());
    assert!(!refused.stderr.is_empty());
    let listed = told(&platform(&home, &["terms", "list"]));
    assert_eq!(listed["terms"], Value::Array(vec![added]));
}

#[test]
fn a_platform_nobody_called_has_an_empty_access_log() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    told(&platform(&home, &["init"]));
    let log = told(&platform(&home, &["audit", "list"]));
    assert_eq!(log["accesses"], Value::Array(Vec::new()));
}

#[test]
fn a_folder_that_is_no_home_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = platform(folder.path(), &["terms", "list"]);
    assert_eq!(refused.status.code(), Some(2));
    let reason = String::from_utf8(refused.stderr).unwrap();
    assert!(reason.contains("no platform's home"), "{reason}");
}
