//! What is known of a file: from its name, and from its first record.

use std::sync::Arc;

use careplan_core::{Edition, OfficeNumber, YearMonth};
use careplan_tables::{Column, FileKind, FileName, Layout, NameError};

/// A file of a check.
pub(crate) struct FileFacts {
    /// Its number in the check, from 0.
    pub(crate) index: usize,
    /// The name as it was given, for reports.
    pub(crate) name: Arc<str>,
    /// The name as the standard reads it, or why it cannot.
    pub(crate) parsed: Result<FileName, NameError>,
    /// The layout its name, or the beginning of it, asks for.
    pub(crate) layout: Option<&'static Layout>,
    /// The edition its records are read by: their CSV version, or else what the name tells.
    pub(crate) edition: Edition,
    /// Its columns in that edition.
    pub(crate) columns: Vec<&'static Column>,
}

impl FileFacts {
    /// A file of a name as it was given, which may have folders before it.
    pub(crate) fn new(index: usize, name: Arc<str>) -> Self {
        let base = base_name(&name);
        let parsed: Result<FileName, _> = base.parse();
        let kind = match &parsed {
            Ok(name) => Some(name.kind()),
            Err(_) => kind_by_beginning(base),
        };
        let mut facts = Self {
            index,
            parsed,
            layout: kind.map(FileKind::layout),
            edition: Edition::Fourth,
            columns: Vec::new(),
            name,
        };
        facts.set_edition(facts.parsed.map_or(Edition::Fourth, |name| name.edition()));
        facts
    }

    /// The beginning of the name, such as UPPLAN; empty if no layout is known.
    pub(crate) fn prefix(&self) -> &'static str {
        self.layout.map_or("", |layout| layout.prefix)
    }

    /// Reads the records by an edition.
    pub(crate) fn set_edition(&mut self, edition: Edition) {
        self.edition = edition;
        self.columns = self
            .layout
            .map(|layout| layout.columns_in(edition).collect())
            .unwrap_or_default();
    }

    /// What to read records by whose CSV version is none: the edition of the name, if the number
    /// of columns is that edition's, or else one whose it is.
    pub(crate) fn edition_by_width(&self, width: usize) -> Edition {
        let fits = |edition: &Edition| {
            self.layout
                .is_some_and(|layout| layout.is_in(*edition) && layout.width(*edition) == width)
        };
        let mut newest_first = Edition::ALL.into_iter().rev();
        Some(self.edition)
            .filter(fits)
            .or_else(|| newest_first.find(fits))
            .unwrap_or(self.edition)
    }

    /// The sending office in the name.
    pub(crate) fn sender(&self) -> Option<OfficeNumber> {
        self.parsed.ok().map(|name| name.sender().office)
    }

    /// The receiving office in the name.
    pub(crate) fn receiver(&self) -> Option<OfficeNumber> {
        self.parsed.ok().map(|name| name.receiver().office)
    }

    /// The target month in the name; `None` if there is none, or 000000.
    pub(crate) fn month(&self) -> Option<YearMonth> {
        self.parsed.ok()?.month()
    }

    /// The target month in the name of a file that has one, 000000 as `None`.
    pub(crate) fn named_month(&self) -> Option<Option<YearMonth>> {
        let name = self.parsed.ok()?;
        name.kind().layout().month_in_name.then(|| name.month())
    }

    /// A column's number, from 1, and the column, by its key.
    pub(crate) fn column(&self, key: &str) -> Option<(usize, &'static Column)> {
        let index = self.columns.iter().position(|column| column.key == key)?;
        Some((index + 1, self.columns.get(index).copied()?))
    }

    /// A column's name as the standard prints it; empty if there is no such column.
    pub(crate) fn column_name(&self, key: &str) -> &'static str {
        self.column(key).map_or("", |(_, column)| column.name_ja)
    }
}

/// A name without the folders before it, of either kind of system.
pub(crate) fn base_name(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

/// Which file a name that is not the standard's seems to be of, by its beginning.
fn kind_by_beginning(name: &str) -> Option<FileKind> {
    let upper = name.to_ascii_uppercase();
    let kinds = FileKind::ALL.iter().copied();
    kinds
        .filter(|kind| {
            upper
                .strip_prefix(kind.prefix())
                .is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_alphanumeric()))
        })
        .max_by_key(|kind| kind.prefix().len())
}
