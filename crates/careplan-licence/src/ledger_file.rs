//! Ledgers as text, one event of one office per line: what a platform hands out on request and the
//! program `licence` reads.

use std::sync::Arc;

use careplan_core::{Explain, Lang, OfficeNumber};
use serde::{Deserialize, Serialize};

use crate::{Event, EventRefused, FeeTable, Register};

/// A line of a ledger file: an event and the office it happened to.
///
/// In JSON the office stands beside the event's members:
/// `{"office":"1370948774","at":"2026-10-01T01:00:00Z","event":"applied","by":"KJ000000000001","years":1}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerLine {
    /// The office.
    pub office: OfficeNumber,
    /// What happened to it.
    #[serde(flatten)]
    pub event: Event,
}

impl Register {
    /// Reads a ledger file: JSON lines ([`LedgerLine`]), each office's events in the order in which
    /// they happened. Empty lines are passed over.
    ///
    /// ```
    /// use careplan_licence::{FeeTable, Register};
    ///
    /// let text = r#"
    /// {"office":"1370948774","at":"2023-04-20T00:00:00Z","event":"applied","by":"KJ000000000001","years":1}
    /// {"office":"1370948774","at":"2023-04-20T00:05:00Z","event":"consented","by":"KJ000000000001","terms":"2023-04","read_to_end":true}
    /// "#;
    /// let register = Register::from_json_lines(text, FeeTable::standard())?;
    /// let day = "2023-05-01".parse()?;
    /// let ledger = register.ledger("1370948774".parse()?).ok_or("no such office")?;
    /// assert!(ledger.standing(day).is_valid());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The first line that is no event, or whose event the rules refuse.
    pub fn from_json_lines(text: &str, fees: FeeTable) -> Result<Self, LedgerFileError> {
        let mut register = Self::new(fees);
        // A byte order mark is how some editors begin a file.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (line, written) in (1..).zip(text.lines()) {
            if written.trim().is_empty() {
                continue;
            }
            let refuse = |kind| LedgerFileError { line, kind };
            let LedgerLine { office, event } = serde_json::from_str(written).map_err(|error| {
                refuse(LedgerFileErrorKind::Form {
                    column: error.column(),
                    reason: error.to_string().into(),
                })
            })?;
            register
                .apply(office, event)
                .map_err(|refused| refuse(LedgerFileErrorKind::Refused(Arc::new(refused))))?;
        }
        Ok(register)
    }
}

/// Why a ledger file was not read, with the line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
pub struct LedgerFileError {
    line: usize,
    kind: LedgerFileErrorKind,
}

/// What is wrong with a line of a ledger file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LedgerFileErrorKind {
    /// Not one JSON object of the form of [`LedgerLine`].
    Form {
        /// The column, from 1; 0 if it is about the whole line.
        column: usize,
        /// The parser's words.
        reason: Box<str>,
    },
    /// An event that cannot happen.
    Refused(Arc<EventRefused>),
}

impl LedgerFileError {
    /// The line, from 1.
    #[must_use]
    pub const fn line(&self) -> usize {
        self.line
    }

    /// What is wrong with it.
    #[must_use]
    pub const fn kind(&self) -> &LedgerFileErrorKind {
        &self.kind
    }
}

impl Explain for LedgerFileError {
    fn explain(&self, lang: Lang) -> String {
        let line = self.line;
        match &self.kind {
            LedgerFileErrorKind::Form { reason, .. } => lang.pick(
                format!("台帳の{line}行目: 記録として読めません（{reason}）。1行に1件のJSONで書いてください。"),
                format!("ledger, line {line}: not an event ({reason}); write one JSON object per line"),
            ),
            LedgerFileErrorKind::Refused(refused) => {
                let why = refused.explain(lang);
                lang.pick(format!("台帳の{line}行目: {why}"), format!("ledger, line {line}: {why}"))
            }
        }
    }
}
