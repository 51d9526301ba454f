//! Files that keep to the standard give no error and no warning.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests.

use std::fs;
use std::path::PathBuf;

use careplan_check::{Checker, Source};

/// The folders with clean files: samples, and the month that the examples walk through.
fn folders() -> Vec<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut folders = Vec::new();
    for parent in ["samples", "examples/month"] {
        for entry in fs::read_dir(root.join(parent)).unwrap() {
            folders.push(entry.unwrap().path());
        }
    }
    folders.sort();
    assert!(folders.len() >= 13, "{folders:?}");
    folders
}

#[test]
fn clean_folders_give_nothing() {
    for folder in folders() {
        let report = Checker::new().check_folder(&folder).unwrap();
        assert_eq!(report.notices, [], "{}", folder.display());
        assert!(report.summary.files > 0);
        assert!(
            report.sendings.iter().all(|sending| sending.kind.is_some()),
            "{}",
            folder.display()
        );
    }
}

#[test]
fn clean_files_give_nothing_one_by_one() {
    for folder in folders() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let report = Checker::new().check([Source::file(&path)]).unwrap();
            assert_eq!(report.notices, [], "{}", path.display());
        }
    }
}
