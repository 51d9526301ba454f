//! Something to be told in both languages: the page is shown in one, and may change to the other.

use careplan_core::{Explain, Lang};

/// A text in Japanese and English.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    ja: String,
    en: String,
}

impl Said {
    pub(crate) fn new(ja: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            ja: ja.into(),
            en: en.into(),
        }
    }

    /// What an error says.
    pub(crate) fn of(error: &(impl Explain + ?Sized)) -> Self {
        Self::new(error.explain(Lang::Ja), error.explain(Lang::En))
    }

    pub(crate) fn pick(&self, lang: Lang) -> &str {
        lang.pick(&self.ja, &self.en)
    }
}
