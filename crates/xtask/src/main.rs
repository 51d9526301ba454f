//! Repository chores: `cargo xtask test` runs everything that continuous integration runs.
//!
//! Std only, so that it builds in a second on a fresh machine.

// Talking to the terminal is this program's purpose.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod deny;
mod drill;
mod fuzz;
mod process;
mod python;
mod steps;
mod tools;

use std::process::ExitCode;

const USAGE: &str = "\
Repository chores.

  cargo xtask test [STEP...]   run all checks, or only the named ones
  cargo xtask steps            list the checks
  cargo xtask drill [NAME...]  the platform's long drills, or only the named ones: kill (200 times, each
                               storage), disk (full), idle (10,000 connections), upload (300 MB),
                               months (10,000 simulated); `-- OPTION...` in place of a drill's options
  cargo xtask help             this text

Environment:
  FUZZ_SECONDS      seconds for each fuzz target in `test` (default 5)
  CAREPLAN_PYTHON   a Python that has crates/xtask/python.txt (default: one is made)
  RUSTSEC_DB        a git clone of the RustSec advisory database, where the network has none
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_else(|| "help".to_owned());
    let names: Vec<String> = arguments.collect();
    match command.as_str() {
        "test" => match steps::run_steps(&names) {
            Ok(()) => ExitCode::SUCCESS,
            Err(message) => {
                eprintln!("xtask: {message}");
                ExitCode::FAILURE
            }
        },
        "drill" => match drill::run_all(&names) {
            Ok(()) => ExitCode::SUCCESS,
            Err(message) => {
                eprintln!("xtask: {message}");
                ExitCode::FAILURE
            }
        },
        "steps" => {
            for step in steps::STEPS {
                println!("{:10} {}", step.name, step.about);
            }
            ExitCode::SUCCESS
        }
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            ExitCode::SUCCESS
        }
        other => {
            eprintln!("xtask: no command `{other}`\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}
