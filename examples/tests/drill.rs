//! Short forms of the drills that `cargo xtask drill` runs at length.

#![cfg(all(unix, feature = "cluster"))]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::process::Command;

use serde_json::Value;

/// Runs a drill that must end well; what it tells of each storage.
fn drill(arguments: &[&str]) -> Vec<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_drill"))
        .args(arguments)
        .output()
        .unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{out}{err}");
    out.lines()
        .map(|line| {
            let mut told: Value = serde_json::from_str(line).unwrap();
            assert_eq!(told["good"], true, "{line}");
            told["outcome"].take()
        })
        .collect()
}

#[test]
fn killing_the_platform_under_load_loses_and_doubles_nothing() {
    for told in drill(&["kill", "--kills", "4"]) {
        assert_eq!(told["verdict"]["lost"], 0, "{told}");
        assert_eq!(told["verdict"]["doubled"], 0, "{told}");
        assert_eq!(told["verdict"]["log_faults"], 0, "{told}");
        assert!(
            told["verdict"]["acknowledged"].as_u64().unwrap() >= 4,
            "{told}"
        );
        assert!(told["seed"].is_u64(), "{told}");
    }
}

#[test]
fn killing_the_database_under_load_loses_and_doubles_nothing() {
    let arguments = [
        "kill",
        "--victim",
        "database",
        "--storage",
        "cluster",
        "--kills",
        "3",
    ];
    for told in drill(&arguments) {
        assert_eq!(told["verdict"]["lost"], 0, "{told}");
        assert_eq!(told["verdict"]["doubled"], 0, "{told}");
        assert_eq!(told["verdict"]["log_faults"], 0, "{told}");
        assert!(
            told["verdict"]["acknowledged"].as_u64().unwrap() >= 3,
            "{told}"
        );
    }
}

#[test]
fn the_verdict_finds_what_is_spoilt() {
    let [told] = &drill(&["kill", "--storage", "embedded", "--kills", "1", "--spoil"])[..] else {
        panic!("one storage");
    };
    let spoilt = told["spoiled"].as_object().unwrap();
    assert_eq!(spoilt.len(), 8, "{told}");
    assert!(spoilt.values().all(Value::is_string), "{told}");
}

#[test]
fn a_full_disk_loses_nothing_and_passes() {
    for told in drill(&["disk", "--rounds", "2"]) {
        assert!(told["refused_while_full"].as_u64().unwrap() > 0, "{told}");
        assert_eq!(told["verdict"]["lost"], 0, "{told}");
    }
}

#[test]
fn a_full_disk_of_the_database_loses_nothing_and_passes() {
    let arguments = [
        "disk",
        "--victim",
        "database",
        "--storage",
        "cluster",
        "--rounds",
        "2",
    ];
    for told in drill(&arguments) {
        assert!(told["refused_while_full"].as_u64().unwrap() > 0, "{told}");
        assert_eq!(told["verdict"]["lost"], 0, "{told}");
        assert_eq!(told["verdict"]["doubled"], 0, "{told}");
    }
}

#[test]
fn idle_slow_and_half_open_connections_keep_nobody_from_working() {
    let arguments = [
        "idle",
        "--storage",
        "embedded",
        "--connections",
        "500",
        "--cycles",
        "10",
    ];
    let [told] = &drill(&arguments)[..] else {
        panic!("one storage");
    };
    assert!(told["held_to_the_end"].as_f64().unwrap() >= 500.0, "{told}");
    assert!(
        told["too_large_calls_refused"].as_u64().unwrap() > 0,
        "{told}"
    );
}

#[test]
fn a_long_container_goes_through_without_being_held_in_memory() {
    for told in drill(&["upload", "--megabytes", "100", "--memory", "64"]) {
        assert_eq!(told["identical"], true, "{told}");
    }
}
