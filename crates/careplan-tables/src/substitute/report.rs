//! What was replaced, where and why.

use std::fmt;

use careplan_core::{Explain, Lang};

/// One replacement.
///
/// It holds the character that was replaced and what stands there now, and nothing else of the
/// text: a report may be logged or shown without giving a name away beyond that character.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Substitution {
    at: usize,
    character_number: usize,
    from: Box<str>,
    to: Box<str>,
    reason: SubstitutionReason,
}

impl Substitution {
    pub(super) fn new(
        at: usize,
        character_number: usize,
        from: &str,
        to: &str,
        reason: SubstitutionReason,
    ) -> Self {
        Self {
            at,
            character_number,
            from: from.into(),
            to: to.into(),
            reason,
        }
    }

    /// Where in the text that was given, in bytes of UTF-8 from 0.
    #[must_use]
    pub const fn at(&self) -> usize {
        self.at
    }

    /// Which character of the text that was given, from 1. Combining marks and variation selectors
    /// count as characters, as in [`str::chars`].
    #[must_use]
    pub const fn character_number(&self) -> usize {
        self.character_number
    }

    /// What stood there: one character, or one with its combining marks or variation selectors.
    #[must_use]
    pub fn from(&self) -> &str {
        &self.from
    }

    /// What stands there now; empty if it was dropped.
    #[must_use]
    pub fn to(&self) -> &str {
        &self.to
    }

    /// Why.
    #[must_use]
    pub const fn reason(&self) -> SubstitutionReason {
        self.reason
    }

    /// The code points of what stood there; it may show nothing, or have no glyph.
    fn code_points(&self) -> String {
        let codes: Vec<_> = self
            .from
            .chars()
            .map(|c| format!("U+{:04X}", u32::from(c)))
            .collect();
        codes.join(" ")
    }
}

impl Explain for Substitution {
    fn explain(&self, lang: Lang) -> String {
        let (number, from, to) = (self.character_number, &self.from, &self.to);
        let (codes, reason) = (self.code_points(), self.reason.explain(lang));
        match (lang, self.reason.is_visible(), to.is_empty()) {
            (Lang::En, true, false) => {
                format!("character {number}: {from} ({codes}) is written as {to}: {reason}")
            }
            (Lang::En, true, true) => {
                format!("character {number}: {from} ({codes}) is left out: {reason}")
            }
            (Lang::En, false, _) => format!("character {number}: {codes} is left out: {reason}"),
            (Lang::Ja, true, false) => {
                format!(
                    "{number}文字目の「{from}」（{codes}）を「{to}」に置き換えました（{reason}）。"
                )
            }
            (Lang::Ja, true, true) => {
                format!("{number}文字目の「{from}」（{codes}）を省きました（{reason}）。")
            }
            (Lang::Ja, false, _) => format!("{number}文字目の{codes}を省きました（{reason}）。"),
        }
    }
}

impl fmt::Display for Substitution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.explain(Lang::En))
    }
}

/// Why something was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SubstitutionReason {
    /// An entry of the caller's own.
    Own,
    /// Canonical equivalence in Unicode: か and a combining voiced sound mark became が, a
    /// compatibility ideograph the unified one.
    Composition,
    /// A variation selector (異体字セレクタ) was dropped.
    VariationSelector,
    /// A character that shows nothing was dropped.
    Invisible,
    /// A sign of JIS X 0208 that Windows reads as another character than other systems do: the
    /// wave dash U+301C became U+FF5E.
    WindowsCode,
    /// A dash, dot or space became the nearest one of MS932.
    Punctuation,
    /// A sign was spelled out (㎖, ㈪, ㋿), or became the ordinary character (⽅ became 方).
    Compatibility,
    /// Another form of the same kanji (異体字).
    Kanji,
}

impl SubstitutionReason {
    /// Whether what was replaced shows anything.
    const fn is_visible(self) -> bool {
        !matches!(self, Self::VariationSelector | Self::Invisible)
    }
}

impl Explain for SubstitutionReason {
    fn explain(&self, lang: Lang) -> String {
        match (self, lang) {
            (Self::Own, Lang::En) => "own entry",
            (Self::Own, Lang::Ja) => "独自の登録",
            (Self::Composition, Lang::En) => "the same character in another coding",
            (Self::Composition, Lang::Ja) => "同じ文字の別の符号化",
            (Self::VariationSelector, Lang::En) => "variation selector",
            (Self::VariationSelector, Lang::Ja) => "異体字セレクタ",
            (Self::Invisible, Lang::En) => "invisible character",
            (Self::Invisible, Lang::Ja) => "表示されない文字",
            (Self::WindowsCode, Lang::En) => "the same sign as Windows codes it",
            (Self::WindowsCode, Lang::Ja) => "Windowsでの同じ記号",
            (Self::Punctuation, Lang::En) => "similar sign",
            (Self::Punctuation, Lang::Ja) => "類似の記号",
            (Self::Compatibility, Lang::En) => "compatibility character",
            (Self::Compatibility, Lang::Ja) => "互換文字",
            (Self::Kanji, Lang::En) => "kanji variant",
            (Self::Kanji, Lang::Ja) => "異体字",
        }
        .to_owned()
    }
}
