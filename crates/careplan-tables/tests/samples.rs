//! The samples: recognised, read, and written back byte for byte.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

use careplan_core::{Edition, SetKind};
use careplan_tables::raw::{RawReader, RawSlice};
use careplan_tables::table::*;
use careplan_tables::{FileName, LenientSlice, Writer, edition_of, group, records};

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples")
}

fn names(folder: &str) -> Vec<String> {
    std::fs::read_dir(samples().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// Every CSV file of the samples, with its name.
fn files() -> Vec<(FileName, Vec<u8>)> {
    let mut files = Vec::new();
    for folder in std::fs::read_dir(samples()).unwrap() {
        for entry in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if let Ok(name) = name.parse() {
                files.push((name, std::fs::read(path).unwrap()));
            }
        }
    }
    assert_eq!(files.len(), 22);
    files
}

#[test]
fn every_folder_is_recognised() {
    use SetKind as K;
    for (folder, kinds, edition) in [
        ("plan-set", &[K::CarePlan][..], Edition::Fourth),
        ("month-set", &[K::MonthlyPlan], Edition::Fourth),
        ("actual-set", &[K::Actuals], Edition::Fourth),
        (
            "deletions",
            &[
                K::CarePlanDeletion,
                K::MonthlyPlanDeletion,
                K::ActualsDeletion,
            ],
            Edition::Fourth,
        ),
        (
            "preventive-set",
            &[K::BasicInformationAndSupportPlan],
            Edition::Fourth,
        ),
        ("edition3-plan-set", &[K::CarePlan], Edition::Third),
        ("edition3-month-set", &[K::MonthlyPlan], Edition::Third),
    ] {
        let grouping = group(names(folder));
        assert!(grouping.strangers.is_empty(), "{folder}");
        let found: Vec<_> = grouping
            .sets
            .iter()
            .map(|set| set.kind().unwrap())
            .collect();
        assert_eq!(found, kinds, "{folder}");
        for set in &grouping.sets {
            assert_eq!(set.edition(), edition);
            for file in set.files() {
                let bytes = std::fs::read(samples().join(folder).join(&file.file)).unwrap();
                assert_eq!(edition_of(&bytes), Some(edition));
            }
        }
    }
    assert_eq!(
        group(names("plan-set")).sets[0].documents(),
        ["weekly-plan.pdf"]
    );
    assert_eq!(group(names("preventive-set")).sets[0].pictures().len(), 2);
}

/// Calls a generic function with the type of a file's kind.
macro_rules! with_table {
    ($kind:expr, $function:ident($($argument:expr),*)) => {
        match $kind {
            FileKind::Supplement => $function::<Supplement<'_>>($($argument),*),
            FileKind::Table1 => $function::<Table1<'_>>($($argument),*),
            FileKind::Table1Deletion => $function::<Table1Deletion>($($argument),*),
            FileKind::Table2 => $function::<Table2<'_>>($($argument),*),
            FileKind::Table3 => $function::<Table3<'_>>($($argument),*),
            FileKind::Table6Plan => $function::<Table6Plan<'_>>($($argument),*),
            FileKind::Table6Actual => $function::<Table6Actual<'_>>($($argument),*),
            FileKind::Table6PlanDeletion => $function::<Table6PlanDeletion>($($argument),*),
            FileKind::Table6ActualDeletion => $function::<Table6ActualDeletion>($($argument),*),
            FileKind::Table7 => $function::<Table7<'_>>($($argument),*),
            FileKind::BasicInformation => $function::<BasicInformation<'_>>($($argument),*),
            FileKind::BasicInformationDeletion => {
                $function::<BasicInformationDeletion>($($argument),*)
            }
            FileKind::DailySchedule => $function::<DailySchedule<'_>>($($argument),*),
            FileKind::MedicalHistory => $function::<MedicalHistory<'_>>($($argument),*),
            FileKind::SupportPlan => $function::<SupportPlan<'_>>($($argument),*),
            FileKind::SupportPlanDeletion => $function::<SupportPlanDeletion>($($argument),*),
            FileKind::SupportPlanDetail => $function::<SupportPlanDetail<'_>>($($argument),*),
            kind => panic!("{kind} is not known to the test"),
        }
    };
}

#[test]
fn every_file_is_written_back_byte_for_byte() {
    fn write_back<T: Table>(bytes: &[u8]) -> Vec<u8> {
        let mut writer = Writer::<T, _>::new(Vec::new());
        for record in records::<T>(bytes) {
            writer.write(&record.unwrap()).unwrap();
        }
        writer.finish().unwrap()
    }
    for (name, bytes) in files() {
        let written = with_table!(name.kind(), write_back(&bytes));
        assert!(written == bytes, "{name}");
    }
}

#[test]
fn every_file_is_clean_when_read_leniently() {
    fn faults<T: Table>(bytes: &[u8]) -> Vec<String> {
        let mut reader = LenientSlice::<T>::new(bytes);
        let mut faults = Vec::new();
        while let Some(record) = reader.next_record() {
            assert!(record.record().is_some());
            faults.extend(record.faults().iter().map(ToString::to_string));
        }
        faults
    }
    for (name, bytes) in files() {
        let faults = with_table!(name.kind(), faults(&bytes));
        assert!(faults.is_empty(), "{name}: {faults:?}");
    }
}

#[test]
fn columns_check_what_the_readers_check() {
    for (name, bytes) in files() {
        let edition = edition_of(&bytes).unwrap();
        let mut raw = RawSlice::new(&bytes);
        while let Some(record) = raw.next_record() {
            let columns = name.kind().layout().columns_in(edition);
            for (column, field) in columns.zip(record.fields()) {
                assert_eq!(column.check(field, edition), [], "{name} {column:?}");
            }
        }
    }
}

#[test]
fn reading_from_a_source_in_small_pieces_gives_the_same_records() {
    /// A source that gives one byte at a time.
    struct Drops<'b>(&'b [u8]);
    impl std::io::Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            std::io::Read::read(&mut self.0, &mut buffer[..1])
        }
    }
    for (_, bytes) in files() {
        let mut slice = RawSlice::new(&bytes);
        let mut reader = RawReader::new(Drops(&bytes));
        while let Some(record) = slice.next_record() {
            let other = reader.next_record().unwrap().unwrap();
            assert_eq!(record.bytes(), other.bytes());
            assert_eq!(record.line(), other.line());
            assert_eq!(record.offset(), other.offset());
            assert!(
                record
                    .fields()
                    .map(|f| f.bytes())
                    .eq(other.fields().map(|f| f.bytes()))
            );
        }
        assert!(reader.next_record().unwrap().is_none());
    }
}

#[test]
fn records_go_through_json_unchanged() {
    fn through_json<T: Table>(bytes: &[u8])
    where
        for<'r> T::Record<'r>: serde::de::DeserializeOwned,
    {
        for record in records::<T>(bytes) {
            let record = T::into_owned(record.unwrap());
            let json = serde_json::to_string(&record).unwrap();
            let back: T::Record<'static> = serde_json::from_str(&json).unwrap();
            assert!(back == record);
        }
    }
    for (name, bytes) in files() {
        with_table!(name.kind(), through_json(&bytes));
    }
}
