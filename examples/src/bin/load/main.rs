//! Measures a platform: offices that send and receive complete cycles over TLS, `load --help`.
//!
//! A cycle is what an exchange costs: one office sends a signed container, the other lists what is
//! new, fetches it, compares its digest and confirms. Logging in and signing are done beforehand.
//! Without `--url` it starts a platform of its own, as a process of its own, in a temporary home.
//! With `--fill` it measures with a storage that holds so many sendings already; given several
//! times, what a cycle costs with many compared with few.
//! Prints one JSON object for each measurement. Exit 0: measured. Exit 1: something was lost,
//! duplicated or refused. Exit 2: it could not run.

// Talking to the terminal is this program's purpose.
#![allow(clippy::print_stderr)]

mod cycle;
mod failure;
mod fill;
mod machine;
mod offices;
mod outcome;
mod subject;
mod wire;

use careplan_examples::say;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use failure::Failure;
use offices::Pair;
use outcome::Outcome;
use subject::Subject;

/// Drives complete cycles against a platform and measures them (負荷試験).
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Address of a platform that runs, like `https://127.0.0.1:8443`; needs --home
    #[arg(long, requires = "home")]
    url: Option<String>,
    /// Home of that platform, where offices are registered; or where to make a new one
    #[arg(long, value_name = "DIR")]
    home: Option<PathBuf>,
    /// Offices, half of them sending; one connection each
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(2..=2000))]
    offices: u32,
    /// Seconds to measure
    #[arg(long, alias = "duration", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=86400))]
    seconds: u64,
    /// Seconds to warm up, not measured
    #[arg(long, default_value_t = 2)]
    warm_up: u64,
    /// Cycles to end after, if before the time is over
    #[arg(long)]
    count: Option<u64>,
    /// Cycles to begin per second; as many as possible if not given. A cycle's time then counts
    /// from when it was due
    #[arg(long)]
    rate: Option<f64>,
    /// Bytes of a container
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u64).range(5_000..=20_000_000))]
    size: u64,
    /// Past sendings to fill the platform's own storage with before measuring; several times for a
    /// measurement at each size, smallest first
    #[arg(long, value_name = "SENDINGS", conflicts_with = "url")]
    fill: Vec<u64>,
    /// Bytes that stand for each signed receipt of a past sending; a real one has some 2,500
    #[arg(long, default_value_t = 100, requires = "fill")]
    fill_document_bytes: usize,
    /// Threads of the load generator
    #[arg(long, default_value_t = 1)]
    threads: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::from(2)
        }
    }
}

/// Measures and prints; whether everything arrived, once.
fn run(arguments: &Arguments) -> Result<bool, Failure> {
    let mut subject = Subject::prepare(arguments.url.as_deref(), arguments.home.as_deref())?;
    if arguments.fill.is_empty() {
        let outcome = measure(arguments, &mut subject)?;
        say!("{}", outcome.json());
        return Ok(outcome.is_clean());
    }
    let mut outcomes: Vec<Outcome> = Vec::new();
    for &sendings in &arguments.fill {
        fill::fill(subject.home(), sendings, arguments.fill_document_bytes)?;
        let outcome = measure(arguments, &mut subject)?;
        say!("{}", outcome.json());
        outcomes.push(outcome);
        subject.stop();
    }
    if let [first, .., last] = outcomes.as_slice() {
        say!("{}", last.compared_with(first));
    }
    Ok(outcomes.iter().all(Outcome::is_clean))
}

/// One measurement of a platform that runs, or that is started here.
fn measure(arguments: &Arguments, subject: &mut Subject) -> Result<Outcome, Failure> {
    eprintln!("registering {} offices", arguments.offices);
    let offices = offices::prepare(subject.home(), arguments.offices)?;
    let pairs = Pair::of(offices, arguments.size)?;
    let stored = fill::stored(subject.home())?;
    subject.start()?;
    let fsyncs = machine::fsyncs_per_second(subject.home())?;
    let plan = cycle::Plan {
        warm_up: Duration::from_secs(arguments.warm_up),
        measured: Duration::from_secs(arguments.seconds),
        count: arguments.count,
        rate: arguments.rate,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(arguments.threads.clamp(1, 64))
        .enable_all()
        .build()
        .map_err(Failure::system)?;
    eprintln!("measuring {}", subject.url());
    let watched = subject.watched();
    let measured = runtime.block_on(cycle::drive(
        subject.url(),
        subject.anchor()?,
        pairs,
        plan,
        watched,
    ))?;
    Ok(Outcome {
        measured,
        offices: arguments.offices,
        bytes: arguments.size,
        rate: arguments.rate,
        stored,
        fsyncs_per_s: fsyncs,
        platform_memory_mb: watched.and_then(machine::peak_memory_mb),
    })
}
