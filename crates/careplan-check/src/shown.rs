//! What a report may show of a file, and how: no personal data, on one line.

use careplan_tables::{Column, Kind};

/// What stands for personal data.
pub(crate) const HIDDEN: &str = "***";

/// Whether a column holds what tells who somebody is, or free text, which may hold anything.
pub(crate) fn is_personal(column: &Column) -> bool {
    matches!(
        column.kind,
        Kind::Insured | Kind::Text | Kind::Postal | Kind::Phone
    ) || column.key == "birth_date"
}

/// Whether a value may be shown in a report: its column is not personal, and it does not look as
/// if something personal had slipped into it.
pub(crate) fn may_show(column: &Column, content: &[u8]) -> bool {
    /// Longer ones are no values of such columns; equipment codes and day bits are the longest.
    const LONGEST: usize = 40;
    if is_personal(column) || content.len() > LONGEST {
        return false;
    }
    let tail = match content {
        [b'H', tail @ ..] => tail,
        all => all,
    };
    let digits = tail.iter().filter(|byte| byte.is_ascii_digit()).count();
    let like_insured_number = digits == tail.len() && (9..=10).contains(&digits);
    if like_insured_number
        && !matches!(column.kind, Kind::Office | Kind::Fixed)
        && column.key != "entered_by"
    {
        return false;
    }
    // Names are written in kanji and kana; full-width letters and digits (rows 81 and 82 up to
    // 829A) are shown, because seeing them is what helps.
    let mut rest = content;
    while let Some((&first, behind)) = rest.split_first() {
        rest = match (first, behind.first()) {
            (0x20..=0x7E, _) => behind,
            (0x81, Some(_)) | (0x82, Some(0x4F..=0x9A)) => behind.get(1..).unwrap_or_default(),
            _ => return false,
        };
    }
    true
}

/// Text for a report on one line: control characters and what cannot be decoded made visible.
pub(crate) fn printable(content: &[u8]) -> String {
    let text = match careplan_tables::ms932::decode(content) {
        Ok(text) => text.into_owned(),
        Err(_) => String::from_utf8_lossy(content).into_owned(),
    };
    text.chars()
        .map(|character| match character {
            '\r' | '\n' => '⏎',
            '\t' => ' ',
            control if control.is_control() => '\u{FFFD}',
            other => other,
        })
        .collect()
}

/// A value in a message, if it may be shown.
pub(crate) fn value(column: &Column, content: &[u8], show_values: bool) -> Option<String> {
    (show_values || may_show(column, content)).then(|| printable(content))
}

/// Cuts a text for a message.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most).chain(['…']).collect()
}
