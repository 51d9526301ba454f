//! The standard replacements: data/substitutions.tsv, read on first use.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::SubstitutionReason;

/// The file, part of the program.
const FILE: &str = include_str!("../../data/substitutions.tsv");

static TABLE: LazyLock<HashMap<char, (&'static str, SubstitutionReason)>> =
    LazyLock::new(|| FILE.lines().filter_map(entry).collect());

/// The replacement of a character.
pub(super) fn replacement(character: char) -> Option<(&'static str, SubstitutionReason)> {
    TABLE.get(&character).copied()
}

/// A line's entry; `None` for comments. The tests make sure that every other line has one.
fn entry(line: &'static str) -> Option<(char, (&'static str, SubstitutionReason))> {
    let mut columns = line.split('\t');
    let reason = match columns.next()? {
        "windows" => SubstitutionReason::WindowsCode,
        "punctuation" => SubstitutionReason::Punctuation,
        "invisible" => SubstitutionReason::Invisible,
        "composition" => SubstitutionReason::Composition,
        "compatibility" => SubstitutionReason::Compatibility,
        "kanji" => SubstitutionReason::Kanji,
        _ => return None,
    };
    let code = columns.next()?.strip_prefix("U+")?;
    let character = char::from_u32(u32::from_str_radix(code, 16).ok()?)?;
    Some((character, (columns.next()?, reason)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ms932::has;

    #[test]
    fn every_line_is_an_entry_of_its_own() {
        let lines = FILE
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        let entries: Vec<_> = lines.map(|line| entry(line).expect(line)).collect();
        assert_eq!(TABLE.len(), entries.len(), "a character stands twice");
        assert!(entries.len() > 700);
    }

    #[test]
    fn every_entry_leads_from_outside_ms932_to_inside() {
        for (from, (to, _)) in TABLE.iter() {
            assert!(!has(*from), "MS932 has {from}");
            assert!(to.chars().all(has), "MS932 lacks {to}");
        }
    }
}
