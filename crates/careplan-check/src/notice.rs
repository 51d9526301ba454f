//! What is reported: a rule that is not kept, and where.

use std::sync::Arc;

use careplan_core::{Explain, Lang};
use careplan_tables::Severity;

use crate::rule::Rule;
use crate::text::{Message, Words};

/// One departure from the standard.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notice {
    /// The rule that is not kept.
    pub rule: &'static Rule,
    /// How bad it is: the rule's severity, unless the case is milder or a profile changes it.
    pub severity: Severity,
    /// The file as it was given.
    pub file: Arc<str>,
    /// The line in an editor, from 1, on which the field or the record begins; `None` if it is
    /// about the file.
    pub line: Option<u64>,
    /// The column's number in the file's edition, from 1; `None` if it is about the record or the
    /// file.
    pub column: Option<usize>,
    /// The column's key, as in docs/standard/layouts.toml.
    pub field: Option<&'static str>,
    /// The column's name as the standard prints it (項目名).
    pub field_name_ja: Option<&'static str>,
    /// What is wrong.
    pub message: Message,
    /// What to do.
    pub advice: Message,
    /// The line in question, where one can be shown.
    pub excerpt: Option<Excerpt>,
}

impl Explain for Notice {
    /// File, line, column, what is wrong and what to do.
    fn explain(&self, lang: Lang) -> String {
        let mut place = self.file.to_string();
        match (lang, self.line, self.column) {
            (_, None, _) => {}
            (Lang::Ja, Some(line), None) => place.push_str(&format!(" {line}行目")),
            (Lang::Ja, Some(line), Some(column)) => {
                place.push_str(&format!(" {line}行目 {column}列目"));
            }
            (Lang::En, Some(line), None) => place.push_str(&format!(", line {line}")),
            (Lang::En, Some(line), Some(column)) => {
                place.push_str(&format!(", line {line}, column {column}"));
            }
        }
        format!(
            "{place}: {} {}",
            self.message.pick(lang),
            self.advice.pick(lang)
        )
    }
}

/// A line of a file with the field in question, personal data replaced by `***`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// What stands before the field.
    pub before: String,
    /// The field; the whole line if the notice is about the record.
    pub marked: String,
    /// What stands behind it.
    pub after: String,
}

/// Notices of one rule in one file that were counted and not kept, because there are too many.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftOut {
    /// The rule.
    pub rule: &'static Rule,
    /// The severity of those left out.
    pub severity: Severity,
    /// The file as it was given.
    pub file: Arc<str>,
    /// The line of the first one left out.
    pub line: Option<u64>,
    /// How many there are.
    pub count: u64,
}

impl LeftOut {
    /// What stands for them in a report.
    #[must_use]
    pub fn message(&self) -> Message {
        let count = self.count;
        Message {
            ja: format!("同じ種類の指摘がほかに{count}件あります（表示を省略しました）。"),
            en: format!("{count} more of the same kind are not shown."),
        }
    }
}

/// The name of a severity in reports that programs read: `error`, `warning`, `info`.
#[must_use]
pub const fn severity_code(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}

/// The name of a severity for people.
#[must_use]
pub const fn severity_name(severity: Severity) -> Words {
    match severity {
        Severity::Error => Words::new("エラー", "error"),
        Severity::Warning => Words::new("警告", "warning"),
        Severity::Info => Words::new("情報", "info"),
    }
}
