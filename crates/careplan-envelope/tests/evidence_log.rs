//! The log file: what was acknowledged is there after a crash, and damage is found.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

use careplan_envelope::evidence::{
    EvidenceErrorKind as Kind, Frontier, LogFile, LogReader, leaf_hash,
};

/// "careplan-evidence-log/1" and a line feed.
const FIRST_LINE: usize = 24;
const HEADER: usize = 36;

fn entries_of(path: &Path) -> Result<Vec<Vec<u8>>, Kind> {
    let read = || {
        let mut reader = LogReader::new(BufReader::new(File::open(path)?))?;
        let mut entries = Vec::new();
        while let Some(entry) = reader.next_entry()? {
            entries.push(entry);
        }
        Ok::<_, careplan_envelope::evidence::EvidenceError>(entries)
    };
    read().map_err(|error| error.kind())
}

#[test]
fn entries_are_there_after_reopening_and_the_head_is_that_of_the_tree() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("evidence.log");
    let mut expected = Frontier::new();
    {
        let mut log = LogFile::open(&path).unwrap();
        assert_eq!(log.append(b"one").unwrap(), 0);
        assert_eq!(log.append_all(&[b"two", b"", b"four"]).unwrap(), 1);
    }
    let mut log = LogFile::open(&path).unwrap();
    assert_eq!(log.append(b"five").unwrap(), 4);
    for entry in [&b"one"[..], b"two", b"", b"four", b"five"] {
        expected.push(leaf_hash(entry));
    }
    assert_eq!(log.tree().head(), expected.head());
    assert_eq!(log.discarded(), 0);
    assert_eq!(log.entry(0).unwrap(), b"one");
    assert_eq!(log.entry(2).unwrap(), b"");
    assert_eq!(log.entry(4).unwrap(), b"five");
    assert_eq!(log.entry(5).unwrap_err().kind(), Kind::NoSuchEntry);
    // Reading entries does not move where the next one goes.
    assert_eq!(log.append(b"six").unwrap(), 5);
    drop(log);
    assert_eq!(
        entries_of(&path).unwrap(),
        [&b"one"[..], b"two", b"", b"four", b"five", b"six"]
    );
}

/// The layout that docs/evidence.md promises, by hand.
#[test]
fn the_file_is_as_documented() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("evidence.log");
    LogFile::open(&path).unwrap().append(&[0x10]).unwrap();
    let mut expected = b"careplan-evidence-log/1\n\x00\x00\x00\x01".to_vec();
    // (printf '\x00\x10') | sha256sum
    expected.extend(
        hex::decode("0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7").unwrap(),
    );
    expected.push(0x10);
    assert_eq!(fs::read(&path).unwrap(), expected);
}

#[test]
fn an_append_cut_off_anywhere_is_taken_back_and_kept_beside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("evidence.log");
    LogFile::open(&path)
        .unwrap()
        .append_all(&[b"first", b"second"])
        .unwrap();
    let whole = fs::read(&path).unwrap();
    let second = FIRST_LINE + HEADER + b"first".len();
    for length in second + 1..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        // Somebody else's program sees that it is not whole.
        assert_eq!(entries_of(&path), Err(Kind::Damaged));
        let mut log = LogFile::open(&path).unwrap();
        assert_eq!(log.discarded(), (length - second) as u64);
        assert_eq!(log.tree().head().size, 1);
        let kept = folder.path().join(format!("evidence.log.cut-{second}"));
        assert_eq!(fs::read(kept).unwrap(), &whole[second..length]);
        log.append(b"second").unwrap();
        drop(log);
        assert_eq!(fs::read(&path).unwrap(), whole);
    }
    // The file has its length but the last block never reached the disk.
    let mut unwritten = whole.clone();
    let end = unwritten.len();
    unwritten[end - 3..].fill(0);
    fs::write(&path, &unwritten).unwrap();
    assert_eq!(
        LogFile::open(&path).unwrap().discarded(),
        (end - second) as u64
    );
    unwritten[second..].fill(0);
    unwritten.extend([0; 500]);
    fs::write(&path, &unwritten).unwrap();
    assert_eq!(LogFile::open(&path).unwrap().tree().head().size, 1);
}

#[test]
fn a_first_line_cut_off_begins_a_log_and_other_files_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("evidence.log");
    fs::write(&path, "careplan-evi").unwrap();
    LogFile::open(&path).unwrap().append(b"one").unwrap();
    assert_eq!(entries_of(&path).unwrap(), [b"one"]);
    for other in [
        &b"PK"[..],
        b"careplan-evidence-log/2\n and more of it",
        b"short",
    ] {
        fs::write(&path, other).unwrap();
        assert_eq!(LogFile::open(&path).unwrap_err().kind(), Kind::NotALog);
        assert_eq!(entries_of(&path), Err(Kind::NotALog));
        assert_eq!(fs::read(&path).unwrap(), other);
    }
}

#[test]
fn every_flipped_bit_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("evidence.log");
    let mut log = LogFile::open(&path).unwrap();
    log.append_all(&[b"first", b"second", b"third"]).unwrap();
    let head = log.tree().head();
    drop(log);
    let whole = fs::read(&path).unwrap();
    for bit in 0..whole.len() * 8 {
        let mut changed = whole.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &changed).unwrap();
        assert!(entries_of(&path).is_err(), "bit {bit}");
        // Opening for appending fails, or finds fewer entries than the head that was signed.
        if let Ok(log) = LogFile::open(&path) {
            assert!(log.tree().head().size < head.size, "bit {bit}");
        }
    }
}

#[test]
fn one_program_at_a_time_appends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("evidence.log");
    let log = LogFile::open(&path).unwrap();
    assert_eq!(LogFile::open(&path).unwrap_err().kind(), Kind::LogInUse);
    drop(log);
    LogFile::open(&path).unwrap();
}

#[test]
fn an_entry_that_is_too_large_appends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("evidence.log");
    let mut log = LogFile::open(&path).unwrap();
    let large = vec![0; (16 << 20) + 1];
    let error = log.append_all(&[b"small", &large]).unwrap_err();
    assert_eq!(error.kind(), Kind::EntryTooLarge);
    assert_eq!(log.tree().head().size, 0);
    drop(log);
    assert_eq!(fs::read(&path).unwrap().len(), FIRST_LINE);
}
