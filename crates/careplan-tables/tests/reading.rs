//! What strict reading refuses and where, what it accepts, and what lenient reading makes of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Read;

use careplan_core::{Explain, Lang};
use careplan_tables::raw::{LineEnd, RawReader, RawSlice};
use careplan_tables::table::{Supplement, Table1Deletion, Table2, Table6ActualDeletion, Table7};
use careplan_tables::value::Gender;
use careplan_tables::{
    FaultKind, LenientReader, LenientSlice, Misform, Reader, Table, Text, Writer, records,
};

const GOOD: &str = "202407,133594,0462428004,20260915\r\n";

/// The fault of the first record that is refused.
fn refused<T: Table>(file: impl AsRef<[u8]>) -> careplan_tables::ReadError {
    records::<T>(file.as_ref())
        .named("FILE.CSV")
        .find_map(Result::err)
        .expect("the file is refused")
}

fn ms932(text: &str) -> Vec<u8> {
    careplan_tables::ms932::encode(text).unwrap().into_owned()
}

#[test]
fn an_error_says_file_line_column_and_kind() {
    let file = format!("{GOOD}202407,133594,462428004,20260915\r\n");
    let error = refused::<Table1Deletion>(file);
    assert_eq!(error.file(), Some("FILE.CSV"));
    assert_eq!(error.line(), Some(2));
    assert_eq!(error.column_number(), Some(3));
    assert_eq!(error.column().unwrap().key, "insured_number");
    assert_eq!(
        error.kind(),
        Some(FaultKind::LeadingZeroLost {
            expected: 10,
            found: 9
        })
    );
    assert_eq!(
        error.to_string(),
        "FILE.CSV: line 2, column 3 insured_number (被保険者番号): 9 digits instead of 10: \
         leading zeros were lost, as spreadsheets do; restore them"
    );
    assert!(
        error
            .explain(Lang::Ja)
            .starts_with("FILE.CSV: 2行目 3列目「被保険者番号」: ")
    );
}

#[test]
fn errors_and_debug_output_hold_no_personal_data() {
    let error = refused::<Table1Deletion>("202407,133594,046242800X,20260915\r\n");
    for text in [
        error.to_string(),
        error.explain(Lang::Ja),
        format!("{error:?}"),
    ] {
        assert!(!text.contains("046242800"), "{text}");
    }
    let file = ms932(&supplement("\"山本　恵子\"", "1"));
    let record = records::<Supplement<'_>>(&file).next().unwrap().unwrap();
    let debug = format!("{record:?} {:?}", record.name);
    for secret in ["山本", "0462428004", "03-1234", "154-0001", "1938"] {
        assert!(!debug.contains(secret), "{debug}");
    }
}

#[test]
fn each_departure_has_its_kind() {
    use FaultKind as K;
    for (file, kind) in [
        ("", K::EmptyFile),
        (
            "202407,133594,0462428004\r\n",
            K::ColumnCount {
                expected: 4,
                found: 3,
            },
        ),
        (
            "202407,133594,0462428004,20260915,\r\n",
            K::ColumnCount {
                expected: 4,
                found: 5,
            },
        ),
        (
            "202410,133594,0462428004,20260915\r\n",
            K::CsvVersionUnknown,
        ),
        (
            "201910,133594,0462428004,20260915\r\n",
            K::CsvVersionUnsupported,
        ),
        ("202407,133594,,20260915\r\n", K::RequiredMissing),
        ("202407,133594,\"\",20260915\r\n", K::RequiredMissing),
        (
            "202407,33594,0462428004,20260915\r\n",
            K::LeadingZeroLost {
                expected: 6,
                found: 5,
            },
        ),
        (
            "202407,1335940,0462428004,20260915\r\n",
            K::TooLong { limit: 6, found: 7 },
        ),
        (
            "202407,133594,0462428004,2026/09/15\r\n",
            K::FormatInvalid(Misform::Character { at: 4 }),
        ),
        (
            "202407,133594,0462428004,2026915\r\n",
            K::FormatInvalid(Misform::Length { found: 7 }),
        ),
        ("202407,133594,0462428004,20260931\r\n", K::DateInvalid),
        (
            "202407,１３３５９４,0462428004,20260915\r\n",
            K::FormatInvalid(Misform::FullWidth),
        ),
        ("202407,133594,04624\"8004,20260915\r\n", K::QuoteStray),
        ("202407,133594,\"0462428004\"x,20260915\r\n", K::QuoteStray),
        (
            "202407,133594,0462428004,\"20260915\r\n",
            K::QuoteUnterminated,
        ),
        ("202407,133594,0462428004,20260915\r", K::BareCr),
        ("\r\n202407,133594,0462428004,20260915\r\n", K::BlankLine),
        (
            "CSVバージョン,保険者番号,被保険者番号,作成日\r\n",
            K::HeaderRow,
        ),
        (
            "202407,133594,\"0462\"\"28004\",20260915\r\n",
            K::FormatInvalid(Misform::Quotes),
        ),
        (
            "202407,133594,046242\u{7}004,20260915\r\n",
            K::ControlCharacter { at: 6 },
        ),
    ] {
        assert_eq!(
            refused::<Table1Deletion>(ms932(file)).kind(),
            Some(kind),
            "{file}"
        );
    }
    let mixed = format!("{GOOD}202208,133594,0462428004,20260915\r\n");
    assert_eq!(
        refused::<Table1Deletion>(mixed).kind(),
        Some(K::CsvVersionMixed)
    );
    let marked = [b"\xEF\xBB\xBF", GOOD.as_bytes()].concat();
    assert_eq!(
        refused::<Table1Deletion>(marked).kind(),
        Some(K::ByteOrderMark)
    );
    let deletion = "202407,133594,0462428004,202610,1375169671,99\r\n";
    assert_eq!(
        refused::<Table6ActualDeletion>(deletion).kind(),
        Some(K::CodeUnknown)
    );
}

/// A supplement with a name and a gender.
fn supplement(name: &str, gender: &str) -> String {
    format!(
        "202407,133594,0462428004,00000000,\"ヤマモト\",{name},{gender},19381025,154-0001,\"\",\"\",\
         03-1234-5678{},,202610\r\n",
        ",".repeat(49)
    )
}

#[test]
fn texts_have_their_own_departures() {
    use FaultKind as K;
    let with = |name: &[u8]| {
        let file = supplement("@", "1");
        let (before, after) = file.split_once('@').unwrap();
        [&ms932(before), name, &ms932(after)].concat()
    };
    for (name, kind) in [
        (&b"abc"[..], K::FreeTextNotQuoted),
        (b"\"a\xF0\x40\"", K::UserDefinedCharacter { at: 1 }),
        (
            b"\"a\xFF\"",
            K::EncodingInvalid {
                at: 1,
                looks_like_utf8: false,
            },
        ),
        (
            "\"あ\"".as_bytes(),
            K::EncodingInvalid {
                at: 2,
                looks_like_utf8: true,
            },
        ),
        (b"\"a\x00\"", K::ControlCharacter { at: 1 }),
    ] {
        let error = refused::<Supplement<'_>>(with(name));
        assert_eq!(error.kind(), Some(kind));
        assert_eq!(error.column().unwrap().key, "name");
    }
    // An empty text needs no quotation marks, and line breaks and tabs are text.
    for name in [&b""[..], b"\"\"", b"\"a\r\nb\tc\"", b"\"\"\"a\"\"\""] {
        assert!(records::<Supplement<'_>>(&with(name)).all(|record| record.is_ok()));
    }
}

#[test]
fn the_standards_leniencies_are_accepted_strictly() {
    for file in [
        "\"202407\",\"133594\",\"0462428004\",\"20260915\"\r\n",
        "202407,133594,0462428004,20260915\n",
        "202407,133594,0462428004,20260915",
    ] {
        let mut writer = Writer::<Table1Deletion, _>::new(Vec::new());
        for record in records::<Table1Deletion>(file.as_bytes()) {
            writer.write(&record.unwrap()).unwrap();
        }
        // Written is always the standard's form.
        assert_eq!(writer.finish().unwrap(), GOOD.as_bytes(), "{file}");
    }
}

#[test]
fn lengths_on_which_the_source_differs_are_a_note() {
    let row = |units: &str| {
        format!(
            "202407,133594,0462428004,20260921,202610,\"\",1375169671,,111111,,,\"\",244,,,1,{units},\
             ,,,,,,,,,,,,,,,0,9999999999,,,\r\n"
        )
    };
    let file = row("123456");
    assert!(records::<Table7<'_>>(file.as_bytes()).all(|record| record.is_ok()));
    let mut reader = LenientSlice::<Table7<'_>>::new(file.as_bytes());
    let record = reader.next_record().unwrap();
    let kinds: Vec<_> = record
        .faults()
        .iter()
        .map(careplan_tables::Fault::kind)
        .collect();
    assert_eq!(kinds, [FaultKind::LongerThanAnnex { limit: 5, found: 6 }]);
    assert!(!record.has_errors());
    assert_eq!(
        refused::<Table7<'_>>(row("1234567")).kind(),
        Some(FaultKind::TooLong { limit: 6, found: 7 })
    );
}

#[test]
fn lenient_reading_goes_on_and_keeps_what_it_can() {
    let good = supplement("\"山本　恵子\"", "1");
    let odd = supplement("山本\u{E000}", "9");
    let broken = "202407,133594\r\n";
    let mut file = ms932(&good);
    file.extend(careplan_tables::ms932::encode_with_user_defined(&odd).unwrap());
    file.extend_from_slice(broken.as_bytes());
    let mut reader = LenientReader::<Supplement<'_>, _>::new(&*file);
    let first = reader.next_record().unwrap().unwrap();
    assert!(first.faults().is_empty());
    let second = reader.next_record().unwrap().unwrap();
    let codes: Vec<_> = second
        .faults()
        .iter()
        .map(|fault| fault.kind().code())
        .collect();
    assert_eq!(
        codes,
        [
            "character_user_defined",
            "free_text_not_quoted",
            "code_unknown"
        ]
    );
    let record = second.record().unwrap();
    assert!(record.name.has_user_defined());
    assert!(matches!(record.gender, Some(Gender::Other(code)) if code.as_str() == "9"));
    // Neither can be written unless someone puts it right.
    let refusal = Writer::<Supplement<'_>, _>::new(Vec::new())
        .write(record)
        .unwrap_err();
    assert_eq!(refusal.column().unwrap().key, "name");
    let third = reader.next_record().unwrap().unwrap();
    assert!(third.record().is_none());
    assert_eq!(third.faults()[0].line(), 3);
    assert_eq!(third.raw().bytes(), broken.as_bytes());
    assert!(reader.next_record().unwrap().is_none());
}

/// Found by fuzzing: the second fault was left out, and the checker saw it.
#[test]
fn a_text_can_be_wrong_in_its_bytes_and_in_its_form() {
    let mut file = ms932(&supplement("@", "1"));
    let at = file.iter().position(|&byte| byte == b'@').unwrap();
    file[at] = 0xFF;
    let mut reader = LenientSlice::<Supplement<'_>>::new(&file);
    let record = reader.next_record().unwrap();
    let codes: Vec<_> = record
        .faults()
        .iter()
        .map(|fault| fault.kind().code())
        .collect();
    assert_eq!(codes, ["encoding_invalid", "free_text_not_quoted"]);
}

#[test]
fn lines_are_those_of_an_editor() {
    let file = b"a,\"b\r\nc\",d\r\ne,f\n";
    let mut raw = RawSlice::new(file);
    let first = raw.next_record().unwrap();
    assert_eq!(
        (first.line(), first.field_line(1), first.field_line(2)),
        (1, Some(1), Some(2))
    );
    assert_eq!(first.field_offset(2), Some(9));
    assert_eq!(first.line_end(), LineEnd::CrLf);
    let second = raw.next_record().unwrap();
    assert_eq!(
        (second.number(), second.line(), second.offset()),
        (2, 3, 12)
    );
    assert_eq!(second.line_end(), LineEnd::Lf);
}

#[test]
fn a_record_without_end_is_refused_before_memory_runs_out() {
    // An opening quotation mark and 64 MB behind it.
    let source = (&b"202407,\""[..]).chain(std::io::repeat(b'x').take(64 << 20));
    let mut reader = Reader::<Table1Deletion, _>::new(source);
    let error = reader.next_record().unwrap_err();
    assert_eq!((error.kind(), error.line()), (None, Some(1)));
    assert!(reader.next_record().unwrap().is_none());

    let mut raw = RawReader::new(&b"a,b\r\n\"cccccccc"[..]).longest_record(4);
    assert!(raw.next_record().unwrap().is_some());
    // Nothing is refused that has come whole.
    assert!(raw.next_record().is_ok());
}

#[test]
fn a_source_that_fails_is_told() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the disk is gone"))
        }
    }
    let mut reader = Reader::<Table1Deletion, _>::new(Broken);
    let error = reader.next_record().unwrap_err();
    assert!(error.io().is_some());
    assert!(error.to_string().contains("the disk is gone"));
    assert!(Reader::<Table1Deletion, _>::open("/no/such/file.CSV").is_err());
}

#[test]
fn what_may_not_be_written_is_refused_and_nothing_of_it_written() {
    use careplan_tables::table::table2::Required;
    let good = Table2::new(Required {
        csv_version: careplan_core::Edition::Fourth,
        insurer_number: "133594".parse().unwrap(),
        insured_number: "0462428004".parse().unwrap(),
        created_on: careplan_core::parse_date(b"20260915").unwrap(),
        plan_date: careplan_core::parse_date(b"20260915").unwrap(),
    });
    let mut writer = Writer::<Table2<'_>, _>::new(Vec::new());
    writer.write(&good).unwrap();
    for (record, kind) in [
        (
            Table2 {
                need_number: Some(100),
                ..good.clone()
            },
            FaultKind::ValueOutOfRange { min: 1, max: 99 },
        ),
        (
            Table2 {
                need: Text::from_ms932(&b"\xF0\x40"[..]).unwrap(),
                ..good.clone()
            },
            FaultKind::UserDefinedCharacter { at: 0 },
        ),
        (
            Table2 {
                need: Text::new("\u{1}").unwrap(),
                ..good.clone()
            },
            FaultKind::ControlCharacter { at: 0 },
        ),
        (
            Table2 {
                csv_version: careplan_core::Edition::Third,
                ..good.clone()
            },
            FaultKind::CsvVersionMixed,
        ),
    ] {
        let error = writer.write(&record).unwrap_err();
        assert_eq!(error.kind(), Some(kind));
        assert_eq!(error.as_fault().unwrap().record(), 2);
    }
    let written = writer.finish().unwrap();
    assert_eq!(written.iter().filter(|&&byte| byte == b'\n').count(), 1);
    let empty = Writer::<Table2<'_>, _>::new(Vec::new())
        .finish()
        .unwrap_err();
    assert_eq!(empty.kind(), Some(FaultKind::EmptyFile));
}

#[test]
fn files_appear_whole_or_not_at_all() {
    use careplan_tables::{FileWriter, write_whole};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("DLT1KYO.CSV");
    let record = records::<Table1Deletion>(GOOD.as_bytes())
        .next()
        .unwrap()
        .unwrap();
    let names = || std::fs::read_dir(folder.path()).unwrap().count();

    let mut dropped = FileWriter::<Table1Deletion>::create(&path).unwrap();
    dropped.write(&record).unwrap();
    drop(dropped);
    assert_eq!(names(), 0);

    let mut written = FileWriter::<Table1Deletion>::create(&path).unwrap();
    written.write(&record).unwrap();
    assert_eq!(written.commit().unwrap(), path);
    assert_eq!(std::fs::read(&path).unwrap(), GOOD.as_bytes());

    // An empty file is none, and what was there before stays.
    assert!(
        FileWriter::<Table1Deletion>::create(&path)
            .unwrap()
            .commit()
            .is_err()
    );
    assert_eq!(std::fs::read(&path).unwrap(), GOOD.as_bytes());
    write_whole(&path, b"other").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"other");
    assert_eq!(names(), 1);
    assert!(write_whole(folder.path().join("no/such/folder"), b"").is_err());
}
