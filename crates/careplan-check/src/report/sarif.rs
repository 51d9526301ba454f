//! The report as SARIF 2.1.0 (OASIS, Static Analysis Results Interchange Format), which code hosts
//! and editors show at the lines of the files.

use std::collections::BTreeMap;

use careplan_core::Lang;
use careplan_tables::Severity;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::Report;
use crate::notice::Notice;
use crate::profile::Setting;
use crate::rule::Rule;

/// The schema's published address.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// Writes the report as a SARIF 2.1.0 log of one run.
///
/// A result has the file's address (a relative path as it was given, or `file:` if that was
/// absolute), the line, the column's key as a logical location, and the column's number and the
/// advice as properties. Notices left out because of the cap are one result with an
/// `occurrenceCount`. What a profile changes is in `ruleConfigurationOverrides`.
#[must_use]
pub fn sarif(report: &Report, lang: Lang) -> String {
    let indexes: BTreeMap<&str, usize> = Rule::all()
        .iter()
        .enumerate()
        .map(|(index, rule)| (rule.code, index))
        .collect();
    let artifacts: BTreeMap<&str, usize> = report
        .files
        .iter()
        .enumerate()
        .map(|(index, file)| (&*file.name, index))
        .collect();
    let location = |file: &str, line: Option<u64>, snippet: Option<String>| {
        let mut artifact = json!({ "uri": uri(file) });
        if let Some(index) = artifacts.get(file) {
            artifact["index"] = json!(index);
        }
        let mut physical = json!({ "artifactLocation": artifact });
        if let Some(line) = line {
            physical["region"] = json!({ "startLine": line });
            if let Some(snippet) = snippet {
                physical["region"]["snippet"] = json!({ "text": snippet });
            }
        }
        physical
    };
    let result = |notice: &Notice| {
        let snippet = notice.excerpt.as_ref();
        let snippet = snippet.map(|part| format!("{}{}{}", part.before, part.marked, part.after));
        let mut place = json!({ "physicalLocation": location(&notice.file, notice.line, snippet) });
        if let Some(field) = notice.field {
            place["logicalLocations"] = json!([{ "name": field, "kind": "member" }]);
        }
        json!({
            "ruleId": notice.rule.code,
            "ruleIndex": indexes.get(notice.rule.code),
            "level": level(notice.severity),
            "message": { "text": notice.message.pick(lang) },
            "locations": [place],
            "properties": {
                "column": notice.column,
                "advice": notice.advice.pick(lang),
            },
        })
    };
    let mut results: Vec<Value> = report.notices.iter().map(result).collect();
    results.extend(report.left_out.iter().map(|left| {
        json!({
            "ruleId": left.rule.code,
            "ruleIndex": indexes.get(left.rule.code),
            "level": level(left.severity),
            "message": { "text": left.message().pick(lang) },
            "occurrenceCount": left.count,
            "locations": [{ "physicalLocation": location(&left.file, left.line, None) }],
        })
    }));
    let overrides: Vec<Value> = report
        .profile
        .settings()
        .map(|(rule, setting)| {
            json!({
                "descriptor": { "id": rule.code, "index": indexes.get(rule.code) },
                "configuration": configuration(setting),
            })
        })
        .collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "careplan-check",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "language": lang.code(),
                "rules": Rule::all().iter().map(|rule| descriptor(rule, lang)).collect::<Vec<_>>(),
            } },
            "language": lang.code(),
            "invocations": [{
                "executionSuccessful": true,
                "ruleConfigurationOverrides": overrides,
            }],
            "artifacts": report.files.iter().map(|file| json!({
                "location": { "uri": uri(&file.name) },
                "encoding": "Shift_JIS",
                "mimeType": "text/csv",
            })).collect::<Vec<_>>(),
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    // Strings and numbers only: it cannot fail.
    serde_json::to_string_pretty(&log).unwrap_or_default()
}

fn configuration(setting: Setting) -> Value {
    match setting.severity() {
        Some(severity) => json!({ "level": level(severity) }),
        None => json!({ "enabled": false }),
    }
}

fn descriptor(rule: &Rule, lang: Lang) -> Value {
    json!({
        "id": rule.code,
        "shortDescription": { "text": rule.meaning.pick(lang) },
        "help": { "text": rule.advice.pick(lang) },
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": {
            "scope": rule.scope.as_str(),
            "clause": rule.clause.pick(lang),
        },
    })
}

/// What is escaped in a path: all but letters, digits and `-._~/`.
const ESCAPED: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// A path as a URI reference (RFC 3986): absolute ones as `file:`, others relative.
fn uri(path: &str) -> String {
    let path = path.replace('\\', "/");
    let (beginning, rest) = match path.as_bytes() {
        [b'/', ..] => ("file://", path.as_str()),
        [drive, b':', b'/', ..] if drive.is_ascii_alphabetic() => {
            let (drive, rest) = path.split_at(2);
            return format!("file:///{drive}{}", utf8_percent_encode(rest, &ESCAPED));
        }
        _ => ("", path.as_str()),
    };
    format!("{beginning}{}", utf8_percent_encode(rest, &ESCAPED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_uris() {
        assert_eq!(uri("out/UPPLAN.CSV"), "out/UPPLAN.CSV");
        assert_eq!(uri("/home/a b/x.CSV"), "file:///home/a%20b/x.CSV");
        assert_eq!(uri(r"C:\送信\x.CSV"), "file:///C:/%E9%80%81%E4%BF%A1/x.CSV");
    }
}
