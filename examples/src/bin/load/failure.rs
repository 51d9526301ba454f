//! Why nothing could be measured.

use std::fmt;

use careplan_core::{Explain, Lang};

/// A reason, in one line.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn message(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// For `map_err`: an error of the libraries.
    pub(crate) fn of<E: Explain>(error: E) -> Self {
        Self(error.explain(Lang::En))
    }

    /// For `map_err`: any other error.
    pub(crate) fn system(error: impl fmt::Display) -> Self {
        Self(error.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
