//! Measures the crates against peers in one run: `ratios -- tables [--json]`, and so for `check`
//! and `envelope`; and what the client costs: `ratios -- client`.
//!
//! Ours and the peers' are measured in turn, so that a busy machine slows both; the best round of
//! each counts. For tables and checks that is in child processes that do one thing each.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod check;
mod client;
mod envelope;
mod line;
mod tables;

use std::process::ExitCode;

/// A row: how fast ours and a peer did the same work.
#[derive(Debug, serde::Serialize)]
struct Ratio {
    name: String,
    ours_mb_s: f64,
    peer_mb_s: f64,
    ratio: f64,
}

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["tables"] => tables::run(false),
        ["tables", "--json"] | ["--json", "tables"] => tables::run(true),
        ["check"] => check::run(false),
        ["check", "--json"] | ["--json", "check"] => check::run(true),
        ["envelope"] => envelope::run(false),
        ["envelope", "--json"] | ["--json", "envelope"] => envelope::run(true),
        ["client"] => client::run(false),
        ["client", "--json"] | ["--json", "client"] => client::run(true),
        // What the children are started with.
        ["measure", task, file, rounds] if task.starts_with("check-") => {
            check::measure(task, file, rounds)
        }
        ["measure", task, file, rounds] => tables::measure(task, file, rounds),
        _ => Err("usage: ratios tables|check|envelope|client [--json]".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ratios: {error}");
            ExitCode::FAILURE
        }
    }
}
