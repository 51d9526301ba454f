//! Reading and writing table 6 and table 2 against `csv` and `encoding_rs`, and against Python.

use std::fs::File;
use std::hint::black_box;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use careplan_benches::generate;
use careplan_tables::table::{Table2, Table6Plan, table2, table6_plan};
use careplan_tables::{Reader, Table, Text, Writer, records};

use crate::{Failure, Ratio};

/// Size of the generated files, in bytes.
const SIZE: u64 = 32 << 20;
/// Children are started so many times, each doing so many rounds.
const TURNS: usize = 5;
const ROUNDS: &str = "3";
/// What memory is measured with.
const LARGE: u64 = 1 << 30;

/// What was done, and how long it took at best.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Done {
    pub(crate) seconds: f64,
    pub(crate) rows: u64,
    pub(crate) fields: u64,
}

/// Measures everything and prints it.
pub(crate) fn run(json: bool) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let table_6 = folder.path().join("table6.csv");
    let table_2 = folder.path().join("table2.csv");
    eprintln!("generating two files of {} MB", SIZE >> 20);
    generate::table_6(SIZE, File::create(&table_6)?)?;
    generate::table_2(SIZE, File::create(&table_2)?)?;
    let peer = build_peer(folder.path())?;

    let mut ratios = Vec::new();
    for (task, file, name, peer_task, wanted) in [
        (
            "read-6",
            &table_6,
            "table 6 read, typed and strict",
            "read",
            2.0,
        ),
        (
            "read-2",
            &table_2,
            "table 2 read, typed, all text validated",
            "read",
            1.5,
        ),
        (
            "write-6",
            &table_6,
            "table 6 written from records",
            "write",
            1.5,
        ),
        (
            "write-2",
            &table_2,
            "table 2 written from records",
            "write",
            3.0,
        ),
        (
            "read-6",
            &table_6,
            "table 6 read, one record reused by the peer",
            "reuse",
            2.0,
        ),
        (
            "read-2",
            &table_2,
            "table 2 read, one record reused by the peer",
            "reuse",
            1.5,
        ),
    ] {
        let name = format!("{name}, vs csv::StringRecord + encoding_rs");
        eprintln!("{name} (wanted {wanted:.1})");
        ratios.push(compare(
            name,
            file,
            &mut || measure_child(task, file),
            &mut || measure_peer(&peer, peer_task, file),
        )?);
    }
    for (task, raw, file, name) in [
        (
            "read-6",
            "raw",
            &table_6,
            "table 6 read, share of csv::ByteRecord (no decoding, no typing)",
        ),
        (
            "read-2",
            "raw",
            &table_2,
            "table 2 read, share of csv::ByteRecord (no decoding, no typing)",
        ),
    ] {
        eprintln!("{name}");
        ratios.push(compare(
            name.to_owned(),
            file,
            &mut || measure_child(task, file),
            &mut || measure_child(raw, file),
        )?);
    }
    for (task, file, name) in [
        ("read-6", &table_6, "table 6 read, vs Python csv + cp932"),
        ("read-2", &table_2, "table 2 read, vs Python csv + cp932"),
    ] {
        eprintln!("{name}");
        match measure_python(file) {
            Ok(python) => ratios.push(compare(
                name.to_owned(),
                file,
                &mut || measure_child(task, file),
                &mut || Ok(python),
            )?),
            Err(error) => eprintln!("  left out: {error}"),
        }
    }
    eprintln!("peak memory on {} MB", LARGE >> 20);
    let memory = memory()?;

    if json {
        println!("{}", serde_json::to_string(&ratios)?);
        eprintln!("{memory}");
    } else {
        println!(
            "{:<76} {:>9} {:>9} {:>7}",
            "", "ours MB/s", "peer MB/s", "ratio"
        );
        for row in &ratios {
            println!(
                "{:<76} {:>9.0} {:>9.0} {:>6.2}x",
                row.name, row.ours_mb_s, row.peer_mb_s, row.ratio
            );
        }
        println!("{memory}");
    }
    Ok(())
}

/// Ours and the peer's in turn; the best of each.
pub(crate) fn compare(
    name: String,
    file: &Path,
    ours: &mut dyn FnMut() -> Result<Done, Failure>,
    peer: &mut dyn FnMut() -> Result<Done, Failure>,
) -> Result<Ratio, Failure> {
    let megabytes = std::fs::metadata(file)?.len() as f64 / 1e6;
    let (mut best, mut peer_best) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..TURNS {
        let (a, b) = (ours()?, peer()?);
        if (a.rows, a.fields) != (b.rows, b.fields) {
            return Err(format!("{name}: not the same work: {a:?}, {b:?}").into());
        }
        best = best.min(a.seconds);
        peer_best = peer_best.min(b.seconds);
    }
    Ok(Ratio {
        name,
        ours_mb_s: megabytes / best,
        peer_mb_s: megabytes / peer_best,
        ratio: peer_best / best,
    })
}

/// Builds the peer with its own features, in a target folder of its own.
fn build_peer(folder: &Path) -> Result<PathBuf, Failure> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("peer/Cargo.toml");
    let target = std::env::current_exe()?
        .parent()
        .map_or_else(|| folder.join("peer"), |release| release.join("peer"));
    eprintln!("building the peer");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args([
            "build",
            "--release",
            "--quiet",
            "--locked",
            "--manifest-path",
        ])
        .arg(&manifest)
        .arg("--target-dir")
        .arg(&target)
        .stdout(Stdio::null())
        .status()?;
    if !status.success() {
        return Err("the peer does not build".into());
    }
    Ok(target.join("release").join(format!(
        "careplan-bench-peer{}",
        std::env::consts::EXE_SUFFIX
    )))
}

pub(crate) fn measure_child(task: &str, file: &Path) -> Result<Done, Failure> {
    output(
        Command::new(std::env::current_exe()?)
            .args(["measure", task])
            .arg(file)
            .arg(ROUNDS),
    )
}

fn measure_peer(peer: &Path, task: &str, file: &Path) -> Result<Done, Failure> {
    output(Command::new(peer).arg(task).arg(file).arg(ROUNDS))
}

fn measure_python(file: &Path) -> Result<Done, Failure> {
    const PROGRAM: &str = "
import csv, sys, time
start = time.perf_counter()
rows = fields = 0
with open(sys.argv[1], encoding='cp932', newline='') as file:
    for row in csv.reader(file):
        rows += 1
        fields += len(row)
print(time.perf_counter() - start, rows, fields)
";
    output(Command::new("python3").arg("-c").arg(PROGRAM).arg(file))
}

/// Runs a child and reads "seconds rows fields" from it.
pub(crate) fn output(command: &mut Command) -> Result<Done, Failure> {
    let output = command.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("{command:?} failed").into());
    }
    let text = String::from_utf8(output.stdout)?;
    let mut words = text.split_whitespace();
    let mut word = || words.next().ok_or("a child printed too little");
    Ok(Done {
        seconds: word()?.parse()?,
        rows: word()?.parse()?,
        fields: word()?.parse()?,
    })
}

/// What a child does: measures one thing and prints it.
pub(crate) fn measure(task: &str, file: &str, rounds: &str) -> Result<(), Failure> {
    let rounds: usize = rounds.parse()?;
    let done = match task {
        "read-6" => best(rounds, &std::fs::read(file)?, read::<Table6Plan<'_>>)?,
        "read-2" => best(rounds, &std::fs::read(file)?, read::<Table2<'_>>)?,
        "write-6" => write_6(rounds, &std::fs::read(file)?)?,
        "write-2" => write_2(rounds, &std::fs::read(file)?)?,
        "raw" => best(rounds, &std::fs::read(file)?, raw)?,
        "memory" => return stream(),
        "nothing" => return print_peak(0),
        _ => return Err("no such task".into()),
    };
    println!("{} {} {}", done.seconds, done.rows, done.fields);
    Ok(())
}

fn best(
    rounds: usize,
    input: &[u8],
    task: impl Fn(&[u8]) -> Result<(u64, u64), Failure>,
) -> Result<Done, Failure> {
    let mut done = Done {
        seconds: f64::INFINITY,
        rows: 0,
        fields: 0,
    };
    for _ in 0..rounds {
        let start = Instant::now();
        (done.rows, done.fields) = task(input)?;
        done.seconds = done.seconds.min(start.elapsed().as_secs_f64());
    }
    Ok(done)
}

fn read<T: Table>(bytes: &[u8]) -> Result<(u64, u64), Failure> {
    let mut rows = 0;
    for record in records::<T>(bytes) {
        black_box(&record?);
        rows += 1;
    }
    // Every record has been checked to have all columns.
    Ok((rows, rows * T::KIND.layout().columns.len() as u64))
}

fn raw(bytes: &[u8]) -> Result<(u64, u64), Failure> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(bytes);
    let mut record = csv::ByteRecord::new();
    let (mut rows, mut fields) = (0, 0);
    while reader.read_byte_record(&mut record)? {
        rows += 1;
        fields += record.len() as u64;
        black_box(&record);
    }
    Ok((rows, fields))
}

/// A row of table 6 as care software has it: values and strings.
struct Row6 {
    record: Table6Plan<'static>,
    planner_name: String,
    equipment_name: String,
    service_office_name: String,
}

fn write_6(rounds: usize, bytes: &[u8]) -> Result<Done, Failure> {
    let rows: Vec<Row6> = records::<Table6Plan<'_>>(bytes)
        .map(|record| {
            record.map(|record| Row6 {
                planner_name: record.planner_name.to_string(),
                equipment_name: record.equipment_name.to_string(),
                service_office_name: record.service_office_name.to_string(),
                record: Table6Plan {
                    planner_name: Text::EMPTY,
                    equipment_name: Text::EMPTY,
                    service_office_name: Text::EMPTY,
                    ..record
                }
                .into_owned(),
            })
        })
        .collect::<Result<_, _>>()?;
    write::<Table6Plan<'_>, _>(rounds, bytes, &rows, |row, writer| {
        let record = &row.record;
        let required = table6_plan::Required {
            csv_version: record.csv_version,
            insurer_number: record.insurer_number,
            insured_number: record.insured_number,
            created_on: record.created_on,
            target_month: record.target_month,
            service_date: record.service_date,
            starts_at: record.starts_at,
            ends_at: record.ends_at,
            count: record.count,
            service_code: record.service_code,
            service_office_number: record.service_office_number,
            over_30_days: record.over_30_days,
        };
        writer.write(&Table6Plan {
            support_office_number: record.support_office_number,
            planner_name: Text::new(&row.planner_name)?,
            units: record.units,
            tais_code: record.tais_code,
            equipment_name: Text::new(&row.equipment_name)?,
            service_office_name: Text::new(&row.service_office_name)?,
            updated_by: record.updated_by,
            ..Table6Plan::new(required)
        })?;
        Ok(())
    })
}

/// A row of table 2 as care software has it: values and strings.
struct Row2 {
    record: Table2<'static>,
    texts: [String; 10],
}

fn write_2(rounds: usize, bytes: &[u8]) -> Result<Done, Failure> {
    let rows: Vec<Row2> = records::<Table2<'_>>(bytes)
        .map(|record| {
            record.map(|record| Row2 {
                texts: [
                    &record.need,
                    &record.long_term_goal,
                    &record.short_term_goal,
                    &record.long_term_period,
                    &record.short_term_period,
                    &record.support,
                    &record.service_kind,
                    &record.service_office_name,
                    &record.frequency,
                    &record.period,
                ]
                .map(ToString::to_string),
                record: record.into_owned(),
            })
        })
        .collect::<Result<_, _>>()?;
    write::<Table2<'_>, _>(rounds, bytes, &rows, |row, writer| {
        let record = &row.record;
        let [
            need,
            long,
            short,
            long_period,
            short_period,
            support,
            kind,
            office,
            often,
            period,
        ] = &row.texts;
        writer.write(&Table2 {
            need_number: record.need_number,
            need: Text::new(need)?,
            goal_number: record.goal_number,
            long_term_goal: Text::new(long)?,
            short_term_goal: Text::new(short)?,
            long_term_period: Text::new(long_period)?,
            short_term_period: Text::new(short_period)?,
            support_number: record.support_number,
            support: Text::new(support)?,
            insurance_covered: record.insurance_covered,
            service_kind: Text::new(kind)?,
            service_office_number: record.service_office_number,
            service_office_name: Text::new(office)?,
            frequency: Text::new(often)?,
            period: Text::new(period)?,
            updated_by: record.updated_by,
            ..Table2::new(table2::Required {
                csv_version: record.csv_version,
                insurer_number: record.insurer_number,
                insured_number: record.insured_number,
                created_on: record.created_on,
                plan_date: record.plan_date,
            })
        })?;
        Ok(())
    })
}

/// Measures writing, and checks that the bytes are those that were read.
fn write<T: Table, R>(
    rounds: usize,
    bytes: &[u8],
    rows: &[R],
    one: impl Fn(&R, &mut Writer<T, Vec<u8>>) -> Result<(), Failure>,
) -> Result<Done, Failure> {
    let mut done = Done {
        seconds: f64::INFINITY,
        rows: rows.len() as u64,
        fields: (rows.len() * T::KIND.layout().columns.len()) as u64,
    };
    for _ in 0..rounds {
        let start = Instant::now();
        let mut writer = Writer::<T, _>::new(Vec::new());
        for row in rows {
            one(row, &mut writer)?;
        }
        let written = black_box(writer.finish()?);
        done.seconds = done.seconds.min(start.elapsed().as_secs_f64());
        if written != bytes {
            return Err("not the bytes that were read".into());
        }
    }
    Ok(done)
}

/// Peak memory of reading [`LARGE`] bytes as they come, above a program that does nothing.
fn memory() -> Result<String, Failure> {
    let peak = |task: &str| -> Result<f64, Failure> {
        let done =
            output(Command::new(std::env::current_exe()?).args(["measure", task, "-", "1"]))?;
        // In kilobytes, in the place of seconds.
        Ok(done.seconds)
    };
    let (Ok(empty), Ok(reading)) = (peak("nothing"), peak("memory")) else {
        return Ok("peak memory: not known on this system".to_owned());
    };
    Ok(format!(
        "peak memory reading {} MB of table 6: {:.1} MB above an empty program ({:.1} MB); wanted at most 16",
        LARGE >> 20,
        (reading - empty) / 1024.0,
        empty / 1024.0
    ))
}

/// Reads a large file that is never anywhere as a whole.
fn stream() -> Result<(), Failure> {
    let mut piece = Vec::new();
    generate::table_6(1 << 20, &mut piece)?;
    let times = LARGE / piece.len() as u64 + 1;
    let source = Repeated {
        piece,
        at: 0,
        left: times,
    };
    let mut reader = Reader::<Table6Plan<'_>, _>::new(source);
    let mut rows = 0;
    while let Some(record) = reader.next_record()? {
        black_box(&record);
        rows += 1;
    }
    print_peak(rows)
}

/// The same bytes again and again.
struct Repeated {
    piece: Vec<u8>,
    at: usize,
    left: u64,
}

impl Read for Repeated {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Ok(0);
        }
        let mut rest = self.piece.get(self.at..).unwrap_or_default();
        let count = rest.read(buffer)?;
        self.at += count;
        if self.at == self.piece.len() {
            self.at = 0;
            self.left -= 1;
        }
        Ok(count)
    }
}

/// Prints the peak of the memory held, in kilobytes, as Linux counts it.
pub(crate) fn print_peak(rows: u64) -> Result<(), Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.split_whitespace().next())
        .ok_or("no VmHWM")?;
    writeln!(io::stdout(), "{peak} {rows} 0")?;
    Ok(())
}
