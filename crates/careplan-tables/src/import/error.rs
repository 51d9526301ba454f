//! Why a set could not be imported.

use std::io;

use careplan_core::{Explain, Lang};

use crate::ReadError;
use crate::set::{SetFault, SetFile};

/// A set could not be imported; nothing of it was.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
pub struct ImportError(Box<(Option<String>, ImportErrorKind)>);

/// Why.
#[derive(Debug)]
#[non_exhaustive]
pub enum ImportErrorKind {
    /// The files are no set of the standard.
    Set(SetFault),
    /// A file departs from the standard.
    Read(ReadError),
    /// A file could not be had.
    Io(io::Error),
}

impl ImportError {
    pub(super) fn set(fault: SetFault) -> Self {
        Self(Box::new((None, ImportErrorKind::Set(fault))))
    }

    pub(super) fn read(file: &SetFile, error: ReadError) -> Self {
        Self(Box::new((
            Some(file.file.clone()),
            ImportErrorKind::Read(error),
        )))
    }

    pub(super) fn io(file: &SetFile, error: io::Error) -> Self {
        Self(Box::new((
            Some(file.file.clone()),
            ImportErrorKind::Io(error),
        )))
    }

    /// Why.
    #[must_use]
    pub fn kind(&self) -> &ImportErrorKind {
        &self.0.1
    }

    /// The file, if it is about one.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        self.0.0.as_deref()
    }
}

impl Explain for ImportError {
    fn explain(&self, lang: Lang) -> String {
        let file = self.file().unwrap_or_default();
        match (self.kind(), lang) {
            (ImportErrorKind::Set(fault), _) => fault.explain(lang),
            // It bears the file's name.
            (ImportErrorKind::Read(error), _) => error.explain(lang),
            (ImportErrorKind::Io(error), Lang::En) => {
                format!("{file}: cannot read the file: {error}")
            }
            (ImportErrorKind::Io(error), Lang::Ja) => {
                format!("{file}: ファイルを読めません（{error}）。")
            }
        }
    }
}
