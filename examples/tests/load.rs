//! The program `load` measures what it says, against a platform of its own.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::process::{Command, Output};

use serde_json::Value;

fn load(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_load"))
        .args(["--warm-up", "0", "--size", "6000"])
        .args(arguments)
        .output()
        .unwrap()
}

/// The lines it printed.
fn told(output: &Output) -> Vec<Value> {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let text = str::from_utf8(&output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn every_cycle_is_whole_and_is_counted_once() {
    let output = load(&["--offices", "5", "--seconds", "60", "--count", "20"]);
    let lines = told(&output);
    let [outcome] = lines.as_slice() else {
        panic!("{lines:?}");
    };
    for key in ["cycles_per_s", "p50_ms", "p99_ms", "fsyncs_per_s"] {
        assert!(outcome[key].as_f64().unwrap() > 0.0, "{key}: {outcome}");
    }
    assert_eq!(outcome["lost"], 0);
    assert_eq!(outcome["duplicated"], 0);
    assert_eq!(outcome["cycles"], 20);
    assert_eq!(outcome["errors"], serde_json::json!({}));
    for call in ["send", "list", "fetch", "confirm"] {
        assert!(outcome["calls"][call]["p99_ms"].is_f64(), "{call}");
    }
}

#[test]
fn a_filled_storage_is_compared_with_a_small_one() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path().join("home");
    let mut arguments = vec!["--home", home.to_str().unwrap(), "--fill", "100"];
    arguments.extend(["--fill", "1100", "--offices", "2", "--count", "5"]);
    let lines = told(&load(&arguments));
    let [few, many, compared] = lines.as_slice() else {
        panic!("{lines:?}");
    };
    assert_eq!(few["stored_before"], 100);
    assert_eq!(many["stored_before"], 1100);
    assert_eq!(
        (few["cycles"].clone(), many["cycles"].clone()),
        (5.into(), 5.into())
    );
    assert!(compared["p50_ratio"].as_f64().unwrap() > 0.0);
}

#[test]
fn nothing_is_measured_where_nothing_listens() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path().join("home");
    let refused = load(&[
        "--url",
        "https://127.0.0.1:1",
        "--home",
        home.to_str().unwrap(),
    ]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(refused.stdout.is_empty());
    assert!(!refused.stderr.is_empty());
}
