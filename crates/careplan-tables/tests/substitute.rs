//! What is written instead of what MS932 lacks: each kind by example, every line of
//! data/substitutions.tsv against Python, and what holds for any text.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests.

use std::borrow::Cow;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use careplan_core::{Explain, Lang};
use careplan_tables::ms932;
use careplan_tables::substitute::{
    EntryErrorKind, Substitutes, Substitution, SubstitutionReason, substitute,
};
use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

use SubstitutionReason as R;

/// Place, what stood there, what stands there, why.
fn facts(substitutions: &[Substitution]) -> Vec<(usize, usize, &str, &str, R)> {
    substitutions
        .iter()
        .map(|one| {
            (
                one.character_number(),
                one.at(),
                one.from(),
                one.to(),
                one.reason(),
            )
        })
        .collect()
}

/// The result of a text that is replaced wholly, and why, in order.
fn replaced(text: &str) -> (String, Vec<R>) {
    let result = substitute(text);
    assert_eq!(result.remaining(), None, "{text}");
    assert!(ms932::encode(result.text()).is_ok(), "{text}");
    let reasons = result.substitutions().iter().map(Substitution::reason);
    (result.text().to_owned(), reasons.collect())
}

#[test]
fn each_reason_has_its_replacements() {
    for (text, expected, reasons) in [
        // Canonical composition; a text from macOS comes decomposed.
        ("か\u{3099}は\u{309A}", "がぱ", &[R::Composition; 2][..]),
        ("\u{FA46}", "渚", &[R::Composition]),
        ("\u{2F878}", "屮", &[R::Composition]),
        ("5\u{212A}", "5K", &[R::Composition]),
        // Å of MS932 is U+212B, and composition ends in U+00C5.
        ("A\u{30A}\u{C5}", "\u{212B}\u{212B}", &[R::Composition; 2]),
        // Signs that Windows codes differently.
        ("10時\u{301C}", "10時\u{FF5E}", &[R::WindowsCode]),
        (
            "\u{2212}\u{2014}\u{2016}",
            "\u{FF0D}\u{2015}\u{2225}",
            &[R::WindowsCode; 3],
        ),
        (
            "\u{A2}\u{A3}\u{AC}",
            "\u{FFE0}\u{FFE1}\u{FFE2}",
            &[R::WindowsCode; 3],
        ),
        // Signs of another width.
        (
            "\u{A5}\u{203E}\u{2013}\u{A0}",
            "\u{FFE5}\u{FFE3}- ",
            &[R::Punctuation; 4],
        ),
        // Variation selectors, also after what else is replaced.
        (
            "葛\u{E0100}飾、辻\u{E0101}、",
            "葛飾、辻、",
            &[R::VariationSelector; 2],
        ),
        (
            "\u{20BB7}\u{E0100}",
            "吉",
            &[R::Kanji, R::VariationSelector],
        ),
        // What shows nothing.
        ("\u{FEFF}訪問\u{200B}介護", "訪問介護", &[R::Invisible; 2]),
        // Compatibility characters.
        (
            "㋿８年、㈪㈬㈮、500㎖",
            "令和８年、(月)(水)(金)、500mL",
            &[R::Compatibility; 5],
        ),
        (
            "\u{2F45}向、\u{2ED1}い",
            "方向、長い",
            &[R::Compatibility; 2],
        ),
        ("あ\u{3099}", "あ゛", &[R::Compatibility]),
        // Kanji.
        (
            "\u{20BB7}田、\u{525D}離、\u{20B9F}る、蔣、頰",
            "吉田、剥離、叱る、蒋、頬",
            &[R::Kanji; 5],
        ),
    ] {
        let expected = (expected.to_owned(), reasons.to_vec());
        assert_eq!(replaced(text), expected, "{text}");
    }
}

#[test]
fn what_ms932_has_is_never_touched() {
    // Characters that NFC would change, though Windows has them: U+FA19, U+F9DC, U+212B.
    for text in [
        "",
        "髙橋、山﨑、德永、栁、桒、濵",
        "\u{FA19}奈川、\u{F9DC}、\u{212B}",
        "①Ⅲ㈱㍻㎡ｶﾞ゛＼～―∥－",
        "a\tb\r\n\u{1}",
    ] {
        let result = substitute(text);
        assert_eq!(result.text(), text);
        assert!(result.substitutions().is_empty());
        assert!(matches!(result.into_parts().0, Cow::Borrowed(_)));
    }
    // Not even beside something that is replaced.
    assert_eq!(replaced("\u{FA19}\u{E0100}\u{301C}").0, "\u{FA19}\u{FF5E}");
}

#[test]
fn places_are_those_of_the_text_given() {
    let result = substitute("か\u{3099}き\u{20BB7}\u{E0100}〜");
    assert_eq!(
        facts(result.substitutions()),
        [
            (1, 0, "か\u{3099}", "が", R::Composition),
            (4, 9, "\u{20BB7}", "吉", R::Kanji),
            (5, 13, "\u{E0100}", "", R::VariationSelector),
            (6, 17, "〜", "～", R::WindowsCode),
        ]
    );
}

#[test]
fn what_has_no_replacement_is_an_error_at_its_place_and_stays() {
    let result = substitute("か\u{3099}🏠\u{20BB7}é");
    let error = result.remaining().unwrap();
    assert_eq!((error.character_number(), error.at()), (3, 6));
    assert!(!error.is_user_defined());
    assert_eq!(result.text(), "が🏠吉é");
    assert_eq!(result.into_text().unwrap_err(), error);

    // A mark that cannot be replaced keeps its character as it was.
    let result = substitute("\u{20BB7}\u{301}");
    assert_eq!(result.text(), "\u{20BB7}\u{301}");
    assert_eq!(result.remaining().unwrap().character_number(), 2);
    assert!(result.substitutions().is_empty());

    // Fractions and superscripts would join the digits before them: 1½ is not 11/2.
    for text in ["1½", "m²", "㉑"] {
        assert!(substitute(text).remaining().is_some(), "{text}");
    }
}

#[test]
fn user_defined_characters_are_replaced_by_own_entries_only() {
    let error = substitute("山\u{E000}").remaining().unwrap();
    assert!(error.is_user_defined());
    assert_eq!(error.character_number(), 2);

    let mut office = Substitutes::new();
    office.add("\u{E000}", "髙").unwrap();
    let result = office.apply("山\u{E000}");
    assert_eq!(
        facts(result.substitutions()),
        [(2, 3, "\u{E000}", "髙", R::Own)]
    );
    assert_eq!(result.into_text().unwrap(), "山髙");
}

#[test]
fn own_entries_come_first() {
    let mut office = Substitutes::new();
    office.add("\u{20BB7}", "キチ").unwrap();
    office.add("é", "e").unwrap();
    office.add("辻\u{E0100}", "十").unwrap();
    office.add("🚗", "").unwrap();
    let result = office.apply("\u{20BB7}e\u{301}é辻\u{E0100}辻\u{E0101}🚗");
    assert_eq!(result.text(), "キチee十辻");
    assert_eq!(
        facts(result.substitutions()),
        [
            (1, 0, "\u{20BB7}", "キチ", R::Own),
            (2, 4, "e\u{301}", "e", R::Composition),
            (4, 7, "é", "e", R::Own),
            (5, 9, "辻\u{E0100}", "十", R::Own),
            (8, 19, "\u{E0101}", "", R::VariationSelector),
            (9, 23, "🚗", "", R::Own),
        ]
    );
    // The later entry of a character counts.
    office.add("\u{20BB7}", "吉").unwrap();
    assert_eq!(office.apply("\u{20BB7}").text(), "吉");
}

#[test]
fn entries_that_could_not_work_are_refused() {
    use EntryErrorKind as K;
    for (from, to, kind) in [
        ("", "a", K::Empty),
        ("🏠🏠", "自宅", K::SeveralCharacters),
        ("吉", "𠮷", K::AlreadyInMs932),
        ("a", "b", K::AlreadyInMs932),
        ("🏠", "🏡", K::ReplacementNotInMs932),
        ("🏠", "\u{E000}", K::ReplacementNotInMs932),
    ] {
        let mut substitutes = Substitutes::new();
        let error = substitutes.add(from, to).unwrap_err();
        assert_eq!(error.kind(), kind, "{from}");
        for lang in [Lang::En, Lang::Ja] {
            assert!(!error.explain(lang).is_empty());
        }
        assert_eq!(substitutes.apply(from).text(), from);
    }
}

#[test]
fn reports_show_the_character_and_nothing_else_of_the_text() {
    let result = substitute("山田\u{20BB7}\u{E0100}太郎🏠");
    let first = &result.substitutions()[0];
    assert_eq!(
        first.to_string(),
        "character 3: 𠮷 (U+20BB7) is written as 吉: kanji variant"
    );
    assert_eq!(
        first.explain(Lang::Ja),
        "3文字目の「𠮷」（U+20BB7）を「吉」に置き換えました（異体字）。"
    );
    let second = &result.substitutions()[1];
    assert_eq!(
        second.to_string(),
        "character 4: U+E0100 is left out: variation selector"
    );
    assert_eq!(
        second.explain(Lang::Ja),
        "4文字目のU+E0100を省きました（異体字セレクタ）。"
    );
    let shown = format!("{result:?} {:?}", Substitutes::new());
    for hidden in ["山", "田", "太", "郎", "🏠"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}

/// A line of data/substitutions.tsv.
struct Line {
    reason: String,
    character: char,
    replacement: String,
    shown: String,
}

/// What Python says about it, see tests/substitute.py.
struct Known {
    has_character: bool,
    has_replacement: bool,
    name: String,
    nfc: String,
    nfkc: String,
    category: String,
    through_jis: String,
}

fn lines() -> Vec<(Line, Known)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = std::fs::read_to_string(root.join("data/substitutions.tsv")).unwrap();
    let mut lines = Vec::new();
    let mut questions = String::new();
    for line in file
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let columns: Vec<&str> = line.split('\t').collect();
        let [reason, code, replacement, shown] = columns[..] else {
            panic!("{line:?} has not four columns");
        };
        let code = code.strip_prefix("U+").unwrap();
        lines.push(Line {
            reason: reason.to_owned(),
            character: char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap(),
            replacement: replacement.to_owned(),
            shown: shown.to_owned(),
        });
        questions += &format!("{code}\t{replacement}\n");
    }
    let mut python = Command::new("python3")
        .arg(root.join("tests/substitute.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 must be installed: this test asks its codec cp932 and unicodedata (`cargo xtask test` installs it)");
    let mut input = python.stdin.take().unwrap();
    let writing = std::thread::spawn(move || input.write_all(questions.as_bytes()));
    let output = python.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    assert!(output.status.success(), "tests/substitute.py failed");
    let answers: Vec<Known> = String::from_utf8(output.stdout)
        .unwrap()
        .split_terminator('\n')
        .map(|answer| {
            let fields: Vec<&str> = answer.split('\t').collect();
            let [
                character,
                replacement,
                name,
                nfc,
                nfkc,
                category,
                through_jis,
            ] = fields[..]
            else {
                panic!("{answer:?}");
            };
            Known {
                has_character: character == "1",
                has_replacement: replacement == "1",
                name: name.to_owned(),
                nfc: nfc.to_owned(),
                nfkc: nfkc.to_owned(),
                category: category.to_owned(),
                through_jis: through_jis.to_owned(),
            }
        })
        .collect();
    assert_eq!(answers.len(), lines.len());
    lines.into_iter().zip(answers).collect()
}

#[test]
fn every_line_of_the_data_file_leads_from_outside_cp932_to_inside() {
    let lines = lines();
    assert!(lines.len() > 700);
    for (line, known) in &lines {
        let shown = &line.shown;
        assert!(!known.has_character, "Python's cp932 has {shown}");
        assert!(
            known.has_replacement,
            "Python's cp932 lacks the replacement of {shown}"
        );
        // The last column says the same as the code point.
        assert!(
            *shown == line.character.to_string() || *shown == known.name,
            "{shown}"
        );
        // And the table is what is used.
        let text = line.character.to_string();
        let result = substitute(&text);
        assert_eq!(result.text(), line.replacement, "{shown}");
        assert_eq!(result.substitutions().len(), 1);
    }
}

#[test]
fn every_line_of_the_data_file_is_what_its_source_says() {
    for (line, known) in lines() {
        let Line {
            reason,
            character,
            replacement,
            shown,
        } = &line;
        // What composition alone turns into a character of MS932 needs no line.
        assert!(
            known.nfc == character.to_string() || !ms932_has(&known.nfc),
            "{shown}"
        );
        match reason.as_str() {
            // JIS X 0213:2004 has it at 1-1-29 as glibc's SHIFT_JISX0213 does (0x815C); Python's codecs
            // read that as U+2015 always.
            "windows" if *character == '\u{2014}' => assert_eq!(replacement, "\u{2015}"),
            "windows" => assert_eq!(*replacement, known.through_jis, "{shown}"),
            "invisible" => {
                assert_eq!(
                    (known.category.as_str(), replacement.as_str()),
                    ("Cf", ""),
                    "{shown}"
                );
            }
            "kanji" => {
                assert_eq!(
                    (known.category.as_str(), known.nfc.as_str()),
                    ("Lo", &*character.to_string())
                );
                assert!(known.name.starts_with("CJK UNIFIED IDEOGRAPH"), "{shown}");
                assert_eq!(replacement.chars().count(), 1, "{shown}");
            }
            "punctuation" if known.category == "Zs" => {
                assert_eq!(
                    (replacement.as_str(), known.nfkc.as_str()),
                    (" ", " "),
                    "{shown}"
                );
            }
            "compatibility" => match character {
                // Units: the same letters, but for the capital L of litres and the H of pH.
                '\u{3300}'..='\u{33FF}' | 'ℓ' => {
                    assert_eq!(
                        replacement.to_lowercase(),
                        known.nfkc.to_lowercase(),
                        "{shown}"
                    );
                }
                // Spelled out like ㈪.
                '\u{3280}'..='\u{32B0}' => {
                    assert_eq!(*replacement, format!("({})", known.nfkc), "{shown}");
                }
                // Python does not know EquivalentUnifiedIdeograph, nor the spacing marks as such.
                '\u{2E80}'..='\u{2EF3}' | '\u{3099}' | '\u{309A}' => {}
                '\u{3094}' | '\u{30F7}'..='\u{30FA}' => {
                    let mut characters = replacement.chars();
                    let base = characters.next().unwrap();
                    let composed = format!("{base}\u{3099}");
                    assert_eq!(characters.as_str(), "゛");
                    assert_eq!(composed.nfc().collect::<String>(), known.nfc);
                }
                _ => assert_eq!(*replacement, known.nfkc, "{shown}"),
            },
            "composition" => assert_eq!(replacement.nfc().collect::<String>(), known.nfc),
            "punctuation" => {}
            other => panic!("unknown reason {other}"),
        }
    }
}

fn ms932_has(text: &str) -> bool {
    text.chars().all(ms932::has)
}

/// No character of MS932 belongs to the one before, or replacing once might not be enough.
#[test]
fn no_character_of_ms932_is_a_mark() {
    for character in (0..=0x10_FFFF)
        .filter_map(char::from_u32)
        .filter(|&c| ms932::has(c))
    {
        assert_eq!(canonical_combining_class(character), 0);
    }
}

/// Any characters, with many of those that matter.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>(),
        prop::char::range('ぁ', 'ヿ'),
        prop::char::range('\u{2F00}', '\u{2FD5}'),
        prop::char::range('\u{E000}', '\u{E760}'),
        prop::char::range('\u{F900}', '\u{FAFF}'),
        prop::char::range('\u{2000}', '\u{2220}'),
        prop::sample::select(vec![
            '\u{3099}',
            '\u{309A}',
            '\u{301}',
            '\u{30A}',
            '\u{FE0F}',
            '\u{E0100}',
            '\u{200B}',
            '𠮷',
            '吉',
            'A',
            'é',
            '〜',
            '\u{FA19}',
            '橋',
            '\u{E000}',
            '🏠',
        ]),
    ];
    prop::collection::vec(piece, 0..12).prop_map(String::from_iter)
}

fn office() -> Substitutes {
    let mut office = Substitutes::new();
    for (from, to) in [
        ("\u{E000}", "髙"),
        ("é", "e"),
        ("吉\u{E0100}", "キチ"),
        ("🏠", ""),
    ] {
        office.add(from, to).unwrap();
    }
    office
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn either_all_is_ms932_or_the_error_names_the_first_that_is_not(text in texts()) {
        for substitutes in [Substitutes::new(), office()] {
            let result = substitutes.apply(&text);
            match (ms932::encode(result.text()), result.remaining()) {
                (Ok(bytes), None) => {
                    let written = result.clone().into_text().unwrap();
                    prop_assert_eq!(written.as_bytes(), &*bytes);
                }
                (Err(_), Some(error)) => {
                    // What comes before can be written; the character itself cannot.
                    let (head, tail) = text.split_at(error.at());
                    prop_assert_eq!(head.chars().count() + 1, error.character_number());
                    let character = tail.chars().next().unwrap();
                    prop_assert!(!ms932::has(character));
                    prop_assert_eq!(ms932::is_user_defined(character), error.is_user_defined());
                    prop_assert!(substitutes.apply(head).remaining().is_none());
                    prop_assert_eq!(result.clone().into_text().unwrap_err(), error);
                }
                (encoded, remaining) => prop_assert!(false, "{encoded:?} {remaining:?}"),
            }
        }
    }

    #[test]
    fn a_second_time_changes_nothing(text in texts()) {
        for substitutes in [Substitutes::new(), office()] {
            let once = substitutes.apply(&text);
            let twice = substitutes.apply(once.text());
            prop_assert_eq!(twice.text(), once.text());
            prop_assert!(twice.substitutions().is_empty());
        }
    }

    #[test]
    fn text_of_ms932_is_borrowed(text in texts()) {
        let text: String = text.chars().filter(|&c| ms932::has(c)).collect();
        let result = office().apply(&text);
        prop_assert!(result.substitutions().is_empty());
        prop_assert!(matches!(result.into_parts().0, Cow::Borrowed(same) if same == text));
    }

    /// The reports say exactly what changed: done again by hand, they give the same text.
    #[test]
    fn the_reports_are_the_whole_difference(text in texts()) {
        let result = office().apply(&text);
        let mut rebuilt = String::new();
        let mut end = 0;
        for one in result.substitutions() {
            prop_assert!(one.at() >= end);
            rebuilt += &text[end..one.at()];
            prop_assert!(text[one.at()..].starts_with(one.from()));
            prop_assert_eq!(text[..one.at()].chars().count() + 1, one.character_number());
            rebuilt += one.to();
            end = one.at() + one.from().len();
        }
        rebuilt += &text[end..];
        prop_assert_eq!(&rebuilt, result.text());
    }
}
