//! The look at a set before it is taken: conformance to the standard, or a vendor's own rules.

use std::fmt;
use std::io::{self, Read};

use careplan_check::{Checker, Severity, Source};
use careplan_core::{Explain, Lang};
use serde::{Deserialize, Serialize};

use crate::packed::Piece;
use crate::{Refusal, SetHeader};

/// A look at a set before it is taken.
///
/// Errors among the findings keep everything put in together out; warnings are kept with the set.
pub trait PutInCheck: Send {
    /// Looks at one set: the copies that will be sent, or the files themselves if nothing is to be
    /// taken yet.
    ///
    /// # Errors
    /// Why the set could not be looked at, or may not be sent whatever is in it.
    fn check(
        &mut self,
        header: &SetHeader,
        files: &[CheckedFile<'_>],
    ) -> Result<Vec<Finding>, Refusal>;
}

impl<F> PutInCheck for F
where
    F: FnMut(&SetHeader, &[CheckedFile<'_>]) -> Result<Vec<Finding>, Refusal> + Send,
{
    fn check(
        &mut self,
        header: &SetHeader,
        files: &[CheckedFile<'_>],
    ) -> Result<Vec<Finding>, Refusal> {
        self(header, files)
    }
}

/// A file to be looked at.
#[derive(Debug, Clone, Copy)]
pub struct CheckedFile<'a> {
    /// What it is called in the sending.
    pub name: &'a str,
    pub(crate) content: Piece<'a>,
}

impl CheckedFile<'_> {
    /// Opens it for reading, from its beginning; as often as one likes.
    ///
    /// # Errors
    /// Those of the system.
    pub fn open(&self) -> io::Result<Box<dyn Read>> {
        Ok(Box::new(self.content.open()?))
    }
}

/// Something a check found in a file. Without personal data, so it may be kept and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: FindingSeverity,
    /// The rule's stable code, as in docs/rules.md.
    pub code: String,
    /// The file's name.
    pub file: String,
    /// The line, from 1; none if it is about the file.
    pub line: Option<u64>,
    /// The column's number, from 1.
    pub column: Option<usize>,
    /// What is wrong, in Japanese.
    pub message_ja: String,
    /// What is wrong, in English.
    pub message_en: String,
    /// What to do, in Japanese.
    pub advice_ja: String,
    /// What to do, in English.
    pub advice_en: String,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingSeverity {
    /// Worth knowing.
    Info,
    /// Likely to fail or mislead on import.
    Warning,
    /// The receiver may refuse the file: the set is not taken.
    Error,
}

impl FindingSeverity {
    /// The name for people.
    #[must_use]
    pub const fn name(self, lang: Lang) -> &'static str {
        let (ja, en) = match self {
            Self::Info => ("情報", "information"),
            Self::Warning => ("注意", "warning"),
            Self::Error => ("エラー", "error"),
        };
        match lang {
            Lang::Ja => ja,
            Lang::En => en,
        }
    }
}

impl From<Severity> for FindingSeverity {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Info => Self::Info,
            Severity::Warning => Self::Warning,
            Severity::Error => Self::Error,
        }
    }
}

impl Finding {
    /// Whether the set may not be sent because of it.
    #[must_use]
    pub fn keeps_back(&self) -> bool {
        self.severity == FindingSeverity::Error
    }
}

impl Explain for Finding {
    fn explain(&self, lang: Lang) -> String {
        let place = match (self.line, self.column) {
            (Some(line), Some(column)) => lang.pick(
                format!("{} {line}行 {column}項目", self.file),
                format!("{} line {line} column {column}", self.file),
            ),
            (Some(line), None) => lang.pick(
                format!("{} {line}行", self.file),
                format!("{} line {line}", self.file),
            ),
            _ => self.file.clone(),
        };
        let severity = self.severity.name(lang);
        lang.pick(
            format!("{severity} {place}: {} {}", self.message_ja, self.advice_ja),
            format!("{severity} {place}: {} {}", self.message_en, self.advice_en),
        )
    }
}

/// The check against the standard, by `careplan-check`: what a client does unless it is told
/// otherwise.
pub struct ConformanceCheck(Checker);

impl ConformanceCheck {
    /// The standard's rules. At most twenty findings of one rule in a file are kept; the others are
    /// counted.
    #[must_use]
    pub fn new() -> Self {
        Self(Checker::new().cap(20))
    }

    /// The rules as a checker has them, such as with a profile of the office's.
    #[must_use]
    pub const fn with(checker: Checker) -> Self {
        Self(checker)
    }
}

impl Default for ConformanceCheck {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ConformanceCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConformanceCheck").finish_non_exhaustive()
    }
}

impl PutInCheck for ConformanceCheck {
    fn check(
        &mut self,
        _header: &SetHeader,
        files: &[CheckedFile<'_>],
    ) -> Result<Vec<Finding>, Refusal> {
        let sources = files
            .iter()
            .map(|file| Source::reader(file.name, || file.open()));
        let report = self
            .0
            .check_sending(sources)
            .map_err(|error| Refusal::of("check_failed", &error))?;
        let notices = report.notices.iter().map(|notice| Finding {
            severity: notice.severity.into(),
            code: notice.rule.code.to_owned(),
            file: notice.file.to_string(),
            line: notice.line,
            column: notice.column,
            message_ja: notice.message.ja.clone(),
            message_en: notice.message.en.clone(),
            advice_ja: notice.advice.ja.clone(),
            advice_en: notice.advice.en.clone(),
        });
        let left_out = report.left_out.iter().map(|left| {
            let message = left.message();
            Finding {
                severity: left.severity.into(),
                code: left.rule.code.to_owned(),
                file: left.file.to_string(),
                line: left.line,
                column: None,
                message_ja: message.ja,
                message_en: message.en,
                advice_ja: (*left.rule.advice.pick(Lang::Ja)).to_owned(),
                advice_en: (*left.rule.advice.pick(Lang::En)).to_owned(),
            }
        });
        Ok(notices.chain(left_out).collect())
    }
}
