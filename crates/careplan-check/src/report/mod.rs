//! The result of a check, and the forms in which it is written.

mod html;
mod json;
mod sarif;
pub(crate) mod tables;
mod text;

use std::sync::Arc;

use careplan_core::{Edition, Lang, SetKind};
use careplan_tables::{FileKind, Severity};

pub use html::{HTML_STYLE, html};
pub use json::json;
pub use sarif::sarif;

pub use text::{Colour, text};

use crate::notice::{LeftOut, Notice};
use crate::profile::Profile;
use tables::TableView;

/// What a check found.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report {
    /// The notices, ordered by file, line and column.
    pub notices: Vec<Notice>,
    /// What was left out of them because of the cap, in the same order.
    pub left_out: Vec<LeftOut>,
    /// The files, in the order in which they were checked.
    pub files: Vec<CheckedFile>,
    /// The sendings that the files form, by the files' places in `files`.
    pub sendings: Vec<CheckedSending>,
    /// Files that were given and are none of the standard's CSV files: documents and the like.
    pub ignored: Vec<Arc<str>>,
    /// Tables 6 and 7 as the page shows them, if the check kept them.
    pub(crate) tables: Vec<TableView>,
    /// The profile that was used.
    pub profile: Profile,
    /// Whether personal data are in the notices.
    pub shows_values: bool,
    /// Numbers over all of it.
    pub summary: Summary,
}

/// A file of a report.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CheckedFile {
    /// The name as it was given.
    pub name: Arc<str>,
    /// Which of the standard's files it is; `None` if the name does not tell.
    pub kind: Option<FileKind>,
    /// The edition its records were read by.
    pub edition: Edition,
    /// How many records it has.
    pub records: u64,
    /// How many errors, warnings and infos were found in it, those left out included.
    pub errors: u64,
    /// See `errors`.
    pub warnings: u64,
    /// See `errors`.
    pub infos: u64,
}

/// Files that are sent together.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CheckedSending {
    /// Places in [`Report::files`].
    pub files: Vec<usize>,
    /// Which of the standard's sets it is; `None` if none, which is among the notices.
    pub kind: Option<SetKind>,
}

/// Numbers over a report. Notices left out because of the cap are counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    /// CSV files checked.
    pub files: u64,
    /// Records in them.
    pub records: u64,
    /// Notices that are errors.
    pub errors: u64,
    /// Notices that are warnings.
    pub warnings: u64,
    /// Notices for information.
    pub infos: u64,
}

impl Report {
    /// Whether nothing was found that a receiver might refuse.
    #[must_use]
    pub const fn passes(&self) -> bool {
        self.summary.errors == 0
    }

    /// The worst severity found.
    #[must_use]
    pub const fn worst(&self) -> Option<Severity> {
        match &self.summary {
            Summary { errors: 1.., .. } => Some(Severity::Error),
            Summary { warnings: 1.., .. } => Some(Severity::Warning),
            Summary { infos: 1.., .. } => Some(Severity::Info),
            _ => None,
        }
    }

    /// A sentence for each change that the profile makes, so that nobody mistakes the report for
    /// one by the standard alone.
    fn profile_lines(&self, lang: Lang) -> Vec<String> {
        if self.profile.is_standard() {
            return Vec::new();
        }
        let name = self.profile.name().unwrap_or("-");
        let mut lines = vec![match lang {
            Lang::Ja => format!("プロファイル「{name}」により、次の規則の扱いを変えています。"),
            Lang::En => format!("The profile \"{name}\" changes these rules:"),
        }];
        lines.extend(self.profile.settings().map(|(rule, setting)| {
            let from = crate::notice::severity_code(rule.severity);
            format!("{}: {from} → {}", rule.code, setting.as_str())
        }));
        lines
    }
}
