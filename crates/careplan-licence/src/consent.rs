//! Who consented to which edition of the terms, and when.

use std::fmt;
use std::str::FromStr;

use careplan_core::{Explain, Lang, UserId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, de};

/// An edition of the terms of use (利用規約の版), as the operator names it: 1 to 64 characters, no
/// control characters, no space at either end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct TermsEdition(String);

impl TermsEdition {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TermsEdition {
    type Err = InvalidTermsEdition;

    fn from_str(text: &str) -> Result<Self, InvalidTermsEdition> {
        let fits = !text.is_empty()
            && text.chars().count() <= 64
            && text.trim() == text
            && !text.chars().any(char::is_control);
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidTermsEdition)
        }
    }
}

impl fmt::Display for TermsEdition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl<'de> Deserialize<'de> for TermsEdition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

/// A text that names no edition of the terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
pub struct InvalidTermsEdition;

impl Explain for InvalidTermsEdition {
    fn explain(&self, lang: Lang) -> String {
        lang.pick(
            "利用規約の版の名称が正しくありません。1～64文字で、前後の空白と制御文字を除いてください。",
            "not a name of an edition of the terms: 1 to 64 characters, no control characters, no space at either end",
        )
        .to_owned()
    }
}

/// A consent to the terms (利用規約への同意), kept as evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// The edition that was shown.
    pub terms: TermsEdition,
    /// Who consented.
    pub by: UserId,
    /// When.
    pub at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editions_have_a_name() {
        assert!("第3版 2025-06-01".parse::<TermsEdition>().is_ok());
        for bad in ["", " ", "a ", "a\nb", &"版".repeat(65)] {
            assert!(bad.parse::<TermsEdition>().is_err(), "{bad:?}");
        }
    }
}
