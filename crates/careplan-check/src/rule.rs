//! What a rule is: everything about it in one value. The rules themselves stand in
//! [`rules`](crate::rules), one unit each.

use std::fmt;

use careplan_core::{Edition, Lang};
use careplan_tables::Severity;

use crate::costs::Costs;
use crate::facts::FileFacts;
use crate::found::Found;
use crate::record::Record;
use crate::sending::Sending;
use crate::text::{Message, Words};
use crate::value::FieldFault;

/// What a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The file's name, bytes and structure.
    File,
    /// One column's own value.
    Field,
    /// One record.
    Record,
    /// The records of one file.
    Table,
    /// Files sent together.
    Set,
}

impl Scope {
    /// The name in the rule catalogue.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Field => "field",
            Self::Record => "record",
            Self::Table => "table",
            Self::Set => "set",
        }
    }

    /// The name for people.
    #[must_use]
    pub const fn name(self, lang: Lang) -> &'static str {
        let (ja, en) = match self {
            Self::File => ("ファイル", "file"),
            Self::Field => ("項目", "field"),
            Self::Record => ("レコード", "record"),
            Self::Table => ("表", "table"),
            Self::Set => ("送信単位", "set"),
        };
        match lang {
            Lang::Ja => ja,
            Lang::En => en,
        }
    }
}

/// A rule of the standard that files are checked against.
///
/// The codes are fixed: users filter on them.
#[non_exhaustive]
pub struct Rule {
    /// The code, as in `--format json`.
    pub code: &'static str,
    /// The severity, unless a [`Profile`](crate::Profile) changes it.
    pub severity: Severity,
    /// What the rule looks at.
    pub scope: Scope,
    /// What a notice of it means.
    pub meaning: Words,
    /// Where the standard says so.
    pub clause: Words,
    /// What to do about a notice.
    pub advice: Words,
    /// How it is checked.
    pub(crate) check: Check,
}

impl Rule {
    /// All rules, in the order of the catalogue.
    #[must_use]
    pub fn all() -> &'static [&'static Self] {
        crate::rules::CATALOGUE
    }

    /// The rule of a code.
    #[must_use]
    pub fn of(code: &str) -> Option<&'static Self> {
        Self::all().iter().copied().find(|rule| rule.code == code)
    }

    /// What it means in one sentence, for headings.
    #[must_use]
    pub fn headline(&self) -> Words {
        let first = |text: &'static str, end: &str| {
            let at = text.find(end).map(|at| at + end.trim_end().len());
            at.and_then(|at| text.get(..at)).unwrap_or(text)
        };
        Words::new(first(self.meaning.ja, "。"), first(self.meaning.en, ". "))
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rule({})", self.code)
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.code == other.code
    }
}

impl Eq for Rule {}

/// What a rule says of one finding. The advice is the rule's own where it has none.
pub(crate) struct Said {
    pub(crate) message: Message,
    pub(crate) advice: Option<Message>,
}

impl From<Message> for Said {
    fn from(message: Message) -> Self {
        Self {
            message,
            advice: None,
        }
    }
}

impl Said {
    pub(crate) fn advise(mut self, advice: Message) -> Self {
        self.advice = Some(advice);
        self
    }
}

/// How a rule is checked. None of these does any I/O.
pub(crate) enum Check {
    /// From the name, before the file is read.
    Name(fn(&FileFacts, &mut Found<'_>)),
    /// From the bytes or the structure: says what the reader came across.
    Bytes(fn(&ByteFault) -> Said),
    /// From one column's own value: what `careplan-tables` says of it. Its severity may be lower
    /// than the rule's.
    Value(fn(&FieldFault<'_>) -> Said),
    /// Record by record, with a memory of its own; `None` where the rule does not concern the
    /// file.
    Records(fn(&FileFacts) -> Option<Box<dyn Watch>>),
    /// From all of table 7, by person.
    Costs(fn(&Costs, &FileFacts, &mut Found<'_>)),
    /// From what is known of all files of a sending.
    Set(fn(&Sending<'_>, &mut Found<'_>)),
}

/// One rule at work on one file.
pub(crate) trait Watch {
    /// Looks at the next record.
    fn record(&mut self, record: &Record<'_>, found: &mut Found<'_>);

    /// Looks back, after the last record.
    fn end(&mut self, file: &FileFacts, found: &mut Found<'_>) {
        let _ = (file, found);
    }
}

/// What the reader of the bytes came across.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ByteFault {
    ByteOrderMark {
        utf16: bool,
    },
    /// Records that do not end with CR LF, of all of the file.
    LineEnds {
        lf: u64,
        cr: u64,
        missing: bool,
        records: u64,
    },
    QuoteUnterminated,
    QuoteStray,
    BlankLine,
    HeaderRow,
    Empty,
    /// More or fewer columns than the layout of the file's edition.
    Columns {
        found: usize,
        expected: usize,
        edition: Edition,
        /// The edition whose layout it would be.
        fits: Option<Edition>,
    },
}
