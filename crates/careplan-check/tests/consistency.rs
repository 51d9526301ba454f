//! Reports are consistent with themselves and with strict reading, however files are spoilt.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests.

mod invariants;

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;

/// The files of a sample folder.
fn folder(name: &str) -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../samples")
        .join(name);
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "CSV"))
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn clean_files_are_consistent() {
    for name in [
        "month-set",
        "plan-set",
        "actual-set",
        "deletions",
        "preventive-set",
        "edition3-month-set",
    ] {
        invariants::hold(&folder(name));
    }
}

/// One change of a file: what is put in at a place, and how much is taken out there.
fn change() -> impl Strategy<Value = (prop::sample::Index, prop::sample::Index, Vec<u8>, usize)> {
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..4),
        prop::sample::select(vec![
            b",".to_vec(),
            b"\"".to_vec(),
            b"\r\n".to_vec(),
            b"\n".to_vec(),
            b"\r".to_vec(),
            b"0".to_vec(),
            b"202208".to_vec(),
            b"\xE5\xB1\xB1".to_vec(),
            b"\x1A".to_vec(),
            b"\xEF\xBB\xBF".to_vec(),
            b"9999999999".to_vec(),
            b"\xF0\x40".to_vec(),
        ]),
    ];
    (
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        piece,
        0usize..12,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn spoilt_files_are_reported_consistently(
        name in prop::sample::select(vec!["month-set", "plan-set", "deletions", "preventive-set", "edition3-plan-set"]),
        changes in prop::collection::vec(change(), 1..4),
    ) {
        let mut files = folder(name);
        for (file, at, piece, taken) in changes {
            let file = file.index(files.len());
            let bytes = &mut files[file].1;
            // Mostly in the first records, where it matters for all of the file.
            let at = at.index(bytes.len().min(600) + 1);
            let end = (at + taken).min(bytes.len());
            bytes.splice(at..end, piece);
        }
        invariants::hold(&files);
    }
}
