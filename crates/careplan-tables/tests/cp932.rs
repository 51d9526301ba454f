//! MS932 against Windows code page 932 as Python's codec `cp932` has it: every sequence of one and
//! two bytes, every character of Unicode. tests/cp932.py prints what Python says.
//!
//! The differences are listed here, each with its reason; anything else that differs fails.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use careplan_tables::ms932;

/// Single bytes that Python decodes and we refuse. They are no characters: Windows fills the holes
/// of its table with a control character and four private ones, so that nothing is ever refused.
const FILLERS: [(u8, char); 5] = [
    (0x80, '\u{80}'),
    (0xA0, '\u{F8F0}'),
    (0xFD, '\u{F8F1}'),
    (0xFE, '\u{F8F2}'),
    (0xFF, '\u{F8F3}'),
];

/// Characters that Python encodes to bytes that decode to another one. We refuse them: what is
/// written must read as what it was. The facility for substitutions replaces them, and reports it.
const BEST_FITS: [(char, &[u8], char); 6] = [
    ('\u{A2}', b"\x81\x91", '\u{FFE0}'),
    ('\u{A3}', b"\x81\x92", '\u{FFE1}'),
    ('\u{AC}', b"\x81\xCA", '\u{FFE2}'),
    ('\u{2016}', b"\x81\x61", '\u{2225}'),
    ('\u{2212}', b"\x81\x7C", '\u{FF0D}'),
    ('\u{301C}', b"\x81\x60", '\u{FF5E}'),
];

/// What Python says.
struct Reference {
    /// Sequences that decode, and the place of the first wrong byte of those that do not.
    decoded: BTreeMap<Vec<u8>, Result<String, usize>>,
    encoded: HashMap<char, Vec<u8>>,
}

static PYTHON: LazyLock<Reference> = LazyLock::new(|| {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cp932.py");
    let output = Command::new("python3")
        .arg(&script)
        .output()
        .expect("python3 must be installed: this test asks its codec cp932 (`cargo xtask test` installs it)");
    assert!(
        output.status.success(),
        "python3 {} failed: {}",
        script.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    let mut reference = Reference {
        decoded: BTreeMap::new(),
        encoded: HashMap::new(),
    };
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        match fields[..] {
            ["d", bytes, text] => {
                let text = text.split(' ').map(character).collect();
                reference.decoded.insert(unhex(bytes), Ok(text));
            }
            ["x", bytes, at] => {
                let at = at.parse().unwrap();
                reference.decoded.insert(unhex(bytes), Err(at));
            }
            ["e", code, bytes] => {
                reference.encoded.insert(character(code), unhex(bytes));
            }
            _ => panic!("unknown line {line:?}"),
        }
    }
    assert_eq!(reference.decoded.len(), 256 + 256 * 256);
    reference
});

fn character(code: &str) -> char {
    char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn is_filler(character: char) -> bool {
    FILLERS.iter().any(|&(_, filler)| filler == character)
}

/// Pairs of the user-defined area: F040 to F9FC, without 7F in the second place.
fn is_user_defined(pair: &[u8]) -> bool {
    matches!(pair, [0xF0..=0xF9, 0x40..=0x7E | 0x80..=0xFC])
}

#[test]
fn every_sequence_of_one_and_two_bytes_decodes_as_in_python() {
    let mut fillers = 0;
    let mut user_defined = 0;
    for (bytes, python) in &PYTHON.decoded {
        let ours = ms932::decode_with_user_defined(bytes)
            .map(String::from)
            .map_err(|error| error.at());
        // A filler is where we stop, unless Python stopped before.
        let expected = match python {
            _ if FILLERS.iter().any(|&(byte, _)| bytes[0] == byte) => Err(0),
            Ok(text) if text.chars().any(is_filler) => Err(1),
            other => other.clone(),
        };
        fillers += usize::from(expected != *python);
        assert_eq!(ours, expected, "{bytes:02x?}");

        // Without user-defined characters the same, but for them.
        let strict = ms932::decode(bytes).map(String::from);
        if is_user_defined(bytes) {
            user_defined += 1;
            let error = strict.unwrap_err();
            assert_eq!(error.kind(), ms932::DecodeErrorKind::UserDefined);
            assert_eq!(error.at(), 0);
        } else {
            assert_eq!(strict.map_err(|error| error.at()), expected, "{bytes:02x?}");
        }
    }
    assert_eq!(user_defined, 10 * 188);
    // Five alone, five before any byte, five after one of the 191 bytes that are a character alone.
    assert_eq!(fillers, 5 + 5 * 256 + 191 * 5);
}

#[test]
fn the_fillers_are_what_we_say() {
    for (byte, filler) in FILLERS {
        assert_eq!(
            PYTHON.decoded[&[byte][..]].as_deref(),
            Ok(&*filler.to_string())
        );
        assert_eq!(PYTHON.encoded[&filler], [byte]);
    }
}

#[test]
fn every_character_of_unicode_encodes_as_in_python() {
    let mut nec_copies = 0;
    for code in (0..=0x10_FFFF).filter_map(char::from_u32) {
        let text = code.to_string();
        let python = PYTHON.encoded.get(&code).map(Vec::as_slice);
        let ours = ms932::encode(&text);
        let with_user_defined = ms932::encode_with_user_defined(&text).ok();
        let expected = match python {
            Some(_) if is_filler(code) => None,
            Some(copy @ [0xED..=0xEE, _]) => {
                nec_copies += 1;
                Some(written_by_windows(copy, code))
            }
            Some(bytes) => match BEST_FITS.iter().find(|fit| fit.0 == code) {
                Some(&(_, fit, read)) => {
                    assert_eq!(bytes, fit);
                    assert_eq!(ms932::decode(fit).unwrap(), read.to_string());
                    None
                }
                None => Some(bytes.to_vec()),
            },
            None => None,
        };
        assert_eq!(with_user_defined, expected, "U+{:04X}", u32::from(code));
        if ('\u{E000}'..='\u{E757}').contains(&code) {
            assert!(is_user_defined(&expected.unwrap()));
            let error = ours.unwrap_err();
            assert!(error.is_user_defined());
            assert_eq!((error.at(), error.character_number()), (0, 1));
        } else {
            let ours = ours.ok().map(Cow::into_owned);
            assert_eq!(ours, expected, "U+{:04X}", u32::from(code));
        }
    }
    // All 374 but ￢, which JIS X 0208 has too.
    assert_eq!(nec_copies, 373);
}

/// Where NEC's copy of an IBM extension (ED40 to EEFC) is what Python writes, Windows writes IBM's
/// own place (FA40 to FC4B). Python reads both as the same character. The WHATWG's standard
/// follows Windows, and `encoding_rs` implements it.
fn written_by_windows(copy: &[u8], code: char) -> Vec<u8> {
    let text = code.to_string();
    let (bytes, _, unmappable) = encoding_rs::SHIFT_JIS.encode(&text);
    assert!(!unmappable);
    assert!(matches!(bytes[0], 0xFA..=0xFC), "{bytes:02x?}");
    for sequence in [copy, &bytes] {
        assert_eq!(PYTHON.decoded[sequence].as_deref(), Ok(&*text));
    }
    bytes.into_owned()
}

/// Where Windows has one character in several places, one is written and all are read: signs of
/// JIS X 0208 that NEC row 13 has as well, and the IBM extensions, which NEC put at ED40 to EEFC,
/// too.
#[test]
fn of_several_sequences_the_one_of_windows_is_written() {
    let mut sequences: HashMap<char, Vec<Vec<u8>>> = HashMap::new();
    for (bytes, text) in &PYTHON.decoded {
        if let (2, Ok(text)) = (bytes.len(), text)
            && let (Some(character), None) = (text.chars().next(), text.chars().nth(1))
        {
            sequences.entry(character).or_default().push(bytes.clone());
        }
    }
    sequences.retain(|_, all| all.len() > 1);
    assert_eq!(sequences.len(), 396);
    for (character, all) in sequences {
        let text = character.to_string();
        for bytes in &all {
            assert_eq!(ms932::decode(bytes).unwrap(), text);
        }
        // Microsoft's choice (KB 170559): JIS X 0208, else NEC row 13, else IBM's own place, never
        // NEC's copy of it.
        let rank = |bytes: &&Vec<u8>| match bytes[0] {
            0x81..=0x84 => 0,
            0x87 => 1,
            0xFA..=0xFC => 2,
            0xED..=0xEE => 3,
            lead => panic!("{lead:02x}"),
        };
        let first = all.iter().min_by_key(rank).unwrap();
        assert_eq!(&*ms932::encode(&text).unwrap(), &first[..], "{character}");
        assert!(!matches!(first[0], 0xED..=0xEE));
    }
    for (text, bytes) in [
        ("髙", b"\xFB\xFC"),
        ("﨑", b"\xFA\xB1"),
        ("㈱", b"\x87\x8A"),
        ("Ⅲ", b"\x87\x56"),
        ("ⅲ", b"\xFA\x42"),
        ("∵", b"\x81\xE6"),
        ("￢", b"\x81\xCA"),
    ] {
        assert_eq!(&*ms932::encode(text).unwrap(), bytes, "{text}");
    }
}
