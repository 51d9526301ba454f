//! Writing what MS932 lacks: replacements on purpose, each told with its place.

use std::collections::HashMap;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{canonical_combining_class, compose};

use super::encode::{EncodeError, encode, has};

/// Why something was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SubstitutionKind {
    /// Canonical composition (NFC): か and a combining voiced mark became が, or a compatibility
    /// ideograph the unified one.
    Composition,
    /// A dash, tilde or sign for which MS932 has a look-alike.
    Sign,
    /// A variation selector was dropped.
    VariationSelector,
    /// A kanji of another form, from the data file.
    KanjiVariant,
    /// The caller's own map.
    Own,
}

/// One replacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Substituted {
    /// Which character of the text, from 1.
    pub character_number: usize,
    /// Where in the text, in bytes from 0.
    pub at: usize,
    /// Why.
    pub kind: SubstitutionKind,
}

/// Signs of Unicode for which MS932 has another code point. Which is which is a matter of mapping
/// tables: Windows gives FF5E to the wave dash that others call 301C, and so on.
const SIGNS: &[(char, char)] = &[
    ('\u{301C}', '\u{FF5E}'), // wave dash
    ('\u{2212}', '\u{FF0D}'), // minus
    ('\u{2014}', '\u{2015}'), // em dash
    ('\u{2013}', '\u{2010}'), // en dash
    ('\u{2011}', '\u{2010}'), // non-breaking hyphen
    ('\u{2016}', '\u{2225}'), // double vertical line
    ('\u{00A2}', '\u{FFE0}'), // cent
    ('\u{00A3}', '\u{FFE1}'), // pound
    ('\u{00AC}', '\u{FFE2}'), // not
    ('\u{203E}', '\u{FFE3}'), // overline
    ('\u{00A6}', '\u{FFE4}'), // broken bar
    ('\u{00A5}', '\u{FFE5}'), // yen
    ('\u{00A0}', ' '),        // no-break space
];

/// data/kanji-variants.tsv, which names its sources.
static KANJI: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    let lines = include_str!("../../data/kanji-variants.tsv").lines();
    lines
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut columns = line.split('\t').map(|column| column.chars().next());
            Some((columns.next()??, columns.next()??))
        })
        .collect()
});

/// Replaces what MS932 lacks by what it has.
///
/// Nothing is replaced that MS932 has, nothing that is not asked for, and nothing silently.
///
/// ```
/// use careplan_tables::{Text, ms932::{Substitution, SubstitutionKind}};
///
/// let (name, replaced) = Substitution::standard().apply("𠮷田　花子")?;
/// assert_eq!(name, "吉田　花子");
/// assert_eq!(replaced[0].character_number, 1);
/// assert_eq!(replaced[0].kind, SubstitutionKind::KanjiVariant);
/// assert!(Text::new(&name).is_ok());
/// // What has no replacement remains an error: 🏠 is not in MS932.
/// assert!(Substitution::standard().apply("🏠").is_err());
/// // Unless the office says what to write.
/// let own = Substitution::standard().with('🏠', "自宅");
/// assert_eq!(own.apply("🏠")?.0, "自宅");
/// # Ok::<(), careplan_tables::ms932::EncodeError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Substitution {
    own: HashMap<char, String>,
    standard: bool,
}

impl Substitution {
    /// Canonical composition, signs, variation selectors and well-known kanji variants.
    #[must_use]
    pub fn standard() -> Self {
        Self {
            own: HashMap::new(),
            standard: true,
        }
    }

    /// Only what [`with`](Self::with) says.
    #[must_use]
    pub fn own_only() -> Self {
        Self::default()
    }

    /// Adds a replacement; it comes before the standard ones. It also takes user-defined
    /// characters (外字, U+E000 to U+E757): only the office knows what its pictures mean.
    #[must_use]
    pub fn with(mut self, character: char, replacement: impl Into<String>) -> Self {
        self.own.insert(character, replacement.into());
        self
    }

    /// Replaces what MS932 lacks, and tells what was replaced.
    ///
    /// # Errors
    /// If something remains that MS932 lacks; the place is that of the text given.
    pub fn apply(&self, text: &str) -> Result<(String, Vec<Substituted>), EncodeError> {
        let mut result = String::with_capacity(text.len());
        let mut replaced = Vec::new();
        let mut characters = text.char_indices().enumerate().peekable();
        while let Some((index, (at, character))) = characters.next() {
            let mut place = |kind| {
                replaced.push(Substituted {
                    character_number: index + 1,
                    at,
                    kind,
                });
            };
            // A mark that follows belongs to the character, unless MS932 has the mark itself.
            let mut composed = character;
            if self.standard {
                while let Some(&(_, (_, mark))) = characters.peek() {
                    let Some(both) = compose(composed, mark)
                        .filter(|&both| canonical_combining_class(mark) != 0 && has(both))
                    else {
                        break;
                    };
                    composed = both;
                    characters.next();
                }
            }
            if composed != character {
                place(SubstitutionKind::Composition);
                result.push(composed);
            } else if has(character) {
                result.push(character);
            } else if let Some(own) = self.own.get(&character).filter(|own| own.chars().all(has)) {
                place(SubstitutionKind::Own);
                result.push_str(own);
            } else if let Some((kind, replacement)) =
                self.standard.then(|| standard(character)).flatten()
            {
                place(kind);
                result.extend(replacement);
            } else {
                // The error says where the character stands in the text given.
                let rest = text.get(at..).unwrap_or_default();
                return match encode(rest) {
                    Err(error) => Err(error.moved(at, index)),
                    Ok(_) => continue,
                };
            }
        }
        Ok((result, replaced))
    }
}

/// The standard replacement of a character that MS932 lacks; none at all for a variation selector.
fn standard(character: char) -> Option<(SubstitutionKind, Option<char>)> {
    if matches!(character, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}') {
        return Some((SubstitutionKind::VariationSelector, None));
    }
    if let Some(&(_, sign)) = SIGNS.iter().find(|(from, _)| *from == character) {
        return Some((SubstitutionKind::Sign, Some(sign)));
    }
    let mut canonical = std::iter::once(character).nfc();
    if let (Some(one), None) = (canonical.next(), canonical.next())
        && one != character
    {
        if has(one) {
            return Some((SubstitutionKind::Composition, Some(one)));
        }
        let kanji = KANJI.get(&one)?;
        return Some((SubstitutionKind::KanjiVariant, Some(*kanji)));
    }
    let kanji = KANJI.get(&character)?;
    Some((SubstitutionKind::KanjiVariant, Some(*kanji)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(text: &str) -> (String, Vec<SubstitutionKind>) {
        let (text, replaced) = Substitution::standard().apply(text).unwrap();
        (text, replaced.iter().map(|one| one.kind).collect())
    }

    #[test]
    fn each_kind_is_replaced_and_told() {
        use SubstitutionKind as K;
        for (text, expected, kinds) in [
            ("か\u{3099}き", "がき", &[K::Composition][..]),
            ("\u{FA46}", "渚", &[K::Composition]),
            ("10時\u{301C}12時", "10時\u{FF5E}12時", &[K::Sign]),
            ("\u{2212}5\u{2014}\u{2016}", "\u{FF0D}5\u{2015}\u{2225}", &[K::Sign; 3]),
            ("葛\u{E0100}飾区", "葛飾区", &[K::VariationSelector]),
            ("\u{20BB7}田", "吉田", &[K::KanjiVariant]),
            ("蔣さん", "蒋さん", &[K::KanjiVariant]),
            ("髙橋、山﨑", "髙橋、山﨑", &[]),
        ] {
            assert_eq!(apply(text), (expected.to_owned(), kinds.to_vec()), "{text}");
        }
    }

    #[test]
    fn places_are_those_of_the_text_given() {
        let (_, replaced) = Substitution::standard()
            .apply("か\u{3099}\u{20BB7}")
            .unwrap();
        let places: Vec<_> = replaced
            .iter()
            .map(|one| (one.character_number, one.at))
            .collect();
        assert_eq!(places, [(1, 0), (3, 6)]);
    }

    #[test]
    fn what_remains_is_an_error_with_its_place() {
        let error = Substitution::standard().apply("\u{20BB7}田🏠").unwrap_err();
        assert_eq!((error.character_number(), error.at()), (3, 7));
        assert!(!error.is_user_defined());
        let error = Substitution::standard().apply("a\u{E000}").unwrap_err();
        assert!(error.is_user_defined());
        assert!(Substitution::own_only().apply("\u{20BB7}").is_err());
        // A replacement that MS932 lacks is none.
        assert!(Substitution::standard().with('🏠', "🏡").apply("🏠").is_err());
    }

    #[test]
    fn the_offices_own_map_comes_first() {
        let own = Substitution::standard()
            .with('\u{E000}', "吉")
            .with('\u{20BB7}', "キチ");
        assert_eq!(own.apply("\u{E000}\u{20BB7}").unwrap().0, "吉キチ");
    }

    #[test]
    fn the_data_file_replaces_what_ms932_lacks_by_what_it_has() {
        assert!(KANJI.len() > 80);
        for (from, to) in KANJI.iter() {
            assert!(!has(*from), "{from} needs no replacement");
            assert!(has(*to), "{from} is replaced by {to}, which MS932 lacks");
        }
        for (from, to) in SIGNS {
            assert!(!has(*from) && has(*to), "{from:?} {to:?}");
        }
    }
}
