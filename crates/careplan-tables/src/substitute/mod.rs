//! Writing what MS932 lacks: replacements on purpose, each reported with its place.
//!
//! Names have kanji that MS932 does not have (𠮷田), texts typed on other systems have dashes and
//! tildes that Windows codes differently, texts copied from PDF files have radicals instead of
//! kanji. The standard's files can hold none of it, and its manuals ask the sender to turn it into
//! something they can. [`Substitutes`] does that, and nothing else:
//!
//! - what MS932 has is never touched;
//! - what is replaced is reported: where, what, by what and why, as a [`Substitution`];
//! - what has no replacement remains an error, with its place; never a `?`.
//!
//! What is replaced by what stands in data/substitutions.tsv, with its sources. User-defined
//! characters (外字) are replaced only by a caller's own entry: only the office knows its pictures.

mod report;
mod table;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use careplan_core::{Explain, Lang};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{canonical_combining_class, compose};

use crate::ms932::{self, EncodeError, has};
use crate::value::Text;

pub use report::{Substitution, SubstitutionReason};

/// What to write instead of what MS932 lacks: the standard replacements, and the caller's own,
/// which come first.
///
/// ```
/// use careplan_tables::substitute::{SubstitutionReason, Substitutes};
///
/// let mut substitutes = Substitutes::new();
/// // The office's picture for a name, and a sign it uses.
/// substitutes.add("\u{E000}", "髙")?;
/// substitutes.add("🏠", "自宅")?;
///
/// let name = substitutes.apply("𠮷田　\u{E000}子");
/// assert_eq!(name.text(), "吉田　髙子");
/// let first = &name.substitutions()[0];
/// assert_eq!((first.character_number(), first.from(), first.to()), (1, "𠮷", "吉"));
/// assert_eq!(first.reason(), SubstitutionReason::Kanji);
/// // Free text of a record.
/// assert_eq!(name.into_text()?.as_bytes().len(), 10);
///
/// // What has no replacement remains an error.
/// let error = substitutes.apply("訪問🚗").into_text().unwrap_err();
/// assert_eq!(error.character_number(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Substitutes {
    own: HashMap<Box<str>, Box<str>>,
}

impl Substitutes {
    /// The standard replacements.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a replacement of the caller's own; it replaces an earlier one of the same character.
    ///
    /// `from` is one character that MS932 lacks or a user-defined one (U+E000 to U+E757), with the
    /// combining marks and variation selectors that belong to it, if only that combination is meant.
    /// `to` is any text of MS932; an empty one drops the character.
    ///
    /// # Errors
    /// If `from` is empty, several characters, or in MS932, or `to` is not in MS932.
    pub fn add(&mut self, from: &str, to: &str) -> Result<(), EntryError> {
        let mut units = Units {
            rest: from,
            at: 0,
            number: 0,
        };
        let kind = match (units.next(), units.next()) {
            (None, _) => EntryErrorKind::Empty,
            (Some(_), Some(_)) => EntryErrorKind::SeveralCharacters,
            (Some(_), None) if from.chars().all(has) => EntryErrorKind::AlreadyInMs932,
            (Some(_), None) if !to.chars().all(has) => EntryErrorKind::ReplacementNotInMs932,
            (Some(_), None) => {
                self.own.insert(from.into(), to.into());
                return Ok(());
            }
        };
        Err(EntryError { kind })
    }

    /// Replaces what MS932 lacks. A text of MS932 comes back as it was, borrowed; applied again to
    /// its result it changes nothing.
    #[must_use]
    pub fn apply<'t>(&self, text: &'t str) -> Substituted<'t> {
        if text.chars().all(has) {
            return Substituted {
                text: Cow::Borrowed(text),
                substitutions: Vec::new(),
                remaining: None,
            };
        }
        let mut result = String::with_capacity(text.len());
        let mut substitutions = Vec::new();
        let mut remaining = None;
        for unit in (Units {
            rest: text,
            at: 0,
            number: 0,
        }) {
            match self.unit(unit, &mut result, &mut substitutions) {
                Ok(()) => {}
                // Left whole, as it was: half of a character would be another one.
                Err(error) => {
                    result.push_str(unit.text);
                    remaining = remaining.or(Some(error));
                }
            }
        }
        Substituted {
            text: Cow::Owned(result),
            substitutions,
            remaining,
        }
    }

    /// Replaces what MS932 lacks of one character with its marks. After an error nothing is written.
    fn unit(
        &self,
        unit: Unit<'_>,
        result: &mut String,
        substitutions: &mut Vec<Substitution>,
    ) -> Result<(), EncodeError> {
        let (written, reported) = (result.len(), substitutions.len());
        if let Some(to) = self.own.get(unit.text) {
            result.push_str(to);
            substitutions.push(unit.substitution(unit.text, 0, 0, to, SubstitutionReason::Own));
            return Ok(());
        }
        let mut characters = unit.text.char_indices().enumerate().peekable();
        while let Some((index, (at, base))) = characters.next() {
            // Marks compose with what comes before if MS932 has the result, or a replacement.
            let mut character = base;
            let mut end = at + base.len_utf8();
            while let Some(&(_, (mark_at, mark))) = characters.peek()
                && let Some(composed) = compose(character, mark)
                && self.replacement(composed).is_some()
            {
                character = composed;
                end = mark_at + mark.len_utf8();
                characters.next();
            }
            let Some((to, reason)) = self.replacement(character) else {
                result.truncate(written);
                substitutions.truncate(reported);
                return Err(EncodeError::new(
                    unit.at + at,
                    unit.number + index + 1,
                    ms932::is_user_defined(character),
                ));
            };
            let reason = if character == base {
                reason
            } else {
                Some(SubstitutionReason::Composition)
            };
            result.push_str(&to);
            if let Some(reason) = reason {
                let from = unit.text.get(at..end).unwrap_or_default();
                substitutions.push(unit.substitution(from, at, index, &to, reason));
            }
        }
        Ok(())
    }

    /// What to write for one character, and why if it is another one; `None` if nothing is known.
    fn replacement(&self, character: char) -> Option<(Cow<'_, str>, Option<SubstitutionReason>)> {
        if has(character) {
            return Some((character.to_string().into(), None));
        }
        let mut buffer = [0; 4];
        if let Some(to) = self.own.get(&*character.encode_utf8(&mut buffer)) {
            return Some(((&**to).into(), Some(SubstitutionReason::Own)));
        }
        if is_variation_selector(character) {
            return Some(("".into(), Some(SubstitutionReason::VariationSelector)));
        }
        if let Some((to, reason)) = table::replacement(character) {
            return Some((to.into(), Some(reason)));
        }
        // A character that Unicode has twice, such as the compatibility ideograph U+FA46.
        let mut normal = std::iter::once(character).nfc();
        match (normal.next(), normal.next()) {
            (Some(one), None) if one != character && has(one) => Some((
                one.to_string().into(),
                Some(SubstitutionReason::Composition),
            )),
            (Some(one), None) if one != character => {
                table::replacement(one).map(|(to, reason)| (to.into(), Some(reason)))
            }
            _ => None,
        }
    }
}

impl fmt::Debug for Substitutes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Substitutes({} own)", self.own.len())
    }
}

/// [`Substitutes::apply`] with the standard replacements only.
///
/// ```
/// let text = careplan_tables::substitute::substitute("10\u{301C}12時");
/// assert_eq!(text.text(), "10～12時");
/// ```
#[must_use]
pub fn substitute(text: &str) -> Substituted<'_> {
    Substitutes::new().apply(text)
}

/// A text whose replaceable characters are replaced.
#[derive(Clone, PartialEq, Eq)]
pub struct Substituted<'t> {
    text: Cow<'t, str>,
    substitutions: Vec<Substitution>,
    remaining: Option<EncodeError>,
}

impl<'t> Substituted<'t> {
    /// The text. What has no replacement is still in it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What was replaced, in the order of the text.
    #[must_use]
    pub fn substitutions(&self) -> &[Substitution] {
        &self.substitutions
    }

    /// The first character without a replacement, with its place in the text that was given.
    #[must_use]
    pub fn remaining(&self) -> Option<EncodeError> {
        self.remaining
    }

    /// The text for a column of free text.
    ///
    /// # Errors
    /// The one of [`remaining`](Self::remaining).
    pub fn into_text(self) -> Result<Text<'t>, EncodeError> {
        match (self.remaining, self.text) {
            (Some(error), _) => Err(error),
            (None, Cow::Borrowed(text)) => Text::new(text),
            (None, Cow::Owned(text)) => Text::new(&text).map(Text::into_owned),
        }
    }

    /// The text and what was replaced in it.
    #[must_use]
    pub fn into_parts(self) -> (Cow<'t, str>, Vec<Substitution>) {
        (self.text, self.substitutions)
    }
}

impl fmt::Debug for Substituted<'_> {
    /// The text is hidden: names, addresses, opinions.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Substituted")
            .field("bytes", &self.text.len())
            .field("substitutions", &self.substitutions)
            .field("remaining", &self.remaining)
            .finish()
    }
}

/// Why an entry of the caller's own was not added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
pub struct EntryError {
    kind: EntryErrorKind,
}

/// What is wrong with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EntryErrorKind {
    /// Nothing to replace.
    Empty,
    /// More than one character to replace.
    SeveralCharacters,
    /// MS932 has the character; it is never replaced.
    AlreadyInMs932,
    /// MS932 lacks something of the replacement.
    ReplacementNotInMs932,
}

impl EntryError {
    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> EntryErrorKind {
        self.kind
    }
}

impl Explain for EntryError {
    fn explain(&self, lang: Lang) -> String {
        match (self.kind, lang) {
            (EntryErrorKind::Empty, Lang::En) => {
                "no character to replace; give the one that MS932 lacks"
            }
            (EntryErrorKind::Empty, Lang::Ja) => {
                "置換元の文字がありません。MS932にない文字を1文字指定してください。"
            }
            (EntryErrorKind::SeveralCharacters, Lang::En) => {
                "more than one character to replace; make an entry for each"
            }
            (EntryErrorKind::SeveralCharacters, Lang::Ja) => {
                "置換元が2文字以上あります。1文字ずつ登録してください。"
            }
            (EntryErrorKind::AlreadyInMs932, Lang::En) => {
                "MS932 has the character to replace; what it has is written as it is, leave the entry out"
            }
            (EntryErrorKind::AlreadyInMs932, Lang::Ja) => {
                "置換元はMS932にある文字で、そのまま書かれます。登録は不要です。"
            }
            (EntryErrorKind::ReplacementNotInMs932, Lang::En) => {
                "MS932 lacks a character of the replacement; choose characters of MS932"
            }
            (EntryErrorKind::ReplacementNotInMs932, Lang::Ja) => {
                "置換後の文字にMS932にないものがあります。MS932にある文字を指定してください。"
            }
        }
        .to_owned()
    }
}

/// A character with the combining marks and variation selectors after it.
#[derive(Clone, Copy)]
struct Unit<'t> {
    text: &'t str,
    /// Bytes before it.
    at: usize,
    /// Characters before it.
    number: usize,
}

impl Unit<'_> {
    /// A report about a part of it that begins so many bytes and characters in.
    fn substitution(
        &self,
        from: &str,
        at: usize,
        index: usize,
        to: &str,
        reason: SubstitutionReason,
    ) -> Substitution {
        Substitution::new(self.at + at, self.number + index + 1, from, to, reason)
    }
}

/// Splits a text into [`Unit`]s.
struct Units<'t> {
    rest: &'t str,
    at: usize,
    number: usize,
}

impl<'t> Iterator for Units<'t> {
    type Item = Unit<'t>;

    fn next(&mut self) -> Option<Unit<'t>> {
        let mut characters = self.rest.char_indices().skip(1);
        let end = characters
            .find(|&(_, character)| !extends(character))
            .map_or(self.rest.len(), |(at, _)| at);
        let (text, rest) = self.rest.split_at(end);
        let unit = Unit {
            text,
            at: self.at,
            number: self.number,
        };
        self.rest = rest;
        self.at += end;
        self.number += text.chars().count();
        (!text.is_empty()).then_some(unit)
    }
}

/// Whether a character belongs to the one before.
fn extends(character: char) -> bool {
    canonical_combining_class(character) != 0 || is_variation_selector(character)
}

/// Variation selectors choose a form of the character before: U+FE00 to U+FE0F, and those for
/// kanji (異体字セレクタ), U+E0100 to U+E01EF.
const fn is_variation_selector(character: char) -> bool {
    matches!(character, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}
