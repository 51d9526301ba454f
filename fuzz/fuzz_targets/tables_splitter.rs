//! Records and fields against `csv-core`, which splits the same bytes.
#![no_main]

use careplan_tables::raw::{RawReader, RawSlice};
use csv_core::{ReadRecordResult, Reader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    let mut ours = Vec::new();
    let mut slice = RawSlice::new(file);
    let mut stream = RawReader::new(file);
    let mut joined = Vec::new();
    let mut line = 1;
    while let Some(record) = slice.next_record() {
        let other = stream
            .next_record()
            .expect("memory does not fail")
            .expect("as many records");
        assert_eq!(record.bytes(), other.bytes());
        assert_eq!(record.faults(), other.faults());
        assert_eq!(record.line(), line);
        line += record.bytes().iter().filter(|&&byte| byte == b'\n').count() as u64;
        joined.extend_from_slice(record.bytes());
        // csv-core leaves blank lines out.
        if !record.is_empty() {
            ours.push(
                record
                    .fields()
                    .map(|field| field.content().into_owned())
                    .collect::<Vec<_>>(),
            );
        }
    }
    assert_eq!(joined, file);
    // csv-core knows the byte order mark of UTF-8 only.
    if !file.starts_with(b"\xFF\xFE") && !file.starts_with(b"\xFE\xFF") {
        assert_eq!(ours, csv_core(file));
    }
});

/// The records as `csv-core` has them.
fn csv_core(file: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let mut reader = Reader::new();
    let mut output = vec![0; file.len() + 1];
    let mut ends = vec![0; file.len() + 2];
    let (mut output_len, mut ends_len) = (0, 0);
    let mut records = Vec::new();
    let mut rest = file;
    loop {
        // An empty input tells the end of the file.
        let (result, read, written, fields) =
            reader.read_record(rest, &mut output[output_len..], &mut ends[ends_len..]);
        rest = &rest[read..];
        output_len += written;
        ends_len += fields;
        match result {
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::Record => {
                let mut start = 0;
                let fields = ends[..ends_len].iter().map(|&end| {
                    let field = output[start..end].to_vec();
                    start = end;
                    field
                });
                records.push(fields.collect());
                (output_len, ends_len) = (0, 0);
            }
            ReadRecordResult::End => return records,
            ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                unreachable!("the output is as long as the file")
            }
        }
    }
}
