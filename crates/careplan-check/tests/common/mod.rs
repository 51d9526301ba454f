//! The sample files, and ways to spoil them field by field.

#![allow(dead_code)] // Each test program uses its part.

use std::fs;
use std::path::PathBuf;

use careplan_check::{Checker, Report, Source};
use careplan_tables::{ms932, raw::RawSlice};

/// A file taken apart into the raw text of its fields.
#[derive(Clone)]
struct File {
    name: String,
    /// The fields as they stand in the file, with quotation marks.
    rows: Vec<Vec<Vec<u8>>>,
    /// The bytes, once they are no longer made of rows.
    bytes: Option<Vec<u8>>,
}

impl File {
    fn bytes(&self) -> Vec<u8> {
        if let Some(bytes) = &self.bytes {
            return bytes.clone();
        }
        let mut bytes = Vec::new();
        for row in &self.rows {
            bytes.extend(row.join(&b','));
            bytes.extend(b"\r\n");
        }
        bytes
    }
}

/// Files that are given to the checker together.
#[derive(Clone)]
pub(crate) struct Given {
    files: Vec<File>,
}

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../samples")
        .join(name)
}

/// The files of a sample folder.
pub(crate) fn sample(name: &str) -> Given {
    let mut paths: Vec<_> = fs::read_dir(folder(name))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "CSV"))
        .collect();
    paths.sort();
    let mut given = Given { files: Vec::new() };
    for path in paths {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        given = given.with_file(&name, &fs::read(&path).unwrap());
    }
    given
}

pub(crate) fn month() -> Given {
    sample("month-set")
}

pub(crate) fn plan() -> Given {
    sample("plan-set")
}

pub(crate) fn preventive() -> Given {
    sample("preventive-set")
}

/// Table 6 actuals: 33 records of three persons.
pub(crate) fn actuals() -> Given {
    sample("actual-set")
}

/// One of the deletions: three records.
pub(crate) fn deletion(prefix: &str) -> Given {
    sample("deletions").only(prefix)
}

/// Table 7 alone: nine records for each of three persons.
pub(crate) fn costs() -> Given {
    month().only("UPSIKYU")
}

/// Table 6 alone: 21 records for each of three persons, the last three of each equipment.
pub(crate) fn services() -> Given {
    month().only("UPPLAN")
}

/// Text in MS932.
pub(crate) fn encode(text: &str) -> Vec<u8> {
    ms932::encode(text).unwrap().into_owned()
}

impl Given {
    pub(crate) fn new() -> Self {
        Self { files: Vec::new() }
    }

    pub(crate) fn with_file(mut self, name: &str, bytes: &[u8]) -> Self {
        let mut rows = Vec::new();
        let mut raw = RawSlice::new(bytes);
        while let Some(record) = raw.next_record() {
            rows.push(
                record
                    .fields()
                    .map(|field| field.bytes().to_vec())
                    .collect(),
            );
        }
        self.files.push(File {
            name: name.to_owned(),
            rows,
            bytes: None,
        });
        self
    }

    /// Another group of files besides.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.files.extend(other.files);
        self
    }

    /// Only the files of a prefix.
    pub(crate) fn only(mut self, prefix: &str) -> Self {
        self.files.retain(|file| is(file, prefix));
        assert!(!self.files.is_empty(), "{prefix}");
        self
    }

    /// All but the files of a prefix.
    pub(crate) fn without(mut self, prefix: &str) -> Self {
        let before = self.files.len();
        self.files.retain(|file| !is(file, prefix));
        assert!(self.files.len() < before, "{prefix}");
        self
    }

    fn file(&mut self, prefix: &str) -> &mut File {
        let found = self.files.iter_mut().find(|file| is(file, prefix));
        found.unwrap_or_else(|| panic!("{prefix}"))
    }

    /// Writes a field as it is to stand in the file. Rows and columns are counted from 1.
    pub(crate) fn set(self, prefix: &str, row: usize, column: usize, text: &str) -> Self {
        self.set_bytes(prefix, row, column, &encode(text))
    }

    pub(crate) fn set_bytes(
        mut self,
        prefix: &str,
        row: usize,
        column: usize,
        bytes: &[u8],
    ) -> Self {
        let field = &mut self.file(prefix).rows[row - 1][column - 1];
        assert_ne!(field, bytes, "the field is like this already");
        *field = bytes.to_vec();
        self
    }

    /// Writes a field of all rows.
    pub(crate) fn set_all(mut self, prefix: &str, column: usize, text: &str) -> Self {
        for row in &mut self.file(prefix).rows {
            row[column - 1] = encode(text);
        }
        self
    }

    /// Changes the text of a column in all rows.
    pub(crate) fn replace(mut self, prefix: &str, column: usize, from: &str, to: &str) -> Self {
        for row in &mut self.file(prefix).rows {
            let text = String::from_utf8(row[column - 1].clone()).unwrap();
            row[column - 1] = text.replace(from, to).into_bytes();
        }
        self
    }

    pub(crate) fn drop_rows(mut self, prefix: &str, rows: std::ops::RangeInclusive<usize>) -> Self {
        self.file(prefix).rows.drop_range(rows);
        self
    }

    /// Repeats a row behind it.
    pub(crate) fn repeat_row(mut self, prefix: &str, row: usize) -> Self {
        let rows = &mut self.file(prefix).rows;
        rows.insert(row, rows[row - 1].clone());
        self
    }

    pub(crate) fn swap_rows(mut self, prefix: &str, one: usize, other: usize) -> Self {
        self.file(prefix).rows.swap(one - 1, other - 1);
        self
    }

    pub(crate) fn drop_column(mut self, prefix: &str, column: usize) -> Self {
        for row in &mut self.file(prefix).rows {
            row.remove(column - 1);
        }
        self
    }

    pub(crate) fn push_field(mut self, prefix: &str, row: usize, text: &str) -> Self {
        self.file(prefix).rows[row - 1].push(encode(text));
        self
    }

    pub(crate) fn rename(mut self, prefix: &str, from: &str, to: &str) -> Self {
        let file = self.file(prefix);
        assert!(file.name.contains(from), "{} {from}", file.name);
        file.name = file.name.replace(from, to);
        self
    }

    pub(crate) fn rename_all(mut self, from: &str, to: &str) -> Self {
        for file in &mut self.files {
            assert!(file.name.contains(from), "{} {from}", file.name);
            file.name = file.name.replace(from, to);
        }
        self
    }

    /// Changes the bytes of a file.
    pub(crate) fn bytes(mut self, prefix: &str, change: impl Fn(Vec<u8>) -> Vec<u8>) -> Self {
        let file = self.file(prefix);
        file.bytes = Some(change(file.bytes()));
        self
    }

    /// The same text in UTF-8.
    pub(crate) fn utf8(self, prefix: &str, mark: bool) -> Self {
        self.bytes(prefix, |bytes| {
            let text = ms932::decode(&bytes).unwrap().into_owned();
            let text = if mark {
                format!("\u{FEFF}{text}")
            } else {
                text
            };
            text.into_bytes()
        })
    }

    /// The files as sources.
    pub(crate) fn sources(&self) -> Vec<Source<'static>> {
        self.files
            .iter()
            .map(|file| Source::bytes(file.name.clone(), file.bytes()))
            .collect()
    }

    pub(crate) fn check(&self) -> Report {
        self.check_with(&Checker::new())
    }

    pub(crate) fn check_with(&self, checker: &Checker) -> Report {
        checker.check(self.sources()).unwrap()
    }

    /// The codes that are reported, each once, in the order of their names.
    pub(crate) fn codes(&self) -> Vec<&'static str> {
        codes(&self.check())
    }
}

/// The codes of a report, each once, in the order of their names.
pub(crate) fn codes(report: &Report) -> Vec<&'static str> {
    let mut codes: Vec<_> = report
        .notices
        .iter()
        .map(|notice| notice.rule.code)
        .collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

fn is(file: &File, prefix: &str) -> bool {
    let rest = file
        .name
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('_'));
    rest.is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_digit()))
}

trait DropRange {
    fn drop_range(&mut self, rows: std::ops::RangeInclusive<usize>);
}

impl<T> DropRange for Vec<T> {
    fn drop_range(&mut self, rows: std::ops::RangeInclusive<usize>) {
        self.drain(rows.start() - 1..*rows.end());
    }
}

/// Compares a text with a file of the repository that is made from it. With `UPDATE_DOCS=1` in
/// the environment the file is written instead.
pub(crate) fn kept(path: &str, text: &str) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        return;
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        written == text,
        "{path} is not current; run: UPDATE_DOCS=1 cargo test -p careplan-check"
    );
}
