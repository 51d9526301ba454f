//! Says why a field is not a value of its column. Only reached when reading refused it.

use careplan_core::Edition;

use super::Refusal;
use crate::column::{Column, Kind};
use crate::fault::{FaultKind, Misform};
use crate::ms932;
use crate::raw::RawField;

/// The fault of a field that [`read`](super::read) refused.
#[cold]
pub(super) fn diagnose(
    column: &Column,
    field: RawField<'_>,
    edition: Edition,
    refusal: Refusal,
) -> FaultKind {
    let bytes = field.inner();
    if field.needs_unescaping() {
        return FaultKind::FormatInvalid(Misform::Quotes);
    }
    if let Some(fault) = byte_fault(bytes) {
        return fault;
    }
    match (refusal, column.kind) {
        (_, Kind::Version) => return FaultKind::CsvVersionUnknown,
        (Refusal::Calendar, _) => return FaultKind::DateInvalid,
        _ => {}
    }
    // What is not MS932 was reported above.
    let text = ms932::decode_with_user_defined(bytes).unwrap_or_default();
    let found = text.chars().count();
    if text.chars().any(is_full_width) {
        return FaultKind::FormatInvalid(Misform::FullWidth);
    }
    if column.kind != Kind::Code
        && let Some(at) = text
            .chars()
            .enumerate()
            .position(|(at, character)| !is_allowed(column.kind, at, character))
    {
        return FaultKind::FormatInvalid(Misform::Character { at });
    }
    let limit = column.max_length(edition).map_or(usize::MAX, usize::from);
    let identifies = matches!(column.kind, Kind::Office | Kind::Insurer | Kind::Insured);
    if identifies && found < limit && bytes.iter().all(u8::is_ascii_digit) {
        return FaultKind::LeadingZeroLost {
            expected: limit,
            found,
        };
    }
    // "A date that is not 8 digits" is a matter of form, longer or shorter.
    let calendar = matches!(column.kind, Kind::Date | Kind::Month | Kind::Time);
    if found > limit && !calendar {
        return FaultKind::TooLong { limit, found };
    }
    match (refusal, column.range) {
        (Refusal::Unknown, _) => FaultKind::CodeUnknown,
        (Refusal::Range, Some((min, max))) => FaultKind::ValueOutOfRange { min, max },
        _ => FaultKind::FormatInvalid(Misform::Length { found }),
    }
}

/// What is wrong with bytes whatever the column.
pub(super) fn byte_fault(bytes: &[u8]) -> Option<FaultKind> {
    let scan = ms932::scan(bytes);
    if let Some(at) = scan.invalid {
        return Some(FaultKind::EncodingInvalid {
            at,
            looks_like_utf8: std::str::from_utf8(bytes).is_ok(),
        });
    }
    if let Some(at) = scan.control {
        return Some(FaultKind::ControlCharacter { at });
    }
    scan.user_defined
        .map(|at| FaultKind::UserDefinedCharacter { at })
}

/// Full-width forms of ASCII, and the ideographic space. The hyphen is left to the form.
fn is_full_width(character: char) -> bool {
    matches!(character, '\u{3000}' | '\u{FF01}'..='\u{FF5E}') && character != '\u{FF0D}'
}

/// Whether a character may stand at a place of a kind's form.
fn is_allowed(kind: Kind, at: usize, character: char) -> bool {
    let digit = character.is_ascii_digit();
    match kind {
        Kind::Insured => digit || (at == 0 && character == 'H'),
        Kind::Office => digit || (at == 2 && character == 'A'),
        Kind::ServiceType | Kind::ServiceCode => digit || character.is_ascii_uppercase(),
        Kind::EquipmentCode if at == 5 => matches!(character, '-' | '\u{FF0D}' | '\u{2010}'),
        Kind::Decimal => digit || (at == 2 && character == '.'),
        Kind::DayBits => matches!(character, '0' | '1'),
        Kind::Postal if at == 3 => character == '-',
        Kind::Phone => digit || character == '-',
        _ => digit,
    }
}
