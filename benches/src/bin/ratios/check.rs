//! Checking a month set against reading it, typed and strict; and the memory that checking takes.

use std::fs;
use std::hint::black_box;
use std::io::{self, Read};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use careplan_check::{Checker, Report, Source};
use careplan_tables::raw::RawSlice;
use careplan_tables::table::{Supplement, Table6Plan, Table7};
use careplan_tables::{Table, records};

use crate::tables::{Done, compare, measure_child, output, print_peak};
use crate::{Failure, Ratio};

/// Records of table 6 in the set that speed is measured with, and memory.
const RECORDS: usize = 100_000;
const MANY_RECORDS: usize = 1_000_000;

/// The names of the set's files: supplement, table 6, table 7.
pub(crate) const NAMES: [&str; 3] = [
    "UPHOSOKU_202610_1370948774_43_1375169671_11_20260921113320.CSV",
    "UPPLAN_202610_1370948774_43_1375169671_11_20260921113320.CSV",
    "UPSIKYU_202610_1370948774_43_1375169671_11_20260921113320.CSV",
];

/// The sample set: its first person is what all persons are made of.
const SAMPLES: [&[u8]; 3] = [
    include_bytes!(
        "../../../../samples/month-set/UPHOSOKU_202610_1370948774_43_1375169671_11_20260921113320.CSV"
    ),
    include_bytes!(
        "../../../../samples/month-set/UPPLAN_202610_1370948774_43_1375169671_11_20260921113320.CSV"
    ),
    include_bytes!(
        "../../../../samples/month-set/UPSIKYU_202610_1370948774_43_1375169671_11_20260921113320.CSV"
    ),
];

/// The first person's insured number.
const INSURED: &[u8] = b"0462428004";

/// Measures everything and prints it.
pub(crate) fn run(json: bool) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    eprintln!("generating a month set of {RECORDS} records of table 6");
    let mut all = Vec::new();
    for (at, name) in NAMES.iter().enumerate() {
        let mut bytes = Vec::new();
        Set::new(at, RECORDS).read_to_end(&mut bytes)?;
        fs::write(folder.path().join(name), &bytes)?;
        all.extend(bytes);
    }
    // Only its length is asked for.
    let size = folder.path().join("size");
    fs::write(&size, all)?;
    let name = format!("month set of {RECORDS} records checked, share of typed reading alone");
    eprintln!("{name} (wanted 0.4, and 60 MB/s)");
    let place = folder.path();
    let ratio: Ratio = compare(
        name,
        &size,
        &mut || measure_child("check-set", place),
        &mut || measure_child("check-read", place),
    )?;
    eprintln!("peak memory on {MANY_RECORDS} records");
    let memory = memory()?;
    if json {
        println!("{}", serde_json::to_string(&[ratio])?);
        eprintln!("{memory}");
    } else {
        println!(
            "{}: {:.0} MB/s; typed reading {:.0} MB/s; ratio {:.2}",
            ratio.name, ratio.ours_mb_s, ratio.peer_mb_s, ratio.ratio
        );
        println!("{memory}");
    }
    Ok(())
}

/// What a child does: measures one thing and prints it.
pub(crate) fn measure(task: &str, folder: &str, rounds: &str) -> Result<(), Failure> {
    let rounds: usize = rounds.parse()?;
    if task == "check-memory" {
        let sources = NAMES.iter().enumerate().map(|(at, name)| {
            Source::reader(*name, move || Ok(Box::new(Set::new(at, MANY_RECORDS))))
        });
        let report = Checker::new().check_sending(sources)?;
        clean(&report)?;
        return print_peak(report.summary.records);
    }
    let files = NAMES
        .iter()
        .map(|name| fs::read(Path::new(folder).join(name)))
        .collect::<Result<Vec<_>, _>>()?;
    let [supplement, plan, costs] = files.as_slice() else {
        return Err("not three files".into());
    };
    let mut done = Done {
        seconds: f64::INFINITY,
        rows: 0,
        fields: 0,
    };
    for _ in 0..rounds {
        let start = Instant::now();
        done.rows = match task {
            "check-set" => {
                let sources = NAMES.iter().zip(&files);
                let sources = sources.map(|(name, bytes)| Source::bytes(*name, bytes.as_slice()));
                let report = Checker::new().check_sending(sources)?;
                clean(&report)?;
                report.summary.records
            }
            "check-read" => {
                read::<Supplement<'_>>(supplement)?
                    + read::<Table6Plan<'_>>(plan)?
                    + read::<Table7<'_>>(costs)?
            }
            _ => return Err("no such task".into()),
        };
        done.seconds = done.seconds.min(start.elapsed().as_secs_f64());
    }
    println!("{} {} {}", done.seconds, done.rows, done.fields);
    Ok(())
}

/// The set is clean: what is measured is checking, not reporting.
fn clean(report: &Report) -> Result<(), Failure> {
    match report.notices.first() {
        None => Ok(()),
        Some(notice) => Err(format!("the set is not clean: {}", notice.rule.code).into()),
    }
}

fn read<T: Table>(bytes: &[u8]) -> Result<u64, Failure> {
    let mut rows = 0;
    for record in records::<T>(bytes) {
        black_box(&record?);
        rows += 1;
    }
    Ok(rows)
}

/// Peak memory of checking a set that is never anywhere as a whole.
fn memory() -> Result<String, Failure> {
    let peak = |task: &str| -> Result<f64, Failure> {
        let program = std::env::current_exe()?;
        // In kilobytes, in the place of seconds.
        Ok(output(Command::new(program).args(["measure", task, "-", "1"]))?.seconds)
    };
    let (Ok(empty), Ok(checking)) = (peak("nothing"), peak("check-memory")) else {
        return Ok("peak memory: not known on this system".to_owned());
    };
    Ok(format!(
        "peak memory checking {MANY_RECORDS} records of table 6 with table 7 and supplement: \
         {:.0} MB above an empty program; wanted at most 200",
        (checking - empty) / 1024.0
    ))
}

/// One file of a month set, made as it is read: the sample's first person again and again under
/// other numbers.
pub(crate) struct Set {
    /// The person's records, cut where the number stands.
    parts: Vec<Vec<u8>>,
    persons: u32,
    next: u32,
    piece: Vec<u8>,
    at: usize,
}

impl Set {
    /// The file `file` of [`NAMES`], for so many records of table 6.
    pub(crate) fn new(file: usize, records: usize) -> Self {
        let of = |file: usize| person(SAMPLES.get(file).copied().unwrap_or_default());
        let per_person = of(1).iter().filter(|byte| **byte == b'\n').count().max(1);
        let mut parts = vec![Vec::new()];
        let bytes = of(file);
        let mut rest = bytes.as_slice();
        while let Some(at) = rest
            .windows(INSURED.len())
            .position(|window| window == INSURED)
        {
            let (before, behind) = rest.split_at(at);
            if let Some(last) = parts.last_mut() {
                last.extend_from_slice(before);
            }
            parts.push(Vec::new());
            rest = behind.get(INSURED.len()..).unwrap_or_default();
        }
        if let Some(last) = parts.last_mut() {
            last.extend_from_slice(rest);
        }
        Self {
            parts,
            persons: u32::try_from(records.div_ceil(per_person)).unwrap_or(u32::MAX),
            next: 0,
            piece: Vec::new(),
            at: 0,
        }
    }
}

/// The records of a file that are about its first person.
fn person(bytes: &[u8]) -> Vec<u8> {
    let mut records = Vec::new();
    let mut raw = RawSlice::new(bytes);
    while let Some(record) = raw.next_record() {
        if record
            .field(2)
            .is_some_and(|field| *field.content() == *INSURED)
        {
            records.extend_from_slice(record.bytes());
        }
    }
    records
}

impl Read for Set {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.piece.len() {
            if self.next == self.persons {
                return Ok(0);
            }
            // Scattered, as numbers of real persons are.
            let number = u64::from(self.next) * 2_654_435_761 % 10_000_000_000;
            self.piece = self.parts.join(format!("{number:010}").as_bytes());
            self.next += 1;
            self.at = 0;
        }
        let mut rest = self.piece.get(self.at..).unwrap_or_default();
        let count = rest.read(buffer)?;
        self.at += count;
        Ok(count)
    }
}
