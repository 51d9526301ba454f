//! Why a record or file could not be written.

use std::io;

use careplan_core::{Explain, Lang};

use crate::column::Column;
use crate::fault::{Fault, FaultKind};

/// A record that may not stand in a file of the standard, or a failure to write. It never holds
/// the value.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
pub struct WriteError(Box<Cause>);

#[derive(Debug)]
enum Cause {
    Fault(Fault),
    Io(io::Error),
}

impl WriteError {
    pub(super) fn fault(fault: Fault) -> Self {
        Self(Box::new(Cause::Fault(fault)))
    }

    /// What is wrong with the record; `None` if writing itself failed.
    #[must_use]
    pub fn kind(&self) -> Option<FaultKind> {
        self.as_fault().map(Fault::kind)
    }

    /// What is wrong, with its place: the line is the one the record would have begun on.
    #[must_use]
    pub fn as_fault(&self) -> Option<&Fault> {
        match &*self.0 {
            Cause::Fault(fault) => Some(fault),
            Cause::Io(_) => None,
        }
    }

    /// The column; `None` if it is not about one.
    #[must_use]
    pub fn column(&self) -> Option<&'static Column> {
        self.as_fault().and_then(Fault::column)
    }

    /// The failure to write, if that is what it was.
    #[must_use]
    pub fn io(&self) -> Option<&io::Error> {
        match &*self.0 {
            Cause::Fault(_) => None,
            Cause::Io(error) => Some(error),
        }
    }
}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> Self {
        Self(Box::new(Cause::Io(error)))
    }
}

impl Explain for WriteError {
    fn explain(&self, lang: Lang) -> String {
        match (&*self.0, lang) {
            (Cause::Fault(fault), _) => fault.explain(lang),
            (Cause::Io(error), Lang::En) => format!("cannot write: {error}"),
            (Cause::Io(error), Lang::Ja) => format!("書き込めません（{error}）。"),
        }
    }
}
