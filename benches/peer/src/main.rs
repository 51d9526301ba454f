//! The natural way in Rust: `encoding_rs` decodes the whole file, then `csv::StringRecord` row by
//! row, no typing; and back. Prints what it did and how long it took, for `ratios` to read.
//!
//! `peer read|reuse|write FILE ROUNDS`: seconds (best round), rows, fields, bytes of
//! the fields.

use std::hint::black_box;
use std::time::Instant;

use csv::{QuoteStyle, ReaderBuilder, StringRecord, Terminator, WriterBuilder};
use encoding_rs::SHIFT_JIS;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, task, file, rounds] = arguments.as_slice() else {
        return Err("peer read|reuse|write FILE ROUNDS".into());
    };
    let bytes = std::fs::read(file)?;
    let mut best = f64::INFINITY;
    let mut work = Work::default();
    match task.as_str() {
        "read" | "reuse" => {
            for _ in 0..rounds.parse::<usize>()? {
                let start = Instant::now();
                work = if task == "read" { read(&bytes)? } else { reuse(&bytes)? };
                best = best.min(start.elapsed().as_secs_f64());
            }
        }
        "write" => {
            let rows = rows(&bytes)?;
            for _ in 0..rounds.parse::<usize>()? {
                let start = Instant::now();
                let written = black_box(write(&rows)?);
                best = best.min(start.elapsed().as_secs_f64());
                work = read(&written)?;
            }
        }
        _ => return Err("read, reuse or write".into()),
    }
    println!("{best} {} {} {}", work.rows, work.fields, work.bytes);
    Ok(())
}

/// What was done, to be compared.
#[derive(Default)]
struct Work {
    rows: u64,
    fields: u64,
    bytes: u64,
}

/// One `StringRecord` per row, as the `csv` crate's own examples have it.
fn read(bytes: &[u8]) -> Result<Work, Box<dyn std::error::Error>> {
    let (text, _, errors) = SHIFT_JIS.decode(bytes);
    if errors {
        return Err("not Shift_JIS".into());
    }
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    let mut work = Work::default();
    for record in reader.records() {
        let record = record?;
        work.rows += 1;
        work.fields += record.len() as u64;
        work.bytes += record.as_slice().len() as u64;
        black_box(&record);
    }
    Ok(work)
}

/// The same with one record for all rows, as the `csv` crate advises where speed matters.
fn reuse(bytes: &[u8]) -> Result<Work, Box<dyn std::error::Error>> {
    let (text, _, errors) = SHIFT_JIS.decode(bytes);
    if errors {
        return Err("not Shift_JIS".into());
    }
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    let mut record = StringRecord::new();
    let mut work = Work::default();
    while reader.read_record(&mut record)? {
        work.rows += 1;
        work.fields += record.len() as u64;
        work.bytes += record.as_slice().len() as u64;
        black_box(&record);
    }
    Ok(work)
}

fn rows(bytes: &[u8]) -> Result<Vec<StringRecord>, Box<dyn std::error::Error>> {
    let (text, _, _) = SHIFT_JIS.decode(bytes);
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    Ok(reader.records().collect::<Result<_, _>>()?)
}

/// `csv` cannot quote one column and not another, so it quotes what needs it, which is less than
/// the standard asks for.
fn write(rows: &[StringRecord]) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let mut writer = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .quote_style(QuoteStyle::Necessary)
        .from_writer(Vec::new());
    for row in rows {
        writer.write_record(row)?;
    }
    let text = String::from_utf8(writer.into_inner()?)?;
    let (bytes, _, errors) = SHIFT_JIS.encode(&text);
    if errors {
        return Err("not encodable".into());
    }
    Ok(bytes.into_owned())
}
