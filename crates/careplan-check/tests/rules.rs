//! Every rule is triggered by what it is for, and by nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests.

mod cases;
mod common;

use careplan_check::{Rule, Severity};
use cases::CASES;
use common::costs;

#[test]
fn every_rule_has_a_case() {
    for rule in Rule::all() {
        assert!(
            CASES.iter().any(|case| case.code == rule.code),
            "{} has no case",
            rule.code
        );
    }
    for case in CASES {
        assert!(Rule::of(case.code).is_some(), "{} is no rule", case.code);
    }
}

#[test]
fn each_rule_is_triggered_by_its_case_alone() {
    let mut wrong = Vec::new();
    for (at, case) in CASES.iter().enumerate() {
        let report = (case.trigger)().check();
        if common::codes(&report) != [case.code] {
            let all: Vec<_> = report
                .notices
                .iter()
                .map(|notice| {
                    let place = (notice.line, notice.column);
                    format!("{} {place:?} {}", notice.rule.code, notice.message.en)
                })
                .collect();
            wrong.push(format!("{at} {}: {all:#?}", case.code));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn near_misses_trigger_nothing() {
    let mut wrong = Vec::new();
    for (at, case) in CASES.iter().enumerate() {
        let report = (case.near)().check();
        if !report.notices.is_empty() {
            wrong.push(format!("{at} {}: {:?}", case.code, report.notices));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn severities_are_the_rules_own_but_for_lengths_between_two() {
    for case in CASES {
        for notice in (case.trigger)().check().notices {
            let info = notice.severity == Severity::Info && case.code == "too_long";
            assert!(
                notice.severity == notice.rule.severity || info,
                "{}",
                case.code
            );
        }
    }
    let report = costs().set("UPSIKYU", 1, 30, "123").check();
    assert_eq!(report.summary.infos, 1);
    assert!(report.passes());
}
