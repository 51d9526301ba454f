//! Every file, read strictly and leniently. The first byte chooses the file.
#![no_main]

use careplan_tables::{
    Fault, FileKind, LenientReader, LenientSlice, ReadError, Reader, Severity, Table, TableVisitor,
    Writer, records,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&choice, file)) = input.split_first() else {
        return;
    };
    let kinds = FileKind::ALL;
    kinds[usize::from(choice) % kinds.len()].visit(Invariants(file));
});

struct Invariants<'b>(&'b [u8]);

impl TableVisitor for Invariants<'_> {
    type Output = ();

    fn visit<T: Table>(self) {
        let file = self.0;
        let lenient = lenient::<T>(file);
        let strict: Result<Vec<_>, _> = records::<T>(file).collect();

        // The streaming reader says the same.
        let mut reader = Reader::<T, _>::new(file);
        let streamed = std::iter::from_fn(|| {
            reader
                .next_record()
                .map(|record| record.map(T::into_owned))
                .transpose()
        });
        match (&strict, streamed.collect::<Result<Vec<_>, _>>()) {
            (Ok(records), Ok(streamed)) => {
                assert!(records.iter().cloned().map(T::into_owned).eq(streamed));
            }
            (Err(error), Err(streamed)) => {
                assert_eq!(error.as_fault(), streamed.as_fault());
            }
            _ => panic!("slice and stream differ"),
        }

        // Strict accepts only what lenient has no errors for, and what lenient finds nothing
        // against is accepted strictly.
        match &strict {
            Ok(_) => assert_eq!(lenient.errors, 0),
            Err(_) => assert!(lenient.faults > 0 || file.is_empty()),
        }
        let Ok(records) = strict else {
            return;
        };

        // What is read strictly can be written, reads again as the same records, and is then
        // written as the same bytes.
        let written = write::<T>(&records);
        let again = owned::<T>(&written).expect("what was written is conforming");
        assert!(again.iter().cloned().eq(records.into_iter().map(T::into_owned)));
        assert_eq!(write::<T>(&again), written);
        assert_eq!(self::lenient::<T>(&written).errors, 0);
    }
}

/// The records of a file, with texts of their own: records of two files can be compared then.
fn owned<T: Table>(file: &[u8]) -> Result<Vec<T::Record<'static>>, ReadError> {
    records::<T>(file)
        .map(|record| record.map(T::into_owned))
        .collect()
}

fn write<T: Table>(records: &[T::Record<'_>]) -> Vec<u8> {
    let mut writer = Writer::<T, _>::new(Vec::new());
    for record in records {
        writer.write(record).expect("what was read can be written");
    }
    writer.finish().expect("there are records")
}

struct Found {
    faults: usize,
    errors: usize,
}

/// Reads leniently: what came is written back byte for byte, streaming or not, and the columns'
/// own rules find what the reader finds.
fn lenient<T: Table>(file: &[u8]) -> Found {
    let mut slice = LenientSlice::<T>::new(file);
    let mut stream = LenientReader::<T, _>::new(file);
    let mut writer = Writer::<T, _>::new(Vec::new());
    let mut found = Found {
        faults: 0,
        errors: 0,
    };
    let mut offset = 0;
    while let Some(record) = slice.next_record() {
        let other = stream
            .next_record()
            .expect("memory does not fail")
            .expect("as many records");
        assert_eq!(record.faults(), other.faults());
        assert!(
            record.record().cloned().map(T::into_owned)
                == other.record().cloned().map(T::into_owned)
        );
        assert_eq!(record.raw().bytes(), other.raw().bytes());
        assert_eq!(record.raw().offset(), offset);
        offset += record.raw().bytes().len() as u64;
        writer.write_raw(record.raw()).expect("memory does not fail");
        found.faults += record.faults().len();
        let errors = record
            .faults()
            .iter()
            .filter(|fault| fault.kind().severity() == Severity::Error);
        found.errors += errors.count();
        if record.record().is_none() {
            assert!(!record.faults().is_empty());
        }
        check_columns::<T>(&record);
    }
    assert!(stream.next_record().expect("memory does not fail").is_none());
    if !file.is_empty() {
        assert_eq!(writer.finish().expect("there are records"), file);
    }
    found
}

/// `Column::check` says what the lenient reader says of the same record.
fn check_columns<T: Table>(record: &careplan_tables::Lenient<'_, '_, T>) {
    let layout = T::KIND.layout();
    let fields = record.raw();
    let Some(version) = fields.field(0) else {
        return;
    };
    let Ok(edition) = careplan_core::Edition::try_from(&*version.content()) else {
        return;
    };
    if !layout.is_in(edition) || fields.len() != layout.width(edition) {
        return;
    }
    let own = |fault: &&Fault| {
        fault.column().is_some()
            && !matches!(
                fault.kind().code(),
                "quote_stray" | "quote_unterminated" | "csv_version_mixed"
            )
    };
    let mut expected: Vec<_> = layout
        .columns_in(edition)
        .zip(fields.fields())
        .enumerate()
        .flat_map(|(index, (column, field))| {
            column
                .check(field, edition)
                .into_iter()
                .map(move |kind| (index + 1, format!("{kind:?}")))
        })
        .collect();
    let mut faults: Vec<_> = record
        .faults()
        .iter()
        .filter(own)
        .map(|fault| {
            let number = fault.column_number().expect("a column has a number");
            (number, format!("{:?}", fault.kind()))
        })
        .collect();
    expected.sort();
    faults.sort();
    assert_eq!(faults, expected);
}
