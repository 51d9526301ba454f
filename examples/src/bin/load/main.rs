//! Measures a platform: offices that send and receive complete cycles over TLS, `load --help`.
//!
//! A cycle is what an exchange costs: one office sends a signed container, the other lists what is
//! new, fetches it, compares its digest and confirms. Logging in and signing are done beforehand.
//! Without `--url` it starts a platform of its own, as a process of its own, in a temporary home.
//! Prints one JSON object. Exit 0: measured. Exit 1: something was lost, duplicated or refused.
//! Exit 2: it could not run.

// Talking to the terminal is this program's purpose.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod cycle;
mod failure;
mod machine;
mod offices;
mod outcome;
mod subject;
mod wire;

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
    /// Threads of the load generator
    #[arg(long, default_value_t = 1)]
    threads: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(outcome) => {
            println!("{}", outcome.json());
            if outcome.is_clean() {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(1)
            }
        }
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let subject = Subject::prepare(arguments.url.as_deref(), arguments.home.as_deref())?;
    eprintln!("registering {} offices", arguments.offices);
    let offices = offices::prepare(subject.home(), arguments.offices)?;
    let pairs = Pair::of(offices, arguments.size)?;
    let subject = subject.start()?;
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
    let measured = runtime.block_on(cycle::drive(
        subject.url(),
        subject.anchor()?,
        pairs,
        plan,
        || subject.cpu_seconds(),
    ))?;
    Ok(Outcome {
        measured,
        offices: arguments.offices,
        bytes: arguments.size,
        rate: arguments.rate,
        fsyncs_per_s: fsyncs,
        platform_memory_mb: subject.memory_mb(),
    })
}
