//! Texts for people, in both languages at once: a report can be written in either, and a web
//! site can show both.

use careplan_core::Lang;
use serde::Serialize;

/// A text in Japanese and in English.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct Bilingual<T> {
    /// Japanese.
    pub ja: T,
    /// English.
    pub en: T,
}

/// A text that stands in the program.
pub type Words = Bilingual<&'static str>;

/// A text made for an occasion.
pub type Message = Bilingual<String>;

impl<T> Bilingual<T> {
    /// The text in one language.
    pub const fn pick(&self, lang: Lang) -> &T {
        match lang {
            Lang::Ja => &self.ja,
            Lang::En => &self.en,
        }
    }

    /// The two texts made by one function of the language.
    pub(crate) fn both(make: impl Fn(Lang) -> T) -> Self {
        Self {
            ja: make(Lang::Ja),
            en: make(Lang::En),
        }
    }
}

impl Words {
    pub(crate) const fn new(ja: &'static str, en: &'static str) -> Self {
        Self { ja, en }
    }
}

impl From<Words> for Message {
    fn from(words: Words) -> Self {
        Self {
            ja: words.ja.to_owned(),
            en: words.en.to_owned(),
        }
    }
}

/// A [`Message`] of two format strings over the same variables.
macro_rules! message {
    (ja: $ja:literal, en: $en:literal $(, $name:ident $(= $value:expr)?)* $(,)?) => {
        $crate::text::Message {
            ja: format!($ja $($(, $name = $value)?)*),
            en: format!($en $($(, $name = $value)?)*),
        }
    };
}
pub(crate) use message;
