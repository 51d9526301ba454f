//! The rules are those of the catalogue, and docs/rules.md is made from them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests.

mod common;

use std::fmt::Write;

use careplan_check::{Rule, severity_code};
use common::kept;

/// The committed copy of the catalogue.
const CATALOGUE: &str = include_str!("../../../docs/standard/rules.toml");

#[test]
fn the_rules_are_those_of_the_catalogue() {
    let catalogue: toml::Table = CATALOGUE.parse().unwrap();
    assert_eq!(Rule::all().len(), catalogue.len());
    for rule in Rule::all() {
        let row = catalogue[rule.code].as_table().unwrap();
        assert_eq!(
            severity_code(rule.severity),
            row["severity"].as_str().unwrap(),
            "{}",
            rule.code
        );
        assert_eq!(
            rule.scope.as_str(),
            row["scope"].as_str().unwrap(),
            "{}",
            rule.code
        );
        assert_eq!(
            rule.meaning.en,
            row["means"].as_str().unwrap(),
            "{}",
            rule.code
        );
    }
    // In the same order, so that a rule is found in both at the same place.
    let codes: Vec<_> = CATALOGUE
        .lines()
        .filter_map(|line| line.strip_prefix('[')?.strip_suffix(']'))
        .collect();
    assert_eq!(
        codes,
        Rule::all().iter().map(|rule| rule.code).collect::<Vec<_>>()
    );
}

#[test]
fn every_rule_says_all_it_has_to() {
    for rule in Rule::all() {
        assert_eq!(Rule::of(rule.code), Some(*rule));
        for words in [rule.meaning, rule.clause, rule.advice] {
            for text in [words.ja, words.en] {
                assert!(text.chars().count() > 5, "{}: {text}", rule.code);
            }
            let is_japanese = |text: &str| text.chars().any(|letter| letter >= '\u{3040}');
            assert!(is_japanese(words.ja), "{}: {}", rule.code, words.ja);
        }
    }
}

/// docs/rules.md as it should be.
fn reference() -> String {
    let mut out = String::from(
        "# Conformance rules (確認規則)\n\n\
         <!-- Made from crates/careplan-check/src/rules by its test `catalogue`; not edited by hand. -->\n\n\
         What `careplan-check` reports. The codes are fixed: filter and configure by them (see [check.md](check.md)).\n\n\
         - **error** (エラー): a receiver that keeps to the standard may refuse the file. 標準仕様どおりの受信側が取り込まないおそれがあります。\n\
         - **warning** (警告): likely to fail or mislead on import. 取り込めない、または誤解されるおそれがあります。\n\
         - **info** (情報): worth knowing. 知っておくとよいことです。\n\n\
         | code | severity | scope | 内容 |\n| --- | --- | --- | --- |\n",
    );
    for rule in Rule::all() {
        let (code, severity) = (rule.code, severity_code(rule.severity));
        let scope = rule.scope.as_str();
        writeln!(
            out,
            "| [`{code}`](#{code}) | {severity} | {scope} | {} |",
            rule.meaning.ja
        )
        .unwrap();
    }
    for rule in Rule::all() {
        write!(
            out,
            "\n## {}\n\n**{}**, {}. {}\n\n{}\n\n\
             - Clause: {}\n- 根拠: {}\n- What to do: {}\n- 対処: {}\n",
            rule.code,
            severity_code(rule.severity),
            rule.scope.as_str(),
            rule.meaning.en,
            rule.meaning.ja,
            rule.clause.en,
            rule.clause.ja,
            rule.advice.en,
            rule.advice.ja,
        )
        .unwrap();
    }
    out
}

#[test]
fn the_reference_in_the_documentation_is_current() {
    kept("docs/rules.md", &reference());
}
