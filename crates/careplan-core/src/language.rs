//! The two languages in which people are spoken to.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Language of a message to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// Japanese.
    #[default]
    Ja,
    /// English.
    En,
}

impl Lang {
    /// `ja` or `en`, as in `--lang` and in HTML's `lang`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Ja => "ja",
            Self::En => "en",
        }
    }

    /// One of two texts: the one in this language.
    #[must_use]
    pub fn pick<T>(self, ja: T, en: T) -> T {
        match self {
            Self::Ja => ja,
            Self::En => en,
        }
    }
}

impl FromStr for Lang {
    type Err = UnknownLang;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "ja" => Ok(Self::Ja),
            "en" => Ok(Self::En),
            _ => Err(UnknownLang),
        }
    }
}

/// A language other than `ja` and `en`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the language is ja or en / 言語は ja または en を指定してください")]
pub struct UnknownLang;

/// Something that can tell a person what happened, where, and what to do.
///
/// Every error a person may see implements it; its `Display` is the English text on one line.
pub trait Explain {
    /// The message, without secrets and personal data.
    fn explain(&self, lang: Lang) -> String;
}
