//! MS932 and the replacement of what it lacks.
//!
//! The input is taken as MS932 bytes and as UTF-8 text. Nothing panics, and
//! - bytes that decode are written back as they were, unless they hold one of the sequences for
//!   which Windows has another one; then at least they read the same;
//! - text that encodes decodes to itself;
//! - a replaced text replaced again is itself, and encodes unless the error said otherwise;
//! - the reports are the whole difference.
#![no_main]

use careplan_tables::substitute::Substitutes;
use careplan_tables::{Text, ms932};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    as_bytes(bytes);
    if let Ok(text) = str::from_utf8(bytes) {
        as_text(text);
    }
    as_text(&String::from_utf8_lossy(bytes));
});

fn as_bytes(bytes: &[u8]) {
    match ms932::decode_with_user_defined(bytes) {
        Ok(text) => {
            let written = ms932::encode_with_user_defined(&text).unwrap();
            assert_eq!(ms932::decode_with_user_defined(&written).unwrap(), text);
            assert_eq!(written.len(), bytes.len());
            if !has_second_place(bytes) {
                assert_eq!(written, bytes);
            }
            let user_defined = text.chars().any(ms932::is_user_defined);
            assert_eq!(ms932::decode(bytes).is_err(), user_defined);
            let kept = Text::from_ms932(bytes).unwrap();
            assert_eq!(kept.as_bytes(), bytes);
            assert_eq!(kept.decode(), text);
            assert_eq!(kept.has_user_defined(), user_defined);
            as_text(&text);
        }
        Err(error) => {
            assert!(ms932::decode(bytes).is_err());
            // What comes before decodes.
            assert!(ms932::decode_with_user_defined(&bytes[..error.at()]).is_ok());
            assert!(error.at() < bytes.len());
        }
    }
}

/// Whether bytes that decode hold a character in a place that Windows reads but does not write:
/// NEC's copy of the IBM extensions, and signs that several rows have.
fn has_second_place(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let [lead, tail @ ..] = rest {
        rest = match lead {
            0x81..=0x9F | 0xE0..=0xFC => {
                let pair = [*lead, tail[0]];
                if matches!(pair, [0xED..=0xEE, _] | [0x87, _] | [0xFA, 0x40..=0x5B]) {
                    return true;
                }
                &tail[1..]
            }
            _ => tail,
        };
    }
    false
}

fn as_text(text: &str) {
    match ms932::encode(text) {
        Ok(written) => assert_eq!(ms932::decode(&written).unwrap(), text),
        Err(error) => {
            let (before, rest) = text.split_at(error.at());
            assert!(ms932::encode(before).is_ok());
            assert_eq!(before.chars().count() + 1, error.character_number());
            assert!(!ms932::has(rest.chars().next().unwrap()));
        }
    }
    let mut office = Substitutes::new();
    office.add("\u{E000}", "髙").unwrap();
    office.add("é", "e").unwrap();
    office.add("葛\u{E0100}", "カツ").unwrap();
    for substitutes in [Substitutes::new(), office] {
        let once = substitutes.apply(text);
        let twice = substitutes.apply(once.text());
        assert_eq!(twice.text(), once.text());
        assert!(twice.substitutions().is_empty());
        assert_eq!(
            once.remaining().is_none(),
            ms932::encode(once.text()).is_ok()
        );
        if ms932::encode(text).is_ok() {
            assert!(once.substitutions().is_empty());
            assert_eq!(once.text(), text);
        }
        if let Some(error) = once.remaining() {
            let character = text[error.at()..].chars().next().unwrap();
            assert!(!ms932::has(character));
        }

        let mut rebuilt = String::new();
        let mut end = 0;
        for one in once.substitutions() {
            rebuilt += &text[end..one.at()];
            assert!(text[one.at()..].starts_with(one.from()));
            assert!(!one.from().chars().all(ms932::has));
            rebuilt += one.to();
            end = one.at() + one.from().len();
        }
        rebuilt += &text[end..];
        assert_eq!(rebuilt, once.text());
        if once.remaining().is_none() {
            let written = once.into_text().unwrap();
            assert_eq!(written.decode(), rebuilt);
        }
    }
}
