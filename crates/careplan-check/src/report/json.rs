//! The report for programs: `{"notices": […], "summary": {…}}`.

use careplan_core::Lang;
use serde::Serialize;

use super::{Report, Summary};
use crate::notice::severity_code;

#[derive(Serialize)]
struct JsonReport<'r> {
    notices: Vec<JsonNotice<'r>>,
    summary: Summary,
    /// Only if a profile changes something.
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<JsonProfile<'r>>,
}

#[derive(Serialize)]
struct JsonNotice<'r> {
    code: &'r str,
    severity: &'r str,
    file: &'r str,
    line: Option<u64>,
    column: Option<usize>,
    field: Option<&'r str>,
    message: String,
    advice: String,
}

#[derive(Serialize)]
struct JsonProfile<'r> {
    name: Option<&'r str>,
    rules: std::collections::BTreeMap<&'r str, &'r str>,
}

/// Writes the report as one JSON object.
///
/// `notices` has an object per notice with `code`, `severity` (`error`, `warning`, `info`),
/// `file`, `line`, `column`, `field` (each `null` where there is none), `message` and `advice` in
/// the language asked for. Notices left out because of the cap are stated by one notice of the
/// same code at the line of the first of them. `summary` has `files`, `records`, `errors`,
/// `warnings`, `infos`, counting those left out too. If a profile changes rules, `profile` says
/// which.
#[must_use]
pub fn json(report: &Report, lang: Lang) -> String {
    let mut notices: Vec<_> = report
        .notices
        .iter()
        .map(|notice| JsonNotice {
            code: notice.rule.code,
            severity: severity_code(notice.severity),
            file: &notice.file,
            line: notice.line,
            column: notice.column,
            field: notice.field,
            message: notice.message.pick(lang).clone(),
            advice: notice.advice.pick(lang).clone(),
        })
        .collect();
    for left in &report.left_out {
        let statement = JsonNotice {
            code: left.rule.code,
            severity: severity_code(left.severity),
            file: &left.file,
            line: left.line,
            column: None,
            field: None,
            message: left.message().pick(lang).clone(),
            advice: (*left.rule.advice.pick(lang)).to_owned(),
        };
        // Behind the last notice of the file that does not stand further down.
        let at = notices
            .iter()
            .rposition(|notice| notice.file == statement.file && notice.line <= statement.line)
            .map_or(notices.len(), |at| at + 1);
        notices.insert(at, statement);
    }
    let profile = (!report.profile.is_standard()).then(|| JsonProfile {
        name: report.profile.name(),
        rules: report
            .profile
            .settings()
            .map(|(rule, setting)| (rule.code, setting.as_str()))
            .collect(),
    });
    let report = JsonReport {
        notices,
        summary: report.summary,
        profile,
    };
    // Strings and numbers only: it cannot fail.
    serde_json::to_string_pretty(&report).unwrap_or_default()
}
