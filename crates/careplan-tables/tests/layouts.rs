//! The declarations are those of docs/standard/layouts.toml, field by field.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use careplan_tables::{FaultKind, FileKind, Severity};

const LAYOUTS: &str = include_str!("../../../docs/standard/layouts.toml");
const RULES: &str = include_str!("../../../docs/standard/rules.toml");

#[test]
fn declarations_equal_the_standards_layouts() {
    let layouts: toml::Table = LAYOUTS.parse().unwrap();
    let files = layouts["file"].as_array().unwrap();
    assert_eq!(files.len(), 17);
    assert_eq!(files.len(), FileKind::ALL.len());
    let mut count = 0;
    for (file, kind) in files.iter().zip(FileKind::ALL) {
        let layout = kind.layout();
        let text = |key: &str| file[key].as_str().unwrap();
        assert_eq!(layout.prefix, text("prefix"));
        assert_eq!(layout.name_ja, text("name_ja"));
        assert_eq!(layout.name, text("name"));
        assert_eq!(layout.direction.as_str(), text("direction"));
        assert_eq!(Some(layout.month_in_name), file["month_in_name"].as_bool());
        let versions: Vec<_> = file["versions"].as_array().unwrap().iter().collect();
        let editions: Vec<_> = layout.editions.iter().map(|e| e.csv_version()).collect();
        assert!(versions.iter().map(|v| v.as_str().unwrap()).eq(editions));
        let columns = file["columns"].as_array().unwrap();
        assert_eq!(layout.columns.len(), columns.len(), "{}", layout.prefix);
        for (expected, column) in columns.iter().zip(layout.columns) {
            count += 1;
            let place = format!("{} {column:?}", layout.prefix);
            let text = |key: &str| expected.get(key).map(|value| value.as_str().unwrap());
            let number = |key: &str| {
                expected
                    .get(key)
                    .map(|value| u8::try_from(value.as_integer().unwrap()).unwrap())
            };
            assert_eq!(Some(column.number), number("no"), "{place}");
            assert_eq!(Some(column.key), text("key"), "{place}");
            assert_eq!(Some(column.name_ja), text("name_ja"), "{place}");
            assert_eq!(Some(column.kind.as_str()), text("kind"), "{place}");
            assert_eq!(
                column.presence.as_str(),
                text("presence").unwrap_or("optional"),
                "{place}"
            );
            assert_eq!(column.length, number("length"), "{place}");
            assert_eq!(column.length_in_annex, number("length_in_annex"), "{place}");
            assert_eq!(column.also, text("also"), "{place}");
            assert_eq!(column.value, text("value"), "{place}");
            assert_eq!(
                column.codes.map(|table| table.name),
                text("codes"),
                "{place}"
            );
            assert_eq!(
                column.since.map(careplan_core::Edition::csv_version),
                text("since"),
                "{place}"
            );
            assert_eq!(column.note, text("note"), "{place}");
            let range = column.range.map(|(min, max)| format!("{min}-{max}"));
            assert_eq!(range.as_deref(), text("range"), "{place}");
            let before = expected.get("length_before").map(|before| {
                let (version, length) = before.as_table().unwrap().iter().next().unwrap();
                (
                    version.as_str(),
                    u8::try_from(length.as_integer().unwrap()).unwrap(),
                )
            });
            let declared = column
                .length_before
                .map(|(edition, n)| (edition.csv_version(), n));
            assert_eq!(declared, before, "{place}");
            let known = [
                "no",
                "key",
                "name_ja",
                "kind",
                "presence",
                "length",
                "length_in_annex",
                "also",
                "value",
                "codes",
                "since",
                "note",
                "range",
                "length_before",
            ];
            for key in expected.as_table().unwrap().keys() {
                assert!(
                    known.contains(&key.as_str()),
                    "{place}: {key} is not compared"
                );
            }
        }
    }
    assert_eq!(count, 398);
}

#[test]
fn faults_have_the_rules_codes_and_severities() {
    let rules: toml::Table = RULES.parse().unwrap();
    for kind in [
        FaultKind::RequiredMissing,
        FaultKind::LikelyRequiredMissing,
        FaultKind::TooLong { limit: 1, found: 2 },
        FaultKind::DateInvalid,
        FaultKind::CodeUnknown,
        FaultKind::CsvVersionUnknown,
        FaultKind::CsvVersionMixed,
        FaultKind::ValueOutOfRange { min: 1, max: 2 },
        FaultKind::LeadingZeroLost {
            expected: 2,
            found: 1,
        },
        FaultKind::FixedValue,
        FaultKind::FreeTextNotQuoted,
        FaultKind::UnusedColumnFilled,
        FaultKind::UserDefinedCharacter { at: 0 },
        FaultKind::EncodingInvalid {
            at: 0,
            looks_like_utf8: false,
        },
        FaultKind::ControlCharacter { at: 0 },
        FaultKind::QuoteStray,
        FaultKind::QuoteUnterminated,
        FaultKind::BlankLine,
        FaultKind::BareCr,
        FaultKind::LineEnding,
        FaultKind::ByteOrderMark,
        FaultKind::ColumnCount {
            expected: 1,
            found: 2,
        },
        FaultKind::HeaderRow,
        FaultKind::EmptyFile,
    ] {
        let severity = match kind.severity() {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        assert_eq!(
            rules[kind.code()]["severity"].as_str(),
            Some(severity),
            "{kind:?}"
        );
    }
}
