//! What can keep the drill from its end.

use std::fmt::Display;
use std::io;

use careplan_core::{Explain, Lang};

/// A reason why the drill could not be done.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    ja: String,
    en: String,
}

impl Failure {
    /// In the words of the part that said no.
    pub(crate) fn of(part: impl Explain) -> Self {
        Self {
            ja: part.explain(Lang::Ja),
            en: part.explain(Lang::En),
        }
    }

    /// For `map_err` on what the operating system said no to.
    pub(crate) fn system(doing: &str) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.to_owned();
        move |error| Self::told(&format!("{doing}: {error}"))
    }

    /// In words that are the same in both languages.
    pub(crate) fn told(what: &(impl Display + ?Sized)) -> Self {
        Self {
            ja: what.to_string(),
            en: what.to_string(),
        }
    }

    pub(crate) fn text(&self, lang: Lang) -> &str {
        lang.pick(&self.ja, &self.en)
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.en)
    }
}
