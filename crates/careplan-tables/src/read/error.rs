//! Why a file could not be read.

use std::io;

use careplan_core::{Explain, Lang};

use crate::column::Column;
use crate::fault::{Fault, FaultKind};
use crate::raw::RawError;

/// A file could not be read: a departure from the standard with its place, or a failure to read.
///
/// One pointer wide. It never holds the value.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
pub struct ReadError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    file: Option<String>,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    Fault(Fault),
    Raw(RawError),
    Open(io::Error),
}

impl ReadError {
    pub(super) fn fault(fault: Fault, file: Option<&str>) -> Self {
        Self::of(Cause::Fault(fault), file)
    }

    pub(super) fn raw(error: RawError, file: Option<&str>) -> Self {
        Self::of(Cause::Raw(error), file)
    }

    pub(super) fn open(error: io::Error, file: Option<&str>) -> Self {
        Self::of(Cause::Open(error), file)
    }

    fn of(cause: Cause, file: Option<&str>) -> Self {
        Self(Box::new(Inner {
            file: file.map(str::to_owned),
            cause,
        }))
    }

    /// The file's name, if the reader knew it.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        self.0.file.as_deref()
    }

    /// What is wrong; `None` if reading itself failed.
    #[must_use]
    pub fn kind(&self) -> Option<FaultKind> {
        self.as_fault().map(Fault::kind)
    }

    /// The departure with its place; `None` if reading itself failed.
    #[must_use]
    pub fn as_fault(&self) -> Option<&Fault> {
        match &self.0.cause {
            Cause::Fault(fault) => Some(fault),
            Cause::Raw(_) | Cause::Open(_) => None,
        }
    }

    /// The failure of the source, if that is what it was.
    #[must_use]
    pub fn io(&self) -> Option<&io::Error> {
        match &self.0.cause {
            Cause::Fault(_) => None,
            Cause::Raw(error) => error.io(),
            Cause::Open(error) => Some(error),
        }
    }

    /// The line, from 1; `None` if the file could not be opened.
    #[must_use]
    pub fn line(&self) -> Option<u64> {
        match &self.0.cause {
            Cause::Fault(fault) => Some(fault.line()),
            Cause::Raw(error) => Some(error.line()),
            Cause::Open(_) => None,
        }
    }

    /// The column's number in the file, from 1; `None` if it is not about one column.
    #[must_use]
    pub fn column_number(&self) -> Option<usize> {
        self.as_fault().and_then(Fault::column_number)
    }

    /// The column; `None` if it is not about one.
    #[must_use]
    pub fn column(&self) -> Option<&'static Column> {
        self.as_fault().and_then(Fault::column)
    }
}

impl Explain for ReadError {
    fn explain(&self, lang: Lang) -> String {
        let what = match (&self.0.cause, lang) {
            (Cause::Fault(fault), _) => fault.explain(lang),
            (Cause::Raw(error), _) => error.explain(lang),
            (Cause::Open(error), Lang::En) => format!("cannot open the file: {error}"),
            (Cause::Open(error), Lang::Ja) => format!("ファイルを開けません（{error}）。"),
        };
        match self.file() {
            Some(file) => format!("{file}: {what}"),
            None => what,
        }
    }
}
