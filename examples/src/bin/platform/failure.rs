//! Why a command could not be done, in both languages.

use std::io;
use std::path::Path;

use careplan_core::{Explain, Lang};

/// A reason, for the person at the terminal.
pub(crate) struct Failure {
    ja: String,
    en: String,
}

impl Failure {
    pub(crate) fn text(&self, lang: Lang) -> &str {
        lang.pick(&self.ja, &self.en)
    }

    /// For `map_err`: an error of the libraries.
    pub(crate) fn of<E: Explain>(error: E) -> Self {
        Self {
            ja: error.explain(Lang::Ja),
            en: error.explain(Lang::En),
        }
    }

    pub(crate) fn message(ja: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            ja: ja.into(),
            en: en.into(),
        }
    }

    /// For `map_err`: a file that cannot be read or written.
    pub(crate) fn io(file: &Path) -> impl Fn(io::Error) -> Self {
        move |error| {
            let file = file.display();
            Self::message(
                format!(
                    "{file}: 読み書きできません（{error}）。ファイル名、アクセス権、空き容量を確かめてください。"
                ),
                format!(
                    "{file}: cannot be read or written ({error}); check its name, permissions and free space"
                ),
            )
        }
    }
}
